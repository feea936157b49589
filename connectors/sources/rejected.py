"""The rejected rows of a publication, beside the file that they came from.

People open it in a sheet, so cells that a sheet would take for formulas are neutralised. It holds
what the source holds: mode 0600. The hub names rows and reasons only; the values never left twice.
"""

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from catalog.messages import LANGUAGES, Language
from connectors.sources.intake import Remark
from connectors.sources.source import Fault, Row, Source

SUFFIX = ".rejected.csv"
# A sheet takes these as the beginning of a formula (OWASP, CSV Injection); plain numbers are none.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")

ReasonText = Callable[[str, Language], str]


@dataclass(frozen=True, slots=True, order=True)
class Rejection:
    """One reason against one row of the source (from 1); ``item`` is empty for the whole row."""

    row: int
    item: str
    reason: str


def told(rejections: Iterable[Rejection], remarks: Mapping[int, Remark]) -> list[Rejection]:
    """Rejections in order, with what is known here in place of what the hub could see.

    Of a row that was sent empty the hub knows only that everything is missing.
    """
    found: dict[Rejection, None] = {}
    for one in rejections:
        remark = remarks.get(one.row)
        if remark is None:
            found[one] = None
        elif remark.whole:
            found[Rejection(one.row, remark.item, remark.why)] = None
        elif remark.item == one.item:
            found[Rejection(one.row, one.item, remark.why)] = None
        else:
            found[one] = None
    return sorted(found)


def target(path: Path) -> Path:
    """Where the rejected rows of ``path`` are written."""
    return path.with_suffix(SUFFIX)


def write_rejected(
    source: Source,
    rejections: Sequence[Rejection],
    headings: Sequence[str],
    reason: ReasonText,
) -> Path:
    """Write the file, replacing an earlier one; gives its path.

    ``headings`` name row, a reason per language, and item; the source's own columns follow.
    """
    path = target(source.beside)
    # The mark at the beginning lets a spreadsheet see that it is UTF-8.
    with (
        replacing(path) as file,
        open(file.fileno(), "w", encoding="utf-8-sig", newline="", closefd=False) as text,
    ):
        _write(text, source, sorted(rejections), headings, reason)
    return path


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file for its owner alone that takes the place of ``path`` once it is whole."""
    temporary = path.with_name(path.name + ".part")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def neutral(value: str) -> str:
    """``value`` so that no sheet takes it for a formula."""
    if _FORMULA.match(value) and not _NUMBER.match(value):
        return f"'{value}"
    return value


def _write(
    file: TextIO,
    source: Source,
    rejections: Sequence[Rejection],
    headings: Sequence[str],
    reason: ReasonText,
) -> None:
    writer = csv.writer(file)
    writer.writerow([*headings, *(neutral(column) for column in source.columns)])
    waiting = iter(rejections)
    current = next(waiting, None)
    for number, row in numbered(source):
        if current is None:
            return
        cells = None
        while current is not None and current.row == number:
            cells = cells or [neutral(value or "") for value in row]
            texts = [reason(current.reason, language) for language in LANGUAGES]
            writer.writerow([number, *texts, current.item, *cells])
            current = next(waiting, None)


def numbered(source: Source) -> Iterator[tuple[int, Row]]:
    """Every row with its number, from 1, and all its cells; those of a fault as they stand."""
    number = 0
    for batch in source.rows(range(len(source.columns))):
        for row in batch:
            number += 1
            yield number, row.cells if isinstance(row, Fault) else row

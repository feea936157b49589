"""The delimiter and the header of a CSV file, seen in its first lines."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.sources.errors import SourceMalformed
from connectors.sources.headings import TITLE_ROWS, Wanted

DELIMITERS = (",", ";", "\t", "|", "，")
"""The last is the full-width comma, as it comes out of an input method."""
MAX_HEADER = 1024 * 1024
"""Characters in which the header must end."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header: ``row`` counts the records above it that are not blank, ``columns`` are it."""

    delimiter: str
    row: int
    columns: tuple[str, ...]


def find_header(head: str, wanted: Wanted | None, name: str) -> Header:
    """The record that holds most items of what is wanted, else the first, cut into most columns.

    Raises ``SourceMalformed`` if no delimiter gives a record.
    """
    best: tuple[int, int, Header] | None = None
    for delimiter in DELIMITERS:
        records = list(_records(head, delimiter))
        if not records:
            continue
        row = 0 if wanted is None else wanted.place(records)
        columns = records[row]
        # A quote inside a heading is one that the wrong delimiter, or a cut, has left there.
        if any('"' in column for column in columns):
            continue
        found = 0 if wanted is None else wanted.found(columns)
        if best is None or (found, len(columns)) > best[:2]:
            best = (found, len(columns), Header(delimiter, row, tuple(columns)))
    if best is None:
        raise SourceMalformed(file=name, line=1, why="quote")
    return best[2]


def _records(head: str, delimiter: str) -> Iterator[list[str]]:
    """The first records that are not blank, up to one that cannot be read."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, strict=True)
    found = 0
    try:
        for record in reader:
            if any(record):
                yield record
                found += 1
            if found == TITLE_ROWS:
                return
    except csv.Error:
        return

"""NDJSON files as sources: one object a line, UTF-8, strict.

Numbers keep the text that stands there. Refused are lines that are no object, keys that stand
twice, values within values, and NaN: a file with such a line is not what its sender believes.
Columns are the keys in the order in which they first come; the whole file is read for them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from connectors.sources.batches import batches
from connectors.sources.encoding import look
from connectors.sources.errors import SourceEmpty, SourceMalformed, TooManyColumns
from connectors.sources.files import StillFile
from connectors.sources.lines import written
from connectors.sources.source import BATCH, MAX_COLUMNS, Line, Row, check_columns
from connectors.sources.watch import Watch

MAX_LINE = 2 * 1024 * 1024
"""Bytes of a line."""
_Object = dict[str, str | None]


class _Refused(Exception):
    """What is wrong with a line, as a slug."""


def _pairs(pairs: list[tuple[str, object]]) -> _Object:
    found: _Object = {}
    for key, value in pairs:
        if key in found:
            raise _Refused("key-twice")
        if value is None or isinstance(value, str):
            found[key] = value or None
        elif isinstance(value, bool):
            found[key] = "true" if value else "false"
        else:
            raise _Refused("nested")
    return found


def _constant(_: str) -> NoReturn:
    raise _Refused("json")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    # A number is the text that stands there: a float would lose digits of an identifier.
    parse_int=str,
    parse_float=str,
    parse_constant=_constant,
)


@dataclass(frozen=True, slots=True)
class NdjsonSource:
    """A file of which every line has been read once."""

    file: StillFile
    columns: tuple[str, ...]
    met: Mapping[str, int | str] = field(default_factory=dict)
    total: int | None = None
    """Rows, where that was counted."""

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.file.path

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.file.name

    @property
    def beside(self) -> Path:
        """The rejected rows are written beside it."""
        return self.file.path

    def rows(self, indices: Sequence[int]) -> Iterator[Sequence[Row]]:
        """The values of the columns ``indices``; raises ``SourceMalformed``, ``SourceChanged``."""
        keys = [self.columns[index] for index in indices]
        objects = _objects(self.path)
        yield from batches((tuple(each.get(key) for key in keys) for each in objects), BATCH)
        self.file.check()

    def lines(self, watch: Watch) -> Iterator[Sequence[Line]]:
        """The watched columns as lines; raises as ``rows`` does."""
        rows = ((0, row) for batch in self.rows(watch.indices) for row in batch)
        return batches(written(rows, watch), BATCH)


def open_ndjson(path: Path) -> NdjsonSource:
    """Read a file once.

    Raises ``SourceMissing``, ``SourceEncoding``, ``SourceMalformed`` with the line,
    ``SourceEmpty``, ``ColumnTwice`` or ``TooManyColumns``.
    """
    file = StillFile.of(path)
    look(path, only_utf_8=True)
    columns: dict[str, None] = {}
    total = 0
    for each in _objects(path):
        total += 1
        columns.update(dict.fromkeys(each))
        if len(columns) > MAX_COLUMNS:
            raise TooManyColumns(found=len(columns), limit=MAX_COLUMNS)
    if not columns:
        raise SourceEmpty(file=path.name)
    file.check()
    return NdjsonSource(file, check_columns(tuple(columns)), total=total)


def _objects(path: Path) -> Iterator[_Object]:
    """The object of each line that is not blank; raises ``SourceMalformed``."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise SourceMalformed(file=path.name, line=number, why="too-long")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip(" \t\r\n")
                if text:
                    yield _object(text)
            except UnicodeDecodeError as error:
                raise SourceMalformed(file=path.name, line=number, why="json") from error
            except _Refused as refused:
                raise SourceMalformed(file=path.name, line=number, why=str(refused)) from refused


def _object(text: str) -> _Object:
    try:
        found: object = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise _Refused("json") from error
    if not isinstance(found, dict):
        raise _Refused("no-object")
    # Only an escape can be half a surrogate pair, which is no text.
    if "\\u" in text and not _is_text(found):
        raise _Refused("json")
    return found


def _is_text(found: _Object) -> bool:
    try:
        "".join(part for pair in found.items() for part in pair if part).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

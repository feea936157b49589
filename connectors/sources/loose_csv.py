"""CSV files with vices: GB18030 and UTF-16, mixed line ends, ragged rows, titles above the header.

Read line by line, never whole. A row that is too short or too long is a fault with its line
number; blank fields beyond the header, as a delimiter at the end of a row leaves them, are none. A
file that ends inside of quotes, or within its last row, has been cut off and is refused.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from connectors.sources.batches import batches
from connectors.sources.delimiter import Header
from connectors.sources.encoding import Encoding, codec
from connectors.sources.errors import SourceEmpty, SourceMalformed, SourceUnread
from connectors.sources.files import StillFile
from connectors.sources.lines import written
from connectors.sources.source import BATCH, MAX_FAULTS, Fault, Line, Row
from connectors.sources.watch import Watch

MAX_LINE = 2 * 1024 * 1024
"""Of a row, in characters here and bytes in DuckDB: beyond this a quote was left open."""
COLUMNS = "columns"
_CAUSES = (("field larger", "too-long"), ("line contains NUL", "nul"))
_NAMES = {"utf-8": "UTF-8", "gb18030": "GB18030", "utf-16": "UTF-16"}
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class LooseCsv:
    """A file that has been looked through to its end."""

    file: StillFile
    encoding: Encoding
    header: Header
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

    @property
    def delimiter(self) -> str:
        """What parts its columns."""
        return self.header.delimiter

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings."""
        return self.header.columns

    def rows(self, indices: Sequence[int]) -> Iterator[Sequence[Row | Fault]]:
        """The values of the columns ``indices``; raises ``SourceMalformed``, ``SourceChanged``."""
        yield from batches((row for _, row in self._rows(indices)), BATCH)

    def lines(self, watch: Watch) -> Iterator[Sequence[Line]]:
        """The watched columns as lines; raises as ``rows`` does."""
        return batches(written(self._rows(watch.indices), watch), BATCH)

    def _rows(self, indices: Sequence[int]) -> Iterator[tuple[int, Row | Fault]]:
        """The rows with the lines on which they begin."""
        for line, row in self._records():
            if isinstance(row, Fault):
                yield line, row
            else:
                yield line, tuple(row[index] or None for index in indices)
        self.file.check()

    def _records(self) -> Iterator[tuple[int, list[str] | Fault]]:
        with self.path.open(encoding=codec(self.encoding), newline="") as text:
            lines = _Lines(text, self.name)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            seen = 0
            while True:
                first = reader.line_num + 1
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    self.file.check()
                    why = next((why for sign, why in _CAUSES if sign in str(error)), "quote")
                    raise SourceMalformed(file=self.name, line=first, why=why) from None
                if cells is None:
                    return
                if not any(cells):
                    continue
                seen += 1
                if seen > self.header.row + 1:
                    yield first, self._fitted(cells, first, cut_off=lines.unended)

    def _fitted(self, cells: list[str], line: int, *, cut_off: bool) -> list[str] | Fault:
        """A record of the header's width, or a fault; raises ``SourceMalformed`` for a cut one."""
        width = len(self.columns)
        if len(cells) == width:
            return cells
        if len(cells) > width and not any(cells[width:]):
            return cells[:width]
        if len(cells) < width and not any(map(str.strip, self.columns[len(cells) :])):
            return cells + [""] * (width - len(cells))
        if cut_off and len(cells) < width:
            raise SourceMalformed(file=self.name, line=line, why="cut-off")
        return Fault(line, COLUMNS, cells=tuple(cells))


class _Lines:
    """The lines of a text with their ends, none of them longer than ``MAX_LINE``."""

    def __init__(self, text: TextIO, name: str) -> None:
        self._text = text
        self._name = name
        self._number = 0
        self.unended = False
        """Whether the last line has no end, as that of a file that was cut off has none."""

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(MAX_LINE + 1):
            self._number += 1
            if self._number == 1:
                line = line.removeprefix("\ufeff")
            if len(line) > MAX_LINE:
                raise SourceMalformed(file=self._name, line=self._number, why="too-long")
            self.unended = not line.endswith(("\n", "\r"))
            yield line


def open_loose(file: StillFile, encoding: Encoding, header: Header) -> LooseCsv:
    """Look a file through to its end.

    Raises ``SourceEmpty``, ``SourceMalformed``, ``SourceUnread`` (more faults than are read on
    over) or ``SourceChanged``.
    """
    met: dict[str, int | str] = {"encoding": _NAMES[encoding]}
    if header.row:
        met["title-rows"] = header.row
    source = LooseCsv(file, encoding, header, met)
    rows = faults = 0
    places: list[str] = []
    for batch in source.rows([]):
        rows += len(batch)
        for row in batch:
            if isinstance(row, Fault):
                faults += 1
                places += [str(row.place)] if faults <= _SHOWN else []
        if faults > MAX_FAULTS:
            raise SourceUnread(file=file.name, limit=MAX_FAULTS, lines=", ".join(places))
    if not rows:
        raise SourceEmpty(file=file.name)
    if faults == rows:
        raise SourceMalformed(file=file.name, line=int(places[0]), why=COLUMNS)
    return replace(source, total=rows)

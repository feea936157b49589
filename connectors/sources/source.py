"""What every form of source gives: columns, and rows as texts in batches, as often as asked.

    CSV, Parquet        read by DuckDB, which also writes the lines that are sent
    CSV with vices      read by Python: other encodings, mixed line ends, ragged rows
    XLSX, XLS           one sheet, its cells as the sheet shows them
    NDJSON, databases   one record a row

A row that cannot be read as a row is a ``Fault`` in its place: it is sent empty under its number,
so that the hub rejects and counts it, and it is told here with its reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.sources.errors import ColumnTwice, TooManyColumns
from connectors.sources.headings import heading
from connectors.sources.watch import Watch

Row = tuple[str | None, ...]
Line = tuple[str, "Row | Fault | None", int]
"""A row as one CSV line (RFC 4180) without its end, or the row itself if it wants a second look;
and its place as in ``Fault``, or 0 where only its number is known."""

MAX_COLUMNS = 1000
"""Columns of a source; the widest dataset has some fifty."""
MAX_FAULTS = 10_000
"""Rows that may be unreadable; a file with more of them is refused whole."""
BATCH = 8192
"""Rows of a batch."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be read, and why.

    ``place``: its line in a text file, its row in a sheet, else its number. ``column``: the place
    of the heading that it is about, if it is about one. ``cells``: what stands there.
    """

    place: int
    why: str
    column: int | None = None
    cells: Row = ()


class Source(Protocol):
    """A table of texts, looked through whole before anything of it is sent."""

    @property
    def name(self) -> str:
        """What it is called in messages: a file's name or a kind of database, no address."""

    @property
    def beside(self) -> Path:
        """The path beside which the file of rejected rows is written."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings."""

    @property
    def met(self) -> Mapping[str, int | str]:
        """What was met in reading it, by slug: its encoding, hidden rows, merged cells."""

    @property
    def total(self) -> int | None:
        """How many rows there are, where that was counted; to tell how long it will take."""

    def rows(self, indices: Sequence[int]) -> Iterator[Sequence[Row | Fault]]:
        """The values of the columns ``indices`` of every row, in order; empty is ``None``.

        Raises ``SourceError`` subclasses.
        """

    def lines(self, watch: Watch) -> Iterator[Sequence[Line]]:
        """The watched columns of every row, as lines; raises as ``rows`` does."""


def check_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The headings; raises ``TooManyColumns`` or ``ColumnTwice``.

    Blank headings, as spreadsheets leave them at the right, are no column of anything.
    """
    if len(columns) > MAX_COLUMNS:
        raise TooManyColumns(found=len(columns), limit=MAX_COLUMNS)
    seen: set[str] = set()
    for column in columns:
        if (name := heading(column)) and name in seen:
            raise ColumnTwice(column=column)
        seen.add(name)
    return tuple(columns)

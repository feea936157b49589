"""Parquet files as sources, read by DuckDB: every value as its exact text.

Whole numbers and decimals keep every digit, days and times are ISO, times with a zone are those of
Asia/Shanghai without the zone. A float that is a whole number of at most 15 digits is told without
its ``.0``, as tables with gaps have them; longer ones keep their exponent and are refused as
numbers that have lost digits. Columns of lists, structures and bytes cannot be items.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from connectors.sources.cells import MOST
from connectors.sources.duck import DuckError, Rows, connect, literal, select, select_lines
from connectors.sources.errors import ColumnUnusable, SourceEmpty, SourceMalformed
from connectors.sources.files import StillFile
from connectors.sources.source import Line, check_columns
from connectors.sources.watch import Watch

_FLOATS = frozenset({"DOUBLE", "FLOAT"})
_ZONED = "TIMESTAMP WITH TIME ZONE"
_NO_VALUE = re.compile(r"\[|\(.*\)\[|STRUCT|MAP|UNION|BLOB|BIT|VARIANT|GEOMETRY")
_Batch = TypeVar("_Batch")


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """A file whose columns are known."""

    file: StillFile
    columns: tuple[str, ...]
    types: tuple[str, ...]
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

    def rows(self, indices: Sequence[int]) -> Iterator[Rows]:
        """The values of the columns ``indices``; raises ``SourceMalformed``, ``SourceChanged``."""
        names = ", ".join(f"c{index}" for index in indices)
        yield from self._still(select(names, *self._relation(indices)))

    def lines(self, watch: Watch) -> Iterator[Sequence[Line]]:
        """The watched columns as lines; raises ``ColumnUnusable`` and as ``rows`` does."""
        for index in watch.indices:
            if _NO_VALUE.search(self.types[index]):
                raise ColumnUnusable(column=self.columns[index], why=self.types[index])
        yield from self._still(select_lines(watch, *self._relation(watch.indices)))

    def count(self) -> int:
        """How many rows there are; every value is read, so that a damaged page is met early."""
        every = range(len(self.columns))
        hashed = f"bit_xor(hash({', '.join(f'c{index}' for index in every)}))"
        counts = f"CAST(count(*) AS VARCHAR), CAST({hashed} AS VARCHAR)"
        (found,) = self._still(select(counts, *self._relation(every)))
        return int(found[0][0] or 0)

    def _relation(self, indices: Sequence[int]) -> tuple[str, list[str]]:
        names = ", ".join(f"r{index}" for index in range(len(self.columns)))
        texts = ", ".join(f"nullif({self._text(index)}, '') AS c{index}" for index in indices)
        relation = f"(SELECT {texts} FROM read_parquet(?) AS file({names}))"  # noqa: S608 no name of the file's is in it
        return relation, [literal(self.path)]

    def _text(self, index: int) -> str:
        raw, kind = f"r{index}", self.types[index]
        if kind in _FLOATS:
            return (
                f"CASE WHEN {raw} = trunc({raw}) AND abs({raw}) < {MOST}"
                f" THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
            )
        if kind == _ZONED:
            return f"CAST(({raw} AT TIME ZONE 'Asia/Shanghai') AS VARCHAR)"
        return f"CAST({raw} AS VARCHAR)"

    def _still(self, batches: Iterator[_Batch]) -> Iterator[_Batch]:
        try:
            yield from batches
        except DuckError as error:
            self.file.check()
            raise SourceMalformed(file=self.name, line=0, why="parquet") from error
        self.file.check()


def open_parquet(path: Path) -> ParquetSource:
    """Look at a file's columns and all of its pages.

    Raises ``SourceMissing``, ``SourceMalformed``, ``SourceEmpty``, ``ColumnTwice`` or
    ``TooManyColumns``.
    """
    file = StillFile.of(path)
    with closing(connect()) as connection:
        try:
            described = connection.execute(
                "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))",
                [literal(path)],
            ).fetchall()
        except DuckError as error:
            raise SourceMalformed(file=path.name, line=0, why="parquet") from error
    columns = check_columns([name for name, _ in described])
    source = ParquetSource(file, columns, tuple(kind for _, kind in described))
    total = source.count()
    if not total:
        raise SourceEmpty(file=path.name)
    return replace(source, total=total)

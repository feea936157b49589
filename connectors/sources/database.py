"""A query against a department's own database as a source.

The query runs once, to its end, in a transaction that may only read, before anything is sent: its
rows come to lie in a file without a name in the connector's folder, which goes when the command
does. So the database is not held while the hub is sent to, and the rejected rows are those that
were sent, and not those of a second query.
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import orjson

from connectors.sources.address import NAMES, Address
from connectors.sources.batches import batches
from connectors.sources.errors import AddressRefused, SourceEmpty
from connectors.sources.lines import written
from connectors.sources.source import BATCH, Line, Row, check_columns
from connectors.sources.watch import Watch

Take = Callable[[Sequence[str]], Callable[[Sequence[Row]], None]]
"""Told the columns; gives what takes the batches of rows."""
_READING = re.compile(r"[\s(]*(?:select|with|values|table)\b", re.IGNORECASE)
_INTO_FILE = re.compile(r"\binto\s+(?:outfile|dumpfile)\b", re.IGNORECASE)
"""MySQL calls that reading."""


@dataclass(slots=True)
class QuerySource:
    """The rows of a query, kept in a file without a name."""

    name: str
    beside: Path
    columns: tuple[str, ...]
    met: Mapping[str, int | str]
    total: int | None
    _file: BinaryIO

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the rows go."""
        self._file.close()

    def rows(self, indices: Sequence[int]) -> Iterator[Sequence[Row]]:
        """The values of the columns ``indices``."""
        self._file.seek(0)
        kept = (orjson.loads(line) for line in self._file)
        return batches((tuple(row[index] for index in indices) for row in kept), BATCH)

    def lines(self, watch: Watch) -> Iterator[Sequence[Line]]:
        """The watched columns as lines."""
        rows = ((0, row) for batch in self.rows(watch.indices) for row in batch)
        return batches(written(rows, watch), BATCH)


def open_query(
    address: Address, query: str, *, password: str | None, folder: Path, beside: Path
) -> QuerySource:
    """Run a query; its rows are kept in ``folder``.

    Raises ``DatabaseFailed``, ``DriverMissing``, ``AddressRefused`` (fact why ``query``),
    ``ColumnUnusable``, ``SourceEmpty``, ``ColumnTwice`` or ``TooManyColumns``.
    """
    # The transaction forbids writing; this tells a slip before the database does.
    if not is_reading(query):
        raise AddressRefused(why="query")
    name = NAMES[address.system]
    columns: list[str] = []
    count = 0
    file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 it lives as long as the source

    def take(found: Sequence[str]) -> Callable[[Sequence[Row]], None]:
        columns.extend(check_columns(found))
        return keep

    def keep(rows: Sequence[Row]) -> None:
        nonlocal count
        count += len(rows)
        file.writelines(orjson.dumps([value or None for value in row]) + b"\n" for row in rows)

    try:
        _run(address, query.strip().rstrip(";"), password, take)
        if not count:
            raise SourceEmpty(file=name)
        file.flush()
    except BaseException:
        file.close()
        raise
    return QuerySource(name, beside, tuple(columns), {"database": name}, count, file)


def is_reading(query: str) -> bool:
    """Whether a query looks like one that only reads."""
    return bool(_READING.match(query)) and not _INTO_FILE.search(query)


def _run(address: Address, query: str, password: str | None, take: Take) -> None:
    # A driver is loaded only by whoever asks for its kind of database: two of them are extras.
    if address.system == "postgresql":
        from connectors.sources.postgresql import run  # noqa: PLC0415 see above
    elif address.system == "mysql":
        from connectors.sources.mysql import run  # noqa: PLC0415 see above
    else:
        from connectors.sources.sqlite import run  # noqa: PLC0415 see above
    run(address, query, password, take)

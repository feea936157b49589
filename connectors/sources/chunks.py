"""A source's rows as the chunks that the hub takes (interface, ``PUT …/chunks/{n}``).

Each line is the row's number in the source, from 1, and the matched columns; a chunk holds whole
rows and is at most so many bytes long.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.errors import RowTooLong
from connectors.sources.csv import CsvSource
from connectors.sources.mapping import ColumnMapping


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole rows as CSV; ``last_row`` is the number of the last one."""

    data: bytes
    last_row: int


def chunks(source: CsvSource, mapping: ColumnMapping, limit: int) -> Iterator[Chunk]:
    """The rows in order; raises ``RowTooLong``, ``SourceMalformed`` or ``SourceChanged``."""
    number = 0
    size = 0
    rows: list[bytes] = []
    for batch in source.lines(mapping.indices):
        for (line,) in batch:
            row = f"{number + 1},{line}\r\n".encode()
            size += len(row)
            if size > limit:
                if not rows:
                    raise RowTooLong(row=number + 1, limit=limit)
                yield Chunk(b"".join(rows), number)
                rows.clear()
                size = len(row)
                if size > limit:
                    raise RowTooLong(row=number + 1, limit=limit)
            rows.append(row)
            number += 1
    if rows:
        yield Chunk(b"".join(rows), number)

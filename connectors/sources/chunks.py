"""Rows as the chunks that the hub takes (interface, ``PUT …/chunks/{n}``).

Each line is the row's number in the source, from 1, and the matched columns; a chunk holds whole
rows and is at most so many bytes long.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.sources.errors import RowTooLong


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole rows as CSV; ``last_row`` is the number of the last one."""

    data: bytes
    last_row: int


def cut(lines: Iterable[str], limit: int) -> Iterator[Chunk]:
    """The rows' lines in order, numbered; raises ``RowTooLong`` and what ``lines`` raises."""
    number = 0
    size = 0
    rows: list[bytes] = []
    for line in lines:
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

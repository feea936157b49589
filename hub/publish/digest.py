"""The digest of a generation's sealed rows, which stands in the ledger beside their number.

Rows in the order of their ids, in blocks of 4,096 ids:

    row    = id (8 bytes, big-endian) ‖ first version (8) ‖ length of sealed (8)
             ‖ tag ‖ row ‖ sealed
    block  = SHA-256(row ‖ row ‖ …), for every block that holds a row
    digest = base64url(SHA-256("yifen/v1/generation" ‖ 0x00 ‖ block ‖ block ‖ …))

It needs no key: whoever has the file can compare it with the ledger. Blocks let rows be taken out
at the end without reading all the others again. A sum over the rows in any order would be simpler
and is not enough: other rows with the same sum can be found.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from certs.encoding import b64u
from hub.storage.generation import SealedRow
from hub.storage.sqlite import Connection, connect

BLOCK = 4096
_PREFIX = b"yifen/v1/generation\x00"
_ROW = struct.Struct(">QQQ")
_SELECT = "SELECT id, tag, row, first, sealed FROM rows"
_StoredRow = tuple[int, bytes, bytes, int, bytes]


def generation_digest(connection: Connection) -> str:
    """The digest of the generation behind ``connection``."""
    return combined(_blocks(connection.execute(f"{_SELECT} ORDER BY id")))


def digest_of_file(path: Path) -> str:
    """The digest of the generation in a file, which is only read.

    Raises ``StorageRefused`` if it cannot be opened, or the driver's error.
    """
    connection = connect(path, "ro")
    try:
        return generation_digest(connection)
    finally:
        connection.close()


def combined(blocks: Iterable[bytes]) -> str:
    """The digest over the digests of blocks."""
    whole = hashlib.sha256(_PREFIX)
    for block in blocks:
        whole.update(block)
    return b64u(whole.digest())


class RunningDigest:
    """The digest of rows as they are written, with ids from 1 on."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._open = hashlib.sha256()
        self._next = 1

    def add(self, rows: Sequence[SealedRow]) -> None:
        """Take the rows that are written next."""
        pack = _ROW.pack
        start = 0
        while start < len(rows):
            room = BLOCK - (self._next - 1) % BLOCK
            part = rows[start : start + room]
            self._open.update(
                b"".join(
                    [
                        pack(id_, first, len(sealed)) + tag + row + sealed
                        for id_, (tag, row, first, sealed) in enumerate(part, self._next)
                    ]
                )
            )
            self._next += len(part)
            start += len(part)
            if len(part) == room:
                self._close_block()

    def finish(self, connection: Connection, deleted: Iterable[int]) -> str:
        """The digest once the rows ``deleted`` are gone from the generation."""
        if (self._next - 1) % BLOCK:
            self._close_block()
        touched = {(id_ - 1) // BLOCK for id_ in deleted}
        again = {number: _block_again(connection, number) for number in touched}
        blocks = (again.get(number, block) for number, block in enumerate(self._blocks))
        return combined(block for block in blocks if block is not None)

    def _close_block(self) -> None:
        self._blocks.append(self._open.digest())
        self._open = hashlib.sha256()


def _block_again(connection: Connection, number: int) -> bytes | None:
    first = number * BLOCK + 1
    rows = connection.execute(
        f"{_SELECT} WHERE id BETWEEN ? AND ? ORDER BY id", (first, first + BLOCK - 1)
    )
    return next(_blocks(rows), None)


def _blocks(rows: Iterable[_StoredRow]) -> Iterator[bytes]:
    current: int | None = None
    block = hashlib.sha256()
    for id_, tag, row, first, sealed in rows:
        number = (id_ - 1) // BLOCK
        if number != current and current is not None:
            yield block.digest()
            block = hashlib.sha256()
        current = number
        block.update(_ROW.pack(id_, first, len(sealed)) + tag + row + sealed)
    if current is not None:
        yield block.digest()

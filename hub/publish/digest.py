"""The digest of a generation's sealed rows, which stands in the ledger beside their number.

Of a version, the rows that stand in it, in the order of their ids, in blocks of 4,096 ids:

    row    = id (8 bytes, big-endian) ‖ first version (8) ‖ length of sealed (8)
             ‖ tag ‖ row ‖ sealed
    block  = SHA-256(row ‖ row ‖ …), for every block that holds a row
    digest = base64url(SHA-256("yifen/v1/generation" ‖ 0x00 ‖ block ‖ block ‖ …))

It needs no key: whoever has the file can compare it with the ledger. Rows that have ended are not
in it, so they may be taken away and nothing is lost. Blocks let rows be taken out, and changed,
without reading all the others again. A sum over the rows in any order would be simpler and is not
enough: other rows with the same sum can be found.

The digests of blocks stand in the file too. They are a note and no proof: a verification reads the
rows. A change set reads the rows of every block that it touches, as they stood too, and so gives
no blessing to what somebody has altered there (``Standing``).
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from certs.encoding import b64u
from hub.publish.errors import GenerationAltered
from hub.storage.generation import FIRST_VERSION, STANDS, SealedRow
from hub.storage.sqlite import Connection, connect

BLOCK = 4096
_PREFIX = b"yifen/v1/generation\x00"
_ROW = struct.Struct(">QQQ")
_SELECT = f"SELECT id, tag, row, first, sealed FROM rows WHERE {STANDS}"  # noqa: S608 no input
_EVERY = "SELECT id, tag, row, first, last, sealed FROM rows WHERE id BETWEEN ? AND ? ORDER BY id"
_BLOCKS = """
    SELECT number, digest FROM blocks AS block WHERE version = (
        SELECT max(version) FROM blocks AS newest
        WHERE newest.number = block.number AND newest.version <= ?
    ) ORDER BY number
"""
_StoredRow = tuple[int, bytes, bytes, int, bytes]


def generation_digest(connection: Connection, version: int = FIRST_VERSION) -> str:
    """The digest of a version of the generation behind ``connection``."""
    return combined(_blocks(connection.execute(f"{_SELECT} ORDER BY id", (version, version))))


def digest_of_file(path: Path, version: int) -> str:
    """The digest of a version of the generation in a file, which is only read.

    Raises ``StorageRefused`` if it cannot be opened, or the driver's error.
    """
    connection = connect(path, "ro")
    try:
        return generation_digest(connection, version)
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
        self._blocks: list[bytes | None] = []
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
        """The digest once the rows ``deleted`` are gone from the generation.

        The digests of its blocks are written beside the rows.
        """
        if (self._next - 1) % BLOCK:
            self._close_block()
        for number in {(id_ - 1) // BLOCK for id_ in deleted}:
            self._blocks[number] = _block_again(connection, number)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO blocks VALUES (?, ?, ?)",
            ((number, FIRST_VERSION, block) for number, block in enumerate(self._blocks)),
        )
        connection.execute("COMMIT")
        return combined(block for block in self._blocks if block is not None)

    def _close_block(self) -> None:
        self._blocks.append(self._open.digest())
        self._open = hashlib.sha256()


class Standing:
    """The blocks of a generation from the version that stands to the next one."""

    def __init__(self, connection: Connection, version: int, digest: str) -> None:
        """``digest`` is the ledger's of the version that stands; raises ``GenerationAltered``."""
        self._connection = connection
        self._version = version
        self._blocks: dict[int, bytes | None] = dict(connection.execute(_BLOCKS, (version,)))
        if self._digest() != digest:
            raise GenerationAltered

    def change(self, touched: Iterable[int]) -> str:
        """The digest of the next version, of which the rows with ids ``touched`` came or ended.

        The new digests of blocks are written beside the rows. Raises ``GenerationAltered`` if a
        block that is touched did not hold what the ledger says of it.
        """
        numbers = sorted({(id_ - 1) // BLOCK for id_ in touched})
        for number in numbers:
            before, after = self._both(number)
            if before != self._blocks.get(number):
                raise GenerationAltered
            self._blocks[number] = after
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO blocks VALUES (?, ?, ?)",
            ((number, self._version + 1, self._blocks[number]) for number in numbers),
        )
        self._connection.execute("COMMIT")
        return self._digest()

    def _digest(self) -> str:
        return combined(block for _, block in sorted(self._blocks.items()) if block is not None)

    def _both(self, number: int) -> tuple[bytes | None, bytes | None]:
        """The digests of a block as it stands, and as it will."""
        before, after = hashlib.sha256(), hashlib.sha256()
        stood = stands = False
        for id_, tag, row, first, last, sealed in self._connection.execute(_EVERY, _ids(number)):
            data = _ROW.pack(id_, first, len(sealed)) + tag + row + sealed
            if first <= self._version and (last is None or last > self._version):
                before.update(data)
                stood = True
            if last is None:
                after.update(data)
                stands = True
        return before.digest() if stood else None, after.digest() if stands else None


def _ids(number: int) -> tuple[int, int]:
    """The first and the last id of a block."""
    return number * BLOCK + 1, (number + 1) * BLOCK


def _block_again(connection: Connection, number: int) -> bytes | None:
    rows = connection.execute(
        f"{_SELECT} AND id BETWEEN ? AND ? ORDER BY id",
        (FIRST_VERSION, FIRST_VERSION, *_ids(number)),
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

"""Checkpoints: the tree over all entries, signed at most a second after they were made.

Only the holder of the lease reads and signs; the result is published by a compare-and-swap on
size, so a stale holder publishes nothing. Tiles of 256 hashes are kept for proofs, the ragged
right edge included.
"""

import glob
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from certs.encoding import sha256
from certs.note import Checkpoint, sign_checkpoint
from certs.tree import Frontier, leaf_hash, node_hash, root_at
from hub.errors import LedgerBehind, Unavailable
from hub.ledger.kept_copy import FORKED, KeptCopy
from hub.ledger.signers import Signers
from hub.ledger.store import Head, LedgerStore
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import Connection

TILE = 256
"""Hashes of a full tile (C2SP tlog-tiles, height 8)."""
HASH = 32
_MARK = 8
"""Hexadecimal digits that tell a copy being written from others."""
BATCH = 500
"""Entries that are taken in at once, while nobody is answered."""
_log = logging.getLogger("hub.ledger")


@dataclass(frozen=True, slots=True)
class Published:
    """The newest checkpoint."""

    size: int
    root: bytes
    note: str


def newest(connection: Connection) -> Published | None:
    """The newest published checkpoint; None before the first."""
    row = connection.execute("SELECT size, root, note FROM checkpoints").fetchone()
    return None if row is None else Published(*row)


class Checkpointer:
    """Extends the tree and signs its head."""

    def __init__(
        self,
        store: LedgerStore,
        reading: Connection,
        origin: str,
        copy: Path,
        folder: Folder,
        signers: Signers,
    ) -> None:
        self._store = store
        self._reading = reading
        self._origin = origin
        self._copy = copy
        self._kept = KeptCopy(copy, lambda: [(origin, key) for key in signers.known()])
        self._signers = signers
        self._lease = FileLock(folder.checkpointer)
        self._held = False
        self._frontier: Frontier | None = None
        self._absorbed: list[bytes] = []

    @property
    def held(self) -> bool:
        """Whether this process has the lease."""
        return self._held

    def close(self) -> None:
        """Give up the lease."""
        self._lease.close()

    def absorb(self) -> bool:
        """Take at most ``BATCH`` new entries into the tree; whether there may be more.

        Nothing is published yet, and what is taken in is lost with the process, which is no loss.
        """
        if not self._held:
            self._held = self._lease.try_acquire()
            if not self._held:
                return False
            sweep_copies(self._copy)
        frontier = self._frontier or self._resume()
        leaves = self._reading.execute(
            "SELECT leaf FROM entries WHERE position >= ? AND position < ? ORDER BY position",
            (frontier.size, frontier.size + BATCH),
        ).fetchall()
        for (leaf,) in leaves:
            digest = leaf_hash(leaf)
            frontier.append(digest)
            self._absorbed.append(digest)
        return len(leaves) == BATCH

    def publish(self) -> Published | None:
        """Sign and publish what has been taken in; None if that is nothing, or another was faster.

        Raises ``Unavailable`` when it cannot be made durable, or when somebody else's checkpoint
        lies where ours is kept: then all processes of this hub stop answering.
        """
        if self._frontier is None:
            return None
        with self._kept.alone() as alone:
            if not alone:
                return None
            self._look()
            return self._publish(self._frontier, self._absorbed)

    def _publish(self, frontier: Frontier, hashes: list[bytes]) -> Published | None:
        if not hashes:
            return None
        checkpoint = Checkpoint(self._origin, frontier.size, frontier.root())
        with self._store.locked() as head:
            published = self._signed(checkpoint, head)
            swapped = self._swap(frontier.size - len(hashes), frontier, published, head.time)
            if swapped:
                _extend_tiles(self._store.connection, frontier.size - len(hashes), hashes)
        self._absorbed = []
        if not swapped:
            self._frontier = None
            return None
        write_copy(self._copy, published.note)
        self._kept.left()
        return published

    def _signed(self, checkpoint: Checkpoint, head: Head) -> Published:
        """The checkpoint, signed under the lock: no key that has ended there signs any more."""
        keys = self._signers.signing(head.epoch, head.time)
        note = sign_checkpoint(checkpoint, self._origin, *keys)
        return Published(checkpoint.size, checkpoint.root, note)

    def _look(self) -> None:
        """See that nobody but this log has left a checkpoint where ours is kept."""
        try:
            self._kept.check(self._root_at)
        except Unavailable as error:
            if error.facts["why"] == FORKED and self._store.stop(FORKED):
                _log.critical(
                    "another checkpoint than this log's lies at %s: nothing more is answered. Does"
                    " a second hub run on a copy of this folder, or was a database set back?",
                    self._copy,
                )
            raise

    def _root_at(self, size: int) -> bytes:
        """The root of the first so many entries; raises ``LedgerBehind`` beyond the tiles."""
        connection = self._store.connection
        return root_at(size, lambda level, index: node_of(connection, level, index))

    def step(self) -> Published | None:
        """Take in everything that has come, and publish it; None if there is nothing new."""
        while self.absorb():
            pass
        return self.publish()

    def _resume(self) -> Frontier:
        """The tree as it was last published."""
        row = self._reading.execute("SELECT size, nodes FROM checkpoints").fetchone()
        size, nodes = (0, b"") if row is None else row
        frontier = Frontier(size, [nodes[i : i + HASH] for i in range(0, len(nodes), HASH)])
        self._frontier, self._absorbed = frontier, []
        return frontier

    def _swap(self, before: int, frontier: Frontier, published: Published, time: int) -> bool:
        """Compare-and-swap on size."""
        connection, nodes = self._store.connection, b"".join(frontier.nodes)
        if before:
            swapped = connection.execute(
                "UPDATE checkpoints SET size = ?, root = ?, nodes = ?, note = ?, time = ?"
                " WHERE size = ?",
                (published.size, published.root, nodes, published.note, time, before),
            ).rowcount
        else:
            swapped = connection.execute(
                "INSERT OR IGNORE INTO checkpoints VALUES (1, ?, ?, ?, ?, ?)",
                (published.size, published.root, nodes, published.note, time),
            ).rowcount
        return swapped == 1


def _extend_tiles(connection: Connection, before: int, hashes: list[bytes]) -> None:
    """Write the new hashes of each level into their tiles."""
    level, start = 0, before
    while hashes:
        position = start // TILE
        held = start % TILE
        row = connection.execute(
            "SELECT hashes FROM tiles WHERE level = ? AND position = ?", (level, position)
        ).fetchone()
        data = (b"" if row is None else row[0])[: held * HASH] + b"".join(hashes)
        tiles = [data[i : i + TILE * HASH] for i in range(0, len(data), TILE * HASH)]
        connection.executemany(
            "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)",
            [(level, position + i, tile) for i, tile in enumerate(tiles)],
        )
        hashes = [perfect_root(tile) for tile in tiles if len(tile) == TILE * HASH]
        level, start = level + 1, position


def perfect_root(tile: bytes) -> bytes:
    """The root over a power of two of hashes, given as one string."""
    nodes = [tile[i : i + HASH] for i in range(0, len(tile), HASH)]
    while len(nodes) > 1:
        nodes = [node_hash(nodes[i], nodes[i + 1]) for i in range(0, len(nodes), 2)]
    return nodes[0]


def node_of(connection: Connection, level: int, index: int) -> bytes:
    """The root of a perfect subtree, from the tiles; raises ``LedgerBehind`` if it is not there."""
    tile_level, inside = divmod(level, 8)
    first = index << inside
    row = connection.execute(
        "SELECT substr(hashes, ?, ?) FROM tiles WHERE level = ? AND position = ?",
        ((first % TILE) * HASH + 1, HASH << inside, tile_level, first // TILE),
    ).fetchone()
    if row is None or len(row[0]) != HASH << inside:
        raise LedgerBehind(size=index, kept=level)
    return perfect_root(row[0])


def sweep_copies(path: Path) -> None:
    """Remove what copies that were cut off have left beside ``path``."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * _MARK}"):
        left.unlink(missing_ok=True)


def write_copy(path: Path, note: str) -> None:
    """Keep the newest checkpoint outside the database, durably and all or nothing."""
    data = note.encode("utf-8")
    new = path.with_name(f".{path.name}.{sha256(data).hex()[:_MARK]}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    parent = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)

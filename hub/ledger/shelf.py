"""The tiles beside the leaves: whether every proof that the hub can give would hold."""

from certs.tree import Frontier
from hub.ledger.checkpoint import HASH, TILE, perfect_root
from hub.storage.sqlite import Connection


class Shelf:
    """Takes every leaf hash up to the checkpoint, and tells of each tile that is not as it must be.

    It keeps one tile of each level in memory.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._levels: list[list[bytes]] = []
        self._full: list[int] = []
        self._wrong = 0

    def add(self, leaf: bytes, level: int = 0) -> None:
        """Take the next hash of a level, and compare the tile that it fills."""
        if level == len(self._levels):
            self._levels.append([])
            self._full.append(0)
        tile = self._levels[level]
        tile.append(leaf)
        if len(tile) == TILE:
            data = b"".join(tile)
            self._compare(level, data)
            self._full[level] += 1
            tile.clear()
            self.add(perfect_root(data), level + 1)

    def wrong(self) -> int:
        """How many tiles are not as they must be, or are missing or too many."""
        for level, tile in enumerate(self._levels):
            if tile:
                self._compare(level, b"".join(tile))
        expected = sum(self._full) + sum(1 for tile in self._levels if tile)
        (stored,) = self._connection.execute("SELECT count(*) FROM tiles").fetchone()
        return self._wrong + int(stored != expected)

    def _compare(self, level: int, data: bytes) -> None:
        row = self._connection.execute(
            "SELECT hashes FROM tiles WHERE level = ? AND position = ?", (level, self._full[level])
        ).fetchone()
        if row is None or row[0] != data:
            self._wrong += 1


def edge_of(connection: Connection) -> Frontier | None:
    """The growing edge as the checkpoint keeps it; None before the first.

    Raises ``ProofInvalid`` if it is none.
    """
    row = connection.execute("SELECT size, nodes FROM checkpoints").fetchone()
    if row is None:
        return None
    size, nodes = row
    return Frontier(size, [nodes[i : i + HASH] for i in range(0, len(nodes), HASH)])

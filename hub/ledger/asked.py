"""What was asked before, while a log is replayed: each R once, and the question at a position."""

from collections.abc import Mapping

from certs.canonical import Json, parse
from certs.errors import LeafMismatch, Malformed
from certs.leaf import read_leaf
from hub.storage.sqlite import Connection, driver

_CONTROL_LIMIT = 1 << 20
_CONTROL_DEPTH = 8
_KEPT = 16
"""Bytes of R that are kept: two that share them can be neither met nor made."""
_CACHE = "PRAGMA cache_size=-65536"


class Asked:
    """The questions of one replay; ``connection`` reads the log in one transaction.

    Digests of requests, which name nobody, go into a temporary database that SQLite keeps in memory
    as long as there is room and then in a file without a name: a log has more than fit.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen = driver.connect("", isolation_level=None)
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", _CACHE):
            self._seen.execute(statement)
        self._seen.execute("CREATE TABLE seen (request BLOB PRIMARY KEY) WITHOUT ROWID")
        self._seen.execute("BEGIN")

    def close(self) -> None:
        """Forget everything."""
        self._seen.close()

    def is_new(self, request: bytes) -> bool:
        """Whether an R has not been met yet; it has been from now on."""
        inserted: int = self._seen.execute(
            "INSERT OR IGNORE INTO seen VALUES (?)", (request[:_KEPT],)
        ).rowcount
        return inserted == 1

    def at(self, position: int) -> tuple[str, Mapping[str, Json]] | None:
        """Kind and *control* of an entry; None if it cannot be read."""
        row = self._connection.execute(
            "SELECT leaf, control FROM entries WHERE position = ?", (position,)
        ).fetchone()
        try:
            control = parse(row[1], max_bytes=_CONTROL_LIMIT, max_depth=_CONTROL_DEPTH)
            return (read_leaf(row[0]).kind, control) if isinstance(control, dict) else None
        except (LeafMismatch, Malformed, TypeError):
            return None

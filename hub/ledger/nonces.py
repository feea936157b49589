"""Which signatures were used already: nonces, kept for as long as a signature can live.

They stand in three tables, each for one window of ``expires``; a window that is over is emptied as
a whole (``hub/storage/schema.py``). All but ``knows`` is called under the ledger's lock.
"""

from collections.abc import Sequence

from hub.errors import Unavailable
from hub.ledger.attempt import Nonce
from hub.storage.schema import NONCE_TABLES
from hub.storage.sqlite import Connection, DatabaseError


class Nonces:
    """The nonces of one ledger, through the connection that commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def knows(self, nonce: Nonce) -> bool:
        """Whether a nonce is reserved, as far as can be seen without the lock."""
        slot = nonce.window % NONCE_TABLES
        try:
            row = self._connection.execute(
                f"SELECT 1 FROM nonces_{slot} JOIN nonce_windows ON slot = ?"  # noqa: S608
                " WHERE id = ? AND window = ?",
                (slot, nonce.id, nonce.window),
            ).fetchone()
        except DatabaseError as error:
            raise Unavailable(why="database") from error
        return row is not None

    def reserve(self, nonce: Nonce, attempt: int) -> bool:
        """Reserve a nonce for an attempt; the same attempt passes again on its second round."""
        if not self._open(nonce.window):
            return False
        row = self._connection.execute(
            f"INSERT INTO nonces_{nonce.window % NONCE_TABLES} VALUES (?, ?)"  # noqa: S608
            " ON CONFLICT (id) DO UPDATE"
            " SET attempt = attempt WHERE attempt = excluded.attempt RETURNING id",
            (nonce.id, attempt),
        ).fetchone()
        return row is not None

    def reserve_all(self, window: int, nonces: Sequence[tuple[int, int]]) -> bool:
        """Reserve nonces of one window, each with its attempt; False if one of them was there.

        Then some may be reserved: whoever gets False undoes the transaction.
        """
        if not self._open(window):
            return False
        inserted = self._connection.executemany(
            f"INSERT OR IGNORE INTO nonces_{window % NONCE_TABLES} VALUES (?, ?)",  # noqa: S608 our own number
            nonces,
        ).rowcount
        return inserted == len(nonces)

    def _open(self, window: int) -> bool:
        """See that a table holds this window, emptying what lay there before.

        False if the table holds a later one: this one is over.
        """
        slot = window % NONCE_TABLES
        row = self._connection.execute(
            "SELECT window FROM nonce_windows WHERE slot = ?", (slot,)
        ).fetchone()
        if row is None or row[0] < window:
            self._connection.execute(f"DELETE FROM nonces_{slot}")  # noqa: S608 our own number
            self._connection.execute(
                "INSERT OR REPLACE INTO nonce_windows VALUES (?, ?)", (slot, window)
            )
            return True
        return bool(row[0] == window)

"""What an erasure that has been entered destroys: no byte of it is left in the hub's folder.

    1  the sealed parts, salts with them: NULL, their old bytes overwritten by SQLite
    2  once nothing of the class and month is left: the wrapped keys, in the same way, then the
       file of the month's key, and what the hub still counts of verifications of that time
    3  the write-ahead log, which holds the pages as they were: cut to nothing

Each step may be done again, so what a crash cuts off is taken up anew. Sealed parts go in small
transactions with a pause after each, so that questions go before. The connection that does it has
``secure_delete`` on in full, and no other has: what the hot path deletes (whole windows of nonces)
names nobody, and would cost a write for each page that is freed.
"""

import threading

from hub.clock import HOUR
from hub.errors import Unavailable
from hub.ledger.month_keys import MonthKeys
from hub.ledger.retention import entered_in
from hub.ledger.sealed_months import positions
from hub.ledger.spans import listed_in, pieces, size
from hub.ledger.store import LedgerStore
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import DatabaseError

BATCH = 500
"""Parts in one transaction: some 0.5 MB of pages, a few milliseconds under the lock."""
PAUSE = 0.01
"""Seconds between two transactions."""
RETRY = 0.2
"""Seconds between two looks whether readers have left the log of writes."""
_PATIENCE = 20_000
"""Milliseconds that a connection waits for others, as ``hub/storage/sqlite.py`` sets it."""


class Destruction:
    """Destroys what is entered, over a store of its own whose connection overwrites."""

    def __init__(self, store: LedgerStore, folder: Folder, month_keys: MonthKeys) -> None:
        self._store = store
        self._connection = store.connection
        self._connection.execute("PRAGMA secure_delete=ON")
        self._lock = FileLock(folder.lock)
        self._month_keys = month_keys

    def close(self) -> None:
        """Give the lock's file up; the store is the caller's."""
        self._lock.close()

    def finish(self, stopping: threading.Event) -> bool:
        """Destroy all that has been entered; False if ``stopping`` came first.

        Raises ``Unavailable`` and ``OSError``.
        """
        if not self._parts(stopping):
            return False
        self._keys()
        while not cut_log(self._store, self._lock):
            if stopping.wait(RETRY):
                return False
        with self._store.locked():
            self._connection.execute(
                "UPDATE erasures SET completed = (SELECT coalesce(max(completed), 0) + 1"
                " FROM erasures) WHERE completed IS NULL AND done = listed"
            )
        return True

    def sweep(self) -> None:
        """Destroy month keys that came back, from a backup of the folder of keys."""
        with self._store.locked():
            for retention, in_month in list(self._month_keys.names()):
                known, wrapped = self._connection.execute(
                    "SELECT count(*), count(wrapped) FROM person_keys"
                    " WHERE retention = ? AND month = ?",
                    (retention, in_month),
                ).fetchone()
                if known and not wrapped:
                    self._month_keys.destroy(retention, in_month)

    def _parts(self, stopping: threading.Event) -> bool:
        """Step 1; False if it was stopped."""
        for position, retention, in_month, done in self._connection.execute(
            "SELECT position, retention, month, done FROM erasures"
            " WHERE completed IS NULL AND done < listed ORDER BY position"
        ).fetchall():
            (control,) = self._connection.execute(
                "SELECT control FROM entries WHERE position = ?", (position,)
            ).fetchone()
            gone = 0
            for piece in pieces(listed_in(control), BATCH):
                gone += size(piece)
                if gone <= done:
                    continue
                if stopping.wait(PAUSE):
                    return False
                with self._store.locked():
                    self._connection.executemany(
                        "UPDATE entries SET person = NULL WHERE position >= ? AND position < ?"
                        " AND person_key IN"
                        " (SELECT id FROM person_keys WHERE retention = ? AND month = ?)",
                        [(first, end, retention, in_month) for first, end in piece],
                    )
                    self._connection.execute(
                        "UPDATE erasures SET done = ? WHERE position = ?", (gone, position)
                    )
        return True

    def _keys(self) -> None:
        """Step 2, for each class and month of which no part is left."""
        for retention, in_month in self._connection.execute(
            "SELECT DISTINCT retention, month FROM erasures"
            " WHERE completed IS NULL AND done = listed"
        ).fetchall():
            if next(positions(self._connection, retention, in_month), None) is not None:
                continue  # A hold keeps it, or a crash came before all of it was entered.
            with self._store.locked():
                self._connection.execute(
                    "UPDATE person_keys SET wrapped = NULL WHERE retention = ? AND month = ?",
                    (retention, in_month),
                )
                self._connection.execute(
                    "DELETE FROM mismatches WHERE hour < ?", (entered_in(in_month)[1] // HOUR,)
                )
            self._month_keys.destroy(retention, in_month)


def cut_log(store: LedgerStore, lock: FileLock) -> bool:
    """Fold the write-ahead log into the database and cut it to nothing.

    False while somebody still reads what it holds. Most of it is folded without any lock; the rest,
    and the cut, under the ledger's ``lock`` and without waiting for readers: nobody who commits
    waits for them either.
    """
    connection = store.connection
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        connection.execute("PRAGMA busy_timeout=0")
        with lock:
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.execute(f"PRAGMA busy_timeout={_PATIENCE}")
    except DatabaseError as error:
        store.judge(error)
        raise Unavailable(why="database") from error
    return not busy

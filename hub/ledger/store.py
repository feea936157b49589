"""The ledger's database: one lock, one head, one transaction at a time.

A transaction takes the file lock first and then ``BEGIN IMMEDIATE``; time is read under the lock
and never runs backwards.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from hub.clock import Clock
from hub.errors import Unavailable
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import Connection, DatabaseError, connect

Blob: TypeAlias = bytes | bytearray
"""The driver takes a bytearray as it is, and looks for an adapter of every bytes."""

EntryRow: TypeAlias = tuple[int, Blob, Blob, Blob, Blob, Blob | None, int]
"""position, leaf, control, control salt ‖ internal salt, internal, sealed person, its key."""


@dataclass(slots=True)
class Head:
    """The head under the lock: next free position, epoch, and the time of this transaction."""

    next: int
    epoch: int
    time: int


MAX_BACKWARDS = 5_000
"""Milliseconds that this machine's clock may be behind the log's newest entry. Further behind it
was once wrong or is wrong now: signatures would be judged by a time that nobody shares."""


class LedgerStore:
    """The writing connection of one process."""

    def __init__(self, folder: Folder, clock: Clock) -> None:
        self.connection: Connection = connect(folder.control)
        self.connection.execute("PRAGMA cache_size=-16384")
        self.connection.execute("PRAGMA wal_autocheckpoint=1000")
        self._lock = FileLock(folder.lock)
        self._clock = clock

    def close(self) -> None:
        """Close connection and lock."""
        self.connection.close()
        self._lock.close()

    @contextmanager
    def locked(self) -> Iterator[Head]:
        """A transaction under the lock; leaving it commits durably, an error rolls back.

        Raises ``Unavailable`` when the database cannot do it; then nothing may be answered.
        """
        connection = self.connection
        with self._lock:
            try:
                connection.execute("BEGIN IMMEDIATE")
                position, epoch, last = connection.execute(
                    "SELECT next, epoch, last_time FROM ledger_head"
                ).fetchone()
                now = self._clock()
                if last - now > MAX_BACKWARDS:
                    raise Unavailable(why="clock")
                head = Head(position, epoch, max(now, last))
                yield head
                connection.execute(
                    "UPDATE ledger_head SET next = ?, epoch = ?, last_time = ?",
                    (head.next, head.epoch, head.time),
                )
                connection.execute("COMMIT")
            except DatabaseError as error:
                self._roll_back()
                raise Unavailable(why="database") from error
            except BaseException:
                self._roll_back()
                raise

    def now(self) -> int:
        """The machine's time, before the lock; only for what needs no order."""
        return self._clock()

    def insert(self, rows: Sequence[EntryRow]) -> None:
        """Write entries; only inside ``locked``."""
        self.connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _roll_back(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

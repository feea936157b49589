"""The ledger's database: one lock, one head, one transaction at a time.

A transaction takes the file lock first and then ``BEGIN IMMEDIATE``; time is read under the lock
and never runs backwards.

A transaction that meets an I/O error has an unknown outcome: its frames may stand in the
write-ahead log and be found by the next recovery, and a later fsync may report success for pages
that the kernel has given up. Nothing is answered, the store does nothing more, and the process
ends (``hub/web/worker.py``); the next one writes what it finds anew (``fold.py``). A full disk is
no such case: SQLite undoes the transaction, and the next one is tried.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
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


_IOERR = 10
"""SQLITE_IOERR; the extended codes of its family have it in their lowest byte."""
_IOERR_MESSAGE = "disk I/O error"
_log = logging.getLogger("hub.ledger")

MAX_BACKWARDS = 5_000
"""Milliseconds that this machine's clock may be behind the log's newest entry. Further behind it
was once wrong or is wrong now: signatures would be judged by a time that nobody shares."""


class LedgerStore:
    """The writing connection of one process."""

    def __init__(self, folder: Folder, clock: Clock) -> None:
        self.connection: Connection = connect(folder.control)
        self.connection.execute("PRAGMA cache_size=-16384")
        self.connection.execute("PRAGMA wal_autocheckpoint=1000")
        # A page that is split or made a node keeps no copies of what stood in it: nobody could
        # erase those. Within pages that are written anyway; those that are freed are not written.
        self.connection.execute("PRAGMA secure_delete=FAST")
        self._lock = FileLock(folder.lock)
        self._clock = clock
        self._broken = False
        self._end: Callable[[], None] = _nothing

    @property
    def broken(self) -> bool:
        """Whether a transaction has met an I/O error: this process writes nothing any more."""
        return self._broken

    def when_broken(self, end: Callable[[], None]) -> None:
        """Call ``end`` once, when the store breaks."""
        self._end = end

    def close(self) -> None:
        """Close connection and lock."""
        self.connection.close()
        self._lock.close()

    @contextmanager
    def locked(self) -> Iterator[Head]:
        """A transaction under the lock; leaving it commits durably, an error rolls back.

        Raises ``Unavailable`` when the database cannot do it; then nothing may be answered.
        """
        if self._broken:
            raise Unavailable(why="database")
        connection = self.connection
        with self._lock:
            try:
                connection.execute("BEGIN IMMEDIATE")
                position, epoch, last, stopped = connection.execute(
                    "SELECT next, epoch, last_time, stopped FROM ledger_head"
                ).fetchone()
                if stopped:
                    raise Unavailable(why=stopped)
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
                self.judge(error)
                self._roll_back()
                raise Unavailable(why="database") from error
            except BaseException:
                self._roll_back()
                raise

    def stop(self, why: str) -> bool:
        """Have no process of this hub enter anything more; ``why`` is what ``locked`` then says.

        It holds until a process finds the log sound as it starts (``check_head``, ``resume``).
        Gives whether that was news.
        """
        return self._mark(why)

    def resume(self) -> None:
        """Let processes enter again what they are asked."""
        self._mark("")

    def _mark(self, why: str) -> bool:
        """Change why the log is stopped; whether that is another reason than before."""
        with self._lock:
            try:
                changed: int = self.connection.execute(
                    "UPDATE ledger_head SET stopped = ?1 WHERE stopped <> ?1", (why,)
                ).rowcount
            except DatabaseError as error:
                self.judge(error)
                raise Unavailable(why="database") from error
            return changed == 1

    def now(self) -> int:
        """The machine's time, before the lock; only for what needs no order."""
        return self._clock()

    def insert(self, rows: Sequence[EntryRow]) -> None:
        """Write entries; only inside ``locked``."""
        self.connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def judge(self, error: BaseException | None) -> None:
        """Break the store if an error inside a transaction leaves its outcome unknown."""
        code: int | None = getattr(error, "sqlite_errorcode", None)
        unknown = _IOERR_MESSAGE in str(error) if code is None else code & 0xFF == _IOERR
        if unknown and not self._broken:
            self._broken = True
            _log.critical(
                "the ledger's database met an I/O error (%s): nothing more is written or answered,"
                " and this process ends; look at the disk",
                getattr(error, "sqlite_errorname", _IOERR_MESSAGE),
            )
            self._end()

    def _roll_back(self) -> None:
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except DatabaseError as error:
            self.judge(error)
            raise Unavailable(why="database") from error


def _nothing() -> None:
    """Nobody waits for the store to break."""

"""Erasure of *person* parts that are past their retention: entered first, destroyed afterwards.

    1 due      a class and month is past retention and has something that no hold keeps
    2 enter    entries of kind ``erasure`` list every position, under the name of who erases
    3 destroy  sealed parts, keys and the log of writes (``destruction.py``)

What has not been entered destroys nothing. What has been entered is finished, by this process or
by another: the table ``erasures`` says how far each has come. Leaf and *control* part stay.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeAlias

from certs.encoding import rfc3339
from hub.clock import Clock
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Changes
from hub.ledger.destruction import Destruction
from hub.ledger.holds import checked_basis, held
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.ledger.retention import CLASSES, is_month, kept_until
from hub.ledger.sealed_months import can_be_opened, has_more, positions
from hub.ledger.spans import MOST, Spans, gathered, listed_in, size, told, without
from hub.ledger.store import LedgerStore
from hub.settings import RetentionSettings
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import Connection, DatabaseError, connect

State: TypeAlias = Literal["kept", "due", "held", "erasing"]


class StillKept(Conflict):
    """A class and month is not past its retention; facts ``month`` and ``until``."""

    code = "still-kept"


class AllHeld(Conflict):
    """Whatever is left of a class and month is under a hold; fact ``month``."""

    code = "all-held"


class ErasureRuns(Conflict):
    """Another erasure is under way: one at a time."""

    code = "erasure-runs"


@dataclass(frozen=True, slots=True)
class Month:
    """A class and month that can still be opened; ``until`` in milliseconds.

    ``kept``: not past retention. ``due``: it can be erased. ``held``: holds keep all that is left.
    ``erasing``: an erasure of it has been entered and is not complete.
    """

    retention: str
    month: str
    until: int
    state: State


@dataclass(frozen=True, slots=True)
class Entered:
    """One entry of an erasure: how many parts it lists, how many of them are gone."""

    entry: int
    retention: str
    month: str
    listed: int
    done: int
    complete: bool


class Erasures:
    """Erasing for one process; every method but ``pending`` may take long, so off the loop.

    ``store`` is the process's own, told if the disk fails here; the work is done over another.
    ``month_keys`` gives the month keys, whose master key may be looked up over a connection.
    """

    def __init__(
        self,
        folder: Folder,
        clock: Clock,
        years: RetentionSettings,
        month_keys: Callable[[Connection], MonthKeys],
        store: LedgerStore,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._years = years
        self._month_keys = month_keys
        self._store = store
        self._stopping = threading.Event()
        self._swept = False

    def stop(self) -> None:
        """Have what runs end soon; what is left is taken up by the next process."""
        self._stopping.set()

    def months(self) -> list[Month]:
        """Every class and month that can still be opened."""
        connection = connect(self._folder.control)
        try:
            return _months(connection, self._years, self._clock())
        finally:
            connection.close()

    def due(self) -> list[Month]:
        """The classes and months that can be erased now."""
        return [month for month in self.months() if month.state == "due"]

    def enter(self, retention: str, in_month: str, basis: str, actor: Actor) -> list[int]:
        """Enter the erasure of a class and month; gives the entries' positions.

        One entry lists at most ``spans.MOST`` spans, so where classes alternate there are several.
        Cut off between two of them, the first ones are destroyed and the rest is due again.

        Raises ``Unprocessable`` (class, month, basis), ``NotFound`` if nothing of it can be opened
        any more, ``StillKept``, ``AllHeld`` and ``ErasureRuns``.
        """
        if retention not in CLASSES or not is_month(in_month):
            raise Unprocessable(why="month")
        basis = checked_basis(basis)
        until = kept_until(in_month, self._years.of(retention))
        if self._clock() < until:
            raise StillKept(month=in_month, until=rfc3339(until))
        with self._alone() as store:
            connection = store.connection
            if not can_be_opened(connection, retention, in_month):
                raise NotFound(what="month")
            if next(iter(_under_way(connection)), None) is not None:
                raise ErasureRuns
            changes = Changes(store, PersonKeys(connection, self._month_keys(connection)))
            state = {"basis": basis, "month": in_month, "retention": retention}
            spans = gathered(positions(connection, retention, in_month))
            first = tuple(islice(spans, MOST))
            found = _enter(changes, store, actor, state, first, until) if first else []
            while rest := tuple(islice(spans, MOST)):
                found += _enter(changes, store, actor, state, rest, until)
            if first and not found:
                raise AllHeld(month=in_month)
            # Keys that sealed nothing, or nothing that is left.
            return found or _enter(changes, store, actor, state, (), until)

    def pending(self, connection: Connection) -> bool:
        """Whether there is anything for ``step`` to do."""
        return not self._swept or next(iter(_under_way(connection)), None) is not None

    def step(self) -> bool:
        """Destroy what is entered, whoever entered it; False if that is not finished.

        Another process may be at it: then nothing is done here.
        """
        try:
            with self._alone() as store:
                month_keys = self._month_keys(store.connection)
                destruction = Destruction(store, self._folder, month_keys)
                try:
                    destruction.sweep()
                    self._swept = True
                    return destruction.finish(self._stopping)
                finally:
                    destruction.close()
        except ErasureRuns:
            return False

    @contextmanager
    def _alone(self) -> Iterator[LedgerStore]:
        """A store of its own, while nobody else erases; raises ``ErasureRuns``."""
        with alone(self._folder, self._clock, self._store) as store:
            yield store


@contextmanager
def alone(folder: Folder, clock: Clock, told: LedgerStore) -> Iterator[LedgerStore]:
    """A store of one's own, while nobody else erases or destroys; raises ``ErasureRuns``.

    ``told`` hears of it if the disk fails meanwhile.
    """
    lease = FileLock(folder.erasing)
    try:
        if not lease.try_acquire():
            raise ErasureRuns
        store = LedgerStore(folder, clock)
        try:
            yield store
        finally:
            store.close()
            if store.broken:
                told.judge(DatabaseError("disk I/O error"))
    finally:
        lease.close()


def entered(connection: Connection) -> list[Entered]:
    """All erasures, the newest first."""
    rows = connection.execute(
        "SELECT position, retention, month, listed, done, completed IS NOT NULL FROM erasures"
        " ORDER BY position DESC"
    )
    return [
        Entered(entry, retention, in_month, listed, done, complete=bool(complete))
        for entry, retention, in_month, listed, done, complete in rows
    ]


def completed(connection: Connection, after: int) -> list[tuple[int, Spans]]:
    """Erasures that were completed after the ``after``-th, in that order, and what they list."""
    rows = connection.execute(
        "SELECT r.completed, e.control FROM erasures r JOIN entries e ON e.position = r.position"
        " WHERE r.completed > ? ORDER BY r.completed",
        (after,),
    )
    return [(number, listed_in(control)) for number, control in rows]


def newest_completed(connection: Connection) -> int:
    """How many times erasures have been completed."""
    row = connection.execute("SELECT coalesce(max(completed), 0) FROM erasures").fetchone()
    return int(row[0])


def _enter(
    changes: Changes,
    store: LedgerStore,
    actor: Actor,
    state: dict[str, str],
    spans: Spans,
    until: int,
) -> list[int]:
    """Enter some of an erasure in one transaction; nothing if holds keep all of it."""
    found: list[int] = []
    with changes.change(actor, moves_epoch=False) as change:
        if change.time < until:
            raise StillKept(month=state["month"], until=rfc3339(until))
        # Under the lock: what was held while we were reading is kept.
        listed = without(spans, held(store.connection))
        parts = [listed[at : at + MOST] for at in range(0, len(listed), MOST)]
        for part in parts or ([()] if not spans else []):
            position = change.append("erasure", {**state, "indexes": told(part)})
            store.connection.execute(
                "INSERT INTO erasures VALUES (?, ?, ?, ?, 0, NULL)",
                (position, state["retention"], state["month"], size(part)),
            )
            found.append(position)
    return found


def _months(connection: Connection, years: RetentionSettings, now: int) -> list[Month]:
    kept, under_way = held(connection), _under_way(connection)
    found: list[Month] = []
    for retention, in_month in connection.execute(
        "SELECT DISTINCT retention, month FROM person_keys WHERE wrapped IS NOT NULL"
        " ORDER BY month, retention"
    ).fetchall():
        until = kept_until(in_month, years.of(retention))
        state: State = "kept"
        if (retention, in_month) in under_way:
            state = "erasing"
        elif until <= now:
            state = "due" if has_more(connection, retention, in_month, kept) else "held"
        found.append(Month(retention, in_month, until, state))
    return found


def _under_way(connection: Connection) -> set[tuple[str, str]]:
    """Classes and months of which an erasure is entered and not complete."""
    return set(
        connection.execute(
            "SELECT DISTINCT retention, month FROM erasures WHERE completed IS NULL"
        ).fetchall()
    )

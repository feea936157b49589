"""Destroying contents that are past their retention: entered and unreadable at once, then removed.

    1 enter     one transaction: an entry of kind ``destruction`` that names each of them, and in
                the rows wrapped key, sealed content and keyed digests are gone, overwritten
    2 remove    the sealed pieces, from the folder or the bucket
    3 cut       the write-ahead log, which holds the rows as they were

From step 1 on nobody can read any of it and nothing of it is served, whatever is still there; so
the entry never says more than is so. Steps 2 and 3 may be done again: what a crash cuts off is
finished by this process or another, and ``destructions`` says what is complete.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from certs.encoding import rfc3339
from certs.leaf import read_leaf
from hub.clock import Clock
from hub.destroying.contents import Content, Contents, Opening, state_of
from hub.errors import Busy, Conflict, HubError, NotFound, StorageRefused
from hub.ledger.change import Actor, Change, Changes
from hub.ledger.destruction import RETRY, cut_log
from hub.ledger.destructions import DESTROYED, Told, What, in_entries, materials_of, read, told
from hub.ledger.erasure import ErasureRuns, alone
from hub.ledger.holds import checked_basis
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.objects import Objects
from hub.storage.sqlite import Connection, connect

ROUNDS = 3
"""How often what is to be destroyed is looked at again when something of it has changed."""


class ContentKept(Conflict):
    """A content is not past its retention; facts ``id`` and ``until``."""

    code = "content-kept"


class ContentHeld(Conflict):
    """A hold keeps a content; fact ``id``."""

    code = "content-held"


class ContentInUse(Conflict):
    """A case is open, or an open case rests on a material; fact ``id``."""

    code = "content-in-use"


class _Moved(Exception):
    """Something that a content hangs on was entered since it was looked at."""


@dataclass(frozen=True, slots=True)
class Entered:
    """One entry of a destruction: how many contents it lists, and whether all of it is done."""

    entry: int
    what: str
    listed: int
    complete: bool


@dataclass(frozen=True, slots=True)
class InTurn:
    """Positions of the entries that were made, how many contents went, and why the rest did not."""

    entries: tuple[int, ...]
    destroyed: int
    stopped: HubError | None


class Destructions:
    """Destroying for one process; every method but ``pending`` may take long, so off the loop.

    ``store`` is the process's own, told if the disk fails here; the work is done over another.
    """

    def __init__(
        self,
        folder: Folder,
        clock: Clock,
        settings: Settings,
        month_keys: Callable[[Connection], MonthKeys],
        master: Opening,
        objects: Objects,
        store: LedgerStore,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._settings = settings
        self._month_keys = month_keys
        self._master = master
        self._objects = objects
        self._store = store
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Have what runs end soon; what is left is taken up by the next process."""
        self._stopping.set()

    def past(self, what: What) -> list[Content]:
        """Everything of a kind that is past its retention, the oldest first."""
        connection = connect(self._folder.control)
        try:
            connection.execute("BEGIN")
            return self._contents(connection).past(what, self._clock())
        finally:
            connection.close()

    def enter(self, what: str, ids: Sequence[str], basis: str, actor: Actor) -> int:
        """Destroy contents, all of them or none; gives the entry's position.

        Raises ``Unprocessable`` (kind, ids, basis), ``NotFound``, ``ContentKept``,
        ``ContentHeld``, ``ContentInUse``, ``ErasureRuns``, and ``Busy``.
        """
        wanted = told(checked_basis(basis), what, ids)
        with self._entering() as (changes, connection):
            return self._enter(changes, connection, wanted, actor)

    def enter_in_turn(self, what: What, ids: Sequence[str], basis: str, actor: Actor) -> "InTurn":
        """Destroy contents entry after entry, while nobody else destroys between two of them.

        If something keeps a part of it, what is entered stays entered and the rest is told. Raises
        what ``enter`` raises if nothing was entered.
        """
        basis, positions, count = checked_basis(basis), list[int](), 0
        with self._entering() as (changes, connection):
            for some in in_entries(ids):
                try:
                    wanted = told(basis, what, some)
                    positions.append(self._enter(changes, connection, wanted, actor))
                except HubError as error:
                    if not positions:
                        raise
                    return InTurn(tuple(positions), count, error)
                count += len(some)
        return InTurn(tuple(positions), count, None)

    @contextmanager
    def _entering(self) -> Iterator[tuple[Changes, Connection]]:
        """Changes over a connection that overwrites what it frees; raises ``ErasureRuns``."""
        with alone(self._folder, self._clock, self._store) as store:
            connection = store.connection
            connection.execute("PRAGMA secure_delete=ON")
            yield Changes(store, PersonKeys(connection, self._month_keys(connection))), connection

    def _enter(self, changes: Changes, connection: Connection, wanted: Told, actor: Actor) -> int:
        for _ in range(ROUNDS):
            until, seen = self._look(connection, wanted)
            try:
                with changes.change(actor) as change:
                    if _moved(connection, seen, change.position, wanted):
                        raise _Moved
                    return _destroy(change, connection, wanted, until)
            except _Moved:
                continue
        raise Busy

    def pending(self, connection: Connection) -> bool:
        """Whether there is anything for ``step`` to do."""
        return next(iter(_under_way(connection)), None) is not None

    def step(self) -> bool:
        """Finish what is entered, whoever entered it; False if that is not all done.

        Another process may be at it: then nothing is done here. Raises ``Unavailable``.
        """
        try:
            with alone(self._folder, self._clock, self._store) as store:
                return self._finish(store)
        except ErasureRuns:
            return False

    def _contents(self, connection: Connection) -> Contents:
        return Contents(connection, self._settings, self._master)

    def _look(self, connection: Connection, wanted: Told) -> tuple[int, int]:
        """Until when the last of it is kept, and up to where the log was read; or why it stays."""
        connection.execute("BEGIN")
        try:
            (seen,) = connection.execute("SELECT next FROM ledger_head").fetchone()
            found = self._contents(connection).of(wanted.what, wanted.ids, self._clock())
        finally:
            connection.execute("ROLLBACK")
        if {one.id for one in found} != set(wanted.ids):
            raise NotFound(what="content")
        for one in found:
            _require_due(one)
        return max(one.until for one in found), int(seen)

    def _finish(self, store: LedgerStore) -> bool:
        connection = store.connection
        waiting = _under_way(connection)
        for position, what in waiting:
            if what == "material" and not self._remove(connection, position):
                return False
        lock = FileLock(self._folder.lock)
        try:
            while not cut_log(store, lock):
                if self._stopping.wait(RETRY):
                    return False
        finally:
            lock.close()
        with store.locked() as head:
            connection.executemany(
                "UPDATE destructions SET completed = ? WHERE position = ?",
                [(head.time, position) for position, _ in waiting],
            )
        return True

    def _remove(self, connection: Connection, position: int) -> bool:
        """Take the pieces that an entry lists from the store; False if it was stopped."""
        (control,) = connection.execute(
            "SELECT control FROM entries WHERE position = ?", (position,)
        ).fetchone()
        listed = read(state_of(control))
        if listed is None:
            raise StorageRefused(why="destruction")
        for name in listed.ids:
            if self._stopping.is_set():
                return False
            self._objects.remove(name)
        return True


def entered(connection: Connection) -> list[Entered]:
    """All destructions, the newest first."""
    rows = connection.execute(
        "SELECT position, what, listed, completed IS NOT NULL FROM destructions"
        " ORDER BY position DESC"
    )
    return [
        Entered(position, what, listed, complete=bool(complete))
        for position, what, listed, complete in rows
    ]


def _require_due(content: Content) -> None:
    if content.state == "kept":
        raise ContentKept(id=content.id, until=rfc3339(content.until))
    if content.state == "held":
        raise ContentHeld(id=content.id)
    if content.state == "in-use":
        raise ContentInUse(id=content.id)


def _moved(connection: Connection, seen: int, position: int, wanted: Told) -> bool:
    """Whether anything was entered since that may keep what is to be destroyed."""
    for leaf, control in connection.execute(
        "SELECT leaf, control FROM entries WHERE position >= ? AND position < ?", (seen, position)
    ):
        kind = read_leaf(leaf).kind
        if kind in {"hold", "dataset"}:
            return True
        if kind in {"case", "material"}:
            state = state_of(control)
            touched = {str(state.get("id"))} | (materials_of(state) if kind == "case" else set())
            if touched & set(wanted.ids):
                return True
    return False


def _destroy(change: Change, connection: Connection, wanted: Told, until: int) -> int:
    """Step 1, inside a change whose connection overwrites what it frees."""
    if change.time < until:
        # The clock was set back meanwhile.
        raise ContentKept(id=wanted.ids[0], until=rfc3339(until))
    position = change.append("destruction", wanted.state())
    connection.execute(
        "INSERT INTO destructions VALUES (?, ?, ?, NULL)",
        (position, wanted.what, len(wanted.ids)),
    )
    names = [(name,) for name in wanted.ids]
    if wanted.what == "material":
        connection.executemany(
            f"UPDATE materials SET status = '{DESTROYED}', key = x'', tag = x'', twin = NULL,"  # noqa: S608 no input
            f" changed = {position} WHERE id = ?",
            names,
        )
        connection.executemany(
            "UPDATE material_filings SET sealed = x'', until = NULL WHERE material = ?", names
        )
    else:
        connection.executemany(
            "UPDATE cases SET key = x'', sealed = x'', applicant = NULL WHERE id = ?", names
        )
    return position


def _under_way(connection: Connection) -> list[tuple[int, str]]:
    """Position and kind of what is entered and not complete."""
    return connection.execute(
        "SELECT position, what FROM destructions WHERE completed IS NULL ORDER BY position"
    ).fetchall()

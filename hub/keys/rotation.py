"""Rotation: another key signs from now on; the one before ends at once, or after an overlap.

receipt      ends at once: receipts under it stay good by its certificate
credential   ends at once: credentials under it stay good, for its public half stays published
checkpoint   signs beside the new one for 30 days, so that whoever pinned it can follow
session      is read with until the last session under it has ended
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from certs.keys import destroy_secret
from hub.clock import DAY
from hub.errors import Conflict, NotFound
from hub.keys.files import FileUse, stored
from hub.keys.making import Maker
from hub.keys.master import load, waiting_file
from hub.keys.register import Unchanged, enter, registered
from hub.ledger.change import HUB, Actor, Change, Changes
from hub.ledger.store import LedgerStore
from hub.settings import Settings
from hub.storage.sqlite import Connection
from hub.storage.tables import SigningKeyRow

OVERLAP_MS = 30 * DAY
"""How long the checkpoint key before signs beside a new one."""
ROTATIONS_A_DAY = 12
"""New keys of one use within a day: each is published for ever."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """The new key's name, and where its entry stands."""

    id: str
    entry: int


class Rotation:
    """Replaces the keys of one hub; one for each process.

    ``follow`` is called when the register has changed, so that this process follows at once.
    """

    def __init__(
        self,
        settings: Settings,
        store: LedgerStore,
        reading: Connection,
        changes: Changes,
        maker: Maker,
        follow: Callable[[], object],
    ) -> None:
        self._settings = settings
        self._store = store
        self._reading = reading
        self._changes = changes
        self._maker = maker
        self._follow = follow

    def rotate(self, actor: Actor, use: FileUse, *, at_once: bool = False) -> Rotated:
        """Make a new key of a use and sign with it from now on.

        ``at_once``: nothing under the one before is believed any more by this hub; its sessions
        end, and it signs no further checkpoint. Raises ``Conflict`` if there were too many within
        a day, or the issuing authority ends too soon.
        """
        with self._changes.change(actor) as change:
            require_few(change.session, use, change.time)
            # Made under the lock: what lies in a file and not in the register is then nobody's.
            new = self._maker.make(use, change.time)
            for row in standing(change.session, use):
                end(change, row, self._ends(row, change.time, at_once=at_once))
            entry = enter(change, new)
            rotated = Rotated(new.id, entry)
        self._follow()
        self.tidy()
        return rotated

    def retire(self, actor: Actor, id_: str) -> int:
        """End a key that has been replaced, or a master key that waits; gives the entry.

        Raises ``NotFound``, or ``Conflict`` if it is in use or has ended.
        """
        with self._changes.change(actor) as change:
            row = change.session.get(SigningKeyRow, id_)
            if row is None:
                raise NotFound(what="key")
            if row.status == "retired":
                raise Conflict(why="key-retired")
            if row.status == "active" and row.until is None:
                raise Conflict(why="key-in-use")
            entry = end(change, row, change.time)
        self._follow()
        self.tidy()
        return entry

    def tidy(self) -> None:
        """Retire what has run out, and destroy the files of what is retired or was never entered.

        Cheap if there is nothing to do; cut off anywhere, the next call goes on.
        """
        now = self._store.now()
        if any(key.status == "active" and not key.stands(now) for key in registered(self._reading)):
            with suppress(Unchanged), self._changes.change(HUB) as change:
                _retire_due(change)
            self._follow()
        if self._doomed():
            # Under the lock: a key that is just being made is not entered yet.
            with self._store.locked():
                for path in self._doomed():
                    destroy_secret(path)

    def _ends(self, row: SigningKeyRow, now: int, *, at_once: bool) -> int:
        if at_once or row.use in {"receipt", "credential"}:
            return now
        if row.use == "session":
            return row.until or now + self._settings.session_minutes * 60_000
        # Two sign at most: whoever rotates again has given up on the overlap before.
        return now if row.until is not None else now + OVERLAP_MS

    def _doomed(self) -> list[Path]:
        status = {key.id: key.status for key in registered(self._reading)}
        doomed = [
            path
            for path, _, id_, first in stored(self._maker.keys, self._settings.name)
            if status.get(id_) == "retired" or (id_ not in status and not first)
        ]
        waiting = waiting_file(self._settings.master_key)
        master = load(waiting)
        if master is not None and status.get(master.fingerprint) == "retired":
            doomed.append(waiting)
        return doomed


def _retire_due(change: Change) -> None:
    """Retire what has run out; raises ``Unchanged`` if another process has done so."""
    statement = select(SigningKeyRow).where(
        SigningKeyRow.status == "active", col(SigningKeyRow.until) <= change.time
    )
    rows = change.session.exec(statement).all()
    if not rows:
        raise Unchanged
    for row in rows:
        end(change, row, row.until or change.time)


def standing(session: Session, use: str) -> list[SigningKeyRow]:
    """The rows of a use that are in force."""
    statement = select(SigningKeyRow).where(
        SigningKeyRow.use == use, SigningKeyRow.status == "active"
    )
    return list(session.exec(statement).all())


def end(change: Change, row: SigningKeyRow, until: int) -> int:
    """Let a key end at ``until``; retired if that is now. Gives the entry's position."""
    row.until = until
    if until <= change.time:
        row.status = "retired"
    return enter(change, row)


def require_few(session: Session, use: str, now: int) -> None:
    """Raise ``Conflict`` if a use has had too many new keys within a day."""
    lately = session.exec(
        select(SigningKeyRow.id).where(
            SigningKeyRow.use == use, col(SigningKeyRow.since) > now - DAY
        )
    ).all()
    if len(lately) >= ROTATIONS_A_DAY:
        raise Conflict(why="rotated-too-often")

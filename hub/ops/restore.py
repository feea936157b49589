"""``hub restore``: a log that has lost entries goes on under its next name, while nobody serves.

    1 gather    every checkpoint that is known outside
    2 survey    what the database holds, and how far it is behind   (``hub/ledger/restore.py``)
    3 put away  the copy that is kept outside: it stays, under its origin's name
    4 open      the restore's entry, the next origin, and the end of all open invitations
    5 publish   the new origin's first checkpoint, and its copy outside

Cut off after step 3 the hub refuses to serve, because the copy is missing; the next ``hub restore``
goes on from where this one was cut off.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certs.authority import Authority
from certs.note import MAX_NOTE_BYTES
from hub.clock import Clock
from hub.errors import CheckpointUnknown, NoteUnusable, NotThisLog, StorageRefused, Unavailable
from hub.keys.adoption import adopt
from hub.keys.known import checkpoint_keys
from hub.keys.making import Maker
from hub.keys.master import Master
from hub.keys.ring import KeyRing
from hub.ledger.change import OPERATOR, Change, Changes
from hub.ledger.checkpoint import Checkpointer, newest, write_copy
from hub.ledger.fold import fold_log
from hub.ledger.month_keys import MonthKeys
from hub.ledger.origin import Origin, current_origin, number_of
from hub.ledger.persons import PersonKeys
from hub.ledger.restore import KnownNote, Survey, read_note, survey
from hub.ledger.store import LedgerStore
from hub.settings import Settings, load
from hub.storage.create import require_newest
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import Connection, connect

AWAY = ".ledger-"
"""Between the name of the copy and the number of the origin under which it was put away."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """A hub's folder that nobody else has open."""

    folder: Folder
    settings: Settings
    clock: Clock
    store: LedgerStore
    reading: Connection

    def pending(self) -> bool:
        """Whether an earlier restore was cut off after it had opened its origin."""
        return not self._current().copied

    def gather(self, files: Sequence[Path]) -> list[KnownNote]:
        """The checkpoints in ``files``, in the copy, and in copies put away before.

        Raises ``NoteUnusable`` for the first that is none of this hub's.
        """
        copy = self.settings.checkpoint_copy
        own = [copy, *put_away(copy)]
        keys = checkpoint_keys(self.reading, self.folder.keys)
        paths = [*files, *(path for path in own if path.exists())]
        return [read_note(str(path), _read(path), self.settings.name, keys) for path in paths]

    def survey(self, notes: Sequence[KnownNote], *, unknown: bool = False) -> Survey:
        """What is kept and what is lost; ``unknown``: go on although no checkpoint is known.

        Raises ``CheckpointUnknown``, ``NotesContradict`` or ``NotThisLog``.
        """
        found = survey(self.reading, self.settings.name, notes)
        if found.newest is None and found.published and not unknown:
            raise CheckpointUnknown
        return found

    def open(self, found: Survey) -> Origin:
        """Open the next origin; raises ``Unavailable`` if it cannot be made durable."""
        self.store.resume()
        _put_away(self.settings.checkpoint_copy, found)
        with self._changes().change(OPERATOR) as change:
            first = change.append("operator", found.state())
            if first != found.kept:
                raise NotThisLog(size=first)
            note = None if found.newest is None else found.newest.text
            connection = self.store.connection
            connection.execute(
                "INSERT INTO ledger_origins VALUES (?, ?, ?, ?, 0)",
                (found.opens, first, change.time, note),
            )
            # Of the old name; witnesses know the new one not at all.
            connection.execute("DELETE FROM cosigned")
            connection.execute("DELETE FROM witnesses")
            _withdraw_invitations(change, connection)
        return self.finish()

    def finish(self) -> Origin:
        """Publish the newest origin's first checkpoint, and keep it outside.

        Raises ``Unavailable`` if it cannot be; then the hub does not serve, and this can be done
        again.
        """
        self.store.resume()
        origin = self._current()
        copy = self.settings.checkpoint_copy
        signers = self._signers()
        checkpointer = Checkpointer(
            self.store, self.reading, origin.text, copy, self.folder, signers
        )
        try:
            while checkpointer.step() is not None:
                pass
            published = newest(self.reading)
            if published is None or published.note.partition("\n")[0] != origin.text:
                raise Unavailable(why="checkpoint-copy")
            write_copy(copy, published.note)
        except OSError as error:
            raise StorageRefused(why="checkpoint-copy") from error
        finally:
            checkpointer.close()
        with self.store.locked():
            self.store.connection.execute(
                "UPDATE ledger_origins SET copied = 1 WHERE number = ?", (origin.number,)
            )
        return self._current()

    def _current(self) -> Origin:
        return current_origin(self.reading, self.settings.name)

    def _changes(self) -> Changes:
        persons = PersonKeys(self.store.connection, MonthKeys(self.folder.keys, self._master()))
        return Changes(self.store, persons)

    def _master(self) -> Master:
        return Master(self.settings.master_key, self.reading)

    def _signers(self) -> KeyRing:
        """Who signs from now on; keys that only the folder knows have been seen outside."""
        maker = Maker(self.folder.keys, Authority.load(self.folder.keys))
        adopt(self.reading, self._changes(), maker, self._master(), OPERATOR, new=False)
        return KeyRing(self.folder, self.reading, self.settings.name, self.clock)


@contextmanager
def offline(root: Path, clock: Clock) -> Iterator[Restoration]:
    """A hub's folder that nobody serves from until the end of the block.

    Raises ``StorageRefused`` if a hub serves or the database is of another release, and
    ``SettingsRefused``.
    """
    folder = Folder(root)
    settings = load(folder.settings)
    require_newest(folder)
    fold_log(folder)
    closing: list[Callable[[], None]] = []
    serving = FileLock(folder.serving)
    closing.append(serving.close)
    try:
        if not serving.try_acquire():
            raise StorageRefused(why="hub-is-running")
        reading = connect(folder.control)
        closing.append(reading.close)
        store = LedgerStore(folder, clock)
        closing.append(store.close)
        yield Restoration(folder, settings, clock, store, reading)
    finally:
        for close in reversed(closing):
            close()


def put_away(copy: Path) -> list[Path]:
    """Copies that were put away by restores, each under its origin's name."""
    return sorted(copy.parent.glob(f"{copy.name}{AWAY}*"))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_NOTE_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoteUnusable(file=str(path)) from error


def _put_away(copy: Path, found: Survey) -> None:
    """Leave the copy of the old origin beside the place of the new one."""
    try:
        text = copy.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    number = number_of(found.hub, text.partition("\n")[0])
    size = text.split("\n")[1]
    copy.replace(copy.with_name(f"{copy.name}{AWAY}{number}-{size}"))
    parent = os.open(copy.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _withdraw_invitations(change: Change, connection: Connection) -> None:
    """End every invitation that is open: one that was used in what is lost looks unused now."""
    rows = connection.execute(
        "SELECT DISTINCT c.urn, c.status FROM invitations i"
        " JOIN connectors c ON c.urn = i.connector WHERE i.expires > ? AND i.used IS NULL"
        " ORDER BY c.urn",
        (change.time,),
    ).fetchall()
    connection.execute("UPDATE invitations SET expires = ?1 WHERE expires > ?1", (change.time,))
    for urn, status in rows:
        change.append("connector", {"invited": False, "status": status, "urn": urn})

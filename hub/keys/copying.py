"""A copy of the master key: nothing else brings records back once its file is lost.

What counts is not that somebody says there is a copy, but that it was read back and is the same
key. So the hub asks for the copy's file, and enters that it has seen it.
"""

from contextlib import suppress
from pathlib import Path

from certs.errors import KeyUnusable, YifenError
from certs.sealing import MasterKey
from hub.errors import Conflict
from hub.keys.master import load, waiting_file
from hub.keys.register import Key, Unchanged, enter, registered
from hub.ledger.change import Actor, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import SigningKeyRow

_LARGEST = 4096
"""Bytes that are read of what is said to be a copy."""


class CopyDiffers(YifenError):
    """The file holds no master key of this hub; facts ``file``, ``found`` and ``needed``."""

    code = "copy-differs"


class CopyIsTheKey(YifenError):
    """The file is the master key's own, which is no copy of it; fact ``file``."""

    code = "copy-is-the-key"


def new_master(changes: Changes, actor: Actor, path: Path) -> str:
    """Make the key that is to take the place of the one in ``path``; gives its name.

    Called again it says the same key again, until that has taken over.
    """
    waiting = waiting_file(path)
    found = ""
    with suppress(Unchanged), changes.change(actor) as change:
        key = load(waiting)
        if key is None and waiting.exists():
            raise Conflict(why="master-file-taken")
        key = key or MasterKey.create(waiting)
        found = key.fingerprint
        row = change.session.get(SigningKeyRow, found)
        if row is not None:
            if row.status != "waiting":
                raise Conflict(why="master-not-waiting")
            raise Unchanged
        enter(change, SigningKeyRow(id=found, use="master", status="waiting", since=change.time))
    return found


def confirm_copy(changes: Changes, actor: Actor, path: Path, copy: Path) -> str:
    """Compare a copy with the master key, or with the one that waits; gives the name of it.

    That it was the same is entered. Raises ``CopyIsTheKey``, or ``CopyDiffers`` if it is none.
    """
    found = _read(copy)
    for file in (path, waiting_file(path)):
        key = load(file)
        if key is None:
            continue
        if file.samefile(copy):
            raise CopyIsTheKey(file=str(copy))
        try:
            key.check_same(found)
        except KeyUnusable:
            continue
        with changes.change(actor) as change:
            row = change.session.get(SigningKeyRow, key.fingerprint)
            if row is None or row.status == "retired":
                raise _differs(copy, found, path)
            row.copied = change.time
            change.append("operator", {"act": "confirm-copy", "key": row.id})
            enter(change, row)
        return key.fingerprint
    raise _differs(copy, found, path)


def _differs(copy: Path, found: MasterKey, path: Path) -> CopyDiffers:
    own = load(path)
    needed = "-" if own is None else own.fingerprint
    return CopyDiffers(file=str(copy), found=found.fingerprint, needed=needed)


def uncopied(connection: Connection) -> Key | None:
    """The master key of now, if no copy of it was ever compared with it."""
    for key in registered(connection):
        if key.use == "master" and key.status == "active" and key.copied is None:
            return key
    return None


def records_at_stake(connection: Connection) -> int:
    """How many records nobody could read any more without the master key."""
    row: tuple[int] = connection.execute(
        "SELECT coalesce(sum(row_count), 0) FROM generations WHERE state = 'live'"
    ).fetchone()
    return row[0]


def _read(copy: Path) -> MasterKey:
    # Modes are not looked at: what a copy lies on often knows none.
    with copy.open("rb") as file:
        data = file.read(_LARGEST)
    try:
        return MasterKey.parse(data)
    except KeyUnusable as error:
        raise CopyDiffers(file=str(copy), found="-", needed="-") from error

"""A town whose log has aged: two months, two classes, and years gone by since."""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from certs.errors import SealBroken
from certs.leaf import leaf_bytes, read_leaf
from certs.sealing import MasterKey
from hub.access import grants
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.runtime import open_hub
from hub.storage.sqlite import Connection, connect
from world.time import DAY, Time
from world.town import ADMINISTRATOR, SUBJECTS, World, covering

MONTH, NEXT_MONTH = "2026-09", "2026-10"
BASIS = "政务数据共享条例第二十九条"
YEAR = 366 * DAY
PIECE = 16
"""Bytes of an old value that are looked for: of random ones no 16 stand anywhere by chance."""
COMPANY = {"id": "91530000292020123N", "type": "uscc"}


@dataclass(frozen=True)
class Aged:
    """Where the entries of both months stand, by class."""

    default: list[int]
    credit: list[int]
    later: list[int]


def ask_about(world: World) -> Aged:
    """Ask in September, of both classes in turn, and in October; then three years and more pass."""
    terms = covering(
        world.time(),
        dataset="credit_penalty",
        items={"name": "full"},
        operations={"lookup"},
        case_required=False,
    )
    grants.issue(world.hub.changes, ADMINISTRATOR, terms)
    world.hub.book.refresh()
    for number in range(4):
        subject = {"id": SUBJECTS[number], "type": "resident_id"}
        assert world.ask(world.nrb.lookup(subject=subject, case=f"案-{number}" * 20)).status == 200
        sent = world.nrb.lookup(dataset="credit_penalty", subject=COMPANY, items=["name"])
        assert world.ask(sent).status == 200
    assert world.ask(world.nrb.lookup(items=["no_such_item"])).status == 403
    until = world.entries()
    world.time.advance(20 * DAY)
    assert world.ask(world.nrb.lookup()).status == 200
    publish(world)
    classes = dict(
        world.hub.reading.execute(
            "SELECT e.position, k.retention FROM entries e JOIN person_keys k"
            " ON k.id = e.person_key"
        ).fetchall()
    )
    return Aged(
        [position for position in range(until) if classes[position] == "default"],
        [position for position in range(until) if classes[position] == "credit"],
        list(range(until, world.entries())),
    )


def publish(world: World) -> None:
    """Publish a checkpoint over all there is."""
    while world.hub.checkpointer.step() is not None:
        pass


def erase(world: World, retention: str = "default", in_month: str = MONTH) -> list[int]:
    """Erase a class and month to the end, as an administrator; gives the entries."""
    entries = world.hub.erasures.enter(retention, in_month, BASIS, ADMINISTRATOR)
    assert world.hub.erasures.step()
    return entries


def set_back(root: Path, now: int, *, months: int = 24) -> None:
    """Make the first entries of a town that does not run older: all of them past retention.

    One change or two a month, the last one four years before ``now``; the rest, and everything
    that is entered from now on, stays as it is. The tree grows anew at the next start.
    """
    hub = open_hub(root, Time(now))
    connection = hub.store.connection
    rows = connection.execute(
        "SELECT position, leaf, control, person, person_key FROM entries ORDER BY position"
    ).fetchall()
    begun, step, before = now - 4 * YEAR - months * 31 * DAY, 0, -1
    for position, data, control, sealed_part, key_number in rows:
        # Entries of one change have one time, and one epoch.
        epoch = json.loads(control)["epoch"]
        step += epoch != before
        before = epoch
        time = begun + step // 2 * 31 * DAY + step
        if time > now - 4 * YEAR:
            break
        leaf = read_leaf(data)
        salt, part = hub.persons.open(sealed_part, key_number, leaf.person)
        number, key = hub.persons.current("default", time, hub.store)
        connection.execute(
            "UPDATE entries SET leaf = ?, person = ?, person_key = ? WHERE position = ?",
            (
                leaf_bytes(leaf.kind, time, leaf.control, leaf.person, leaf.internal),
                key.seal(salt + part, leaf.person.encode("ascii")),
                number,
                position,
            ),
        )
    for table in ("checkpoints", "tiles"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 our own tables
    hub.close()
    hub.settings.checkpoint_copy.unlink()
    hub = open_hub(root, Time(now))
    while hub.checkpointer.step() is not None:
        pass
    hub.close()


@dataclass(frozen=True)
class Backup:
    """A database as a backup program copied it, and the folder of keys of the same moment."""

    database: Path
    keys: Path


def back_up(world: World, to: Path) -> Backup:
    """Copy database and keys."""
    to.mkdir()
    source, target = connect(world.hub.folder.control), connect(to / "control.db", "rwc")
    source.backup(target)
    source.close()
    target.close()
    shutil.copytree(world.hub.folder.keys, to / "keys")
    return Backup(to / "control.db", to / "keys")


def opened(database: Path, keys: Path, positions: Iterable[int]) -> dict[int, bytes]:
    """The *person* parts that can be opened with a folder of keys; each has the master key."""
    connection = connect(database)
    try:
        months = MonthKeys(keys, MasterKey.load(keys / "master.key"))
        return dict(_open(connection, PersonKeys(connection, months), positions))
    finally:
        connection.close()


def _open(
    connection: Connection, persons: PersonKeys, positions: Iterable[int]
) -> Iterator[tuple[int, bytes]]:
    for position in positions:
        leaf, blob, key = connection.execute(
            "SELECT leaf, person, person_key FROM entries WHERE position = ?", (position,)
        ).fetchone()
        try:
            _, part = persons.open(blob or b"", key, read_leaf(leaf).person)
        except SealBroken:
            continue
        yield position, part


def sealed(world: World, positions: Iterable[int]) -> list[bytes]:
    """The sealed parts of entries, as they lie in the database now."""
    connection = connect(world.hub.folder.control)
    found = [
        connection.execute("SELECT person FROM entries WHERE position = ?", (position,)).fetchone()
        for position in positions
    ]
    connection.close()
    return [blob for (blob,) in found if blob is not None]


def wrapped(world: World, retention: str = "default", in_month: str = MONTH) -> list[bytes]:
    """The wrapped keys of a class and month, and the file of its own key."""
    connection = connect(world.hub.folder.control)
    rows = connection.execute(
        "SELECT wrapped FROM person_keys WHERE retention = ? AND month = ?", (retention, in_month)
    ).fetchall()
    connection.close()
    file = world.hub.folder.keys / "persons" / f"{retention}-{in_month}.key"
    return [*(blob for (blob,) in rows), file.read_bytes().partition(b":")[2].strip()]


def traces(root: Path, values: Iterable[bytes]) -> set[str]:
    """In which files any 16 bytes of any of these values are found."""
    pieces = {
        value[at : at + PIECE] for value in values for at in range(0, len(value) - PIECE + 1, PIECE)
    }
    assert pieces
    found: set[str] = set()
    for path in sorted([*root.glob("control.db*"), *(root / "keys").rglob("*")]):
        if path.is_file():
            data = path.read_bytes()
            if any(piece in data for piece in pieces):
                found.add(path.relative_to(root).as_posix())
    return found

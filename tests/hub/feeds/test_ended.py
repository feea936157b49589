"""What a change set has ended: told for 90 days, sealed, and then gone."""

from pathlib import Path

from publishing import resident_id
from world.feeding import Follower, Provider, ask, page_of
from world.licences import DATASET
from world.town import World

from hub.clock import system_clock
from hub.feeds.cursor import Cursor
from hub.storage.ended import KEPT, floor
from hub.storage.lock import FileLock
from hub.storage.sqlite import Connection, connect
from hub.storage.versions import lock_of, open_standing, take_back, tidy


def path_of(world: World) -> tuple[Path, int]:
    name, version = world.hub.reading.execute(
        "SELECT generation, version FROM datasets WHERE code = ?", (DATASET,)
    ).fetchone()
    return world.hub.folder.generation(name), version


def ended(connection: Connection) -> list[int]:
    rows = connection.execute("SELECT version FROM ended ORDER BY version").fetchall()
    return [version for (version,) in rows]


def test_what_has_ended_names_nobody_in_the_file(world: World, provider: Provider) -> None:
    provider.change([("L3", 0, "moved")], ["L1", "L2", "L99"])
    path, _ = path_of(world)
    file = connect(path)
    assert ended(file) == [2, 2, 2]
    assert file.execute("SELECT count(*) FROM rows WHERE last IS NOT NULL").fetchone() == (0,)
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    data = path.read_bytes()
    assert resident_id(1).encode() not in data
    assert b"note 1" not in data


def test_a_row_that_goes_on_has_not_ended(world: World, provider: Provider) -> None:
    provider.change([("L1", 1, "again"), ("L2", 2, "again")])
    file = connect(path_of(world)[0])
    assert ended(file) == []
    file.close()


def test_what_ended_long_ago_is_forgotten_and_old_cursors_begin_anew(
    world: World, provider: Provider, follower: Follower
) -> None:
    follower.catch_up(world)
    provider.change([], ["L1"])
    path, version = path_of(world)
    with _held(path):
        tidy(path, version, pending=False, now=system_clock() + KEPT + 60_000)
    file = connect(path)
    assert (ended(file), floor(file)) == ([], version)
    file.close()
    answer = ask(world, follower.question())
    assert page_of(answer)["reset"] == {"begins": True, "ends": True}
    follower.take(answer)
    assert "L1" not in follower.items()
    assert follower.catch_up(world) == 0


def test_what_a_set_that_was_given_up_would_have_ended_is_not_told(
    world: World, provider: Provider, follower: Follower
) -> None:
    provider.change([], ["L1"])
    follower.catch_up(world)
    path, version = path_of(world)
    file = open_standing(path)
    file.execute(
        "INSERT INTO ended (version, time, tag, row, sealed) VALUES (?, 0, x'01', x'02', x'03')",
        (version + 1,),
    )
    assert ask(world, follower.question()).status == 204  # another version's is not even opened
    with _held(path):
        take_back(file, version)
    assert ended(file) == [version]
    file.close()


def test_a_cursor_says_nothing_of_anybody(world: World) -> None:
    follower = Follower(world.nrb, most=3)
    follower.once(world)
    cursor = world.hub.feeds._cursors.read(
        str(follower.cursor), world.hub.settings.full("nrb"), world.hub.settings.full(DATASET)
    )
    assert isinstance(cursor, Cursor)
    assert (cursor.phase, cursor.version, cursor.id) == ("reset", 1, 3)
    assert cursor.scope == ""


def _held(path: Path) -> FileLock:
    return lock_of(path)

"""Destroyed without an entry, or entered against the rules: the verification finds it."""

import json
from collections.abc import Sequence

import pytest
from world.aging import BASIS
from world.resting import LONG, Rested, destroy, faults
from world.time import DAY
from world.town import ADMINISTRATOR, World

from certs.canonical import Json
from hub.errors import StorageRefused
from hub.ledger import holds
from hub.reuse.verify import ReuseVerification
from hub.storage.objects import FolderObjects

EMPTY = {
    "material": (
        "UPDATE materials SET status = 'destroyed', key = x'', tag = x'', twin = NULL WHERE id = ?",
        "UPDATE material_filings SET sealed = x'' WHERE material = ?",
    ),
    "case": ("UPDATE cases SET key = x'', sealed = x'', applicant = NULL WHERE id = ?",),
}


def empty(world: World, what: str, name: str) -> None:
    """What the hub would do to the rows, by whoever has the file."""
    for statement in EMPTY[what]:
        world.hub.store.connection.execute(statement, (name,))


def enter(
    world: World, what: str, names: Sequence[str], said: dict[str, Json] | None = None
) -> None:
    """An entry that the hub itself would not have made, and rows and store to match."""
    state: dict[str, Json] = {"basis": BASIS, "ids": [*names], "what": what} | (said or {})
    with world.hub.changes.change(ADMINISTRATOR) as change:
        position = change.append("destruction", state)
    for name in names:
        if what in EMPTY:
            empty(world, what, name)
        if what == "material":
            world.hub.store.connection.execute(
                "UPDATE materials SET changed = ? WHERE id = ?", (position, name)
            )
            world.hub.views._objects.remove(name)


def reuse_faults(world: World) -> set[str]:
    return {one.why for one in ReuseVerification(world.hub.reading).run().faults}


# -- without an entry -----------------------------------------------------------------------------
def test_a_case_emptied_without_an_entry_is_found(aged: Rested) -> None:
    empty(aged.world, "case", aged.case)
    assert faults(aged.world) == {"table-case"}
    assert reuse_faults(aged.world) == {"content"}


def test_a_case_that_lost_only_its_key_is_found(aged: Rested) -> None:
    aged.world.hub.store.connection.execute("UPDATE cases SET key = x''")
    assert faults(aged.world) == {"table-case"}


def test_a_material_emptied_without_an_entry_is_found(aged: Rested) -> None:
    empty(aged.world, "material", aged.material)
    assert faults(aged.world) == {"table-material", "table-material-filing"}


def test_a_material_that_lost_only_its_key_is_found(aged: Rested) -> None:
    aged.world.hub.store.connection.execute("UPDATE materials SET key = x''")
    assert faults(aged.world) == {"table-material"}


@pytest.mark.parametrize("name", ["00000000", "thumbnail"])
def test_a_piece_missing_from_the_store_is_found(aged: Rested, name: str) -> None:
    (aged.world.hub.folder.objects / aged.material / name).unlink()
    assert faults(aged.world) == {"material-pieces"}


def test_what_came_back_from_a_backup_is_found(aged: Rested) -> None:
    world = aged.world
    here = world.hub.folder.objects / aged.material
    piece = (here / "00000000").read_bytes()
    rows = world.hub.reading.execute("SELECT key, sealed FROM cases").fetchall()
    destroy(world, "material", aged.material)
    destroy(world, "case", aged.case, aged.withdrawn)
    here.mkdir()
    (here / "00000000").write_bytes(piece)
    assert faults(world) == {"destruction-unfinished"}
    world.hub.store.connection.execute("UPDATE cases SET key = ?, sealed = ?", rows[0])
    assert faults(world) == {"destruction-unfinished", "table-case"}
    assert reuse_faults(world) == {"content"}


# -- entered against the rules --------------------------------------------------------------------
@pytest.mark.parametrize("what", ["material", "case"])
def test_too_early_is_found(rest: Rested, what: str) -> None:
    name = rest.material if what == "material" else rest.case
    rest.world.time.advance(LONG - 5 * DAY)
    enter(rest.world, what, [name])
    assert faults(rest.world) == {"destroyed-early"}


def test_against_a_hold_is_found(aged: Rested) -> None:
    world = aged.world
    position = world.hub.reading.execute(
        "SELECT entry FROM cases WHERE id = ?", (aged.case,)
    ).fetchone()[0]
    span = [(position, position + 1)]
    hold, _ = holds.place(
        world.hub.changes, world.hub.store.connection, ADMINISTRATOR, "民事诉讼法", span
    )
    enter(world, "case", [aged.case])
    enter(world, "material", [aged.material])
    found = [fault.why for fault in world.findings().faults]
    assert found == ["destroyed-held", "destroyed-held"]
    holds.release(world.hub.changes, world.hub.store.connection, ADMINISTRATOR, hold.id)
    enter(world, "case", [aged.withdrawn])
    assert len(world.findings().faults) == 2


def test_of_an_open_case_is_found(rest: Rested) -> None:
    world = rest.world
    case = str(rest.desk.open()["case"])
    world.time.advance(LONG)
    enter(world, "case", [case])
    enter(world, "material", [rest.material])
    found = [fault.why for fault in world.findings().faults]
    assert found == ["destroyed-in-use", "destroyed-in-use"]


@pytest.mark.parametrize(
    "said",
    [{"what": "licence"}, {"ids": []}, {"basis": ""}, {"more": 1}, {"ids": ["C-0"]}, {"ids": 3}],
)
def test_what_no_release_of_the_hub_writes_is_found(aged: Rested, said: dict[str, Json]) -> None:
    enter(aged.world, "case", [], {"ids": [aged.case]} | said)
    assert "destruction-state" in faults(aged.world)


def test_destroyed_twice_is_found(aged: Rested) -> None:
    destroy(aged.world, "case", aged.case)
    enter(aged.world, "case", [aged.case])
    assert faults(aged.world) == {"destruction-state"}


def test_a_case_that_goes_on_after_its_destruction_is_found(aged: Rested) -> None:
    world = aged.world
    (state,) = world.hub.reading.execute(
        "SELECT state FROM cases WHERE id = ?", (aged.case,)
    ).fetchone()
    destroy(world, "case", aged.case)
    with world.hub.changes.change(ADMINISTRATOR, moves_epoch=False) as change:
        change.append("case", json.loads(state))
    assert faults(world) == {"after-destruction"}


def test_a_store_that_cannot_be_read_is_told(aged: Rested, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: FolderObjects, __: str) -> list[str]:
        raise StorageRefused(why="objects")

    monkeypatch.setattr(FolderObjects, "names", refuse)
    assert faults(aged.world) == {"material-store"}

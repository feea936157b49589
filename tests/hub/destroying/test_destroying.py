"""What is past its retention is destroyed: no byte of it is left, and everything else holds."""

import os
import threading
from pathlib import Path

import pytest
from world.aging import BASIS, publish
from world.bucket import Bucket, serving_bucket
from world.casework import OTHER, casework
from world.filing import LEASE
from world.resting import (
    CASE_BYTES,
    MATERIAL_BYTES,
    Rested,
    blobs,
    content_of,
    destroy,
    faults,
    file_anew,
    lying,
    on_file,
    rested,
    states,
    sweep,
)
from world.time import DAY
from world.town import ADMINISTRATOR, Town, World, open_world

from certs.sealing import MasterKey
from hub.destroying.destroying import entered
from hub.errors import Conflict, ContentDestroyed, NotFound, StorageRefused
from hub.ledger import destroyed
from hub.ledger.change import Actor
from hub.ledger.erasure import ErasureRuns, alone
from hub.materials import register, sealed
from hub.reuse.verify import ReuseVerification
from hub.storage.objects import FolderObjects
from hub.storage.sqlite import connect
from hub.storage.wrapped import rewrap


def reuse_faults(world: World) -> set[str]:
    return {one.why for one in ReuseVerification(world.hub.reading).run().faults}


def pieces(world: World, material: str) -> list[bytes]:
    """The sealed pieces of a material, as they lie in the folder."""
    return [path.read_bytes() for path in (world.hub.folder.objects / material).iterdir()]


# -- bytes ----------------------------------------------------------------------------------------
def test_no_byte_of_a_destroyed_material_is_left(aged: Rested) -> None:
    world = aged.world
    other = file_anew(world, "Another lease", OTHER)
    old = [*blobs(world, *MATERIAL_BYTES, of=aged.material), *pieces(world, aged.material)]
    found = lying(world.root, old)
    assert found & {"control.db", "control.db-wal"}
    assert any(name.startswith(f"objects/{aged.material}/") for name in found)
    destroy(world, "material", aged.material)
    assert lying(world.root, old) == set()
    assert on_file(world) == []
    assert len(on_file(world, OTHER)) == 1
    assert lying(world.root, pieces(world, other)), "the others lie where they lay"


def test_no_byte_of_a_destroyed_case_is_left(aged: Rested) -> None:
    world = aged.world
    old = blobs(world, *CASE_BYTES, of=aged.case)
    assert len(old) == 2
    assert content_of(world, aged.case)
    destroy(world, "case", aged.case)
    assert lying(world.root, old) == set()
    with pytest.raises(ContentDestroyed):
        content_of(world, aged.case)
    assert content_of(world, aged.withdrawn), "the others are as they were"


def test_what_sqlite_moves_about_later_brings_nothing_back(aged: Rested) -> None:
    world = aged.world
    old = [*blobs(world, *MATERIAL_BYTES, *CASE_BYTES), *pieces(world, aged.material)]
    kept = [one for one in states(world, "material") if one != aged.material]
    destroy(world, "material", aged.material, *kept)
    destroy(world, "case", aged.case, aged.withdrawn)
    world.again().hub.close()
    publish(world)
    connection = connect(world.hub.folder.control)
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    assert lying(world.root, old) == set()


def test_in_the_bucket_nothing_is_left_either(town: Town, tmp_path: Path) -> None:
    with serving_bucket() as bucket:
        own = Town(tmp_path / "pattern", town.keys, town.grant, town.founded)
        town.copy(own.root)
        with (own.root / "hub.toml").open("a", encoding="utf-8") as file:
            file.write(bucket.settings())
        with open_world(own, tmp_path / "hub") as world:
            rest = rested(casework(world))
            names = bucket.names()
            assert len(names) == 2
            world.time.advance(4 * 366 * DAY)
            sweep(world)
            destroy(world, "case", rest.case)
            assert bucket.names() == names
            destroy(world, "material", *states(world, "material"))
            assert bucket.names() == []
            assert faults(world) == set()
            _lose_a_piece(world, bucket)


def _lose_a_piece(world: World, bucket: Bucket) -> None:
    """A piece that is gone from the bucket without an entry is missed."""
    file_anew(world, "Another lease")
    assert faults(world) == set()
    world.hub.views._objects.remove(bucket.names()[0].split("/")[-2])
    assert faults(world) == {"material-pieces"}


# -- what still holds -----------------------------------------------------------------------------
def test_log_tables_and_figure_still_hold(aged: Rested) -> None:
    world = aged.world
    publish(world)
    assert (faults(world), reuse_faults(world)) == (set(), set())
    before = world.hub.reading.execute("SELECT epoch FROM ledger_head").fetchone()[0]
    destroy(world, "material", *states(world, "material"))
    position = destroy(world, "case", aged.case, aged.withdrawn)
    publish(world)
    assert (faults(world), reuse_faults(world)) == (set(), set())
    assert world.hub.reading.execute("SELECT epoch FROM ledger_head").fetchone()[0] == before + 2
    kind, control, person, _ = world.entry(position)
    assert kind == "destruction"
    assert isinstance(control, dict)
    assert control["state"] == {
        "basis": BASIS,
        "ids": sorted([aged.case, aged.withdrawn]),
        "what": "case",
    }
    assert isinstance(person, dict)
    assert (person["officer"], person["subject"]) == ("admin", None)
    newest = entered(world.hub.reading)[0]
    assert (newest.entry, newest.listed, newest.complete) == (position, 2, True)


def test_whoever_hands_it_in_again_starts_anew(aged: Rested) -> None:
    world = aged.world
    again = file_anew(world, "Lease 2")
    destroy(world, "material", aged.material)
    anew = file_anew(world, "Lease")
    assert anew not in {aged.material, again}
    assert {row[0] for row in on_file(world)} == {again, anew}
    assert faults(world) == set()


def test_a_destroyed_material_is_made_usable_by_nobody(aged: Rested) -> None:
    world = aged.world
    destroy(world, "material", aged.material)
    filer = Actor("connector", department="nrb")
    for status in ("usable", "suspended", "withdrawn"):
        with pytest.raises(Conflict):
            register.set_status(world.hub.changes, filer, aged.material, status)


def test_a_new_master_key_passes_over_what_is_gone(aged: Rested) -> None:
    world = aged.world
    destroy(world, "material", aged.material)
    destroy(world, "case", aged.case)
    connection = world.hub.store.connection
    old = world.hub.master.key
    connection.execute("BEGIN")
    assert rewrap(connection, world.hub.settings.name, old, MasterKey(os.urandom(32))) > 0
    connection.execute("ROLLBACK")


# -- cut off --------------------------------------------------------------------------------------
def test_cut_off_before_the_store_nothing_is_served_and_it_is_finished_later(
    aged: Rested, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = aged.world
    removed: list[str] = []

    def refuse(_: FolderObjects, group: str) -> None:
        removed.append(group)
        raise StorageRefused(why="objects")

    with monkeypatch.context() as patch:
        patch.setattr(FolderObjects, "remove", refuse)
        world.hub.destructions.enter("material", [aged.material], BASIS, ADMINISTRATOR)
        with pytest.raises(StorageRefused):
            world.hub.destructions.step()
    assert removed == [aged.material]
    assert on_file(world) == []
    with pytest.raises(NotFound):
        world.hub.views._material(aged.material, LEASE)
    assert faults(world) == {"destruction-unfinished"}
    assert not entered(world.hub.reading)[0].complete
    other = world.again()
    assert other.hub.destructions.pending(other.hub.reading)
    assert other.hub.destructions.step()
    assert not other.hub.destructions.pending(other.hub.reading)
    other.hub.close()
    assert faults(world) == set()


def test_cut_off_while_pieces_go_the_rest_follows(
    aged: Rested, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, real = aged.world, FolderObjects.remove
    here = world.hub.folder.objects / aged.material

    def half(_: FolderObjects, __: str) -> None:
        min(here.iterdir()).unlink()
        raise StorageRefused(why="objects")

    world.hub.destructions.enter("material", [aged.material], BASIS, ADMINISTRATOR)
    monkeypatch.setattr(FolderObjects, "remove", half)
    with pytest.raises(StorageRefused):
        world.hub.destructions.step()
    monkeypatch.setattr(FolderObjects, "remove", real)
    assert world.hub.destructions.step()
    assert not here.exists()


def test_a_reader_holds_up_the_end_and_not_the_entry(aged: Rested) -> None:
    world = aged.world
    old = blobs(world, *CASE_BYTES, of=aged.case)
    reader = connect(world.hub.folder.control)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    world.hub.destructions.enter("case", [aged.case], BASIS, ADMINISTRATOR)
    step = threading.Thread(target=world.hub.destructions.step)
    step.start()
    world.hub.destructions.stop()
    step.join()
    assert not entered(world.hub.reading)[0].complete
    reader.execute("ROLLBACK")
    reader.close()
    world.hub.destructions._stopping.clear()
    assert world.hub.destructions.step()
    assert lying(world.root, old) == set()


def test_one_at_a_time_and_not_beside_an_erasure(aged: Rested) -> None:
    hub = aged.world.hub
    with alone(hub.folder, hub.clock, hub.store):
        with pytest.raises(ErasureRuns):
            hub.destructions.enter("case", [aged.case], BASIS, ADMINISTRATOR)
        assert not hub.destructions.step()


def test_the_verification_knows_how_large_pieces_are() -> None:
    assert destroyed.PIECE == sealed.PIECE

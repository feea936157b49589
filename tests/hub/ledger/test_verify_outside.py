"""``hub ledger verify`` beyond the tables: checkpoints as they are signed and kept, sealed rows."""

import shutil
from pathlib import Path

import pytest
from world.town import SUBJECTS, World, publish

from certs.keys import PrivateKey, generate
from certs.note import Checkpoint, sign_checkpoint
from hub.errors import StorageRefused
from hub.ledger.checkpoint import newest
from hub.ledger.verify import Outside, Verification
from hub.storage.sqlite import connect


def faults(world: World) -> set[str]:
    return {fault.why for fault in world.findings().faults}


def copy_of(world: World) -> Path:
    return world.hub.settings.checkpoint_copy


def signed(world: World, size: int, root: bytes, key: PrivateKey | None = None) -> str:
    """A checkpoint of this hub's origin, by default under its own key."""
    own = PrivateKey.load(world.hub.folder.keys / "checkpoint.key")
    origin = world.hub.origin
    return sign_checkpoint(Checkpoint(origin, size, root), origin, key or own)


def published(world: World) -> tuple[int, bytes]:
    found = newest(world.hub.reading)
    assert found is not None
    return found.size, found.root


def publish_note(world: World, note: str) -> None:
    world.hub.store.connection.execute("UPDATE checkpoints SET note = ?", (note,))


def test_a_sound_hub(world: World) -> None:
    world.ask(world.nrb.lookup())
    assert faults(world) == set()
    assert world.hub.checkpointer.step() is not None
    assert faults(world) == set()


# -- the note that is shown to everyone --------------------------------------------------------
def test_a_published_note_under_another_key(world: World) -> None:
    publish_note(world, signed(world, *published(world), generate("ed25519")))
    assert faults(world) == {"checkpoint-note"}


def test_a_published_note_of_another_root(world: World) -> None:
    publish_note(world, signed(world, published(world)[0], bytes(32)))
    assert faults(world) == {"checkpoint-note"}


def test_a_published_note_of_another_size(world: World) -> None:
    size, root = published(world)
    publish_note(world, signed(world, size - 1, root))
    assert faults(world) == {"checkpoint-note"}


# -- the checkpoint that is kept outside -------------------------------------------------------
def test_an_older_checkpoint_that_is_kept_agrees(world: World) -> None:
    """The hub may have died between its commit and the copy."""
    older = copy_of(world).read_text(encoding="utf-8")
    world.ask(world.nrb.lookup())
    world.hub.checkpointer.step()
    copy_of(world).write_text(older, encoding="utf-8")
    assert faults(world) == set()


def test_no_kept_checkpoint(world: World) -> None:
    copy_of(world).unlink()
    assert faults(world) == {"checkpoint-copy"}


@pytest.mark.parametrize("text", [b"", b"\xff\n\n\n", b"demo.yifen/ledger/1\n1\n\n"])
def test_a_kept_checkpoint_that_is_none(world: World, text: bytes) -> None:
    copy_of(world).write_bytes(text)
    assert faults(world) == {"checkpoint-copy"}


def test_a_kept_checkpoint_under_another_key(world: World) -> None:
    note = signed(world, *published(world), generate("ed25519"))
    copy_of(world).write_text(note, encoding="utf-8")
    assert faults(world) == {"checkpoint-copy"}


@pytest.mark.parametrize("back", [0, 1])
def test_a_kept_checkpoint_of_another_log(world: World, back: int) -> None:
    size, _ = published(world)
    copy_of(world).write_text(signed(world, size - back, bytes(32)), encoding="utf-8")
    assert faults(world) == {"checkpoint-copy"}


@pytest.mark.parametrize("beyond", [1, 1000])
def test_a_kept_checkpoint_beyond_the_log(world: World, beyond: int) -> None:
    """As after a restore of an older database."""
    size, root = published(world)
    copy_of(world).write_text(signed(world, size + beyond, root), encoding="utf-8")
    assert "checkpoint-copy" in faults(world)


# -- the sealed rows of what is live -----------------------------------------------------------
CHANGES = {
    "other bytes": "UPDATE rows SET sealed = zeroblob(length(sealed)) WHERE id = 3",
    "another subject": "UPDATE rows SET tag = (SELECT tag FROM rows WHERE id = 1) WHERE id = 2",
    "an earlier version": "UPDATE rows SET first = 0 WHERE id = 1",
    "one row less": "DELETE FROM rows WHERE id = 20",
    "one row more": "INSERT INTO rows SELECT 99, tag, row, first, last, sealed FROM rows LIMIT 1",
}


@pytest.mark.parametrize("how", CHANGES)
def test_rows_changed_behind_the_ledger(world: World, how: str) -> None:
    sealed = connect(world.hub.folder.generation("resident-1"))
    assert sealed.execute(CHANGES[how]).rowcount == 1
    sealed.close()
    assert faults(world) == {"generation-rows"}


@pytest.mark.parametrize("data", [None, b"", b"no database"])
def test_a_generation_that_is_gone_or_broken(world: World, data: bytes | None) -> None:
    file = world.hub.folder.generation("resident-1")
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    assert faults(world) == {"generation-rows"}


def test_the_rows_of_another_generation(world: World) -> None:
    first = world.hub.folder.generation("resident-1")
    publish(world.hub, "resident", [], name="resident-2")
    shutil.copy(first, world.hub.folder.generation("resident-2"))
    assert faults(world) == {"generation-rows"}


def test_a_generation_replaced_while_it_is_read_is_no_fault(world: World) -> None:
    hub = world.hub

    def gone(name: str, version: int) -> str:
        rows = [{"resident_id": SUBJECTS[0], "name": "甲", "status": "1"}]
        publish(hub, "resident", rows, name="resident-2")
        assert (name, version) == ("resident-1", 1)
        raise StorageRefused(why="cannot-open")

    outside = Outside(hub.origin, hub.ring.known(), copy_of(world), gone)
    found = Verification(hub.reading, hub.persons, outside).run(lambda _done, _all: None)
    assert found.faults == ()

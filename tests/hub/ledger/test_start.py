"""A hub whose ledger is behind what left the house does not serve: it would fork the log."""

import shutil
from pathlib import Path

import pytest
from world.time import Time
from world.town import Town, World, open_world

from certs.errors import CheckpointInvalid
from certs.keys import generate
from certs.note import Checkpoint, sign_checkpoint
from hub.errors import LedgerBehind
from hub.runtime import open_hub
from hub.storage.sqlite import connect

ORIGIN = "demo.yifen/ledger/1"


def backup(root: Path) -> Path:
    """A copy of the database as a backup program makes it."""
    copy = root.parent / "backup.db"
    source, target = connect(root / "control.db"), connect(copy, "rwc")
    source.backup(target)
    source.close()
    target.close()
    return copy


def restore(root: Path, copy: Path) -> None:
    for name in ("control.db", "control.db-wal", "control.db-shm"):
        (root / name).unlink(missing_ok=True)
    shutil.copy(copy, root / "control.db")


def grow(world: World, count: int = 2) -> None:
    for _ in range(count):
        world.ask(world.nrb.lookup())
    assert world.hub.checkpointer.step() is not None


def opens(root: Path) -> None:
    open_hub(root, Time()).close()


def test_a_sound_hub_opens_again(town: Town, tmp_path: Path) -> None:
    with open_world(town, tmp_path / "hub") as world:
        grow(world)
        world.ask(world.nrb.lookup())
    opens(tmp_path / "hub")


def test_an_old_backup_is_not_served(town: Town, tmp_path: Path) -> None:
    root = tmp_path / "hub"
    with open_world(town, root) as world:
        copy = backup(root)
        size = world.entries()
        grow(world)
    restore(root, copy)
    with pytest.raises(LedgerBehind) as refused:
        open_hub(root, Time())
    assert refused.value.facts == {"size": size, "kept": size + 2}


def test_an_old_backup_that_grew_again_is_a_fork_and_not_served(town: Town, tmp_path: Path) -> None:
    root = tmp_path / "hub"
    with open_world(town, root) as world:
        copy = backup(root)
        kept = root / "checkpoint.txt"
        before = kept.read_bytes()
        grow(world)
        seen_outside = kept.read_bytes()
    restore(root, copy)
    kept.write_bytes(before)  # so that it starts and grows on another branch
    world.hub = open_hub(root, Time())
    grow(world, 5)
    world.hub.close()
    kept.write_bytes(seen_outside)
    with pytest.raises(LedgerBehind):
        open_hub(root, Time())


def test_a_hub_that_lost_its_kept_checkpoint_is_not_served(town: Town, tmp_path: Path) -> None:
    root = town.copy(tmp_path / "hub")
    opens(root)
    (root / "checkpoint.txt").unlink()
    with pytest.raises(LedgerBehind):
        open_hub(root, Time())


def test_tiles_that_were_changed_are_found_at_start(town: Town, tmp_path: Path) -> None:
    root = town.copy(tmp_path / "hub")
    connection = connect(root / "control.db")
    connection.execute("UPDATE tiles SET hashes = zeroblob(length(hashes)) WHERE level = 0")
    connection.close()
    with pytest.raises(LedgerBehind):
        open_hub(root, Time())


@pytest.mark.parametrize("how", ["another key", "another origin", "an empty log", "cut", "nothing"])
def test_a_kept_checkpoint_that_is_not_ours_is_refused(
    town: Town, tmp_path: Path, how: str
) -> None:
    root = town.copy(tmp_path / "hub")
    kept = root / "checkpoint.txt"
    note = kept.read_text(encoding="utf-8")
    forged = Checkpoint(ORIGIN, 1, bytes(32))
    texts = {
        "another key": sign_checkpoint(forged, ORIGIN, generate("ed25519")),
        "another origin": note.replace("/ledger/1", "/ledger/2"),
        "an empty log": note.replace(note.split("\n")[1], "0", 1),
        "cut": note[:-5],
        "nothing": "",
    }
    kept.write_text(texts[how], encoding="utf-8")
    with pytest.raises(CheckpointInvalid):
        open_hub(root, Time())


def test_a_database_ahead_of_its_kept_checkpoint_is_sound(town: Town, tmp_path: Path) -> None:
    """The copy is written after the commit, so a hub that died between the two is behind there."""
    root = tmp_path / "hub"
    with open_world(town, root) as world:
        before = (root / "checkpoint.txt").read_bytes()
        grow(world)
    (root / "checkpoint.txt").write_bytes(before)
    opens(root)

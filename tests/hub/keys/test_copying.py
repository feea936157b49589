"""A copy of the master key counts once it was read back; until then the hub tells the risk."""

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from world.time import DAY
from world.town import ADMINISTRATOR, SUBJECTS, Town, World, open_world

from certs.authority import YEAR_MS
from certs.errors import InsecureKeyFile
from certs.sealing import MasterKey
from hub.commands import hub as hub_command
from hub.commands import run
from hub.keys.copying import CopyDiffers, CopyIsTheKey, confirm_copy, uncopied
from hub.keys.errors import KeyFileMissing
from hub.keys.master import waiting_file
from hub.keys.register import registered
from hub.ledger.change import OPERATOR
from hub.ops.doctor import examine
from hub.ops.keys import at_stake
from hub.storage.sqlite import connect


@pytest.fixture
def copy(world: World, tmp_path: Path) -> Path:
    """A copy on a stick that knows no modes."""
    made = tmp_path / "stick" / "MASTER.KEY"
    made.parent.mkdir()
    shutil.copyfile(world.hub.settings.master_key, made)
    made.chmod(0o777)
    return made


def confirm(world: World, copy: Path) -> str:
    return confirm_copy(world.hub.changes, OPERATOR, world.hub.settings.master_key, copy)


def test_a_copy_that_is_the_key_is_entered(world: World, copy: Path) -> None:
    assert uncopied(world.hub.reading) is not None
    name = confirm(world, copy)
    assert uncopied(world.hub.reading) is None
    kind, control, _, _ = world.entry(-2)
    assert kind == "operator"
    assert isinstance(control, dict)
    assert control["state"] == {"act": "confirm-copy", "key": name}
    assert world.entry(-1)[0] == "key"
    assert world.findings().faults == ()


def test_another_key_is_no_copy(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    found = MasterKey.create(other)
    before = world.entries()
    with pytest.raises(CopyDiffers) as refused:
        confirm(world, other)
    assert refused.value.facts["found"] == found.fingerprint
    assert refused.value.facts["needed"] == uncopied(world.hub.reading).id  # type: ignore[union-attr]
    assert world.entries() == before


@pytest.mark.parametrize("change", [lambda d: d[:-4] + b"AAA\n", lambda d: d[:20], lambda _: b""])
def test_a_copy_that_cannot_be_read_is_none(world: World, copy: Path, change: object) -> None:
    assert callable(change)
    copy.write_bytes(change(copy.read_bytes()))
    with pytest.raises(CopyDiffers):
        confirm(world, copy)
    assert uncopied(world.hub.reading) is not None


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_the_key_itself_is_no_copy(world: World, tmp_path: Path, link: object) -> None:
    assert callable(link)
    linked = tmp_path / "linked"
    link(world.hub.settings.master_key, linked)
    for path in (world.hub.settings.master_key, linked):
        with pytest.raises(CopyIsTheKey):
            confirm(world, path)


def test_a_copy_of_a_key_that_was_replaced_is_none(world: World, copy: Path) -> None:
    path = world.hub.settings.master_key
    path.unlink()
    MasterKey.create(path)
    shutil.copyfile(path, copy)
    with pytest.raises(CopyDiffers):
        confirm(world, copy)


def test_what_is_at_stake_is_said_until_a_copy_was_read(world: World, copy: Path) -> None:
    stake = at_stake(world.root)
    assert stake is not None
    assert stake.records == len(SUBJECTS)
    confirm(world, copy)
    assert at_stake(world.root) is None


def verdicts(world: World) -> dict[str, str]:
    return {one.what: one.verdict for one in examine(world.root, world.time)}


def test_the_doctor_asks_for_a_copy_and_after_a_year_for_another_look(
    world: World, copy: Path
) -> None:
    assert verdicts(world)["master-copy"] == "warn"
    confirm(world, copy)
    assert verdicts(world)["copy-checked"] == "good"
    world.time.advance(367 * DAY)
    assert verdicts(world)["copy-checked"] == "warn"
    confirm(world, copy)
    assert verdicts(world)["copy-checked"] == "good"


def ending(world: World) -> set[str]:
    return {
        str(one.error.facts["use"])
        for one in examine(world.root, world.time)
        if one.what == "key-ends" and one.error is not None
    }


def test_the_doctor_tells_of_what_ends_within_ninety_days(world: World) -> None:
    assert ending(world) == set()
    founded = world.time() - DAY
    world.time.now = founded + 3 * YEAR_MS - 91 * DAY
    assert ending(world) == set()
    world.time.advance(2 * DAY)
    assert ending(world) == {"receipt", "checkpoint", "credential"}
    world.time.now = founded + 5 * YEAR_MS - 89 * DAY
    assert ending(world) == {"receipt", "checkpoint", "credential", "issuing"}
    world.time.now = founded + 20 * YEAR_MS - 89 * DAY
    assert "root" in ending(world)


def test_the_doctor_names_a_key_whose_file_is_missing(world: World) -> None:
    (world.hub.folder.keys / "receipt.key").unlink()
    found = {one.what: one for one in examine(world.root, world.time)}
    assert found["key-files"].verdict == "bad"
    assert isinstance(found["key-files"].error, KeyFileMissing)


def test_the_doctor_looks_at_the_keys_of_a_hub_that_has_no_register_yet(world: World) -> None:
    connection = connect(world.hub.folder.control)
    connection.execute("DELETE FROM signing_keys")
    connection.close()
    found = [one.verdict for one in examine(world.root, world.time) if one.what == "key-files"]
    assert found == ["good"] * 3
    (world.hub.folder.keys / "session.key").unlink()
    found = [one.verdict for one in examine(world.root, world.time) if one.what == "key-files"]
    assert sorted(found) == ["bad", "good", "good"]


# -- the commands -----------------------------------------------------------------------------
def command(world: World, *arguments: str) -> tuple[int, str]:
    """One command of an operator at the folder; status, and all that was said."""
    result = CliRunner().invoke(hub_command, ["--folder", str(world.root), *arguments])
    return result.exit_code, result.output


@pytest.fixture
def today(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The clock of the commands is the world's."""
    monkeypatch.setattr("hub.commands.key.system_clock", world.time)
    return world


def test_a_copy_is_confirmed_at_the_folder_while_the_hub_serves(today: World, copy: Path) -> None:
    key = (today.root / "keys" / "master.key").read_text()
    status, told = command(today, "key", "confirm-copy", str(copy))
    assert status == 0
    assert key.strip().partition(":")[2] not in told
    assert at_stake(today.root) is None
    assert today.ask(today.nrb.lookup()).status == 200


def test_the_whole_way_to_a_new_master_key(today: World, tmp_path: Path) -> None:
    status, told = command(today, "key", "new-master")
    assert status == 0
    waiting = waiting_file(today.hub.settings.master_key)
    name = MasterKey.load(waiting).fingerprint
    assert name in told
    copy = tmp_path / "copy"
    shutil.copyfile(waiting, copy)
    assert command(today, "key", "confirm-copy", str(copy))[0] == 0
    rows = {key.id: key for key in registered(today.hub.reading)}
    assert rows[name].copied is not None
    assert rows[name].status == "waiting"


def test_a_key_whose_file_is_lost_is_made_anew(today: World) -> None:
    for use in ("receipt", "checkpoint", "session"):
        (today.root / "keys" / f"{use}.key").unlink()
    with pytest.raises(KeyFileMissing):
        today.again()
    for use in ("receipt", "checkpoint", "session"):
        assert command(today, "key", "replace", use)[0] == 0
    again = today.again()
    assert again.ask(again.nrb.lookup()).status == 200
    assert again.findings().faults == ()
    again.hub.close()


def test_a_database_older_than_its_keys_takes_up_the_newer_ones(town: Town, tmp_path: Path) -> None:
    """Restored from before a rotation: the keys of now lie in the folder with their papers."""
    older = tmp_path / "control.db"
    with open_world(town, tmp_path / "hub") as world:
        connect(world.hub.folder.control).backup(connect(older, "rwc"))
        rotated = world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
        signing = world.hub.keys.rotation.rotate(ADMINISTRATOR, "checkpoint", at_once=True)
        kid = world.hub.ring.receipt.kid
    shutil.copyfile(older, world.hub.folder.control)
    for name in ("control.db-wal", "control.db-shm"):
        (world.root / name).unlink(missing_ok=True)
    again = world.again()
    active = {k.use: k.id for k in registered(again.hub.reading) if k.status == "active"}
    assert (active["receipt"], active["checkpoint"]) == (rotated.id, signing.id)
    assert again.hub.ring.receipt.kid == kid
    assert again.findings().faults == ()
    again.hub.close()


def test_a_master_key_that_others_may_read_is_not_used(world: World) -> None:
    world.hub.settings.master_key.chmod(0o644)
    with pytest.raises(InsecureKeyFile):
        world.again()


def test_init_says_what_the_loss_of_the_master_key_means(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    password = tmp_path / "password"
    password.write_text("seven small lanterns\n")
    folder = tmp_path / "hub"
    arguments = ["--folder", str(folder), "init", "--name", "demo.yifen"]
    assert run([*arguments, "--password-file", str(password)]) == 0
    told = capsys.readouterr().out
    key = (folder / "keys" / "master.key").read_text().strip().partition(":")[2]
    assert key not in told
    assert "confirm-copy" in told
    monkeypatch.setattr("hub.commands.serving.serve_hub", lambda *_, **__: None)
    assert run(["--folder", str(folder), "serve"]) == 0
    warned = capsys.readouterr().err
    assert "confirm-copy" in warned
    shutil.copyfile(folder / "keys" / "master.key", tmp_path / "copy")
    assert run(["--folder", str(folder), "key", "confirm-copy", str(tmp_path / "copy")]) == 0
    capsys.readouterr()
    assert run(["--folder", str(folder), "serve"]) == 0
    assert capsys.readouterr().err == ""

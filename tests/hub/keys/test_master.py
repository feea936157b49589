"""The master key is replaced while the hub serves, and cut off anywhere it can be finished."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from world.serving import environment
from world.town import ADMINISTRATOR, SUBJECTS, Town, World, open_world, publish

from certs.errors import InsecureKeyFile, SealBroken
from certs.keys import write_secret
from certs.sealing import MasterKey, fingerprint
from hub.access import marks
from hub.errors import Conflict, NotFound, StorageRefused
from hub.keys import adoption
from hub.keys.copying import confirm_copy, new_master
from hub.keys.errors import MasterKeyOther
from hub.keys.kept import LABELS
from hub.keys.master import BEFORE, Master, waiting_file
from hub.keys.register import active_master, registered
from hub.keys.replacing import Replacing
from hub.ledger.change import OPERATOR, Actor
from hub.ledger.month_keys import MonthKeys
from hub.runtime import open_hub
from hub.storage.sqlite import connect
from hub.storage.wrapped import wrapped_keys


class Killed(BaseException):
    """The process ends here."""


def prepare(world: World) -> str:
    """A new master key, made and copied as the operator does; gives its name."""
    path = world.hub.settings.master_key
    made = new_master(world.hub.changes, OPERATOR, path)
    copy = world.root.parent / "stick"
    copy.write_bytes(waiting_file(path).read_bytes())
    confirm_copy(world.hub.changes, OPERATOR, path, copy)
    return made


def rotate(world: World) -> tuple[MasterKey, MasterKey]:
    """The whole of it; gives the key before and the key of now."""
    old = MasterKey.load(world.hub.settings.master_key)
    name = prepare(world)
    world.hub.keys.replacing.rotate(ADMINISTRATOR, name)
    return old, MasterKey.load(world.hub.settings.master_key)


def opens(world: World, key: MasterKey) -> set[bool]:
    """Whether a key opens what is wrapped, in the database and in the files."""
    found = set()
    for one in wrapped_keys(world.hub.reading, "demo.yifen"):
        found.add(_opens(lambda one=one: key.unwrap(one.blob, one.context)))  # type: ignore[misc]
    months = MonthKeys(world.hub.folder.keys, key)
    for retention, month in months.names():
        found.add(_opens(lambda r=retention, m=month: months.open(r, m)))  # type: ignore[misc]
    return found


def _opens(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except SealBroken:
        return False
    return True


def test_everything_is_wrapped_anew_and_the_old_key_opens_nothing(world: World) -> None:
    world.ask(world.nrb.lookup())
    old, new = rotate(world)
    assert old.fingerprint != new.fingerprint
    assert opens(world, new) == {True}
    assert opens(world, old) == {False}
    assert not waiting_file(world.hub.settings.master_key).exists()
    assert world.findings().faults == ()
    assert world.ask(world.nrb.lookup()).status == 200
    states = {key.id: key.status for key in registered(world.hub.reading)}
    assert (states[old.fingerprint], states[new.fingerprint]) == ("retired", "active")
    again = world.again()
    assert again.ask(again.nrb.lookup()).status == 200
    again.hub.close()


def test_another_worker_reads_and_wraps_under_the_new_key(world: World) -> None:
    other = world.again()
    # It has opened no generation yet: what it reads first is wrapped by the new key.
    _, new = rotate(world)
    assert other.ask(other.nrb.lookup()).status == 200
    publish(other.hub, "resident", [], name="resident-2")
    assert opens(world, new) == {True}
    other.hub.close()


def test_what_a_worker_wraps_after_the_switch_is_wrapped_by_the_new_key(world: World) -> None:
    other = world.again()
    _, new = rotate(world)
    with other.hub.store.locked():
        blob = other.hub.master.wrap(b"k" * 32, "here")
    assert new.unwrap(blob, "here") == b"k" * 32
    other.hub.close()


def test_what_hangs_on_kept_keys_stays_what_it_was(world: World) -> None:
    """A repaired record stays repaired: its pseudonym does not change with the master key."""
    sender = Actor("connector", department="psb")
    source = world.hub.book.refresh().source("resident")
    assert source is not None
    pseudonym = world.hub.records.pseudonym(source, SUBJECTS[0], SUBJECTS[0])
    marks.set_mark(world.hub.changes, sender, "resident", pseudonym, "repaired", ("x", "y"))
    assert world.ask(world.nrb.lookup()).result["found"] is False
    before = [world.hub.keys.kept.key(label) for label in LABELS]
    rotate(world)
    again = world.again()
    assert [again.hub.keys.kept.key(label) for label in LABELS] == before
    assert again.ask(again.nrb.lookup()).result["found"] is False
    again.hub.close()


def test_a_new_hub_derives_nothing_from_its_master_key(world: World) -> None:
    master = MasterKey.load(world.hub.settings.master_key)
    for label in LABELS:
        assert world.hub.keys.kept.key(label) != master.derive(label)


def test_a_kept_key_that_is_gone_is_not_made_anew(world: World) -> None:
    """Another in its place would let every repaired record come back."""
    connection = connect(world.hub.folder.control)
    connection.execute("DELETE FROM kept_keys WHERE label = 'marks'")
    connection.close()
    with pytest.raises(StorageRefused) as refused:
        world.again()
    assert refused.value.facts["why"] == "kept-key-marks"


# -- who may, and with which key ---------------------------------------------------------------
def test_a_key_that_nobody_has_copied_does_not_take_over(world: World) -> None:
    name = new_master(world.hub.changes, OPERATOR, world.hub.settings.master_key)
    with pytest.raises(Conflict) as refused:
        world.hub.keys.replacing.rotate(ADMINISTRATOR, name)
    assert refused.value.facts["why"] == "master-not-copied"
    assert active_master(world.hub.reading) != name


def test_a_key_that_somebody_put_there_does_not_take_over(world: World) -> None:
    """The administrator names the key; and the register must know it."""
    path = waiting_file(world.hub.settings.master_key)
    planted = MasterKey.create(path)
    with pytest.raises(Conflict) as refused:
        world.hub.keys.replacing.rotate(ADMINISTRATOR, planted.fingerprint)
    assert refused.value.facts["why"] == "master-not-waiting"
    path.unlink()
    name = prepare(world)
    path.unlink()
    MasterKey.create(path)
    with pytest.raises(Conflict) as refused:
        world.hub.keys.replacing.rotate(ADMINISTRATOR, name)
    assert refused.value.facts["why"] == "master-other"


def test_nothing_waits(world: World) -> None:
    with pytest.raises(NotFound):
        world.hub.keys.replacing.rotate(ADMINISTRATOR, "0" * 32)


def test_a_waiting_key_that_others_may_read_does_not_take_over(world: World) -> None:
    name = prepare(world)
    waiting_file(world.hub.settings.master_key).chmod(0o644)
    with pytest.raises(InsecureKeyFile):
        world.hub.keys.replacing.rotate(ADMINISTRATOR, name)


def test_a_waiting_key_is_given_up(world: World) -> None:
    name = prepare(world)
    world.hub.keys.rotation.retire(ADMINISTRATOR, name)
    assert not waiting_file(world.hub.settings.master_key).exists()
    another = prepare(world)
    assert another != name
    world.hub.keys.replacing.rotate(ADMINISTRATOR, another)


def test_making_it_twice_says_the_same_key(world: World) -> None:
    path = world.hub.settings.master_key
    first = new_master(world.hub.changes, OPERATOR, path)
    assert new_master(world.hub.changes, OPERATOR, path) == first
    assert [key.id for key in registered(world.hub.reading)].count(first) == 1
    world.ask(world.nrb.lookup())
    # An epoch that moves without an entry would be a fault in the log for ever.
    assert world.findings().faults == ()


def test_nothing_changes_if_something_could_not_be_opened(world: World) -> None:
    connection = connect(world.hub.folder.control)
    connection.execute("UPDATE generations SET keys = x'00'")
    connection.close()
    before = MasterKey.load(world.hub.settings.master_key)
    name = prepare(world)
    with pytest.raises(StorageRefused) as refused:
        world.hub.keys.replacing.rotate(ADMINISTRATOR, name)
    assert refused.value.facts["why"] == "wrapped-key"
    before.check_same(MasterKey.load(world.hub.settings.master_key))
    assert active_master(world.hub.reading) == before.fingerprint


def test_nothing_changes_if_a_month_key_could_not_be_opened(world: World) -> None:
    file = world.hub.folder.keys / "persons" / "credit-2020-01.key"
    write_secret(file, b"yifen-month-key-1:AAAA\n")
    before = active_master(world.hub.reading)
    name = prepare(world)
    with pytest.raises(StorageRefused):
        world.hub.keys.replacing.rotate(ADMINISTRATOR, name)
    assert active_master(world.hub.reading) == before


# -- cut off ----------------------------------------------------------------------------------
STEPS = ("rewrap", "commit", "months", "forget", "destroy", "place")


def kill_at(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the process end just before a step, with nothing of what comes after."""
    from hub.keys import replacing  # noqa: PLC0415 the module whose names are exchanged

    def die(*_: object, **__: object) -> None:
        raise Killed

    match step:
        case "rewrap":
            monkeypatch.setattr(replacing, "rewrap", die)
        case "commit":
            # Everything of the transaction is written, and it is not committed.
            monkeypatch.setattr(replacing, "enter", die)
        case "months":
            monkeypatch.setattr(MonthKeys, "rewrap", die)
        case "forget":
            real = MonthKeys.rewrap

            def rewrap_and_die(self: MonthKeys, old: MasterKey, new: MasterKey) -> None:
                real(self, old, new)
                raise Killed

            monkeypatch.setattr(MonthKeys, "rewrap", rewrap_and_die)
        case "destroy":
            monkeypatch.setattr(Replacing, "_place", die)
        case "place":
            monkeypatch.setattr(replacing, "sync_folder", die)
            monkeypatch.setattr(Path, "replace", die)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step(world: World, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the two files is enough at every moment, and the next start finishes it."""
    path = world.hub.settings.master_key
    world.ask(world.nrb.lookup())
    old = MasterKey.load(path)
    name = prepare(world)
    new = MasterKey.load(waiting_file(path))
    with monkeypatch.context() as patched:
        kill_at(step, patched)
        with pytest.raises(Killed):
            world.hub.keys.replacing.rotate(ADMINISTRATOR, name)
    needed = active_master(world.hub.reading)
    switched = step not in {"rewrap", "commit"}
    assert needed == (new if switched else old).fingerprint
    # The other file is not needed: take it away altogether.
    for file in (path, waiting_file(path)):
        found = MasterKey.load(file) if file.exists() else None
        if found is not None and found.fingerprint != needed:
            file.unlink()
    again = world.again()
    assert again.ask(again.nrb.lookup()).status == 200
    assert again.findings().faults == ()
    assert opens(again, new if switched else old) == {True}
    assert path.exists()
    if switched:
        assert not waiting_file(path).exists()
        kept = again.hub.reading.execute("SELECT label FROM kept_keys").fetchall()
        assert not [label for (label,) in kept if label.startswith(BEFORE)]
    again.hub.close()


def run_cut_off(root: Path, now: int, name: str, step: int) -> subprocess.CompletedProcess[str]:
    driver = Path(__file__).with_name("cut_off.py")
    return subprocess.run(
        [sys.executable, driver, str(root), str(now), name, str(step)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=60,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_at_every_file_and_lock_that_it_touches(town: Town, tmp_path: Path) -> None:
    """kill -9 in a process of its own; afterwards there is one file that is enough."""
    with open_world(town, tmp_path / "template") as world:
        world.ask(world.nrb.lookup())
        name, now = prepare(world), world.time()
    done = run_cut_off(shutil.copytree(world.root, tmp_path / "whole"), now, name, 0)
    assert done.returncode == 0, done.stderr
    outcomes = set()
    for step in range(1, int(done.stdout) + 1):
        root = shutil.copytree(world.root, tmp_path / f"cut-{step}")
        assert run_cut_off(root, now, name, step).returncode == -signal.SIGKILL
        again = replace(world, root=root).again()
        needed = active_master(again.hub.reading)
        outcomes.add(needed == name)
        assert opens(again, again.hub.master.key) == {True}
        assert again.ask(again.nrb.lookup()).status == 200
        assert again.findings().faults == ()
        assert waiting_file(again.hub.settings.master_key).exists() == (needed != name)
        again.hub.close()
        shutil.rmtree(root)
    assert outcomes == {True, False}


@pytest.mark.parametrize("step", STEPS)
def test_a_hub_without_the_file_it_needs_says_which(
    world: World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.hub.settings.master_key
    name = prepare(world)
    with monkeypatch.context() as patched:
        kill_at(step, patched)
        with pytest.raises(Killed):
            world.hub.keys.replacing.rotate(ADMINISTRATOR, name)
    needed = active_master(world.hub.reading)
    for file in (path, waiting_file(path)):
        if file.exists() and MasterKey.load(file).fingerprint == needed:
            file.unlink()
    with pytest.raises(MasterKeyOther) as refused:
        open_hub(world.root, world.time)
    assert refused.value.facts["needed"] == needed


def test_another_worker_goes_on_while_the_files_are_not_in_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the switch: month keys are still wrapped by the key before."""
    other = world.again()
    sent = other.nrb.question()
    other.ask(other.nrb.lookup(**sent))
    name = prepare(world)
    with monkeypatch.context() as patched:
        kill_at("months", patched)
        with pytest.raises(Killed):
            world.hub.keys.replacing.rotate(ADMINISTRATOR, name)
    assert other.ask(other.nrb.lookup()).status == 200
    third = Master(world.hub.settings.master_key, world.hub.reading)
    months = MonthKeys(world.hub.folder.keys, third)
    assert all(months.open(retention, month) for retention, month in months.names())
    other.hub.keys.tidy()
    assert opens(other, MasterKey.load(world.hub.settings.master_key)) == {True}
    other.hub.close()


def test_where_the_file_cannot_be_replaced_the_new_one_is_read_where_it_lies(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("hub.keys.replacing.destroy_secret", refuse)
    name = prepare(world)
    world.hub.keys.replacing.rotate(ADMINISTRATOR, name)
    assert waiting_file(world.hub.settings.master_key).exists()
    again = world.again()
    assert again.ask(again.nrb.lookup()).status == 200
    again.hub.close()


# -- hubs from before -------------------------------------------------------------------------
def test_a_hub_from_before_takes_over_what_it_had_derived(world: World) -> None:
    """Its register is empty: keys are entered, and pseudonyms stay what they are."""
    path = world.hub.settings.master_key
    master = MasterKey.load(path)
    connection = connect(world.hub.folder.control)
    connection.execute("DELETE FROM signing_keys")
    connection.execute("DELETE FROM kept_keys")
    connection.close()
    (world.hub.folder.keys / "checkpoint.pem").unlink()
    again = world.again()
    assert [again.hub.keys.kept.key(label) for label in LABELS] == [
        master.derive(label) for label in LABELS
    ]
    entered = {key.use: key.id for key in registered(again.hub.reading)}
    assert entered["master"] == master.fingerprint
    assert entered["marks"] == fingerprint(master.derive("marks"))
    assert (world.hub.folder.keys / "checkpoint.pem").exists()
    assert again.ask(again.nrb.lookup()).status == 200
    again.hub.close()


def test_two_processes_that_open_such_a_hub_at_once_enter_its_keys_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second saw that something was to do before it got the lock."""
    seen, real = iter([True]), adoption._to_do
    monkeypatch.setattr(adoption, "_to_do", lambda *given: next(seen, False) or real(*given))
    before = len(registered(world.hub.reading))
    again = world.again()
    again.ask(again.nrb.lookup())
    assert len(registered(again.hub.reading)) == before
    assert again.findings().faults == ()
    again.hub.close()

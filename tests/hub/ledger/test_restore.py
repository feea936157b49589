"""A restored database that has lost entries goes on under the next name of its log, or not."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from world.asking import Answer, Sent, check_receipt
from world.time import MINUTE, Time
from world.town import ADMINISTRATOR, PASSWORD, Town, World, open_world

from certs.canonical import canonical
from certs.encoding import rfc3339
from certs.errors import CheckpointInvalid, YifenError
from certs.keys import PrivateKey, generate
from certs.leaf import check_part, read_leaf
from certs.note import Checkpoint, open_checkpoint, sign_checkpoint
from certs.receipts import verify_receipt
from certs.signatures import SKEW
from certs.tree import leaf_hash, verify_inclusion
from hub.access import connectors
from hub.commands import run
from hub.errors import (
    CheckpointUnknown,
    Forbidden,
    LedgerBehind,
    NotesContradict,
    NoteUnusable,
    NotThisLog,
    SessionEnded,
    SignedBeforeRestore,
    StorageRefused,
    Unavailable,
)
from hub.ledger.change import OPERATOR
from hub.ledger.checkpoint import newest
from hub.ledger.origin import origins
from hub.ledger.restore import Survey
from hub.ops.restore import Restoration, offline, put_away
from hub.runtime import open_hub
from hub.storage.lock import FileLock
from hub.storage.sqlite import connect

FIRST, SECOND, THIRD = (f"demo.yifen/ledger/{n}" for n in (1, 2, 3))
SECRET = "a-token-of-some-length"


def backup(root: Path) -> Path:
    """A copy of the database as a backup program makes it."""
    copy = root.parent / "backup.db"
    copy.unlink(missing_ok=True)
    source, target = connect(root / "control.db"), connect(copy, "rwc")
    source.backup(target)
    source.close()
    target.close()
    return copy


def put_back(root: Path, copy: Path) -> None:
    for name in ("control.db", "control.db-wal", "control.db-shm"):
        (root / name).unlink(missing_ok=True)
    shutil.copy(copy, root / "control.db")


@dataclass
class Loss:
    """A hub that was set back: what was asked and answered before, and what of it is lost."""

    world: World
    kept: list[tuple[Sent, Answer]] = field(default_factory=list)
    lost: list[tuple[Sent, Answer]] = field(default_factory=list)
    session: str = ""
    invitation: str = ""
    size: int = 0
    """Entries of the backup."""

    @property
    def root(self) -> Path:
        return self.world.root

    @property
    def copy(self) -> Path:
        return self.world.hub.settings.checkpoint_copy

    def ask(self, into: list[tuple[Sent, Answer]], count: int = 2) -> None:
        for _ in range(count):
            sent = self.world.nrb.lookup()
            into.append((sent, self.world.ask(sent)))
        assert self.world.hub.checkpointer.step() is not None

    def restoration(self) -> "Restored":
        return Restored(self)

    def refusal(self) -> type[YifenError] | None:
        """Why the hub does not serve; the error itself would keep its locks."""
        try:
            open_hub(self.root, self.world.time).close()
        except YifenError as error:
            return type(error)
        return None

    def reopen(self) -> World:
        """The hub again, with its clock past the time from which signatures count."""
        self.world.time.advance(SKEW * 1000)
        self.world.hub = open_hub(self.root, self.world.time)
        return self.world


class Restored:
    """``hub restore`` as a block."""

    def __init__(self, loss: Loss) -> None:
        self._offline = offline(loss.root, loss.world.time)

    def __enter__(self) -> Restoration:
        return self._offline.__enter__()

    def __exit__(self, *given: object) -> None:
        self._offline.__exit__(*given)  # type: ignore[arg-type]


@pytest.fixture
def loss(town: Town, tmp_path: Path) -> Iterator[Loss]:
    with open_world(town, tmp_path / "hub") as world:
        loss = Loss(world)
        hub = world.hub
        loss.session = hub.sessions.sign_in("admin", PASSWORD).token
        loss.invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "desk")
        loss.ask(loss.kept)
        loss.size = world.entries()
        copy = backup(loss.root)
        world.time.advance(MINUTE)
        loss.ask(loss.lost)
        hub.close()
        put_back(loss.root, copy)
        yield loss
        # The town's own block closes a hub once more.
        world.hub = open_hub(town.copy(tmp_path / "other"), world.time)


def restore(loss: Loss, files: Sequence[Path] = (), *, unknown: bool = False) -> Survey:
    with loss.restoration() as hub:
        found = hub.survey(hub.gather(files), unknown=unknown)
        hub.open(found)
        return found


def state_of(world: World, position: int) -> dict[str, object]:
    kind, control, _, _ = world.entry(position)
    assert kind == "operator"
    assert isinstance(control, dict)
    assert control["channel"] == "operator"
    state = control["state"]
    assert isinstance(state, dict)
    return dict(state)


# -- when nothing is to be done ----------------------------------------------------------------
def test_a_database_that_is_not_behind_is_left_alone(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = town.copy(tmp_path / "hub")
    before = connect(root / "control.db").execute("SELECT next FROM ledger_head").fetchone()
    command = ["--folder", str(root), "restore", "--open-new-origin", "--yes"]
    assert run(command) == 0
    assert FIRST in capsys.readouterr().out
    assert connect(root / "control.db").execute("SELECT next FROM ledger_head").fetchone() == before
    assert put_away(root / "checkpoint.txt") == []
    hub = open_hub(root, Time())
    assert hub.origin == FIRST
    hub.close()


def test_a_hub_that_serves_is_not_restored(loss: Loss) -> None:
    serving = FileLock(loss.world.hub.folder.serving)
    serving.share()
    with pytest.raises(StorageRefused) as refused, loss.restoration():
        pass
    assert refused.value.facts == {"why": "hub-is-running"}
    serving.close()


# -- what is found out --------------------------------------------------------------------------
def test_what_is_kept_and_lost_is_told_without_changing_anything(
    loss: Loss, capsys: pytest.CaptureFixture[str]
) -> None:
    with loss.restoration() as hub:
        found = hub.survey(hub.gather(()))
    assert (found.kept, found.lost_to, found.behind) == (loss.size, loss.size + 2, True)
    assert found.newest is not None
    assert found.newest.checkpoint.origin == FIRST
    assert found.time == loss.world.town.founded
    assert run(["--folder", str(loss.root), "restore"]) == 1
    told = capsys.readouterr().out
    assert f"{loss.size} " in told
    assert SECOND in told
    assert loss.refusal() is LedgerBehind


def test_the_newest_of_several_checkpoints_counts(loss: Loss, tmp_path: Path) -> None:
    """A connector may have seen more than the hub's own copy tells of."""
    newer = tmp_path / "newer"
    newer.write_bytes(loss.copy.read_bytes())
    older = connect(loss.root / "control.db").execute("SELECT note FROM checkpoints").fetchone()[0]
    loss.copy.write_text(older, encoding="utf-8")
    with loss.restoration() as hub:
        assert not hub.survey(hub.gather(())).behind
        found = hub.survey(hub.gather([newer]))
    assert found.behind
    assert found.lost_to == loss.size + 2
    assert found.agreed == (loss.size,)


def sign(loss: Loss, size: int, root: bytes, origin: str = FIRST) -> str:
    key = PrivateKey.load(loss.world.hub.folder.keys / "checkpoint.key")
    return sign_checkpoint(Checkpoint(origin, size, root), origin, key)


@pytest.mark.parametrize("what", ["another key", "another hub", "nothing", "bytes", "no name"])
def test_a_file_that_is_no_checkpoint_of_this_hub_is_refused(
    loss: Loss, tmp_path: Path, what: str
) -> None:
    checkpoint = Checkpoint(FIRST, 99, bytes(32))
    other = Checkpoint("other.yifen/ledger/1", 99, bytes(32))
    own = PrivateKey.load(loss.world.hub.folder.keys / "checkpoint.key")
    data = {
        "another key": sign_checkpoint(checkpoint, FIRST, generate("ed25519")).encode(),
        "another hub": sign_checkpoint(other, other.origin, own).encode(),
        "nothing": b"",
        "bytes": b"\xff\xfe",
        "no name": sign(loss, 99, bytes(32), "demo.yifen/ledger/01").encode(),
    }
    file = tmp_path / "note"
    file.write_bytes(data[what])
    with loss.restoration() as hub, pytest.raises(NoteUnusable) as refused:
        hub.gather([file])
    assert refused.value.facts == {"file": str(file)}


def test_checkpoints_that_contradict_each_other_are_refused(loss: Loss, tmp_path: Path) -> None:
    file = tmp_path / "note"
    file.write_text(sign(loss, loss.size + 2, bytes(32)), encoding="utf-8")
    with loss.restoration() as hub, pytest.raises(NotesContradict):
        hub.survey(hub.gather([file]))


@pytest.mark.parametrize("back", [0, 1])
def test_a_database_of_another_history_is_refused(loss: Loss, tmp_path: Path, back: int) -> None:
    file = tmp_path / "note"
    file.write_text(sign(loss, loss.size - back, bytes(32)), encoding="utf-8")
    with loss.restoration() as hub, pytest.raises(NotThisLog):
        hub.survey(hub.gather([file]))


CHANGES = (
    "UPDATE entries SET leaf = zeroblob(length(leaf)) WHERE position = 50",
    "DELETE FROM entries WHERE position = 50",
    "DELETE FROM entries WHERE position = (SELECT max(position) FROM entries)",
    "UPDATE ledger_head SET next = next + 1",
    "UPDATE checkpoints SET root = zeroblob(32)",
    "UPDATE checkpoints SET size = size + 1",
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_damaged_database_is_refused(loss: Loss, change: str) -> None:
    connection = connect(loss.root / "control.db")
    if "position = 50" in change:
        last = connection.execute("SELECT max(position) FROM entries").fetchone()[0]
        change = change.replace("50", str(last - 1))
    assert connection.execute(change).rowcount == 1
    connection.close()
    with loss.restoration() as hub, pytest.raises(NotThisLog):
        hub.survey(hub.gather(()))


def test_a_gap_that_no_checkpoint_covers_is_refused(loss: Loss) -> None:
    connection = connect(loss.root / "control.db")
    for statement in (
        "DELETE FROM checkpoints",
        "DELETE FROM tiles",
        "DELETE FROM entries WHERE position = (SELECT max(position) - 1 FROM entries)",
        "UPDATE ledger_head SET next = next - 1",
    ):
        connection.execute(statement)
    connection.close()
    with loss.restoration() as hub, pytest.raises(NotThisLog):
        hub.survey(hub.gather(()))


# -- the new name ---------------------------------------------------------------------------------
def test_the_log_goes_on_under_its_next_name(loss: Loss) -> None:
    note = loss.copy.read_text(encoding="utf-8")
    restore(loss)
    # The copy of the old name stays beside that of the new one.
    (away,) = put_away(loss.copy)
    assert away.read_text(encoding="utf-8") == note
    world = loss.reopen()
    assert world.hub.origin == SECOND
    assert state_of(world, loss.size) == {
        "act": "restore",
        "checkpoint": note,
        "from": FIRST,
        "kept": loss.size,
        "lost": [loss.size, loss.size + 2],
        "origin": SECOND,
    }
    first, second = origins(world.hub.reading, "demo.yifen")
    assert (first.text, first.first, first.note) == (FIRST, 0, None)
    assert (second.text, second.first, second.note) == (SECOND, loss.size, note)
    published = newest(world.hub.reading)
    assert published is not None
    assert published.note == loss.copy.read_text(encoding="utf-8")
    opened = open_checkpoint(published.note, [(SECOND, world.hub.checkpoint_key)])
    assert (opened.origin, opened.size) == (SECOND, world.entries())
    assert world.findings().faults == ()


def test_answers_come_under_the_new_name_and_old_receipts_prove_in_it(loss: Loss) -> None:
    restore(loss)
    world = loss.reopen()
    key, kid = world.receipt_key.public, world.receipt_kid
    sent = world.nrb.lookup()
    receipt, _ = check_receipt(sent, world.ask(sent), key, kid)
    assert receipt.origin == SECOND
    assert receipt.first == world.entries() - 1
    world.hub.checkpointer.step()
    head = world.hub.proofs.checkpoint()
    for _, answer in loss.kept:
        before = verify_receipt(answer.receipt or "", {kid: key})
        assert before.origin == FIRST
        leaf = leaf_hash(canonical(answer.opening["leaf"]))
        proof = world.hub.proofs.inclusion(before.first, head.size)
        verify_inclusion(leaf, before.first, head.size, proof, head.root)
    assert world.findings().faults == ()


def test_the_old_name_never_signs_again(loss: Loss) -> None:
    old = loss.copy.read_bytes()
    restore(loss)
    world = loss.reopen()
    world.ask(world.nrb.lookup())
    world.hub.checkpointer.step()
    assert world.hub.proofs.checkpoint().note.startswith(f"{SECOND}\n")
    # Whoever puts the old copy back starts nothing.
    world.hub.close()
    loss.copy.write_bytes(old)
    assert loss.refusal() is CheckpointInvalid


def test_a_log_that_is_lost_twice_has_three_names(loss: Loss) -> None:
    restore(loss)
    world = loss.reopen()
    size = world.entries()
    copy = backup(loss.root)
    loss.ask(loss.lost)
    world.hub.close()
    put_back(loss.root, copy)
    found = restore(loss)
    assert (found.kept, found.opens) == (size, 3)
    world = loss.reopen()
    assert world.hub.origin == THIRD
    assert state_of(world, size)["from"] == SECOND
    assert [name.first for name in origins(world.hub.reading, "demo.yifen")] == [0, loss.size, size]
    assert world.findings().faults == ()


def test_a_backup_from_before_a_restore_takes_a_name_that_nobody_has_used(loss: Loss) -> None:
    copy = loss.root.parent / "before.db"
    shutil.copy(loss.root / "control.db", copy)
    restore(loss)
    world = loss.reopen()
    world.ask(world.nrb.lookup())
    world.hub.checkpointer.step()
    world.hub.close()
    put_back(loss.root, copy)
    assert loss.refusal() is CheckpointInvalid
    found = restore(loss)
    assert (found.current.text, found.opens) == (FIRST, 3)
    world = loss.reopen()
    assert world.hub.origin == THIRD
    assert state_of(world, loss.size)["from"] == SECOND
    assert world.findings().faults == ()


def test_without_any_checkpoint_nothing_is_opened_unless_told_so(loss: Loss) -> None:
    loss.copy.unlink()
    with loss.restoration() as hub, pytest.raises(CheckpointUnknown):
        hub.survey(hub.gather(()))
    restore(loss, unknown=True)
    world = loss.reopen()
    state = state_of(world, loss.size)
    assert (state["checkpoint"], state["from"]) == (None, FIRST)
    assert state["lost"] == [loss.size, None]
    assert world.findings().faults == ()


def test_a_database_no_checkpoint_speaks_against_is_opened_anew_if_told_so(
    town: Town, tmp_path: Path
) -> None:
    """Answers after the last checkpoint may be lost, and no checkpoint tells."""
    root = town.copy(tmp_path / "hub")
    command = ["--folder", str(root), "restore", "--open-new-origin", "--yes"]
    assert run(["--folder", str(root), "restore", "--no-checkpoint"]) == 0
    assert run([*command, "--anyway"]) == 0
    connection = connect(root / "control.db")
    assert [name.number for name in origins(connection, "demo.yifen")] == [1, 2]
    connection.close()


def test_a_person_types_the_name_that_is_opened(
    loss: Loss, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["yes", f"{SECOND} "]
    monkeypatch.setattr("click.prompt", lambda *_, **__: typed.pop(0))
    command = ["--folder", str(loss.root), "restore", "--open-new-origin"]
    assert run(command) == 1
    connection = connect(loss.root / "control.db")
    assert len(origins(connection, "demo.yifen")) == 1
    assert loss.copy.exists()
    assert run(command) == 0
    assert len(origins(connection, "demo.yifen")) == 2
    connection.close()
    assert SECOND in capsys.readouterr().out


# -- cut off --------------------------------------------------------------------------------------
def outside(loss: Loss) -> Path:
    """Have the copy kept in a folder that can be taken away."""
    folder = loss.root.parent / "outside"
    folder.mkdir()
    shutil.move(loss.copy, folder / "checkpoint.txt")
    settings = loss.root / "hub.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace('"checkpoint.txt"', f'"{folder}/checkpoint.txt"'), encoding="utf-8"
    )
    return folder


def test_a_restore_that_was_cut_off_goes_on(loss: Loss, tmp_path: Path) -> None:
    folder, file = outside(loss), tmp_path / "note"
    shutil.copy(folder / "checkpoint.txt", file)
    with loss.restoration() as hub:
        found = hub.survey(hub.gather([file]))
        shutil.rmtree(folder)
        with pytest.raises(StorageRefused):
            hub.open(found)
        assert hub.pending()
    # The origin is open and its checkpoint not outside: nobody serves.
    folder.mkdir()
    assert loss.refusal() is LedgerBehind
    assert run(["--folder", str(loss.root), "restore"]) == 0
    world = loss.reopen()
    assert world.hub.origin == SECOND
    assert [name.number for name in origins(world.hub.reading, "demo.yifen")] == [1, 2]
    assert world.findings().faults == ()


def test_a_restore_that_was_cut_off_before_it_began_begins_again(loss: Loss) -> None:
    away = loss.copy.with_name(f"{loss.copy.name}.ledger-1-{loss.size + 2}")
    loss.copy.rename(away)
    assert loss.refusal() is LedgerBehind
    found = restore(loss)
    assert found.lost_to == loss.size + 2
    world = loss.reopen()
    assert world.hub.origin == SECOND
    assert put_away(loss.copy) == [away]


def test_a_hub_that_was_stopped_for_a_fork_can_be_restored(loss: Loss) -> None:
    connection = connect(loss.root / "control.db")
    connection.execute("UPDATE ledger_head SET stopped = 'forked'")
    connection.close()
    restore(loss)
    world = loss.reopen()
    assert world.ask(world.nrb.lookup()).status == 200


# -- what must not live on ------------------------------------------------------------------------
def test_a_request_that_was_answered_in_what_is_lost_is_not_answered_again(loss: Loss) -> None:
    restore(loss)
    world = loss.world
    restored = world.time()
    world.hub = open_hub(loss.root, world.time)
    sent, answer = loss.lost[-1]
    assert answer.status == 200
    refused = world.refused(sent)
    assert isinstance(refused, SignedBeforeRestore)
    assert refused.facts == {"since": rfc3339(restored + SKEW * 1000)}
    told = world.call(sent)
    assert (told.status, told.code) == (401, "signed-before-restore")
    # It was good for 60 seconds, and 60 more for a clock that is behind.
    for _ in range(12):
        world.time.advance(10_000)
        assert world.refused(sent) is not None


def test_a_request_of_a_clock_that_is_ahead_is_not_replayed_either(loss: Loss) -> None:
    """The hub took signatures up to a minute ahead of its own clock."""
    world = loss.world
    ahead = world.nrb.sign(
        "POST",
        "/v1/datasets/resident/lookup",
        canonical(world.nrb.question()),
        late=SKEW - 1,
        lifetime=300,
    )
    restore(loss)
    world.hub = open_hub(loss.root, world.time)
    for _ in range(2):
        assert isinstance(world.refused(ahead), SignedBeforeRestore)
        world.time.advance(SKEW * 1000)
    assert world.ask(world.nrb.lookup()).status == 200


def test_requests_without_an_entry_are_not_replayed_either(loss: Loss) -> None:
    sent = loss.world.nrb.sign("GET", "/v1/grants")
    restore(loss)
    loss.world.hub = open_hub(loss.root, loss.world.time)
    told = loss.world.call(sent)
    assert (told.status, told.code) == (401, "signed-before-restore")


def test_the_first_signature_that_counts_is_one_made_after_every_one_that_was_taken(
    loss: Loss,
) -> None:
    restore(loss)
    world = loss.world
    world.hub = open_hub(loss.root, world.time)
    early, due = (world.nrb.sign("GET", "/v1/grants", late=late) for late in (SKEW - 1, SKEW))
    assert world.call(early).code == "signed-before-restore"
    assert world.call(due).status == 200


def test_sessions_have_ended(loss: Loss) -> None:
    restore(loss)
    world = loss.reopen()
    with pytest.raises(SessionEnded):
        world.hub.sessions.read(loss.session)
    again = world.hub.sessions.sign_in("admin", PASSWORD)
    assert world.hub.sessions.read(again.token).account == "admin"


def test_an_invitation_of_before_enrols_nobody(loss: Loss) -> None:
    """It may have been used in what is lost; whoever saw it then could use it again."""
    restore(loss)
    world = loss.reopen()
    (expires,) = world.hub.reading.execute("SELECT max(expires) FROM invitations").fetchone()
    assert expires <= world.time()
    token = invitation_token(loss.invitation)
    with pytest.raises(Forbidden):
        connectors.enrolled_before(world.hub.reading, token, b"", world.time())
    kinds = [world.entry(position)[0] for position in range(loss.size, world.entries())]
    assert kinds == ["operator", "connector"]
    _, control, _, _ = world.entry()
    assert isinstance(control, dict)
    assert control["state"] == {
        "invited": False,
        "status": "active",
        "urn": "urn:yifen:connector:demo.yifen:nrb:desk",
    }


def invitation_token(text: str) -> str:
    import base64  # noqa: PLC0415
    import json  # noqa: PLC0415

    return str(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["token"])


# -- what outsiders and auditors see --------------------------------------------------------------
def test_the_restore_is_opened_to_everyone(loss: Loss) -> None:
    restore(loss)
    world = loss.reopen()
    told = world.http("GET", "/ledger/origins").document["origins"]
    assert isinstance(told, list)
    first, second = told
    assert first == {"first": 0, "number": 1, "origin": FIRST}
    assert isinstance(second, dict)
    assert (second["number"], second["origin"]) == (2, SECOND)
    assert second["first"] == second["index"] == loss.size
    leaf = read_leaf(canonical(second["leaf"]))
    assert leaf.kind == "operator"
    check_part("control", leaf, str(second["control_salt"]), second["control"])
    head = world.hub.proofs.checkpoint()
    proof = world.hub.proofs.inclusion(loss.size, head.size)
    hashed = leaf_hash(canonical(second["leaf"]))
    verify_inclusion(hashed, loss.size, head.size, proof, head.root)


def faults(world: World) -> set[str]:
    return {fault.why for fault in world.findings().faults}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE ledger_origins SET first = first - 1 WHERE number = 2", "table-origin"),
        ("UPDATE ledger_origins SET time = time - 1 WHERE number = 2", "table-origin"),
        ("UPDATE ledger_origins SET note = NULL WHERE number = 2", "table-origin"),
        ("UPDATE ledger_origins SET copied = 0 WHERE number = 2", "table-origin"),
        ("UPDATE ledger_origins SET number = 3 WHERE number = 2", "table-origin"),
        ("DELETE FROM ledger_origins WHERE number = 1", "table-origin"),
        ("DELETE FROM openable WHERE department = ''", "table-openable"),
        ("UPDATE ledger_head SET stopped = 'forked'", "stopped"),
    ],
)
def test_names_that_differ_from_the_entries_are_found(loss: Loss, change: str, fault: str) -> None:
    restore(loss)
    world = loss.reopen()
    assert faults(world) == set()
    assert world.hub.store.connection.execute(change).rowcount
    assert fault in faults(world)


FORGED = {
    "another part kept": {"kept": 3},
    "less lost than was bound": {"lost": [0, 0]},
    "nothing lost": {"lost": None},
    "a name that was used before": {"origin": FIRST},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_restore_that_does_not_say_what_was_lost_is_found(loss: Loss, what: str) -> None:
    restore(loss)
    world = loss.reopen()
    state = state_of(world, loss.size)
    here = world.entries()
    honest = {**state, "kept": here, "lost": [here, here], "origin": THIRD}
    with world.hub.changes.change(OPERATOR) as change:
        change.append("operator", honest | FORGED[what])  # type: ignore[arg-type]
    assert "restore" in faults(world)


def test_an_honest_restore_entry_without_its_row_is_found(loss: Loss) -> None:
    restore(loss)
    world = loss.reopen()
    state = state_of(world, loss.size)
    here = world.entries()
    with world.hub.changes.change(OPERATOR) as change:
        more = {"kept": here, "lost": [here, here], "origin": THIRD}
        change.append("operator", {**state, **more})  # type: ignore[arg-type]
    assert faults(world) == {"table-origin"}


@pytest.mark.parametrize("how", ["another root", "another key", "cut", "of a lost part"])
def test_checkpoints_of_earlier_names_agree_with_what_was_kept(loss: Loss, how: str) -> None:
    restore(loss)
    world = loss.reopen()
    (away,) = put_away(loss.copy)
    checkpoint = Checkpoint(FIRST, loss.size, bytes(32))
    texts = {
        "another root": sign(loss, loss.size, bytes(32)),
        "another key": sign_checkpoint(checkpoint, FIRST, generate("ed25519")),
        "cut": away.read_text(encoding="utf-8")[:-9],
        "of a lost part": sign(loss, loss.size + 1, bytes(32)),
    }
    away.with_name(f"{away.name}-x").write_text(texts[how], encoding="utf-8")
    found = faults(world)
    # Of what was lost nothing can be known any more.
    assert found == (set() if how == "of a lost part" else {"checkpoint-earlier"})


def test_a_restore_writes_nothing_if_the_clock_is_far_behind(loss: Loss) -> None:
    loss.world.time.advance(-60 * MINUTE)
    with loss.restoration() as hub, pytest.raises(Unavailable):
        hub.open(hub.survey(hub.gather(())))
    connection = connect(loss.root / "control.db")
    assert len(origins(connection, "demo.yifen")) == 1
    connection.close()

"""Where a connector pins witnesses, only what they have cosigned proves anything."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from plaintext import Plaintext

from certs.cosignature import Witness
from certs.errors import CheckpointInvalid
from certs.keys import generate
from certs.note import parse_vkey, read_note
from certs.proof_file import read_proof, verify_proof
from certs.tree import leaf_hash
from connectors.cli import run
from connectors.client import Connector
from connectors.commands.local import Setting
from connectors.errors import (
    EvidenceBroken,
    HubUnreachable,
    LedgerForked,
    NotProven,
    ProofOverdue,
    SettingsBroken,
)
from connectors.home import Home
from connectors.receipts.store import Kept
from connectors.settings import load, repinned, to_toml

if TYPE_CHECKING:
    from conftest import StandIn, Time

MINUTE = 60_000
SUBJECT = "110101199001011237"
Open = Callable[[], Connector]


@pytest.fixture
def witnesses(hub: "StandIn") -> list[Witness]:
    """Three witnesses who cosign whatever the hub has them cosign."""
    hub.witnesses = [(f"w{n}.example", generate("ed25519")) for n in range(3)]
    return [Witness(name, key.public) for name, key in hub.witnesses]


@pytest.fixture
def again(home: Path, hub: "StandIn", clock: "Time") -> Open:
    """Opens the connector as it is set up now."""
    return lambda: Connector.open(home, clock=clock, sleep=clock.sleep, http=hub)


def pin(home: Path, witnesses: list[Witness], quorum: int) -> None:
    """What a person writes into ``connector.toml``."""
    file = Home(home).settings
    text = file.read_text(encoding="utf-8") + f"quorum = {quorum}\n"
    for one in witnesses:
        text += f'\n[[ledger.witnesses]]\nvkey = "{one.vkey}"\n'
    file.write_text(text, encoding="utf-8")


def ask(connector: Connector) -> Kept:
    answer = connector.lookup(
        "resident",
        "resident_id",
        SUBJECT,
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
    )
    return connector.receipts.entry(answer.proof.entry)


def test_without_pins_the_newest_checkpoint_is_enough(
    connector: Connector, hub: "StandIn", witnesses: list[Witness]
) -> None:
    assert witnesses
    kept = ask(connector)
    assert connector.prove().proven == 1
    assert all(request.url.path != "/ledger/cosigned" for request in hub.seen)
    proven = connector.verify_evidence(connector.export(connector.receipts.entry(kept.entry)))
    assert proven.cosigned == ()


def test_a_receipt_is_proven_under_a_cosigned_checkpoint_only(
    home: Path, hub: "StandIn", witnesses: list[Witness], again: Open
) -> None:
    pin(home, witnesses, 2)
    with again() as connector:
        first, second = ask(connector), ask(connector)
        hub.cosigned = first.entry + 1
        assert (connector.prove().proven, connector.prove().waiting) == (1, 1)
        assert connector.receipts.entry(second.entry).state == "received"
        hub.cosigned = second.entry + 1
        assert connector.prove().proven == 1
        kept = connector.receipts.entry(second.entry)
        assert kept.checkpoint is not None
        assert {one.name for one in read_note(kept.checkpoint).signatures} >= {"w0.example"}
        assert all(request.url.path != "/ledger/checkpoint" for request in hub.seen)
        proven = connector.verify_evidence(connector.export(kept))
        assert [one.name for one in proven.cosigned] == [one.name for one in witnesses]


def test_no_quorum_is_waited_for_and_then_an_alarm(
    home: Path, hub: "StandIn", witnesses: list[Witness], again: Open, clock: "Time"
) -> None:
    pin(home, witnesses, 2)
    with again() as connector:
        ask(connector)
        with pytest.raises(HubUnreachable) as caught:
            connector.prove()
        assert caught.value.facts["why"] == "no-quorum"
        assert connector.receipts.alarms(limit=5) == []
        clock.now += 11 * MINUTE
        with pytest.raises(ProofOverdue):
            connector.prove()
        hub.cosigned = len(hub.leaves)
        assert connector.prove().proven == 1


@pytest.mark.parametrize("lie", ["fewer", "nobody", "forged", "same"])
def test_a_checkpoint_that_too_few_cosigned_is_not_believed(
    home: Path, hub: "StandIn", witnesses: list[Witness], again: Open, lie: str
) -> None:
    pin(home, witnesses, 2)
    with again() as connector:
        kept = ask(connector)
        hub.cosigned = len(hub.leaves)
        signers = hub.witnesses
        if lie == "forged":
            hub.witnesses = [(name, generate("ed25519")) for name, _ in signers]
        else:
            hub.witnesses = {"fewer": signers[:1], "nobody": [], "same": signers[:1] * 3}[lie]
        with pytest.raises(CheckpointInvalid):
            connector.prove()
        assert connector.receipts.entry(kept.entry).state == "received"
        assert connector.receipts.checkpoint(kept.origin) is None


def test_one_failing_cosignature_spoils_the_checkpoint(
    home: Path, hub: "StandIn", witnesses: list[Witness], again: Open
) -> None:
    pin(home, witnesses, 1)
    with again() as connector:
        ask(connector)
        hub.cosigned = len(hub.leaves)
        hub.lies.note = lambda note: note.replace(f"\n{hub.cosigned}\n", "\n9\n", 1)
        with pytest.raises(CheckpointInvalid):
            connector.prove()


def test_a_view_for_us_alone_is_seen_through(
    home: Path, hub: "StandIn", witnesses: list[Witness], again: Open
) -> None:
    """The log's key signs it, a history that no witness was shown."""
    pin(home, witnesses, 2)
    with again() as connector:
        ask(connector)
        hub.cosigned = len(hub.leaves)
        cosigned = hub._cosigned(hub.seen[0]).text
        hub.leaves[0] = leaf_hash(b"another history")
        theirs = hub._checkpoint(hub.seen[0]).text
        lines = "".join(one.line for one in read_note(cosigned).signatures[1:])
        hub.lies.note = lambda _: theirs + lines
        with pytest.raises(CheckpointInvalid):
            connector.prove()


def test_witnesses_pinned_later_are_asked_about_everything_from_then_on(
    home: Path, hub: "StandIn", witnesses: list[Witness], connector: Connector, again: Open
) -> None:
    first = ask(connector)
    assert connector.prove().proven == 1
    alone = connector.export(connector.receipts.entry(first.entry))
    second = ask(connector)
    connector.proofs.checkpoint()
    pin(home, witnesses, 2)
    hub.cosigned = first.entry + 1
    with again() as other:
        # What we saw of the log reaches further than what the witnesses saw: it proves nothing.
        assert other.prove().proven == 0
        assert other.receipts.entry(second.entry).state == "received"
        with pytest.raises(EvidenceBroken) as broken:
            other.verify_evidence(alone)
        assert broken.value.facts["why"] == "cosignatures"
        # Exported again, it brings a proof that they cosigned.
        proven = other.verify_evidence(other.export(other.receipts.entry(first.entry)))
        assert len(proven.cosigned) == 3
        hub.cosigned = second.entry + 1
        assert other.prove().proven == 1


def test_what_we_saw_alone_still_convicts(
    home: Path, hub: "StandIn", witnesses: list[Witness], connector: Connector, again: Open
) -> None:
    """A hub that showed us one history and the witnesses another."""
    ask(connector)
    connector.proofs.checkpoint()
    pin(home, witnesses, 2)
    hub.leaves[0] = leaf_hash(b"another history")
    hub.cosigned = len(hub.leaves)
    with again() as other, pytest.raises(LedgerForked):
        other.prove()


def test_a_later_name_of_the_ledger_needs_the_witnesses_too(
    home: Path, hub: "StandIn", witnesses: list[Witness], again: Open
) -> None:
    pin(home, witnesses, 2)
    with again() as connector:
        kept = ask(connector)
        hub.cosigned = len(hub.leaves)
        connector.prove()
        note = connector.receipts.checkpoint(kept.origin)
        hub.restore(kept.entry + 1, note)
        hub.cosigned = None
        # The log's own key is not enough to have a department follow.
        with pytest.raises(HubUnreachable) as caught:
            connector.successor.examine()
        assert caught.value.facts["why"] == "no-quorum"
        hub.cosigned = len(hub.leaves)
        offer = connector.successor.examine()
        assert offer is not None
        assert offer.pin.origin == hub.origin
        assert offer.pin.witnesses == connector.identity.settings.ledger.witnesses
        connector.accept(offer)
    with again() as connector:
        assert connector.identity.settings.ledger.origin == hub.origin
        assert connector.identity.settings.ledger.quorum == 2
        ask(connector)
        hub.cosigned = len(hub.leaves)
        assert connector.prove().proven == 1


# -- the file -------------------------------------------------------------------------------------
def test_a_proof_file_holds_offline_and_names_nobody(
    home: Path,
    hub: "StandIn",
    witnesses: list[Witness],
    again: Open,
    tmp_path: Path,
    clock: "Time",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pin(home, witnesses, 2)
    with again() as connector:
        kept = ask(connector)
        with pytest.raises(NotProven):
            connector.proof_file(connector.receipts.entry(kept.entry))
        hub.cosigned = len(hub.leaves)
        connector.prove()
        origin, key = parse_vkey(connector.identity.settings.ledger.vkey)

    def opened(self: Setting) -> Connector:
        return Connector.open(self.home, clock=clock, sleep=clock.sleep, http=hub)

    monkeypatch.setattr(Setting, "open", opened)
    folder = tmp_path / "files"
    folder.mkdir()
    file = folder / "entry.tlog-proof"
    words = ["--home", str(home), "--lang", "en", "receipts", "proof", str(kept.entry), str(file)]
    asked = len(hub.seen)
    assert run(words) == 0
    assert len(hub.seen) == asked
    assert str(file) in capsys.readouterr().out
    proof = read_proof(file.read_text(encoding="utf-8"))
    head, cosigned = verify_proof(
        proof,
        leaf_hash(proof.extra or b""),
        origin=origin,
        trusted=[(origin, key)],
        witnesses=witnesses,
        quorum=2,
    )
    assert (head.size, len(cosigned)) == (hub.cosigned, 3)
    assert leaf_hash(proof.extra or b"") == kept.leaf_hash
    assert Plaintext([SUBJECT, "li.wei"]).in_folder(folder) == []
    assert run(words) == 1  # nothing is overwritten
    assert run([*words[:-2], "99", str(folder / "other")]) == 1


# -- settings -------------------------------------------------------------------------------------
def test_pins_come_back_and_survive_a_later_name(home: Path, witnesses: list[Witness]) -> None:
    pin(home, witnesses, 2)
    file = Home(home).settings
    settings = load(file)
    assert settings.ledger.witness_keys()[0].name == "w0.example"
    assert (settings.ledger.quorum, len(settings.ledger.witnesses)) == (2, 3)
    written = to_toml(settings)
    file.write_text(written, encoding="utf-8")
    assert load(file) == settings
    later = settings.ledger.model_copy(update={"origin": "demo.yifen/ledger/2"})
    file.write_text(repinned(written, later), encoding="utf-8")
    assert load(file).ledger == later


def test_pins_that_make_no_sense_are_refused(home: Path, witnesses: list[Witness]) -> None:
    file = Home(home).settings
    plain = file.read_text(encoding="utf-8")
    cases = [(witnesses, 4), (witnesses, 0), ([], 1), (witnesses[:1] * 2, 1)]
    for pins, quorum in cases:
        file.write_text(plain, encoding="utf-8")
        pin(home, pins, quorum)
        with pytest.raises(SettingsBroken) as caught:
            load(file)
        assert str(caught.value.facts["place"]).startswith("ledger")
    file.write_text(plain, encoding="utf-8")
    pin(home, witnesses, 2)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(witnesses[0].vkey, witnesses[0].vkey[:-4]), encoding="utf-8")
    with pytest.raises(SettingsBroken):
        load(file)


def test_settings_without_witnesses_are_written_as_ever(home: Path) -> None:
    settings = load(Home(home).settings)
    assert "quorum" not in to_toml(settings)

"""The ledger keeps what receipts promise, or an alarm is raised."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certs.errors import CheckpointInvalid
from certs.keys import generate
from certs.tree import leaf_hash
from connectors.client import Connector
from connectors.errors import EvidenceBroken, HubUnreachable, LedgerForked, ProofOverdue
from connectors.receipts import proofs
from connectors.receipts.store import Kept

if TYPE_CHECKING:
    from conftest import StandIn, Time

MINUTE = 60_000


def asked(connector: Connector) -> Kept:
    answer = connector.lookup(
        "resident",
        "resident_id",
        "110101199001011237",
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
    )
    return connector.receipts.entry(answer.proof.entry)


def test_receipt_is_proven(connector: Connector) -> None:
    kept = asked(connector)
    progress = connector.prove()
    assert (progress.proven, progress.waiting) == (1, 0)
    proven = connector.receipts.entry(kept.entry)
    assert proven.state == "proven"
    assert proven.checkpoint is not None
    assert connector.prove().proven == 0


def test_growing_ledger_is_consistent(connector: Connector, hub: "StandIn") -> None:
    for _ in range(5):
        asked(connector)
        connector.prove()
    assert connector.receipts.counts()["proven"] == 5
    assert any(request.url.path == "/ledger/consistency" for request in hub.seen)


def test_checkpoint_of_another_key(connector: Connector, hub: "StandIn") -> None:
    asked(connector)
    hub.log_key = generate("ed25519")
    with pytest.raises(CheckpointInvalid):
        connector.prove()
    assert connector.receipts.counts()["received"] == 1


def test_checkpoint_of_another_ledger(connector: Connector, hub: "StandIn") -> None:
    asked(connector)
    hub.lies.note = lambda note: note.replace("demo.yifen/ledger/1\n", "demo.yifen/ledger/2\n", 1)
    with pytest.raises(CheckpointInvalid):
        connector.prove()


def test_entry_exchanged_after_it_was_seen(connector: Connector, hub: "StandIn") -> None:
    asked(connector)
    connector.prove()
    hub.leaves[0] = leaf_hash(b"another history")
    asked(connector)
    with pytest.raises(LedgerForked):
        connector.prove()
    (alarm,) = connector.receipts.alarms(limit=10)
    assert alarm.code == "connector-ledger-forked"
    evidence = json.loads(alarm.evidence)
    assert evidence["kept"] != evidence["seen"]
    # What was proven before stays; what came after is not proven by the other history.
    assert connector.receipts.counts()["received"] == 1


def test_another_root_at_the_same_size(connector: Connector, hub: "StandIn") -> None:
    asked(connector)
    connector.proofs.checkpoint()
    hub.leaves[0] = leaf_hash(b"another history")
    with pytest.raises(LedgerForked):
        connector.prove()


def test_shorter_ledger_than_was_seen(connector: Connector, hub: "StandIn") -> None:
    asked(connector)
    newest = connector.proofs.checkpoint()
    hub.leaves = hub.leaves[:2]
    # A hub that lost entries cannot make the proof from the smaller to the larger tree.
    with pytest.raises(LedgerForked):
        connector.proofs.checkpoint()
    assert newest.checkpoint.size == 3


def test_older_checkpoint_of_the_same_ledger(connector: Connector, hub: "StandIn") -> None:
    asked(connector)
    older = hub.leaves[:]
    asked(connector)
    newest = connector.proofs.checkpoint()
    complete, hub.leaves = hub.leaves, older
    note = hub._checkpoint(hub.seen[0]).text
    hub.leaves = complete
    hub.lies.note = lambda _: note
    assert connector.proofs.checkpoint() == newest


def test_proof_that_does_not_lead_there_comes_too_late(
    connector: Connector, hub: "StandIn", clock: "Time"
) -> None:
    kept = asked(connector)
    hub.lies.proof = lambda proof: proof[:-1]
    assert connector.prove().waiting == 1
    clock.now += 11 * MINUTE
    with pytest.raises(ProofOverdue) as overdue:
        connector.prove()
    assert overdue.value.facts["entry"] == kept.entry
    assert connector.receipts.entry(kept.entry).state == "alarm"
    with pytest.raises(ProofOverdue):
        connector.prove()
    assert len(connector.receipts.alarms(limit=10)) == 1


def test_entry_left_out_of_the_ledger(connector: Connector, hub: "StandIn", clock: "Time") -> None:
    asked(connector)
    hub.leaves.pop()
    clock.now += 11 * MINUTE
    with pytest.raises(ProofOverdue):
        connector.prove()
    (alarm,) = connector.receipts.alarms(limit=10)
    assert alarm.why == "not-covered"


def test_hub_that_shows_no_checkpoint_at_all(
    connector: Connector, hub: "StandIn", clock: "Time"
) -> None:
    asked(connector)
    hub.failing = [503]
    with pytest.raises(HubUnreachable):
        connector.prove()
    assert connector.receipts.alarms(limit=10) == []
    clock.now += 11 * MINUTE
    hub.failing = [503]
    with pytest.raises(ProofOverdue):
        connector.prove()
    (alarm,) = connector.receipts.alarms(limit=10)
    assert alarm.why == "no-checkpoint"


def test_late_proof_mends_an_alarm(connector: Connector, hub: "StandIn", clock: "Time") -> None:
    kept = asked(connector)
    missing = hub.leaves.pop()
    clock.now += 11 * MINUTE
    with pytest.raises(ProofOverdue):
        connector.prove()
    hub.leaves.append(missing)
    assert connector.prove().proven == 1
    assert connector.receipts.entry(kept.entry).state == "proven"


def test_old_alarms_do_not_keep_newer_receipts_from_being_proven(
    connector: Connector, hub: "StandIn", clock: "Time", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "BATCH", 2)
    for _ in range(2):
        asked(connector)
        hub.leaves[-1] = leaf_hash(b"something else")
    clock.now += 11 * MINUTE
    with pytest.raises(ProofOverdue):
        connector.prove()
    newer = asked(connector)
    with pytest.raises(ProofOverdue):
        connector.prove()
    assert connector.receipts.entry(newer.entry).state == "proven"


def test_receipts_of_an_older_ledger_do_not_keep_newer_from_being_proven(
    connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "BATCH", 2)
    kept = asked(connector)
    for entry in range(2):
        older = replace(kept, origin="demo.yifen/ledger/0", entry=entry)
        connector.receipts.write_receipt(older)
    progress = connector.prove()
    # What no checkpoint of ours can prove is still told of.
    assert (progress.proven, progress.waiting) == (1, 2)
    assert connector.receipts.entry(kept.entry).state == "proven"


def test_alarms_are_tried_again_in_turn(
    connector: Connector, hub: "StandIn", clock: "Time", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "ALARM_BATCH", 1)
    broken = asked(connector)
    hub.leaves[-1] = leaf_hash(b"something else")
    late = asked(connector)
    missing = hub.leaves.pop()
    clock.now += 11 * MINUTE
    with pytest.raises(ProofOverdue):
        connector.prove()
    hub.leaves.append(missing)
    # One is tried at a time, and one of the two has no proof: chance misses the other 1 in 2^40.
    for _ in range(40):
        with suppress(ProofOverdue):
            connector.prove()
        if connector.receipts.entry(late.entry).state == "proven":
            break
    assert connector.receipts.entry(late.entry).state == "proven"
    assert connector.receipts.entry(broken.entry).state == "alarm"


def test_evidence_verifies_without_the_hub(connector: Connector, hub: "StandIn") -> None:
    kept = asked(connector)
    connector.prove()
    data = connector.export(connector.receipts.entry(kept.entry))
    before = len(hub.seen)
    proven = connector.verify_evidence(data)
    assert len(hub.seen) == before
    assert proven.in_ledger == 3
    assert proven.control.department == "demo.yifen:housing"
    assert isinstance(proven.question, dict)
    assert proven.question["officer"] == "li.wei"


def test_evidence_without_proof_says_so(connector: Connector) -> None:
    proven = connector.verify_evidence(connector.export(asked(connector)))
    assert proven.in_ledger is None


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("question", "question"),
        ("base", "signature"),
        ("signature", "signature"),
        ("receipt", "receipt-form"),
        ("dataset", "dataset"),
        ("operation", "dataset"),
        ("connector", "audience"),
        ("entry", "entry"),
        ("control", "leaf-control"),
        ("person_salt", "leaf-person"),
        ("checkpoint", "checkpoint"),
        ("hashes", "inclusion"),
        ("more", "form"),
    ],
)
def test_changed_evidence_proves_nothing(connector: Connector, place: str, why: str) -> None:
    kept = asked(connector)
    connector.prove()
    evidence = json.loads(connector.export(connector.receipts.entry(kept.entry)))
    changes = {
        "question": lambda e: e.update(question=e["question"].replace("li.wei", "xx.wei")),
        "base": lambda e: e["request"].update(base=e["request"]["base"][8:]),
        "signature": lambda e: e["request"].update(signature="AAAA"),
        "receipt": lambda e: e.update(receipt=e["receipt"][:-8]),
        "dataset": lambda e: e.update(dataset="credit"),
        "operation": lambda e: e.update(operation="verify"),
        "connector": lambda e: e.update(connector=e["connector"] + "x"),
        "entry": lambda e: e.update(entry=e["entry"] + 1),
        "control": lambda e: e["opening"]["control"].update(grant="demo.yifen:G-2"),
        "person_salt": lambda e: e["opening"].update(person_salt="A" * 43),
        "checkpoint": lambda e: e["proof"].update(
            checkpoint=e["proof"]["checkpoint"].replace("\n3\n", "\n4\n")
        ),
        "hashes": lambda e: e["proof"]["hashes"].pop(),
        "more": lambda e: e.update(more=1),
    }
    changes[place](evidence)
    with pytest.raises(EvidenceBroken) as broken:
        connector.verify_evidence(json.dumps(evidence).encode())
    assert broken.value.facts["why"] == why

"""A real connector asks a real hub about many: what it believes, keeps, proves, and refuses."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from world.asking import Members
from world.auditing import Auditor, load
from world.batches import fewer_at_once
from world.lying import AlterLists, Lying, before_a_liar, of_lists
from world.outsider import Outsider
from world.town import ABSENT, PURPOSE, SUBJECTS, World

from certs.canonical import Json, canonical
from certs.encoding import b64u, sha256, unb64u
from certs.leaf import part_digest, read_leaf
from certs.note import vkey
from certs.proof_file import read_proof
from certs.receipts import Receipt
from certs.tree import leaf_hash, verify_inclusion
from connectors.batch.question import Subject
from connectors.client import Connector
from connectors.errors import AnswerRefused, EntryTwice, EvidenceBroken, HubUnreachable, Refused
from connectors.receipts.kept import Kept

ASKED = [Subject("resident_id", number) for number in SUBJECTS]


@dataclass
class Place:
    world: World
    bridge: Lying
    connector: Connector

    def ask(self, subjects: list[Subject] = ASKED, **members: str) -> Kept:
        """Ask, and give the receipt that was kept."""
        given = {"purpose": PURPOSE, "officer": "nrb.officer", **members}
        answer = self.connector.batch("resident", subjects, items=["name"], **given)  # type: ignore[arg-type]
        return self.connector.receipts.entry(answer.proof.entry)

    def prove(self) -> None:
        self.world.hub.checkpointer.step()
        self.connector.prove()


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Place]:
    bridge, connector = before_a_liar(world, tmp_path / "home", "/batch")
    yield Place(world, bridge, connector)
    connector.close()


# -- answers --------------------------------------------------------------------------------------
def test_answers_are_in_the_order_of_the_question(place: Place) -> None:
    asked = [
        Subject("resident_id", SUBJECTS[1], "case-1"),
        Subject("resident_id", ABSENT),
        Subject("resident_id", "110101199003070000"),
        Subject("resident_id", SUBJECTS[0]),
    ]
    answer = place.connector.batch(
        "resident", asked, items=["name"], purpose=PURPOSE, officer="nrb.officer"
    )
    first = answer.proof.entry
    assert [one.entry for one in answer.subjects] == [first, first + 1, first + 2, first + 3]
    assert [one.found for one in answer.subjects] == [True, False, False, True]
    assert (answer.subjects[2].problem, answer.subjects[2].why) == (
        "identifier-invalid",
        "check-digit",
    )
    assert answer.subjects[0].records[0].items == {"name": "张三丰"}
    assert answer.generation == "resident-1"
    assert first + 4 == place.world.entries()


def test_a_refusal_has_a_receipt_for_each(place: Place) -> None:
    with pytest.raises(Refused) as refused:
        place.ask(ASKED[:3], officer="nobody")
    assert refused.value.problem.code == "officer-unknown"
    kept = place.connector.receipts.entry(place.world.entries() - 1)
    assert (kept.entries, kept.outcome, kept.entry) == (3, "refused", refused.value.entry)


def test_a_hub_that_takes_fewer_subjects_is_understood(place: Place) -> None:
    fewer_at_once(place.world, batch_subjects=2)
    with pytest.raises(Refused) as refused:
        place.ask(ASKED[:3])
    assert refused.value.problem.code == "question-malformed"


def test_an_answer_that_was_lost_is_asked_for_again_and_costs_nothing(place: Place) -> None:
    place.bridge.lose = 1
    kept = place.ask(ASKED[:3])
    assert place.world.used() == 3
    assert kept.entry == place.world.entries() - 3


def test_the_receipt_of_a_lost_answer_is_recovered(place: Place) -> None:
    place.bridge.lose = 4
    with pytest.raises(HubUnreachable):
        place.ask(ASKED[:3])
    (lost,) = place.connector.receipts.lost(limit=10)
    kept = place.connector.recover(lost.request_id)
    assert (kept.entries, kept.operation, kept.status) == (3, "batch", 200)
    place.prove()
    assert place.connector.receipts.entry(kept.entry).state == "proven"


# -- proofs and evidence --------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 2, 20])
def test_all_entries_are_proven_with_two_requests(place: Place, count: int) -> None:
    kept = place.ask(ASKED[:count])
    place.ask(ASKED[:2])
    place.bridge.seen.clear()
    place.world.hub.checkpointer.step()
    place.connector.prove()
    assert place.bridge.seen.count("/ledger/inclusion") == min(count, 2) + 2
    proven = place.connector.receipts.entry(kept.entry)
    assert (proven.state, proven.entries) == ("proven", count)


def test_every_entry_has_a_proof_file_of_its_own(place: Place) -> None:
    place.world.ask(place.world.nrb.lookup())
    kept = place.ask()
    place.prove()
    for entry in range(kept.entry, kept.end):
        proven = place.connector.receipts.entry(entry)
        assert proven.entry == kept.entry
        file = read_proof(place.connector.proof_file(proven, entry))
        note = file.checkpoint.split("\n")
        leaf = place.world.hub.reading.execute(
            "SELECT leaf FROM entries WHERE position = ?", (entry,)
        ).fetchone()[0]
        assert file.extra == leaf
        published = place.world.hub.proofs.checkpoint()
        assert (file.index, int(note[1])) == (entry, published.size)
        verify_inclusion(leaf_hash(leaf), entry, published.size, file.hashes, published.root)


@pytest.fixture
def outsider(world: World, tmp_path: Path) -> Outsider:
    root = b64u(sha256(world.hub.authority.root_der))
    auditor = Auditor.at(tmp_path / "auditor", load())
    return Outsider(auditor, tmp_path, root, vkey(world.hub.origin, world.hub.checkpoint_key))


def test_the_evidence_holds_for_us_and_for_an_outsider(place: Place, outsider: Outsider) -> None:
    place.world.ask(place.world.nrb.lookup())
    kept = place.ask([*ASKED, Subject("resident_id", ABSENT), Subject("uscc", SUBJECTS[0])])
    place.prove()
    data = place.connector.export(place.connector.receipts.entry(kept.entry))
    proven = place.connector.verify_evidence(data)
    assert (proven.entry, len(proven.controls)) == (kept.entry, 22)
    assert [one.outcome for one in proven.controls][-2:] == ["empty", "malformed"]
    assert proven.in_ledger is not None
    verdict = outsider.verify(data)
    assert verdict.faults == []
    assert {"entries-good", "inclusions-good", "question-good"} <= verdict.passed


def _changed(data: bytes, change: Callable[[dict[str, Json]], None]) -> bytes:
    bundle = json.loads(data)
    change(bundle)
    return canonical(bundle)


def _swap(bundle: Members) -> None:
    openings = bundle["openings"]
    assert isinstance(openings, list)
    openings[0], openings[1] = openings[1], openings[0]


def _drop(bundle: Members) -> None:
    bundle["openings"] = list(bundle["openings"])[:-1]  # type: ignore[arg-type]


def _other_subject(bundle: Members) -> None:
    bundle["question"] = str(bundle["question"]).replace(SUBJECTS[3], ABSENT)


def _other_control(bundle: Members) -> None:
    bundle["openings"][2]["control"]["outcome"] = "empty"  # type: ignore[index, call-overload]


def _salt_of_another(bundle: Members) -> None:
    openings = bundle["openings"]
    openings[2]["person_salt"] = openings[3]["person_salt"]  # type: ignore[index, call-overload]


def _shorter_proof(bundle: Members) -> None:
    bundle["proof"]["hashes"] = list(bundle["proof"]["hashes"])[:-1]  # type: ignore[index, call-overload]


def _longer_proof(bundle: Members) -> None:
    hashes = bundle["proof"]["hashes"]  # type: ignore[index, call-overload]
    hashes.append(hashes[0])


def _as_lookup(bundle: Members) -> None:
    bundle.update(v=2, operation="lookup", opening=bundle.pop("openings")[0])  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    "change",
    [
        _swap,
        _drop,
        _other_subject,
        _other_control,
        _salt_of_another,
        _shorter_proof,
        _longer_proof,
        _as_lookup,
    ],
)
def test_evidence_that_was_changed_proves_nothing(
    place: Place, outsider: Outsider, change: Callable[[Members], None]
) -> None:
    place.world.ask(place.world.nrb.lookup())
    kept = place.ask(ASKED[:7])
    place.ask(ASKED[:7])
    place.prove()
    data = _changed(place.connector.export(place.connector.receipts.entry(kept.entry)), change)
    with pytest.raises(EvidenceBroken):
        place.connector.verify_evidence(data)
    verdict = outsider.verify(data)
    assert verdict.faults
    assert verdict.status == 1 or change is _as_lookup


# -- attacks --------------------------------------------------------------------------------------
def swap_results(results: list[Members], _openings: list[Members], receipt: Receipt) -> Receipt:
    results[0], results[1] = results[1], results[0]
    return receipt


def swap_subjects(results: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    for part in (results, openings):
        part[0], part[1] = part[1], part[0]
    return receipt


def drop_subject(results: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    del results[2], openings[2]
    return receipt._replace(entries=receipt.entries - 1)


def drop_the_last(results: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    del results[-1], openings[-1]
    return receipt._replace(entries=receipt.entries - 1)


def leaf_of_another(results: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    results[1], openings[1] = results[0], openings[0]
    return receipt


def one_entry_for_all(results: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    del openings[1:]
    del results[1:]
    return receipt._replace(entries=1)


def too_many_promised(_: list[Members], _openings: list[Members], receipt: Receipt) -> Receipt:
    return receipt._replace(entries=receipt.entries + 1)


def result_without_entry(results: list[Members], _: list[Members], receipt: Receipt) -> Receipt:
    results.append(dict(results[0]))
    return receipt


def same_result_twice(results: list[Members], _: list[Members], receipt: Receipt) -> Receipt:
    results[1] = results[0]
    return receipt


def a_delegation_that_we_never_named(
    _: list[Members], openings: list[Members], receipt: Receipt
) -> Receipt:
    """One entry among the others is made under somebody's delegation."""
    one = openings[2]
    control, leaf = one["control"], one["leaf"]
    assert isinstance(control, dict)
    assert isinstance(leaf, dict)
    control["delegation"] = "demo.yifen:D-0123456789ab"
    salt = unb64u(str(one["control_salt"]))
    leaf["control"] = part_digest("control", salt, canonical(control))
    return receipt


ATTACKS = {
    a_delegation_that_we_never_named: "control-delegation",
    swap_results: "result-digest",
    swap_subjects: "leaf-person",
    drop_subject: "subjects",
    drop_the_last: "subjects",
    leaf_of_another: "leaf-person",
    one_entry_for_all: "subjects",
    too_many_promised: "count",
    result_without_entry: "results",
    same_result_twice: "result-digest",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_on_an_answer(place: Place, attack: AlterLists) -> None:
    place.bridge.alter = of_lists(attack)
    with pytest.raises(AnswerRefused) as refused:
        place.ask(ASKED[:5])
    assert refused.value.facts["why"] == ATTACKS[attack]
    assert place.connector.receipts.counts()["alarms"] == 1
    assert place.connector.receipts.receipts(limit=10) == []


def test_entry_in_the_midst_of_a_batch_promised_to_another_question(place: Place) -> None:
    kept = place.ask(ASKED[:5])

    def within(_: list[Members], _openings: list[Members], receipt: Receipt) -> Receipt:
        return receipt._replace(first=kept.entry + 3)

    place.bridge.alter = of_lists(within)
    with pytest.raises(EntryTwice):
        place.ask(ASKED[:2])
    assert place.connector.receipts.entry(kept.entry + 3) == kept


def test_log_without_one_of_the_entries(place: Place) -> None:
    """The hub shows proofs of the first and the last; another leaf stands between them."""
    kept = place.ask(ASKED[:5])
    hashes = bytearray(kept.leaf_hash)
    hashes[2 * 32] ^= 1
    place.connector.receipts.change(
        "UPDATE receipts SET leaf_hash = ? WHERE entry = ?", bytes(hashes), kept.entry
    )
    place.prove()
    assert place.connector.receipts.entry(kept.entry).state == "received"


def test_every_leaf_is_of_one_time(place: Place) -> None:
    kept = place.ask(ASKED[:5])
    openings = json.loads(kept.opening)
    assert len({read_leaf(canonical(one["leaf"])).time for one in openings}) == 1

"""A real connector asks several datasets at once: what it believes, keeps, proves, and refuses."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import run

import pytest
from world.asking import Members
from world.auditing import Auditor, load
from world.department import inviting
from world.lying import AlterLists, Lying, before_a_liar, of_lists
from world.outsider import Outsider
from world.serving import environment
from world.town import ABSENT, ADMINISTRATOR, PURPOSE, SUBJECTS, Town, World, covering

from certs.canonical import Json, canonical
from certs.encoding import b64u, digest, sha256, unb64u
from certs.leaf import part_digest
from certs.note import vkey
from certs.receipts import Receipt
from connectors.batch.question import Subject
from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation
from connectors.errors import AnswerRefused, EvidenceBroken, HubUnreachable, QuestionRefused
from connectors.joint.answer import JointAnswer
from connectors.joint.question import Part
from hub.access import grants

ROOT = Path(__file__).resolve().parents[2]
SOMEBODY = Subject("resident_id", SUBJECTS[0], "A-1")
OFFICER = "nrb.officer"
PARTS = (
    Part("lookup", "resident", PURPOSE, SOMEBODY, items=("name",)),
    Part("verify", "resident", PURPOSE, SOMEBODY, claims={"name": "张三丰"}),
    Part("lookup", "real_estate", PURPOSE, SOMEBODY, items=("location",)),
    Part("lookup", "resident", PURPOSE, Subject("resident_id", ABSENT), items=("name", "sex")),
)


@dataclass
class Place:
    world: World
    bridge: Lying
    connector: Connector

    def ask(self, parts: tuple[Part, ...] = PARTS) -> JointAnswer:
        return self.connector.joint(parts, officer=OFFICER)

    def prove(self) -> None:
        self.world.hub.checkpointer.step()
        self.connector.prove()


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Place]:
    bridge, connector = before_a_liar(world, tmp_path / "home", "/v1/joint")
    yield Place(world, bridge, connector)
    connector.close()


# -- answers --------------------------------------------------------------------------------------
def test_each_part_has_its_answer_and_what_is_refused_is_told(place: Place) -> None:
    answer = place.ask()
    name, match, refused, absent = answer.parts
    assert name.records[0].items == {"name": "张三丰"}
    assert (match.match, match.records) == (True, ())
    assert (refused.problem, refused.records) == ("not-granted", ())
    assert (absent.problem, absent.records) == (None, ())
    first = answer.proof.entry
    assert [part.entry for part in answer.parts] == [first, first + 1, first + 2, first + 3]
    kept = place.connector.receipts.entry(first + 2)
    assert (kept.entries, kept.operation, kept.status) == (4, "joint", 200)


def test_an_answer_that_was_lost_is_asked_for_again_and_costs_nothing(place: Place) -> None:
    place.bridge.lose = 1
    answer = place.ask()
    assert place.world.used() == 3
    assert answer.proof.entry == place.world.entries() - 4


def test_the_receipt_of_a_lost_answer_is_recovered_and_proven(place: Place) -> None:
    place.bridge.lose = 4
    with pytest.raises(HubUnreachable):
        place.ask()
    (lost,) = place.connector.receipts.lost(limit=10)
    kept = place.connector.recover(lost.request_id)
    assert (kept.entries, kept.operation, kept.status) == (4, "joint", 200)
    place.prove()
    assert place.connector.receipts.entry(kept.entry).state == "proven"


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (PARTS[0],) * 65,
        (Part("lookup", "resident", PURPOSE, SOMEBODY),),
        (Part("lookup", "../x", PURPOSE, SOMEBODY, items=("name",)),),
        (Part("verify", "resident", PURPOSE, Subject("resident_id", ""), claims={"name": "x"}),),
    ],
)
def test_what_no_hub_could_answer_is_not_sent(place: Place, parts: tuple[Part, ...]) -> None:
    place.bridge.seen.clear()
    with pytest.raises(QuestionRefused):
        place.ask(parts)
    assert place.bridge.seen == []


# -- evidence -------------------------------------------------------------------------------------
@pytest.fixture
def outsider(world: World, tmp_path: Path) -> Outsider:
    root = b64u(sha256(world.hub.authority.root_der))
    auditor = Auditor.at(tmp_path / "auditor", load())
    return Outsider(auditor, tmp_path, root, vkey(world.hub.origin, world.hub.checkpoint_key))


def test_the_evidence_holds_for_us_and_for_an_outsider(place: Place, outsider: Outsider) -> None:
    answer = place.ask()
    place.prove()
    data = place.connector.export(place.connector.receipts.entry(answer.proof.entry))
    proven = place.connector.verify_evidence(data)
    outcomes = ["answered", "answered", "refused", "empty"]
    assert [one.outcome for one in proven.controls] == outcomes
    verdict = outsider.verify(data)
    assert verdict.faults == []
    assert {"entries-good", "inclusions-good", "question-good"} <= verdict.passed


def _swap(bundle: Members) -> None:
    openings = bundle["openings"]
    assert isinstance(openings, list)
    openings[0], openings[1] = openings[1], openings[0]


def _other_subject(bundle: Members) -> None:
    bundle["question"] = str(bundle["question"]).replace(ABSENT, SUBJECTS[3])


def _other_dataset(bundle: Members) -> None:
    bundle["question"] = str(bundle["question"]).replace("real_estate", "credit_list")


def _named(bundle: Members) -> None:
    bundle["dataset"] = "resident"


def _as_batch(bundle: Members) -> None:
    bundle.update(operation="batch", dataset="resident")


def _drop(bundle: Members) -> None:
    bundle["openings"] = list(bundle["openings"])[:-1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change", [_swap, _other_subject, _other_dataset, _named, _as_batch, _drop]
)
def test_evidence_that_was_changed_proves_nothing(
    place: Place, outsider: Outsider, change: Callable[[Members], None]
) -> None:
    answer = place.ask()
    place.prove()
    bundle = json.loads(place.connector.export(place.connector.receipts.entry(answer.proof.entry)))
    change(bundle)
    data = canonical(bundle)
    with pytest.raises(EvidenceBroken):
        place.connector.verify_evidence(data)
    assert outsider.verify(data).status == 1


# -- attacks --------------------------------------------------------------------------------------
def swap_results(results: list[Members], _: list[Members], receipt: Receipt) -> Receipt:
    results[0], results[3] = results[3], results[0]
    return receipt


def swap_parts(results: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    for part in (results, openings):
        part[0], part[1] = part[1], part[0]
    return receipt


def swap_subjects(results: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    for part in (results, openings):
        part[0], part[3] = part[3], part[0]
    return receipt


def drop_the_last(results: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    del results[-1], openings[-1]
    return receipt._replace(entries=receipt.entries - 1)


def too_many_promised(_: list[Members], _openings: list[Members], receipt: Receipt) -> Receipt:
    return receipt._replace(entries=receipt.entries + 1)


def one_for_all(results: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    del results[1:], openings[1:]
    return receipt._replace(entries=1)


def _digest_of(control: Json, salt: str) -> str:
    return part_digest("control", unb64u(salt), canonical(control))


def reentered(openings: list[Members], place: int, **changed: Json) -> None:
    """The entry at a place as the hub would have made it with another *control* part."""
    one = openings[place]
    assert isinstance(one["control"], dict)
    assert isinstance(one["leaf"], dict)
    control = one["control"] | changed
    leaf = one["leaf"] | {"control": _digest_of(control, str(one["control_salt"]))}
    openings[place] = {**one, "control": control, "leaf": leaf}


def another_answer(
    results: list[Members], openings: list[Members], place: int, **changed: Json
) -> None:
    """Another result at a place, with the entry that binds it."""
    results[place] = results[place] | changed
    reentered(openings, place, a=digest(canonical(results[place])))


def of_another_request(_: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    reentered(openings, 1, R="A" * 43)
    return receipt


def of_another_dataset(_: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    reentered(openings, 1, dataset="demo.yifen:real_estate")
    return receipt


def for_another_purpose(_: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    reentered(openings, 3, purpose="tax_administration")
    return receipt


def under_a_delegation(_: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    reentered(openings, 0, delegation="demo.yifen:D-000000000000")
    return receipt


def a_repetition_of_what_was_never_asked(
    _: list[Members], openings: list[Members], receipt: Receipt
) -> Receipt:
    reentered(openings, 2, repeats=1)
    return receipt


def an_outcome_that_is_none(_: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    reentered(openings, 0, outcome="supposed")
    return receipt


def an_answer_as_empty(_: list[Members], openings: list[Members], receipt: Receipt) -> Receipt:
    reentered(openings, 0, outcome="empty")
    return receipt


def records_beside_a_refusal(
    results: list[Members], openings: list[Members], receipt: Receipt
) -> Receipt:
    another_answer(results, openings, 2, records=[])
    return receipt


def a_problem_in_an_answer(
    results: list[Members], openings: list[Members], receipt: Receipt
) -> Receipt:
    another_answer(results, openings, 0, problem="not-granted")
    return receipt


def the_answer_of_another_dataset(
    results: list[Members], openings: list[Members], receipt: Receipt
) -> Receipt:
    another_answer(results, openings, 0, dataset="demo.yifen:real_estate")
    return receipt


def more_than_was_asked(
    results: list[Members], openings: list[Members], receipt: Receipt
) -> Receipt:
    items = {"name": "张三丰", "sex": "1"}
    another_answer(results, openings, 0, records=[{"disputed": False, "items": items}])
    return receipt


def a_match_that_is_a_word(
    results: list[Members], openings: list[Members], receipt: Receipt
) -> Receipt:
    another_answer(results, openings, 1, match="yes")
    return receipt


def answer_in_a_refusal(results: list[Members], _: list[Members], receipt: Receipt) -> Receipt:
    results[2] = {**results[2], "records": []}
    return receipt


ATTACKS: dict[AlterLists, str] = {
    swap_results: "result-digest",
    swap_parts: "kind",
    swap_subjects: "leaf-person",
    drop_the_last: "parts",
    one_for_all: "parts",
    too_many_promised: "count",
    answer_in_a_refusal: "result-digest",
    of_another_request: "control-request",
    of_another_dataset: "control-dataset",
    for_another_purpose: "control-purpose",
    under_a_delegation: "control-delegation",
    a_repetition_of_what_was_never_asked: "repeats",
    an_outcome_that_is_none: "outcome",
    an_answer_as_empty: "outcome",
    records_beside_a_refusal: "problem",
    a_problem_in_an_answer: "result-dataset",
    the_answer_of_another_dataset: "result-dataset",
    more_than_was_asked: "result-items",
    a_match_that_is_a_word: "result-form",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_lying_hub_is_not_believed(place: Place, attack: AlterLists) -> None:
    place.bridge.alter = of_lists(attack)
    with pytest.raises(AnswerRefused) as refused:
        place.ask()
    assert refused.value.facts["why"] == ATTACKS[attack]
    assert [one.why for one in place.connector.receipts.alarms(limit=5)] == [ATTACKS[attack]]


# -- dossiers -------------------------------------------------------------------------------------
def test_a_dossier_is_all_that_our_grants_allow_and_no_more(place: Place) -> None:
    for dataset, items, purpose in (
        ("real_estate", {"location": "full"}, "tax_administration"),
        ("credit_penalty", {"violation": "full"}, PURPOSE),
    ):
        terms = covering(
            place.world.town.founded,
            dataset=dataset,
            items=items,
            operations={"lookup"},
            purposes={purpose},
        )
        grants.issue(place.world.hub.changes, ADMINISTRATOR, terms)
    before = place.world.entries()
    dossier = place.connector.dossier(SOMEBODY, purpose=PURPOSE, officer=OFFICER)
    # Neither what is for another purpose, nor what has no record of people, is asked for.
    (section,) = dossier.sections
    assert section.held.definition.code == "resident"
    assert section.held.department == "demo.yifen:psb"
    granted = grants.find(place.world.hub.reading, place.world.grant.id).items
    assert set(section.answer.part.items) == set(granted)
    assert section.answer.records[0].items["birth_date"] == "1990"
    assert place.world.entries() == before + 1
    assert list(dossier.by_family) == ["natural_person"]


def test_a_dossier_under_no_grant_is_not_asked_for(place: Place) -> None:
    with pytest.raises(QuestionRefused) as refused:
        place.connector.dossier(SOMEBODY, purpose="tax_administration", officer=OFFICER)
    assert refused.value.facts["why"] == "dossier-empty"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_shows_a_dossier_by_family(
    town_today: Town, tmp_path: Path, language: str
) -> None:
    subject = tmp_path / "subject"
    subject.write_text(SUBJECTS[0], encoding="utf-8")
    with inviting(town_today, tmp_path / "hub") as invited:
        enrol(read_invitation(invited.invitation), tmp_path / "home")
        words = [sys.executable, "-m", "connectors", "--home", str(tmp_path / "home")]
        asked = ["dossier", "--subject-type", "resident_id", "--subject-file", str(subject)]
        asked += ["--purpose", PURPOSE, "--officer", OFFICER]
        told, shown = (
            run(
                [*words, *more, *asked],
                cwd=ROOT,
                env=environment(),
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for more in (["--json"], ["--lang", language])
        )
    (section,) = json.loads(told)["sections"]
    assert (section["dataset"], section["family"]) == ("resident", "natural_person")
    assert section["records"][0]["items"]["name"] == "张三丰"
    assert "张三丰" in shown
    assert ("自然人" if language == "zh" else "Natural persons") in shown

"""What a case rests on is proven to ourselves and to outsiders, round by round."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from world.asking import Members
from world.auditing import Auditor, load
from world.bridge import Bridge, enrolled, opened
from world.casework import APPLICANT, OFFICER, OTHER, RULES_TOML, SERVICE, casework
from world.outsider import Outsider
from world.retold_cases import Alter, LyingDesk, Retelling
from world.town import ADMINISTRATOR, PURPOSE, World

from certs.canonical import canonical
from certs.encoding import b64u, sha256
from certs.note import vkey
from certs.signatures import round_request
from connectors.cases.errors import CaseAskedAgain
from connectors.cases.question import Party, Said
from connectors.cases.verify import CheckedCase
from connectors.client import Connector
from connectors.errors import AnswerRefused, EvidenceBroken
from hub.cases import register

# The first way cannot be satisfied, and the second asks about another party: a second round.
TWO_ROUNDS = (
    RULES_TOML.replace("version = 1", "version = 2", 1)
    .replace('values = ["1", "2"]', 'values = ["9"]')
    .replace(
        """[[rules]]
code = "lease"
""",
        """[[rules.ways]]
way = "lookup"
dataset = "resident"
about = "applicant"
items = ["name"]

[[rules]]
code = "lease"
""",
        1,
    )
)
SAID = Said(
    services=(SERVICE,),
    number="备案-2026-17",
    purpose=PURPOSE,
    parties={
        "applicant": Party("resident_id", OTHER),
        "subject": Party("resident_id", APPLICANT),
    },
    given={"name": "张三丰"},
)


@dataclass
class Place:
    world: World
    connector: Connector
    case: CheckedCase

    def bundles(self, connector: Connector | None = None) -> list[bytes]:
        """The evidence of every round that was kept, in the order of the log."""
        self.world.hub.checkpointer.step()
        by = connector or self.connector
        by.prove()
        return [by.export(kept) for kept in reversed(by.receipts.receipts(limit=99))]


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Place]:
    casework(world)
    register.put_rules(world.hub.changes, ADMINISTRATOR, TWO_ROUNDS.encode())
    _, connector = enrolled(world, tmp_path / "home")
    with connector:
        yield Place(world, connector, connector.cases.open(SAID, officer=OFFICER))


@pytest.fixture
def outsider(world: World, tmp_path: Path) -> Outsider:
    root = b64u(sha256(world.hub.authority.root_der))
    auditor = Auditor.at(tmp_path / "auditor", load())
    return Outsider(auditor, tmp_path, root, vkey(world.hub.origin, world.hub.checkpoint_key))


def test_each_round_holds_for_us_and_for_an_outsider(place: Place, outsider: Outsider) -> None:
    rounds = place.case.rounds
    assert rounds is not None
    assert [one.number for one in rounds.rounds] == [0, 1]
    bundles = place.bundles()
    assert [json.loads(data)["round"] for data in bundles] == [0, 1]
    for number, data in enumerate(bundles):
        proven = place.connector.verify_evidence(data)
        assert proven.receipt.request == round_request(rounds.basis.request, number)
        verdict = outsider.verify(data)
        assert verdict.faults == []
        assert {"receipt-good", "question-good"} <= verdict.passed


def test_an_act_is_proven_with_whom_it_named(place: Place, outsider: Outsider) -> None:
    name = place.case.told.case
    place.connector.cases.review(name, officer=OFFICER)
    place.connector.cases.supplement(name, given={"phone": "1"}, officer=OFFICER)
    bundles = place.bundles()
    targets = [json.loads(data)["dataset"] for data in bundles]
    assert targets == ["", "", f"{name}/review", f"{name}/review", *[f"{name}/supplement"] * 2]
    for data in bundles:
        assert place.connector.verify_evidence(data).in_ledger is not None
        assert outsider.verify(data).faults == []


def test_the_answer_of_a_round_is_bound_by_its_receipt(place: Place, outsider: Outsider) -> None:
    rounds = place.case.document["rounds"]  # type: ignore[index, call-overload]
    for data, one in zip(place.bundles(), rounds, strict=True):  # type: ignore[arg-type]
        told = canonical({"openings": one["openings"], "results": one["results"]})  # type: ignore[index, call-overload]
        verdict = outsider.verify(data, "--answer", outsider.file("answer.json", told))
        assert verdict.faults == []
        assert "answer-good" in verdict.passed


def test_a_case_is_not_recovered_by_its_receipt_alone(place: Place) -> None:
    assert place.case.rounds is not None
    with pytest.raises(CaseAskedAgain):
        place.connector.recover(place.case.rounds.basis.request_id)


# -- attacks on rounds --------------------------------------------------------------------------
def rounds_in_another_order(told: Retelling) -> None:
    first, second = told.rounds
    names = str(first["request"]), str(second["request"])
    for one, name in zip((second, first), names, strict=True):
        _renamed(told, one, name)
    told.document["rounds"] = [second, first]


def a_number_left_out(told: Retelling) -> None:
    first, second = told.rounds
    _renamed(told, second, round_request(str(first["request"]), 2))


def the_first_round_left_out(told: Retelling) -> None:
    told.document["rounds"] = told.rounds[1:]


def the_last_round_left_out(told: Retelling) -> None:
    told.document["rounds"] = told.rounds[:1]


def _renamed(told: Retelling, one: Members, request: str) -> None:
    openings = one["openings"]
    assert isinstance(openings, list)
    for place in range(len(openings)):
        told.enter(one, place, control={"R": request})
    told.seal(one, request=request)
    one["request"] = request


ROUNDS: dict[Alter, str] = {
    rounds_in_another_order: "round-order",
    a_number_left_out: "request",
    the_first_round_left_out: "entries",
    the_last_round_left_out: "entries",
}


@pytest.mark.parametrize("attack", ROUNDS, ids=lambda attack: attack.__name__)
def test_rounds_that_are_not_those_of_the_request_are_refused(
    place: Place, tmp_path: Path, attack: Alter
) -> None:
    bridge = LyingDesk(place.world, alter=attack)
    with (
        opened(place.world, tmp_path / "home", bridge) as lied_to,
        pytest.raises(AnswerRefused) as refused,
    ):
        lied_to.cases.open(SAID, officer=OFFICER)
    assert refused.value.facts["why"] == ROUNDS[attack]


@pytest.mark.parametrize(
    ("case", "subject"), [("备案-2026-18", OTHER), (SAID.number, "110101199001011237")]
)
def test_an_entry_about_nobody_of_the_opening_is_no_evidence_for_it(
    place: Place, outsider: Outsider, case: str, subject: str
) -> None:
    """The hub has every key, and the file tells the same person as the entry."""
    bundle = json.loads(place.bundles()[1])
    person: Members = {"id": subject, "type": "resident_id"}
    made: Members = {
        "openings": bundle["openings"],
        "receipt": bundle["receipt"],
        "results": [{} for _ in bundle["openings"]],
    }
    told = Retelling(place.world, made)
    told.enter(made, 0, person={"case": case, "officer": OFFICER, "subject": person})
    told.seal(made)
    _first(made).update(case=case, subject=person)
    bundle.update(openings=made["openings"], receipt=made["receipt"], proof=None)
    data = canonical(bundle)
    with pytest.raises(EvidenceBroken) as broken:
        place.connector.verify_evidence(data)
    assert broken.value.facts["why"] == "subjects"
    assert [why for why, _ in outsider.verify(data).faults] == ["person"]


# -- attacks --------------------------------------------------------------------------------------
def another_round(bundle: Members) -> None:
    bundle["round"] = 2


def the_request_itself(bundle: Members) -> None:
    bundle["round"] = 0


def no_round(bundle: Members) -> None:
    del bundle["round"]


def before_the_first(bundle: Members) -> None:
    bundle["round"] = -1


def a_joint_question(bundle: Members) -> None:
    bundle["operation"] = "joint"


def another_subject(bundle: Members) -> None:
    _first(bundle)["subject"] = {"id": APPLICANT, "type": "resident_id"}


def a_subject_that_takes_no_part(bundle: Members) -> None:
    _first(bundle)["subject"] = {"id": "110101199001011237", "type": "resident_id"}


def nobody(bundle: Members) -> None:
    _first(bundle)["subject"] = None


def another_case(bundle: Members) -> None:
    _first(bundle)["case"] = "备案-2026-18"


def another_question(bundle: Members) -> None:
    bundle["question"] = str(bundle["question"]).replace(OTHER, APPLICANT)


def sent_elsewhere(bundle: Members) -> None:
    bundle["dataset"] = "C-0123456789abcdef/review"


def sent_out_of_the_way(bundle: Members) -> None:
    bundle["dataset"] = "../datasets/resident/lookup"


def an_entry_of_another_dataset(bundle: Members) -> None:
    control = _first(bundle)["control"]
    assert isinstance(control, dict)
    control["dataset"] = "demo.yifen:real_estate"


def an_entry_left_out(bundle: Members) -> None:
    openings = bundle["openings"]
    assert isinstance(openings, list)
    openings.append(openings[0])


@pytest.mark.parametrize(
    "change",
    [
        another_round,
        the_request_itself,
        no_round,
        before_the_first,
        a_joint_question,
        another_subject,
        a_subject_that_takes_no_part,
        nobody,
        another_case,
        another_question,
        sent_elsewhere,
        sent_out_of_the_way,
        an_entry_of_another_dataset,
        an_entry_left_out,
    ],
)
def test_evidence_that_was_changed_proves_nothing(
    place: Place, outsider: Outsider, change: Callable[[Members], None]
) -> None:
    bundle = json.loads(place.bundles()[1])
    change(bundle)
    data = canonical(bundle)
    with pytest.raises(EvidenceBroken):
        place.connector.verify_evidence(data)
    assert outsider.verify(data).status in {1, 2}


def test_a_round_of_nothing_else_is_none(place: Place) -> None:
    answer = place.connector.lookup(
        "resident", "resident_id", APPLICANT, items=["name"], purpose=PURPOSE, officer=OFFICER
    )
    place.bundles()
    kept = place.connector.receipts.entry(answer.proof.entry)
    bundle = json.loads(place.connector.export(kept)) | {"round": 0}
    with pytest.raises(EvidenceBroken) as broken:
        place.connector.verify_evidence(canonical(bundle))
    assert broken.value.facts["why"] == "round"


def test_another_process_proves_what_one_has_kept(place: Place, tmp_path: Path) -> None:
    with opened(place.world, tmp_path / "home", Bridge(place.world)) as later:
        assert len(place.bundles(later)) == 2


def _first(bundle: Members) -> Members:
    openings = bundle["openings"]
    assert isinstance(openings, list)
    assert isinstance(openings[0], dict)
    return openings[0]

"""A hub with every key that lies about an opened case is not believed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from world.asking import Members
from world.case_counter import (
    SAID,
    Counter,
    counter,
    no_rounds,
)
from world.casework import (
    APPLICANT,
    OFFICER,
    OTHER,
)
from world.retold_cases import Alter, Retelling, dicts
from world.time import DAY
from world.town import World

from certs.encoding import b64u
from connectors.errors import AnswerRefused


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Counter]:
    with counter(world, tmp_path / "home") as found:
        yield found


def tampered_result(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    results = one["results"]
    assert isinstance(results, list)
    results[at] = {**results[at], "records": [{"disputed": False, "items": {"name": "李四"}}]}  # type: ignore[dict-item]


def tampered_result_under_a_new_receipt(told: Retelling) -> None:
    tampered_result(told)
    told.seal(told.place("resident", "lookup")[0])


def another_person(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    person: Members = {"id": OTHER, "type": "resident_id"}
    told.enter(one, at, person={"case": SAID.number, "officer": OFFICER, "subject": person})
    told.seal(one)


def another_officer(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    person: Members = {"id": APPLICANT, "type": "resident_id"}
    told.enter(one, at, person={"case": SAID.number, "officer": "nrb.head", "subject": person})
    told.seal(one)


def another_case_number(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    person: Members = {"id": APPLICANT, "type": "resident_id"}
    told.enter(one, at, person={"case": "备案-2026-99", "officer": OFFICER, "subject": person})
    told.seal(one)


def a_party_that_takes_no_part(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    _question(one, at)["about"] = "owner"


def another_dataset(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    told.enter(one, at, control={"dataset": "demo.yifen:real_estate"})
    told.seal(one)


def another_dataset_in_the_question(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    _question(one, at)["dataset"] = "real_estate"


def another_purpose(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    told.enter(one, at, control={"purpose": "tax_administration"})
    told.seal(one)


def another_department(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    told.enter(one, at, control={"department": "demo.yifen:mrb"})
    told.seal(one)


def a_verification_for_a_lookup(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    told.enter(one, at, kind="verify")
    told.seal(one)


def an_item_that_was_not_asked(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    _question(one, at)["items"] = ["sex"]


def a_claim_that_was_not_entered(told: Retelling) -> None:
    one, at = told.place("resident", "verify")
    _question(one, at)["claims"] = {"name": "phone"}


def a_delegation_that_nobody_gave(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    told.enter(one, at, control={"delegation": "demo.yifen:D-000000000000"})
    told.seal(one)


def a_delegation_for_ourselves(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    _question(one, at)["delegation"] = "D-000000000000"
    told.enter(one, at, control={"delegation": "demo.yifen:D-000000000000"})
    told.seal(one)


def another_departments_grant_without_a_delegation(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    _question(one, at)["department"] = "mrb"


def an_entry_left_out(told: Retelling) -> None:
    one, _ = told.place("resident", "lookup")
    for name in ("openings", "results", "questions"):
        listed = one[name]
        assert isinstance(listed, list)
        del listed[-1]
    told.seal(one)


def an_entry_left_out_under_the_old_receipt(told: Retelling) -> None:
    one, _ = told.place("resident", "lookup")
    for name in ("openings", "results", "questions"):
        listed = one[name]
        assert isinstance(listed, list)
        del listed[-1]


def a_question_left_out(told: Retelling) -> None:
    questions = told.rounds[0]["questions"]
    assert isinstance(questions, list)
    del questions[-1]


def a_receipt_of_another_request(told: Retelling) -> None:
    for one in told.rounds:
        told.seal(one, request=b64u(bytes(32)))


def a_round_of_another_request(told: Retelling) -> None:
    for one in told.rounds:
        one["request"] = b64u(bytes(32))
        told.seal(one, request=b64u(bytes(32)))


def a_receipt_for_another_connector(told: Retelling) -> None:
    told.seal(told.rounds[0], audience="urn:yifen:connector:demo.yifen:nrb:other")


def a_refusal_told_as_an_answer(told: Retelling) -> None:
    told.seal(told.rounds[0], status=403)


def another_place_in_the_log(told: Retelling) -> None:
    first = told.rounds[0]
    position = first["first"]
    assert isinstance(position, int)
    first["first"] = position + 1


def an_entry_of_another_request(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    told.enter(one, at, control={"R": b64u(bytes(32))})
    told.seal(one)


def an_entry_before_we_asked(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    told.enter(one, at, time=told.world.time() - DAY)
    told.seal(one)


def rounds_twice(told: Retelling) -> None:
    rounds = told.document["rounds"]
    assert isinstance(rounds, list)
    rounds.append(rounds[0])


def confirmed_by_nothing(told: Retelling) -> None:
    told.material("identity")["entries"] = []


def confirmed_by_an_entry_of_nobody(told: Retelling) -> None:
    told.material("identity")["entries"] = [0]


def what_must_be_brought_told_as_confirmed(told: Retelling) -> None:
    told.material("sketch")["status"] = "confirmed"


def told_as_confirmed_with_somebody_elses_entry(told: Retelling) -> None:
    known, wrong = told.material("identity"), told.material("sketch")
    for name in ("status", "entries", "kind", "way", "rule", "rule_version", "reason"):
        wrong[name] = known[name]
    piece = told.piece("sketch")
    for name in ("status", "evidence", "way", "rule", "rule_version", "why"):
        piece[name] = told.piece("identity")[name]
    evidence = piece["evidence"]
    assert isinstance(evidence, dict)
    piece["evidence"] = {**evidence, "source": "real_estate"}


def a_notice_that_says_otherwise(told: Retelling) -> None:
    told.piece("sketch")["status"] = "not_needed"


def a_paper_left_out_of_the_notice(told: Retelling) -> None:
    notice = told.document["notice"]
    assert isinstance(notice, dict)
    groups = notice["materials"]
    assert isinstance(groups, dict)
    groups["must_bring"] = []


def evidence_of_a_record_that_is_not_there(told: Retelling) -> None:
    evidence = told.piece("identity")["evidence"]
    assert isinstance(evidence, dict)
    evidence["reference"] = f"{evidence['reference']}/7"


def evidence_about_somebody_else(told: Retelling) -> None:
    evidence = told.piece("identity")["evidence"]
    assert isinstance(evidence, dict)
    evidence["about"] = "applicant"


def evidence_without_an_end(told: Retelling) -> None:
    told.piece("identity")["evidence"] = None


def a_verification_that_did_not_agree(told: Retelling) -> None:
    one, at = told.place("resident", "verify")
    told.enter(one, at, result={"match": False})
    told.seal(one)


def a_disputed_record(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    results = one["results"]
    assert isinstance(results, list)
    records = results[at]["records"]  # type: ignore[index, call-overload]
    told.enter(one, at, result={"records": [{**records[0], "disputed": True}]})  # type: ignore[index, dict-item]
    told.seal(one)


def another_value_in_the_form(told: Retelling) -> None:
    value = told.field("name")["value"]
    assert isinstance(value, dict)
    value["value"] = "李四"


def a_value_from_nowhere(told: Retelling) -> None:
    value = told.field("name")["value"]
    assert isinstance(value, dict)
    told.field("phone")["value"] = {**value, "reference": "0"}


def a_value_of_another_dataset(told: Retelling) -> None:
    value = told.field("name")["value"]
    assert isinstance(value, dict)
    value["dataset"] = "real_estate"


def something_entered_that_was_not(told: Retelling) -> None:
    told.field("phone")["given"] = "13900001111"


def another_case_of_ours(told: Retelling) -> None:
    told.document["department"] = "mrb"


def another_service(told: Retelling) -> None:
    services = told.document["services"]
    assert isinstance(services, list)
    services.append({"department": "nrb", "service": "other", "version": 1})


def a_version_that_was_not_made(told: Retelling) -> None:
    told.document["version"] = 7


def an_entry_before_its_evidence(told: Retelling) -> None:
    told.document["entry"] = told.rounds[0]["first"]


def another_day(told: Retelling) -> None:
    told.document["day"] = "2020-01-01"


def a_verification_of_nothing(told: Retelling) -> None:
    one, at = told.place("resident", "verify")
    _question(one, at)["claims"] = {}


def a_paper_of_another_type(told: Retelling) -> None:
    paper, _ = next(each for each in told.pieces() if each[1]["material"] == "sketch")
    paper["type"] = "photo"


def a_promise_that_was_not_offered(told: Retelling) -> None:
    told.piece("sketch")["follow"] = told.piece("later")["follow"]


def what_may_follow_without_a_day(told: Retelling) -> None:
    told.material("later").update(kind="", until=None)
    told.piece("later")["follow"] = None


def a_paper_without_a_rule_left_out(told: Retelling) -> None:
    notice = told.document["notice"]
    assert isinstance(notice, dict)
    groups = notice["materials"]
    assert isinstance(groups, dict)
    kept = [one for one in dicts(groups["must_bring"]) if one["type"] != "sketch"]
    assert len(kept) < len(dicts(groups["must_bring"]))
    groups["must_bring"] = [*kept]


def a_longer_day(told: Retelling) -> None:
    told.material("later")["until"] = "2099-01-01"


def _as(told: Retelling, kind: str) -> None:
    evidence = told.piece("identity")["evidence"]
    assert isinstance(evidence, dict)
    told.material("identity")["kind"] = evidence["kind"] = kind


def a_licence_told_as_confirmed(told: Retelling) -> None:
    _as(told, "licence")


def a_lookup_told_as_a_verification(told: Retelling) -> None:
    _as(told, "verify")


def a_record_told_as_a_licence(told: Retelling) -> None:
    _as(told, "licence")
    told.material("identity")["status"] = told.piece("identity")["status"] = "on_file"


def nothing_told_as_evidence(told: Retelling) -> None:
    one, at = told.place("resident", "lookup")
    told.enter(one, at, control={"outcome": "empty"}, result={"found": False, "records": []})
    told.seal(one)


def a_verification_of_another_name(told: Retelling) -> None:
    evidence = told.piece("named")["evidence"]
    assert isinstance(evidence, dict)
    evidence["reference"] = "0"


def something_else_beside_no_value(told: Retelling) -> None:
    value = told.field("name")["value"]
    told.field("phone")["others"] = [value]


def a_field_of_no_service(told: Retelling) -> None:
    told.field("name")["services"] = []


def a_material_of_another_service(told: Retelling) -> None:
    told.material("sketch")["service"] = "other"


def closed_at_once(told: Retelling) -> None:
    told.document["status"] = "withdrawn"


ATTACKS: dict[Alter, str] = {
    tampered_result: "body-digest",
    tampered_result_under_a_new_receipt: "result-digest",
    another_person: "leaf-person",
    another_officer: "leaf-person",
    another_case_number: "leaf-person",
    a_party_that_takes_no_part: "about",
    another_dataset: "control-dataset",
    another_dataset_in_the_question: "control-dataset",
    another_purpose: "control-purpose",
    another_department: "control-department",
    a_verification_for_a_lookup: "kind",
    an_item_that_was_not_asked: "result-items",
    a_claim_that_was_not_entered: "claims",
    a_delegation_that_nobody_gave: "control-delegation",
    a_delegation_for_ourselves: "delegation",
    another_departments_grant_without_a_delegation: "delegation",
    an_entry_left_out: "entries",
    an_entry_left_out_under_the_old_receipt: "body-digest",
    a_question_left_out: "questions",
    a_receipt_of_another_request: "request",
    a_round_of_another_request: "request",
    a_receipt_for_another_connector: "audience",
    a_refusal_told_as_an_answer: "status",
    another_place_in_the_log: "count",
    an_entry_of_another_request: "control-request",
    an_entry_before_we_asked: "time",
    rounds_twice: "request",
    no_rounds: "rests-on-nothing",
    confirmed_by_nothing: "rests-on-nothing",
    confirmed_by_an_entry_of_nobody: "entries",
    what_must_be_brought_told_as_confirmed: "rests-on-nothing",
    told_as_confirmed_with_somebody_elses_entry: "evidence-dataset",
    a_notice_that_says_otherwise: "notice",
    a_paper_left_out_of_the_notice: "notice",
    evidence_of_a_record_that_is_not_there: "reference",
    evidence_about_somebody_else: "evidence-about",
    evidence_without_an_end: "rests-on-nothing",
    a_verification_that_did_not_agree: "evidence-disagrees",
    a_disputed_record: "evidence-unsound",
    another_value_in_the_form: "form-value",
    a_value_from_nowhere: "entries",
    a_value_of_another_dataset: "form",
    something_entered_that_was_not: "form-given",
    another_case_of_ours: "case-department",
    another_service: "services",
    a_version_that_was_not_made: "version",
    an_entry_before_its_evidence: "entry",
    another_day: "day",
    closed_at_once: "act",
    a_verification_of_nothing: "questions",
    a_paper_of_another_type: "notice",
    a_promise_that_was_not_offered: "notice",
    a_longer_day: "notice",
    what_may_follow_without_a_day: "notice",
    a_paper_without_a_rule_left_out: "notice",
    a_licence_told_as_confirmed: "evidence-kind",
    a_lookup_told_as_a_verification: "evidence-kind",
    a_record_told_as_a_licence: "evidence-unsound",
    nothing_told_as_evidence: "evidence-unanswered",
    a_verification_of_another_name: "reference",
    something_else_beside_no_value: "form",
    a_field_of_no_service: "form",
    a_material_of_another_service: "services",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_lying_hub_is_not_believed(place: Counter, attack: Alter) -> None:
    place.bridge.alter = attack
    with pytest.raises(AnswerRefused) as refused:
        place.open()
    assert refused.value.facts["why"] == ATTACKS[attack]
    assert place.whys() == [ATTACKS[attack]]
    assert place.connector.receipts.receipts(limit=10) == []


def a_paper_of_another_name(told: Retelling) -> None:
    name = f"m-{'0' * 32}"
    told.material("lease")["held"] = name
    evidence = told.piece("lease")["evidence"]
    assert isinstance(evidence, dict)
    evidence["reference"] = name


def a_paper_that_has_expired(told: Retelling) -> None:
    _paper(told, valid_until="2020-01-01")


def a_paper_that_is_not_valid_yet(told: Retelling) -> None:
    one, at = told.place("material_lease", "lookup")
    items = _question(one, at)["items"]
    assert isinstance(items, list)
    items.append("valid_from")
    _paper(told, valid_from="2099-01-01")


def a_disputed_paper(told: Retelling) -> None:
    _paper(told, disputed=True)


def a_paper_that_was_withdrawn(told: Retelling) -> None:
    _paper(told, status="withdrawn")


PAPERS: dict[Alter, str] = {
    a_paper_of_another_name: "reference",
    a_paper_that_has_expired: "evidence-expired",
    a_paper_that_is_not_valid_yet: "evidence-expired",
    a_disputed_paper: "evidence-unsound",
    a_paper_that_was_withdrawn: "reference",
}


@pytest.mark.parametrize("attack", PAPERS, ids=lambda attack: attack.__name__)
def test_a_paper_on_file_that_does_not_hold_is_no_evidence(place: Counter, attack: Alter) -> None:
    place.desk.file()
    place.bridge.alter = attack
    with pytest.raises(AnswerRefused) as refused:
        place.open()
    assert refused.value.facts["why"] == PAPERS[attack]


def _question(one: Members, at: int) -> Members:
    questions = one["questions"]
    assert isinstance(questions, list)
    found = questions[at]
    assert isinstance(found, dict)
    return found


def _paper(told: Retelling, *, disputed: bool = False, **items: str) -> None:
    one, at = told.place("material_lease", "lookup")
    results = one["results"]
    assert isinstance(results, list)
    record = results[at]["records"][0]  # type: ignore[index, call-overload]
    told.enter(
        one,
        at,
        result={"records": [{"disputed": disputed, "items": {**record["items"], **items}}]},  # type: ignore[index, dict-item, call-overload]
    )
    told.seal(one)

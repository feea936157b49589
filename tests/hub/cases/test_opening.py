"""Opening a case: what is told, what it rests on, and that a retry is the same case."""

import pytest
from world.asking import Members
from world.casework import (
    APPLICANT,
    OFFICER,
    OTHER,
    Casework,
    field_of,
    material,
    person,
    status_of,
    tried,
)

from certs.canonical import Json, canonical
from certs.encoding import digest
from certs.leaf import check_part, read_leaf
from certs.receipts import leaves_digest, verify_receipt
from certs.signatures import round_request
from certs.tree import leaf_hash
from hub.cases.answering import answer_of
from hub.cases.asked import Opening
from hub.cases.desk import handler_of_session
from hub.cases.opening import open_case
from hub.errors import Forbidden
from hub.people.sessions import Person
from hub.reuse.verify import ReuseVerification


def rounds(answer: Members) -> list[Members]:
    found = answer["rounds"]
    assert isinstance(found, list)
    return [one for one in found if isinstance(one, dict)]


def test_the_notice_tells_of_each_material_how_it_stands(desk: Casework) -> None:
    opened = desk.open()
    assert {one["material"]: one["status"] for one in _materials(opened)} == {
        "identity": "confirmed",
        "later": "may_follow",
        "lease": "must_bring",
        "named": "confirmed",
        "photo": "not_needed",
        "promise": "may_follow",
        "sketch": "must_bring",
    }
    assert tried(opened, "identity") == ["absent"]
    name = field_of(opened, "name")
    value = name["value"]
    assert isinstance(value, dict)
    assert (value["value"], value["dataset"], value["provider"]) == ("张三丰", "resident", "psb")
    # What a grant shows masked is no value.
    assert field_of(opened, "born")["value"] is None
    assert desk.world.findings().faults == ()


def test_rounds_can_be_verified_by_whoever_asked(desk: Casework) -> None:
    world = desk.world
    sent = world.nrb.sign("POST", "/v1/cases", canonical(desk.opening()))
    answer = world.call(sent)
    found = rounds(answer.document)
    assert found
    for number, one in enumerate(found):
        receipt = verify_receipt(str(one["receipt"]), {world.receipt_kid: world.receipt_key.public})
        body = canonical({"openings": one["openings"], "results": one["results"]})
        assert receipt.request == one["request"] == round_request(sent.signed.digest, number)
        assert (receipt.body, receipt.audience) == (digest(body), world.nrb.urn)
        openings, results, asked = (
            _dicts(one[name]) for name in ("openings", "results", "questions")
        )
        hashes = [leaf_hash(canonical(each["leaf"])) for each in openings]
        assert receipt.leaves == leaves_digest(hashes)
        for opened, result, question in zip(openings, results, asked, strict=True):
            leaf, control = read_leaf(canonical(opened["leaf"])), opened["control"]
            assert isinstance(control, dict)
            people: Json = {"case": "备案-2026-17", "officer": OFFICER, "subject": person()}
            check_part("control", leaf, str(opened["control_salt"]), control)
            check_part("person", leaf, str(opened["person_salt"]), people)
            assert control["a"] == digest(canonical(result))
            assert str(control["dataset"]).endswith(f":{question['dataset']}")
            assert leaf.kind == question["operation"]


def test_the_entry_names_nobody(desk: Casework) -> None:
    opened = desk.open()
    kind, control, people, _ = desk.world.entry()
    assert kind == "case"
    text = canonical(control).decode()
    for secret in (APPLICANT, "张三丰", "备案-2026-17", OFFICER):
        assert secret not in text
    assert people == {"case": "备案-2026-17", "officer": OFFICER, "subject": person()}
    assert isinstance(control, dict)
    state = control["state"]
    assert isinstance(state, dict)
    assert state["id"] == opened["case"]
    assert material(state, "identity")["entries"] == [
        _position(desk, "resident", "lookup", rounds(opened))
    ]
    assert desk.world.entries() - 1 == opened["entry"]


def test_the_content_is_readable_to_nobody_who_has_the_database_alone(desk: Casework) -> None:
    desk.open(given={"name": "张三丰", "phone": "13900001111"})
    data = desk.world.hub.folder.control.read_bytes()
    wal = desk.world.hub.folder.control.with_name("control.db-wal")
    data += wal.read_bytes() if wal.exists() else b""
    for secret in (APPLICANT, "备案-2026-17", "13900001111"):
        assert secret.encode() not in data


def test_the_same_request_again_is_the_same_case(desk: Casework) -> None:
    body = desk.opening()
    first = desk.signed("/v1/cases", body)
    entries = desk.world.entries()
    again = desk.signed("/v1/cases", body)
    assert (first.status, again.status) == (201, 200)
    assert desk.world.entries() == entries
    one, two = first.document, again.document
    assert two.pop("entry") is None
    del one["entry"]
    assert one == two


def test_a_request_id_that_meant_something_else_is_refused(desk: Casework) -> None:
    body = desk.opening()
    desk.signed("/v1/cases", body)
    other = desk.signed("/v1/cases", body | {"case": "备案-2026-18"})
    assert (other.status, other.code) == (409, "conflict")


def test_the_same_request_id_of_another_connector_is_its_own(desk: Casework) -> None:
    body = desk.opening()
    desk.signed("/v1/cases", body)
    taken = desk.signed("/v1/cases", body | {"officer": "mrb.officer"}, desk.world.gateway("mrb"))
    assert taken.status == 404  # no service of theirs, and no case of ours


def test_an_officer_opens_a_case_on_the_console(desk: Casework) -> None:
    hub, body = desk.world.hub, desk.opening()
    officer = Person(OFFICER, "x", "nrb", frozenset({"officer"}))
    handler = handler_of_session(officer, canonical(body), hub.clock())
    opened = open_case(hub.cases, handler, Opening.model_validate(body))
    told = answer_of(hub.cases, opened, handler.caller.asker)
    assert status_of(told, "identity") == "confirmed"
    control = desk.world.entry()[1]
    assert isinstance(control, dict)
    assert (control["channel"], control["connector"]) == ("console", None)
    steward = Person("nrb.steward", "x", "nrb", frozenset({"steward"}))
    with pytest.raises(Forbidden):
        handler_of_session(steward, b"", hub.clock())
    assert ReuseVerification(hub.reading).run().faults == []
    assert desk.world.findings().faults == ()


def test_another_departments_service_is_as_absent_as_none(desk: Casework) -> None:
    mrb = desk.world.gateway("mrb")
    theirs = desk.signed("/v1/cases", desk.opening(officer="mrb.officer"), mrb)
    nobodys = desk.signed("/v1/cases", desk.opening(services=["no_such"]))
    assert (theirs.status, theirs.body) == (nobodys.status, nobodys.body)
    assert theirs.status == 404


def test_an_officer_of_another_department_opens_nothing(desk: Casework) -> None:
    before = desk.world.entries()
    for officer in ("mrb.officer", "nrb.steward", "nobody"):
        assert desk.signed("/v1/cases", desk.opening(officer=officer)).status == 403
    assert desk.world.entries() == before


def test_parties_that_do_not_fit_are_refused_before_anything_is_asked(desk: Casework) -> None:
    before = desk.world.entries()
    company: Json = {"id": "91530000292020123N", "type": "uscc"}
    for parties, why in (
        ({"applicant": person()}, "party-missing subject"),
        ({"applicant": person(), "subject": None}, "party-without-number subject"),
        ({"applicant": None, "subject": person()}, "party-without-number applicant"),
        ({"applicant": person(), "subject": person(), "mother": person()}, "party mother"),
        ({"applicant": company, "subject": person()}, "party applicant"),
        ({"applicant": person("110101199003070000"), "subject": person()}, "party applicant"),
    ):
        answer = desk.signed("/v1/cases", desk.opening(parties=parties))
        assert answer.status == 422
        assert answer.document["facts"] == {"why": why}
    answer = desk.signed("/v1/cases", desk.opening(given={"born": "yesterday"}))
    assert answer.document["facts"] == {"why": "field born"}
    assert desk.world.entries() == before


def test_applicant_and_subject_are_kept_apart(desk: Casework) -> None:
    desk.file(subject=OTHER)
    opened = desk.open(parties={"applicant": person(), "subject": person(OTHER)})
    assert status_of(opened, "lease") == "on_file"
    assert desk.world.entry()[2] == {
        "case": "备案-2026-17",
        "officer": OFFICER,
        "subject": person(OTHER),
    }
    own = desk.open()
    assert status_of(own, "lease") == "must_bring"


def test_a_case_answers_only_its_own_department(desk: Casework) -> None:
    opened = desk.open()
    body: Members = {"officer": "mrb.officer", "version": 1}
    answer = desk.signed(f"/v1/cases/{opened['case']}/review", body, desk.world.gateway("mrb"))
    assert answer.status == 404


def test_reading_a_case_again_is_an_entry(desk: Casework) -> None:
    opened = desk.open()
    before = desk.world.entries()
    answer = desk.signed(f"/v1/cases/{opened['case']}/read", {"officer": OFFICER})
    assert answer.status == 200
    assert desk.world.entries() == before + 1
    assert desk.world.entry()[2] == {
        "case": "备案-2026-17",
        "officer": OFFICER,
        "subject": person(),
    }
    assert answer.document["rounds"] == opened["rounds"]
    assert answer.document["version"] == 1
    assert desk.world.findings().faults == ()


def _materials(answer: Members) -> list[Members]:
    return _dicts(answer["materials"])


def _dicts(value: Json) -> list[Members]:
    assert isinstance(value, list)
    return [one for one in value if isinstance(one, dict)]


def _position(desk: Casework, dataset: str, operation: str, found: list[Members]) -> int:
    for one in found:
        for place, question in enumerate(_dicts(one["questions"])):
            if (question["dataset"], question["operation"]) == (dataset, operation):
                first = one["first"]
                assert isinstance(first, int)
                return first + place
    raise AssertionError(desk)

"""A licence is issued, found by its holder and by its identifier, and confirmed."""

import pytest
from world.licensing import BIRTH, COMPANY, ISSUER, LOOKED_UP, Licensing, asked, birth
from world.time import DAY
from world.town import ADMINISTRATOR, SUBJECTS

from catalog.identifiers import licence
from catalog.licences import dataset
from certs.canonical import Json, canonical
from hub.errors import Unprocessable
from hub.licences import types
from hub.storage.generation import ROW_KEY_SEPARATOR


def test_issued_and_found_by_holder_and_by_identifier(licensed: Licensing) -> None:
    done = licensed.issued()
    identifier = str(done["identifier"])
    checked = licence.check(identifier)
    assert (checked.verdict, checked.value) == ("valid", identifier)
    parts = licence.split(identifier)
    assert (parts.type_code, parts.issuer) == ("11100000MB0143028R001", ISSUER.uscc)
    for subject, kind in (
        (COMPANY, "uscc"),
        (identifier, "licence_id"),
        (identifier.removeprefix(licence.ROOT).lower(), "licence_id"),
    ):
        answer = licensed.lookup(subject, kind)
        assert answer.status == 200, answer.body
        assert answer.receipt is not None
        assert answer.items == {
            "licence_id": identifier,
            "number": "530400100000001",
            "holder_name": "玉溪小馆餐饮有限公司",
            "valid_until": "2036-08-31",
            "status": "01",
            "scope": "餐饮服务",
        }
    assert licensed.lookup(identifier[:-1] + "?", "licence_id").code == "identifier-invalid"
    assert licensed.lookup("91530000MA6K5LA82A", "uscc").status in {200, 422}
    assert licensed.world.findings().faults == ()


def test_verified(licensed: Licensing) -> None:
    identifier = licensed.issued()["identifier"]
    for claims, expected in (
        ({"scope": "餐饮服务", "status": "01"}, True),
        ({"scope": "餐饮服务", "status": "02"}, False),
    ):
        answer = licensed.world.call(
            licensed.world.nrb.verify(
                claims, dataset=LOOKED_UP, subject={"id": identifier, "type": "licence_id"}
            )
        )
        assert answer.result["match"] is expected


def test_the_entry_of_a_licence_names_nobody(licensed: Licensing) -> None:
    done = licensed.issued(case="A-1", credential={})
    kind, control, person, _ = licensed.world.entry(int(str(done["entry"])))
    assert kind == "licence"
    told = canonical(control).decode()
    for secret in (COMPANY, "玉溪小馆", "530400100000001", "A-1", str(done["identifier"])):
        assert secret not in told
    assert person == {"case": "A-1", "officer": None, "subject": {"id": COMPANY, "type": "uscc"}}
    assert isinstance(control, dict)
    assert control["moves_epoch"] is True
    assert control["department"] == "mrb"


def test_asked_twice_under_one_token_it_is_issued_once(licensed: Licensing) -> None:
    body = asked()
    first = licensed.signed("/v1/licences", body)
    entries = licensed.world.entries()
    again = licensed.signed("/v1/licences", body)
    assert (first.status, again.status) == (201, 200)
    assert again.document["licence"] == first.document["licence"]
    assert again.document["entry"] is None
    assert licensed.world.entries() == entries
    other = licensed.signed("/v1/licences", {**body, "items": {}})
    assert (other.status, other.document["facts"]) == (409, {"why": "token-used"})


def test_every_fault_is_told_at_once(licensed: Licensing) -> None:
    entries = licensed.world.entries()
    answer = licensed.issue(
        metadata={"holder_id": "9153", "valid_until": "2020-13-01"},
        items={"scope": "", "colour": "red"},
    )
    assert (answer.status, answer.code) == (422, "licence-refused")
    faults = answer.document["faults"]
    assert isinstance(faults, list)
    told = {(one["place"], one["why"]) for one in faults}  # type: ignore[index,call-overload]
    assert told >= {
        ("metadata.holder_id", "form"),
        ("metadata.valid_until", "date"),
        ("items.colour", "unknown"),
        ("items.scope", "required"),
        ("items.address", "required"),
    }
    assert licensed.world.entries() == entries


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (
            {"holder_id": SUBJECTS[0], "holder_type": "111"},
            ("metadata.holder_type", "holder-not-allowed"),
        ),
        ({"valid_until": "2026-09-20"}, ("metadata.valid_until", "over")),
    ],
)
def test_a_holder_of_another_kind_or_a_day_that_is_over(
    licensed: Licensing, changed: dict[str, Json], fault: tuple[str, str]
) -> None:
    answer = licensed.issue(metadata=changed)
    assert answer.document["facts"] == {"place": fault[0], "why": fault[1], "count": 1}


@pytest.mark.parametrize("code", ["issuer", "issuer_uscc", "licence_id", "name", "type_code"])
def test_attack_a_department_issues_in_anothers_name(licensed: Licensing, code: str) -> None:
    answer = licensed.issue(metadata={code: "11530000015151515X"})
    assert answer.document["facts"] == {
        "place": f"metadata.{code}",
        "why": "set-by-the-hub",
        "count": 1,
    }


def test_attack_a_department_issues_what_is_not_its_to_issue(licensed: Licensing) -> None:
    entries = licensed.world.entries()
    for answer in (
        licensed.issue(by="psb"),
        licensed.issue(type="resident_identity_card"),
        licensed.issue(type="no_such_type"),
    ):
        assert (answer.status, answer.code) == (404, "not-found")
    types.change_type(
        licensed.world.hub.changes, ADMINISTRATOR, "business_licence", status="suspended"
    )
    assert licensed.issue().status == 404
    assert licensed.world.entries() == entries + 1


def test_a_number_stands_on_one_licence_that_can_be_in_force(licensed: Licensing) -> None:
    first = licensed.issued()
    twin = licensed.issue()
    assert (twin.status, twin.document["facts"]) == (409, {"why": "licence-number"})
    assert licensed.act(first["licence"], "revoke").status == 200
    assert licensed.issue().status == 409
    assert licensed.act(first["licence"], "cancel").status == 200
    licensed.issued()
    assert licensed.status() == ["04", "01"] or licensed.status() == ["01", "04"]


def test_a_birth_certificate_is_its_holders(licensed: Licensing) -> None:
    done = licensed.signed("/v1/licences", asked() | birth())
    assert done.status == 201, done.body
    _, _, person, _ = licensed.world.entry(int(str(done.document["entry"])))
    assert isinstance(person, dict)
    assert person["subject"] == {"id": SUBJECTS[0], "type": "resident_id"}
    assert licensed.status(SUBJECTS[0], "resident_id") == []


def test_the_datasets_that_come_along_have_every_item_of_their_type() -> None:
    assert {f"licence_{BIRTH}", LOOKED_UP} <= set(dataset.bundled())
    assert not any("identity_card" in code for code in dataset.bundled())


def test_types_that_nobody_here_issues_are_not_registered(licensed: Licensing) -> None:
    source = types.bundled_source("resident_identity_card")
    with pytest.raises(Unprocessable):
        types.register(licensed.world.hub.changes, ADMINISTRATOR, source, {"psb": ISSUER})


def test_a_repaired_licence_is_hidden_by_whichever_way_it_is_asked_for(
    licensed: Licensing,
) -> None:
    identifier = str(licensed.issued()["identifier"])
    mark: Json = {
        "kind": "repaired",
        "row": ROW_KEY_SEPARATOR.join((identifier,)),
        "subject": {"id": COMPANY, "type": "uscc"},
    }
    by_identifier = {**mark, "subject": {"id": identifier, "type": "licence_id"}}  # type: ignore[dict-item]
    path = f"/v1/datasets/{LOOKED_UP}/marks"
    assert licensed.signed(path, by_identifier).status == 422
    assert licensed.signed(path, mark).status == 200
    assert licensed.status() == []
    assert licensed.status(identifier, "licence_id") == []


def test_past_its_last_day_it_has_ended_whether_that_is_entered_or_not(
    licensed: Licensing,
) -> None:
    licensed.issued(metadata={"valid_until": "2026-09-22"})
    assert licensed.status() == ["01"]
    licensed.world.time.now += 2 * DAY
    assert licensed.status() == ["05"]
    entries = licensed.world.entries()
    office = licensed.world.hub.office
    assert (office.expire(), office.expire()) == (1, 0)
    assert licensed.world.entries() == entries + 1
    assert licensed.status() == ["05"]
    assert licensed.world.findings().faults == ()


def test_an_objection_by_identifier_marks_it_for_whoever_asks_by_holder(
    licensed: Licensing,
) -> None:
    identifier = str(licensed.issued()["identifier"])
    licensed.issued(metadata={"number": "2"})
    body: Json = {
        "items": ["scope"],
        "reason": "登记的经营范围与许可不符",
        "subject": {"id": identifier, "type": "licence_id"},
    }
    raised = licensed.signed(f"/v1/datasets/{LOOKED_UP}/objections", body, by="nrb")
    assert raised.status == 201, raised.body
    records = licensed.lookup().result["records"]
    assert isinstance(records, list)
    told = {one["items"]["licence_id"]: one["disputed"] for one in records}  # type: ignore[index,call-overload]
    assert told.pop(identifier) is True
    assert list(told.values()) == [False]

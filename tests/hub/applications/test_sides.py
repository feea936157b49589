"""Who may do what to an application, and to whom it is not there."""

from typing import TYPE_CHECKING

import pytest
from world.town import PASSWORD

from hub.ledger.change import OPERATOR
from hub.ledger.openable import opened_after
from hub.people import accounts
from hub.people.passwords import hash_password

if TYPE_CHECKING:
    from conftest import Road

REPLY = {"items": {"name": "full", "sex": "full", "address": "full"}, "refused": {}}


@pytest.mark.parametrize(
    ("act", "body", "may"),
    [
        ("sign", {}, {"mrb.head"}),
        ("withdraw", {}, {"mrb.writer"}),
        ("", {"elements": {}}, {"mrb.writer"}),
    ],
)
def test_only_the_applicants_side_acts_on_a_draft(
    road: "Road", act: str, body: dict[str, object], may: set[str]
) -> None:
    drafted = road.draft()
    everyone = ("mrb.writer", "mrb.head", "psb.writer", "psb.head", "nrb.writer", "nrb.head")
    for who in sorted({*everyone, "authority", "inspector"} - may):
        assert road.try_on(who, drafted, act, **body).status in {403, 404}, who
    for who in may:
        assert road.try_on(who, drafted, act, **body).status == 200


@pytest.mark.parametrize(
    ("act", "body", "may"),
    [
        ("reply", REPLY, "psb.writer"),
        ("return", {"gaps": [{"where": "scope", "why": "不清楚"}]}, "psb.writer"),
        ("extension", {"days": 5, "reason": "需要核实"}, "psb.writer"),
    ],
)
def test_only_the_providers_steward_prepares(
    road: "Road", act: str, body: dict[str, object], may: str
) -> None:
    submitted = road.submitted()
    for who in ("mrb.writer", "mrb.head", "psb.head", "nrb.writer", "nrb.head", "authority"):
        assert road.try_on(who, submitted, act, **body).status in {403, 404}, who
    assert road.try_on(may, submitted, act, **body).status == 200


def test_only_the_applicants_side_amends_what_came_back(road: "Road") -> None:
    gaps = [{"where": "scope", "why": "不清楚"}]
    returned = road.on("psb.writer", road.submitted(), "return", gaps=gaps)
    for who in ("psb.writer", "nrb.writer"):
        assert road.try_on(who, returned, "", elements={}).status == 404, who
    assert road.try_on("mrb.writer", returned, "", elements={}).status == 200


def test_only_the_providers_head_signs_the_reply(road: "Road") -> None:
    prepared = road.on("psb.writer", road.submitted(), "reply", **REPLY)
    for who in ("mrb.writer", "mrb.head", "psb.writer", "nrb.head", "authority", "inspector"):
        assert road.try_on(who, prepared, "reply/sign").status in {403, 404}, who
    assert road.try_on("psb.head", prepared, "reply/sign").status == 200


def test_nobody_signs_what_they_wrote(road: "Road") -> None:
    """A person with both roles is still one person."""
    hashed = hash_password(PASSWORD, "nobody")
    for department in ("mrb", "psb"):
        accounts.enrol(
            road.world.hub.changes,
            OPERATOR,
            f"{department}.both",
            "二职一人",
            department,
            ["head", "steward"],
            hashed,
        )
    body = {"dataset": "resident", "elements": road.elements()}
    drafted = road.done("mrb.both", "POST", "/v1/applications", body)
    own = road.try_on("mrb.both", drafted, "sign")
    assert (own.status, own.document["facts"]) == (403, {"what": "own-application"})
    submitted = road.on("mrb.head", drafted, "sign")
    prepared = road.on("psb.both", submitted, "reply", **REPLY)
    assert road.try_on("psb.both", prepared, "reply/sign").status == 403
    assert road.try_on("psb.head", prepared, "reply/sign").status == 200


def test_whoever_amends_a_draft_does_not_sign_it(road: "Road") -> None:
    hashed = hash_password(PASSWORD, "nobody")
    changes = road.world.hub.changes
    accounts.enrol(changes, OPERATOR, "mrb.both", "二职一人", "mrb", ["head", "steward"], hashed)
    amended = road.on("mrb.both", road.draft(), "", elements=road.elements(daily_quota=10))
    assert road.try_on("mrb.both", amended, "sign").status == 403
    assert road.try_on("mrb.head", amended, "sign").status == 200


def test_to_third_departments_an_application_is_not_there(road: "Road") -> None:
    submitted = road.submitted()
    path = f"/v1/applications/{submitted['id']}"
    for who in ("nrb.writer", "nrb.head"):
        assert road.call(who, "GET", path).status == 404
        assert road.done(who, "GET", "/v1/applications")["applications"] == []
    for who in ("mrb.writer", "psb.head", "authority", "inspector"):
        assert road.call(who, "GET", path).status == 200
    assert road.call("mrb.writer", "GET", "/v1/applications/A-000000000000").status == 404


def test_a_draft_is_the_applicants_own_business(road: "Road") -> None:
    drafted = road.draft()
    path = f"/v1/applications/{drafted['id']}"
    assert road.call("psb.writer", "GET", path).status == 404
    assert road.done("psb.writer", "GET", "/v1/applications")["applications"] == []
    road.on("mrb.writer", drafted, "withdraw")
    assert road.call("psb.writer", "GET", path).status == 404
    assert road.call("mrb.head", "GET", path).status == 200


def test_a_reply_that_is_not_signed_is_the_providers_own_business(road: "Road") -> None:
    """Nor do its entries in the log open it to the applicant."""
    submitted = road.submitted()
    prepared = road.on("psb.writer", submitted, "reply", **REPLY)
    assert road.seen("psb.head", prepared)["reply"] is not None
    assert road.seen("authority", prepared)["reply"] is not None
    assert road.seen("mrb.writer", prepared)["reply"] is None
    listed = road.done("mrb.head", "GET", "/v1/applications")["applications"]
    assert isinstance(listed, list)
    assert [one["reply"] for one in listed if isinstance(one, dict)] == [None]
    opened = {
        department: opened_after(road.world.hub.reading, department, -1, 10**6, 100)
        for department in ("mrb", "psb")
    }
    last = road.world.entries() - 1
    assert last in {one.index for one in opened["psb"]}
    assert last not in {one.index for one in opened["mrb"]}
    road.on("psb.head", prepared, "reply/sign")
    assert road.seen("mrb.writer", prepared)["reply"] is not None
    assert road.world.findings().faults == ()


def test_an_application_that_is_withdrawn_takes_the_draft_of_its_reply_along(
    road: "Road",
) -> None:
    prepared = road.on("psb.writer", road.submitted(), "reply", **REPLY)
    withdrawn = road.on("mrb.writer", prepared, "withdraw")
    assert withdrawn["reply"] is None
    assert road.seen("psb.head", withdrawn)["reply"] is None


def test_nobody_applies_for_the_own_dataset(road: "Road") -> None:
    body = {"dataset": "resident", "elements": road.elements()}
    answer = road.call("psb.writer", "POST", "/v1/applications", body)
    assert (answer.status, answer.document["facts"]) == (409, {"why": "own-dataset"})


def test_no_entry_of_an_application_names_a_person(road: "Road") -> None:
    prepared = road.on("psb.writer", road.submitted(), "reply", **REPLY)
    road.on("psb.head", prepared, "reply/sign")
    kinds = []
    for position in range(road.world.entries()):
        kind, control, person, _ = road.world.entry(position)
        kinds.append(kind)
        if kind == "application":
            assert isinstance(person, dict)
            assert str(person["officer"]) in {"mrb.writer", "mrb.head", "psb.writer", "psb.head"}
            for account in ("mrb.writer", "mrb.head", "psb.writer", "psb.head"):
                assert account not in str(control)
    assert kinds.count("application") == 4

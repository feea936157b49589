"""What stands in the way of an act whose time has passed, or has not come."""

from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from world.on_record import ON_RECORD
from world.town import ADMINISTRATOR, PURPOSE, publish

from hub.access import grants, purposes
from hub.access.grant import STANDING
from hub.applications import answering
from hub.applications.application import Application, Extension
from hub.applications.register import standing
from hub.calendar.corrections import working_days
from hub.catalogue import datasets
from hub.errors import Unprocessable
from hub.ledger.change import Actor

if TYPE_CHECKING:
    from conftest import Road
    from world.asking import Members

REPLY = {
    "items": {"name": "full", "sex": "full"},
    "refused": {"address": "登记不需要住址"},
}
HOUSE = {
    "certificate_no": "云(2026)红塔区不动产权第0000001号",
    "unit_no": "530402001001GB00001F00010001",
}


def prepared(road: "Road") -> "Members":
    return road.on("psb.writer", road.submitted(), "reply", **REPLY)


def test_attack_another_version_to_learn_what_is_there(road: "Road") -> None:
    """To a third department a wrong version is as little there as a right one."""
    submitted, drafted = road.submitted(), road.draft()
    absent = {"id": "A-000000000000"}
    for who, found in (("nrb.writer", submitted), ("psb.writer", drafted)):
        for version in (found["version"], 999):
            told = road.try_on(who, {"id": found["id"], "version": version}, "withdraw")
            none = road.try_on(who, {**absent, "version": version}, "withdraw")
            assert (told.status, told.document) == (none.status, none.document), who
            assert told.status == 404


@pytest.mark.parametrize(
    ("who", "act", "body"),
    [
        ("psb.head", "reply/sign", {}),
        ("psb.writer", "reply", REPLY),
        ("psb.writer", "return", {"gaps": [{"where": "scope", "why": "不清楚"}]}),
        ("psb.writer", "extension", {"days": 5, "reason": "需要核实"}),
        ("authority", "extension/consent", {}),
        ("mrb.head", "sign", {}),
        ("mrb.writer", "", {"elements": {}}),
        ("mrb.writer", "withdraw", {}),
        ("mrb.writer", "dispute", {"reason": "不同意"}),
    ],
)
def test_nothing_is_done_to_what_was_taken_back(
    road: "Road", who: str, act: str, body: dict[str, object]
) -> None:
    asked = road.submitted()
    if act == "extension/consent":
        asked = road.on("psb.writer", asked, "extension", days=5, reason="需要核实")
    if act == "reply/sign":
        asked = road.on("psb.writer", asked, "reply", **REPLY)
    withdrawn = road.on("mrb.writer", asked, "withdraw")
    refused = road.try_on(who, withdrawn, act, **body)
    assert (refused.status, refused.document["facts"]) == (409, {"why": "application-withdrawn"})


def test_a_draft_is_not_answered_and_what_is_submitted_is_not_changed(road: "Road") -> None:
    submitted = road.submitted()
    for act, body in (("", {"elements": {}}), ("sign", {})):
        who = "mrb.head" if act else "mrb.writer"
        assert road.try_on(who, submitted, act, **body).status == 409  # type: ignore[arg-type]
    assert road.try_on("mrb.writer", submitted, "dispute", reason="不同意").status == 409


def test_what_was_returned_begins_anew(road: "Road") -> None:
    """A reply that was prepared before does not outlive what it answered."""
    gaps = [{"where": "scope", "why": "不清楚"}]
    returned = road.on("psb.writer", prepared(road), "return", gaps=gaps)
    assert returned["reply"] is None
    again = road.on("mrb.head", returned, "sign")
    assert road.try_on("psb.head", again, "reply/sign").document["facts"] == {"why": "no-reply"}


def test_time_is_asked_for_once_and_consented_to_once(road: "Road") -> None:
    submitted = road.submitted()
    none = road.try_on("authority", submitted, "extension/consent")
    assert none.document["facts"] == {"why": "no-extension"}
    asked = road.on("psb.writer", submitted, "extension", days=5, reason="需要核实")
    again = road.try_on("psb.writer", asked, "extension", days=6, reason="需要核实")
    assert again.document["facts"] == {"why": "extended-before"}
    extended = road.on("authority", asked, "extension/consent")
    twice = road.try_on("authority", extended, "extension/consent")
    assert twice.document["facts"] == {"why": "no-extension"}


def test_nobody_consents_by_asking(road: "Road") -> None:
    submitted = road.submitted()
    asked = answering.ask_for_time(
        road.world.hub.changes,
        Actor("console", account="psb.writer", department="psb"),
        str(submitted["id"]),
        int(str(submitted["version"])),
        Extension(reason="需要核实", days=5, consented="2026-09-21T13:00:00.000Z"),
    )
    assert asked.extension is not None
    assert asked.extension.consented is None


def test_nothing_is_returned_without_a_word(road: "Road") -> None:
    submitted = road.submitted()
    actor = Actor("console", account="psb.writer", department="psb")
    with pytest.raises(Unprocessable):
        answering.give_back(
            road.world.hub.changes, actor, str(submitted["id"]), int(str(submitted["version"])), []
        )
    assert road.seen("psb.writer", submitted)["status"] == "submitted"


def test_what_is_granted_masked_is_granted_in_part(road: "Road") -> None:
    masked = {"items": {"name": "name", "sex": "full", "address": "full"}, "refused": {}}
    answered = road.on("psb.writer", road.submitted(), "reply", **masked)
    assert road.on("psb.head", answered, "reply/sign")["status"] == "partly-granted"


def test_delivery_waits_for_the_publication_and_is_said_once(road: "Road") -> None:
    elements = road.elements(items=["certificate_no"])
    body = {"dataset": "real_estate", "elements": elements}
    drafted = road.done("mrb.writer", "POST", "/v1/applications", body)
    submitted = road.on("mrb.head", drafted, "sign")
    early = road.try_on("nrb.writer", submitted, "delivery")
    assert early.document["facts"] == {"why": "nothing-to-deliver"}
    reply = {"items": {"certificate_no": "full"}, "refused": {}}
    answered = road.on("nrb.writer", submitted, "reply", **reply)
    granted = road.on("nrb.head", answered, "reply/sign")
    assert (granted["delivered"], granted["urgency"]) == (None, "on-time")
    # Twenty working days after 21 September 2026: the last one is 26 October.
    assert granted["due"] == "2026-10-26T16:00:00.000Z"
    missing = road.try_on("nrb.writer", granted, "delivery")
    assert missing.document["facts"] == {"why": "not-published"}
    row = {"owner_id": "530402199001010011", **HOUSE}
    publish(road.world.hub, "real_estate", [row])
    delivered = road.on("nrb.writer", granted, "delivery")
    assert (delivered["due"], delivered["urgency"]) == (None, None)
    assert delivered["delivered"] is not None
    twice = road.try_on("nrb.writer", delivered, "delivery")
    assert twice.document["facts"] == {"why": "nothing-to-deliver"}


def test_no_clock_runs_where_nothing_is_awaited(road: "Road") -> None:
    submitted = road.submitted()
    found = Application.model_validate({k: v for k, v in submitted.items() if k != "urgency"})
    calendar, now = working_days(road.world.hub.reading), road.world.time()
    assert standing(found, calendar, now) == "on-time"
    ended = found.model_copy(update={"status": "withdrawn"})
    assert standing(ended, calendar, now) is None


def test_a_whole_grant_is_not_disputed_and_no_dispute_is_settled_before_it_is_opened(
    road: "Road",
) -> None:
    every = {"items": {"name": "full", "sex": "full", "address": "full"}, "refused": {}}
    answered = road.on("psb.writer", road.submitted(), "reply", **every)
    granted = road.on("psb.head", answered, "reply/sign")
    assert granted["status"] == "granted"
    whole = road.try_on("mrb.writer", granted, "dispute", reason="不同意")
    assert whole.document["facts"] == {"why": "application-granted"}
    early = road.try_on("mrb.head", granted, "dispute/settlement", reason="维持")
    assert early.document["facts"] == {"why": "no-dispute"}


def test_a_dispute_is_settled_once(road: "Road") -> None:
    answered = road.on("psb.head", prepared(road), "reply/sign")
    opened = road.on("mrb.writer", answered, "dispute", reason="不同意")
    settled = road.on("mrb.head", opened, "dispute/settlement", reason="维持")
    again = road.try_on("psb.head", settled, "dispute/settlement", reason="维持")
    assert again.document["facts"] == {"why": "no-dispute"}


def test_a_grants_application_outlives_a_change_of_its_terms(road: "Road") -> None:
    granted = road.on("psb.head", prepared(road), "reply/sign")
    grant = grants.find(road.world.hub.reading, str(granted["grant"]))
    state = grant.state()
    terms = {name: state[name] for name in state if name not in STANDING}
    for other in (None, "A-ffffffffffff"):
        standing_now = grants.find(road.world.hub.reading, grant.id)
        body = {"version": standing_now.version, "terms": {**terms, "application": other}}
        road.done("authority", "PUT", f"/v1/grants/{grant.id}", body)
        assert grants.find(road.world.hub.reading, grant.id).application == granted["id"]


def test_a_suspended_dataset_is_not_there_and_an_ended_purpose_is_a_gap(road: "Road") -> None:
    drafted = road.draft()
    purposes.set_status(road.world.hub.changes, ADMINISTRATOR, PURPOSE, "ended")
    refused = road.try_on("mrb.head", drafted, "sign")
    assert refused.document["facts"] == {"gaps": f"purposes.{PURPOSE}: unknown"}
    datasets.set_status(road.world.hub.changes, ADMINISTRATOR, "resident", "suspended")
    body = {"dataset": "resident", "elements": road.elements()}
    assert road.call("mrb.writer", "POST", "/v1/applications", body).status == 404
    assert road.try_on("mrb.head", drafted, "sign").status == 404


@pytest.mark.parametrize(
    ("changed", "gap"),
    [
        ({"basis": "查"}, "basis: missing"),
        ({"scenario": ""}, "scenario: missing"),
        ({"scope": "  "}, "scope: missing"),
        ({"method": None}, "method: missing"),
        ({"method": "file"}, "method: not-offered"),
        ({"valid_until": None}, "valid_until: missing"),
        ({"valid_until": "2026-09-21T13:00:00.000Z"}, "valid_until: past"),
        ({"valid_until": "2032-01-01T00:00:00.000Z"}, "valid_until: too-long"),
        ({"items": []}, "items: missing"),
        ({"operations": []}, "operations: missing"),
        ({"channels": []}, "channels: missing"),
        ({"purposes": []}, "purposes: missing"),
        ({"items": ["shoe_size"]}, "items.shoe_size: unknown"),
    ],
)
def test_nothing_that_lacks_anything_is_signed(
    road: "Road", changed: dict[str, object], gap: str
) -> None:
    refused = road.try_on("mrb.head", road.draft(**changed), "sign")
    assert (refused.status, refused.code) == (422, "application-incomplete")
    assert refused.document["facts"] == {"gaps": gap}


def test_what_is_not_shared_cannot_be_applied_for(road: "Road") -> None:
    """不予共享, of one item and of a whole dataset."""
    source = files("catalog.datasets").joinpath("credit_approval.toml").read_text("utf-8")
    whole = source.replace("sharing = 1", 'sharing = 3\nsharing_basis = "保守国家秘密法"', 1)
    assert whole != source
    datasets.register(road.world.hub.changes, ADMINISTRATOR, "psb", whole.encode(), ON_RECORD)
    elements = road.elements(items=["document_no"])
    body = {"dataset": "credit_approval", "elements": elements}
    drafted = road.done("mrb.writer", "POST", "/v1/applications", body)
    told = {(gap["where"], gap["why"]) for gap in drafted["gaps"]}  # type: ignore[union-attr, index, call-overload]
    assert told == {("dataset", "not-shared"), ("items.document_no", "not-shared")}


def test_a_correction_names_its_notice_and_a_day_that_is_near(road: "Road") -> None:
    for day, basis in (("2026-10-09", " "), ("2026-10-09", "x" * 201), ("2037-10-09", "通知")):
        body = {"working": False, "basis": basis}
        assert road.call("authority", "PUT", f"/v1/calendar/{day}", body).status == 422

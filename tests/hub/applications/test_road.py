"""From an application to a grant, as people of both departments go it over the hub's routes."""

from importlib.resources import files
from typing import TYPE_CHECKING

from world.on_record import ON_RECORD
from world.time import DAY
from world.town import ADMINISTRATOR, SUBJECTS

from certs.encoding import rfc3339
from hub.access import grants
from hub.catalogue import datasets

if TYPE_CHECKING:
    from conftest import Road

ITEMS = {"name": "full", "sex": "full"}
REFUSED = {"address": "登记不需要住址"}


def test_a_reply_in_part_grants_those_items_and_no_other(road: "Road") -> None:
    world = road.world
    submitted = road.submitted()
    prepared = road.on("psb.writer", submitted, "reply", items=ITEMS, refused=REFUSED)
    assert world.call(world.gateway("mrb").lookup(items=["name"])).status == 403
    granted = road.on("psb.head", prepared, "reply/sign")
    assert (granted["status"], granted["due"]) == ("partly-granted", None)
    assert granted["delivered"] is not None
    answer = world.call(world.gateway("mrb").lookup(items=["name", "sex"]))
    assert answer.status == 200
    assert set(answer.items) == {"name", "sex"}
    wider = world.call(world.gateway("mrb").lookup(items=["name", "address"]))
    assert (wider.status, wider.code) == (403, "items-outside-grant")
    grant = grants.find(world.hub.reading, str(granted["grant"]))
    assert grant.application == granted["id"]
    assert answer.control["grant"] == f"demo.yifen:{grant.id}"
    assert road.world.findings().faults == ()


def test_all_that_is_missing_is_told_at_once_and_nothing_is_refused(road: "Road") -> None:
    drafted = road.draft(
        basis="",
        scenario="查",
        method=None,
        valid_until=None,
        items=["name", "shoe_size"],
        purposes=["no_such_purpose"],
    )
    assert drafted["status"] == "draft"
    places = {"basis", "scenario", "method", "valid_until", "items.shoe_size"}
    told = {str(gap["where"]) for gap in drafted["gaps"]}  # type: ignore[union-attr, index, call-overload]
    assert told == places | {"purposes.no_such_purpose"}
    refused = road.try_on("mrb.head", drafted, "sign")
    assert (refused.status, refused.code) == (422, "application-incomplete")
    assert all(place in str(refused.document["facts"]) for place in told)
    amended = road.on("mrb.writer", drafted, "", elements=road.elements())
    assert amended["gaps"] == []
    assert road.on("mrb.head", amended, "sign")["status"] == "submitted"


def test_what_is_shared_without_conditions_is_granted_by_rule(road: "Road") -> None:
    """Legal entities are 无条件共享: nobody at the provider has to say yes."""
    definition = files("catalog.datasets").joinpath("credit_approval.toml").read_bytes()
    datasets.register(road.world.hub.changes, ADMINISTRATOR, "psb", definition, ON_RECORD)
    elements = road.elements(items=["document_no"])
    drafted = road.done(
        "mrb.writer",
        "POST",
        "/v1/applications",
        {"dataset": "credit_approval", "elements": elements},
    )
    assert drafted["gaps"] == [], drafted["gaps"]
    granted = road.on("mrb.head", drafted, "sign")
    assert (granted["status"], granted["by_rule"]) == ("granted", True)
    # It is not published yet: delivery has its period.
    assert granted["due"] is not None
    assert road.try_on("psb.writer", granted, "delivery").code == "conflict"
    assert road.seen("psb.writer", granted)["grant"] == granted["grant"]


def test_one_conditional_item_is_for_the_provider_to_grant(road: "Road") -> None:
    source = files("catalog.datasets").joinpath("credit_approval.toml").read_text("utf-8")
    mixed = source.replace('code = "document_no"', 'code = "document_no"\nsharing = 2', 1)
    datasets.register(road.world.hub.changes, ADMINISTRATOR, "psb", mixed.encode(), ON_RECORD)
    elements = road.elements(items=["document_no"])
    body = {"dataset": "credit_approval", "elements": elements}
    drafted = road.done("mrb.writer", "POST", "/v1/applications", body)
    assert road.on("mrb.head", drafted, "sign")["status"] == "submitted"


def test_a_refusal_gives_its_reasons_and_no_grant(road: "Road") -> None:
    submitted = road.submitted(items=["address"])
    bare = road.try_on("psb.writer", submitted, "reply", items={}, refused={"address": ""})
    assert bare.status == 422
    prepared = road.on("psb.writer", submitted, "reply", items={}, refused=REFUSED)
    refused = road.on("psb.head", prepared, "reply/sign")
    assert (refused["status"], refused["grant"]) == ("refused", None)
    assert refused["reply"]["refused"] == REFUSED  # type: ignore[index, call-overload]
    sent = road.world.gateway("mrb").lookup(subject={"type": "resident_id", "id": SUBJECTS[0]})
    assert road.world.call(sent).code == "not-granted"


def test_a_reply_answers_every_item_once(road: "Road") -> None:
    submitted = road.submitted()
    for items, refused in (
        (ITEMS, {}),
        ({**ITEMS, "address": "full", "employer_uscc": "full"}, {}),
        ({**ITEMS, "address": "full"}, REFUSED),
        ({"name": "year", "sex": "full", "address": "full"}, {}),
    ):
        answer = road.try_on("psb.writer", submitted, "reply", items=items, refused=refused)
        assert answer.status == 422, (items, refused)
    assert road.try_on("psb.head", submitted, "reply/sign").code == "conflict"


def test_it_is_returned_once_with_everything(road: "Road") -> None:
    lacking = [{"where": "scope", "why": "说明哪些岗位使用"}, {"where": "basis", "why": "附文号"}]
    submitted = road.submitted()
    assert road.try_on("psb.writer", submitted, "return", gaps=[]).status == 422
    returned = road.on("psb.writer", submitted, "return", gaps=lacking)
    assert (returned["status"], returned["due"]) == ("returned", None)
    assert road.try_on("psb.writer", returned, "reply", items={}, refused={}).code == "conflict"
    amended = road.on("mrb.writer", returned, "", elements=road.elements(scope="登记科三个岗位"))
    again = road.on("mrb.head", amended, "sign")
    assert again["status"] == "submitted"
    second = road.try_on("psb.writer", again, "return", gaps=lacking)
    assert (second.status, second.document["facts"]) == (409, {"why": "returned-before"})


def test_an_application_is_withdrawn_until_it_is_answered(road: "Road") -> None:
    submitted = road.submitted()
    withdrawn = road.on("mrb.writer", submitted, "withdraw")
    assert (withdrawn["status"], withdrawn["urgency"]) == ("withdrawn", None)
    assert road.try_on("psb.writer", withdrawn, "reply", items={}, refused={}).code == "conflict"
    assert road.try_on("mrb.writer", withdrawn, "withdraw").code == "conflict"


def test_a_dispute_goes_from_level_to_level(road: "Road") -> None:
    """协商, 主管部门, 本级政府 (Art 28): each settles or leaves it to the next."""
    prepared = road.on("psb.writer", road.submitted(), "reply", items=ITEMS, refused=REFUSED)
    answered = road.on("psb.head", prepared, "reply/sign")
    found = answered
    for level, who in (("departments", "psb.head"), ("authority", "authority")):
        found = road.on("mrb.writer", found, "dispute", reason="住址为法定核对项")
        assert found["dispute"]["level"] == level  # type: ignore[index, call-overload]
        assert road.try_on("mrb.writer", found, "dispute", reason="再来").code == "conflict"
        other = "authority" if who == "psb.head" else "mrb.head"
        assert road.try_on(other, found, "dispute/settlement", reason="维持").status == 404
        found = road.on(who, found, "dispute/settlement", reason="未能达成一致")
    found = road.on("mrb.writer", found, "dispute", reason="报请本级政府")
    found = road.on("authority", found, "dispute/settlement", reason="由提供方补充共享")
    assert road.try_on("mrb.writer", found, "dispute", reason="又来").code == "conflict"
    assert road.world.findings().faults == ()


def test_two_people_do_not_act_on_what_neither_has_seen(road: "Road") -> None:
    submitted = road.submitted()
    road.on("psb.writer", submitted, "reply", items=ITEMS, refused=REFUSED)
    stale = road.try_on("psb.head", submitted, "reply/sign")
    assert (stale.status, stale.document["facts"]) == (409, {"why": "version"})


def test_what_was_wanted_for_a_time_that_is_over_is_not_granted(road: "Road") -> None:
    """And the provider may still refuse it, so that it has an end."""
    until = rfc3339(road.world.time() + 3 * DAY)
    submitted = road.submitted(items=["name"], valid_until=until)
    prepared = road.on("psb.writer", submitted, "reply", items={"name": "full"}, refused={})
    road.until(rfc3339(road.world.time() + 4 * DAY))
    late = road.try_on("psb.head", prepared, "reply/sign")
    assert (late.status, late.document["facts"]) == (409, {"why": "time-of-use-over"})
    again = road.on("psb.writer", prepared, "reply", items={}, refused={"name": "使用时限已过"})
    assert road.on("psb.head", again, "reply/sign")["status"] == "refused"

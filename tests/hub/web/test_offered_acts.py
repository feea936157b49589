"""What the page of an application offers is what may be done, for everybody and in every state."""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from world.everyone import APPLICANT, PEOPLE, Everyone, actor
from world.town import open_world

from hub.applications import applying
from hub.applications.application import Application, Elements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.town import Town

REASON = {"reason": "需要核实"}
FIELDS: dict[str, dict[str, str]] = {
    "consent": {},
    "delivery": {},
    "dispute": REASON,
    "edit": {"basis": "别的依据"},
    "extension": {"days": "5", **REASON},
    "reply": {"item.name": "full", "item.address": "refuse", "reason.address": "不需要住址"},
    "return": {"gap.scope": "不清楚"},
    "settlement": REASON,
    "sign": {},
    "sign-reply": {},
    "withdraw": {},
}
STATES = ("draft", "submitted", "returned", "prepared", "asked", "answered", "disputed")


@pytest.fixture(scope="module")
def everyone(town: "Town", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Everyone]":
    with open_world(town, tmp_path_factory.mktemp("offered") / "hub") as world:
        yield Everyone.of(world)


def offered(everyone: Everyone, who: str, application: Application) -> set[str]:
    """The acts to which the page leads; nothing if there is no page."""
    page = everyone.browse(who, "GET", f"/applications/{application.id}", b"")
    found = re.findall(
        rf'(?:action|href)="/applications/{application.id}/([a-z-]+)"', page.body.decode()
    )
    return set(found)


def performed(everyone: Everyone, who: str, application: Application, act: str) -> bool:
    """Whether an act was done."""
    fields = {"version": str(application.version), **FIELDS[act]}
    path = f"/applications/{application.id}"
    answer = everyone.browse(who, "POST", f"{path}/{act}", urlencode(fields).encode())
    assert answer.status in {303, 403, 404, 409, 422}, (who, act, answer.status)
    return answer.status == 303 and answer.headers["location"].startswith(path)


@pytest.mark.parametrize("state", STATES)
def test_what_is_offered_is_what_may_be_done(everyone: Everyone, state: str) -> None:
    found = everyone.applications[state]
    offers = {who: offered(everyone, who, found) for who in PEOPLE}
    assert any(offers.values())
    for who, acts in offers.items():
        for act in sorted(FIELDS.keys() - acts):
            assert not performed(everyone, who, found, act), (who, act)
    for who, acts in offers.items():
        for act in sorted(acts):
            fresh = dict(everyone.made())[state]
            assert performed(everyone, who, fresh, act), (who, act)


def test_what_still_lacks_something_is_not_offered_to_be_signed(everyone: Everyone) -> None:
    head = f"{APPLICANT}.head"
    changes = everyone.world.hub.changes
    drafted, lacking = applying.draft(
        changes, actor(f"{APPLICANT}.steward"), "resident", Elements(basis="查")
    )
    assert lacking
    assert "sign" not in offered(everyone, head, drafted)
    assert not performed(everyone, head, drafted, "sign")
    assert "sign" in offered(everyone, head, everyone.applications["draft"])

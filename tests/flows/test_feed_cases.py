"""What a connector believes of a page about open cases, or about what was destroyed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from world.asking import Members
from world.auditing import Auditor, load
from world.casework import casework
from world.filing import LEASE
from world.held import HOLDERS
from world.lying import Alter, Lying, before_a_liar
from world.opened import Counter
from world.outsider import Outsider, only
from world.town import PURPOSE, World

from certs.canonical import Json, canonical
from certs.encoding import b64u, sha256
from certs.note import vkey
from certs.receipts import Receipt
from connectors.client import Connector
from connectors.errors import AnswerRefused, QuestionRefused
from connectors.feed.page import FeedPage
from connectors.feed.question import feed, kept_feed
from hub.feeds.reveal import FeedReveal
from hub.feeds.told import Told

A, B, *_ = HOLDERS


@dataclass
class Place:
    world: World
    bridge: Lying
    connector: Connector
    counter: Counter

    def page(self, cursor: str | None = None, **members: object) -> FeedPage | None:
        given = {"purpose": PURPOSE, "officer": "nrb.officer", "of_cases": True, **members}
        return self.connector.page(LEASE, cursor, **given)  # type: ignore[arg-type]

    def refused(self, alter: Alter | None = None, **members: object) -> str:
        """Why a page is refused, and that it was kept as evidence."""
        self.bridge.alter = alter
        with pytest.raises(AnswerRefused) as refused:
            self.page(**members)  # type: ignore[arg-type]
        assert self.connector.receipts.alarms(limit=1)
        return str(refused.value.facts["why"])


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Place]:
    counter = Counter.of(casework(world))
    for subject in (A, B):
        counter.leases.file(subject)
        counter.open(subject)
    bridge, connector = before_a_liar(world, tmp_path / "home", "/feed")
    yield Place(world, bridge, connector, counter)
    connector.close()


def test_pages_are_verified_kept_and_proven(place: Place, tmp_path: Path) -> None:
    page = place.page()
    assert page is not None
    told = {(one.subject_id, one.case) for one in page.changes}
    assert told == {(A, "case-1"), (B, "case-2")}
    place.world.hub.checkpointer.step()
    place.connector.prove()
    data = place.connector.export(place.connector.receipts.entry(page.entry))
    place.connector.verify_evidence(data)
    hub = place.world.hub
    root, key = b64u(sha256(hub.authority.root_der)), vkey(hub.origin, hub.checkpoint_key)
    outsider = Outsider(Auditor.at(tmp_path / "auditor", load()), tmp_path, root, key)
    assert outsider.verify(data).faults == []
    document = json.loads(data)
    document["openings"][0]["case"] = "case-9"
    assert only(outsider.verify(canonical(document))) == "person"


def test_cases_that_we_know_are_believed(place: Place) -> None:
    page = place.page(known=lambda: {"case-1", "case-2"})
    assert page is not None
    assert len(page.changes) == 2


def test_a_case_that_we_do_not_know_refuses_the_page(place: Place) -> None:
    assert place.refused(known=lambda: {"case-1"}) == "cases"


def results(document: Members) -> list[Members]:
    found = document["results"]
    assert isinstance(found, list)
    return found  # type: ignore[return-value]


def changed(**members: Json) -> Alter:
    def alter(document: Members, receipt: Receipt) -> Receipt:
        results(document)[0].update(members)
        return receipt

    return alter


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"case": "case-9"}, "leaf-person"),
        ({"case": None}, "cases"),
        ({"case": ""}, "cases"),
        ({"subject": {"id": B, "type": "uscc"}}, "leaf-person"),
        ({"subject": None}, "leaf-person"),
    ],
)
def test_a_page_that_was_tampered_with_is_refused(
    place: Place, members: dict[str, Json], why: str
) -> None:
    assert place.refused(changed(**members)) == why


def test_a_hub_that_tells_of_somebody_without_naming_them(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consistent entry and all: what nobody is named for is at most a removal of everybody's."""
    real = FeedReveal.reveal

    def nameless(self: FeedReveal, told: Told) -> object:
        return real(self, told._replace(asked=None, subject=None))

    monkeypatch.setattr(FeedReveal, "reveal", nameless)
    assert place.refused() == "result-form"
    assert place.refused(of_cases=False) == "result-form"


def test_a_removal_that_names_nobody_is_believed_of_everybody_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FeedReveal.reveal

    def removed(self: FeedReveal, told: Told) -> object:
        return real(self, told._replace(asked=None, subject=None, values=None))

    monkeypatch.setattr(FeedReveal, "reveal", removed)
    page = place.page(of_cases=False)
    assert page is not None
    assert {(one.change, one.subject_id) for one in page.changes} == {("removed", None)}
    assert page.changes[0].told()["subject"] is None
    assert place.refused() == "result-form"


def test_a_question_about_open_cases_is_read_again() -> None:
    question = feed("d", None, purpose="p", officer="o", of_cases=True)
    assert kept_feed("d", question.body()) == question
    with pytest.raises(QuestionRefused):
        feed("d", None, purpose="p", officer="o", of_cases=True, subjects=[])

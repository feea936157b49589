"""A dataset that is granted and not published yet: nothing is found, and that is an answer."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from world.department import OFFICER, Bureau, enrolled, inviting
from world.town import ADMINISTRATOR, PURPOSE, Town, covering

from connectors.client import Connector
from hub.access import grants
from hub.runtime import open_hub

NOBODY = "91530000292020123N"


@pytest.fixture
def waiting(town_today: Town, tmp_path: Path) -> Iterator[Bureau]:
    """A department with a grant over what its provider has not published."""
    with ExitStack() as stack:
        invited = stack.enter_context(inviting(town_today, tmp_path / "hub"))
        hub = open_hub(invited.hub.folder)
        items = {"document_no": "full", "uscc": "full"}
        terms = covering(town_today.founded, dataset="credit_penalty", items=items)
        grants.issue(hub.changes, ADMINISTRATOR, terms)
        hub.close()
        yield stack.enter_context(enrolled(invited, tmp_path / "home"))


def test_a_lookup_finds_nothing_and_says_that_nothing_was_published(waiting: Bureau) -> None:
    with Connector.open(waiting.gate.home) as connector:
        answer = connector.lookup(
            "credit_penalty",
            "uscc",
            NOBODY,
            items=["document_no"],
            purpose=PURPOSE,
            officer=OFFICER,
        )
        told = (answer.found, answer.records, answer.generation, answer.as_of)
        assert told == (False, (), None, None)
        verification = connector.verify(
            "credit_penalty",
            "uscc",
            NOBODY,
            claims={"document_no": "1"},
            purpose=PURPOSE,
            officer=OFFICER,
        )
        assert (verification.match, verification.generation) == (False, None)


def test_the_gateway_says_the_same(waiting: Bureau) -> None:
    waiting.gate.start()
    asked = {
        "subject": {"type": "uscc", "id": NOBODY},
        "items": ["document_no"],
        "purpose": PURPOSE,
        "officer": OFFICER,
    }
    reply = waiting.gate.ask(asked, path="/lookup/credit_penalty")
    assert reply.status == 200, reply.body
    assert (reply.document["found"], reply.document["as_of"]) == (False, None)

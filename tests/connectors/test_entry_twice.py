"""One entry of the ledger promised for two questions: both receipts together convict the hub."""

import json
from typing import TYPE_CHECKING

import httpx2
import pytest

from connectors.answers import Answer
from connectors.client import Connector
from connectors.errors import AnswerRefused, HubUnreachable

if TYPE_CHECKING:
    from conftest import StandIn


def ask(connector: Connector) -> Answer:
    return connector.lookup(
        "resident",
        "resident_id",
        "110101199001011237",
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
    )


def lose_the_answer(connector: Connector, hub: "StandIn") -> str:
    """Ask, have it entered, and hear nothing; gives the question's identity."""
    hub.after = [httpx2.ReadError("cut")]
    sleep = connector.calls._sleep

    def down(seconds: float) -> None:
        hub.failing = [httpx2.ConnectError("down")]
        sleep(seconds)

    connector.calls._sleep = down
    with pytest.raises(HubUnreachable):
        ask(connector)
    connector.calls._sleep = sleep
    hub.failing = []
    (lost,) = connector.receipts.lost(limit=10)
    return lost.request_id


def check_alarm(connector: Connector, first: Answer) -> None:
    (kept,) = connector.receipts.receipts(limit=10)
    assert kept.token == first.proof.token
    (alarm,) = connector.receipts.alarms(limit=10)
    assert (alarm.code, alarm.why) == ("connector-answer-refused", "entry-twice")
    assert alarm.request_id != first.proof.request_id
    evidence = json.loads(alarm.evidence)
    assert evidence["kept"] == {
        "receipt": first.proof.token,
        "request_id": first.proof.request_id,
    }
    assert evidence["response"]["receipt"] not in {None, first.proof.token}


def test_answer_under_an_entry_that_another_has(connector: Connector, hub: "StandIn") -> None:
    first = ask(connector)
    hub.lies.receipt = lambda receipt: receipt._replace(first=first.proof.entry)

    with pytest.raises(AnswerRefused) as refused:
        ask(connector)

    assert refused.value.facts["why"] == "entry-twice"
    check_alarm(connector, first)


def test_answer_under_an_entry_that_was_proven(connector: Connector, hub: "StandIn") -> None:
    first = ask(connector)
    connector.prove()
    hub.leaves.pop()

    with pytest.raises(AnswerRefused) as refused:
        ask(connector)

    assert refused.value.facts["why"] == "entry-twice"
    check_alarm(connector, first)
    assert connector.receipts.entry(first.proof.entry).state == "proven"


def test_lost_answer_recovered_under_an_entry_that_another_has(
    connector: Connector, hub: "StandIn"
) -> None:
    first = ask(connector)
    lost = lose_the_answer(connector, hub)
    hub.lies.receipt = lambda receipt: receipt._replace(first=first.proof.entry)

    with pytest.raises(AnswerRefused) as refused:
        connector.recover(lost)

    assert refused.value.facts["why"] == "entry-twice"
    check_alarm(connector, first)


def test_same_receipt_fetched_twice_is_no_alarm(connector: Connector, hub: "StandIn") -> None:
    lost = lose_the_answer(connector, hub)
    once = connector.recover(lost)
    assert connector.recover(lost) == once
    assert connector.receipts.alarms(limit=10) == []

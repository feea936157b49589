"""Which alarms stand and which stop answering: an overdue proof does until it comes."""

from typing import TYPE_CHECKING

import pytest

from connectors.errors import AlarmUnknown, ProofOverdue
from connectors.gateway.condition import Condition
from connectors.gateway.errors import GatewayStopped
from connectors.receipts.alarms import acknowledge, find, standing, stopping

if TYPE_CHECKING:
    from conftest import StandIn, Time

    from connectors.client import Connector


def ask(connector: "Connector") -> None:
    connector.lookup(
        "resident",
        "resident_id",
        "530402189001010017",
        items=["name"],
        purpose="real_estate_registration",
        officer="housing.officer",
    )


def overdue(connector: "Connector", hub: "StandIn", clock: "Time") -> None:
    """A receipt whose proof has not come in time."""
    ask(connector)
    hub.lies.proof = lambda proof: [*proof, "A" * 43]
    clock.now += 11 * 60_000
    with pytest.raises(ProofOverdue):
        connector.prove()


def test_a_promise_that_is_not_kept_stops_until_it_is(
    connector: "Connector", hub: "StandIn", clock: "Time"
) -> None:
    overdue(connector, hub, clock)
    condition = Condition(tuple(standing(connector.receipts)))
    assert condition.status == "stopped"
    with pytest.raises(GatewayStopped) as stopped:
        condition.check()
    assert stopped.value.facts["why"] == ProofOverdue.code
    hub.lies.proof = lambda proof: proof
    connector.prove()
    condition.alarms = tuple(standing(connector.receipts))
    assert condition.status == "ok"
    condition.check()
    assert len(connector.receipts.alarms(limit=10)) == 1


def test_a_person_may_lay_it_to_rest(connector: "Connector", hub: "StandIn", clock: "Time") -> None:
    overdue(connector, hub, clock)
    (alarm,) = standing(connector.receipts)
    assert stopping([alarm]) == alarm
    acknowledge(connector.receipts, alarm.id, "the hub was restored", clock())
    acknowledge(connector.receipts, alarm.id, "again", clock())
    assert standing(connector.receipts) == []
    assert find(connector.receipts, alarm.id) == alarm
    with pytest.raises(AlarmUnknown):
        acknowledge(connector.receipts, alarm.id + 1, "", clock())


def test_an_answer_that_was_withheld_stops_nothing(
    connector: "Connector", hub: "StandIn", clock: "Time"
) -> None:
    connector.receipts.write_alarm("connector-answer-refused", "person", b"{}", clock())
    condition = Condition(tuple(standing(connector.receipts)))
    assert condition.status == "alarm"
    condition.check()
    assert hub.seen == []

"""A connector that asked under a delegation demands that one in the entry; others demand none."""

from typing import TYPE_CHECKING

import pytest

from connectors.batch.question import Subject, batch, kept_batch
from connectors.errors import AnswerRefused, QuestionRefused
from connectors.joint.question import Part, joint, kept_joint
from connectors.question import kept, lookup

if TYPE_CHECKING:
    from conftest import Members, StandIn

    from connectors.answers import Answer
    from connectors.client import Connector

OURS, OTHER = "D-0123456789ab", "D-ba9876543210"
FULL = "demo.yifen:"
SUBJECT = "110101199001011237"


def telling(hub: "StandIn", told: str | None) -> None:
    """From now on entries name a delegation."""

    def control(members: "Members") -> "Members":
        return {**members, "delegation": told}

    hub.lies.control = control


def ask_under(connector: "Connector", delegation: str | None = OURS) -> "Answer":
    return connector.lookup(
        "resident",
        "resident_id",
        SUBJECT,
        items=["name", "address"],
        purpose="real_estate_registration",
        officer="li.wei",
        case="C-1",
        delegation=delegation,
    )


def test_the_one_that_was_named_is_taken(connector: "Connector", hub: "StandIn") -> None:
    telling(hub, FULL + OURS)
    answer = ask_under(connector)
    assert answer.found
    evidence = connector.export(connector.receipts.entry(answer.proof.entry))
    assert connector.verify_evidence(evidence).control.delegation == FULL + OURS


@pytest.mark.parametrize("told", [FULL + OTHER, OURS, None])
def test_attack_an_entry_that_names_another_or_none(
    connector: "Connector", hub: "StandIn", told: str | None
) -> None:
    telling(hub, told)
    with pytest.raises(AnswerRefused) as refused:
        ask_under(connector)
    assert refused.value.facts["why"] == "control-delegation"


def test_attack_an_entry_that_leaves_it_out(connector: "Connector", hub: "StandIn") -> None:
    assert hub.lies.control({}) == {}
    with pytest.raises(AnswerRefused) as refused:
        ask_under(connector)
    assert refused.value.facts["why"] == "control-delegation"


def test_attack_a_delegation_that_we_never_named(connector: "Connector", hub: "StandIn") -> None:
    """Our question would be paid by another department, and told to it."""
    telling(hub, FULL + OURS)
    with pytest.raises(AnswerRefused) as refused:
        ask_under(connector, None)
    assert refused.value.facts["why"] == "control-delegation"


@pytest.mark.parametrize("name", ["", "D-1", "G-0123456789ab", "D-0123456789AB", "*"])
def test_what_can_be_no_name_is_refused_before_it_leaves(
    connector: "Connector", hub: "StandIn", name: str
) -> None:
    with pytest.raises(QuestionRefused):
        ask_under(connector, name)
    assert not hub.asked


def test_questions_are_read_again_as_they_were_signed() -> None:
    one = lookup(
        "resident",
        "resident_id",
        SUBJECT,
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
        delegation=OURS,
    )
    assert kept("lookup", "resident", one.body()) == one
    subject = Subject("resident_id", SUBJECT)
    many = batch(
        "resident",
        [subject],
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
        delegation=OURS,
    )
    assert kept_batch("resident", many.body()) == many
    part = Part("lookup", "resident", "real_estate_registration", subject, ("name",))
    under = Part("lookup", "resident", part.purpose, subject, ("name",), delegation=OURS)
    several = joint([part, under], officer="li.wei")
    assert kept_joint(several.body()) == several
    assert several.body().count(b"delegation") == 1
    with pytest.raises(QuestionRefused):
        joint(
            [Part("lookup", "resident", part.purpose, subject, ("name",), delegation="D")],
            officer="x",
        )

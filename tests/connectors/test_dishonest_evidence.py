"""Evidence whose parts are all signed by hub and connector, and do not belong together."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from certs.canonical import canonical
from certs.encoding import b64u
from certs.receipts import Receipt
from certs.signatures import Signed
from connectors.client import Connector
from connectors.errors import EvidenceBroken

if TYPE_CHECKING:
    from conftest import Members, StandIn

SUBJECT = "110101199001011237"
OTHER = "urn:yifen:connector:demo.yifen:housing:other"
NOBODY: "Members" = {"case": None, "officer": None, "subject": None}
HOUR = 3_600_000


@dataclass(frozen=True)
class Case:
    """What a lying hub enters and signs for one request."""

    control: "Members"
    person: "Members"
    signed: Signed
    kind: str = "lookup"
    late: int = 0
    issued: int = 0
    """Seconds by which the receipt's time is off the entry's."""
    issuer: str = "demo.yifen"


def forge(connector: Connector, hub: "StandIn", change: Callable[[Case], Case]) -> bytes:
    """An evidence file, honest but for ``change``, with the real signatures of all."""
    answer = connector.lookup(
        "resident",
        "resident_id",
        SUBJECT,
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
    )
    kept = connector.receipts.entry(answer.proof.entry)
    evidence = json.loads(connector.export(kept))
    signed = hub.asked[kept.request_id][0]
    question = json.loads(evidence["question"])
    person = {name: question[name] for name in NOBODY}
    case = change(Case(evidence["opening"]["control"], person, signed))
    hub.lies.late = case.late
    control = {**case.control, "R": case.signed.digest}
    opening, hashed = hub._enter(case.kind, control, case.person)
    receipt: Receipt = hub._receipt(case.signed, hashed, len(hub.leaves) - 1)
    receipt = receipt._replace(issuer=case.issuer, issued=receipt.issued + case.issued)
    evidence["request"]["base"] = b64u(case.signed.base)
    evidence["request"]["signature"] = b64u(case.signed.signature)
    return canonical(
        {
            **evidence,
            "entry": receipt.first,
            "opening": opening,
            "receipt": hub._signer().issue(receipt),
            "proof": None,
        }
    )


def control(**changes: object) -> Callable[[Case], Case]:
    return lambda case: replace(case, control={**case.control, **changes})


def test_what_is_forged_without_a_lie_holds(connector: Connector, hub: "StandIn") -> None:
    proven = connector.verify_evidence(forge(connector, hub, lambda case: case))
    assert proven.control.outcome == "answered"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (control(department="demo.yifen:tax"), "control-department"),
        (control(connector=OTHER), "control-connector"),
        (control(connector=None), "control-connector"),
        (control(channel="console"), "control-channel"),
        (control(dataset="demo.yifen:legal_entity"), "control-dataset"),
        (control(dataset=None), "control-dataset"),
        (control(purpose="other"), "control-purpose"),
        (control(purpose=None), "control-purpose"),
        (control(delegation="demo.yifen:D-0123456789ab"), "control-delegation"),
        (control(grant=None), "control-grant"),
        (lambda case: replace(case, kind="verify"), "kind"),
        (lambda case: replace(case, late=-HOUR), "time"),
        (lambda case: replace(case, issued=-HOUR // 1000), "time"),
        (lambda case: replace(case, issuer="other.yifen"), "issuer"),
    ],
)
def test_entry_that_tells_another_story(
    connector: Connector, hub: "StandIn", change: Callable[[Case], Case], why: str
) -> None:
    with pytest.raises(EvidenceBroken) as broken:
        connector.verify_evidence(forge(connector, hub, change))
    assert broken.value.facts["why"] == why


def test_unreadable_question_entered_about_somebody_else(
    connector: Connector, hub: "StandIn"
) -> None:
    def change(case: Case) -> Case:
        other = {**case.person, "subject": {"id": "110101199001011229", "type": "resident_id"}}
        return replace(control(outcome="malformed")(case), person=other)

    with pytest.raises(EvidenceBroken) as broken:
        connector.verify_evidence(forge(connector, hub, change))
    assert broken.value.facts["why"] == "leaf-person"


@pytest.mark.parametrize("nobody", [True, False])
def test_unreadable_question_is_entered_about_nobody_or_as_asked(
    connector: Connector, hub: "StandIn", *, nobody: bool
) -> None:
    def change(case: Case) -> Case:
        entered = control(outcome="malformed", dataset=None, purpose=None, grant=None)(case)
        return replace(entered, person=NOBODY) if nobody else entered

    proven = connector.verify_evidence(forge(connector, hub, change))
    assert proven.control.outcome == "malformed"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/datasets/legal_entity/lookup?as=/v1/datasets/resident/lookup",
        "/elsewhere/v1/datasets/resident/lookup",
        "/v1/datasets/legal_entity/verify#/v1/datasets/resident/lookup",
    ],
)
def test_request_sent_to_another_place_with_the_same_end(
    connector: Connector, hub: "StandIn", path: str
) -> None:
    def change(case: Case) -> Case:
        (body,) = {r.content for r in hub.seen if r.url.path.endswith("/lookup")}
        return replace(case, signed=connector.calls.sign("POST", path, body).signed)

    with pytest.raises(EvidenceBroken) as broken:
        connector.verify_evidence(forge(connector, hub, change))
    assert broken.value.facts["why"] == "dataset"

"""Every lie that a hub could tell in an answer, one at a time, told with its real keys."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from certs.authority import Authority
from certs.encoding import b64u
from certs.keys import generate
from certs.receipts import ReceiptSigner, key_thumbprint
from connectors.answers import Answer
from connectors.asking import KEY_TRIES
from connectors.client import Connector
from connectors.errors import AnswerRefused, LedgerRestored, Refused
from connectors.jwks import PATH as KEY_SET

if TYPE_CHECKING:
    from conftest import Lies, Members, StandIn, Time

SUBJECT = "110101199001011237"


def ask(connector: Connector, subject: str = SUBJECT) -> Answer:
    return connector.lookup(
        "resident",
        "resident_id",
        subject,
        items=["name", "address"],
        purpose="real_estate_registration",
        officer="li.wei",
        case="C-1",
    )


def changed(name: str, value: object) -> Callable[["Members"], "Members"]:
    return lambda members: {**members, name: value}


def without(name: str) -> Callable[["Members"], "Members"]:
    return lambda members: {key: value for key, value in members.items() if key != name}


def lies(**told: object) -> Callable[["Lies"], None]:
    def tell(lies: "Lies") -> None:
        for name, value in told.items():
            setattr(lies, name, value)

    return tell


OTHER = "urn:yifen:connector:demo.yifen:housing:other"
ATTACKS: dict[str, tuple[Callable[["Lies"], None], str]] = {
    "another-officer": (lies(person=changed("officer", "wang.fang")), "leaf-person"),
    "another-subject": (
        lies(person=changed("subject", {"id": "110101199001011229", "type": "resident_id"})),
        "leaf-person",
    ),
    "another-kind-of-subject": (
        lies(person=changed("subject", {"id": SUBJECT, "type": "passport"})),
        "leaf-person",
    ),
    "another-case": (lies(person=changed("case", "C-2")), "leaf-person"),
    "nobody-asked-about": (
        lies(person=lambda _: {"case": None, "officer": None, "subject": None}),
        "leaf-person",
    ),
    "another-department": (
        lies(control=changed("department", "demo.yifen:tax")),
        "control-department",
    ),
    "another-connector": (lies(control=changed("connector", OTHER)), "control-connector"),
    "console-instead-of-connector": (
        lies(control=changed("channel", "console")),
        "control-channel",
    ),
    "another-dataset": (lies(control=changed("dataset", "demo.yifen:credit")), "control-dataset"),
    "dataset-left-out": (lies(control=changed("dataset", None)), "control-dataset"),
    "another-purpose": (lies(control=changed("purpose", "other")), "control-purpose"),
    "no-grant": (lies(control=changed("grant", None)), "control-grant"),
    "another-request-entered": (lies(control=changed("R", b64u(bytes(32)))), "control-request"),
    "entered-as-empty": (lies(control=changed("outcome", "empty")), "outcome"),
    "entered-as-refused": (lies(control=changed("outcome", "refused")), "outcome"),
    "entered-as-repeat": (lies(control=changed("repeats", 1)), "repeats"),
    "entered-as-verification": (lies(kind="verify"), "kind"),
    "result-changed-after-entry": (lies(sent=changed("version", 2)), "result-digest"),
    "digest-of-another-result": (lies(control=changed("a", b64u(bytes(32)))), "result-digest"),
    "result-of-another-dataset": (
        lies(entered=changed("dataset", "demo.yifen:credit")),
        "result-dataset",
    ),
    "item-that-was-not-asked": (
        lies(entered=changed("records", [{"disputed": False, "items": {"sex": "1"}}])),
        "result-items",
    ),
    "found-and-no-record": (lies(entered=changed("records", [])), "result-form"),
    "control-opened-differently": (
        lies(opening=lambda o: {**o, "control": {**o["control"], "epoch": 8}}),
        "leaf-control",
    ),
    "salt-of-another-person": (
        lies(opening=changed("person_salt", b64u(bytes(32)))),
        "leaf-person",
    ),
    "leaf-of-another-time": (
        lies(opening=lambda o: {**o, "leaf": {**o["leaf"], "time": "2026-01-01T00:00:00.000Z"}}),
        "leaves",
    ),
    "leaf-with-more-in-it": (
        lies(opening=lambda o: {**o, "leaf": {**o["leaf"], "more": "x"}}),
        "leaf-form",
    ),
    "two-results": (lies(document=lambda d: {**d, "results": d["results"] * 2}), "results"),
    "no-opening": (lies(document=changed("openings", [])), "openings"),
    "body-changed-on-the-way": (lies(body=lambda body: body + b" "), "body-digest"),
    "no-receipt": (lies(token=lambda _: None), "receipt-missing"),
    "receipt-cut": (lies(token=lambda token: token[:-9]), "receipt-form"),
    "receipt-garbage": (lies(token=lambda _: "receipt"), "receipt-form"),
    "receipt-of-another-signature": (
        lies(token=lambda t: t.rpartition(".")[0] + "." + b64u(bytes(64))),
        "receipt-signature",
    ),
    "receipt-to-another-connector": (
        lies(receipt=lambda r: r._replace(audience=OTHER)),
        "audience",
    ),
    "receipt-of-another-hub": (lies(receipt=lambda r: r._replace(issuer="other.yifen")), "issuer"),
    "receipt-of-another-request": (
        lies(receipt=lambda r: r._replace(request=b64u(bytes(32)))),
        "request",
    ),
    "receipt-in-another-ledger": (
        lies(receipt=lambda r: r._replace(origin="demo.yifen/ledger/2")),
        "origin",
    ),
    "receipt-of-another-status": (lies(receipt=lambda r: r._replace(status=403)), "status"),
    "receipt-of-another-type": (
        lies(receipt=lambda r: r._replace(content_type="text/html")),
        "content-type",
    ),
    "receipt-without-body": (lies(receipt=lambda r: r._replace(body=None)), "body-digest"),
    "receipt-for-two-entries": (lies(receipt=lambda r: r._replace(entries=2)), "count"),
    "receipt-for-another-leaf": (
        lies(receipt=lambda r: r._replace(leaves=b64u(bytes(32)))),
        "leaves",
    ),
    "receipt-long-after": (lies(receipt=lambda r: r._replace(issued=r.issued + 3600)), "time"),
    "entered-before-asked": (lies(late=-3_600_000), "time"),
    "entered-in-the-future": (lies(late=3_600_000), "time"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_lie_is_refused_and_kept_as_evidence(
    attack: str, connector: Connector, hub: "StandIn"
) -> None:
    tell, why = ATTACKS[attack]
    tell(hub.lies)

    with pytest.raises(AnswerRefused) as refused:
        ask(connector)

    assert refused.value.facts["why"] == why
    assert connector.receipts.receipts(limit=10) == []
    (alarm,) = connector.receipts.alarms(limit=10)
    assert (alarm.code, alarm.why) == ("connector-answer-refused", why)
    evidence = json.loads(alarm.evidence)
    assert evidence["question"] == hub.seen[0].content.decode()
    assert evidence["response"]["status"] == 200


def test_honest_answer_stands(connector: Connector, hub: "StandIn") -> None:
    answer = ask(connector)

    assert [dict(record.items) for record in answer.records] == [{"name": "张三"}]
    assert answer.proof.entry == len(hub.leaves) - 1
    (kept,) = connector.receipts.receipts(limit=10)
    assert (kept.entry, kept.state) == (answer.proof.entry, "received")
    assert kept.leaf_hash == hub.leaves[-1]
    assert connector.receipts.alarms(limit=10) == []


def test_answer_to_an_earlier_question_replayed(connector: Connector, hub: "StandIn") -> None:
    ask(connector)
    hub.replaying = hub.answered[0]

    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert refused.value.facts["why"] == "request"


def test_answer_under_a_later_name_of_the_ledger_says_that_it_was_restored(
    connector: Connector, hub: "StandIn"
) -> None:
    hub.restore(2, hub.note(2))
    with pytest.raises(LedgerRestored) as refused:
        ask(connector)
    assert refused.value.facts == {
        "why": "origin",
        "old": "demo.yifen/ledger/1",
        "new": "demo.yifen/ledger/2",
    }
    assert connector.receipts.receipts(limit=10) == []
    (alarm,) = connector.receipts.alarms(limit=10)
    assert (alarm.code, alarm.why) == ("connector-answer-refused", "origin")


@pytest.mark.parametrize("told", ["demo.yifen/ledger/0", "other.yifen/ledger/2", "x"])
def test_another_name_that_no_restore_explains_is_no_restore(
    connector: Connector, hub: "StandIn", told: str
) -> None:
    hub.origin = told
    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert not isinstance(refused.value, LedgerRestored)


def test_receipt_key_under_a_foreign_root(
    connector: Connector, hub: "StandIn", tmp_path: Path, clock: "Time"
) -> None:
    hub.authority = Authority.create(tmp_path / "foreign", "demo.yifen", clock() - 86_400_000)
    hub.receipt_certificate = hub.authority.issue_receipt(
        hub.receipt_key.public, now=clock() - 1000, lifetime_ms=86_400_000
    )
    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert refused.value.facts["why"] == "receipt-chain"


def test_receipt_signed_with_a_connectors_certificate(connector: Connector, hub: "StandIn") -> None:
    # The connector's own certificate leads to the root too, but is not for receipts.
    hub.receipt_key = connector.identity.key
    hub.receipt_certificate = connector.identity.certificate.der
    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert refused.value.facts["why"] == "receipt-chain"


def test_receipt_key_whose_certificate_has_run_out(
    connector: Connector, hub: "StandIn", clock: "Time"
) -> None:
    hub.receipt_certificate = hub.authority.issue_receipt(
        hub.receipt_key.public, now=clock() - 7_200_000, lifetime_ms=3_600_000
    )
    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert refused.value.facts["why"] == "receipt-chain"


def test_key_set_names_a_key_that_its_certificate_does_not_hold(
    connector: Connector, hub: "StandIn"
) -> None:
    foreign = generate()
    honest = key_thumbprint(hub.receipt_key.public)
    hub._signer = lambda: ReceiptSigner(foreign, honest)
    hub.lies.ring = lambda key: {**key, **foreign.public.jwk()}
    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert refused.value.facts["why"] == "receipt-signature"


def hide_the_keys(hub: "StandIn", failure: int | Exception, times: int) -> None:
    """Let the next requests after an answer fail, which are for the receipt keys."""

    def hide(token: str) -> str:
        hub.failing = [failure] * times
        return token

    hub.lies.token = hide


@pytest.mark.parametrize("failure", [httpx2.ConnectError("down"), 503, 404])
def test_keys_that_cannot_be_had_for_a_moment_are_waited_for(
    connector: Connector, hub: "StandIn", clock: "Time", failure: int | Exception
) -> None:
    before = clock()
    hide_the_keys(hub, failure, KEY_TRIES - 1)
    answer = ask(connector)
    assert [dict(record.items) for record in answer.records] == [{"name": "张三"}]
    assert connector.receipts.alarms(limit=10) == []
    assert [request.url.path for request in hub.seen[1:]] == [KEY_SET] * KEY_TRIES
    assert 1000 < clock() - before < 15_000


@pytest.mark.parametrize("failure", [httpx2.ConnectError("down"), 503, 404])
def test_answer_under_a_key_that_the_hub_does_not_show(
    connector: Connector, hub: "StandIn", failure: int | Exception
) -> None:
    hide_the_keys(hub, failure, KEY_TRIES)
    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert refused.value.facts["why"] == "receipt-keys"
    assert connector.receipts.receipts(limit=10) == []
    (alarm,) = connector.receipts.alarms(limit=10)
    assert (alarm.code, alarm.why) == ("connector-answer-refused", "receipt-keys")
    evidence = json.loads(alarm.evidence)
    assert evidence["response"]["receipt"] == hub.answered[0].headers["hub-receipt"]
    assert evidence["response"]["body"] == b64u(hub.answered[0].content)


def test_refusal_proves_itself(connector: Connector, hub: "StandIn") -> None:
    hub.refusal = (403, "not-granted")
    with pytest.raises(Refused) as refused:
        ask(connector)
    assert refused.value.problem.code == "not-granted"
    assert refused.value.entry == len(hub.leaves) - 1
    (kept,) = connector.receipts.receipts(limit=10)
    assert kept.outcome == "refused"


def test_refusal_entered_about_somebody_else(connector: Connector, hub: "StandIn") -> None:
    hub.refusal = (403, "not-granted")
    hub.lies.person = changed("subject", {"id": "110101199001011229", "type": "resident_id"})
    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert refused.value.facts["why"] == "leaf-person"


def test_refusal_tells_another_code_than_it_enters(connector: Connector, hub: "StandIn") -> None:
    hub.refusal = (403, "not-granted")
    hub.lies.document = changed("code", "quota-spent")
    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert refused.value.facts["why"] == "problem"


def test_refusal_of_a_question_without_a_receipt(connector: Connector, hub: "StandIn") -> None:
    hub.refusal = (403, "not-granted")
    hub.lies.token = lambda _: None
    with pytest.raises(AnswerRefused) as refused:
        ask(connector)
    assert refused.value.facts["why"] == "receipt-missing"


def test_unreadable_question_is_entered_about_nobody(connector: Connector, hub: "StandIn") -> None:
    hub.refusal = (422, "question-malformed")
    hub.lies.person = lambda _: {"case": None, "officer": None, "subject": None}
    hub.lies.control = lambda control: {**control, "purpose": None, "dataset": None}
    with pytest.raises(Refused) as refused:
        ask(connector)
    assert refused.value.entry is not None


def test_refusal_from_before_the_entry_has_no_receipt(connector: Connector, hub: "StandIn") -> None:
    hub.failing = [401]
    with pytest.raises(Refused) as refused:
        ask(connector)
    assert refused.value.entry is None
    assert connector.receipts.alarms(limit=10) == []


def test_verification_of_claims(connector: Connector) -> None:
    found = connector.verify(
        "resident",
        "resident_id",
        SUBJECT,
        claims={"name": "张三"},
        purpose="real_estate_registration",
        officer="li.wei",
    )
    assert found.match is True
    assert found.exists is None

"""Entries opened to us: followed, proven, and an alarm where somebody else acts in our name."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from certs.certificates import read_certificate
from certs.encoding import b64u, digest
from certs.keys import PrivateKey, generate
from certs.tree import leaf_hash
from connectors.cli import run
from connectors.client import Connector
from connectors.enrolment import renew
from connectors.errors import HubUnreachable, LedgerForked, ProofOverdue
from connectors.receipts import following
from connectors.receipts.errors import CertificateNotAsked, OpenedBroken
from connectors.receipts.log import KeptLog

if TYPE_CHECKING:
    from conftest import Members, StandIn, Time

URN = "urn:yifen:connector:demo.yifen:housing:counter"
OTHER = "urn:yifen:connector:demo.yifen:housing:archive"
MINUTE = 60_000


def certificate(keyid: str, key: str, **changes: str) -> "Members":
    state: Members = {
        "connector": URN,
        "key": key,
        "keyid": keyid,
        "line": keyid,
        "not_after": 1,
        "not_before": 0,
        "status": "active",
    }
    return state | changes


def own(connector: Connector) -> "Members":
    """The state of our own certificate's entry."""
    facts = connector.identity.certificate
    return certificate(facts.keyid, digest(facts.public.der))


def foreign(**changes: str) -> "Members":
    """A certificate for somebody else's key."""
    return certificate(b64u(b"k" * 32), digest(generate().public.der), **changes)


def enter(hub: "StandIn", kind: str, state: "Members") -> int:
    """Enter a change and open it to us; gives its index."""
    opened = hub.change(kind, state)
    hub.opened.append(opened)
    return int(str(opened["index"]))


def alarms(connector: Connector) -> list[tuple[str, str]]:
    return [(one.code, one.why) for one in connector.receipts.alarms(limit=10)]


GRANT: "Members" = {
    "id": "G-1",
    "version": 1,
    "status": "active",
    "department": "housing",
    "dataset": "resident",
    "valid_until": "2027-01-01T00:00:00.000Z",
}


def test_what_is_opened_is_followed_and_kept_once(connector: Connector, hub: "StandIn") -> None:
    enter(hub, "certificate", own(connector))
    enter(hub, "key", {"use": "receipt", "id": "x", "status": "active"})
    assert connector.follow() == 2
    assert connector.follow() == 0
    hub.change("grant", GRANT)  # not to us
    index = enter(hub, "grant", GRANT)
    assert connector.follow() == 1
    newest = KeptLog(connector.receipts).newest_opened("demo.yifen/ledger/1")
    assert newest is not None
    assert (newest.entry, newest.kind) == (index, "grant")
    assert alarms(connector) == []


def test_all_pages_are_followed(
    connector: Connector, hub: "StandIn", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAGE", 3)
    for _ in range(10):
        enter(hub, "grant", GRANT)
    assert connector.follow() == 10
    assert connector.follow() == 0


def test_a_round_is_bounded_and_the_next_goes_on(
    connector: Connector, hub: "StandIn", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAGE", 3)
    monkeypatch.setattr(following, "PAGES", 2)
    for _ in range(7):
        enter(hub, "grant", GRANT)
    assert [connector.follow() for _ in range(4)] == [5, 2, 0, 0]


# -- a certificate in our name -------------------------------------------------------------------
def test_a_certificate_in_our_name_that_we_did_not_ask_for(
    connector: Connector, hub: "StandIn"
) -> None:
    enter(hub, "certificate", own(connector))
    index = enter(hub, "certificate", foreign())
    with pytest.raises(CertificateNotAsked) as raised:
        connector.follow()
    assert raised.value.facts == {"keyid": b64u(b"k" * 32), "entry": index}
    (alarm,) = connector.receipts.alarms(limit=10)
    assert (alarm.code, alarm.why) == ("connector-certificate-not-asked", "certificate-not-asked")
    evidence = json.loads(alarm.evidence)
    assert evidence["entry"] == index
    assert json.loads(evidence["control"])["state"]["connector"] == URN
    assert evidence["checkpoint"].startswith("demo.yifen/ledger/1\n")
    # It is told once, and stays on record; what follows is followed.
    enter(hub, "grant", GRANT)
    assert connector.follow() == 1
    assert len(alarms(connector)) == 1


def test_what_comes_with_it_is_followed_all_the_same(connector: Connector, hub: "StandIn") -> None:
    enter(hub, "certificate", own(connector))
    enter(hub, "certificate", foreign())
    index = enter(hub, "grant", GRANT)
    with pytest.raises(CertificateNotAsked):
        connector.follow()
    newest = KeptLog(connector.receipts).newest_opened("demo.yifen/ledger/1")
    assert newest is not None
    assert newest.entry == index


def test_a_renewed_certificate_and_the_one_before_are_ours(
    connector: Connector, hub: "StandIn", home: Path, clock: "Time"
) -> None:
    before = own(connector)
    facts = renew(home, clock=clock, sleep=clock.sleep, http=hub)
    enter(hub, "certificate", before)
    enter(hub, "certificate", certificate(facts.keyid, digest(facts.public.der)))
    enter(hub, "certificate", before | {"status": "revoked"})
    with Connector.open(home, clock=clock, sleep=clock.sleep, http=hub) as again:
        assert again.follow() == 3
        assert alarms(again) == []


def test_every_certificate_of_a_row_of_renewals_is_ours(
    connector: Connector, hub: "StandIn", home: Path, clock: "Time"
) -> None:
    """Also one under which nothing was ever asked."""
    states = [own(connector)]
    for _ in range(3):
        facts = renew(home, clock=clock, sleep=clock.sleep, http=hub)
        states.append(certificate(facts.keyid, digest(facts.public.der)))
    for state in states:
        enter(hub, "certificate", state)
    with Connector.open(home, clock=clock, sleep=clock.sleep, http=hub) as again:
        assert again.follow() == 4
        assert alarms(again) == []


def test_a_renewal_whose_answer_was_lost_is_ours(
    connector: Connector, hub: "StandIn", home: Path, clock: "Time"
) -> None:
    hub.failing = [httpx2.ReadError("cut")]
    with pytest.raises(HubUnreachable):
        renew(home, clock=clock, sleep=clock.sleep, http=hub)
    waiting = PrivateKey.load(home / "key.next.pem").public
    enter(hub, "certificate", own(connector))
    enter(hub, "certificate", certificate(b64u(b"n" * 32), digest(waiting.der)))
    assert connector.follow() == 2
    # Once the renewal has come through, the key is known for good.
    facts = renew(home, clock=clock, sleep=clock.sleep, http=hub)
    assert facts.public.der == waiting.der
    enter(hub, "certificate", certificate(b64u(b"m" * 32), digest(waiting.der)))
    assert connector.follow() == 1
    assert alarms(connector) == []


def test_a_certificate_for_the_key_of_another_folder_is_not_ours(
    connector: Connector, hub: "StandIn", clock: "Time"
) -> None:
    stranger = hub.authority.issue_receipt(
        generate().public, now=clock() - 1000, lifetime_ms=86_400_000
    )
    facts = read_certificate(stranger)
    enter(hub, "certificate", own(connector))
    enter(hub, "certificate", certificate(facts.keyid, digest(facts.public.der)))
    with pytest.raises(CertificateNotAsked):
        connector.follow()


def test_what_came_before_this_folder_was_enrolled_is_no_alarm(
    connector: Connector, hub: "StandIn"
) -> None:
    """A connector of this name that another machine had: nobody here can say who asked for it."""
    enter(hub, "certificate", foreign())
    enter(hub, "certificate", own(connector))
    enter(hub, "certificate", foreign(status="revoked"))
    assert connector.follow() == 3
    assert alarms(connector) == []


def test_a_certificate_of_another_connector_is_news_and_no_alarm(
    connector: Connector, hub: "StandIn"
) -> None:
    enter(hub, "certificate", own(connector))
    enter(hub, "certificate", foreign(connector=OTHER))
    assert connector.follow() == 2
    assert alarms(connector) == []


# -- entries that do not hold ---------------------------------------------------------------------
def changed(part: str, name: str, value: object) -> Callable[["Members"], "Members"]:
    def change(opened: "Members") -> "Members":
        inner = opened[part]
        assert isinstance(inner, dict)
        return {**opened, part: {**inner, name: value}}  # type: ignore[dict-item]

    return change


BROKEN: dict[str, tuple[Callable[["Members"], "Members"], str]] = {
    "another state": (changed("control", "state", {"id": "G-2"}), "control"),
    "another salt": (lambda o: {**o, "control_salt": b64u(bytes(32))}, "control"),
    "a salt that is none": (lambda o: {**o, "control_salt": "?"}, "control"),
    "another leaf": (changed("leaf", "time", "2026-01-01T00:00:00.000Z"), "not-included"),
    "a leaf with more in it": (changed("leaf", "more", "x"), "form"),
    "no leaf": (lambda o: {**o, "leaf": None}, "opening"),
    "no control": (lambda o: {**o, "control": []}, "opening"),
    "another index": (lambda o: {**o, "index": 0}, "not-included"),
    "no index": (lambda o: {**o, "index": "2"}, "opening"),
    "an index beyond the log": (lambda o: {**o, "index": 99}, "not-covered"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_an_entry_that_does_not_hold(connector: Connector, hub: "StandIn", how: str) -> None:
    change, why = BROKEN[how]
    enter(hub, "grant", GRANT)
    hub.opened[-1] = change(hub.opened[-1])
    with pytest.raises(OpenedBroken) as raised:
        connector.follow()
    assert raised.value.facts["why"] == why
    assert alarms(connector) == [("connector-opened-broken", why)]
    assert KeptLog(connector.receipts).opened(untold=False, limit=10) == []
    # It is met again each time, and on record once.
    with pytest.raises(OpenedBroken):
        connector.follow()
    assert len(alarms(connector)) == 1


def test_an_entry_that_is_not_in_the_ledger(connector: Connector, hub: "StandIn") -> None:
    index = enter(hub, "certificate", foreign())
    hub.leaves[index] = leaf_hash(b"something else")
    with pytest.raises(OpenedBroken) as raised:
        connector.follow()
    assert raised.value.facts == {"why": "not-included", "entry": index}
    evidence = json.loads(connector.receipts.alarms(limit=1)[0].evidence)
    assert evidence["given"] == hub.opened[-1]
    assert evidence["checkpoint"] is not None


def test_entries_out_of_order(connector: Connector, hub: "StandIn") -> None:
    for _ in range(2):
        enter(hub, "grant", GRANT)
    hub.opened.append(hub.opened[0])
    hub.opened[0], hub.opened[1] = hub.opened[1], hub.opened[0]
    with pytest.raises(OpenedBroken) as raised:
        connector.follow()
    assert raised.value.facts["why"] == "order"


@pytest.mark.parametrize("how", ["gone", "another in its place", "route gone", "all gone"])
def test_an_entry_that_was_given_once_and_is_given_no_more(
    connector: Connector, hub: "StandIn", how: str
) -> None:
    enter(hub, "grant", GRANT)
    index = enter(hub, "certificate", foreign())
    assert connector.follow() == 2
    enter(hub, "grant", GRANT)
    if how == "gone":
        del hub.opened[1]
    elif how == "another in its place":
        hub.opened[1] = {**hub.opened[2], "index": index}
    elif how == "all gone":
        hub.opened = []
    else:
        hub.failing = [404]
    with pytest.raises(OpenedBroken) as raised:
        connector.follow()
    assert raised.value.facts == {"why": "withdrawn", "entry": index}
    assert alarms(connector) == [("connector-opened-broken", "withdrawn")]


def test_a_hub_from_before_it_opened_entries_is_no_alarm(
    connector: Connector, hub: "StandIn"
) -> None:
    hub.failing = [404]
    assert connector.follow() == 0
    assert alarms(connector) == []


def test_a_hub_that_is_down_is_no_alarm(connector: Connector, hub: "StandIn") -> None:
    enter(hub, "certificate", own(connector))
    connector.follow()
    hub.failing = [httpx2.ConnectError("down")] * 10
    with pytest.raises(HubUnreachable):
        connector.follow()
    assert alarms(connector) == []


def test_another_history_is_found_by_whoever_only_follows(
    connector: Connector, hub: "StandIn"
) -> None:
    enter(hub, "grant", GRANT)
    connector.follow()
    hub.leaves[0] = leaf_hash(b"another history")
    enter(hub, "grant", GRANT)
    with pytest.raises(LedgerForked):
        connector.follow()


# -- the command line -----------------------------------------------------------------------------
@pytest.fixture
def cli(home: Path, hub: "StandIn", clock: "Time", monkeypatch: pytest.MonkeyPatch) -> list[str]:
    opened = Connector.open
    monkeypatch.setattr(
        "connectors.client.Connector.open",
        lambda path, **_: opened(path, clock=clock, sleep=clock.sleep, http=hub),
    )
    return ["--home", str(home), "--lang", "en"]


def test_fetch_ends_with_status_3_at_a_certificate_that_nobody_asked_for(
    cli: list[str], connector: Connector, hub: "StandIn", capsys: pytest.CaptureFixture[str]
) -> None:
    enter(hub, "certificate", own(connector))
    assert run([*cli, "receipts", "fetch"]) == 0
    enter(hub, "certificate", foreign())
    assert run([*cli, "receipts", "fetch"]) == 3
    assert "revoke" in capsys.readouterr().err
    assert run([*cli, "receipts", "fetch"]) == 0


def test_fetch_follows_although_a_proof_is_overdue(
    cli: list[str],
    connector: Connector,
    hub: "StandIn",
    clock: "Time",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("110101199001011237"))
    enter(hub, "certificate", own(connector))
    connector.lookup(
        "resident",
        "resident_id",
        "110101199001011237",
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
    )
    hub.leaves[-1] = leaf_hash(b"something else")
    enter(hub, "certificate", foreign())
    clock.now += 11 * MINUTE
    assert run([*cli, "receipts", "fetch"]) == 3
    assert {code for code, _ in alarms(connector)} == {
        "connector-proof-overdue",
        "connector-certificate-not-asked",
    }


def test_a_hub_that_is_down_for_long_is_an_alarm_for_what_it_promised(
    connector: Connector, hub: "StandIn", clock: "Time"
) -> None:
    connector.lookup(
        "resident",
        "resident_id",
        "110101199001011237",
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
    )
    for minute in range(1, 10):
        clock.now += MINUTE
        hub.failing = [httpx2.ConnectError("down")]
        with pytest.raises(HubUnreachable):
            connector.prove()
        assert alarms(connector) == [], minute
    clock.now += 2 * MINUTE
    hub.failing = [httpx2.ConnectError("down")]
    with pytest.raises(ProofOverdue):
        connector.prove()
    assert alarms(connector) == [("connector-proof-overdue", "no-checkpoint")]


def test_news_are_shown_once(
    cli: list[str], connector: Connector, hub: "StandIn", capsys: pytest.CaptureFixture[str]
) -> None:
    enter(hub, "certificate", own(connector))
    enter(hub, "connector", {"urn": OTHER, "status": "active", "invited": True})
    enter(hub, "key", {"use": "receipt", "id": "abc", "status": "active"})
    enter(hub, "grant", GRANT)
    assert run([*cli, "ledger", "news"]) == 0
    assert "No news" in capsys.readouterr().out
    assert run([*cli, "receipts", "fetch"]) == 0
    assert "4" in capsys.readouterr().out
    assert run([*cli, "ledger", "news"]) == 0
    told = capsys.readouterr().out
    for word in (URN, OTHER, "receipt key abc", "G-1 (version 1): housing may use resident"):
        assert word in told
    assert run([*cli, "--json", "ledger", "news"]) == 0
    assert json.loads(capsys.readouterr().out) == {"news": []}
    assert run([*cli, "--json", "ledger", "news", "--all"]) == 0
    news = json.loads(capsys.readouterr().out)["news"]
    assert [one["kind"] for one in news] == ["grant", "key", "connector", "certificate"]
    assert news[0]["state"] == GRANT


def test_the_newest_checkpoint_is_printed_for_whoever_restores(
    cli: list[str], connector: Connector, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*cli, "ledger", "checkpoint"]) == 1
    capsys.readouterr()
    note = connector.proofs.checkpoint().note
    assert run([*cli, "ledger", "checkpoint"]) == 0
    assert capsys.readouterr().out == note

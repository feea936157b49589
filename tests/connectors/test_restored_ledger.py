"""A ledger that goes on under a later name: what a department holds it to before it follows."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certs.encoding import b64u
from certs.keys import generate
from certs.note import Checkpoint, open_checkpoint, sign_checkpoint
from certs.tree import leaf_hash
from connectors.cli import run
from connectors.client import Connector
from connectors.errors import (
    HubUnintelligible,
    LedgerForked,
    LedgerRestored,
    ProofOverdue,
    SettingsBroken,
)
from connectors.home import read
from connectors.receipts import alarms as standing_alarms
from connectors.receipts.errors import RestoreUnproven
from connectors.receipts.kept import Kept
from connectors.receipts.log import KeptLog, Lineage
from connectors.settings import LedgerPin, repinned

if TYPE_CHECKING:
    from conftest import StandIn, Time

FIRST, SECOND, THIRD = (f"demo.yifen/ledger/{n}" for n in (1, 2, 3))
MINUTE = 60_000


def asked(connector: Connector) -> Kept:
    answer = connector.lookup(
        "resident",
        "resident_id",
        "110101199001011237",
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
    )
    return connector.receipts.of_question(answer.proof.request_id)[0]


def follow(connector: Connector, *, although_unbound: bool = False) -> None:
    offer = connector.successor.examine()
    assert offer is not None
    connector.accept(offer, although_unbound=although_unbound)


@pytest.fixture
def again(home: Path, hub: "StandIn", clock: "Time") -> "Again":
    return Again(home, hub, clock)


class Again:
    """The connector started anew, with the pin that it has by then."""

    def __init__(self, home: Path, hub: "StandIn", clock: "Time") -> None:
        self._home, self._hub, self._clock = home, hub, clock

    def __call__(self) -> Connector:
        clock = self._clock
        return Connector.open(self._home, clock=clock, sleep=clock.sleep, http=self._hub)


def alarms(connector: Connector) -> list[tuple[str, str]]:
    return [(one.code, one.why) for one in reversed(connector.receipts.alarms(limit=10))]


def test_nothing_later_is_nothing_to_accept(connector: Connector) -> None:
    assert connector.successor.examine() is None


def test_a_restore_is_followed_once_it_is_accepted(
    connector: Connector, hub: "StandIn", home: Path, again: Again
) -> None:
    kept, proven = asked(connector), asked(connector)
    connector.prove()
    lost = asked(connector)
    held = connector.proofs.checkpoint()
    hub.restore(4, held.note)
    with pytest.raises(LedgerRestored):
        asked(connector)
    offer = connector.successor.examine()
    assert offer is not None
    assert (offer.old, offer.pin.origin, offer.kept, offer.bound) == (FIRST, SECOND, 4, True)
    assert [one.entry for one in offer.lost] == [lost.entry]
    assert (offer.steps[0].kept, offer.steps[0].lost_to) == (4, 5)
    assert read(home).settings.ledger.origin == FIRST
    connector.accept(offer)
    with again() as following:
        assert following.identity.settings.ledger.origin == SECOND
        new = asked(following)
        assert new.origin == SECOND
        assert following.prove().proven == 1
        for before in (kept, proven):
            assert following.receipts.of_question(before.request_id)[0].state == "proven"


def test_receipts_below_what_was_kept_are_proven_under_the_new_name(
    connector: Connector, hub: "StandIn", again: Again
) -> None:
    kept = asked(connector)
    hub.restore(3, hub.note(3))
    follow(connector)
    with again() as following:
        assert following.prove().proven == 1
        (proven,) = following.receipts.of_question(kept.request_id)
        assert (proven.state, proven.origin) == ("proven", FIRST)
        assert proven.checkpoint is not None
        assert proven.checkpoint.startswith(f"{SECOND}\n")
        # As evidence it holds for whoever follows the new name.
        told = following.verify_evidence(following.export(proven))
        assert told.in_ledger == len(hub.leaves)


def test_evidence_from_before_the_restore_still_holds(
    connector: Connector, hub: "StandIn", again: Again
) -> None:
    asked(connector)
    lost = asked(connector)
    connector.prove()
    evidence = connector.export(connector.receipts.of_question(lost.request_id)[0])
    hub.restore(3, connector.proofs.checkpoint().note)
    follow(connector)
    with again() as following:
        assert following.verify_evidence(evidence).in_ledger == 4


def test_receipts_that_are_lost_are_an_alarm_with_their_evidence(
    connector: Connector, hub: "StandIn", again: Again, clock: "Time"
) -> None:
    asked(connector)
    connector.prove()
    lost = [asked(connector), asked(connector)]
    held = connector.proofs.checkpoint()
    hub.restore(3, held.note)
    follow(connector)
    assert alarms(connector) == [("connector-entries-lost", "restore")]
    evidence = json.loads(connector.receipts.alarms(limit=1)[0].evidence)
    assert [one["receipt"] for one in evidence["receipts"]] == [one.token for one in lost]
    assert evidence["held"] == held.note
    assert evidence["origins"][0]["control"]["state"]["checkpoint"] == held.note
    with again() as following:
        for one in lost:
            assert following.receipts.of_question(one.request_id)[0].state == "alarm"
        clock.now += 11 * MINUTE
        progress = following.prove()
        # No proof can come, and no more alarms either.
        assert (progress.proven, progress.waiting) == (0, 2)
        assert len(alarms(following)) == 1


def test_what_was_overdue_and_is_lost_stops_nothing_any_more(
    connector: Connector, hub: "StandIn", clock: "Time", again: Again
) -> None:
    lost = asked(connector)
    note = hub.note(3)
    hub.restore(2, note)
    clock.now += 11 * MINUTE
    with pytest.raises(ProofOverdue):
        connector.prove()
    stops = standing_alarms.stopping(standing_alarms.standing(connector.receipts))
    assert stops is not None
    assert stops.request_id == lost.request_id
    follow(connector)
    with again() as following:
        assert standing_alarms.stopping(standing_alarms.standing(following.receipts)) is None


def test_a_proven_receipt_that_is_lost_keeps_its_proof(
    connector: Connector, hub: "StandIn", again: Again
) -> None:
    lost = asked(connector)
    connector.prove()
    hub.restore(2, connector.proofs.checkpoint().note)
    follow(connector)
    with again() as following:
        (proven,) = following.receipts.of_question(lost.request_id)
        assert proven.state == "proven"
        assert proven.checkpoint is not None
        assert proven.checkpoint.startswith(f"{FIRST}\n")


def test_accepting_again_changes_nothing(connector: Connector, hub: "StandIn") -> None:
    """As after a crash between the store and the pin."""
    asked(connector)
    hub.restore(2, connector.proofs.checkpoint().note)
    offer = connector.successor.examine()
    assert offer is not None
    connector.accept(offer)
    connector.accept(offer)
    assert alarms(connector) == [("connector-entries-lost", "restore")]


def test_two_restores_are_followed_at_once(
    connector: Connector, hub: "StandIn", again: Again
) -> None:
    kept, lost = asked(connector), asked(connector)
    connector.prove()
    hub.restore(3, connector.proofs.checkpoint().note)
    hub.change("key", {"use": "receipt"})
    hub.restore(4, hub.note(5))
    offer = connector.successor.examine()
    assert offer is not None
    assert [(step.origin, step.kept) for step in offer.steps] == [(SECOND, 3), (THIRD, 4)]
    assert offer.kept == 3
    assert [one.entry for one in offer.lost] == [lost.entry]
    connector.accept(offer)
    with again() as following:
        assert following.identity.settings.ledger.origin == THIRD
        assert KeptLog(following.receipts).earlier(THIRD) == {FIRST: 3}
        assert asked(following).origin == THIRD
        assert following.receipts.of_question(kept.request_id)[0].state == "proven"


def test_a_second_restore_is_followed_after_the_first(
    connector: Connector, hub: "StandIn", again: Again
) -> None:
    kept = asked(connector)
    hub.restore(3, hub.note(3))
    follow(connector)
    with again() as second:
        lost = asked(second)
        assert lost.origin == SECOND
        hub.restore(4, second.proofs.checkpoint().note)
        follow(second)
    with again() as third:
        assert KeptLog(third.receipts).earlier(THIRD) == {SECOND: 4, FIRST: 3}
        assert third.prove().proven == 1
        assert third.receipts.of_question(kept.request_id)[0].state == "proven"
        assert third.receipts.of_question(lost.request_id)[0].state == "alarm"


def test_what_a_second_restore_loses_of_the_first_names_part_is_lost(
    connector: Connector, hub: "StandIn", again: Again
) -> None:
    asked(connector)
    deep = asked(connector)
    hub.restore(4, hub.note(4))
    follow(connector)
    with again() as second:
        assert second.prove().proven == 2
        hub.restore(3, second.proofs.checkpoint().note)
        offer = second.successor.examine()
        assert offer is not None
        assert [(one.origin, one.entry) for one in offer.lost] == [(FIRST, deep.entry)]


def test_opened_entries_go_on_from_what_was_kept(
    connector: Connector, hub: "StandIn", again: Again
) -> None:
    for _ in range(3):
        hub.opened.append(hub.change("grant", {"id": "G-1"}))
    assert connector.follow() == 3
    hub.restore(4, connector.proofs.checkpoint().note)
    follow(connector)
    with again() as following:
        # The third is lost; the restore itself is news.
        assert following.follow() == 1
        newest = KeptLog(following.receipts).newest_opened(SECOND)
        assert newest is not None
        assert (newest.entry, newest.kind) == (4, "operator")
        assert following.follow() == 0


# -- what does not hold -------------------------------------------------------------------------
def refused(connector: Connector, why: str) -> None:
    with pytest.raises(RestoreUnproven) as raised:
        connector.successor.examine()
    assert raised.value.facts == {"why": why}
    code, told = alarms(connector)[-1]
    assert (code, told) == ("connector-restore-unproven", why)


def test_a_kept_part_that_is_not_ours_is_another_history(
    connector: Connector, hub: "StandIn"
) -> None:
    asked(connector)
    connector.proofs.checkpoint()
    hub.leaves[0] = leaf_hash(b"another history")
    hub.restore(3, None)
    refused(connector, "root")
    # No flag of ours follows another history.
    with pytest.raises(RestoreUnproven):
        connector.successor.examine()


def test_an_older_checkpoint_of_a_proof_holds_the_kept_part_to_it(
    connector: Connector, hub: "StandIn"
) -> None:
    """The newest that we hold is beyond what was kept; those of our proofs are not."""
    asked(connector)
    connector.prove()
    asked(connector)
    held = connector.proofs.checkpoint()
    hub.leaves[0] = leaf_hash(b"another history")
    hub.restore(3, held.note)
    refused(connector, "root")


def test_a_receipt_of_the_kept_part_that_is_not_there_is_found(
    connector: Connector, hub: "StandIn"
) -> None:
    """No checkpoint that we hold covers it alone: it is proven again by itself."""
    asked(connector)
    note = hub.note(3)
    hub.leaves[2] = leaf_hash(b"something else")
    hub.restore(3, note)
    refused(connector, "root")


def test_a_restore_that_binds_an_older_checkpoint_than_ours(
    connector: Connector, hub: "StandIn", home: Path, again: Again
) -> None:
    older = hub.note(2)
    asked(connector)
    connector.proofs.checkpoint()
    hub.restore(2, older)
    offer = connector.successor.examine()
    assert offer is not None
    assert not offer.bound
    with pytest.raises(RestoreUnproven) as raised:
        connector.accept(offer)
    assert raised.value.facts == {"why": "not-bound"}
    assert alarms(connector) == [("connector-restore-unproven", "not-bound")]
    assert read(home).settings.ledger.origin == FIRST
    # It cannot be undone: who knows may follow, and the alarm stays.
    connector.accept(offer, although_unbound=True)
    with again() as following:
        assert following.identity.settings.ledger.origin == SECOND
        assert len(alarms(following)) == 2


def test_a_restore_that_binds_nothing_although_we_hold_a_checkpoint(
    connector: Connector, hub: "StandIn"
) -> None:
    asked(connector)
    connector.proofs.checkpoint()
    hub.restore(2, None)
    offer = connector.successor.examine()
    assert offer is not None
    assert not offer.bound
    assert offer.steps[0].lost_to is None


def test_a_restore_that_binds_our_size_with_another_root(
    connector: Connector, hub: "StandIn"
) -> None:
    asked(connector)
    connector.proofs.checkpoint()
    forged = sign_checkpoint(Checkpoint(FIRST, 3, bytes(32)), FIRST, hub.log_key)
    hub.restore(2, forged)
    offer = connector.successor.examine()
    assert offer is not None
    assert not offer.bound


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"act": "init"}, "kind"),
        ({"origin": THIRD}, "state"),
        ({"kept": 1}, "state"),
        ({"lost": [2, 2]}, "lost"),
        ({"lost": None}, "lost"),
        ({"checkpoint": "nothing"}, "form"),
        ({"from": "other.yifen/ledger/1"}, "unsigned"),
    ],
)
def test_a_restore_that_does_not_say_what_it_must(
    connector: Connector, hub: "StandIn", changes: dict[str, object], why: str
) -> None:
    asked(connector)
    connector.proofs.checkpoint()
    hub.restore(2, hub.note(3), **changes)  # type: ignore[arg-type]
    refused(connector, why)


def test_a_checkpoint_bound_under_another_key(connector: Connector, hub: "StandIn") -> None:
    foreign = sign_checkpoint(Checkpoint(FIRST, 3, bytes(32)), FIRST, generate("ed25519"))
    hub.restore(2, foreign)
    refused(connector, "unsigned")


def test_a_checkpoint_bound_of_another_name_than_it_says(
    connector: Connector, hub: "StandIn"
) -> None:
    """Signed with the log's key, under the name that the restore tells, for another one."""
    other = Checkpoint("other.yifen/ledger/1", 2, bytes(32))
    hub.restore(2, sign_checkpoint(other, FIRST, hub.log_key))
    refused(connector, "origin")


def test_a_restore_whose_entry_is_not_in_the_ledger(connector: Connector, hub: "StandIn") -> None:
    hub.restore(2, hub.note(2))
    hub.leaves[2] = leaf_hash(b"something else")
    refused(connector, "root")


def test_a_restore_that_is_opened_differently(connector: Connector, hub: "StandIn") -> None:
    hub.restore(2, hub.note(2))
    hub.origins[1]["control_salt"] = b64u(bytes(32))
    refused(connector, "control")


def test_a_new_name_under_another_key(connector: Connector, hub: "StandIn") -> None:
    hub.restore(2, hub.note(2))
    hub.log_key = generate("ed25519")
    refused(connector, "unsigned")


@pytest.mark.parametrize("status", [404, 500])
def test_a_hub_that_does_not_tell_of_its_names(
    connector: Connector, hub: "StandIn", status: int
) -> None:
    hub.failing = [status]
    with pytest.raises(HubUnintelligible):
        connector.successor.examine()


def test_names_of_another_hub_are_no_later_ones(connector: Connector, hub: "StandIn") -> None:
    hub.origins.append({"number": 2, "origin": "other.yifen/ledger/2", "first": 2})
    hub.origins.append({"number": 0, "origin": "demo.yifen/ledger/0", "first": 2})
    assert connector.successor.examine() is None


def test_the_new_name_is_held_to_its_own_checkpoints(
    connector: Connector, hub: "StandIn", again: Again
) -> None:
    hub.restore(2, hub.note(2))
    follow(connector)
    with again() as following:
        asked(following)
        following.proofs.checkpoint()
        hub.leaves[0] = leaf_hash(b"another history")
        with pytest.raises(LedgerForked):
            following.proofs.checkpoint()


def test_before_it_is_accepted_proofs_say_what_has_happened(
    connector: Connector, hub: "StandIn"
) -> None:
    asked(connector)
    hub.restore(3, hub.note(3))
    with pytest.raises(LedgerRestored) as refused_for:
        connector.prove()
    assert refused_for.value.facts["new"] == SECOND
    assert connector.receipts.counts()["received"] == 1


# -- the pin and the command line ----------------------------------------------------------------
def test_the_rest_of_the_settings_stays_as_it_stands(home: Path) -> None:
    file = home / "connector.toml"
    text = file.read_text(encoding="utf-8") + '# ours\n[gateway]\nlisten = "127.0.0.1:9000"\n'
    pin = read(home).settings.ledger
    later = LedgerPin(origin=SECOND, vkey=pin.vkey.replace(FIRST, SECOND))
    changed = repinned(text, later)
    expected = [
        line.replace(FIRST, SECOND) if line.startswith(("origin", "vkey")) else line
        for line in text.splitlines()
    ]
    assert changed.splitlines() == expected
    with pytest.raises(SettingsBroken):
        repinned("ledger = {origin = 'a', vkey = 'b'}", later)


def test_a_lineage_knows_how_far_each_name_goes_on() -> None:
    lineage = Lineage((THIRD, SECOND, FIRST), (4, 7))
    assert lineage.earlier() == {SECOND: 4, FIRST: 4}
    assert lineage.continues(FIRST, 6, SECOND)
    assert lineage.continues(FIRST, 3, THIRD)
    assert lineage.continues(FIRST, 99, FIRST)
    assert not lineage.continues(FIRST, 4, THIRD)
    assert not lineage.continues(FIRST, 7, SECOND)
    assert not lineage.continues(SECOND, 0, FIRST)
    assert not lineage.continues("x", 0, THIRD)


@pytest.fixture
def cli(home: Path, hub: "StandIn", clock: "Time", monkeypatch: pytest.MonkeyPatch) -> list[str]:
    opened = Connector.open
    monkeypatch.setattr(
        "connectors.client.Connector.open",
        lambda path, **_: opened(path, clock=clock, sleep=clock.sleep, http=hub),
    )
    return ["--home", str(home), "--lang", "en"]


def test_nobody_but_a_person_accepts(
    cli: list[str],
    connector: Connector,
    hub: "StandIn",
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([*cli, "ledger", "accept"]) == 0
    assert "no later origin" in capsys.readouterr().out
    lost = asked(connector)
    hub.restore(2, connector.proofs.checkpoint().note)
    assert run([*cli, "receipts", "fetch"]) == 3
    assert "connector ledger accept" in capsys.readouterr().err
    assert run([*cli, "ledger", "accept"]) == 1
    told = capsys.readouterr()
    assert f"from {FIRST} as {SECOND}" in told.out
    assert lost.request_id in told.out
    assert read(home).settings.ledger.origin == FIRST
    assert run([*cli, "--json", "ledger", "accept", "--yes"]) == 0
    accepted = json.loads(capsys.readouterr().out)
    assert accepted == {"accepted": SECOND, "kept": 2, "lost": [lost.entry]}
    identity = read(home)
    assert identity.settings.ledger.origin == SECOND
    note = hub.note(3)
    assert open_checkpoint(note, identity.settings.ledger.keys()).origin == SECOND


@pytest.mark.parametrize(("typed", "status"), [(FIRST, 1), ("", 1), (SECOND, 0)])
def test_a_person_types_the_new_name(
    cli: list[str],
    hub: "StandIn",
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    status: int,
) -> None:
    hub.restore(2, hub.note(2))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *_, **__: typed)
    assert run([*cli, "ledger", "accept"]) == status
    assert read(home).settings.ledger.origin == (FIRST if status else SECOND)


def test_an_unbound_restore_is_accepted_only_with_its_own_word(
    cli: list[str],
    connector: Connector,
    hub: "StandIn",
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked(connector)
    connector.proofs.checkpoint()
    hub.restore(2, None)
    assert run([*cli, "ledger", "accept", "--yes"]) == 3
    assert "connector ledger checkpoint" in capsys.readouterr().out
    assert read(home).settings.ledger.origin == FIRST
    assert run([*cli, "ledger", "accept", "--yes", "--although-unbound"]) == 0
    assert read(home).settings.ledger.origin == SECOND

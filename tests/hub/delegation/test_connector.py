"""A window's own connector before a real hub: asked, proven, exported, verified by outsiders."""

import json
from pathlib import Path

import pytest
from world.auditing import Auditor, load
from world.bridge import Bridge, opened
from world.delegating import WINDOW, lent, revoked
from world.time import HOUR
from world.town import ADMINISTRATOR, HUB, PURPOSE, SUBJECTS, World

from certs.encoding import b64u, sha256
from certs.note import vkey
from connectors.batch.question import Subject
from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation
from connectors.errors import Refused
from connectors.joint.question import Part
from hub.access import connectors


@pytest.fixture
def window(world: World, tmp_path: Path) -> Connector:
    """The connector of the window's department."""
    bridge, home = Bridge(world), tmp_path / "window"
    text = connectors.invite(world.hub.changes, ADMINISTRATOR, world.hub.trust, WINDOW, "counter")
    enrol(read_invitation(text), home, clock=world.time, http=bridge)
    return opened(world, home, bridge)


def test_what_was_asked_under_a_delegation_is_proven(
    world: World, window: Connector, tmp_path: Path
) -> None:
    found = lent(world)
    officer, subject = f"{WINDOW}.officer", Subject("resident_id", SUBJECTS[0])
    one = window.lookup(
        "resident",
        *("resident_id", SUBJECTS[0]),
        items=["name"],
        purpose=PURPOSE,
        officer=officer,
        delegation=found.id,
    )
    assert one.found
    verified = window.verify(
        "resident",
        *("resident_id", SUBJECTS[0]),
        claims={"name": "李四"},
        purpose=PURPOSE,
        officer=officer,
        delegation=found.id,
    )
    several = window.batch(
        "resident",
        [subject],
        items=["name"],
        purpose=PURPOSE,
        officer=officer,
        delegation=found.id,
    )
    parts = [Part("lookup", "resident", PURPOSE, subject, ("name",), delegation=found.id)]
    joint = window.joint(parts, officer=officer)
    world.hub.checkpointer.step()
    window.prove()
    auditor = Auditor.at(tmp_path, load())
    hub = world.hub
    pinned = (
        *("--root", b64u(sha256(hub.authority.root_der))),
        *("--log", vkey(hub.origin, hub.checkpoint_key)),
    )
    for entry in (
        one.proof.entry,
        verified.proof.entry,
        several.proof.entry,
        joint.proof.entry,
    ):
        evidence = window.export(window.receipts.entry(entry))
        assert window.verify_evidence(evidence).controls[0].delegation == f"{HUB}:{found.id}"
        file = tmp_path / f"{entry}.json"
        file.write_bytes(evidence)
        verdict = auditor.verify("receipt", file, *pinned)
        assert (verdict.status, verdict.faults) == (0, [])


def test_a_refusal_under_one_proves_itself_too(world: World, window: Connector) -> None:
    found = lent(world)
    revoked(world.hub.changes, found)
    with pytest.raises(Refused) as refused:
        window.lookup(
            "resident",
            *("resident_id", SUBJECTS[0]),
            items=["name"],
            purpose=PURPOSE,
            officer=f"{WINDOW}.officer",
            delegation=found.id,
        )
    assert refused.value.problem.code == "not-granted"
    assert refused.value.entry is not None


def test_its_entries_are_opened_to_the_window(world: World, window: Connector) -> None:
    found = lent(world)
    world.time.advance(HOUR)
    world.hub.checkpointer.step()
    window.follow()
    rows = window.receipts._connection.execute(
        "SELECT control FROM opened WHERE kind = 'delegation' ORDER BY entry"
    ).fetchall()
    states = [json.loads(control)["state"] for (control,) in rows]
    assert [state["status"] for state in states] == ["signed", "active"]
    assert {state["id"] for state in states} == {found.id}

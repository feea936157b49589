"""Every key is replaced while departments ask, with two workers and real connectors.

No answer fails verification, no receipt is lost, and what was proven before verifies after; nothing
that was entered after a switch is signed by the key before.
"""

import json
import threading
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from world.serving import Served, serving
from world.town import ADMINISTRATOR, PASSWORD, PURPOSE, SUBJECTS, Town

from certs.canonical import Json
from certs.sealing import MasterKey
from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation
from connectors.jwks import read_key_set
from connectors.receipts.kept import Kept
from hub.access import connectors
from hub.clock import system_clock
from hub.keys.master import waiting_file
from hub.ops.keys import at_the_folder
from hub.ops.verify import verification
from hub.runtime import open_hub
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

DEPARTMENTS = 3
BETWEEN = 0.5
"""Seconds of load before, between and after rotations."""
PROVEN_EVERY = 20


@dataclass
class Asking(threading.Thread):
    """A department that asks and proves until told to stop; any failure is the test's."""

    home: Path
    stopping: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    fault: BaseException | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        try:
            with Connector.open(self.home) as connector:
                while not self.stopping.is_set():
                    connector.lookup(
                        "resident",
                        "resident_id",
                        SUBJECTS[self.asked % len(SUBJECTS)],
                        items=["name"],
                        purpose=PURPOSE,
                        officer="nrb.officer",
                    )
                    self.asked += 1
                    if self.asked % PROVEN_EVERY == 0:
                        connector.prove()
        except BaseException as fault:  # noqa: BLE001 told by the test, which waits for us
            self.fault = fault


@dataclass(frozen=True)
class Field:
    """A serving hub and the departments that ask it."""

    served: Served
    departments: list[Asking]

    def token(self) -> str:
        body = json.dumps({"account": "admin", "password": PASSWORD}).encode()
        headers = {"content-type": "application/json"}
        answer = self.served.http("POST", "/v1/session", headers, body)
        return str(answer.document["token"])

    def rotate(self, token: str, use: str, **body: Json) -> int:
        """Replace a key over the interface; gives where the switch stands in the log."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        path = f"/v1/keys/{use}/rotation"
        answer = self.served.http("POST", path, headers, json.dumps(body).encode())
        assert answer.status == 201, answer.body
        entry = answer.document["entry"]
        assert isinstance(entry, int)
        return entry

    def wait(self) -> None:
        """Load for a while; a department that failed ends the wait."""
        for department in self.departments:
            before = department.asked
            threading.Event().wait(BETWEEN / len(self.departments))
            assert department.fault is None, department.fault
            while department.asked == before and department.is_alive():
                threading.Event().wait(0.01)

    def end(self) -> list[Kept]:
        """Stop asking, prove all that waits; gives every receipt that was handed out."""
        for department in self.departments:
            department.stopping.set()
        kept: list[Kept] = []
        for department in self.departments:
            department.join(60)
            assert not department.is_alive()
            assert department.fault is None, department.fault
            with Connector.open(department.home) as connector:
                while connector.prove().waiting:
                    threading.Event().wait(0.1)
                found = connector.receipts.receipts(limit=100_000)
                assert len(found) == department.asked
                assert connector.receipts.alarms(limit=1) == []
                for one in found[:: max(1, len(found) // 20)]:
                    connector.verify_evidence(connector.export(one))
                kept += found
        return kept


@pytest.fixture
def load_field(town_today: Town, tmp_path: Path) -> Iterator[Field]:
    with serving(town_today, tmp_path / "hub", workers=2) as served:
        hub = open_hub(served.folder)
        departments = []
        for number in range(DEPARTMENTS):
            name, home = f"window-{number}", tmp_path / f"home-{number}"
            text = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", name)
            enrol(read_invitation(text), home)
            departments.append(Asking(home))
        hub.close()
        for department in departments:
            department.start()
        yield Field(served, departments)
        for department in departments:
            department.stopping.set()
        for department in departments:
            department.join(60)


def faults(root: Path) -> list[str]:
    folder = Folder(root)
    connection = connect(folder.control)
    try:
        checked = verification(folder, load(folder.settings), connection)
        return [f"{one.position} {one.why}" for one in checked.run(lambda *_: None).faults]
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_receipt_keys_under_load(load_field: Field) -> None:
    token = load_field.token()
    switches = []
    for _ in range(4):
        load_field.wait()
        switches.append(load_field.rotate(token, "receipt"))
    load_field.wait()
    kept = load_field.end()
    # After a switch nothing is signed by a key before it, in whatever worker. What was entered a
    # moment before may be signed a moment after, by the new one.
    told = load_field.served.http("GET", "/.well-known/jwks.json").body
    order = [*reversed(read_key_set(told))]
    assert len(order) == len(switches) + 1
    for one in kept:
        assert order.index(one.key.kid) >= bisect(switches, one.entry)
    assert {one.key.kid for one in kept} == set(order)
    keys = load_field.served.folder / "keys"
    assert len(list(keys.glob("receipt*.key"))) == 1
    assert faults(load_field.served.folder) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_checkpoint_and_session_keys_under_load(load_field: Field) -> None:
    token = load_field.token()
    load_field.wait()
    load_field.rotate(token, "checkpoint")
    load_field.wait()
    load_field.rotate(token, "checkpoint", now=True)
    load_field.wait()
    load_field.rotate(token, "session")
    # Signed in under the key before: still good, in both workers.
    headers = {"authorization": f"Bearer {token}"}
    for _ in range(8):
        assert load_field.served.http("GET", "/v1/session", headers).status == 200
    load_field.rotate(token, "session", now=True)
    for _ in range(8):
        assert load_field.served.http("GET", "/v1/session", headers).status == 401
    load_field.wait()
    load_field.end()
    assert faults(load_field.served.folder) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_master_key_under_load(load_field: Field, tmp_path: Path) -> None:
    folder = load_field.served.folder
    path = folder / "keys" / "master.key"
    first = MasterKey.load(path).fingerprint
    token = load_field.token()
    names = [first]
    for number in range(2):
        load_field.wait()
        with at_the_folder(folder, system_clock) as operator:
            name, _ = operator.new_master()
            copy = tmp_path / f"copy-{number}"
            copy.write_bytes(waiting_file(path).read_bytes())
            operator.confirm_copy(copy)
        load_field.rotate(token, "master", fingerprint=name)
        assert MasterKey.load(path).fingerprint == name
        names.append(name)
    load_field.wait()
    load_field.end()
    assert len(set(names)) == 3
    assert faults(folder) == []

"""The gateway renews its certificate by itself, in good time; old and new overlap."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from world.department import Bureau, HubProcess, gateway_of
from world.serving import free_port
from world.time import DAY, Time
from world.town import ADMINISTRATOR, found_town

from certs.certificates import read_certificate
from certs.encoding import rfc3339
from certs.enrolment import make_request
from certs.keys import generate
from connectors.clock import system_clock
from connectors.enrolment import read_invitation
from connectors.home import create, write_durably
from connectors.receipts.store import ReceiptStore
from connectors.settings import Settings, to_toml
from hub.access import connectors
from hub.runtime import open_hub


@pytest.fixture
def nearly_over(tmp_path: Path) -> Iterator[Bureau]:
    """A department whose certificate of two days was made a day and a half ago."""
    now, port = system_clock(), free_port()
    town = found_town(tmp_path / "town", now - DAY)
    folder = town.copy(tmp_path / "hub", f"http://127.0.0.1:{port}")
    settings = folder / "hub.toml"
    settings.write_text(f"certificate_days = 2\n{settings.read_text('utf-8')}", "utf-8")
    hub = open_hub(folder, Time(now - DAY - DAY // 2))
    text = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "window")
    invitation, key = read_invitation(text), generate()
    request = make_request(key, invitation.connector)
    enrolled = connectors.enrol(hub.changes, hub.trust, invitation.token, request)
    home = create(tmp_path / "home")
    key.save(home.key)
    write_durably(home.certificate, enrolled.pem)
    write_durably(home.issuing, hub.authority.issuing_pem)
    write_durably(home.root, hub.authority.root_pem)
    pinned = invitation.model_dump(exclude={"token"})
    write_durably(home.settings, to_toml(Settings.model_validate(pinned)).encode())
    hub.close()
    process = HubProcess(town, folder, port, tmp_path / "hub.log")
    process.start()
    with gateway_of(home.path) as gate:
        yield Bureau(process, gate)
    process.stop()


def test_a_certificate_near_its_end_is_renewed_and_the_old_one_still_holds(
    nearly_over: Bureau,
) -> None:
    gate = nearly_over.gate
    file = gate.home / "certificate.pem"
    old = read_certificate(file.read_bytes())
    gate.start()
    gate.wait(lambda: read_certificate(file.read_bytes()).keyid != old.keyid)
    new = read_certificate(file.read_bytes())
    assert new.not_after > old.not_after
    until = rfc3339(new.not_after)
    gate.wait(lambda: gate.get("/health").document["certificate_until"] == until)
    assert gate.ask().status == 200
    store = ReceiptStore(gate.home / "receipts.db")
    (kept,) = store.receipts(limit=10)
    (attempt,) = store.attempts(kept.request_id)
    store.close()
    assert attempt.certificate == new.der
    assert hub_certificates(nearly_over) == {old.keyid: "active", new.keyid: "active"}
    assert gate.get("/health").document["renewal"] is None
    assert not (gate.home / "key.next.pem").exists()


def hub_certificates(bureau: Bureau) -> dict[str, str]:
    """The hub's certificates of the department's connector, by key id."""
    hub = open_hub(bureau.hub.folder)
    try:
        rows = connectors.listing(hub.reading)
    finally:
        hub.close()
    return {
        str(row["keyid"]): str(row["certificate"])
        for row in rows
        if str(row["urn"]).endswith(":window")
    }

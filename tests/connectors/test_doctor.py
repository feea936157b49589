"""``connector doctor`` finds what is wrong, says what to do, ends with 1 if something is bad."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from world.department import Bureau, enrolled, inviting
from world.time import DAY
from world.town import ADMINISTRATOR, Town, covering

from certs.encoding import rfc3339
from connectors.clock import system_clock
from connectors.doctor.examine import examine
from connectors.doctor.finding import Finding
from connectors.receipts.store import ReceiptStore
from hub.access import grants
from hub.runtime import Hub, open_hub


@pytest.fixture
def idle(town_today: Town, tmp_path: Path) -> Iterator[Bureau]:
    with (
        inviting(town_today, tmp_path / "hub") as invited,
        enrolled(invited, tmp_path / "home") as bureau,
    ):
        yield bureau


def found(bureau: Bureau, late: int = 0) -> dict[str, Finding]:
    """What is found, by name; with a clock that is ``late`` seconds off."""
    return {
        one.what: one
        for one in examine(bureau.gate.home, clock=lambda: system_clock() + late * 1000)
    }


@contextmanager
def hub_of(bureau: Bureau) -> Iterator[Hub]:
    """The hub as an operator's own process would have it, beside the one that serves."""
    hub = open_hub(bureau.hub.folder)
    try:
        yield hub
    finally:
        hub.close()


def told(findings: dict[str, Finding]) -> dict[str, str]:
    return {name: one.case for name, one in findings.items() if one.verdict != "good"}


def test_a_connector_that_is_well(idle: Bureau) -> None:
    idle.gate.start()
    assert idle.gate.ask().status == 200
    findings = found(idle)
    assert told(findings) == {}
    assert findings.keys() == {
        "sqlite", "folder", "files", "disk", "settings", "root", "certificate", "dns", "tls",
        "hub", "clock", "signed", "grants", "proofs", "alarms", "lost", "keys", "port",
    }  # fmt: skip
    assert findings["port"].facts["state"] == "ok"
    ran = idle.gate.command("--lang", "en", "doctor")
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count("[good]") == len(findings)


def test_each_finding_says_what_to_do_in_both_languages(idle: Bureau) -> None:
    (idle.gate.home / "key.pem").chmod(0o644)
    for language in ("zh", "en"):
        ran = idle.gate.command("--lang", language, "doctor")
        assert ran.returncode == 1
        assert "chmod 600" in ran.stdout
    value = idle.gate.json("doctor")
    assert value["bad"] is True
    (files,) = [one for one in value["findings"] if one["what"] == "files"]
    assert (files["verdict"], files["facts"]) == ("bad", {"files": "key.pem"})


@pytest.mark.parametrize(
    ("late", "verdict", "case"), [(30, "warn", "off"), (-30, "warn", "off"), (61, "bad", "wrong")]
)
def test_a_clock_that_is_off(idle: Bureau, late: int, verdict: str, case: str) -> None:
    clock = found(idle, late)["clock"]
    assert (clock.verdict, clock.case) == (verdict, case)
    assert abs(int(clock.facts["seconds"]) - late) <= 2


def test_a_certificate_towards_its_end(idle: Bureau) -> None:
    assert told(found(idle, 300 * 86_400))["certificate"] == "ending"
    over = found(idle, 400 * 86_400)["certificate"]
    assert (over.verdict, over.error is not None) == ("bad", True)


def test_a_hub_that_is_gone(idle: Bureau) -> None:
    idle.hub.stop()
    findings = found(idle)
    assert findings["hub"].verdict == "bad"
    assert "signed" not in findings
    assert findings["keys"].verdict == "good"


def test_another_hub_at_the_address(idle: Bureau) -> None:
    file = idle.gate.home / "connector.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace('hub = "demo.yifen"', 'hub = "other.yifen"'), "utf-8")
    hub = found(idle)["hub"]
    assert (hub.verdict, hub.case) == ("bad", "other")


def test_a_name_that_leads_nowhere(idle: Bureau) -> None:
    file = idle.gate.home / "connector.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("http://127.0.0.1", "https://127.0.0.1.invalid"), "utf-8")
    # In a process of its own: this one may not ask for names at all.
    value = idle.gate.json("doctor")
    (dns,) = [one for one in value["findings"] if one["what"] == "dns"]
    assert (dns["verdict"], dns["case"]) == ("bad", "unknown")


def test_a_hub_without_tls_where_tls_is_wanted(idle: Bureau) -> None:
    file = idle.gate.home / "connector.toml"
    file.write_text(file.read_text("utf-8").replace("http://", "https://"), "utf-8")
    assert told(found(idle))["tls"] == "unreachable"


def test_no_grants_and_keys_for_nothing(idle: Bureau) -> None:
    idle.gate.new_key("idle", purposes=("nosuch_purpose",))
    assert told(found(idle))["keys"] == "idle"
    with hub_of(idle) as hub:
        grants.set_status(hub.changes, ADMINISTRATOR, idle.hub.town.grant.id, "suspended")
    assert told(found(idle))["grants"] == "none"


def test_a_grant_towards_its_end(idle: Bureau) -> None:
    now = system_clock()
    with hub_of(idle) as hub:
        terms = covering(now, valid_until=rfc3339(now + 5 * DAY))
        grants.change(hub.changes, ADMINISTRATOR, idle.hub.town.grant.id, terms, 1)
    finding = found(idle)["grants"]
    assert (finding.verdict, finding.case) == ("warn", "ending")
    assert finding.facts["grants"] == idle.hub.town.grant.id


def test_no_keys(idle: Bureau) -> None:
    (idle.gate.home / "gateway.keys.json").unlink()
    assert told(found(idle))["keys"] == "none"


class Other(BaseHTTPRequestHandler):
    """A program that has nothing to do with us."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_arguments: object) -> None:
        pass


def test_another_program_at_the_gateways_port(idle: Bureau) -> None:
    with HTTPServer(("127.0.0.1", idle.gate.port), Other) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        port = found(idle)["port"]
        thread.join()
    assert (port.verdict, port.case) == ("bad", "foreign")


def test_a_gateway_that_an_alarm_has_stopped(idle: Bureau) -> None:
    store = ReceiptStore(idle.gate.home / "receipts.db")
    store.write_alarm("connector-ledger-forked", "consistency", b"{}", 0)
    store.close()
    idle.gate.start()
    assert told(found(idle)) == {"alarms": "stopping", "port": "stopped"}


def test_alarms_that_stand_and_questions_without_receipt(idle: Bureau) -> None:
    store = ReceiptStore(idle.gate.home / "receipts.db")
    store.write_alarm("connector-answer-refused", "person", b"{}", 0)
    assert told(found(idle))["alarms"] == "standing"
    store.write_alarm("connector-ledger-forked", "consistency", b"{}", 0)
    alarms = found(idle)["alarms"]
    assert (alarms.verdict, alarms.case) == ("bad", "stopping")
    store.close()


def test_a_folder_that_was_never_enrolled(tmp_path: Path) -> None:
    findings = list(examine(tmp_path / "nothing"))
    assert findings[-1].what == "settings"
    assert findings[-1].verdict == "bad"

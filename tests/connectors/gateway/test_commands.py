"""``connector key``, ``receipts list``, ``enrol`` from what was pasted, and where it may listen."""

import contextlib
import os
import pty
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from pydantic import ValidationError
from world.department import ROOT, Bureau, Gate, Invited, question
from world.serving import environment

from connectors.commands.moments import MOMENT
from connectors.gateway.settings import GatewaySettings


# -- keys -------------------------------------------------------------------------------------
def test_a_key_in_a_file_is_what_curl_takes(office: Bureau, tmp_path: Path) -> None:
    gate, file = office.gate, tmp_path / "counter.key"
    words = ["key", "add", "web", "--purpose", "real_estate_registration", "--out", str(file)]
    assert gate.command(*words).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    name, _, value = file.read_text("ascii").strip().partition(": ")
    assert name == "Authorization"
    assert gate.ask(key=value.removeprefix("Bearer ")).status == 200
    again = gate.command(*words[:2], "other", *words[3:])
    assert again.returncode == 1
    assert "other" not in gate.command("key", "list").stdout


def test_a_key_on_a_pipe_is_the_key_alone(office: Bureau) -> None:
    ran = office.gate.command("key", "add", "piped", "--purpose", "real_estate_registration")
    assert office.gate.ask(key=ran.stdout.strip()).status == 200


def test_a_list_of_keys_has_no_key(office: Bureau) -> None:
    gate = office.gate
    secret = gate.new_key("listed", datasets=("resident",), rate=7)
    told = gate.json("key", "list")["keys"]
    (one,) = [key for key in told if key["name"] == "listed"]
    assert one.keys() == {"name", "purposes", "datasets", "rate", "created"}
    assert (one["datasets"], one["rate"]) == (["resident"], 7)
    shown = gate.command("key", "list").stdout
    assert secret not in shown
    assert "listed" in shown


# -- receipts ---------------------------------------------------------------------------------
def test_receipts_are_found_by_time_dataset_state_and_question(office: Bureau) -> None:
    gate = office.gate
    first = gate.ask().document["receipt"]
    gate.ask(question(items=["status"]))

    def entries(*words: str) -> list[int]:
        return [one["entry"] for one in gate.json("receipts", "list", *words)["receipts"]]

    everything = entries()
    assert first["entry"] in everything
    assert entries("--request", first["request_id"]) == [first["entry"]]
    assert entries("--since", first["time"])[-1] == first["entry"]
    assert first["entry"] not in entries("--until", first["time"])
    assert entries("--dataset", "resident") == everything
    assert entries("--dataset", "nosuch") == []
    assert entries("--since", "2100-01-01") == []
    counted = gate.json("receipts", "list", "--count", "--dataset", "resident")
    assert counted == {"count": len(everything)}
    gate.command("receipts", "fetch")
    assert entries("--state", "proven")
    assert entries("--state", "alarm") == []
    assert gate.command("receipts", "list", "--since", "yesterday").returncode == 2


def test_a_day_is_one_of_shanghai_and_a_time_names_its_zone() -> None:
    assert MOMENT.convert("1970-01-01", None, None) == -8 * 3_600_000
    assert MOMENT.convert("1970-01-01T00:00:01.5Z", None, None) == 1500
    with pytest.raises(Exception, match="1970"):
        MOMENT.convert("1970-01-01T00:00:00", None, None)


# -- enrolment --------------------------------------------------------------------------------
def test_an_invitation_on_standard_input(invited: Invited, tmp_path: Path) -> None:
    home = tmp_path / "pasted"
    gate = Gate(home, 0, tmp_path / "log", "")
    ran = gate.command("--json", "enrol", stdin=f"  {invited.invitation}\r\n")
    assert ran.returncode == 0, ran.stderr
    assert (home / "key.pem").exists()


def test_an_invitation_that_is_pasted_is_not_shown(invited: Invited, tmp_path: Path) -> None:
    home = tmp_path / "pasted"
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "connectors", "--home", str(home), "--lang", "en", "enrol"],
        cwd=ROOT,
        env=environment(),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown = b""
    while b"Paste" not in shown:
        shown += os.read(master, 4096)
    os.write(master, invited.invitation.encode() + b"\n")
    with contextlib.suppress(OSError):  # the other end has closed
        while piece := os.read(master, 4096):
            shown += piece
    assert process.wait(60) == 0, shown
    os.close(master)
    assert invited.invitation.encode()[:40] not in shown
    assert b"Enrolled" in shown


# -- listening --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "settings",
    [
        {"listen": "0.0.0.0:8442"},
        {"listen": "192.0.2.1:8442"},
        {"listen": "[::]:8442"},
        {"listen": "192.0.2.1:8442", "beyond_loopback": True},
        {"listen": "192.0.2.1:8442", "tls_certificate": "c", "tls_key": "k"},
        {"listen": "gateway.example:8442"},
        {"listen": "127.0.0.1"},
        {"listen": "127.0.0.1:99999"},
        {"listen": "127.0.0.1:8442/x"},
        {"tls_key": "k"},
        {"nosuch": 1},
        {"questions": 0},
    ],
)
def test_beyond_this_machine_only_if_told_so_and_with_tls(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings.model_validate(settings)


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1"])
def test_on_this_machine_as_one_likes(listen: str) -> None:
    assert GatewaySettings(listen=listen).listen == listen


def test_it_does_not_start_where_it_may_not(idle: Bureau) -> None:
    gate = idle.gate
    gate.configure(listen="0.0.0.0:0")
    gate.start(until="")
    assert gate.process is not None
    assert gate.process.wait(30) == 1
    assert "connector-settings-broken" in gate.log.read_text("utf-8")


def test_two_gateways_do_not_share_a_port(office: Bureau) -> None:
    ran = office.gate.command("serve")
    assert ran.returncode == 1
    assert "gateway-listen-refused" in ran.stderr


def test_with_tls(idle: Bureau, tmp_path: Path, command: Callable[[str], str]) -> None:
    key, certificate = tmp_path / "tls.key", tmp_path / "tls.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=gateway"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [command("openssl"), *words.split(), *names, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    key.chmod(0o600)
    gate = idle.gate
    gate.configure(tls_certificate=str(certificate), tls_key=str(key))
    gate.start(until="")
    context = ssl.create_default_context(cafile=certificate)

    def answered() -> bool:
        connection = HTTPSConnection("127.0.0.1", gate.port, timeout=10, context=context)
        try:
            return gate.ask(connection=connection).status == 200
        finally:
            connection.close()

    gate.wait(answered)
    gate.stop()
    key.chmod(0o644)
    gate.start(until="")
    assert gate.process is not None
    assert gate.process.wait(30) == 1

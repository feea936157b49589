"""The tests' own walls stand."""

import os
import socket
import subprocess
import sys

import pytest


def test_a_socket_beyond_this_machine_is_refused() -> None:
    with socket.socket() as outward, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        outward.connect(("192.0.2.1", 443))


def test_a_datagram_beyond_this_machine_is_refused() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as outward,
        pytest.raises(RuntimeError, match=r"192\.0\.2\.1"),
    ):
        outward.sendto(b"x", ("192.0.2.1", 53))


def test_a_foreign_name_is_not_resolved() -> None:
    with pytest.raises(RuntimeError, match="example"):
        socket.getaddrinfo("example.org", 443)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()[:2], timeout=5) as near:
            near.sendall(b"x")
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(1) == b"x"


def test_no_setting_of_ours_comes_from_the_environment() -> None:
    assert {n for n in os.environ if n.startswith("YIFEN_")} <= {"YIFEN_REQUIRE"}


@pytest.mark.parametrize(("wish", "outcome"), [("all", "failed"), ("", "skipped")])
def test_what_is_lacking_is_told(pytester_file: str, wish: str, outcome: str) -> None:
    environment = {**os.environ, "YIFEN_REQUIRE": wish}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:xdist", pytester_file],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"1 {outcome}" in run.stdout
    assert "no such thing" in run.stdout


@pytest.fixture
def pytester_file(tmp_path: object, request: pytest.FixtureRequest) -> str:
    """A test of its own beneath a copy of the one conftest."""
    folder = tmp_path / "tests"  # type: ignore[operator]
    folder.mkdir()
    ours = request.config.rootpath / "tests" / "conftest.py"
    (folder / "conftest.py").write_bytes(ours.read_bytes())
    file = folder / "test_lacking.py"
    file.write_text("def test_lacking(require):\n    require(False, 'no such thing')\n")
    return str(file)

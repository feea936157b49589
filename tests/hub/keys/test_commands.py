"""``hub key`` as an administrator uses it: signed in, against a serving hub."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from world.serving import Served, environment
from world.town import PASSWORD

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = "from hub.cli import main; main()"


@pytest.fixture
def hub(served: Served, tmp_path: Path) -> Run:
    """The command of a signed-in administrator."""
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    options = ["--folder", str(served.folder), "--address", served.address]
    options += ["--session", str(tmp_path / "session")]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", COMMAND, *options, *arguments],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    signed_in = run("sign-in", "--account", "admin", "--password-file", str(password))
    assert signed_in.returncode == 0, signed_in.stderr
    return run


def keys(hub: Run) -> list[dict[str, str]]:
    listed = hub("key", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout)
    assert isinstance(found, list)
    return found


def test_keys_are_listed_rotated_and_retired(hub: Run, served: Served) -> None:
    before = {key["id"] for key in keys(hub)}
    rotated = hub("key", "rotate", "checkpoint")
    assert rotated.returncode == 0, rotated.stderr
    assert "vkeys" in rotated.stdout
    now = keys(hub)
    (new,) = [key["id"] for key in now if key["id"] not in before]
    assert new in rotated.stdout
    (old,) = [key for key in now if key["use"] == "checkpoint" and key["until"]]
    assert old["status"] == "active"
    assert hub("key", "retire", old["id"]).returncode == 0
    assert not (served.folder / "keys" / "checkpoint.key").exists()
    assert hub("key", "retire", new).returncode == 1


def test_rotating_sessions_at_once_signs_the_administrator_out_too(hub: Run) -> None:
    assert hub("key", "rotate", "session").returncode == 0
    assert hub("key", "list").returncode == 0
    assert hub("key", "rotate", "session", "--now").returncode == 0
    assert hub("key", "list").returncode == 1


def test_a_master_key_is_made_copied_and_put_in_place(
    hub: Run, served: Served, tmp_path: Path
) -> None:
    assert hub("key", "new-master").returncode == 0
    (waiting,) = [key["id"] for key in keys(hub) if key["status"] == "waiting"]
    # Nobody has copied it: the hub refuses, and says so.
    refused = hub("key", "rotate", "master", "--fingerprint", waiting)
    assert refused.returncode == 1
    assert "master-not-copied" in refused.stderr
    copy = tmp_path / "copy"
    copy.write_bytes((served.folder / "keys" / "master.key.new").read_bytes())
    confirmed = hub("key", "confirm-copy", str(copy))
    # As it is printed, in groups of four.
    grouped = " ".join(waiting[start : start + 4] for start in range(0, 32, 4))
    assert grouped in confirmed.stdout
    assert hub("key", "rotate", "master", "--fingerprint", grouped).returncode == 0
    assert not (served.folder / "keys" / "master.key.new").exists()
    assert served.call(served.gateway().lookup()).status == 200
    assert hub("key", "rotate", "master").returncode == 1

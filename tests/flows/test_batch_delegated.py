"""``connector batch --delegation``: another department's grant, for as long as it is lent."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from world.delegating import WINDOW, delegated, revoked
from world.department import Invited, inviting
from world.serving import environment
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, Town

from connectors.batch.run import Wanted
from connectors.enrolment import enrol, read_invitation
from hub.access import connectors
from hub.delegation.delegation import Delegation
from hub.runtime import Hub, open_hub
from hub.storage.sqlite import connect

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 100


@dataclass
class Window:
    """The window's connector beside a serving hub, and what was lent to it."""

    invited: Invited
    home: Path
    delegation: Delegation

    def start(self, *more: str) -> "subprocess.Popen[str]":
        """A run that reads lines as they come, two in a request."""
        words = ["--lang", "en", "--home", str(self.home), "batch", "resident", "-"]
        words += ["--items", "name", "--purpose", PURPOSE, "--officer", f"{WINDOW}.officer"]
        words += ["--type", "resident_id", "--size", "2", "--at-once", "1", *more]
        return subprocess.Popen(
            [sys.executable, "-m", "connectors", *words],
            env=environment(),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def entry(self, position: int) -> dict[str, object]:
        """*control* of an entry, as the hub has it."""
        connection = connect(self.invited.hub.folder / "control.db", "ro")
        (control,) = connection.execute(
            "SELECT control FROM entries WHERE position = ?", (position,)
        ).fetchone()
        connection.close()
        found: dict[str, object] = json.loads(control)
        return found


@contextmanager
def beside(invited: Invited) -> Iterator[Hub]:
    """Another process of the hub, as an administrator's or a head's act has it."""
    hub = open_hub(invited.hub.folder)
    try:
        yield hub
    finally:
        hub.close()


@pytest.fixture
def window(town_today: Town, tmp_path: Path) -> Iterator[Window]:
    with inviting(town_today, tmp_path / "hub") as invited:
        with beside(invited) as hub:
            text = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, WINDOW, "counter")
            found = delegated(hub.changes, hub.clock())
        enrol(read_invitation(text), tmp_path / "home")
        yield Window(invited, tmp_path / "home", found)


def say(process: "subprocess.Popen[str]", *numbers: str) -> None:
    assert process.stdin is not None
    process.stdin.write("".join(f"{number}\n" for number in numbers))
    process.stdin.flush()


def heard(process: "subprocess.Popen[str]", count: int) -> list[dict[str, object]]:
    assert process.stdout is not None
    return [json.loads(process.stdout.readline()) for _ in range(count)]


def test_every_entry_names_the_delegation_and_an_ended_one_answers_nothing_more(
    window: Window,
) -> None:
    process = window.start("--delegation", window.delegation.id)
    say(process, *SUBJECTS[:2])
    answers = heard(process, 2)
    assert [one["found"] for one in answers] == [True, True]
    for one in answers:
        entry = one["entry"]
        assert isinstance(entry, int)
        control = window.entry(entry)
        assert control["delegation"] == f"demo.yifen:{window.delegation.id}"
        assert control["department"] == f"demo.yifen:{WINDOW}"
        assert control["grant"]
    with beside(window.invited) as hub:
        revoked(hub.changes, window.delegation)
    say(process, *SUBJECTS[2:4])
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, "")
    assert "not-granted" in err or "grant" in err


def test_without_it_the_window_has_nothing(window: Window) -> None:
    process = window.start()
    say(process, *SUBJECTS[:2])
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, "")
    assert err


def test_a_run_goes_on_under_the_same_delegation_alone() -> None:
    def wanted(delegation: str | None) -> str:
        return Wanted("resident", ("name",), PURPOSE, "o", 2, delegation=delegation).digest

    assert len({wanted(None), wanted("D-0123456789ab"), wanted("D-0123456789ac")}) == 3

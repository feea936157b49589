"""A connector refuses an answer whose entry names somebody else: against a real, lying process."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from world.serving import Served, environment, free_port, start, until_ready
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, Town

from certs.keys import write_secret
from hub.access import connectors
from hub.runtime import open_hub

LIAR = Path(__file__).with_name("dishonest_hub.py")
ROOT = Path(__file__).resolve().parents[2]
DISHONEST = 3

Ask = Callable[[str], subprocess.CompletedProcess[str]]


@contextmanager
def running(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def ask(town_today: Town, tmp_path: Path) -> Ask:
    """Asks through an enrolled connector, against a hub that tells the given lie."""
    folder, port, home = tmp_path / "hub", free_port(), tmp_path / "home"
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    hub = open_hub(folder)
    invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "window")
    hub.close()
    write_secret(tmp_path / "invitation", f"{invitation}\n".encode())
    log = tmp_path / "hub.log"
    honest = start(folder, log)
    with running(honest):
        until_ready(Served(town_today, folder, port, honest), log)
        enrolled = connector(home, "enrol", str(tmp_path / "invitation"))
        assert enrolled.returncode == 0, enrolled.stderr

    def asking(lie: str) -> subprocess.CompletedProcess[str]:
        with log.open("wb") as output:
            liar = subprocess.Popen(
                [sys.executable, str(LIAR), str(folder), str(port), lie],
                env=environment(),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        with running(liar):
            until_ready(Served(town_today, folder, port, liar), log)
            return connector(
                home,
                "--json",
                "lookup",
                "resident",
                "--subject-type",
                "resident_id",
                "--items",
                "name,sex",
                "--purpose",
                PURPOSE,
                "--officer",
                "nrb.officer",
                stdin=SUBJECTS[0],
            )

    return asking


def connector(home: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "connectors", "--home", str(home), *words],
        input=stdin,
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_hub_of_the_same_make_that_tells_the_truth_is_believed(ask: Ask) -> None:
    answered = ask("nothing")
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout)["found"] is True


@pytest.mark.parametrize("lie", ["officer", "subject", "case", "department", "purpose"])
def test_an_answer_entered_for_somebody_else_is_refused(ask: Ask, lie: str) -> None:
    answered = ask(lie)
    assert answered.returncode == DISHONEST, answered.stdout + answered.stderr
    assert "张三丰" not in answered.stdout + answered.stderr

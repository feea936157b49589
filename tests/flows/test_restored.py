"""A hub restored from a backup that is behind: everything by its own commands and processes."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from world.asking import Members, Sent
from world.serving import PATIENCE, Served, environment, free_port, start, until_ready
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, Town

from certs.canonical import canonical
from certs.keys import write_secret
from certs.signatures import SKEW
from hub.access import connectors
from hub.runtime import open_hub

ROOT = Path(__file__).resolve().parents[2]
FIRST, SECOND = "demo.yifen/ledger/1", "demo.yifen/ledger/2"
DISHONEST = 3
LOOKUP = "/v1/datasets/resident/lookup"
BACKUP = """
import sys
from pathlib import Path
from hub.storage.sqlite import connect
connect(Path(sys.argv[1])).backup(connect(Path(sys.argv[2]), "rwc"))
"""


class House:
    """A hub's folder, a connector enrolled with it, and the commands of both."""

    def __init__(self, town: Town, place: Path) -> None:
        self.place = place
        self.folder, self.home = place / "hub", place / "home"
        self.port = free_port()
        self.town = town
        town.copy(self.folder, f"http://127.0.0.1:{self.port}")
        hub = open_hub(self.folder)
        invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "window")
        hub.close()
        write_secret(place / "invitation", f"{invitation}\n".encode())

    @contextmanager
    def serving(self) -> Iterator[Served]:
        log = self.place / "hub.log"
        process = start(self.folder, log)
        try:
            served = Served(self.town, self.folder, self.port, process)
            until_ready(served, log)
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)

    def hub(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run("hub", "--folder", str(self.folder), *words)

    def connector(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self._run("connectors", "--home", str(self.home), *words, stdin=stdin)

    def _run(self, module: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *words],
            input=stdin,
            env={**environment(), "YIFEN_LANG": "en"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def lookup(self) -> subprocess.CompletedProcess[str]:
        words = ("--json", "lookup", "resident", "--subject-type", "resident_id")
        asked = ("--items", "name,sex", "--purpose", PURPOSE, "--officer", "nrb.officer")
        return self.connector(*words, *asked, stdin=SUBJECTS[0])

    def entry(self) -> int:
        """Ask, and give the index of the answer's entry."""
        answered = self.lookup()
        assert answered.returncode == 0, answered.stdout + answered.stderr
        return int(json.loads(answered.stdout)["proof"]["entry"])

    def fetch(self) -> tuple[int, Members]:
        fetched = self.connector("--json", "receipts", "fetch")
        told: Members = json.loads(fetched.stdout)
        return fetched.returncode, told

    def receipts(self) -> dict[int, tuple[str, str]]:
        """Ledger and state of each receipt, by its entry."""
        told = json.loads(self.connector("--json", "receipts", "list").stdout)
        return {one["entry"]: (one["ledger"], one["state"]) for one in told["receipts"]}

    def kept_size(self) -> int:
        """The size of the checkpoint that the hub keeps outside."""
        return int((self.folder / "checkpoint.txt").read_text("utf-8").split("\n")[1])


def until(holds: Callable[[], bool], seconds: float = PATIENCE, pause: float = 0.1) -> None:
    """Look again and again; an event that nobody sets gives the pause between."""
    waiting, deadline = threading.Event(), time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        waiting.wait(pause)


def before(house: House, copy: Path) -> tuple[int, int, int, Sent]:
    """Answers, a backup, more answers: entry kept, entries kept, entry lost, a request captured."""
    with house.serving() as served:
        enrolled = house.connector("enrol", str(house.place / "invitation"))
        assert enrolled.returncode == 0, enrolled.stderr
        kept = house.entry()
        until(lambda: house.fetch()[1].get("waiting") == 0)
        subprocess.run(
            [sys.executable, "-c", BACKUP, str(house.folder / "control.db"), str(copy)],
            env=environment(),
            cwd=ROOT,
            check=True,
            timeout=60,
        )
        size = house.kept_size()
        lost = house.entry()
        gateway = served.gateway()
        # As long as a signature may live: what refuses it later is not its age.
        captured = gateway.sign("POST", LOOKUP, canonical(gateway.question()), lifetime=300)
        assert served.call(captured).status == 200
        until(lambda: house.fetch()[1].get("waiting") == 0)
    assert kept < size <= lost < house.kept_size()
    return kept, size, lost, captured


def put_back(house: House, copy: Path) -> None:
    for name in ("control.db-wal", "control.db-shm"):
        (house.folder / name).unlink(missing_ok=True)
    shutil.copy(copy, house.folder / "control.db")


def restore(house: House, size: int) -> None:
    """The hub refuses to serve; then it is restored with what the connector has seen."""
    refused = house.hub("serve")
    assert refused.returncode == 1
    assert "behind the checkpoint" in refused.stderr
    told = house.hub("restore")
    assert told.returncode == 1
    assert f"Entries {size} to " in told.stdout
    newest = house.place / "seen.txt"
    newest.write_text(house.connector("ledger", "checkpoint").stdout, encoding="utf-8")
    opened = house.hub("restore", "--checkpoint", str(newest), "--open-new-origin", "--yes")
    assert opened.returncode == 0, opened.stdout + opened.stderr
    assert SECOND in opened.stdout
    assert house.hub("restore").returncode == 0


def until_signatures_count(house: House) -> subprocess.CompletedProcess[str]:
    """The answer to the first question that the restored hub takes."""
    answers: list[subprocess.CompletedProcess[str]] = []

    def is_taken() -> bool:
        answers.append(house.lookup())
        return "signed-before-restore" not in answers[-1].stdout

    until(is_taken, SKEW + PATIENCE, 2.0)
    return answers[-1]


@pytest.mark.slow
@pytest.mark.timeout(480)
def test_a_hub_restored_from_an_old_backup_goes_on_under_another_name(
    town_today: Town, tmp_path: Path
) -> None:
    house, copy = House(town_today, tmp_path), tmp_path / "copy.db"
    kept, size, lost, captured = before(house, copy)
    put_back(house, copy)
    restore(house, size)
    verified = house.hub("ledger", "verify")
    assert verified.returncode == 0, verified.stdout

    with house.serving() as served:
        # What was signed before is not answered again
        replayed = served.call(captured)
        assert (replayed.status, replayed.code) == (401, "signed-before-restore")
        # The connector believes nothing under a name that it does not know
        answered = until_signatures_count(house)
        assert answered.returncode == DISHONEST, answered.stdout
        assert json.loads(answered.stdout)["error"]["code"] == "connector-ledger-restored"
        assert house.fetch()[0] == DISHONEST
        assert served.call(captured).status == 401
        # A person accepts, and is told what was lost
        accepted = house.connector("--json", "ledger", "accept", "--yes")
        assert accepted.returncode == 0, accepted.stdout
        assert json.loads(accepted.stdout) == {"accepted": SECOND, "kept": size, "lost": [lost]}
        again = house.entry()
        until(lambda: house.fetch()[0] == 0 and house.receipts()[again][1] == "proven")
        found = house.receipts()
        assert (found[kept], found[again]) == ((FIRST, "proven"), (SECOND, "proven"))
        status = json.loads(house.connector("--json", "status").stdout)
        assert "connector-entries-lost" in {one["code"] for one in status["newest_alarms"]}
        news = json.loads(house.connector("--json", "ledger", "news").stdout)["news"]
        (state,) = [one["state"] for one in news if one["kind"] == "operator"]
        assert (state["origin"], state["kept"]) == (SECOND, size)
        evidence = str(tmp_path / "evidence.json")
        assert house.connector("receipts", "export", str(kept), evidence).returncode == 0
        assert house.connector("receipts", "verify", evidence).returncode == 0
    verified = house.hub("ledger", "verify")
    assert verified.returncode == 0, verified.stdout

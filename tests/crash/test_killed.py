"""kill -9 at random moments under load: what a department has written down is in the log."""

import os
import random
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from crash.journal import Department, read_journals
from crash.standing import findings, lost
from world.serving import Served, free_port, start, until_ready
from world.town import Town

from certs.keys import PrivateKey
from certs.receipts import key_thumbprint

KILLS = 20
DEPARTMENTS = 6
SEED = 20260401
LONGEST = 0.6


def receipt_key(folder: Path) -> tuple[str, object]:
    public = PrivateKey.load(folder / "keys" / "receipt.key").public
    return key_thumbprint(public), public


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_receipt_is_lost_when_the_hub_is_killed(town_today: Town, tmp_path: Path) -> None:
    folder, port = tmp_path / "hub", free_port()
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    chance = random.Random(SEED)  # noqa: S311 moments, not secrets
    journals = [tmp_path / f"journal-{number}" for number in range(DEPARTMENTS)]
    key = receipt_key(folder)
    before = 0
    for kill in range(KILLS):
        log = tmp_path / "hub.log"
        process = start(folder, log, workers=1 + kill % 2)
        served = Served(town_today, folder, port, process)
        until_ready(served, log)
        asking = [
            Department(served, journal, key, seed=chance.randrange(1 << 30)) for journal in journals
        ]
        for department in asking:
            department.start()
        threading.Event().wait(chance.uniform(0.05, LONGEST))
        kill_all(process)
        for department in asking:
            department.join(30)
            assert department.fault is None
            assert not department.is_alive()
        written = read_journals(journals)
        assert lost(folder, written) == []
        positions = [receipt.position for receipt in written]
        assert len(set(positions)) == len(positions)
        before = len(written)
    assert before > KILLS
    derived = findings(folder)
    assert derived.faults == ()
    assert derived.answers >= before


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the whole process group at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

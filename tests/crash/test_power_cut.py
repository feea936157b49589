"""A disk that forgets what was not synced: every receipt that was out is still in the log."""

import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from crash.journal import Department, read_journals
from crash.standing import findings, lost
from crash.test_killed import kill_all, receipt_key
from crash.trace import command as traced
from crash.trace import power_cut, read_acts
from world.serving import Served, free_port, start, until_ready
from world.town import Town

CUTS = 20
DEPARTMENTS = 3
SECONDS = 1.5


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_was_answered_was_synced(
    town_today: Town, tmp_path: Path, command: Callable[[str], str]
) -> None:
    command("strace")
    folder, port = tmp_path / "hub", free_port()
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    before = tmp_path / "before"
    shutil.copytree(folder, before)
    log = tmp_path / "hub.log"
    process = start(folder, log, under=traced(tmp_path / "trace"))
    served = Served(town_today, folder, port, process)
    until_ready(served, log)
    journals = [tmp_path / f"journal-{number}" for number in range(DEPARTMENTS)]
    key = receipt_key(folder)
    asking = [Department(served, path, key, seed=n) for n, path in enumerate(journals)]
    for department in asking:
        department.start()
    threading.Event().wait(SECONDS)
    kill_all(process)
    for department in asking:
        department.join(30)
        assert department.fault is None
    written = read_journals(journals)
    acts = read_acts(tmp_path, "trace", folder)
    assert len(written) > CUTS
    assert any(act.kind == "sync" for act in acts)

    chance = random.Random(7)  # noqa: S311 moments, not secrets
    first, last = written[0].at, max(receipt.at for receipt in written)
    for cut in range(CUTS):
        at = chance.uniform(first, last)
        disk = tmp_path / f"disk-{cut}"
        power_cut(before, folder, acts, at, disk)
        out = [receipt for receipt in written if receipt.at <= at]
        assert out
        assert lost(disk, out) == []
        assert findings(disk).faults == ()
        shutil.rmtree(disk)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_power_cut_would_show_a_missing_sync(
    town_today: Town, tmp_path: Path, command: Callable[[str], str]
) -> None:
    """The same cuts on the same trace with its syncs left out lose receipts: the test can fail."""
    command("strace")
    folder, port = tmp_path / "hub", free_port()
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    before = tmp_path / "before"
    shutil.copytree(folder, before)
    log = tmp_path / "hub.log"
    process = start(folder, log, under=traced(tmp_path / "trace"))
    served = Served(town_today, folder, port, process)
    until_ready(served, log)
    journal = tmp_path / "journal"
    department = Department(served, journal, receipt_key(folder), seed=1)
    department.start()
    threading.Event().wait(0.5)
    kill_all(process)
    department.join(30)
    written = read_journals([journal])
    acts = [act for act in read_acts(tmp_path, "trace", folder) if act.kind != "sync"]
    power_cut(before, folder, acts, max(receipt.at for receipt in written), tmp_path / "disk")
    assert lost(tmp_path / "disk", written) == written

"""A disk that forgets what was not synced: every receipt that was out is still in the log."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from crash.faults import SYNCS
from crash.recording import Recorder
from crash.standing import findings, lost
from crash.trace import Act
from world.town import Town

from hub.web.serve import BROKEN

CUTS = 8
LOG, DATABASE = "control.db-wal", "control.db"
SEED = 7
FAILING_SYNC = 90
"""From which fsync on a thread's fail: under load, and some way behind the start."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("workers", [1, 3])
def test_what_was_answered_was_synced(
    town_today: Town, tmp_path: Path, command: Callable[[str], str], workers: int
) -> None:
    command("strace")
    recorder = Recorder(town_today, tmp_path)
    recorder.run(workers=workers)
    recording = recorder.recording()
    chance = random.Random(SEED)  # noqa: S311 moments, not secrets
    for disk, out in recording.disks(CUTS, 0, chance):
        assert out
        assert lost(disk, out) == []
        assert findings(disk).faults == ()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_was_answered_on_top_of_a_failed_sync_was_written_anew(
    town_today: Town, tmp_path: Path, command: Callable[[str], str]
) -> None:
    """The kernel gives the pages of a failed fsync up; the next hub finds them in its cache."""
    command("strace")
    recorder = Recorder(town_today, tmp_path)
    status = recorder.run(fault=f"{SYNCS}:error=EIO:when={FAILING_SYNC}+")
    assert status == BROKEN
    again = time.time()
    recorder.run()
    recording = recorder.recording()
    assert LOG in {act.path.name for act in recording.acts if act.kind == "spoilt"}
    chance = random.Random(SEED)  # noqa: S311 moments, not secrets
    for disk, out in recording.disks(CUTS, again, chance):
        assert out
        assert lost(disk, out) == []
        assert findings(disk).faults == ()
    assert_log_is_written_anew([act for act in recording.acts if act.begun > again])


def assert_log_is_written_anew(acts: list[Act]) -> None:
    """All of the log is on the disk before the first of its pages goes into the database."""
    folded = next(act for act in acts if act.kind == "write" and act.path.name == DATABASE)
    before = [act for act in acts if act.path.name == LOG and act.at <= folded.begun]
    writes = [act for act in before if act.kind == "write"]
    # A checkpoint of SQLite's own syncs the log too, and writes nothing to it.
    assert [act.kind for act in before[len(writes) :]] == ["sync"] * (len(before) - len(writes))
    assert writes[0].offset == 0
    assert writes[0].data[:4] in {b"7\x7f\x06\x82", b"7\x7f\x06\x83"}

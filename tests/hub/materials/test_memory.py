"""A material of 50 MiB goes in and out with less than 32 MiB above idle, on both sides.

Hub and connector are processes of their own. What looks into the file is a third one with bounds
of its own (``hub/materials/examiner.py``); the file is never whole in any of them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import papers
from world.filing import HOLDER, LEASE, terms_of
from world.on_record import ON_RECORD
from world.serving import Served, environment
from world.town import ADMINISTRATOR, PURPOSE

from catalog.materials import source
from connectors.enrolment import enrol, read_invitation
from hub.access import connectors, grants
from hub.catalogue import datasets
from hub.runtime import open_hub

MIB = 1 << 20
SIZE, ALLOWED = 50 * MIB, 32 * MIB
CARRYING = Path(__file__).with_name("carrying.py")


@pytest.fixture
def home(served: Served, tmp_path: Path) -> Iterator[Path]:
    hub = open_hub(served.folder)
    try:
        datasets.register(hub.changes, ADMINISTRATOR, "mrb", source(LEASE), ON_RECORD)
        grants.issue(hub.changes, ADMINISTRATOR, terms_of(served.town.founded))
        text = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "window")
    finally:
        hub.close()
    enrol(read_invitation(text), tmp_path / "home")
    return tmp_path / "home"


def status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


def carried(home: Path, file: Path, out: Path) -> list[int]:
    run = subprocess.run(
        [sys.executable, str(CARRYING), str(home), str(file), str(out), HOLDER, PURPOSE],
        env=environment(),
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert run.returncode == 0, run.stderr.decode()
    found: list[int] = json.loads(run.stdout)
    return found


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
def test_50_mib_in_and_out_with_less_than_32_mib_above_idle(
    served: Served, home: Path, tmp_path: Path
) -> None:
    pid = served.process.pid
    # What is loaded with the first material of all belongs to idle.
    carried(home, papers.written(tmp_path, "small.pdf", papers.pdf()), tmp_path / "small.out")
    idle = status(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
    large = papers.written(tmp_path, "large.pdf", papers.pdf(size=SIZE))
    at_rest, filing, viewing = carried(home, large, tmp_path / "large.out")
    peak = status(pid, "VmHWM")
    assert (tmp_path / "large.out").read_bytes() == large.read_bytes()
    above = {
        "hub": peak - idle,
        "connector, filing": filing - at_rest,
        "connector, viewing": viewing - at_rest,
    }
    assert all(size < ALLOWED for size in above.values()), above

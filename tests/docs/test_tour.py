"""The tour of both READMEs is the same, and it runs."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from documents import ROOT, tour
from world.serving import free_port

PATIENCE = 280
"""Seconds: some thirty commands, each a process of its own, on a busy machine too."""
PORT = "8440"


def test_both_readmes_tell_the_same_tour() -> None:
    chinese, english = (tour(ROOT / name) for name in ("README.md", "README.en.md"))
    assert chinese == english
    assert len(chinese) > 25


def run(lines: list[str], folder: Path, shell: str) -> subprocess.CompletedProcess[str]:
    """Run the tour's commands in a copy of what they need; everything they start ends with them."""
    (folder / "catalog").mkdir()
    (folder / "docs").mkdir()
    (folder / "catalog" / "datasets").symlink_to(ROOT / "catalog" / "datasets")
    (folder / "docs" / "tour").symlink_to(ROOT / "docs" / "tour")
    (folder / "tmp").mkdir()
    programs = folder / "bin"
    programs.mkdir()
    for command, module in (("hub", "hub"), ("connector", "connectors")):
        program = programs / command
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).strip(":"),
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder),
        "YIFEN_LANG": "en",
        "COLUMNS": "200",
    }
    script = "set -euo pipefail\n" + "\n".join(lines).replace(PORT, str(free_port()))
    process = subprocess.Popen(
        [shell, "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        pytest.fail(f"the tour does not end:\n{output}")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    return subprocess.CompletedProcess(process.args, process.returncode, output, "")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_tour_runs(tmp_path: Path, command: Callable[[str], str]) -> None:
    command("curl")
    ended = run(tour(ROOT / "README.md"), tmp_path, command("bash"))
    told = ended.stdout
    assert ended.returncode == 0, told
    assert "Traceback" not in told
    # Published whole, shown masked, matched, proven, refused after the revocation, verified
    published = r"^code +resident\ndepartment +psb\nstatus +active\nrows +10$"
    assert re.search(published, told, re.MULTILINE), told
    assert "5304************17" in told
    assert re.search(r"^birth_date +1890 *$", told, re.MULTILINE), told
    assert "530402189001010017" not in told
    assert "It matches." in told
    assert "Proven: 2; waiting: 0." in told
    assert "The evidence holds" in told
    assert "It stands in the ledger" in told
    assert "[not-granted]" in told
    assert "exit 1" in told
    assert re.search(r"All \d+ entries agree: 3 answers", told), told


def test_the_tours_data_follow_from_their_generator(tmp_path: Path) -> None:
    source = ROOT / "docs" / "tour"
    subprocess.run(
        [sys.executable, source / "make.py", tmp_path],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=30,
    )
    names = {file.name for file in source.iterdir() if file.is_file()} - {"make.py"}
    assert names == {file.name for file in tmp_path.iterdir()}
    for name in names:
        assert (tmp_path / name).read_bytes() == (source / name).read_bytes(), name
    # Nobody in it can be alive.
    assert all(row[6:10] == "1890" for row in (source / "residents.csv").read_text().split()[1:])

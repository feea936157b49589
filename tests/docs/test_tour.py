"""The tour of both READMEs is the same, and it runs."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from documents import ROOT, tour
from world.shell import run


def test_both_readmes_tell_the_same_tour() -> None:
    chinese, english = (tour(ROOT / name) for name in ("README.md", "README.en.md"))
    assert chinese == english
    assert len(chinese) > 25


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

"""The harness finds what it is for: hubs that are wrong on purpose lose receipts before it.

Each is a copy of the tree with one thing changed in the product's text.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from crash.campaign import Campaign, Variants
from crash.deaths import DEATHS
from crash.recording import Recorder
from crash.standing import lost
from mutants.run import Mutant, copy_of_the_tree
from world.town import Town

STORE, SQLITE = "hub/ledger/store.py", "hub/storage/sqlite.py"
QUESTIONS = Variants((1,), (1,), DEATHS[:1], ("questions",))
CUTS = 4


@contextmanager
def tree_with(*changes: tuple[str, str, str]) -> Iterator[Path]:
    """A copy of the tree in which texts of files are replaced."""
    with copy_of_the_tree() as root:
        for file, find, replace in changes:
            assert Mutant("", file, find, replace, ()).apply(root) == ""
        yield root


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kills_find_answers_that_leave_before_the_commit(town_today: Town, tmp_path: Path) -> None:
    begin, commit = 'connection.execute("BEGIN IMMEDIATE")', 'connection.execute("COMMIT")'
    late = (
        (STORE, begin, f"connection.in_transaction or {begin}"),
        (STORE, commit, f"head.next % 200 > 10 or {commit}"),
    )
    told: list[str] = []
    with tree_with(*late) as tree:
        run = Campaign(
            town_today, tmp_path, kills=3, seed=1, say=told.append, variants=QUESTIONS, tree=tree
        )
        result = run.run()
    assert result.lost, told
    assert result.forked, told
    assert not result.sound


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_power_cuts_find_a_database_that_does_not_sync(
    town_today: Town, tmp_path: Path, command: Callable[[str], str]
) -> None:
    command("strace")
    off = (SQLITE, '"PRAGMA synchronous=FULL"', '"PRAGMA synchronous=OFF"')
    with tree_with(off) as tree:
        recorder = Recorder(town_today, tmp_path, tree=tree)
        recorder.run()
        recording = recorder.recording()
    chance = random.Random(1)  # noqa: S311 moments, not secrets
    forgotten = [len(lost(disk, out)) for disk, out in recording.disks(CUTS, 0, chance)]
    assert all(forgotten), forgotten

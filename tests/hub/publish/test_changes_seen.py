"""Who reads while a change set is written sees the old whole or the new whole."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from publishing import SmallHub, found_hub, open_hub
from world.jobs import JobServer, upload
from world.licences import COLUMNS, DATASET, delete, licence, register, stands, upsert

from hub.publish.processes import take_lock
from hub.storage.sqlite import connect

READING = Path(__file__).with_name("reading.py")
HOLDERS, OLD = 4, 400
SEAMS = 16
"""Into so many parts the life of a job is cut."""


@contextmanager
def readers(hub: SmallHub, count: int) -> Iterator[list[list[tuple[int, int, dict[str, int]]]]]:
    """So many processes that read all the time; what they saw is there after the end."""
    seen: list[list[tuple[int, int, dict[str, int]]]] = []
    command = [sys.executable, str(READING), str(hub.folder.root), DATASET, str(HOLDERS)]
    processes = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(READING.parents[2]), "PATH": ""},
        )
        for _ in range(count)
    ]
    firsts = [process.stdout.readline() for process in processes if process.stdout]
    yield seen
    for process, first in zip(processes, firsts, strict=True):
        rest, _ = process.communicate("")
        assert process.returncode == 0
        seen.append([json.loads(line) for line in (first, *rest.splitlines())])


def test_two_processes_read_while_rows_are_changed(small: SmallHub, jobs: JobServer) -> None:
    register(small)
    rows = [licence(number, number % HOLDERS, "1") for number in range(OLD)]
    jobs.publish(small, rows, COLUMNS, dataset=DATASET)
    with readers(small, 2) as seen:
        for version in (2, 3, 4):
            changed = [
                upsert(number, (number + version) % HOLDERS, f"{version}") for number in range(OLD)
            ]
            jobs.publish(small, changed, COLUMNS, "changes", None, DATASET)
    versions: set[int] = set()
    for rounds in seen:
        for before, after, found in rounds:
            if before == after:
                # Every row is there once, and of this version.
                assert found == {f"{before}": OLD}
                versions.add(before)
            else:
                # The version moved while the round was read: such an answer meets a stale epoch,
                # and is decided again. Rows of two versions are never taken for one.
                assert set(found) <= {f"{before}"}
    assert {1, 4} <= versions


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, jobs: JobServer) -> tuple[Path, str]:
    """A hub with something live, changed once, and another change set whose job has not begun."""
    root = tmp_path_factory.mktemp("template") / "hub"
    hub = found_hub(root)
    register(hub)
    rows = [licence(number, number % HOLDERS) for number in range(20)]
    jobs.publish(hub, rows, COLUMNS, dataset=DATASET)
    jobs.publish(hub, [upsert(0, 1, "一")], COLUMNS, "changes", None, DATASET)
    changes = [upsert(0, 2, "二"), delete(1), upsert(2, 2, "二"), delete(99), upsert(30, 0, "二")]
    publication = upload(hub, changes, COLUMNS, "changes", None, DATASET)
    hub.close()
    return root, publication


@pytest.fixture
def copied(template: tuple[Path, str], tmp_path: Path) -> Iterator[Callable[[], SmallHub]]:
    opened: list[SmallHub] = []

    def copy() -> SmallHub:
        root = tmp_path / f"hub{len(opened)}"
        shutil.copytree(template[0], root)
        opened.append(open_hub(root))
        return opened[-1]

    yield copy
    for hub in opened:
        hub.close()


@pytest.fixture(scope="module")
def ends(
    template: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory, jobs: JobServer
) -> tuple[int, dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """How many seams a job has, and what stands before and after it."""
    root = tmp_path_factory.mktemp("whole") / "hub"
    shutil.copytree(template[0], root)
    hub = open_hub(root)
    before = stands(hub, HOLDERS)
    status, seams = jobs.run(hub, template[1])
    assert (status, hub.status(template[1])["state"]) == (0, "live")
    after = stands(hub, HOLDERS)
    hub.close()
    assert (len(before), len(after), seams > 60) == (20, 20, True)
    return seams, before, after


@pytest.mark.parametrize("part", range(SEAMS))
def test_a_change_set_killed_at_any_seam_is_resumed_to_the_same_end(
    template: tuple[Path, str],
    copied: Callable[[], SmallHub],
    jobs: JobServer,
    ends: tuple[int, dict[str, tuple[str, str]], dict[str, tuple[str, str]]],
    part: int,
) -> None:
    seams, before, after = ends
    hub, publication = copied(), template[1]
    assert jobs.run(hub, publication, 3 + part * (seams - 4) // (SEAMS - 1))[0] == -9
    assert stands(hub, HOLDERS) in (before, after)
    if part % 2:
        restart(hub, publication)
        assert stands(hub, HOLDERS) in (before, after)
    assert jobs.run(hub, publication)[0] == 0
    assert stands(hub, HOLDERS) == after
    assert hub.status(publication)["state"] == "live"
    assert [state["version"] for kind, state in hub.entries() if kind == "publication"] == [1, 2, 3]


@pytest.mark.parametrize("part", range(1, SEAMS, 3))
def test_a_change_set_that_was_cut_off_and_given_up_leaves_no_trace(
    template: tuple[Path, str],
    copied: Callable[[], SmallHub],
    jobs: JobServer,
    ends: tuple[int, dict[str, tuple[str, str]], dict[str, tuple[str, str]]],
    part: int,
) -> None:
    seams, before, after = ends
    hub, publication = copied(), template[1]
    jobs.run(hub, publication, 3 + part * (seams - 4) // (SEAMS - 1))
    # What it had received is gone as well: it cannot be resumed.
    shutil.rmtree(hub.folder.staging / publication)
    hub.publications.recover()
    live = hub.status(publication)["state"] == "live"
    assert stands(hub, HOLDERS) == (after if live else before)
    connection = hub.store.connection
    assert connection.execute("SELECT count(*) FROM change_sets").fetchone() == (0,)
    path = hub.folder.generation(str(hub.live(DATASET)))
    (kept, ended) = rows_in(path)
    assert (kept, ended) == (20, 0)


def rows_in(path: Path) -> tuple[int, int]:
    """How many rows lie in a file, and how many of them are marked as ended."""
    file = connect(path, "ro")
    row: tuple[int, int] = file.execute("SELECT count(*), count(last) FROM rows").fetchone()
    file.close()
    return row


def restart(hub: SmallHub, publication: str) -> None:
    """What a hub does when it starts, but for the job."""
    lock = take_lock(hub.folder.staging / publication)
    hub.publications.recover()
    if lock is not None:
        open(lock, "rb").close()  # noqa: PTH123 a descriptor, not a path

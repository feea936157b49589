"""A publication that is cut off anywhere ends as it would have, or leaves no trace."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from publishing import (
    COLUMNS,
    CONNECTOR,
    SmallHub,
    as_chunks,
    found_hub,
    open_hub,
    resident,
    resident_id,
    residents,
)

from hub.clock import DAY
from hub.publish.processes import take_lock

PLANTED = "欧阳无名"
OLD, NEW = 60, 90
DRIVER = Path(__file__).with_name("cut_off.py")
STEPS = 14
"""Into so many parts the life of a job is cut."""


def new_rows() -> list[list[str]]:
    return [
        *(resident(number, name=PLANTED) for number in range(1000, 1000 + NEW)),
        resident(1000, name=PLANTED),
        ["x", *resident(2000, name=PLANTED)[1:]],
    ]


def run_job(hub: SmallHub, publication: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DRIVER, str(hub.folder.root), publication, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A hub with something live and an upload that is complete, whose job has not begun."""
    root = tmp_path_factory.mktemp("template") / "hub"
    hub = found_hub(root)
    hub.publish("resident", COLUMNS, residents(OLD))
    publication = hub.begin("resident", COLUMNS)
    lock = take_lock(hub.folder.staging / publication)
    assert lock is not None
    hub.complete(publication, as_chunks(new_rows(), 20))
    # No job was started, because the lock was ours; closing its file gives it up.
    open(lock, "rb").close()  # noqa: PTH123 a descriptor, not a path
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


def settle(hub: SmallHub, publication: str) -> None:
    """As a hub does when it starts."""
    hub.publications.recover()
    hub.publications.wait(publication, 60)
    hub.publications.recover()


def must_be_the_new_whole(hub: SmallHub, publication: str) -> None:
    assert hub.status(publication)["state"] == "live"
    report = hub.report(publication)
    assert (report["read"], report["accepted"], report["identical"]) == (NEW + 2, NEW, 1)
    assert report["rejected"] == {"form": 1}
    assert [line["row"] for line in hub.rejections(publication)] == [NEW + 2]
    assert hub.lookup("resident", resident_id(1)) == []
    assert len(hub.lookup("resident", resident_id(1000))) == 1
    assert hub.generations() == {hub.live("resident")}
    assert not [file for file in hub.files() if file.endswith((".chunk", ".part"))]
    entries = [state for kind, state in hub.entries() if kind == "publication"]
    assert [state["rows"] for state in entries] == [OLD, NEW]
    (generations,) = hub.store.connection.execute(
        "SELECT group_concat(state) FROM (SELECT state FROM generations ORDER BY state)"
    ).fetchone()
    assert generations == "live,retired"


@pytest.fixture(scope="module")
def steps(template: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> int:
    root = tmp_path_factory.mktemp("whole") / "hub"
    shutil.copytree(template[0], root)
    hub = open_hub(root)
    ended = run_job(hub, template[1], "0")
    assert ended.returncode == 0, ended.stderr
    must_be_the_new_whole(hub, template[1])
    hub.close()
    return int(ended.stdout)


@pytest.mark.parametrize("part", range(STEPS))
def test_a_job_killed_at_any_step_is_resumed_to_the_same_end(
    template: tuple[Path, str], copied: Callable[[], SmallHub], steps: int, part: int
) -> None:
    step = 1 + part * (steps - 1) // (STEPS - 1)
    hub, publication = copied(), template[1]
    assert run_job(hub, publication, str(step)).returncode == -9

    old, new = (len(hub.lookup("resident", resident_id(number))) for number in (1, 1000))
    assert (old, new) in {(1, 0), (0, 1)}
    assert hub.holds_in_the_clear(PLANTED, resident_id(1000)) == []
    settle(hub, publication)
    must_be_the_new_whole(hub, publication)
    assert hub.holds_in_the_clear(PLANTED, resident_id(1000)) == []


def test_an_upload_that_nobody_completes_leaves_no_trace(small: SmallHub) -> None:
    small.publish("resident", COLUMNS, residents(OLD))
    publication = small.begin("resident", COLUMNS)
    small.publications.receive(publication, 0, as_chunks(new_rows())[0], connector=CONNECTOR)
    small.publications.close()
    hub = open_hub(small.folder.root)
    # The job of the first publication had the machine's clock, and the ledger's never runs back.
    (begun,) = hub.store.connection.execute("SELECT max(created) FROM publications").fetchone()
    hub.clock.now = begun + DAY - 1
    hub.publications.recover()
    assert hub.status(publication)["state"] == "receiving"
    assert f"staging/{publication}/00000000.chunk" in hub.files()

    hub.clock.now += 1
    hub.publications.recover()
    assert hub.status(publication)["state"] == "discarded"
    assert not (hub.folder.staging / publication).exists()
    assert hub.generations() == {hub.live("resident")}
    assert len(hub.lookup("resident", resident_id(1))) == 1
    hub.close()


def test_an_upload_goes_on_after_the_hub_was_started_again(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS)
    chunks = as_chunks(residents(50), 10)
    small.send(publication, chunks[:3])
    small.publications.close()
    hub = open_hub(small.folder.root)
    hub.publications.recover()
    hub.complete(publication, chunks)
    hub.publications.wait(publication, 60)
    assert hub.status(publication)["state"] == "live"
    assert hub.report(publication)["accepted"] == 50
    hub.close()


def test_files_of_no_publication_are_swept(small: SmallHub) -> None:
    small.publish("resident", COLUMNS, residents(5))
    for name in ("g-0000.db", "g-0000.db-wal", "g-0000.db-shm"):
        (small.folder.records / name).write_bytes(b"left over")
    (small.folder.staging / "p-0000").mkdir()
    (small.folder.staging / "p-0000" / "00000000.chunk").write_bytes(b"left over")
    small.publications.recover()
    assert [file for file in small.files() if "0000" in file] == []
    assert len(small.lookup("resident", resident_id(1))) == 1


def test_a_full_disk_leaves_what_stood(small: SmallHub) -> None:
    small.publish("resident", COLUMNS, residents(OLD))
    before = small.live("resident")
    publication = small.begin("resident", COLUMNS)
    lock = take_lock(small.folder.staging / publication)
    assert lock is not None
    small.complete(publication, as_chunks(residents(12_000, 1000), 4000))
    open(lock, "rb").close()  # noqa: PTH123 a descriptor, not a path
    ended = run_job(small, publication, "0", str(2 << 20))

    assert ended.returncode == 0, ended.stderr
    status = small.status(publication)
    assert (status["state"], status["failure"]) == ("failed", "storage")
    assert small.live("resident") == before
    assert len(small.lookup("resident", resident_id(1))) == 1
    assert small.generations() == {before}
    assert not (small.folder.staging / publication).exists()


def test_a_job_that_is_cut_off_under_a_running_hub_is_started_again(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS)
    small.send(publication, as_chunks(residents(5)))
    small.publications._jobs._running[publication].kill()
    small.publications._jobs._running[publication].wait()
    small.publications.complete(
        publication, 1, small.send(publication, as_chunks(residents(5))), connector=CONNECTOR
    )
    small.publications.wait(publication, 60)
    assert small.status(publication)["state"] == "live"


def test_two_jobs_of_one_publication_do_not_meet(
    template: tuple[Path, str], copied: Callable[[], SmallHub]
) -> None:
    hub, publication = copied(), template[1]
    lock = take_lock(hub.folder.staging / publication)
    assert lock is not None
    assert run_job(hub, publication, "0").returncode == 0
    assert hub.status(publication)["state"] == "checking"
    open(lock, "rb").close()  # noqa: PTH123 a descriptor, not a path
    settle(hub, publication)
    must_be_the_new_whole(hub, publication)

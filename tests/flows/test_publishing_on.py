"""``connector publish`` as departments run it: cut off, changes, folders, again and again."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from publishing import resident_id
from world.serving import Served, environment, free_port, start, until_ready
from world.town import ADMINISTRATOR, Town

from certs.canonical import Json
from certs.keys import write_secret
from hub.access import connectors
from hub.runtime import open_hub

pytestmark = pytest.mark.slow

HEADER = "公民身份号码,姓名,性别,出生日期,人员状态"
ROWS = 30_000
"""Of every full publication: one of far fewer rows than stand would be held."""
PATIENCE = 60.0
Process = subprocess.Popen[str]


class Department:
    """An enrolled connector of the department that publishes residents."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.home = place / "connector"

    def start(self, *words: str) -> Process:
        home = ["--home", str(self.home), "--json", "--lang", "en"]
        return subprocess.Popen(
            [sys.executable, "-m", "connectors", *home, *words],
            env=environment(),
            cwd=self.place,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str) -> tuple[int, dict[str, Json], str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err
        told = json.loads(out) if out.strip() else {}
        return process.returncode, told, err

    def publish(self, *words: str) -> tuple[int, dict[str, Json]]:
        code, told, _ = self.run("publish", "resident", *words, "--yes")
        return code, told


@pytest.fixture(scope="module")
def department(town_today: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    place = tmp_path_factory.mktemp("publishing-on")
    folder, port = place / "hub", free_port()
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    with (folder / "hub.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[limits]\nchunk_bytes = 65536\n")
    hub = open_hub(folder)
    invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "psb", "publisher")
    hub.close()
    write_secret(place / "invitation", f"{invitation}\n".encode())
    log = place / "hub.log"
    process = start(folder, log)
    try:
        until_ready(Served(town_today, folder, port, process), log)
        enrolled = Department(place)
        code, _, err = enrolled.run("enrol", str(place / "invitation"))
        assert code == 0, err
        yield enrolled
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture
def started(department: Department) -> Iterator[Callable[..., Process]]:
    """Starts commands that run until they are told to end; none outlives its test."""
    running: list[Process] = []

    def begin(*words: str) -> Process:
        running.append(department.start(*words))
        return running[-1]

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=PATIENCE)


def person(number: int, name: str = "张三丰") -> str:
    whole = resident_id(number)
    sex = "1" if int(whole[16]) % 2 else "2"
    return f"{whole},{name},{sex},{whole[6:10]}-{whole[10:12]}-{whole[12:14]},1"


def write(path: Path, lines: list[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def residents(path: Path, count: int, name: str = "张三丰") -> Path:
    return write(path, [person(number, name) for number in range(count)])


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.01)


def under_way(process: Process, kept: Path) -> bool:
    """Whether some chunks are sent, or all is over."""
    try:
        sent = kept.read_bytes().count(b'"chunk":')
    except FileNotFoundError:
        sent = 0
    return sent > 2 or process.poll() is not None


def report(told: dict[str, Json]) -> dict[str, Json]:
    publication = told["publication"]
    assert isinstance(publication, dict)
    found = publication["report"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_a_command_that_is_cut_off_is_gone_on_with(
    ending: signal.Signals, department: Department, tmp_path: Path
) -> None:
    kept = department.home / "uploads" / "resident.upload"
    for again in range(5):
        path = residents(tmp_path / f"people-{ending}-{again}.csv", ROWS, f"王{ending}号{again}")
        process = department.start("publish", "resident", str(path), "--yes")
        until(lambda process=process: under_way(process, kept), "nothing is sent")
        process.send_signal(ending)
        _, err = process.communicate(timeout=PATIENCE)
        if process.returncode != 0:
            break
        # On a machine that stood still for a moment it was through before we looked.
    assert process.returncode != 0
    if ending == signal.SIGINT:
        assert "connector publish resident --discard" in err
        assert "Traceback" not in err
    code, told = department.publish(str(path))
    assert code == 0
    chunks = told["chunks"]
    assert isinstance(chunks, dict)
    assert int(str(chunks["found"])) >= 2
    assert report(told)["read"] == ROWS
    assert not kept.exists()


def test_what_was_cut_off_is_given_up(department: Department, tmp_path: Path) -> None:
    path = residents(tmp_path / "people.csv", ROWS, "李给放")
    kept = department.home / "uploads" / "resident.upload"
    process = department.start("publish", "resident", str(path), "--yes")
    until(lambda: kept.exists() and kept.read_bytes().count(b'"chunk":') > 2, "nothing is sent")
    code, told, _ = department.run("publish", "resident", "--discard")
    assert told["error"]["code"] == "publication-upload-busy"  # type: ignore[index, call-overload]
    process.kill()
    process.communicate(timeout=PATIENCE)
    code, told, _ = department.run("publish", "resident", "--discard")
    assert (code, told["state"]) == (0, "discarded")
    code, told, _ = department.run("publish", "resident", "--discard")
    assert code == 1
    assert told["error"]["code"] == "publication-upload-none"  # type: ignore[index, call-overload]


def test_changes_in_their_order(department: Department, tmp_path: Path) -> None:
    code, _ = department.publish(str(residents(tmp_path / "people.csv", ROWS)))
    assert code == 0
    lines = [
        f"{person(ROWS)},新增",
        f"{person(1, '王五')},更新",
        f"{person(2)},删除",
        f"{person(ROWS + 1)},delete",
    ]
    path = str(write(tmp_path / "changes.csv", lines, f"{HEADER},操作"))
    code, told = department.publish(path, "--changes")
    assert (code, told["sequence"], told["operations"]) == (0, 1, {"upsert": 2, "delete": 2})
    counts = {name: report(told)[name] for name in ("upserted", "inserted", "deleted", "absent")}
    assert counts == {"upserted": 2, "inserted": 1, "deleted": 1, "absent": 1}
    assert report(told)["rows"] == ROWS
    # The same number again is done already; one too far is not yet to be done.
    code, told = department.publish(path, "--changes", "--sequence", "1")
    assert (code, told) == (0, {"state": "changes-applied", "sequence": 1})
    code, told = department.publish(path, "--changes", "--sequence", "5")
    error = told["error"]
    assert isinstance(error, dict)
    assert (code, error["code"]) == (1, "publication-changes-missing")
    assert error["facts"] == {"sequence": 5, "expected": 2}
    # Keys of rows that are to go, in a file of their own.
    keys = write(tmp_path / "keys.csv", [resident_id(ROWS), resident_id(3)], "公民身份号码")
    code, told = department.publish("--changes", "--deletes", str(keys))
    assert (code, told["sequence"], report(told)["deleted"]) == (0, 2, 2)
    assert report(told)["rows"] == ROWS - 2


def test_a_folder_is_watched_through_a_kill(
    department: Department, started: Callable[..., Process], tmp_path: Path
) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    words = ("publish", "resident", "--watch", str(folder), "--settle", "0", "--poll", "0.05")

    def drop(name: str, count: int) -> None:
        residents(tmp_path / name, count, f"赵{count}").rename(folder / name)

    process = started(*words)
    drop("people.1.csv", ROWS + 1)
    until((folder / "done" / "people.1.csv").exists, "the first file is not published")
    (folder / "people.2.csv").write_text("")
    until((folder / "failed" / "people.2.csv").exists, "the bad file is not put away")
    drop("people.3.csv", ROWS + 2)
    kept = department.home / "uploads" / "resident.upload"
    until(lambda: kept.exists() and b'"chunk":' in kept.read_bytes(), "nothing is sent")
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert (folder / "people.3.csv").exists()
    process = started(*words)
    until((folder / "done" / "people.3.csv").exists, "the killed file is not gone on with")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "Traceback" in err) == (0, False)
    events = [json.loads(line)["event"] for line in out.splitlines()]
    assert events[0] == "watching"
    assert "resumed" in events
    assert events[-1] == "ended"
    result = json.loads((folder / "done" / "people.3.csv.result.json").read_text("utf-8"))
    assert (result["state"], result["rows"]) == ("live", ROWS + 2)


def test_a_source_is_published_every_so_often(
    started: Callable[..., Process], tmp_path: Path
) -> None:
    path = residents(tmp_path / "people.csv", ROWS, "孙二娘")
    words = ("publish", "resident", str(path), "--every", "1h")
    for event in ("published", "unchanged"):
        process = started(*words)
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert [json.loads(next(lines))["event"] for _ in range(2)] == ["repeating", event]
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        assert json.loads(out.splitlines()[-1])["event"] == "ended"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["x.csv", "--deletes", "y.csv"], "source-unclear"),
        (["x.csv", "--watch", "."], "source-unclear"),
        (["x.csv", "--every", "soon"], "source-schedule-unclear"),
    ],
)
def test_what_does_not_go_together(words: list[str], code: str, department: Department) -> None:
    status, told = department.publish(*words)
    error = told["error"]
    assert isinstance(error, dict)
    assert (status, error["code"]) == (1, code)

"""A folder is published file by file, in order, each once, whatever comes in between."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from certs.canonical import Json, canonical
from connectors.client import Connector
from connectors.commands.given import Given
from connectors.commands.local import Setting
from connectors.commands.running import Running
from connectors.commands.watching import Watching
from connectors.ending import Ended
from connectors.screen import Screen
from connectors.sources.drop_folder import DropFolder, in_order, is_passed_over, number_of

if TYPE_CHECKING:
    from conftest import StandIn, Time

HEADER = "公民身份号码,姓名,性别,出生日期,人员状态"
REPORT: dict[str, Json] = {"read": 3, "accepted": 3, "rejected": {}}
SETTLE, POLL = 4.0, 1.0


class Killed(BaseException):
    """The run ends here, as by a signal."""


class Watched:
    """A folder with a run over it, on a clock that only its own sleep moves."""

    def __init__(self, home: Path, hub: "StandIn", clock: "Time", folder: Path) -> None:
        self.home, self.hub, self.clock, self.folder = home, hub, clock, folder
        folder.mkdir()
        self.events: list[dict[str, Json]] = []
        self.slept = 0
        hub.states = [{"state": "live", "report": REPORT}]

    def drop(self, name: str, rows: int = 3, person: str = "张三", header: str = HEADER) -> Path:
        path = self.folder / name
        lines = [f"11010119900101{n:04d},{person}{n},1,1990-01-01,1" for n in range(rows)]
        path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
        return path

    def running(self) -> Running:
        watched = self

        class Telling(Screen):
            def event(self, time: str, what: str, facts: object) -> None:
                assert isinstance(facts, dict)
                assert self.words(f"connector.running.{what}", **facts)
                watched.events.append({"time": time, "event": what, **facts})

        def open_connector(_: object) -> Connector:
            return Connector.open(
                self.home, clock=self.clock, sleep=self.clock.sleep, http=self.hub
            )

        return Running(
            Setting(self.home, Telling("zh", as_json=True)),
            open_connector=open_connector,
            clock=self.clock,
            passing=lambda: self.clock() / 1000,
            sleep=self.clock.sleep,
        )

    def run(self, turns: int = 12, *, changes: bool = False) -> None:
        """A run from its beginning, for some turns."""
        folder = DropFolder(self.folder, SETTLE, lambda: self.clock() / 1000)
        running = self.running()
        watching = Watching(running, Given("resident", changes=changes), folder, POLL)
        for _ in range(turns):
            watching.turn()

    def told(self, event: str) -> list[dict[str, Json]]:
        return [one for one in self.events if one["event"] == event]

    def result(self, name: str, end: str = "done") -> dict[str, Json]:
        found: dict[str, Json] = json.loads((self.folder / end / f"{name}.result.json").read_text())
        return found

    def names(self, end: str = "done") -> list[str]:
        place = self.folder / end
        return sorted(path.name for path in place.iterdir()) if place.exists() else []


@pytest.fixture
def watched(home: Path, hub: "StandIn", clock: "Time", tmp_path: Path) -> Watched:
    return Watched(home, hub, clock, tmp_path / "drop")


def test_a_file_is_published_and_moved_with_its_result(watched: Watched) -> None:
    watched.drop("people.csv")
    watched.run()
    assert watched.names() == ["people.csv", "people.csv.result.json"]
    result = watched.result("people.csv")
    assert (result["state"], result["rows"], result["file"]) == ("live", 3, "people.csv")
    assert [one["event"] for one in watched.events] == ["taking", "moved"]
    assert list(watched.hub.publications) == ["P-1"]
    assert not list((watched.home / "uploads").glob("*.upload"))


def test_a_file_is_not_taken_while_it_is_written(watched: Watched) -> None:
    path = watched.drop("people.csv")
    folder = DropFolder(watched.folder, SETTLE, lambda: watched.clock() / 1000)
    for _ in range(10):
        assert folder.next() is None
        watched.clock.sleep(SETTLE - 1)
        with path.open("a") as file:
            file.write("x")
    assert folder.next() is None
    watched.clock.sleep(SETTLE - 0.5)
    assert folder.next() is None
    watched.clock.sleep(0.5)
    assert folder.next() == path


def test_a_file_that_is_replaced_by_one_of_its_size_settles_anew(watched: Watched) -> None:
    path = watched.drop("people.csv")
    folder = DropFolder(watched.folder, SETTLE, lambda: watched.clock() / 1000)
    assert folder.next() is None
    watched.clock.sleep(SETTLE)
    before = path.stat()
    other = watched.drop("other.part")
    os.utime(other, ns=(before.st_mtime_ns, before.st_mtime_ns))
    other.replace(path)
    assert path.stat().st_size == before.st_size
    assert folder.next() is None


def test_no_file_is_taken_before_one_whose_name_comes_first(watched: Watched) -> None:
    watched.drop("b.csv")
    folder = DropFolder(watched.folder, SETTLE, lambda: watched.clock() / 1000)
    assert folder.next() is None
    watched.clock.sleep(SETTLE)
    first = watched.drop("a.csv")
    assert folder.next() is None
    watched.clock.sleep(SETTLE)
    assert folder.next() == first


def test_order_and_numbers_of_names() -> None:
    names = ["p.10.csv", "p.9.csv", "p.csv", "2.csv", "10.csv", "p.009.csv"]
    assert sorted(names, key=in_order) == [
        "2.csv",
        "10.csv",
        "p.9.csv",
        "p.009.csv",
        "p.10.csv",
        "p.csv",
    ]
    numbers = {
        "people.000041.csv": 41,
        "41.csv": 41,
        "0.csv": 0,
        "people-41.csv": None,
        "people.2026-04-01.csv": None,
        "people.csv": None,
        "41": None,
        "people.41.": None,
    }
    assert {name: number_of(name) for name in numbers} == numbers


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.csv",
        "people.csv.part",
        "people.tmp",
        "~$people.xlsx",
        "people.rejected.csv",
        "people.rejected.xlsx",
        "people.csv.result.json",
        "PEOPLE.CSV.PART",
        "people-\udcff.csv",
    ],
)
def test_what_is_not_for_us_is_passed_over(name: str, watched: Watched) -> None:
    assert is_passed_over(name)
    (watched.folder / name).write_text("x")
    (watched.folder / "folder").mkdir()
    (watched.folder / "link.csv").symlink_to(watched.folder / name)
    watched.run()
    assert watched.events == []


def test_a_bad_file_does_not_stop_the_others(watched: Watched) -> None:
    (watched.folder / "a.csv").write_bytes(b"\xff\xfe\xff")
    (watched.folder / "b.csv").write_text("")
    watched.drop("c.csv", header="一,二,三,四,五")
    watched.drop("d.csv")
    watched.run(40)
    assert watched.names("failed") == sorted(
        name for bad in ("a.csv", "b.csv", "c.csv") for name in (bad, f"{bad}.result.json")
    )
    assert watched.names() == ["d.csv", "d.csv.result.json"]
    error = watched.result("b.csv", "failed")["error"]
    assert isinstance(error, dict)
    assert error["code"] == "source-empty"
    assert [one["file"] for one in watched.told("moved")] == ["a.csv", "b.csv", "c.csv", "d.csv"]


def test_what_the_hub_finds_no_good_goes_to_failed(watched: Watched) -> None:
    watched.hub.states = [{"state": "failed", "failure": "too-many-rejected"}]
    watched.drop("a.csv")
    watched.run()
    assert watched.result("a.csv", "failed")["state"] == "failed"


def test_a_held_publication_is_the_stewards_now(watched: Watched) -> None:
    watched.hub.states = [{"state": "held", "report": REPORT}]
    watched.drop("a.csv")
    watched.run()
    assert watched.result("a.csv")["state"] == "held"


def test_rejected_rows_go_along(watched: Watched) -> None:
    report = {**REPORT, "rejected": {"check-digit": 1}}
    watched.hub.states = [{"state": "live", "report": report}]
    watched.hub.rejections = [{"row": 2, "item": "resident_id", "reason": "check-digit"}]
    watched.drop("a.csv")
    watched.run()
    assert watched.names() == ["a.csv", "a.csv.result.json", "a.rejected.csv"]
    assert watched.result("a.csv")["rejected_file"] == "a.rejected.csv"
    assert sorted(path.name for path in watched.folder.iterdir()) == ["done"]


def test_the_same_name_again_keeps_what_was_there(watched: Watched) -> None:
    for _ in range(2):
        watched.drop("a.csv")
        watched.run()
    names = ["a-2.csv", "a-2.csv.result.json", "a.csv", "a.csv.result.json"]
    assert watched.names() == names


def test_a_hub_that_is_away_is_waited_for_and_told_once(watched: Watched) -> None:
    real, left = watched.hub._handle, [60]

    def away(request: httpx2.Request) -> httpx2.Response:
        if left[0]:
            left[0] -= 1
            raise httpx2.ConnectError("away")
        return real(request)

    watched.hub._handle = away
    watched.drop("a.csv")
    watched.run(30)
    assert watched.names() == ["a.csv", "a.csv.result.json"]
    assert len(watched.told("away")) == 1
    assert left == [0]


def test_a_connector_that_is_suspended_fails_no_file(watched: Watched) -> None:
    watched.hub.failing = [403] * 3
    watched.drop("a.csv")
    watched.run()
    assert watched.names("failed") == []
    assert watched.names() == ["a.csv", "a.csv.result.json"]


def conflict(**facts: Json) -> httpx2.Response:
    told = {"code": "conflict", "status": 409, "title": {"zh": "不", "en": "no"}, "facts": facts}
    headers = {"content-type": "application/problem+json"}
    return httpx2.Response(409, content=canonical(told), headers=headers)


def test_numbers_in_names_are_those_of_change_sets(watched: Watched) -> None:
    for number in (10, 9):
        path = watched.drop(f"changes.{number:06d}.csv", header=f"{HEADER},操作", rows=0)
        with path.open("a", encoding="utf-8") as file:
            file.write("110101199001010007,张三,1,1990-01-01,1,删除\n")
    watched.run(20, changes=True)
    assert [one["sequence"] for one in watched.hub.asked_to_begin] == [9, 10]
    assert {one["mode"] for one in watched.hub.asked_to_begin} == {"changes"}


def test_a_change_set_that_stands_is_done(watched: Watched) -> None:
    watched.hub.refused_beginnings = [conflict(why="changes-applied", sequence=9)]
    path = watched.drop("changes.9.csv", header=f"{HEADER},操作", rows=0)
    with path.open("a", encoding="utf-8") as file:
        file.write("110101199001010007,张三,1,1990-01-01,1,删除\n")
    watched.run(changes=True)
    assert watched.result("changes.9.csv")["state"] == "changes-applied"


def test_change_sets_wait_for_the_one_that_is_missing(watched: Watched) -> None:
    missing = [conflict(why="changes-missing", expected=8) for _ in range(4)]
    watched.hub.refused_beginnings = missing
    path = watched.drop("changes.9.csv", header=f"{HEADER},操作", rows=0)
    with path.open("a", encoding="utf-8") as file:
        file.write("110101199001010007,张三,1,1990-01-01,1,删除\n")
    watched.run(20, changes=True)
    assert watched.names("failed") == []
    assert watched.names() == ["changes.9.csv", "changes.9.csv.result.json"]
    assert "8" in str(watched.told("waiting")[0]["why"])


Place = Callable[[Watched, pytest.MonkeyPatch], None]


def _while_sending(_: Watched, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Running, "_step", _die)


def _after_the_result(watched: Watched, patch: pytest.MonkeyPatch) -> None:
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if path.parent == watched.folder and path.suffix == ".csv":
            raise Killed
        return real(path, target)

    patch.setattr(Path, "replace", replace)


def _after_the_move(_: Watched, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("connectors.sources.upload.Upload.forget", _die)


def _die(*_: object) -> None:
    raise Killed


@pytest.mark.parametrize("place", [_while_sending, _after_the_result, _after_the_move])
def test_a_run_that_is_killed_publishes_no_file_twice(
    place: Place, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.drop("a.csv")
    with monkeypatch.context() as patch:
        if place is not _after_the_move:
            place(watched, patch)
            with pytest.raises(Killed):
                watched.run()
        else:
            real = DropFolder.finish

            def finish(self: DropFolder, *arguments: object) -> Path:
                target = real(self, *arguments)  # type: ignore[arg-type]
                place(watched, patch)
                return target

            patch.setattr(DropFolder, "finish", finish)
            with pytest.raises(Killed):
                watched.run()
    watched.drop("b.csv", person="李四")
    watched.run(30)
    assert list(watched.hub.publications.values()) == ["live", "live"]
    assert watched.names() == [
        name for each in ("a.csv", "b.csv") for name in (each, f"{each}.result.json")
    ]


def test_it_ends_when_it_is_asked_to_and_leaves_what_is_under_way(watched: Watched) -> None:
    watched.drop("a.csv")
    running = watched.running()
    folder = DropFolder(watched.folder, 0.0, lambda: watched.clock() / 1000)
    real = watched.hub._publishing

    def asking(request: httpx2.Request, parts: list[str]) -> httpx2.Response:
        if parts[0] == "chunks":
            running.ending.ask()
        return real(request, parts)

    watched.hub._publishing = asking
    running.until_ended(Watching(running, Given("resident"), folder, POLL).turn)
    assert watched.events[-1]["event"] == "ended"
    assert watched.names() == []
    assert watched.hub.publications == {"P-1": "receiving"}
    watched.hub._publishing = real
    watched.run()
    assert watched.hub.publications == {"P-1": "live"}
    assert watched.hub.taken == [0]


def test_an_end_that_was_asked_for_is_seen_by_who_sleeps() -> None:
    running = Running(Setting(Path(), Screen("zh", as_json=True)))
    running.ending.ask()
    with pytest.raises(Ended):
        running.sleep(3600)

"""An upload that was cut off is gone on with, or given up; nothing goes over twice."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from certs.canonical import Json, canonical
from connectors.client import Connector
from connectors.errors import (
    ChangesMissing,
    ChangesTooEarly,
    PublicationRunning,
    Refused,
    SnapshotOlder,
    UploadBroken,
    UploadBusy,
    UploadRestless,
)
from connectors.sources.csv import open_csv
from connectors.sources.mapping import match_columns
from connectors.sources.progress import OnProgress, Step
from connectors.sources.publication import Applied, HubSide
from connectors.sources.publish import Published, discard, publish
from connectors.sources.upload import Mode, Order, Upload

if TYPE_CHECKING:
    from conftest import StandIn

ROWS = 5000
HEADER = "公民身份号码,姓名,性别,出生日期,人员状态\n"
REPORT: dict[str, Json] = {"read": ROWS, "accepted": ROWS, "rejected": {}}
LIVE: dict[str, Json] = {"state": "live", "report": REPORT}


class Killed(BaseException):
    """The run ends here, as by a signal."""


def people(folder: Path, count: int = ROWS, name: str = "张三") -> Path:
    path = folder / "people.csv"
    lines = (f"11010119900101{n:04d},{name}{n},1,1990-01-01,normal\n" for n in range(count))
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


class Runs:
    """Runs of ``publish`` over one file."""

    def __init__(self, connector: Connector, home: Path, path: Path) -> None:
        self.connector, self.home, self.path = connector, home, path
        self.definition = connector.definition("resident")
        self.news: list[str] = []

    @property
    def side(self) -> HubSide:
        calls = self.connector.calls
        return HubSide(calls, self.connector.sleep, lambda what, _: self.news.append(what))

    def run(
        self,
        progress: OnProgress = lambda _: None,
        mode: Mode = "full",
        sequence: int | None = None,
    ) -> Published | Applied:
        source = open_csv(self.path)
        mapping = match_columns(source.columns, self.definition, {})
        order = Order(
            dataset="resident",
            source=self.path.name,
            columns=tuple(mapping.items),
            mode=mode,
            sequence=sequence,
        )
        self.news.clear()
        with Upload.held(self.home, "resident") as upload:
            ended = publish(self.side, upload, order, source, mapping, progress=progress)
            upload.forget()
        return ended

    def cut(self, at: Callable[[Step], bool]) -> None:
        def kill(step: Step) -> None:
            if at(step):
                raise Killed

        with pytest.raises(Killed):
            self.run(kill)

    def full(self) -> Published:
        ended = self.run()
        assert isinstance(ended, Published)
        return ended


@pytest.fixture
def runs(connector: Connector, hub: "StandIn", home: Path, tmp_path: Path) -> Runs:
    hub.states = [{"state": "checking", "progress": {"done": 1, "total": 2}}, LIVE]
    return Runs(connector, home, people(tmp_path))


def at_chunk(count: int) -> Callable[[Step], bool]:
    """True once ``count`` chunks went over."""
    left = [count]

    def reached(step: Step) -> bool:
        left[0] -= step.stage == "sending"
        return left[0] <= 0

    return reached


def test_a_run_that_is_cut_off_goes_on_where_it_was(runs: Runs, hub: "StandIn") -> None:
    runs.cut(at_chunk(2))
    assert hub.taken == [0, 1]
    ended = runs.full()
    assert runs.news == ["resumed"]
    assert hub.taken == [0, 1, 2, 3, 4]
    assert (ended.sent, ended.found) == (3, 2)
    assert list(hub.publications.items()) == [("P-1", "live")]
    assert ended.rows == ROWS


def test_what_is_asked_is_written_down_before(runs: Runs, hub: "StandIn", home: Path) -> None:
    kept = home / "uploads" / "resident.upload"
    real_begin, real = hub._begin, hub._publishing
    looked = 0

    def begin(asked: dict[str, Json]) -> httpx2.Response:
        assert str(asked["token"]) in kept.read_text("ascii")
        return real_begin(asked)

    def publishing(request: httpx2.Request, parts: list[str]) -> httpx2.Response:
        nonlocal looked
        if parts[0] == "chunks":
            looked += 1
            assert kept.read_text("ascii").count('"chunk":') == int(parts[1]) + 1
            assert '"publication":"P-1"' in kept.read_text("ascii")
        return real(request, parts)

    hub._begin, hub._publishing = begin, publishing
    runs.full()
    assert looked == 5
    assert not kept.exists()


def test_what_is_written_down_is_for_its_owner_and_holds_no_row(runs: Runs, home: Path) -> None:
    runs.cut(at_chunk(1))
    kept = home / "uploads" / "resident.upload"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert "张三" not in kept.read_text("utf-8")
    assert "11010119900101" not in kept.read_text("utf-8")


@pytest.mark.parametrize("change", ["other names", "fewer rows", "other first row"])
def test_a_source_that_has_changed_is_begun_anew(
    change: str, runs: Runs, hub: "StandIn", tmp_path: Path
) -> None:
    runs.cut(at_chunk(4))
    count, name = (1000, "张三") if change == "fewer rows" else (ROWS, "李四")
    if change == "other first row":
        text = runs.path.read_text("utf-8").replace("张三0,", "张王,", 1)
        runs.path.write_text(text, "utf-8")
    else:
        people(tmp_path, count, name)
    hub.taken.clear()
    ended = runs.full()
    assert runs.news == ["resumed", "changed"]
    assert list(hub.publications.items()) == [("P-1", "discarded"), ("P-2", "live")]
    assert (ended.sent, ended.found) == (len(hub.chunks), 0)
    assert ended.rows == count


def cut_after(runs: Runs, chunks: int) -> list[int]:
    """Cut a run off after so many chunks; gives the last row of each."""
    ends: list[int] = []

    def reached(step: Step) -> bool:
        ends.append(step.rows)
        return len(ends) == chunks

    runs.cut(reached)
    return ends


def test_a_source_that_ends_with_a_chunk_of_before_is_another_one(
    runs: Runs, hub: "StandIn", tmp_path: Path
) -> None:
    people(tmp_path, cut_after(runs, 4)[1])
    runs.full()
    assert runs.news == ["resumed", "changed"]
    assert list(hub.publications.values()) == ["discarded", "live"]


def test_another_file_takes_the_place_of_what_was_cut_off(
    runs: Runs, hub: "StandIn", tmp_path: Path
) -> None:
    runs.cut(at_chunk(2))
    runs.path = runs.path.rename(tmp_path / "others.csv")
    runs.full()
    assert runs.news == ["other"]
    assert list(hub.publications.items()) == [("P-1", "discarded"), ("P-2", "live")]


def test_a_run_killed_after_the_end_of_the_upload_sends_nothing_again(
    runs: Runs, hub: "StandIn"
) -> None:
    runs.cut(lambda step: step.stage == "checking")
    hub.taken.clear()
    ended = runs.full()
    assert (ended.publication.state, ended.sent, ended.found) == ("live", 0, 5)
    assert hub.taken == []
    assert list(hub.publications) == ["P-1"]


def test_another_source_after_the_end_of_an_upload_waits_for_it(
    runs: Runs, hub: "StandIn", tmp_path: Path
) -> None:
    runs.cut(lambda step: step.stage == "checking")
    people(tmp_path, ROWS, "李四")
    hub.states = [{"state": "checking", "progress": {"done": 1, "total": 2}}, LIVE]
    runs.full()
    assert list(hub.publications.items()) == [("P-1", "live"), ("P-2", "live")]


def test_a_longer_source_after_the_end_of_an_upload_is_another_one(
    runs: Runs, hub: "StandIn", tmp_path: Path
) -> None:
    people(tmp_path, cut_after(runs, 2)[1])
    runs.cut(lambda step: step.stage == "checking")
    with runs.path.open("a", encoding="utf-8") as file:
        file.writelines(f"11010119900102{n:04d},王{n},1,1990-01-02,normal\n" for n in range(ROWS))
    runs.full()
    assert list(hub.publications.items()) == [("P-1", "live"), ("P-2", "live")]


@pytest.mark.parametrize("state", ["discarded", "failed"])
def test_what_the_hub_gave_up_is_begun_anew(state: str, runs: Runs, hub: "StandIn") -> None:
    runs.cut(at_chunk(2))
    hub.publications["P-1"] = state
    hub.taken.clear()
    ended = runs.full()
    assert runs.news == ["gone"]
    assert (ended.sent, ended.publication.publication) == (5, "P-2")


def test_a_chunk_that_lies_there_with_other_bytes_is_no_part_of_this(
    runs: Runs, hub: "StandIn"
) -> None:
    runs.cut(at_chunk(2))
    hub.chunks[3] = b"9,x\r\n"
    runs.full()
    assert runs.news == ["resumed", "changed"]
    assert list(hub.publications) == ["P-1", "P-2"]


def test_a_source_that_never_stands_still_is_told(runs: Runs, hub: "StandIn") -> None:
    real = hub._publishing

    def restless(request: httpx2.Request, parts: list[str]) -> httpx2.Response:
        response = real(request, parts)
        if parts[-1] == "publications":
            hub.chunks[1] = b"9,x\r\n"
        return response

    hub._publishing = restless
    with pytest.raises(UploadRestless):
        runs.full()


def test_two_runs_at_once(runs: Runs, home: Path) -> None:
    with Upload.held(home, "resident"), pytest.raises(UploadBusy):
        runs.full()
    with Upload.held(home, "legal_entity"):
        assert runs.full().publication.state == "live"


def test_a_line_that_was_cut_off_is_dropped(runs: Runs, hub: "StandIn", home: Path) -> None:
    runs.cut(at_chunk(2))
    kept = home / "uploads" / "resident.upload"
    kept.write_bytes(kept.read_bytes()[:-7])
    assert runs.full().found == 2
    assert hub.taken == [0, 1, 2, 3, 4]


def test_lines_that_nobody_wrote_are_refused(runs: Runs, home: Path) -> None:
    runs.cut(at_chunk(2))
    kept = home / "uploads" / "resident.upload"
    kept.write_bytes(canonical({"v": 9}) + b"\n" + kept.read_bytes())
    with pytest.raises(UploadBroken):
        runs.full()


def test_what_was_cut_off_is_given_up(runs: Runs, hub: "StandIn", home: Path) -> None:
    runs.cut(at_chunk(2))
    with Upload.held(home, "resident") as upload:
        discard(runs.side, upload)
        assert upload.record is None
    assert hub.publications == {"P-1": "discarded"}
    assert runs.full().found == 0


def test_what_was_begun_without_an_answer_is_given_up_too(
    runs: Runs, hub: "StandIn", home: Path
) -> None:
    real = hub._begin

    def killing(asked: dict[str, Json]) -> httpx2.Response:
        real(asked)
        raise Killed

    hub._begin = killing
    with pytest.raises(Killed):
        runs.run()
    hub._begin = real
    with Upload.held(home, "resident") as upload:
        discard(runs.side, upload)
    assert hub.publications == {"P-1": "discarded"}


def refusing(hub: "StandIn", **facts: Json) -> None:
    told = {"code": "conflict", "status": 409, "title": {"zh": "不", "en": "no"}, "facts": facts}
    headers = {"content-type": "application/problem+json"}
    hub.refused_beginnings = [httpx2.Response(409, content=canonical(told), headers=headers)]


def test_changes_that_stand_are_a_success(runs: Runs, hub: "StandIn", home: Path) -> None:
    refusing(hub, why="changes-applied", sequence=7)
    assert runs.run(mode="changes", sequence=5) == Applied(sequence=7)
    assert not (home / "uploads" / "resident.upload").exists()


def test_the_number_and_the_mode_are_asked_for(runs: Runs, hub: "StandIn") -> None:
    runs.run(mode="changes", sequence=5)
    (asked,) = hub.asked_to_begin
    assert (asked["mode"], asked["sequence"]) == ("changes", 5)
    assert len(str(asked["token"])) == 22


@pytest.mark.parametrize(
    ("facts", "error", "told"),
    [
        ({"why": "changes-missing", "expected": 4}, ChangesMissing, {"expected": 4, "sequence": 9}),
        ({"why": "no-generation"}, ChangesTooEarly, {"dataset": "resident"}),
        ({"why": "snapshot-older", "sequence": 12}, SnapshotOlder, {"sequence": 9}),
        (
            {"why": "publication-held", "publication": "P-9"},
            PublicationRunning,
            {"dataset": "resident", "state": "held", "publication": "P-9"},
        ),
        ({"why": "something-new"}, Refused, {}),
    ],
)
def test_why_nothing_can_be_begun_is_told(
    facts: dict[str, Json],
    error: type[Exception],
    told: dict[str, Json],
    runs: Runs,
    hub: "StandIn",
) -> None:
    refusing(hub, **facts)
    with pytest.raises(error) as raised:
        runs.run(mode="changes", sequence=9)
    assert told.items() <= dict(getattr(raised.value, "facts", {})).items()
    assert runs.full().publication.state == "live"

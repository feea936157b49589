"""One source again and again: at its times, and not if it is what stands already."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx2
import pytest

from certs.canonical import Json
from connectors.client import Connector
from connectors.commands.given import Given
from connectors.commands.local import Setting
from connectors.commands.repeating import Repeating
from connectors.commands.running import Running
from connectors.screen import Screen
from connectors.sources.errors import ScheduleUnclear
from connectors.sources.schedule import ZONE, Schedule

if TYPE_CHECKING:
    from conftest import StandIn, Time

HEADER = "公民身份号码,姓名,性别,出生日期,人员状态"
REPORT: dict[str, Json] = {"read": 3, "accepted": 3, "rejected": {}}
LIVE: dict[str, Json] = {"state": "live", "generation": "g-1", "report": REPORT}
MINUTE = 60_000


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def write(path: Path, person: str = "张三") -> Path:
    lines = [f"11010119900101{n:04d},{person}{n},1,1990-01-01,1" for n in range(3)]
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return path


class Repeated:
    """A run over one file, on a clock that only its own sleep moves."""

    def __init__(self, home: Path, hub: "StandIn", clock: "Time", path: Path) -> None:
        self.home, self.hub, self.clock, self.path = home, hub, clock, path
        self.events: list[str] = []
        hub.states = [LIVE]
        self._repeating: Repeating | None = None

    def start(self, every: str = "15m") -> None:
        """A new run, as after a restart."""
        events = self.events

        class Telling(Screen):
            def event(self, time: str, what: str, facts: object) -> None:
                assert time
                words = cast("dict[str, str | int]", facts)
                assert self.words(f"connector.running.{what}", **words)
                events.append(what)

        def open_connector(_: object) -> Connector:
            return Connector.open(
                self.home, clock=self.clock, sleep=self.clock.sleep, http=self.hub
            )

        running = Running(
            Setting(self.home, Telling("en", as_json=True)),
            open_connector=open_connector,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        self._repeating = Repeating(running, Given("resident", self.path), Schedule.read(every))

    def until(self, moment: int) -> list[str]:
        """What was told until then."""
        assert self._repeating is not None
        self.events.clear()
        while self.clock() < moment:
            self._repeating.turn()
        return list(self.events)


@pytest.fixture
def repeated(home: Path, hub: "StandIn", clock: "Time", tmp_path: Path) -> Repeated:
    return Repeated(home, hub, clock, write(tmp_path / "people.csv"))


def test_a_source_is_published_at_its_times_if_it_has_changed(
    repeated: Repeated, hub: "StandIn", clock: "Time"
) -> None:
    began = clock()
    repeated.start()
    assert repeated.until(began + 14 * MINUTE) == ["published"]
    # The same event is told once in a row: a line every quarter of an hour would hide the others.
    assert repeated.until(began + 50 * MINUTE) == ["unchanged"]
    write(repeated.path, "李四")
    assert repeated.until(began + 61 * MINUTE) == ["published"]
    assert list(hub.publications.values()) == ["live", "live"]


def test_what_stands_is_not_published_again_after_a_restart(
    repeated: Repeated, hub: "StandIn", clock: "Time"
) -> None:
    repeated.start()
    repeated.until(clock() + MINUTE)
    repeated.start()
    assert repeated.until(clock() + MINUTE) == ["unchanged"]
    assert list(hub.publications) == ["P-1"]
    assert (repeated.home / "uploads" / "resident.last").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("member", ["generation", "version"])
def test_what_somebody_else_has_changed_meanwhile_is_published_again(
    member: str, repeated: Repeated, hub: "StandIn", clock: "Time"
) -> None:
    repeated.start()
    repeated.until(clock() + MINUTE)
    hub.standing[member] = "g-2" if member == "generation" else 2
    repeated.start()
    assert repeated.until(clock() + MINUTE) == ["published"]
    assert list(hub.publications) == ["P-1", "P-2"]


def test_what_another_has_replaced_at_once_is_not_taken_for_what_stands(
    repeated: Repeated, hub: "StandIn", clock: "Time"
) -> None:
    hub.states = [LIVE | {"generation": "g-0"}]
    repeated.start()
    repeated.until(clock() + MINUTE)
    hub.states = [LIVE]
    repeated.start()
    assert repeated.until(clock() + MINUTE) == ["published"]


def test_what_did_not_go_live_is_published_again(
    repeated: Repeated, hub: "StandIn", clock: "Time"
) -> None:
    hub.states = [{"state": "failed", "failure": "storage"}]
    hub.standing = {"generation": None, "version": None, "sequence": 0, "rows": 0}
    began = clock()
    repeated.start()
    repeated.until(began + 14 * MINUTE)
    hub.states = [LIVE]
    assert repeated.until(began + 16 * MINUTE) == ["published"]


def test_a_bad_source_does_not_stop_the_next_time(repeated: Repeated, clock: "Time") -> None:
    began = clock()
    repeated.path.rename(repeated.path.with_name("away.csv"))
    repeated.start()
    assert repeated.until(began + 14 * MINUTE) == ["failed"]
    write(repeated.path)
    assert repeated.until(began + 16 * MINUTE) == ["published"]


def test_a_hub_that_is_away_is_tried_again_sooner(
    repeated: Repeated, hub: "StandIn", clock: "Time"
) -> None:
    real, until = hub._handle, clock() + 30 * MINUTE

    def away(request: httpx2.Request) -> httpx2.Response:
        if clock() < until:
            raise httpx2.ConnectError("away")
        return real(request)

    hub._handle = away
    repeated.start("1d")
    events = repeated.until(until + 10 * MINUTE)
    assert events[-1] == "published"
    assert events.count("published") == 1
    assert len(events) < 12


def test_a_time_of_day_is_that_of_shanghai(repeated: Repeated, clock: "Time") -> None:
    clock.now = moment("2026-09-21T23:10")
    repeated.start("1d@02:30")
    assert repeated.until(moment("2026-09-22T02:29")) == []
    assert repeated.until(moment("2026-09-22T02:31")) == ["published"]
    assert repeated.until(moment("2026-09-23T02:29")) == []
    write(repeated.path, "李四")
    assert repeated.until(moment("2026-09-23T02:31")) == ["published"]


@pytest.mark.parametrize(
    ("given", "last", "now", "next_one"),
    [
        ("15m", "2026-09-21T10:00", "2026-09-21T10:01", "2026-09-21T10:15"),
        ("15m", "2026-09-21T10:00", "2026-09-21T11:01", "2026-09-21T11:01"),
        ("2h", "2026-09-21T10:00", "2026-09-21T10:00", "2026-09-21T12:00"),
        ("1d@02:30", "2026-09-21T02:30", "2026-09-21T02:35", "2026-09-22T02:30"),
        ("1d@02:30", "2026-09-21T02:30", "2026-09-24T11:00", "2026-09-25T02:30"),
        ("7d@00:00", "2026-09-21T00:00", "2026-09-21T00:10", "2026-09-28T00:00"),
        ("2d@02:30", "2026-09-30T02:30", "2026-09-30T02:31", "2026-10-02T02:30"),
    ],
)
def test_the_next_time(given: str, last: str, now: str, next_one: str) -> None:
    schedule = Schedule.read(given)
    assert schedule.after(moment(last), moment(now)) == moment(next_one)


@pytest.mark.parametrize("given", ["", "15", "0m", "15s", "1h@02:30", "1d@24:00", "1d@2:30", "-1d"])
def test_what_is_no_time(given: str) -> None:
    with pytest.raises(ScheduleUnclear):
        Schedule.read(given)

"""Progress tells how much, how fast and how long still, in lines that programs can follow."""

import re
from dataclasses import dataclass

import pytest

from connectors.progress import EVERY_ROWS, EVERY_SECONDS, Lines, duration
from connectors.screen import Screen
from connectors.sources.progress import WINDOW, Pace, Speed, Step

FIGURES = re.compile(r"(\d+)(?: / (\d+))?\Z")
"""What the demo looks for at the end of each line."""


@dataclass
class Passing:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_is_that_of_the_last_while() -> None:
    passing = Passing()
    pace = Pace(passing)
    assert pace.of(Step("sending", 0, 10_000, 0)) is None
    for second in range(1, 101):
        passing.now = float(second)
        rows = second * 10 if second <= 50 else 500 + (second - 50) * 40
        speed = pace.of(Step("sending", rows, 10_000, rows * 100))
    assert speed == Speed(rows=40.0, size=4000.0, left=(10_000 - 2500) / 40)
    assert WINDOW < 50


def test_a_stage_has_a_rate_of_its_own_and_no_end_without_a_total() -> None:
    passing = Passing()
    pace = Pace(passing)
    pace.of(Step("sending", 1000, 1000))
    passing.now = 10.0
    assert pace.of(Step("checking", 5)) is None
    passing.now = 12.0
    assert pace.of(Step("checking", 25)) == Speed(rows=10.0, size=0.0, left=None)
    # Nothing moved: no rate, and no division by nothing.
    assert Pace(passing).of(Step("sending", 0)) is None


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.4, "0:00"), (59.6, "1:00"), (61, "1:01"), (3_725, "1:02:05")]
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_lines_come_now_and_then_with_speed_and_the_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    passing = Passing()
    lines = Lines(Screen("en", as_json=False), passing)
    total = 4 * EVERY_ROWS
    for step in range(1, 41):
        passing.now = step * 1.0
        lines(Step("sending", step * EVERY_ROWS // 10, total, step * 1_000_000))
    told = capsys.readouterr().err.splitlines()
    assert [int(FIGURES.search(line)[1]) for line in told] == [  # type: ignore[index]
        EVERY_ROWS // 10,
        *(EVERY_ROWS // 10 + EVERY_ROWS * more for more in (1, 2, 3)),
        total,
    ]
    assert told[1] == "Sending 11.0 MB · 25,000 rows/s · 0:29 left (27 %) 275000"


def test_a_slow_stage_is_told_of_by_the_clock(capsys: pytest.CaptureFixture[str]) -> None:
    passing = Passing()
    lines = Lines(Screen("zh", as_json=False), passing)
    for step in range(5):
        passing.now = step * EVERY_SECONDS / 2
        lines(Step("checking", step * 10, 1000))
    told = capsys.readouterr().err.splitlines()
    assert [FIGURES.search(line).groups() for line in told] == [  # type: ignore[union-attr]
        ("0", "1000"),
        ("20", "1000"),
        ("40", "1000"),
    ]
    assert told[1].startswith("检查 每秒 1 行 · 还需 ")

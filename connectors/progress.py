"""Progress as people see it: a bar on a terminal, now and then a line elsewhere.

Both go to standard error, with how much, how fast and how long it still takes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from connectors.clock import monotonic
from connectors.screen import Screen
from connectors.sources.progress import Monotonic, OnProgress, Pace, Speed, Stage, Step

EVERY_ROWS = 250_000
"""Rows between two plain lines of progress."""
EVERY_SECONDS = 30.0
"""Seconds after which a line is due, however few rows there were."""
_MINUTE, _HOUR = 60, 3600
_STAGES: tuple[Stage, ...] = ("sending", "checking")


@contextmanager
def progress_on(screen: Screen) -> Iterator[OnProgress]:
    """Show progress until the end of the block."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(screen)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
    )
    pace = Pace(monotonic)
    with Progress(*columns, console=console, transient=True) as bar:
        tasks = {
            stage: bar.add_task(
                screen.words(f"connector.publish.{stage}"), total=None, told="", visible=False
            )
            for stage in _STAGES
        }

        def show(step: Step) -> None:
            told = f"{_rows(step)} {describe(screen, step, pace.of(step))}"
            bar.update(
                tasks[step.stage],
                completed=step.rows,
                total=step.total,
                told=told,
                visible=True,
            )

        yield show


class Lines:
    """Progress in lines: one as each stage begins, then one every so many rows or seconds."""

    def __init__(self, screen: Screen, clock: Monotonic = monotonic) -> None:
        self._screen = screen
        self._clock = clock
        self._pace = Pace(clock)
        self._told: dict[Stage, tuple[int, float]] = {}

    def __call__(self, step: Step) -> None:
        """Tell a step, if it is time to."""
        speed = self._pace.of(step)
        now = self._clock()
        told = self._told.get(step.stage)
        if told is not None:
            rows, since = told
            ended = step.rows == step.total != rows
            if step.rows - rows < EVERY_ROWS and now - since < EVERY_SECONDS and not ended:
                return
        self._told[step.stage] = (step.rows, now)
        label = self._screen.words(f"connector.publish.{step.stage}")
        more = describe(self._screen, step, speed)
        # Programs that follow look for the figures at the end of a line.
        click.echo(f"{label} {more} {_figures(step)}".replace("  ", " "), err=True)


def describe(screen: Screen, step: Step, speed: Speed | None) -> str:
    """Bytes, speed and the time that is left, as far as they are known."""
    parts: list[str] = []
    if step.size:
        parts.append(f"{step.size / 1e6:.1f} MB")
    if speed is not None:
        parts.append(screen.words("connector.publish.speed", rows=f"{speed.rows:,.0f}"))
        if speed.left is not None and speed.left >= 1:
            parts.append(screen.words("connector.publish.left", time=duration(speed.left)))
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as ``m:ss`` or ``h:mm:ss``."""
    whole = round(seconds)
    hours, rest = divmod(whole, _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def _rows(step: Step) -> str:
    return f"{step.rows:,}" if step.total is None else f"{step.rows:,} / {step.total:,}"


def _figures(step: Step) -> str:
    """The rows, and of how many while they are checked; the total of a source stands in front."""
    if step.total is None:
        return str(step.rows)
    if step.stage == "checking":
        return f"{step.rows} / {step.total}"
    return f"({step.rows * 100 // max(step.total, 1)} %) {step.rows}"

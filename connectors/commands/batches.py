"""``connector batch``: a file of subjects in, a file of answers out, line by line."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from catalog.terminal import LocalGroup
from connectors.batch.askers import Asker
from connectors.batch.errors import BatchRefused
from connectors.batch.question import MOST_SUBJECTS
from connectors.batch.run import Output, Tally, Wanted, run
from connectors.batch.state import State
from connectors.clock import monotonic
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.progress import duration
from connectors.screen import Screen

MOST_AT_ONCE = 8
"""Requests under way: a hub works on one batch at a time, the others wait their turn there."""
EVERY_SECONDS = 5.0
STANDARD = Path("-")
_FILE = click.Path(dir_okay=False, path_type=Path, allow_dash=True)


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the command to ``group``."""

    @group.command("batch", cls=command_class(texts), help=texts("batch.help"))
    @click.argument("dataset", metavar=texts("args.dataset"))
    @click.argument("file", metavar=texts("args.subjects"), type=_FILE)
    @click.option("--output", type=_FILE, default=STANDARD, help=texts("batch.output"))
    @click.option("--items", required=True, help=texts("args.items"))
    @click.option("--purpose", required=True, help=texts("args.purpose"))
    @click.option("--officer", required=True, help=texts("args.officer"))
    @click.option("--delegation", help=texts("args.delegation"))
    @click.option("--case", help=texts("batch.case"))
    @click.option("--type", "kind", help=texts("batch.type"))
    @click.option(
        "--size",
        type=click.IntRange(1, MOST_SUBJECTS),
        default=MOST_SUBJECTS,
        show_default=True,
        help=texts("batch.size"),
    )
    @click.option(
        "--at-once",
        type=click.IntRange(1, MOST_AT_ONCE),
        default=2,
        show_default=True,
        help=texts("batch.at_once"),
    )
    @click.option("--strict", is_flag=True, help=texts("batch.strict"))
    @pass_setting
    def _batch(
        setting: Setting,
        dataset: str,
        file: Path,
        output: Path,
        items: str,
        purpose: str,
        officer: str,
        delegation: str | None,
        case: str | None,
        kind: str | None,
        size: int,
        at_once: int,
        *,
        strict: bool,
    ) -> None:
        wanted = Wanted(
            dataset=dataset,
            items=tuple(item.strip() for item in items.split(",")),
            purpose=purpose,
            officer=officer,
            size=size,
            kind=kind,
            case=case,
            delegation=delegation,
        )
        setting.open().close()  # who is not enrolled leaves no file behind
        with _source(file) as (source, total), _target(setting, output, wanted) as (target, state):
            if state is not None and state.mark.lines:
                setting.screen.note("connector.batch.resumed", lines=state.mark.lines)
            tally = run(
                wanted,
                source,
                target,
                state,
                lambda: _asker(setting),
                at_once=at_once,
                strict=strict,
                progress=Progress(setting.screen, total),
            )
        _tell(setting.screen, tally, to_file=output != STANDARD)


class Progress:
    """A line on standard error now and then: how many, how fast, how long still."""

    def __init__(
        self, screen: Screen, total: int | None, clock: "Callable[[], float]" = monotonic
    ) -> None:
        self._screen = screen
        self._total = total
        self._clock = clock
        self._began = self._told = clock()
        self._from: int | None = None

    def __call__(self, tally: Tally) -> None:
        """Tell, if it is time to."""
        now = self._clock()
        if self._from is None:
            self._from = tally.offset
            self._began = now
            return
        if now - self._told < EVERY_SECONDS:
            return
        self._told = now
        seconds = now - self._began
        rate, left = tally.lines / seconds, ""
        done = tally.offset - self._from
        if self._total is not None and done:
            left = duration((self._total - tally.offset) * seconds / done)
        key = "connector.batch.progress" if left else "connector.batch.progress_open"
        lines = tally.before + tally.lines
        self._screen.note(key, lines=lines, rate=f"{rate:,.0f}", left=left)


def _asker(setting: Setting) -> Asker:
    return setting.open()


@contextmanager
def _source(file: Path) -> "Iterator[tuple[BinaryIO, int | None]]":
    """The input and its size in bytes, if that is known."""
    if file == STANDARD:
        yield sys.stdin.buffer, None
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        raise BatchRefused(why="input") from error
    with stream:
        yield stream, file.stat().st_size


@contextmanager
def _target(
    setting: Setting, output: Path, wanted: Wanted
) -> "Iterator[tuple[Output, State | None]]":
    """Where answers go, and how far they have come; standard output cannot be taken up again."""
    if output == STANDARD:
        yield Output(sys.stdout.buffer, None), None
        return
    state = State.open(setting.home, output, wanted.digest)
    done = False
    try:
        with _resumed(output, state) as target:
            yield target, state
            done = True
    finally:
        state.close(done=done)


def _resumed(output: Path, state: State) -> Output:
    try:
        return Output.resume(output, state)
    except OSError as error:
        raise BatchRefused(why="output") from error


def _tell(screen: Screen, tally: Tally, *, to_file: bool) -> None:
    counts = {
        "lines": tally.before + tally.lines,
        "found": tally.found,
        "empty": tally.empty,
        "unfit": tally.unfit,
        "faulty": tally.faulty,
    }
    screen.note("connector.batch.done", **counts)
    if to_file:
        screen.value({**counts, "before": tally.before})

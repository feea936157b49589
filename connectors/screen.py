"""What the commands show: tables and lines for people, JSON for programs.

Results go to standard output, notes and progress to standard error.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from catalog.errors import MessageCatalogueBroken
from catalog.messages import Language, text
from certs.canonical import Json, canonical
from certs.errors import YifenError
from connectors.errors import Dishonest, Refused
from connectors.sources.publish import OnProgress, Stage

EXIT_REFUSED = 1
EXIT_DISHONEST = 3
_EVERY = 250_000
"""Rows between two plain lines of progress."""


class Screen:
    """Shows things in one language, to people or as JSON."""

    def __init__(self, language: Language, *, as_json: bool) -> None:
        self.language = language
        self.as_json = as_json
        # Files and pipes have no width of their own: never cut what a program may read.
        out = Console(highlight=False)
        self._out = out if out.is_terminal else Console(highlight=False, width=200)

    def words(self, key: str, **params: str | int) -> str:
        """A text of ours."""
        return text(key, self.language, **params)

    def say(self, key: str, **params: str | int) -> None:
        """A line for people; nothing in JSON."""
        if not self.as_json:
            click.echo(self.words(key, **params))

    def note(self, key: str, **params: str | int) -> None:
        """A line beside the result."""
        click.echo(self.words(key, **params), err=True)

    def value(self, value: Json) -> None:
        """The result for programs; nothing for people."""
        if self.as_json:
            click.echo(canonical(value).decode("utf-8"))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table for people; headings are keys of texts."""
        if self.as_json:
            return
        table = Table(*(self.words(key) for key in headings), box=None, pad_edge=False)
        for row in rows:
            # Text, not markup: what stands in brackets is somebody's value.
            table.add_row(*(Text(cell) for cell in row))
        self._out.print(table)

    def failure(self, error: YifenError) -> int:
        """Tell of an error; gives the exit code."""
        title, detail = self.describe(error)
        code = error.problem.code if isinstance(error, Refused) else error.code
        if self.as_json:
            facts: dict[str, Json] = dict(error.facts)
            if isinstance(error, Refused):
                facts = {**error.problem.facts, "status": error.problem.status}
                facts["entry"] = error.entry
            told: dict[str, Json] = {"code": code, "title": title, "detail": detail}
            self.value({"error": {**told, "facts": facts}})
        else:
            click.echo(f"{title} [{code}]", err=True)
            if detail:
                click.echo(detail, err=True)
            if isinstance(error, Refused) and error.entry is not None:
                self.note("connector.refused.entry", entry=error.entry)
        return EXIT_DISHONEST if isinstance(error, Dishonest) else EXIT_REFUSED

    def describe(self, error: YifenError) -> tuple[str, str]:
        """Title and detail of an error: the hub's own words for what the hub said."""
        if isinstance(error, Refused):
            problem = error.problem
            title = problem.title.get(self.language)
            if title is None:
                return self.words("connector.refused.title", status=problem.status), ""
            return title, problem.detail.get(self.language, "")
        try:
            return (
                self.words(f"problem.{error.code}.title"),
                self.words(f"problem.{error.code}.detail", **error.facts),
            )
        except (MessageCatalogueBroken, KeyError):
            return self.words("connector.internal.title", kind=error.code), ""

    @contextmanager
    def progress(self) -> Iterator[OnProgress]:
        """A bar on a terminal, now and then a line elsewhere; both on standard error."""
        console = Console(stderr=True)
        if not console.is_terminal:
            yield _Lines(self)
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
        with Progress(*columns, MofNCompleteColumn(), console=console, transient=True) as bar:
            tasks = {
                stage: bar.add_task(self.words(f"connector.publish.{stage}"), total=None)
                for stage in ("sending", "checking")
            }

            def show(stage: Stage, done: int, total: int | None) -> None:
                bar.update(tasks[stage], completed=done, total=total)

            yield show


class _Lines:
    """Progress in lines: one as each stage begins, then one every so many rows."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._told: dict[Stage, int] = {}

    def __call__(self, stage: Stage, done: int, total: int | None) -> None:
        told = self._told.get(stage)
        if told is None or done - told >= _EVERY or done == total != told:
            self._told[stage] = done
            label = self._screen.words(f"connector.publish.{stage}")
            of = "" if total is None else f" / {total}"
            click.echo(f"{label} {done}{of}", err=True)

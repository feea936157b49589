"""What the commands show: tables and lines for people, JSON for programs.

Results go to standard output, notes and progress to standard error.
"""

import sys
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalog.errors import MessageCatalogueBroken
from catalog.messages import Language, text
from certs.canonical import Json, canonical
from certs.errors import YifenError
from connectors.errors import Dishonest, Refused

EXIT_REFUSED = 1
EXIT_DISHONEST = 3


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

    def event(self, time: str, what: str, facts: Mapping[str, str | int]) -> None:
        """A line about something that happened by itself, for people or programs."""
        if self.as_json:
            self.value({"time": time, "event": what, **facts})
        else:
            click.echo(f"{time} {self.words(f'connector.running.{what}', **facts)}")
        # Whoever follows a log wants the line now.
        sys.stdout.flush()

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

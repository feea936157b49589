"""``connector publish``: show how the columns are read, ask, send, report."""

import sys
from pathlib import Path

import click

from catalog.terminal import LocalGroup
from connectors.commands.delivery import LIVE, Delivery
from connectors.commands.given import Given, Opened, read_query
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.commands.outcome import show_applied, show_ended, show_mapping, show_met
from connectors.commands.repeating import run_every
from connectors.commands.running import Running
from connectors.commands.watching import run_watching
from connectors.errors import HubError, UploadNone
from connectors.progress import progress_on
from connectors.screen import EXIT_REFUSED, Screen
from connectors.sources.errors import SourceUnclear
from connectors.sources.mapping import read_corrections
from connectors.sources.publication import HubSide, OnNews
from connectors.sources.publish import Published

_PATH = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, exists=True, path_type=Path)
_SECONDS = click.FloatRange(min=0)


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the command to ``group``."""

    @group.command("publish", cls=command_class(texts), help=texts("publish.help"))
    @click.argument("dataset", metavar=texts("args.dataset"))
    @click.argument("file", metavar=texts("publish.file"), type=_PATH, required=False)
    @click.option("--sheet", help=texts("publish.sheet"))
    @click.option("--sql", "url", help=texts("publish.sql"))
    @click.option("--query", help=texts("publish.query"))
    @click.option("--query-file", type=_PATH, help=texts("publish.query_file"))
    @click.option("--password-file", type=_PATH, help=texts("publish.password_file"))
    @click.option("--map", "entries", multiple=True, help=texts("publish.map"))
    @click.option("--changes", is_flag=True, help=texts("publish.changes"))
    @click.option("--operation-column", help=texts("publish.operation_column"))
    @click.option("--deletes", type=_PATH, help=texts("publish.deletes"))
    @click.option("--sequence", type=click.IntRange(min=0), help=texts("publish.sequence"))
    @click.option("--watch", type=_FOLDER, help=texts("publish.watch"))
    @click.option("--settle", type=_SECONDS, default=5.0, help=texts("publish.settle"))
    @click.option("--poll", type=_SECONDS, default=5.0, help=texts("publish.poll"))
    @click.option("--every", help=texts("publish.every"))
    @click.option("--discard", is_flag=True, help=texts("publish.discard"))
    @click.option("--yes", is_flag=True, help=texts("publish.yes"))
    @pass_setting
    def _publish(
        setting: Setting,
        dataset: str,
        file: Path | None,
        sheet: str | None,
        url: str | None,
        query: str | None,
        query_file: Path | None,
        password_file: Path | None,
        entries: tuple[str, ...],
        operation_column: str | None,
        deletes: Path | None,
        sequence: int | None,
        watch: Path | None,
        settle: float,
        poll: float,
        every: str | None,
        *,
        changes: bool,
        discard: bool,
        yes: bool,
    ) -> None:
        given = Given(
            dataset=dataset,
            file=file,
            query=read_query(url, query, query_file, password_file),
            sheet=sheet,
            corrections=read_corrections(entries),
            changes=changes,
            operation_column=operation_column,
            deletes=deletes,
            sequence=sequence,
        )
        if discard:
            _discard(setting, dataset)
        elif watch is not None:
            if file or url or deletes or every or sequence is not None:
                raise SourceUnclear(why="watch-alone")
            run_watching(Running(setting), given, watch, settle=settle, poll=poll)
        elif every is not None:
            given.check()
            run_every(Running(setting), given, every)
        else:
            _once(setting, given, yes=yes)


def _once(setting: Setting, given: Given, *, yes: bool) -> None:
    screen = setting.screen

    def look(ready: Opened, _: HubSide) -> None:
        # The columns as items, shown before anything is sent.
        show_met(screen, ready.source)
        show_mapping(screen, ready.mapping)
        if not yes and sys.stdin.isatty() and not screen.as_json:
            click.confirm(screen.words("connector.publish.confirm"), abort=True, err=True)

    given.check()
    with setting.open() as connector:
        delivery = Delivery(connector, setting.home, screen, news_on(screen))
        try:
            with (
                progress_on(screen) as progress,
                delivery.deliver(given, look, progress) as delivered,
            ):
                pass
        except (KeyboardInterrupt, click.Abort, HubError):
            if delivery.waiting(given.dataset):
                screen.note("connector.publish.resumable", dataset=given.dataset)
            raise
    outcome = delivered.outcome
    if not isinstance(outcome, Published):
        show_applied(screen, outcome.sequence)
        return
    show_ended(screen, outcome, delivered.rejected)
    if outcome.publication.state != LIVE:
        raise click.exceptions.Exit(EXIT_REFUSED)


def _discard(setting: Setting, dataset: str) -> None:
    with setting.open() as connector:
        delivery = Delivery(connector, setting.home, setting.screen, news_on(setting.screen))
        if not delivery.discard(dataset):
            raise UploadNone(dataset=dataset)
    setting.screen.say("connector.publish.given_up", dataset=dataset)
    setting.screen.value({"dataset": dataset, "state": "discarded"})


def news_on(screen: Screen) -> OnNews:
    """What happens on the way, as notes."""
    return lambda what, facts: screen.note(f"connector.running.{what}", **facts)

"""``connector publish``: show how the columns are read, ask, send, report."""

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from catalog.definition import Dataset
from catalog.terminal import LocalGroup
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.commands.outcome import reason_text, show_ended, show_mapping, show_met
from connectors.errors import SourceUnclear
from connectors.screen import EXIT_REFUSED
from connectors.sources.address import read_address, read_password
from connectors.sources.database import open_query
from connectors.sources.mapping import match_columns, read_corrections
from connectors.sources.opening import open_source
from connectors.sources.publish import Published, publish
from connectors.sources.rejected import Rejection, write_rejected
from connectors.sources.rejected_workbook import write_rejected_workbook
from connectors.sources.sheets import SheetSource
from connectors.sources.source import Source
from connectors.sources.xlsx_rows import SheetReader

LIVE = "live"
_HEADINGS = ("row", "reason_zh", "reason_en", "item")
_PATH = click.Path(dir_okay=False, path_type=Path)
_MAX_QUERY = 1024 * 1024


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
        *,
        yes: bool,
    ) -> None:
        screen = setting.screen
        corrections = read_corrections(entries)
        asked = _query(file, url, query, query_file)
        with setting.open() as connector, ExitStack() as opened:
            definition = connector.definition(dataset)
            # 1 The source, looked through whole; nothing has left yet
            source: Source
            if url is not None and asked is not None:
                password = None if password_file is None else read_password(password_file)
                source = opened.enter_context(
                    open_query(
                        read_address(url),
                        asked,
                        password=password,
                        folder=setting.home,
                        beside=Path(f"{dataset}.sql"),
                    )
                )
            else:
                source = open_source(file or Path(), definition, corrections, sheet)
            # 2 Its columns as items, shown before anything is sent
            mapping = match_columns(source.columns, definition, corrections)
            show_met(screen, source)
            show_mapping(screen, mapping)
            if not yes and sys.stdin.isatty() and not screen.as_json:
                click.confirm(screen.words("connector.publish.confirm"), abort=True, err=True)
            # 3 The rows
            with screen.progress() as progress:
                ended = publish(
                    connector.calls,
                    dataset,
                    source,
                    mapping,
                    sleep=connector.sleep,
                    progress=progress,
                )
            # 4 What became of it
            path = _write(setting, source, definition, ended) if ended.rejections else None
        show_ended(screen, ended, path)
        if ended.publication.state != LIVE:
            raise click.exceptions.Exit(EXIT_REFUSED)


def _query(
    file: Path | None, url: str | None, query: str | None, query_file: Path | None
) -> str | None:
    """The query, if there is one; raises ``SourceUnclear`` unless there is one source."""
    if (file is None) == (url is None):
        raise SourceUnclear(why="file-or-sql")
    if url is None:
        if query is not None or query_file is not None:
            raise SourceUnclear(why="query-without-sql")
        return None
    if (query is None) == (query_file is None):
        raise SourceUnclear(why="one-query")
    if query_file is None:
        return query
    try:
        with query_file.open(encoding="utf-8-sig") as text:
            return text.read(_MAX_QUERY)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnclear(why="query-file") from error


def _write(setting: Setting, source: Source, definition: Dataset, ended: Published) -> Path:
    """The rejected rows: in the same workbook, or as CSV beside the source."""
    screen = setting.screen
    if not isinstance(source, SheetSource) or not isinstance(source.reader, SheetReader):
        return write_rejected(source, ended.rejections, _HEADINGS, reason_text)

    def say(one: Rejection) -> str:
        reason = reason_text(one.reason, screen.language)
        item = definition.by_code.get(one.item)
        if item is None:
            return reason
        title = item.title_zh if screen.language == "zh" else item.title_en
        return screen.words("connector.publish.wrong", item=title, reason=reason)

    heading = screen.words("connector.publish.wrong_heading")
    return write_rejected_workbook(source, source.reader.part, ended.rejections, heading, say)

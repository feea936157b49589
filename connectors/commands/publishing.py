"""``connector publish``: show how the columns are read, ask, send, report."""

import sys
from pathlib import Path

import click

from catalog.errors import MessageCatalogueBroken
from catalog.messages import Language, text
from catalog.terminal import LocalGroup
from certs.canonical import Json
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.screen import EXIT_REFUSED, Screen
from connectors.sources.csv import open_csv
from connectors.sources.mapping import ColumnMapping, match_columns, read_corrections
from connectors.sources.publish import Publication, Published, publish
from connectors.sources.rejected import write_rejected

LIVE = "live"
_HEADINGS = ("row", "reason_zh", "reason_en", "item")


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the command to ``group``."""

    @group.command("publish", cls=command_class(texts), help=texts("publish.help"))
    @click.argument("dataset", metavar=texts("args.dataset"))
    @click.argument(
        "file", metavar=texts("publish.file"), type=click.Path(dir_okay=False, path_type=Path)
    )
    @click.option("--map", "entries", multiple=True, help=texts("publish.map"))
    @click.option("--yes", is_flag=True, help=texts("publish.yes"))
    @pass_setting
    def _publish(
        setting: Setting, dataset: str, file: Path, entries: tuple[str, ...], *, yes: bool
    ) -> None:
        screen = setting.screen
        # 1 The file, looked through whole; nothing has left yet
        corrections = read_corrections(entries)
        source = open_csv(file)
        with setting.open() as connector:
            # 2 Its columns as items, shown before anything is sent
            mapping = match_columns(source.columns, connector.definition(dataset), corrections)
            _show_mapping(screen, mapping)
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
        path = None
        if ended.rejections:
            path = write_rejected(source, ended.rejections, _HEADINGS, reason_text)
        _show_ended(screen, ended, path)
        if ended.publication.state != LIVE:
            raise click.exceptions.Exit(EXIT_REFUSED)


def reason_text(reason: str, language: Language) -> str:
    """A reason for a rejection in words; the slug itself if it is a newer hub's."""
    try:
        return text(f"connector.reason.{reason}", language)
    except MessageCatalogueBroken:
        return reason


def _show_mapping(screen: Screen, mapping: ColumnMapping) -> None:
    # The mapping comes before the result, so for programs it is kept off standard output.
    screen.table(
        ["connector.table.column", "connector.table.item", "connector.table.title"],
        [
            [match.column, match.item.code, getattr(match.item, f"title_{screen.language}")]
            for match in mapping.matches
        ],
    )
    if mapping.ignored:
        screen.say("connector.publish.ignored", columns=", ".join(mapping.ignored))
    if mapping.absent:
        screen.say("connector.publish.absent", items=", ".join(i.code for i in mapping.absent))


def _show_ended(screen: Screen, ended: Published, path: Path | None) -> None:
    publication = ended.publication
    screen.say(f"connector.publish.{_state(publication)}", publication=publication.publication)
    if publication.failure is not None:
        screen.say("connector.publish.why", why=_reason(screen, publication.failure))
    report = publication.report
    if report is not None:
        numbers = {
            "read": report.read,
            "accepted": report.accepted,
            "warned": report.warned,
            "identical": report.identical,
            "rejected_rows": len({rejection.row for rejection in ended.rejections}),
            "standing": report.standing,
        }
        screen.table(
            ["connector.table.what", "connector.table.rows"],
            [[screen.words(f"connector.report.{name}"), str(n)] for name, n in numbers.items()],
        )
        if report.rejected:
            screen.table(
                ["connector.table.reason", "connector.table.count"],
                [[_reason(screen, why), str(count)] for why, count in report.rejected.items()],
            )
        for why in report.why_held:
            screen.say("connector.publish.why", why=_reason(screen, why))
    if path is not None:
        screen.say("connector.publish.rejected_file", file=str(path))
    told: dict[str, Json] = {
        "publication": publication.model_dump(mode="json"),
        "rows": ended.rows,
        "rejected_file": None if path is None else str(path),
    }
    screen.value(told)


def _reason(screen: Screen, slug: str) -> str:
    return reason_text(slug, screen.language)


def _state(publication: Publication) -> str:
    return publication.state if publication.state in {LIVE, "held", "failed"} else "discarded"

"""``connector quality``: what the hub found in a dataset's last publication, and how it changed."""

import click
from pydantic import BaseModel, ConfigDict

from catalog.finding import Finding, Items, share_words
from catalog.terminal import LocalGroup
from connectors.calls import read_model
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.commands.outcome import show_findings
from connectors.screen import Screen

MOST = 100
_WHOLE = 10_000
_SHAPES = 3
"""Shapes of an item that are shown."""


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ItemProfile(_Loose):
    """One item of a publication, in counts of rows."""

    empty: int
    faulty: int
    unlisted: int | None = None
    distinct: int
    exact: bool
    shapes: tuple[tuple[str, int], ...] = ()


class Profile(_Loose):
    """Every item of a publication."""

    mode: str
    rows: int
    items: dict[str, ItemProfile]


class Checked(_Loose):
    """A publication that the hub has checked."""

    publication: str
    state: str
    time: str
    profile: Profile
    findings: tuple[Finding, ...] = ()


class Trend(_Loose):
    """The last publications of a dataset, newest first."""

    dataset: str
    publications: tuple[Checked, ...]


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the command to ``group``."""

    @group.command("quality", cls=command_class(texts), help=texts("quality.help"))
    @click.argument("dataset", metavar=texts("args.dataset"))
    @click.option("--last", type=click.IntRange(1, MOST), default=10, help=texts("quality.last"))
    @pass_setting
    def _quality(setting: Setting, dataset: str, last: int) -> None:
        with setting.open() as connector:
            items = connector.definition(dataset).by_code
            path = f"/v1/datasets/{dataset}/quality?last={last}"
            trend = read_model(connector.calls.call("GET", path), Trend)
        _show(setting.screen, trend, items)


def _show(screen: Screen, trend: Trend, items: Items) -> None:
    screen.value(trend.model_dump(mode="json"))
    if not trend.publications:
        screen.say("connector.quality.none")
        return
    newest = trend.publications[0]
    if newest.findings:
        show_findings(screen, newest.findings, items)
    else:
        screen.say("quality.findings.none")
    profile = newest.profile
    screen.table(
        ["quality.item", "quality.empty", "quality.faulty", "quality.distinct", "quality.shapes"],
        [_line(screen, code, item, profile.rows, items) for code, item in profile.items.items()],
    )
    screen.table(
        [
            "quality.publication",
            "quality.time",
            "quality.mode",
            "quality.rows",
            "quality.findings",
        ],
        [
            [
                one.publication,
                one.time,
                screen.words(f"quality.mode.{one.profile.mode}"),
                f"{one.profile.rows:,}",
                str(len(one.findings)),
            ]
            for one in trend.publications
        ],
    )


def _line(screen: Screen, code: str, item: ItemProfile, rows: int, items: Items) -> list[str]:
    known = items.get(code)
    distinct = f"{item.distinct:,}"
    if not item.exact:
        distinct = screen.words("quality.about_so_many", count=distinct)
    return [
        code if known is None else getattr(known, f"title_{screen.language}"),
        share_words(item.empty * _WHOLE // rows if rows else 0),
        f"{item.faulty:,}",
        distinct,
        "  ".join(shape for shape, _ in item.shapes[:_SHAPES]),
    ]

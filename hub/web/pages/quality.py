"""The quality of a publication as its page shows it: findings, items with bars, and trends.

Bars are drawn as SVG with plain attributes: the page's policy allows no style of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.definition import Dataset, Item
from catalog.finding import Finding, finding_words, share_words
from catalog.messages import Language
from hub.publish.quality import kept
from hub.publish.quality.compare import share
from hub.publish.quality.kept import Checked
from hub.publish.quality.profile import ItemProfile
from hub.publish.quality.shapes import RARE
from hub.runtime import Hub

TREND = 10
WIDTH = 100
"""Of a bar, in its own units."""
COLUMN, GAP, HEIGHT = 5, 2, 20
"""Of the small columns of a trend."""
_LEAST = 1
"""Nothing that is there at all is drawn thinner."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding in words."""

    severity: str
    words: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a bar: of what, from where, how long."""

    kind: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Column:
    """One publication in a trend: where it stands, how high, and the share that it means."""

    x: int
    y: int
    height: int
    words: str
    own: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One item."""

    item: Item
    profile: ItemProfile
    bar: tuple[Part, ...]
    filled: str
    empty: str
    shapes: tuple[tuple[str, str], ...]
    other: str | None
    trend: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """All that the page shows."""

    checked: Checked
    findings: tuple[Told, ...]
    lines: tuple[Line, ...]
    history: tuple[Checked, ...]
    most_rows: int
    rare: int = RARE

    @property
    def trend_width(self) -> int:
        """Of the drawing of a trend."""
        return TREND * (COLUMN + GAP) - GAP

    def rows_bar(self, one: Checked) -> int:
        """How long the bar of a publication's rows is."""
        return max(one.profile.rows * WIDTH // self.most_rows, _LEAST) if self.most_rows else 0


def quality_of(hub: Hub, publication: str, dataset: Dataset, language: Language) -> Quality | None:
    """The quality of one publication; None if it has no profile."""
    checked = kept.checked(hub.reading, publication)
    if checked is None:
        return None
    history = kept.trend(hub.reading, dataset.code, TREND, until=checked.time)
    if all(one.publication != publication for one in history):
        # One that was discarded is in no trend but its own.
        history = [checked, *history[: TREND - 1]]
    oldest_first = history[::-1]
    found = [Finding.model_validate(one) for one in checked.findings]
    return Quality(
        checked,
        tuple(Told(one.severity, finding_words(one, dataset.by_code, language)) for one in found),
        tuple(
            _line(item, checked, oldest_first)
            for item in dataset.items
            if item.code in checked.profile.items
        ),
        tuple(history),
        max(one.profile.rows for one in history),
    )


def _line(item: Item, checked: Checked, history: Sequence[Checked]) -> Line:
    profile, rows = checked.profile.items[item.code], checked.profile.rows
    values = sum(count for _, count in profile.shapes) + profile.other
    return Line(
        item=item,
        profile=profile,
        bar=_bar(profile, rows),
        filled=share_words(share(rows - profile.empty - profile.faulty, rows)),
        empty=share_words(share(profile.empty, rows)),
        shapes=tuple(
            (shape, share_words(share(count, values))) for shape, count in profile.shapes[:3]
        ),
        other=(
            share_words(share(values - sum(n for _, n in profile.shapes[:3]), values))
            if values > sum(n for _, n in profile.shapes[:3])
            else None
        ),
        trend=tuple(_columns(item.code, history, checked.publication)),
    )


def _bar(profile: ItemProfile, rows: int) -> tuple[Part, ...]:
    counts = (
        ("empty", profile.empty),
        ("faulty", profile.faulty),
        ("warned", profile.warned),
    )
    lengths = {kind: max(count * WIDTH // rows, _LEAST) for kind, count in counts if count and rows}
    parts = [Part("filled", 0, max(WIDTH - sum(lengths.values()), 0))]
    for kind in ("warned", "faulty", "empty"):
        if kind in lengths:
            parts.append(Part(kind, parts[-1].start + parts[-1].length, lengths[kind]))
    return tuple(parts)


def _columns(code: str, history: Sequence[Checked], own: str) -> list[Column]:
    first = TREND - len(history)
    columns: list[Column] = []
    for place, one in enumerate(history, first):
        item = one.profile.items.get(code)
        empty = 0 if item is None else share(item.empty, one.profile.rows)
        height = max(empty * HEIGHT // 10_000, _LEAST)
        columns.append(
            Column(
                place * (COLUMN + GAP),
                HEIGHT - height,
                height,
                share_words(empty),
                one.publication == own,
            )
        )
    return columns

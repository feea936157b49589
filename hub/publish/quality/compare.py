"""What stands out against the last live publication of the dataset; thresholds are declared there.

Small numbers swing by themselves: nothing is compared unless both have ``ENOUGH`` rows.
"""

from collections.abc import Iterator

from catalog.definition import Dataset
from catalog.finding import Finding
from catalog.quality import Thresholds
from hub.publish.operations import FULL
from hub.publish.quality.profile import ItemProfile, Profile

ENOUGH = 100
"""Rows, or values of one item, below which nothing is compared."""
ENOUGH_DISTINCT = 20
_WHOLE = 10_000
"""All of it, in hundredths of a per cent."""


def share(part: int, whole: int) -> int:
    """A share in hundredths of a per cent, 0 of nothing."""
    return part * _WHOLE // whole if whole else 0


def outliers(dataset: Dataset, now: Profile, before: Profile | None) -> list[Finding]:
    """What is other than it was; a change set has no number of rows or values to compare."""
    if before is None or min(now.rows, before.rows) < ENOUGH:
        return []
    found: list[Finding] = []
    whole = now.mode == before.mode == FULL
    if whole:
        found += _rows(dataset.quality, now.rows, before.rows)
    for code, item in now.items.items():
        earlier = before.items.get(code)
        if earlier is not None:
            found += _item(dataset.quality, code, (item, now.rows), (earlier, before.rows))
            if whole:
                found += _distinct(dataset.quality, code, item.distinct, earlier.distinct)
    return found


def _rows(limits: Thresholds, now: int, before: int) -> Iterator[Finding]:
    if abs(now - before) * 100 > before * limits.rows_change:
        facts = {"before": before, "after": now}
        yield Finding(kind="rows-changed", severity="warn", facts=facts)


def _item(
    limits: Thresholds, code: str, now: tuple[ItemProfile, int], before: tuple[ItemProfile, int]
) -> Iterator[Finding]:
    (item, rows), (earlier, earlier_rows) = now, before
    risen = (
        ("empties-up", item.empty, earlier.empty, limits.empty_rise),
        ("unlisted-up", item.unlisted or 0, earlier.unlisted or 0, limits.unlisted_rise),
    )
    for kind, part, earlier_part, points in risen:
        was, is_now = share(earlier_part, earlier_rows), share(part, rows)
        if is_now - was > points * 100:
            facts = {"was": was, "now": is_now}
            yield Finding(kind=kind, severity="warn", item=code, facts=facts)
    yield from _shapes(limits, code, item, earlier)


def _distinct(limits: Thresholds, code: str, now: int, before: int) -> Iterator[Finding]:
    if before >= ENOUGH_DISTINCT and now * 100 <= before * (100 - limits.distinct_drop):
        facts = {"before": before, "after": now}
        yield Finding(kind="distinct-down", severity="warn", item=code, facts=facts)


def _shapes(
    limits: Thresholds, code: str, now: ItemProfile, before: ItemProfile
) -> Iterator[Finding]:
    values, earlier = (sum(rows for _, rows in one.shapes) + one.other for one in (now, before))
    if min(values, earlier) < ENOUGH:
        return
    known = {shape for shape, _ in before.shapes}
    # What is new here may have stood among the rare ones before: so many are not counted as new.
    unknown = share(before.other, earlier)
    for shape, rows in now.shapes:
        part = share(rows, values)
        if shape not in known and part - unknown > limits.new_shape * 100:
            facts = {"shape": shape, "now": part}
            yield Finding(kind="shape-new", severity="warn", item=code, facts=facts)

"""Counts the items of a publication batch by batch, beside the check of its rows.

Counts, empties and different values are of all rows, in SQL. Shapes and lengths are those of a
sample, because a shape costs 2 µs and a row of twenty items would take longer to profile than to
seal: the first ``ALL_OF`` rows, from there on each ``STEP``-th, and beyond ``FAR`` each
``LONG_STEP``-th, which stands for as many. Rows are chosen by their number, so the profile of a
file is the same in whatever batches it comes.
"""

# ruff: noqa: S608 all SQL is made of places in the definition

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from catalog.definition import Dataset, Item
from hub.publish.fragments import VALUE_SEPARATOR
from hub.publish.quality.distinct import KEPT, Distinct
from hub.publish.quality.profile import ItemProfile, Profile
from hub.publish.quality.shapes import RARE, TOP, measured, shape_of
from hub.publish.reasons import INVALID, VALID, refusal

ALL_OF = 4096
STEP = 61
FAR = 1 << 17
LONG_STEP = 401
"""Primes, so that they are in step with nothing that repeats in a file."""

Row = tuple[int | str | None, ...]
Query = Callable[[str], Sequence[Row]]
"""Runs SQL over the table ``chunk`` (``statement.check_rows``) and gives all rows."""


@dataclass(slots=True)
class _Seen:
    """What was seen of one item."""

    item: Item
    column: str | None
    """Its hashes; None if the source does not have it."""
    sound: int = 0
    faulty: int = 0
    unlisted: int = 0
    warned: int = 0
    distinct: Distinct = field(default_factory=Distinct)
    looked_at: Counter[str] = field(default_factory=Counter)
    standing_for: Counter[str] = field(default_factory=Counter)
    shortest: int = 0
    longest: int = 0
    characters: int = 0
    lengths: int = 0


def stands_for(row: int) -> int:
    """How many rows one that is looked at stands for, by its number."""
    return 1 if row <= ALL_OF else STEP if row <= FAR else LONG_STEP


class Profiler:
    """The profile of one publication; ``columns`` names the hashes of an item by its place."""

    def __init__(
        self,
        dataset: Dataset,
        present: Sequence[str],
        column: Callable[[int], str],
        *,
        mode: str,
        counted: str,
    ) -> None:
        self._mode = mode
        self._counted = counted
        self._rows = 0
        self._looked_at = 0
        self._seen = [
            _Seen(item, column(place) if item.code in present else None)
            for place, item in enumerate(dataset.items)
        ]
        self._present = [one for one in self._seen if one.column is not None]
        self._shaped = [
            (place, one, shape, measured(one.item))
            for place, one in enumerate(self._seen)
            if one.column is not None and (shape := shape_of(one.item)) is not None
        ]

    def take(self, query: Query) -> None:
        """Count the rows in ``chunk``."""
        self._count(query)
        for one in self._present:
            hashes = query(
                f"SELECT DISTINCT {one.column} FROM chunk WHERE {one.column} <="
                f" {one.distinct.below}::UBIGINT ORDER BY 1 LIMIT {KEPT}"
            )
            one.distinct.add(int(hash_ or 0) for (hash_,) in hashes)
        self._look(query)

    def profile(self) -> Profile:
        """The profile of all that was taken."""
        return Profile(
            self._mode,
            self._rows,
            self._looked_at,
            {one.item.code: self._item(one) for one in self._seen},
        )

    def _count(self, query: Query) -> None:
        columns = ", ".join(f"count({one.column})" for one in self._present)
        ((rows, remarked, *sound),) = query(
            f"SELECT count(*), count(why), {columns} FROM chunk WHERE {self._counted}"
        )
        self._rows += int(rows or 0)
        for one, count in zip(self._present, sound, strict=True):
            one.sound += int(count or 0)
        if remarked:
            self._count_faults(query)

    def _count_faults(self, query: Query) -> None:
        """Rows with something to say about an item are few; the others have no ``why``."""
        required = refusal("required")
        code = refusal("code")
        counts = ", ".join(
            f"count(*) FILTER ({why} >= {INVALID} AND {why} <> {required}),"
            f" count(*) FILTER ({why} = {code}),"
            f" count(*) FILTER ({why} > {VALID} AND {why} < {INVALID})"
            for why in (f"why[{place}]" for place in range(1, len(self._seen) + 1))
        )
        (found,) = query(f"SELECT {counts} FROM chunk WHERE why IS NOT NULL AND {self._counted}")
        for place, one in enumerate(self._seen):
            faulty, unlisted, warned = found[3 * place : 3 * place + 3]
            one.faulty += int(faulty or 0)
            one.unlisted += int(unlisted or 0)
            one.warned += int(warned or 0)

    def _look(self, query: Query) -> None:
        lines = query(
            "SELECT source, line FROM chunk WHERE line IS NOT NULL"
            f" AND source % CASE WHEN source <= {ALL_OF} THEN 1 WHEN source <= {FAR} THEN {STEP}"
            f" ELSE {LONG_STEP} END = 0 AND {self._counted}"
        )
        self._looked_at += len(lines)
        for source, line in lines:
            values = str(line).split(VALUE_SEPARATOR)
            weight = stands_for(int(source or 0))
            for place, one, shape, with_length in self._shaped:
                value = values[place]
                if not value:
                    continue
                found = shape(value)
                one.looked_at[found] += 1
                one.standing_for[found] += weight
                if with_length:
                    length = len(value)
                    one.characters += length * weight
                    one.lengths += weight
                    one.longest = max(one.longest, length)
                    one.shortest = min(one.shortest or length, length)

    def _item(self, one: _Seen) -> ItemProfile:
        common = sorted(
            (shape for shape, rows in one.looked_at.items() if rows >= RARE),
            key=lambda shape: (-one.standing_for[shape], shape),
        )[:TOP]
        return ItemProfile(
            empty=self._rows - one.sound - one.faulty,
            faulty=one.faulty,
            unlisted=one.unlisted if one.item.codes is not None else None,
            warned=one.warned,
            distinct=one.distinct.count,
            exact=one.distinct.exact,
            lengths=(
                (one.shortest, one.longest, round(one.characters / one.lengths))
                if one.lengths
                else None
            ),
            shapes=tuple((shape, one.standing_for[shape]) for shape in common),
            other=one.standing_for.total() - sum(one.standing_for[shape] for shape in common),
        )

"""What the profile of a publication holds: counts only, by item.

It is kept for as long as the publication, its digest stands in the ledger, and all of it may be
shown to the dataset's own department. Nothing in it is a value of a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from certs.canonical import Json, canonical
from certs.encoding import digest


@dataclass(frozen=True, slots=True)
class ItemProfile:
    """One item. Of ``rows`` it is empty in ``empty``, and rejected for itself in ``faulty``.

    ``unlisted`` are those of the faulty that are out of the code list, None if there is no list;
    ``warned`` stand with a doubt. ``distinct`` is exact if ``exact`` says so. ``shapes`` with their
    rows, most first, are estimated from the rows looked at like ``other``, the rows of all other
    shapes; ``lengths`` are the shortest, the longest and the mean in characters.
    """

    empty: int
    faulty: int
    unlisted: int | None
    warned: int
    distinct: int
    exact: bool
    lengths: tuple[int, int, int] | None
    shapes: tuple[tuple[str, int], ...]
    other: int

    def to_json(self) -> dict[str, Json]:
        """As it is kept and shown."""
        return {
            "distinct": self.distinct,
            "empty": self.empty,
            "exact": self.exact,
            "faulty": self.faulty,
            "lengths": None if self.lengths is None else list(self.lengths),
            "other": self.other,
            "shapes": [[shape, rows] for shape, rows in self.shapes],
            "unlisted": self.unlisted,
            "warned": self.warned,
        }

    @classmethod
    def of_json(cls, raw: Mapping[str, Json]) -> "ItemProfile":
        """What ``to_json`` gave."""
        lengths = cast("list[int] | None", raw["lengths"])
        return cls(
            empty=cast("int", raw["empty"]),
            faulty=cast("int", raw["faulty"]),
            unlisted=cast("int | None", raw["unlisted"]),
            warned=cast("int", raw["warned"]),
            distinct=cast("int", raw["distinct"]),
            exact=cast("bool", raw["exact"]),
            lengths=None if lengths is None else (lengths[0], lengths[1], lengths[2]),
            shapes=tuple((one[0], one[1]) for one in cast("list[tuple[str, int]]", raw["shapes"])),
            other=cast("int", raw["other"]),
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """All rows that were read, doubles included, but the deletes of a change set.

    ``looked_at`` are the accepted rows from which shapes and lengths come.
    """

    mode: str
    rows: int
    looked_at: int
    items: Mapping[str, ItemProfile]

    def to_json(self) -> dict[str, Json]:
        """As it is kept and shown."""
        return {
            "items": {code: item.to_json() for code, item in self.items.items()},
            "looked_at": self.looked_at,
            "mode": self.mode,
            "rows": self.rows,
        }

    @classmethod
    def of_json(cls, raw: Mapping[str, Json]) -> "Profile":
        """What ``to_json`` gave."""
        items = cast("dict[str, dict[str, Json]]", raw["items"])
        return cls(
            mode=cast("str", raw["mode"]),
            rows=cast("int", raw["rows"]),
            looked_at=cast("int", raw["looked_at"]),
            items={code: ItemProfile.of_json(item) for code, item in items.items()},
        )

    @property
    def digest(self) -> str:
        """What the ledger binds."""
        return digest(canonical(self.to_json()))

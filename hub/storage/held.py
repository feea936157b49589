"""Records that nobody publishes, materials and licences, as those who follow them are told."""

from typing import NamedTuple, Protocol

from catalog.definition import Dataset


class Place(NamedTuple):
    """A place in the order of a dataset: an entry's position, an id, and which row of it."""

    changed: int
    id: str = ""
    part: int = 0


class Held(NamedTuple):
    """A record with its place, whether or not a lookup shows it.

    ``values`` is None for one that is not shown, ``subject`` for one of which nothing is left that
    could name it. ``kind`` is what kind of number the subject's is, ``until`` the last day on which
    the clock leaves the record as it is, "" if for ever.
    """

    place: Place
    subject: str | None
    row_key: tuple[str, ...]
    values: list[str] | None
    kind: str = ""
    until: str = ""


class Holding(Protocol):
    """Records of one kind in the order of their newest entries; all raise ``SealBroken``."""

    def newest(self, dataset: Dataset) -> int:
        """Where the newest entry of them stands; -1 if there is none."""

    def in_order(self, dataset: Dataset, after: Place, limit: int) -> list[Held]:
        """The records behind a place."""

    def of(self, dataset: Dataset, subject: str) -> list[Held]:
        """All records of a subject, also those that are not shown."""

    def ending(
        self, dataset: Dataset, days: tuple[str, str], after: Place, limit: int
    ) -> list[Held]:
        """Records that are shown and whose last day may lie between two days, by id.

        From the first day, and before the second; only ``until`` says whether it does.
        """

    def nameless_since(self, dataset: Dataset, position: int) -> bool:
        """Whether anything was destroyed at or behind a position that was told before."""

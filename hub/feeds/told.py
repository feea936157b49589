"""What a page tells of, and how: changes, steps, and rows that can be followed."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from hub.feeds.cursor import Cursor
from hub.lookup.batch_ask import Subject


class Told(NamedTuple):
    """One change. ``values`` is None for what is removed.

    ``subject`` is None where nothing is left that could name it. ``record`` is what the row is
    called by; ``asked`` is whom the change is told of, with the case, if subjects were chosen.
    ``kind`` is what kind of number the subject's is, "" where that can be seen by the number.
    """

    subject: str | None
    record: bytes
    values: list[str] | None
    disputed: bool = False
    asked: Subject | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Some changes and where they lead. ``ends`` is a reset's; ``more`` may be asked for."""

    told: list[Told]
    cursor: Cursor
    more: bool
    ends: bool = False


class Going(Enum):
    """What a subject does between the cursor and now, and so what is told of it."""

    STAYS = "stays"
    """Of its rows those that have changed."""
    JOINS = "joins"
    """Nothing of it was told: all of its rows that stand, and of no other that there ever was."""
    RETURNS = "returns"
    """Some of it may have been told: all of its rows that stand, and what has gone since."""
    LEAVES = "leaves"
    """All that may have been told of it is removed."""


class Rows(Protocol):
    """What is followed, at one epoch; all raise ``GenerationGone`` or ``SealBroken``.

    ``place`` is up to where there is anything: a version, or a position in the log.
    """

    place: int

    def reaches(self, cursor: Cursor, *, chosen: bool) -> bool:
        """Whether everything that changed since is known: else only a reset makes a copy right."""

    def first(self, cursor: Cursor, *, chosen: bool) -> Cursor:
        """Where a reset begins."""

    def step(self, cursor: Cursor, room: int) -> Step:
        """The next changes of all, at most ``room``."""

    def marked(self, pseudonym: bytes, subject: str, cursor: Cursor) -> Iterator[Told]:
        """The row that a mark is about, as it stands now."""

    def of_subject(
        self, asked: Subject, subject: str, cursor: Cursor, marked: AbstractSet[bytes], going: Going
    ) -> Iterator[Told]:
        """What of a subject's rows is to be told; ``subject`` is its number in normal form.

        ``marked`` are the records whose marks have changed since.
        """

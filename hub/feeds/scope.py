"""Whom a feed is about, if not about everybody.

A list that came with the question, or the parties of the department's open cases.
Subjects are gone through in an order that stays, so that a page can end between any two.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from certs.canonical import canonical
from certs.encoding import digest
from hub.feeds.cursor import Cursor
from hub.feeds.told import Going
from hub.lookup.batch_ask import Subject


class Member(NamedTuple):
    """A subject at its place in the order, and what it does between the cursor and now."""

    key: str
    asked: Subject
    going: Going


class Scope(Protocol):
    """Chosen subjects.

    ``name`` is a digest of the choice, ``turn`` the position of the newest entry that changed who
    is among them.
    """

    name: str
    turn: int

    def reaches(self, cursor: Cursor) -> bool:
        """Whether everybody who has come and gone since is known."""

    def members(self, cursor: Cursor) -> Sequence[Member]:
        """Everybody of whom anything may have to be told, in order; ``cursor`` is in a round."""


class Listed:
    """Subjects that came with the question."""

    turn = -1

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.name = digest(canonical([[kind, text] for kind, text, _ in subjects]))
        self._subjects = subjects

    def reaches(self, cursor: Cursor) -> bool:  # noqa: ARG002 another list has another name
        """They are the same."""
        return True

    def members(self, cursor: Cursor) -> Sequence[Member]:
        """As they came."""
        going = Going.JOINS if cursor.phase == "reset" else Going.STAYS
        return [Member(f"{place:06}", one, going) for place, one in enumerate(self._subjects)]

"""A page of a feed as it is decided and read, before anything of it is entered."""

from typing import NamedTuple

from certs.canonical import Json
from hub.feeds.ask import Followed
from hub.lookup.batch_ask import Subject
from hub.lookup.decide import Refusal
from hub.lookup.several import Decided, refuse_each


class Page(NamedTuple):
    """What was decided and told; ``leads`` is what the page says of itself, None for a refusal."""

    decided: Decided
    leads: dict[str, Json] | None = None
    changes: int = 0
    turn: int | None = None
    """Up to where open cases were looked at, if they were."""


def refused(refusal: Refusal, asked: Followed, *, claims: bool = True) -> Page:
    """The same refusal for each subject named; of a whole dataset, one that names nobody."""
    subjects: list[Subject | None] = [None] if asked.subjects is None else [*asked.subjects]
    return Page(refuse_each(refusal, subjects, claims=claims))

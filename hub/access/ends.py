"""When a grant has ended, and when the authority looks at it again.

A grant ends by revocation, by its time, or with the last of its purposes (政务数据共享条例, Art 27:
what was shared for a purpose is disposed of when that purpose ends).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hub.access.grant import Grant
from hub.clock import DAY

Why: TypeAlias = Literal["revoked", "expired", "purposes"]


@dataclass(frozen=True, slots=True)
class End:
    """Why a grant has ended, and when; ``at`` is None where nothing tells it any more."""

    why: Why
    at: int | None


def end_of(grant: Grant, ended_purposes: Mapping[str, int | None], now: int) -> End | None:
    """How a grant has ended by ``now``; None while it goes on.

    ``ended_purposes`` are all that have ended, as ``purposes.ends`` gives them. What came first
    counts: a grant that is revoked after its time ended with its time.
    """
    found: list[End] = []
    if grant.status == "revoked":
        found.append(End("revoked", grant.ended))
    if grant.valid_until <= now:
        found.append(End("expired", grant.valid_until))
    if grant.purposes <= ended_purposes.keys():
        moments = [ended_purposes[code] for code in grant.purposes]
        known = [moment for moment in moments if moment is not None]
        found.append(End("purposes", max(known) if len(known) == len(moments) else None))
    return min(found, key=_first, default=None)


def review_at(grant: Grant, days: int) -> int | None:
    """By when a grant is to be reviewed; None if it ends before: then its end is its review.

    ``days`` is how long it goes without one where nobody has said when (``grants.review_days``).
    """
    since = grant.valid_from if grant.reviewed is None else grant.reviewed
    moment = since + days * DAY if grant.review_by is None else grant.review_by
    return moment if moment < grant.valid_until else None


def _first(end: End) -> int:
    return 2**53 if end.at is None else end.at

"""What was found in a publication, and whether a steward must look at it first."""

from collections.abc import Mapping
from dataclasses import dataclass

from certs.canonical import Json
from hub.publish.checker import Tally
from hub.publish.reasons import REASONS

REJECTED_SHARE = 20
"""Held when more than one row in so many is rejected: 5 %."""
STANDING_SHARE = (4, 5)
"""Held when this share of what stood before, or less, stands now: 20 % fewer."""

MANY_REJECTED = "rejected-share"
FEWER_ROWS = "fewer-rows"
CONNECTOR_SUSPENDED = "connector-suspended"


@dataclass(frozen=True, slots=True)
class Report:
    """Rows read = accepted + identical + all rejected.

    ``warned`` counts accepted rows of which a value warns, ``rejected`` rows by their first reason,
    ``standing`` the rows that were live before. ``suspended`` says that whoever sent them no longer
    stood at the end.
    """

    read: int
    accepted: int
    warned: int
    identical: int
    rejected: Mapping[str, int]
    standing: int
    suspended: bool = False

    @classmethod
    def of(cls, tally: Tally, standing: int) -> "Report":
        """The report of everything counted."""
        return cls(
            read=tally.read,
            accepted=tally.read - tally.identical - tally.rejected.total(),
            warned=tally.warned,
            identical=tally.identical,
            rejected=_by_slug(tally.rejected),
            standing=standing,
        )

    @property
    def why_held(self) -> tuple[str, ...]:
        """Why it must be released by a steward; empty if it need not."""
        reasons: list[str] = []
        if sum(self.rejected.values()) * REJECTED_SHARE > self.read:
            reasons.append(MANY_REJECTED)
        part, whole = STANDING_SHARE
        if self.standing and self.accepted * whole <= self.standing * part:
            reasons.append(FEWER_ROWS)
        if self.suspended:
            reasons.append(CONNECTOR_SUSPENDED)
        return tuple(reasons)

    def to_json(self) -> dict[str, Json]:
        """As it is stored, entered and shown."""
        return {
            "read": self.read,
            "accepted": self.accepted,
            "warned": self.warned,
            "identical": self.identical,
            "rejected": dict(self.rejected),
            "standing": self.standing,
            "why_held": list(self.why_held),
        }


def _by_slug(rejected: Mapping[int, int]) -> dict[str, int]:
    """Counts by slug; two numbers may have one."""
    counts: dict[str, int] = {}
    for number in sorted(rejected):
        slug = REASONS[number]
        counts[slug] = counts.get(slug, 0) + rejected[number]
    return counts

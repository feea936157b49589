"""What was found in a publication, and whether a steward must look at it first."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from catalog.definition import Dataset
from catalog.finding import Finding
from catalog.quality import Thresholds
from certs.canonical import Json
from hub.publish.checker import Tally
from hub.publish.orders import Changed, Written
from hub.publish.quality import findings as quality
from hub.publish.quality.profile import Profile
from hub.publish.reasons import REASONS

MANY_REJECTED = "rejected-share"
FEWER_ROWS = "fewer-rows"
CONNECTOR_SUSPENDED = "connector-suspended"


@dataclass(frozen=True, slots=True)
class Report:
    """Rows read = accepted + identical + all rejected.

    Of a change set, read = accepted + superseded + all rejected, and accepted = upserted + deleted
    + absent (``orders.Changed``); ``rows`` is how many stand with it.

    ``warned`` counts accepted rows of which a value warns, ``rejected`` rows by their first reason,
    ``standing`` the rows that were live before. ``suspended`` says that whoever sent them no longer
    stood at the end. ``findings`` are what stands out, ``profile`` the digest of the profile, and
    ``limits`` what the dataset's definition bears.
    """

    read: int
    accepted: int
    warned: int
    identical: int
    rejected: Mapping[str, int]
    standing: int
    suspended: bool = False
    changed: Changed | None = None
    rows: int = 0
    findings: tuple[Finding, ...] = ()
    profile: str | None = None
    limits: Thresholds = field(default_factory=Thresholds)

    @classmethod
    def of_changes(cls, tally: Tally, standing: int, written: Written) -> "Report":
        """The report of a change set."""
        changed = written.changed
        report = cls.of(tally, standing)
        superseded = 0 if changed is None else changed.superseded
        return replace(
            report, accepted=report.accepted - superseded, changed=changed, rows=written.rows
        )

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

    def judged(self, dataset: Dataset, profile: Profile, findings: tuple[Finding, ...]) -> "Report":
        """With what its profile shows, and held as the definition says."""
        return replace(self, findings=findings, profile=profile.digest, limits=dataset.quality)

    @property
    def why_held(self) -> tuple[str, ...]:
        """Why it must be released by a steward; empty if it need not."""
        reasons: list[str] = []
        if sum(self.rejected.values()) * 100 > self.read * self.limits.max_rejected:
            reasons.append(MANY_REJECTED)
        left = self.accepted if self.changed is None else self.rows
        fewer = left * 100 <= self.standing * (100 - self.limits.max_drop)
        if fewer and left < self.standing:
            reasons.append(FEWER_ROWS)
        reasons += quality.why_held(self.findings)
        if self.suspended:
            reasons.append(CONNECTOR_SUSPENDED)
        return tuple(reasons)

    def to_json(self) -> dict[str, Json]:
        """As it is stored, entered and shown."""
        changed: dict[str, Json] = {}
        if self.changed is not None:
            changed = {**asdict(self.changed), "rows": self.rows}
        return {
            "read": self.read,
            "accepted": self.accepted,
            "warned": self.warned,
            "identical": self.identical,
            "rejected": dict(self.rejected),
            "standing": self.standing,
            "why_held": list(self.why_held),
            "findings": [finding.to_json() for finding in self.findings],
            "profile": self.profile,
            **changed,
        }


def _by_slug(rejected: Mapping[int, int]) -> dict[str, int]:
    """Counts by slug; two numbers may have one."""
    counts: dict[str, int] = {}
    for number in sorted(rejected):
        slug = REASONS[number]
        counts[slug] = counts.get(slug, 0) + rejected[number]
    return counts

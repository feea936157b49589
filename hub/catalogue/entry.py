"""What a catalogue entry 数据目录 says of itself, and how far it has come: one frozen document.

    draft → assessed → approved → reviewed → published ⇄ suspended → withdrawn
        ↖ returned (once: all reasons are told at once)

An entry that is published can have a next edition, which goes the same way from ``draft`` on while
the published one goes on serving. Nothing in it names a person: who drafted and who approved stands
in the *person* parts of the entries in the ledger.
"""

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints

from certs.canonical import Json
from hub.access.document import Document, Gap
from hub.access.grant import Instant, Slug
from hub.access.reason import Reason

Stage: TypeAlias = Literal["draft", "assessed", "approved", "reviewed", "published"]
"""How far an edition has come."""
Status: TypeAlias = Literal[
    "draft", "assessed", "approved", "reviewed", "published", "suspended", "withdrawn"
]
"""The stage of a first edition until it is published; from then on what of the entry stands."""
Result: TypeAlias = Literal["passed", "conditional", "failed"]
"""通过, 附条件通过, 不通过."""

OURS: frozenset[Stage] = frozenset({"draft", "assessed"})
"""Stages in which an edition lies with its provider's steward."""
THEIRS: frozenset[Stage] = frozenset({"approved", "reviewed"})
"""Stages in which it lies with the authority."""
OPENED: frozenset[Status] = frozenset({"published", "suspended"})
"""What can have a next edition."""
MOST_DAYS = 5
"""Working days by which an update may be extended (政务数据共享条例, Art 17)."""

_NUMBER = re.compile(r"[0-9]{14}")


def _nobody(text: str) -> str:
    """References are for ever in the log; what looks like a resident's number is no document."""
    if _NUMBER.search(text):
        raise ValueError("number-of-a-person")
    return text


Reference = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=200),
    AfterValidator(_nobody),
]
"""By what a document is found, such as its number 文号; never the name of a person."""
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class Assessment(Document):
    """One of the two assessments that come before an entry opens (Art 13)."""

    result: Result
    reference: Reference
    day: Day


class Assessments(Document):
    """保密风险评估 and 个人信息保护影响评估, as far as they are there."""

    secrecy: Assessment | None = None
    privacy: Assessment | None = None


class OnRecord(Document):
    """What must be on record of an entry that was opened elsewhere before."""

    secrecy: Assessment
    privacy: Assessment
    approval: Reference


class Approval(Document):
    """The approval by the provider's head; ``signed`` is None where it was given elsewhere."""

    reference: Reference
    signed: Instant | None


class Edition(Document):
    """One version of an entry; ``definition`` is the digest of its TOML."""

    number: Annotated[int, Field(ge=1)]
    stage: Stage
    definition: Digest
    drafted: Instant
    assessments: Assessments = Assessments()
    approval: Approval | None = None
    review_due: Instant | None = None
    """When the authority's period to review and publish ends."""
    reviewed: Instant | None = None
    published: Instant | None = None
    returned: tuple[Gap, ...] = ()
    """What the authority found; it is told once."""


class Extension(Document):
    """The one extension of an update's period: asked for, and consented to by the authority."""

    reason: Reason
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    consented: Instant | None = None


class Update(Document):
    """A change is known that the entry does not tell yet: the period of its update runs."""

    since: Instant
    due: Instant
    noted: str = ""
    """What has changed, if a steward noted it before anything was drafted."""
    extension: Extension | None = None


class EntryState(Document):
    """An entry as it stands in one version of its record; times are RFC 3339."""

    code: Slug
    version: int
    status: Status
    provider: Slug
    editions: tuple[Edition, ...] = ()
    """Those that were published, in their order; the last one is what stands."""
    next: Edition | None = None
    """The edition that is on its way."""
    update: Update | None = None
    adopted: bool = False
    """Published elsewhere before, and taken over by this hub with what was on record."""
    reason: str = ""
    """Why it is suspended or withdrawn."""

    @property
    def standing(self) -> Edition | None:
        """The edition that was published last."""
        return self.editions[-1] if self.editions else None

    @property
    def newest(self) -> Edition | None:
        """The edition on its way, or else the one that stands."""
        return self.next or self.standing

    @property
    def due(self) -> Instant | None:
        """When the clock ends that runs now: the authority's, or else the provider's."""
        if self.next is not None and self.next.stage in THEIRS:
            return self.next.review_due
        return None if self.update is None else self.update.due

    def state(self) -> dict[str, Json]:
        """The whole state, as entries of the ledger and the API give it."""
        state: dict[str, Json] = self.model_dump(mode="json")
        return state

"""What an objection says, and how far it has come. Its whole state is one frozen document.

    open → confirmed 核实无误 | corrected 更正 | rejected 不予受理
    open → withdrawn

Nothing in it names a person: whom it is about, the values and the reasons are sealed apart from it
(``content.py``), and it holds their digests.
"""

from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from certs.canonical import Json
from hub.access.grant import Instant, Slug

Outcome: TypeAlias = Literal["confirmed", "corrected", "rejected"]
Status: TypeAlias = Literal["open", "confirmed", "corrected", "rejected", "withdrawn"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
STATUSES: tuple[Status, ...] = get_args(Status)

REASON = range(2, 2001)
"""How many characters a reason has."""
LONGEST_VALUE = 4000
"""Characters of a value, as ``catalog/values.py`` bounds them."""
LONGEST_EVIDENCE = 500
MOST_ITEMS = 200


def _ordered(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


Codes = Annotated[
    tuple[Slug, ...], Field(min_length=1, max_length=MOST_ITEMS), AfterValidator(_ordered)
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=REASON.start, max_length=REASON.stop - 1),
]
Value = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_VALUE)]
Values = Annotated[dict[Slug, Value], Field(max_length=MOST_ITEMS)]


class Document(BaseModel):
    """A part of an objection."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Subject(Document):
    """Whom the record is about."""

    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
    id: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Claim(Document):
    """What a department says: of whom, which items, why; and what it thinks is right.

    ``match`` names the record where a subject has several: values of granted items. Without it all
    records of the subject are meant.
    """

    subject: Subject
    items: Codes
    reason: Reason
    match: Values = Field(default_factory=dict)
    values: Values = Field(default_factory=dict)
    """By item the value thought right."""
    evidence: Annotated[str, StringConstraints(max_length=LONGEST_EVIDENCE)] = ""
    """Where the evidence is: a file number, a certificate."""


class Objection(Document):
    """An objection as it stands in one version; times are RFC 3339, codes local to the hub."""

    id: str
    version: int
    status: Status
    department: Slug
    """Who raised it."""
    dataset: Slug
    provider: Slug
    items: Codes
    raised: Instant
    entry: int
    """The position of the entry with which it was raised."""
    due: Instant | None
    """When the period of the answer ends (Art 26); None once it is answered."""
    content: str
    """Digest of what was raised, as sealed."""
    answer: str | None = None
    """Digest of the provider's reason, as sealed."""
    ended: Instant | None = None
    publication: str | None = None
    """The publication that corrected it."""
    corrected: int | None = None
    """The position of the entry with which the value was right, or the record gone."""
    told: Instant | None = None
    """When those were told who had received the value."""
    notices: int = 0

    def state(self) -> dict[str, Json]:
        """The whole state, as entries and API give it."""
        state: dict[str, Json] = self.model_dump(mode="json")
        return state

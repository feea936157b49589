"""A delegation 委托: for which services another department's window may use this one's grants.

    draft → signed → active → revoked
    draft, signed → revoked

It gives nothing that the delegating department does not hold itself: each question is decided under
a grant of that department, and the delegation only narrows it. So none can be delegated on. Its
whole state is one frozen document, in which nothing names a person.
"""

from functools import cached_property
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from certs.canonical import Json
from certs.encoding import from_rfc3339
from hub.access.grant import AskChannel, Instant, Slug

Status: TypeAlias = Literal["draft", "signed", "active", "revoked"]
MOST = 100
"""Services, purposes and datasets that one delegation names at most."""
_MOST_ITEMS = 500


def _ordered(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


DelegationId = Annotated[str, StringConstraints(pattern=r"^D-[0-9a-f]{12}$")]
ServiceCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A service's code, a whole one: what stands for several is no code."""
Named = Annotated[tuple[Slug, ...], Field(max_length=MOST), AfterValidator(_ordered)]
Items = Annotated[tuple[Slug, ...], Field(max_length=_MOST_ITEMS), AfterValidator(_ordered)]
Services = Annotated[
    tuple[ServiceCode, ...], Field(min_length=1, max_length=MOST), AfterValidator(_ordered)
]
Purposes = Annotated[
    tuple[Slug, ...], Field(min_length=1, max_length=MOST), AfterValidator(_ordered)
]
Channels = Annotated[tuple[AskChannel, ...], Field(min_length=1), AfterValidator(_ordered)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class Terms(BaseModel):
    """What the delegating department states.

    ``datasets`` and ``items`` narrow the grants; empty, they leave them as wide as they are.
    ``daily_cap`` counts beside the grants' own quotas; None counts and limits nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Slug
    services: Services
    purposes: Purposes
    datasets: Named = ()
    items: Items = ()
    channels: Channels
    valid_from: Instant
    valid_until: Instant
    daily_cap: Annotated[int, Field(ge=1, le=10**9)] | None = None
    basis: Reason

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if from_rfc3339(self.valid_from) >= from_rfc3339(self.valid_until):
            raise ValueError("valid_until")
        return self

    @cached_property
    def begins(self) -> int:
        """From when it is valid, in milliseconds."""
        return from_rfc3339(self.valid_from)

    @cached_property
    def ends(self) -> int:
        """Until when it is valid, exclusive, in milliseconds."""
        return from_rfc3339(self.valid_until)


class Delegation(Terms):
    """A delegation as it stands in one version; ``department`` is whose grants are used."""

    id: DelegationId
    version: int
    status: Status
    department: Slug
    created: Instant
    signed: Instant | None = None
    accepted: Instant | None = None
    revoked: Instant | None = None
    ended: Annotated[str, StringConstraints(max_length=500)] = ""
    """Why it was revoked."""

    @property
    def terms(self) -> Terms:
        """What it states, without how far it has come."""
        return Terms.model_validate({name: getattr(self, name) for name in Terms.model_fields})

    def moved(self, **members: Json) -> "Delegation":
        """It with other members, read anew: a copy would keep what was reckoned of the old."""
        return Delegation.model_validate({**self.model_dump(), **members})

    def stands(self, now: int) -> bool:
        """Whether it is accepted, not revoked, and in its time."""
        return self.status == "active" and self.begins <= now < self.ends

    def state(self) -> dict[str, Json]:
        """The whole state, as entries and API give it; codes are local to the hub."""
        state: dict[str, Json] = self.model_dump(mode="json")
        return state

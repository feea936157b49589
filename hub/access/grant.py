"""A grant 授权: which items of a dataset a department may ask for, for what, how, and how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from catalog.masks import Mask
from certs.canonical import Json, canonical
from certs.encoding import from_rfc3339, rfc3339

Operation: TypeAlias = Literal["lookup", "verify", "view", "feed"]
AskChannel: TypeAlias = Literal["connector", "console"]
GrantStatus: TypeAlias = Literal["active", "suspended", "revoked"]

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Instant = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]


class Terms(BaseModel):
    """What an administrator decides of a grant; everything is checked on every call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    department: Slug
    dataset: Slug
    operations: frozenset[Operation] = Field(min_length=1)
    channels: frozenset[AskChannel] = Field(min_length=1)
    items: dict[Slug, Mask] = Field(min_length=1, max_length=500)
    purposes: frozenset[Slug] = Field(min_length=1, max_length=100)
    valid_from: Instant
    valid_until: Instant
    daily_quota: Annotated[int, Field(ge=1, le=10**9)] | None = None
    case_required: bool = False
    existence: bool = False
    basis: Annotated[str, StringConstraints(max_length=500)] = ""
    application: Annotated[str, StringConstraints(pattern=r"^A-[0-9a-f]{12}$")] | None = None
    """The application that it comes from; None for one that an administrator issued by hand."""
    review_by: Instant | None = None
    """By when the authority looks at it again; None: as the settings have it, from its beginning
    or its last review on (``hub/access/ends.py``)."""

    @model_validator(mode="after")
    def _in_order(self) -> "Terms":
        if from_rfc3339(self.valid_from) >= from_rfc3339(self.valid_until):
            raise ValueError("valid_until")
        return self


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant as it stands in one version; times are milliseconds since 1970 UTC."""

    id: str
    version: int
    status: GrantStatus
    department: str
    dataset: str
    operations: frozenset[str]
    channels: frozenset[str]
    items: Mapping[str, Mask]
    purposes: frozenset[str]
    valid_from: int
    valid_until: int
    daily_quota: int | None
    case_required: bool
    existence: bool
    basis: str
    application: str | None = None
    review_by: int | None = None
    reviewed: int | None = None
    """When the authority last reviewed it."""
    ended: int | None = None
    """When it was revoked; None also for one that was revoked before this was written down."""

    def stands(self, now: int) -> bool:
        """Whether it is active and in its time."""
        return self.status == "active" and self.valid_from <= now < self.valid_until

    def state(self) -> dict[str, Json]:
        """The whole state, as entries and API give it; codes are local to the hub."""
        return {
            "application": self.application,
            "basis": self.basis,
            "case_required": self.case_required,
            "channels": sorted(self.channels),
            "daily_quota": self.daily_quota,
            "dataset": self.dataset,
            "department": self.department,
            "ended": None if self.ended is None else rfc3339(self.ended),
            "existence": self.existence,
            "id": self.id,
            "items": dict(self.items),
            "operations": sorted(self.operations),
            "purposes": sorted(self.purposes),
            "review_by": None if self.review_by is None else rfc3339(self.review_by),
            "reviewed": None if self.reviewed is None else rfc3339(self.reviewed),
            "status": self.status,
            "valid_from": rfc3339(self.valid_from),
            "valid_until": rfc3339(self.valid_until),
            "version": self.version,
        }

    def terms(self) -> Terms:
        """What was decided of it, without where it stands."""
        state: dict[str, object] = {**self.state()}
        for name in STANDING:
            del state[name]
        return Terms.model_validate(state)

    def json(self) -> str:
        """The state as canonical JSON, as the database keeps it."""
        return canonical(self.state()).decode("utf-8")


STANDING = ("id", "version", "status", "ended", "reviewed")
"""The members of a state that are not terms: where the grant stands."""


def grant_of(
    terms: Terms,
    grant_id: str,
    version: int,
    status: GrantStatus,
    *,
    reviewed: int | None = None,
    ended: int | None = None,
) -> Grant:
    """A grant of these terms."""
    return Grant(
        id=grant_id,
        version=version,
        status=status,
        department=terms.department,
        dataset=terms.dataset,
        operations=frozenset(terms.operations),
        channels=frozenset(terms.channels),
        items=dict(terms.items),
        purposes=terms.purposes,
        valid_from=from_rfc3339(terms.valid_from),
        valid_until=from_rfc3339(terms.valid_until),
        daily_quota=terms.daily_quota,
        case_required=terms.case_required,
        existence=terms.existence,
        basis=terms.basis,
        application=terms.application,
        review_by=_moment(terms.review_by),
        reviewed=reviewed,
        ended=ended,
    )


def read_grant(state: str) -> Grant:
    """A stored grant; raises ``ValidationError`` if the row was damaged."""
    raw: dict[str, object] = orjson.loads(state)
    grant_id, version, status = raw.pop("id"), raw.pop("version"), raw.pop("status")
    # Rows from before there were reviews have neither.
    reviewed, ended = raw.pop("reviewed", None), raw.pop("ended", None)
    terms = Terms.model_validate(raw)
    if not isinstance(grant_id, str) or type(version) is not int:
        raise TypeError("grant")
    if status not in {"active", "suspended", "revoked"}:
        raise TypeError("grant")
    return grant_of(
        terms, grant_id, version, status, reviewed=_moment(reviewed), ended=_moment(ended)
    )


def _moment(written: object) -> int | None:
    return None if written is None else from_rfc3339(str(written))

"""The tables of services, rules, cases and commitments; what names a person is sealed or keyed."""

from sqlmodel import Field, SQLModel


class ServiceRow(SQLModel, table=True):
    """One version of a service 政务服务事项; the newest is in force while it is active."""

    __tablename__ = "services"
    code: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    department: str = Field(foreign_key="departments.code")
    definition: bytes
    """The TOML as registered."""
    status: str
    """``active`` or ``ended``."""


class RuleSetRow(SQLModel, table=True):
    """One version of a set of rules; the newest is in force while it is active."""

    __tablename__ = "rule_sets"
    code: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    definition: bytes
    status: str


class CaseRow(SQLModel, table=True):
    """A case. Who it is about, what was given and what was found stand sealed in it."""

    __tablename__ = "cases"
    id: str = Field(primary_key=True)
    department: str = Field(foreign_key="departments.code", index=True)
    status: str
    """``open``, ``concluded`` or ``withdrawn``."""
    version: int
    request: int = Field(unique=True, index=True)
    """63 bits over who opened it and the ``request_id``."""
    asked: bytes
    """16 bytes of a digest over the request: a retry must have the same."""
    entry: int
    """Where its newest entry stands."""
    applicant: bytes | None = Field(default=None, index=True)
    """Keyed digest of the applicant: by it broken promises are found."""
    key: bytes
    """Wrapped; seals the content. Empty, as ``sealed``, once that was destroyed."""
    sealed: bytes
    state: str
    """What the newest entry says of it."""
    touched: int = Field(default=0, index=True)
    """When it was last changed, which reading it does not."""


class CommitmentRow(SQLModel, table=True):
    """Something that was promised in a case 容缺后补, 告知承诺; times in milliseconds."""

    __tablename__ = "commitments"
    case_id: str = Field(primary_key=True, foreign_key="cases.id")
    number: int = Field(primary_key=True)
    kind: str
    """``later`` or ``promise``."""
    status: str = Field(index=True)
    """``open``, ``fulfilled``, ``checked`` or ``failed``."""
    due: int
    settled: int | None = None

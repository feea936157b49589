"""Tables of what happens to a grant between its issue and its end; emergency stops.

Each holds the whole state of its thing as canonical JSON, as the entries do, and beside it what is
searched for. Accounts of those who drafted stand here and in no *control* part.
"""

from sqlmodel import Field, Index, SQLModel


class DispositionRow(SQLModel, table=True):
    """A disposition 处置 of a grant: asked for, suspended, put right, resumed or terminated."""

    __tablename__ = "dispositions"
    id: str = Field(primary_key=True)
    grant_id: str = Field(foreign_key="grants.id", index=True)
    version: int
    status: str
    state: str
    drafted_by: str | None = None
    """The account that wrote the report which the department's head is to sign."""


class DisposalRow(SQLModel, table=True):
    """How a department has disposed 处置 of what it received under a grant that has ended."""

    __tablename__ = "disposals"
    grant_id: str = Field(primary_key=True, foreign_key="grants.id")
    version: int
    signed: bool
    state: str
    drafted_by: str


class UsageStatementRow(SQLModel, table=True):
    """What a department states of its use of a grant (政务数据共享条例, Art 29); all are kept."""

    __tablename__ = "usage_statements"
    id: str = Field(primary_key=True)
    """Grant and version, as ``G-0123456789ab/2``."""
    grant_id: str = Field(foreign_key="grants.id", index=True)
    version: int
    state: str


class StopRow(SQLModel, table=True):
    """An emergency stop 紧急停用 of a dataset, a department or a connector."""

    __tablename__ = "stops"
    __table_args__ = (Index("ix_stops_what", "what", "code"),)
    id: str = Field(primary_key=True)
    what: str
    code: str
    status: str
    """``standing`` or ``lifted``."""
    state: str

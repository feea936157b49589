"""The tables of delegations 委托."""

from sqlmodel import Field, Index, SQLModel


class DelegationRow(SQLModel, table=True):
    """A delegation: its whole state as canonical JSON, by version."""

    __tablename__ = "delegations"
    __table_args__ = (Index("ix_delegations_sides", "department", "to_department"),)
    id: str = Field(primary_key=True)
    department: str = Field(foreign_key="departments.code")
    """Whose grants are used."""
    to_department: str = Field(foreign_key="departments.code")
    """Whose window uses them."""
    status: str
    version: int
    valid_until: int
    state: str
    drafted_by: str
    """The account that wrote what the head is to sign."""


class DelegatedRow(SQLModel, table=True):
    """An entry of a question that was asked under a delegation, and that its grant knew."""

    __tablename__ = "delegated"
    delegation: str = Field(primary_key=True)
    position: int = Field(primary_key=True)

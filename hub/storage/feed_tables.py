"""Tables of feeds; they name nobody."""

from sqlmodel import Field, Index, SQLModel


class MarkChangeRow(SQLModel, table=True):
    """One change of one record's mark; whom it is about stands in the entry at ``position``."""

    __tablename__ = "mark_changes"
    __table_args__ = (Index("ix_mark_changes_dataset", "dataset", "position"),)
    position: int = Field(primary_key=True)
    dataset: str = Field(foreign_key="datasets.code")
    pseudonym: bytes = Field(index=True)
    kind: str


class CaseTurnRow(SQLModel, table=True):
    """When the parties of a case came to a department's open cases, and left them.

    The department handles the case, or implements a service of it. Whom it is about stands sealed
    in the case.
    """

    __tablename__ = "case_turns"
    __table_args__ = (Index("ix_case_turns_turned", "department", "turned"),)
    department: str = Field(primary_key=True, foreign_key="departments.code")
    case_id: str = Field(primary_key=True, foreign_key="cases.id")
    status: str
    """``open`` or ``ended``; ``left`` once the department has nothing to do with it any more."""
    opened: int
    """Where the entry stands with which it became one of the department's."""
    turned: int
    """Where the newest entry stands that changed whom it brings."""
    lost: int
    """Where the newest entry stands that took somebody out of it; -1 if none did."""

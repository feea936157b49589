"""Tables of feeds."""

from sqlmodel import Field, Index, SQLModel


class MarkChangeRow(SQLModel, table=True):
    """One change of one record's mark; whom it is about stands in the entry at ``position``."""

    __tablename__ = "mark_changes"
    __table_args__ = (Index("ix_mark_changes_dataset", "dataset", "position"),)
    position: int = Field(primary_key=True)
    dataset: str = Field(foreign_key="datasets.code")
    pseudonym: bytes = Field(index=True)
    kind: str

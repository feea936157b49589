"""The tables of catalogue entries: their states, and every definition that counts."""

from sqlmodel import Field, SQLModel


class EntryRow(SQLModel, table=True):
    """A catalogue entry 数据目录: its whole state as canonical JSON, by version."""

    __tablename__ = "catalogue_entries"
    code: str = Field(primary_key=True)
    department: str = Field(foreign_key="departments.code", index=True)
    status: str
    version: int
    due: int | None = Field(default=None, index=True)
    classification: str | None = Field(default=None, index=True)
    """The code by 类/项/目/细目 of what is published."""
    drafted_classification: str | None = Field(default=None, index=True)
    """The same of what is being drafted."""
    state: str
    drafted_by: str | None = None
    """The account that last wrote what the provider's head is to approve."""


class DefinitionRow(SQLModel, table=True):
    """A definition by its digest: what is published, is drafted, or was published before.

    Publications and generations name the one that they were begun and sealed under.
    """

    __tablename__ = "definitions"
    digest: str = Field(primary_key=True)
    dataset: str = Field(index=True)
    definition: bytes

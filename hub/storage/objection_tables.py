"""The tables of objections, as SQLModel keeps them."""

from sqlmodel import Field, SQLModel


class ObjectionRow(SQLModel, table=True):
    """An objection 校核: its state as canonical JSON, and apart from it what is sealed."""

    __tablename__ = "objections"
    id: str = Field(primary_key=True)
    department: str = Field(foreign_key="departments.code", index=True)
    """Who raised it."""
    dataset: str = Field(foreign_key="datasets.code")
    provider: str = Field(foreign_key="departments.code", index=True)
    status: str = Field(index=True)
    version: int
    due: int | None = None
    told: int | None = None
    """When those were told who had received the value; None where nobody is to be, or not yet."""
    state: str
    content: bytes
    """Whom it is about, the values and the reason, sealed (``hub/objections/content.py``)."""
    answer: bytes | None = None
    """The provider's reason, sealed."""


class DisputeRow(SQLModel, table=True):
    """Who holds a record for disputed; its mark stands for as long as there is one."""

    __tablename__ = "disputes"
    pseudonym: bytes = Field(primary_key=True)
    by: str = Field(primary_key=True, index=True)
    """``provider``, or the id of an objection."""

"""The tables of materials 共享材料; what names a person in them is sealed or a keyed digest."""

from sqlmodel import Field, Index, SQLModel


class MaterialRow(SQLModel, table=True):
    """A material on file. Its pieces lie in the store of objects under its id."""

    __tablename__ = "materials"
    __table_args__ = (Index("ix_materials_changed", "dataset", "changed", "id"),)
    id: str = Field(primary_key=True)
    dataset: str = Field(foreign_key="datasets.code")
    department: str = Field(foreign_key="departments.code")
    """The department that filed it first."""
    tag: bytes = Field(index=True)
    """Keyed digest of dataset and subject: by it the subject's materials are found."""
    twin: bytes | None = Field(unique=True)
    """Keyed digest of dataset, subject and file; unique; None once the material is withdrawn."""
    key: bytes
    """The key that seals its pieces and metadata, wrapped; empty once it was destroyed."""
    media_type: str
    size: int
    thumbnail: bool
    digest: str
    """Keyed digest of the file, as the entry tells it."""
    version: int
    """The newest version of its metadata."""
    status: str
    """``usable``, ``suspended``, ``withdrawn`` or ``destroyed``."""
    filed: int = Field(index=True)
    changed: int = 0
    """Where its newest entry stands, also that of its destruction: the order of a feed."""


class MaterialFilingRow(SQLModel, table=True):
    """One version of a material's metadata, and which department says so."""

    __tablename__ = "material_filings"
    material: str = Field(primary_key=True, foreign_key="materials.id")
    version: int = Field(primary_key=True)
    department: str
    sealed: bytes
    until: str | None = Field(default=None, index=True)
    """Its last day, by which the clock finds it; empty without one. What counts is sealed."""


class MaterialUploadRow(SQLModel, table=True):
    """A material on its way; its id is the material's, if it becomes one."""

    __tablename__ = "material_uploads"
    __table_args__ = (Index("ix_material_uploads_token", "asker", "token", unique=True),)
    id: str = Field(primary_key=True)
    asker: str
    token: str
    dataset: str = Field(foreign_key="datasets.code")
    department: str
    keyid: str | None
    """The certificate under which it was begun: it is filed while that stands."""
    key: bytes
    """Wrapped; empty once the upload has ended."""
    sealed: bytes
    """Subject, metadata and digest as they were said; empty once it has ended."""
    said: bytes
    """Keyed digest of the same: under one token one thing is said."""
    media_type: str
    size: int
    state: str
    """``receiving``, ``filed``, ``known`` (the same stood already), ``refused``, ``given-up``."""
    created: int
    material: str | None = None
    """What became of it, or what stood already."""
    failure: str | None = None
    swept: bool = False
    """Nothing of it is left in the store that is not a material's."""

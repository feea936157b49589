"""The tables of e-licences 电子证照; what names a person in them is sealed or a keyed digest."""

from sqlmodel import Field, Index, SQLModel


class LicenceTypeRow(SQLModel, table=True):
    """A type of licence as registered, and who issues it."""

    __tablename__ = "licence_types"
    code: str = Field(primary_key=True)
    type_code: str = Field(unique=True)
    definition: bytes
    issuers: str
    """JSON: by department, name and credit code of the body as they stand on a licence."""
    status: str
    """``active`` or ``suspended``: of a suspended one nothing is issued."""


class LicenceRow(SQLModel, table=True):
    """A licence as it stands."""

    __tablename__ = "licences"
    __table_args__ = (
        Index("ix_licences_token", "department", "token", unique=True),
        Index("ix_licences_ending", "valid_until"),
        Index("ix_licences_changed", "type", "changed", "id"),
    )
    id: str = Field(primary_key=True)
    type: str = Field(foreign_key="licence_types.code")
    department: str = Field(foreign_key="departments.code")
    """The department that issued it."""
    holder: bytes = Field(index=True)
    """Keyed digest of type and holder: by it the holder's licences are found."""
    identifier: bytes = Field(unique=True)
    """Keyed digest of its identifier."""
    number: bytes | None = Field(unique=True)
    """Keyed digest of type, issuer and number; None once it can never be in force again."""
    token: str
    """Under which its department asked for it: one token, one licence."""
    said: bytes
    """Keyed digest of what was asked for under the token."""
    key: bytes
    """The key that seals its content and notes, wrapped."""
    sealed: bytes
    note: bytes
    """What explains its status, sealed; empty if nothing does."""
    version: int
    """Counts its entries."""
    status: str
    valid_until: str
    """Its last day, by which the clock finds it; empty without one. What counts is sealed."""
    issued: int
    changed: int = 0
    """Where the newest entry stands that changed what a lookup tells: the order of a feed."""
    replaces: str | None = None
    """The licence in whose place it was issued 换证, and below the one that took its place."""
    replaced_by: str | None = None


class LicenceCredentialRow(SQLModel, table=True):
    """The place of one credential in a status list; never given twice, never removed."""

    __tablename__ = "licence_credentials"
    __table_args__ = (Index("ix_licence_credentials_licence", "licence", "number", unique=True),)
    list: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    licence: str = Field(foreign_key="licences.id")
    number: int
    """Counts the credentials of the licence."""
    salt: bytes
    """With it the entry binds list and place without telling them; when it was made stands at its
    beginning (``hub/licences/credentials.py``)."""


class LicencePaperRow(SQLModel, table=True):
    """A licence that was printed."""

    __tablename__ = "licence_papers"
    __table_args__ = (Index("ix_licence_papers_licence", "licence", "number", unique=True),)
    code: bytes = Field(primary_key=True)
    """Digest of what the square code holds."""
    licence: str = Field(foreign_key="licences.id")
    number: int
    pdf: bytes = Field(unique=True)
    """Digest of the file."""
    made: int
    language: str | None = None
    """In which it is shown to those who view it under a grant; None for the issuer's own print."""
    sealed: bytes | None = None
    """Of what is shown: what the square code holds, sealed, to print the same once more."""


class StatusListRow(SQLModel, table=True):
    """A status list: what outsiders are told of credentials by their places."""

    __tablename__ = "status_lists"
    number: int = Field(primary_key=True)
    version: int
    packed: bytes
    taken: int
    """Places that belong to somebody."""
    position: int
    """The entry that tells the digest of what is packed."""

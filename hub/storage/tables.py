"""The control plane's tables, as SQLModel keeps them.

Input is never parsed into these classes: they skip validation. The hot path reads the same rows
through its driver (``hub/access/standing.py``). Times are milliseconds since 1970 UTC.
"""

from sqlmodel import Field, Index, SQLModel


class DepartmentRow(SQLModel, table=True):
    """A department 部门."""

    __tablename__ = "departments"
    code: str = Field(primary_key=True)
    title_zh: str
    title_en: str
    status: str


class ConnectorRow(SQLModel, table=True):
    """A connector 连接器 of a department."""

    __tablename__ = "connectors"
    urn: str = Field(primary_key=True)
    department: str = Field(foreign_key="departments.code")
    status: str


class CertificateRow(SQLModel, table=True):
    """A connector's certificate; old ones are kept for evidence."""

    __tablename__ = "certificates"
    keyid: str = Field(primary_key=True)
    connector: str = Field(foreign_key="connectors.urn", index=True)
    der: bytes
    line: str
    """The key id of the first certificate of this line of renewal."""
    not_before: int
    not_after: int
    status: str


class InvitationRow(SQLModel, table=True):
    """A single-use, expiring enrolment token, by its digest."""

    __tablename__ = "invitations"
    token_digest: str = Field(primary_key=True)
    connector: str = Field(foreign_key="connectors.urn")
    expires: int
    used: int | None = None
    keyid: str | None = None
    """The certificate that it gave, once it has been used."""


class PersonRow(SQLModel, table=True):
    """A person who works with the hub: officer, steward, administrator, auditor."""

    __tablename__ = "people"
    account: str = Field(primary_key=True)
    name: str
    department: str | None = Field(default=None, foreign_key="departments.code")
    roles: str
    """Roles in alphabetical order, separated by spaces."""
    password: str
    """argon2id, encoded."""
    status: str
    sessions_from: int
    """Sessions issued before this time have ended."""
    must_change: bool
    """Somebody else has set the password: it has to be changed before anything is done."""


class PurposeRow(SQLModel, table=True):
    """A purpose 用途: a service or a statutory duty with its legal basis."""

    __tablename__ = "purposes"
    code: str = Field(primary_key=True)
    kind: str
    title_zh: str
    title_en: str
    basis: str
    status: str
    ended: int | None = None
    """When it ended; None while it goes on, and for one that ended before this was kept."""


class DatasetRow(SQLModel, table=True):
    """A dataset 数据资源: its definition and the pointer to what is live."""

    __tablename__ = "datasets"
    code: str = Field(primary_key=True)
    department: str = Field(foreign_key="departments.code")
    definition: bytes
    """The TOML as registered."""
    status: str
    generation: str | None = None
    version: int = 0
    as_of: int = 0
    sequence: int = 0
    """The number of the last change set that stands; 0 before the first."""


class GenerationRow(SQLModel, table=True):
    """A sealed generation of a dataset; its keys are wrapped by the master key."""

    __tablename__ = "generations"
    name: str = Field(primary_key=True)
    dataset: str = Field(foreign_key="datasets.code", index=True)
    keys: bytes
    row_count: int
    digest: str
    state: str
    """``sealing``, ``held``, ``live`` or ``retired``."""
    keyed: bool = False
    """Its rows are found by their row key, so it takes change sets."""
    seals: int = 0
    """What its key has sealed, at least: taken before it is used."""
    definition: str | None = None
    """The digest of the definition whose items its rows hold, in their order."""


class PublicationRow(SQLModel, table=True):
    """One publication on its way to a generation, or into the one that stands."""

    __tablename__ = "publications"
    __table_args__ = (Index("ix_publications_token", "connector", "dataset", "token", unique=True),)
    id: str = Field(primary_key=True)
    dataset: str = Field(foreign_key="datasets.code", index=True)
    connector: str
    keyid: str
    """The certificate under which it was begun: it goes live while that stands."""
    columns: str
    """Item codes in the order of the columns, separated by spaces."""
    key: bytes
    """The key that seals its chunks and rejections, wrapped."""
    state: str
    created: int
    done: int = 0
    total: int = 0
    chunks: int | None = None
    """How many chunks there are, once the connector has said so."""
    report: str | None = None
    generation: str | None = None
    """That of a full one from its first row on, of a change set once it is live."""
    failure: str | None = None
    mode: str = "full"
    """``full`` or ``changes``."""
    sequence: int | None = None
    """The number of a change set, or of the last one that a full publication holds."""
    token: str | None = None
    """What its connector chose, so as to ask again for the same one."""
    definition: str | None = None
    """The digest of the definition under which it was begun."""
    live: int | None = None
    """The position of the entry with which it went live; None for one from before that was kept."""


class ChangeSetRow(SQLModel, table=True):
    """A change set that is being written into the generation that stands, or is held."""

    __tablename__ = "change_sets"
    publication: str = Field(primary_key=True, foreign_key="publications.id")
    generation: str
    version: int
    """The version that its rows come and end with: one more than the one that stands."""
    row_count: int = 0
    """The rows that stand with it, once all is written."""
    digest: str = ""


class GrantRow(SQLModel, table=True):
    """A grant 授权: its whole state as canonical JSON, by version."""

    __tablename__ = "grants"
    id: str = Field(primary_key=True)
    department: str = Field(foreign_key="departments.code", index=True)
    dataset: str = Field(foreign_key="datasets.code", index=True)
    version: int
    status: str
    state: str


class ApplicationRow(SQLModel, table=True):
    """An application 共享申请: its whole state as canonical JSON, by version."""

    __tablename__ = "applications"
    id: str = Field(primary_key=True)
    department: str = Field(foreign_key="departments.code", index=True)
    dataset: str = Field(foreign_key="datasets.code")
    provider: str = Field(foreign_key="departments.code", index=True)
    status: str
    version: int
    due: int | None = Field(default=None, index=True)
    state: str
    drafted_by: str
    """The account that wrote what the applicant's head is to sign."""
    prepared_by: str | None = None
    """The account that wrote what the provider's head is to sign."""


class CalendarDayRow(SQLModel, table=True):
    """A day that an administrator has said to be worked or off."""

    __tablename__ = "calendar_days"
    day: str = Field(primary_key=True)
    """As ``2027-02-05``."""
    working: bool
    basis: str


class MarkRow(SQLModel, table=True):
    """A dispute or repair of one record, by a pseudonym that outlives generations."""

    __tablename__ = "marks"
    pseudonym: bytes = Field(primary_key=True)
    dataset: str = Field(foreign_key="datasets.code", index=True)
    kind: str


class SigningKeyRow(SQLModel, table=True):
    """A key of the hub's own that has its time: what it is for, and from when until when.

    Private halves and secrets lie in files (``hub/keys/files.py``), never here.
    """

    __tablename__ = "signing_keys"
    id: str = Field(primary_key=True)
    use: str
    """``receipt``, ``checkpoint``, ``session`` or ``master``."""
    status: str
    """``waiting`` (a master key that is not used yet), ``active`` or ``retired``."""
    since: int
    until: int | None = None
    """When it ends, once that is known: it signs no more from then on."""
    certificate: bytes | None = None
    issuing: bytes | None = None
    """The authority that issued the certificate."""
    copied: int | None = None
    """When a copy of a master key was last compared with it."""


class KeptKeyRow(SQLModel, table=True):
    """A key that outlives master keys, wrapped by the one of now."""

    __tablename__ = "kept_keys"
    label: str = Field(primary_key=True)
    wrapped: bytes


class PersonKeyRow(SQLModel, table=True):
    """A key that seals *person* parts of one retention class and month, for one process."""

    __tablename__ = "person_keys"
    id: int | None = Field(default=None, primary_key=True)
    retention: str
    month: str
    wrapped: bytes | None
    """None once it has been erased."""


class ProfileRow(SQLModel, table=True):
    """The profile of a publication (``hub/publish/quality/profile.py``): counts, no values."""

    __tablename__ = "profiles"
    publication: str = Field(primary_key=True, foreign_key="publications.id")
    dataset: str = Field(foreign_key="datasets.code", index=True)
    time: int
    body: str
    """Canonical JSON; its digest stands in the report."""

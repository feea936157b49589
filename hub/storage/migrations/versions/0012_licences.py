"""Licences: types, what was issued, credentials and papers of it, status lists."""

from alembic import op

from hub.errors import StorageRefused

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE licence_types (
        code VARCHAR NOT NULL PRIMARY KEY,
        type_code VARCHAR NOT NULL UNIQUE,
        definition BLOB NOT NULL,
        issuers VARCHAR NOT NULL,
        status VARCHAR NOT NULL
    )
    """,
    """
    CREATE TABLE licences (
        id VARCHAR NOT NULL PRIMARY KEY,
        type VARCHAR NOT NULL REFERENCES licence_types (code),
        department VARCHAR NOT NULL REFERENCES departments (code),
        holder BLOB NOT NULL,
        identifier BLOB NOT NULL UNIQUE,
        number BLOB UNIQUE,
        token VARCHAR NOT NULL,
        said BLOB NOT NULL,
        key BLOB NOT NULL,
        sealed BLOB NOT NULL,
        note BLOB NOT NULL,
        version INTEGER NOT NULL,
        status VARCHAR NOT NULL,
        valid_until VARCHAR NOT NULL,
        issued INTEGER NOT NULL
    )
    """,
    "CREATE INDEX ix_licences_holder ON licences (holder)",
    "CREATE UNIQUE INDEX ix_licences_token ON licences (department, token)",
    "CREATE INDEX ix_licences_ending ON licences (valid_until)",
    """
    CREATE TABLE licence_credentials (
        list INTEGER NOT NULL,
        place INTEGER NOT NULL,
        licence VARCHAR NOT NULL REFERENCES licences (id),
        number INTEGER NOT NULL,
        salt BLOB NOT NULL,
        PRIMARY KEY (list, place)
    ) WITHOUT ROWID
    """,
    "CREATE UNIQUE INDEX ix_licence_credentials_licence ON licence_credentials (licence, number)",
    """
    CREATE TABLE licence_papers (
        code BLOB NOT NULL PRIMARY KEY,
        licence VARCHAR NOT NULL REFERENCES licences (id),
        number INTEGER NOT NULL,
        pdf BLOB NOT NULL UNIQUE,
        made INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE UNIQUE INDEX ix_licence_papers_licence ON licence_papers (licence, number)",
    """
    CREATE TABLE status_lists (
        number INTEGER NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        packed BLOB NOT NULL,
        taken INTEGER NOT NULL,
        position INTEGER NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

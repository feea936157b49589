"""Materials: what is on file, what is said of it, and what is on its way."""

from alembic import op

from hub.errors import StorageRefused

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE materials (
        id VARCHAR NOT NULL PRIMARY KEY,
        dataset VARCHAR NOT NULL REFERENCES datasets (code),
        department VARCHAR NOT NULL REFERENCES departments (code),
        tag BLOB NOT NULL,
        twin BLOB UNIQUE,
        key BLOB NOT NULL,
        media_type VARCHAR NOT NULL,
        size INTEGER NOT NULL,
        thumbnail BOOLEAN NOT NULL,
        digest VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        status VARCHAR NOT NULL,
        filed INTEGER NOT NULL
    )
    """,
    "CREATE INDEX ix_materials_tag ON materials (tag)",
    """
    CREATE TABLE material_filings (
        material VARCHAR NOT NULL REFERENCES materials (id),
        version INTEGER NOT NULL,
        department VARCHAR NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (material, version)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE material_uploads (
        id VARCHAR NOT NULL PRIMARY KEY,
        asker VARCHAR NOT NULL,
        token VARCHAR NOT NULL,
        dataset VARCHAR NOT NULL REFERENCES datasets (code),
        department VARCHAR NOT NULL,
        keyid VARCHAR,
        key BLOB NOT NULL,
        sealed BLOB NOT NULL,
        said BLOB NOT NULL,
        media_type VARCHAR NOT NULL,
        size INTEGER NOT NULL,
        state VARCHAR NOT NULL,
        created INTEGER NOT NULL,
        material VARCHAR,
        failure VARCHAR,
        swept BOOLEAN NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX ix_material_uploads_token ON material_uploads (asker, token)",
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

"""Objections, and what those are told who received the value."""

from alembic import op

from hub.errors import StorageRefused

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE objections (
        id VARCHAR NOT NULL PRIMARY KEY,
        department VARCHAR NOT NULL REFERENCES departments (code),
        dataset VARCHAR NOT NULL REFERENCES datasets (code),
        provider VARCHAR NOT NULL REFERENCES departments (code),
        status VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        due INTEGER,
        told INTEGER,
        state VARCHAR NOT NULL,
        content BLOB NOT NULL,
        answer BLOB
    )
    """,
    "CREATE INDEX ix_objections_department ON objections (department)",
    "CREATE INDEX ix_objections_provider ON objections (provider)",
    "CREATE INDEX ix_objections_status ON objections (status)",
    # Who holds a record for disputed: its provider, or an objection by its id.
    """
    CREATE TABLE disputes (
        pseudonym BLOB NOT NULL,
        by VARCHAR NOT NULL,
        PRIMARY KEY (pseudonym, by)
    )
    """,
    "CREATE INDEX ix_disputes_by ON disputes (by)",
    "INSERT INTO disputes SELECT pseudonym, 'provider' FROM marks WHERE kind = 'disputed'",
    # The entry with which a publication went live; NULL for those from before.
    "ALTER TABLE publications ADD COLUMN live INTEGER",
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

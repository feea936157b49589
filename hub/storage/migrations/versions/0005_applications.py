"""Applications, and the days that an administrator has corrected."""

from alembic import op

from hub.errors import StorageRefused

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE applications (
        id VARCHAR NOT NULL PRIMARY KEY,
        department VARCHAR NOT NULL REFERENCES departments (code),
        dataset VARCHAR NOT NULL REFERENCES datasets (code),
        provider VARCHAR NOT NULL REFERENCES departments (code),
        status VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        due INTEGER,
        state VARCHAR NOT NULL,
        drafted_by VARCHAR NOT NULL,
        prepared_by VARCHAR
    )
    """,
    "CREATE INDEX ix_applications_department ON applications (department)",
    "CREATE INDEX ix_applications_provider ON applications (provider)",
    "CREATE INDEX ix_applications_due ON applications (due)",
    """
    CREATE TABLE calendar_days (
        day VARCHAR NOT NULL PRIMARY KEY,
        working BOOLEAN NOT NULL,
        basis VARCHAR NOT NULL
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

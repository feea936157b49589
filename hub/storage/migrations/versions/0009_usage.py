"""Reviews, disposals, emergency stops, and what users state of their use."""

from alembic import op

from hub.errors import StorageRefused

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE dispositions (
        id VARCHAR NOT NULL PRIMARY KEY,
        grant_id VARCHAR NOT NULL REFERENCES grants (id),
        version INTEGER NOT NULL,
        status VARCHAR NOT NULL,
        state VARCHAR NOT NULL,
        drafted_by VARCHAR
    )
    """,
    "CREATE INDEX ix_dispositions_grant_id ON dispositions (grant_id)",
    """
    CREATE TABLE disposals (
        grant_id VARCHAR NOT NULL PRIMARY KEY REFERENCES grants (id),
        version INTEGER NOT NULL,
        signed BOOLEAN NOT NULL,
        state VARCHAR NOT NULL,
        drafted_by VARCHAR NOT NULL
    )
    """,
    """
    CREATE TABLE usage_statements (
        id VARCHAR NOT NULL PRIMARY KEY,
        grant_id VARCHAR NOT NULL REFERENCES grants (id),
        version INTEGER NOT NULL,
        state VARCHAR NOT NULL
    )
    """,
    "CREATE INDEX ix_usage_statements_grant_id ON usage_statements (grant_id)",
    """
    CREATE TABLE stops (
        id VARCHAR NOT NULL PRIMARY KEY,
        what VARCHAR NOT NULL,
        code VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        state VARCHAR NOT NULL
    )
    """,
    "CREATE INDEX ix_stops_what ON stops (what, code)",
    # When a purpose ended: grants that serve no other have ended with it.
    "ALTER TABLE purposes ADD COLUMN ended INTEGER",
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

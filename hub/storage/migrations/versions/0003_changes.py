"""Change sets: rows that come and go between two full publications.

``keyed`` says that a generation's rows are found by their row key alone; those from before are
not, and take no changes. ``seals`` counts what a generation's key has sealed, at least.
``change_sets`` has those that are under way or held.
"""

from alembic import op

from hub.errors import StorageRefused

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE datasets ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE generations ADD COLUMN keyed BOOLEAN NOT NULL DEFAULT 0",
    "ALTER TABLE generations ADD COLUMN seals INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE publications ADD COLUMN mode VARCHAR NOT NULL DEFAULT 'full'",
    "ALTER TABLE publications ADD COLUMN sequence INTEGER",
    "ALTER TABLE publications ADD COLUMN token VARCHAR",
    """
    CREATE UNIQUE INDEX ix_publications_token ON publications (connector, dataset, token)
    """,
    """
    CREATE TABLE change_sets (
        publication VARCHAR NOT NULL,
        generation VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        row_count INTEGER NOT NULL,
        digest VARCHAR NOT NULL,
        PRIMARY KEY (publication),
        FOREIGN KEY(publication) REFERENCES publications (id)
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

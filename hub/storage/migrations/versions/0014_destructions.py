"""Destructions of materials and cases' contents, since when a case has rested; licences renewed."""

from alembic import op

from hub.errors import StorageRefused

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE destructions (
        position INTEGER PRIMARY KEY,
        what VARCHAR NOT NULL,
        listed INTEGER NOT NULL,
        completed INTEGER
    )
    """,
    "ALTER TABLE cases ADD COLUMN touched INTEGER NOT NULL DEFAULT 0",
    # Later than it was: what is kept longer than it had to be harms less than what is gone early.
    "UPDATE cases SET touched = (SELECT last_time FROM ledger_head)",
    "CREATE INDEX ix_cases_touched ON cases (touched)",
    "CREATE INDEX ix_materials_filed ON materials (filed)",
    "ALTER TABLE licences ADD COLUMN replaces VARCHAR",
    "ALTER TABLE licences ADD COLUMN replaced_by VARCHAR",
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

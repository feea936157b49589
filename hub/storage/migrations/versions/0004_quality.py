"""Profiles: what the items of each publication looked like, in counts.

Nothing in a profile is a value of a row. Its digest stands in the publication's entry.
"""

from alembic import op

from hub.errors import StorageRefused

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE profiles (
        publication VARCHAR NOT NULL,
        dataset VARCHAR NOT NULL,
        time INTEGER NOT NULL,
        body VARCHAR NOT NULL,
        PRIMARY KEY (publication),
        FOREIGN KEY(publication) REFERENCES publications (id),
        FOREIGN KEY(dataset) REFERENCES datasets (code)
    )
    """,
    "CREATE INDEX ix_profiles_dataset ON profiles (dataset)",
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

"""Prints of licences that are shown to those who view them, and the newest repeat of a question.

A view that was asked again is answered anew, and its pieces are given by that answer.
"""

from alembic import op

from hub.errors import StorageRefused

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE licence_papers ADD COLUMN language VARCHAR",
    "ALTER TABLE licence_papers ADD COLUMN sealed BLOB",
    "ALTER TABLE questions ADD COLUMN newest INTEGER",
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

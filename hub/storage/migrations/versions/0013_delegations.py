"""Delegations, and which entries were made under one."""

from alembic import op

from hub.errors import StorageRefused

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE delegations (
        id VARCHAR NOT NULL PRIMARY KEY,
        department VARCHAR NOT NULL REFERENCES departments (code),
        to_department VARCHAR NOT NULL REFERENCES departments (code),
        status VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        valid_until INTEGER NOT NULL,
        state VARCHAR NOT NULL,
        drafted_by VARCHAR NOT NULL
    )
    """,
    "CREATE INDEX ix_delegations_sides ON delegations (department, to_department)",
    """
    CREATE TABLE delegated (
        delegation VARCHAR NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (delegation, position)
    ) WITHOUT ROWID
    """,
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

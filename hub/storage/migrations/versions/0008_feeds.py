"""Changes of marks, in order, so that those who follow a dataset are told.

Whoever follows keeps how far it has come in its cursor; nothing of it is kept here. Marks from
before are read from their entries, whose *control* is open to the hub.
"""

from alembic import op
from sqlalchemy import text

from certs.encoding import unb64u
from hub.errors import StorageRefused

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE mark_changes (
        position INTEGER NOT NULL,
        dataset VARCHAR NOT NULL,
        pseudonym BLOB NOT NULL,
        kind VARCHAR NOT NULL,
        PRIMARY KEY (position),
        FOREIGN KEY(dataset) REFERENCES datasets (code)
    )
    """,
    "CREATE INDEX ix_mark_changes_dataset ON mark_changes (dataset, position)",
    "CREATE INDEX ix_mark_changes_pseudonym ON mark_changes (pseudonym)",
)
_BEFORE = """
    SELECT position, json_extract(CAST(control AS TEXT), '$.state.dataset'),
        json_extract(CAST(control AS TEXT), '$.state.pseudonym'),
        json_extract(CAST(control AS TEXT), '$.state.kind')
    FROM entries WHERE CAST(leaf AS TEXT) LIKE '%"kind":"mark"%'
"""
_INSERT = "INSERT INTO mark_changes VALUES (:position, :dataset, :pseudonym, :kind)"


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)
    connection = op.get_bind()
    for position, dataset, pseudonym, kind in connection.execute(text(_BEFORE)).fetchall():
        row = {"position": position, "dataset": dataset, "kind": kind}
        connection.execute(text(_INSERT), row | {"pseudonym": unb64u(pseudonym)})


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

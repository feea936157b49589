"""The order in which materials, licences and open cases are told to those who follow.

What stands already gets its place from the log, whose *control* is open to the hub. The last day
of a material's validity is sealed, so of what was filed before it is not known here and stays NULL.
"""

from collections.abc import Iterable
from typing import Any

from alembic import op
from sqlalchemy import Row, text

from hub.errors import StorageRefused

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE materials ADD COLUMN changed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE licences ADD COLUMN changed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE material_filings ADD COLUMN until VARCHAR",
    "CREATE INDEX ix_materials_changed ON materials (dataset, changed, id)",
    "CREATE INDEX ix_licences_changed ON licences (type, changed, id)",
    "CREATE INDEX ix_material_filings_until ON material_filings (until)",
    """
    CREATE TABLE case_turns (
        department VARCHAR NOT NULL REFERENCES departments (code),
        case_id VARCHAR NOT NULL REFERENCES cases (id),
        status VARCHAR NOT NULL,
        opened INTEGER NOT NULL,
        turned INTEGER NOT NULL,
        lost INTEGER NOT NULL,
        PRIMARY KEY (department, case_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX ix_case_turns_turned ON case_turns (department, turned)",
    # Nobody has followed these before: any place behind nothing is early enough.
    """
    INSERT INTO case_turns
    SELECT department, id, CASE status WHEN 'open' THEN 'open' ELSE 'ended' END, entry, entry, -1
    FROM cases
    """,
    """
    INSERT OR IGNORE INTO case_turns
    SELECT json_extract(s.value, '$.department'), c.id,
        CASE c.status WHEN 'open' THEN 'open' ELSE 'ended' END, c.entry, c.entry, -1
    FROM cases c, json_each(c.state, '$.services') s
    """,
)
_STATE = "json_extract(CAST(control AS TEXT), '$.state.{}')"
_BEFORE = """
    SELECT position, {id} FROM entries WHERE CAST(leaf AS TEXT) LIKE '%"kind":"{kind}"%'
    ORDER BY position
"""
_DESTROYED = """
    SELECT e.position, i.value FROM entries e, json_each(CAST(e.control AS TEXT), '$.state.ids') i
    WHERE CAST(e.leaf AS TEXT) LIKE '%"kind":"destruction"%' ORDER BY e.position
"""


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)
    connection = op.get_bind()
    for kind, table in (("material", "materials"), ("licence", "licences")):
        before = _BEFORE.format(id=_STATE.format("id"), kind=kind)
        _place(table, connection.execute(text(before)).fetchall())
    _place("materials", connection.execute(text(_DESTROYED)).fetchall())


def _place(table: str, found: "Iterable[Row[Any]]") -> None:
    """The newest entry of each comes last, and stays."""
    update = text(f"UPDATE {table} SET changed = :position WHERE id = :name")  # noqa: S608 no input
    connection = op.get_bind()
    for row in found:
        connection.execute(update, dict(zip(("position", "name"), row, strict=True)))


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")

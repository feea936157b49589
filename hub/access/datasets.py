"""Datasets 数据资源 as registered: whose they are, their definition, and what of them is live."""

from catalog.definition import load
from certs.encoding import digest, rfc3339
from hub.access.departments import require_department
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import DatasetRow

STATUSES = frozenset({"active", "suspended"})
MAX_DEFINITION = 256 * 1024


def register(changes: Changes, actor: Actor, department: str, definition: bytes) -> int:
    """Register a dataset of a department by its TOML definition; gives the entry's position.

    Raises ``DefinitionRefused`` for the definition, ``Conflict`` if the code is taken.
    """
    if len(definition) > MAX_DEFINITION:
        raise Unprocessable(why="definition-size")
    dataset = load(definition, "definition")
    with changes.change(actor) as change:
        require_department(change.session, department)
        if change.session.get(DatasetRow, dataset.code) is not None:
            raise Conflict(why="dataset-exists")
        row = DatasetRow(
            code=dataset.code, department=department, definition=definition, status="active"
        )
        change.session.add(row)
        return change.append("dataset", _state(row))


def set_status(changes: Changes, actor: Actor, code: str, status: str) -> int:
    """Suspend a dataset for everyone at once, or open it again."""
    if status not in STATUSES:
        raise Unprocessable(why="status")
    with changes.change(actor) as change:
        row = change.session.get(DatasetRow, code)
        if row is None:
            raise NotFound(what="dataset")
        row.status = status
        change.session.add(row)
        return change.append("dataset", _state(row))


def listing(connection: Connection) -> list[dict[str, str | int | None]]:
    """All datasets by code, with what is live."""
    rows = connection.execute(
        "SELECT d.code, d.department, d.status, d.generation, d.version, d.as_of,"
        " coalesce(g.row_count, 0) FROM datasets d"
        " LEFT JOIN generations g ON g.name = d.generation ORDER BY d.code"
    )
    return [
        {
            "code": code,
            "department": department,
            "status": status,
            "generation": generation,
            "version": version,
            "as_of": rfc3339(as_of) if generation else None,
            "rows": rows_live,
        }
        for code, department, status, generation, version, as_of, rows_live in rows
    ]


def _state(row: DatasetRow) -> dict[str, str]:
    return {
        "code": row.code,
        "definition": digest(row.definition),
        "department": row.department,
        "status": row.status,
    }

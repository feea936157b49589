"""Departments 部门 that the hub knows."""

from sqlmodel import Session

from hub.access.standing_stops import require_not_stopped
from hub.access.words import is_code
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import DepartmentRow

STATUSES = frozenset({"active", "suspended"})


def admit(changes: Changes, actor: Actor, code: str, title_zh: str, title_en: str) -> int:
    """Admit a department; gives the entry's position. Raises ``Conflict`` if it is there."""
    if not is_code(code) or not title_zh.strip() or not title_en.strip():
        raise Unprocessable(why="department")
    with changes.change(actor) as change:
        if change.session.get(DepartmentRow, code) is not None:
            raise Conflict(why="department-exists")
        row = DepartmentRow(code=code, title_zh=title_zh, title_en=title_en, status="active")
        change.session.add(row)
        return change.append("department", _state(row))


def set_status(changes: Changes, actor: Actor, code: str, status: str) -> int:
    """Suspend a department with all its connectors and officers, or let it act again."""
    if status not in STATUSES:
        raise Unprocessable(why="status")
    with changes.change(actor) as change:
        row = require_department(change.session, code)
        if status == "active":
            require_not_stopped(change.session, ("department", code))
        return status_in(change, row, status)


def status_in(change: Change, row: DepartmentRow, status: str) -> int:
    """Give it a status within a change that moves the epoch; gives the entry's position."""
    row.status = status
    change.session.add(row)
    return change.append("department", _state(row))


def require_department(session: Session, code: str) -> DepartmentRow:
    """The row of a department; raises ``NotFound``."""
    row = session.get(DepartmentRow, code)
    if row is None:
        raise NotFound(what="department")
    return row


def listing(connection: Connection) -> list[dict[str, str]]:
    """All departments by code."""
    rows = connection.execute(
        "SELECT code, title_zh, title_en, status FROM departments ORDER BY code"
    )
    names = ("code", "title_zh", "title_en", "status")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _state(row: DepartmentRow) -> dict[str, str]:
    return {
        "code": row.code,
        "status": row.status,
        "title_en": row.title_en,
        "title_zh": row.title_zh,
    }

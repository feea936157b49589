"""Purposes 用途: a service or a statutory duty with its legal basis."""

from catalog.purposes import Purpose
from certs.canonical import Json
from certs.encoding import rfc3339
from hub.access.words import is_code
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import PurposeRow

ENDED = "ended"
STATUSES = frozenset({"active", ENDED})


def register(changes: Changes, actor: Actor, purpose: Purpose) -> int:
    """Register a purpose; gives the entry's position. Raises ``Conflict`` if it is there."""
    if not is_code(purpose.code):
        raise Unprocessable(why="purpose")
    with changes.change(actor) as change:
        if change.session.get(PurposeRow, purpose.code) is not None:
            raise Conflict(why="purpose-exists")
        row = PurposeRow(
            code=purpose.code,
            kind=purpose.kind,
            title_zh=purpose.title_zh,
            title_en=purpose.title_en,
            basis=purpose.legal_basis,
            status="active",
        )
        change.session.add(row)
        return change.append("purpose", _state(row))


def set_status(changes: Changes, actor: Actor, code: str, status: str) -> int:
    """End a purpose for every grant that names it, or take it up again."""
    if status not in STATUSES:
        raise Unprocessable(why="status")
    with changes.change(actor) as change:
        row = change.session.get(PurposeRow, code)
        if row is None:
            raise NotFound(what="purpose")
        if row.status != status:
            row.ended = change.time if status == ENDED else None
        row.status = status
        change.session.add(row)
        return change.append("purpose", _state(row))


def listing(connection: Connection) -> list[dict[str, str]]:
    """All purposes by code."""
    rows = connection.execute(
        "SELECT code, kind, title_zh, title_en, basis, status FROM purposes ORDER BY code"
    )
    names = ("code", "kind", "title_zh", "title_en", "basis", "status")
    return [dict(zip(names, row, strict=True)) for row in rows]


def ends(connection: Connection) -> dict[str, int | None]:
    """The purposes that have ended, with when (milliseconds); None where that was not kept."""
    rows = connection.execute("SELECT code, ended FROM purposes WHERE status = ?", (ENDED,))
    return dict(rows.fetchall())


def _state(row: PurposeRow) -> dict[str, Json]:
    return {
        "basis": row.basis,
        "code": row.code,
        "ended": None if row.ended is None else rfc3339(row.ended),
        "kind": row.kind,
        "status": row.status,
        "title_en": row.title_en,
        "title_zh": row.title_zh,
    }

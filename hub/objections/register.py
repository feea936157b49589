"""Objections as they are kept: one row each, one entry an act, each with the whole state."""

import secrets

from sqlmodel import Session

from catalog.working_days import WorkingDays
from certs.canonical import Json, canonical
from certs.encoding import from_rfc3339
from hub.calendar.statutory import urgency
from hub.errors import Conflict, NotFound
from hub.ledger.change import Change
from hub.objections.objection import Objection
from hub.storage.objection_tables import ObjectionRow
from hub.storage.sqlite import Connection

KIND = "objection"


def new_id() -> str:
    """An identifier that nobody has."""
    return f"O-{secrets.token_hex(6)}"


def current(
    session: Session, objection: str, department: str | None
) -> tuple[ObjectionRow, Objection]:
    """Row and state of an open objection of one of its sides.

    Raises ``NotFound``, also to third departments, and ``Conflict`` once it has ended.
    """
    row = session.get(ObjectionRow, objection)
    if row is None or department not in {row.department, row.provider}:
        raise NotFound(what=KIND)
    found = Objection.model_validate_json(row.state)
    if found.status != "open":
        raise Conflict(why=f"objection-{found.status}")
    return row, found


def write(
    change: Change, row: ObjectionRow, objection: Objection, subject: tuple[str, str] | None
) -> Objection:
    """Keep the next version, and enter it; ``subject`` stands in the *person* part only."""
    following = objection.model_copy(update={"version": objection.version + 1})
    row.status, row.version = following.status, following.version
    row.due = None if following.due is None else from_rfc3339(following.due)
    row.told = None if following.told is None else from_rfc3339(following.told)
    row.state = canonical(following.state()).decode("utf-8")
    change.session.add(row)
    change.append(KIND, following.state(), subject=subject)
    return following


def find(connection: Connection, objection: str, department: str | None) -> Objection:
    """One objection as a department of either side sees it; None sees all.

    Raises ``NotFound``, also to third departments.
    """
    row = connection.execute("SELECT state FROM objections WHERE id = ?", (objection,)).fetchone()
    if row is None:
        raise NotFound(what=KIND)
    found = Objection.model_validate_json(row[0])
    if department not in {None, found.department, found.provider}:
        raise NotFound(what=KIND)
    return found


def sealed(connection: Connection, objection: str) -> tuple[bytes, bytes | None]:
    """What is sealed of an objection: what was raised, and the answer's reason if there is one."""
    content, answer = connection.execute(
        "SELECT content, answer FROM objections WHERE id = ?", (objection,)
    ).fetchone()
    return content, answer


def listing(
    connection: Connection, department: str | None, *, status: str | None = None
) -> list[Objection]:
    """All objections that a department raised or has received, the newest first; None sees all."""
    rows = connection.execute(
        "SELECT state FROM objections WHERE (?1 IS NULL OR department = ?1 OR provider = ?1)"
        " AND (?2 IS NULL OR status = ?2) ORDER BY rowid DESC",
        (department, status),
    )
    return [Objection.model_validate_json(state) for (state,) in rows]


def shown(objection: Objection, calendar: WorkingDays, now: int) -> dict[str, Json]:
    """The state, with where its clock stands: ``on-time``, ``near``, ``overdue`` or null."""
    return {**objection.state(), "urgency": standing(objection, calendar, now)}


def standing(objection: Objection, calendar: WorkingDays, now: int) -> str | None:
    """Where the clock of an objection stands; None once it has ended."""
    if objection.due is None:
        return None
    return urgency(calendar, from_rfc3339(objection.due), now)

"""Delegations as they are kept: one row each, one entry an act, each with the whole state."""

import secrets

from sqlmodel import Session

from certs.canonical import Json, canonical
from certs.encoding import rfc3339
from hub.clock import shanghai_day
from hub.delegation.delegation import Delegation
from hub.errors import Conflict, NotFound
from hub.ledger.change import Change
from hub.ledger.openable import Opened, opened_at
from hub.storage.delegation_tables import DelegationRow
from hub.storage.sqlite import Connection

PAGE = 100
"""Entries told at once."""


def new_id() -> str:
    """An identifier that nobody has."""
    return f"D-{secrets.token_hex(6)}"


def current(
    session: Session, department: str | None, delegation: str, version: int
) -> tuple[DelegationRow, Delegation]:
    """Row and state of a delegation that a department sees, in the version that it saw.

    None sees all. Raises ``NotFound``, also to third departments; ``Conflict`` for another version.
    """
    row = session.get(DelegationRow, delegation)
    found = None if row is None else Delegation.model_validate_json(row.state)
    if row is None or found is None or not seen_by(found, department):
        raise NotFound(what="delegation")
    if found.version != version:
        raise Conflict(why="version")
    return row, found


def write(change: Change, row: DelegationRow, delegation: Delegation) -> Delegation:
    """Keep the next version, and enter it."""
    following = delegation.moved(version=delegation.version + 1)
    row.status, row.version = following.status, following.version
    row.to_department, row.valid_until = following.to, following.ends
    row.state = canonical(following.state()).decode("utf-8")
    change.session.add(row)
    change.append("delegation", following.state())
    return following


def told(change: Change) -> str:
    """The time of a change, as states hold it."""
    return rfc3339(change.time)


def find(connection: Connection, delegation: str, department: str | None) -> Delegation:
    """One delegation as a department of either side sees it; None sees all.

    Raises ``NotFound``, also to third departments, and to the window's before it was signed.
    """
    row = connection.execute("SELECT state FROM delegations WHERE id = ?", (delegation,)).fetchone()
    found = None if row is None else Delegation.model_validate_json(row[0])
    if found is None or not seen_by(found, department):
        raise NotFound(what="delegation")
    return found


def listing(connection: Connection, department: str | None) -> list[Delegation]:
    """All delegations that a department gave or has received, the newest first; None sees all."""
    rows = connection.execute(
        "SELECT state FROM delegations"
        " WHERE ?1 IS NULL OR department = ?1 OR to_department = ?1 ORDER BY rowid DESC",
        (department,),
    )
    found = (Delegation.model_validate_json(state) for (state,) in rows)
    return [one for one in found if seen_by(one, department)]


def shown(connection: Connection, delegation: Delegation, now: int) -> dict[str, Json]:
    """The state, whether it stands now, and how much of today's cap is used."""
    return {
        **delegation.state(),
        "stands": delegation.stands(now),
        "used_today": used_today(connection, delegation, now),
    }


def used_today(connection: Connection, delegation: Delegation, now: int) -> int:
    """How many questions were answered under it today (Asia/Shanghai)."""
    row = connection.execute(
        "SELECT used FROM quotas WHERE grant_id = ? AND day = ?", (delegation.id, shanghai_day(now))
    ).fetchone()
    return 0 if row is None else int(row[0])


def asked_under(
    connection: Connection, delegation: Delegation, before: int | None, limit: int = PAGE
) -> list[Opened]:
    """The newest entries of what was asked under it, below ``before``, with *control* opened.

    What the window asked is the delegating department's to see: it is its grant. Whom it asked
    about stays closed, as everywhere.
    """
    rows = connection.execute(
        "SELECT position FROM delegated WHERE delegation = ?1 AND (?2 IS NULL OR position < ?2)"
        " ORDER BY position DESC LIMIT ?3",
        (delegation.id, before, min(limit, PAGE)),
    ).fetchall()
    found = (opened_at(connection, position) for (position,) in rows)
    return [one for one in found if one is not None]


def seen_by(delegation: Delegation, department: str | None) -> bool:
    """Whether a department sees it: a draft is the delegating one's own business."""
    if department is None or delegation.department == department:
        return True
    return delegation.to == department and delegation.signed is not None

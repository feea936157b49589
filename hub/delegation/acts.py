"""The acts: draft, amend, sign, accept, revoke; and which of them are open to whom.

A steward of the delegating department drafts, its head signs, and they are two people. The head of
the window's department accepts: its officers answer for what they ask. Either head ends it at once,
and so does an administrator, who neither gives nor takes it on.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from sqlmodel import Session

from hub.access.departments import require_department
from hub.clock import DAY
from hub.delegation.delegation import Delegation, Terms
from hub.delegation.register import current, new_id, told, write
from hub.errors import Conflict, Forbidden, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.people.permissions import Permission, may
from hub.people.sessions import Person
from hub.storage.delegation_tables import DelegationRow
from hub.storage.tables import DatasetRow, PurposeRow

Act: TypeAlias = Literal["edit", "sign", "accept", "revoke"]


def draft(changes: Changes, actor: Actor, terms: Terms, most_days: int) -> Delegation:
    """Begin a delegation by the actor's department; raises ``NotFound`` or ``Unprocessable``."""
    with changes.change(actor) as change:
        if actor.account is None or actor.department is None:
            raise NotFound(what="department")
        _check(change.session, actor.department, terms, most_days)
        delegation = Delegation(
            **terms.model_dump(),
            id=new_id(),
            version=0,
            status="draft",
            department=actor.department,
            created=told(change),
        )
        row = DelegationRow(
            id=delegation.id,
            department=delegation.department,
            to_department=delegation.to,
            status="draft",
            version=0,
            valid_until=delegation.ends,
            state="",
            drafted_by=actor.account,
        )
        return write(change, row, delegation)


def amend(
    changes: Changes, actor: Actor, delegation: str, version: int, terms: Terms, most_days: int
) -> Delegation:
    """State a draft anew; raises ``NotFound``, ``Conflict`` or ``Unprocessable``."""
    with changes.change(actor) as change:
        row, found = _own(change, actor, delegation, version)
        _require_side(actor, found.department)
        _require_status(found, "draft")
        _check(change.session, found.department, terms, most_days)
        row.drafted_by = actor.account or ""
        return write(change, row, found.moved(**terms.model_dump(mode="json")))


def sign(
    changes: Changes, actor: Actor, delegation: str, version: int, most_days: int
) -> Delegation:
    """The delegating department's head signs; raises as ``amend``, and ``Forbidden`` to who wrote.

    Everything that was named must still be there.
    """
    with changes.change(actor) as change:
        row, found = _own(change, actor, delegation, version)
        _require_side(actor, found.department)
        _require_status(found, "draft")
        if actor.account == row.drafted_by:
            raise Forbidden(what="own-delegation")
        _require_time(found, change.time)
        _check(change.session, found.department, found.terms, most_days)
        return write(change, row, found.moved(status="signed", signed=told(change)))


def accept(changes: Changes, actor: Actor, delegation: str, version: int) -> Delegation:
    """The head of the window's department takes it on: from now on it can be used.

    Raises ``NotFound`` or ``Conflict``.
    """
    with changes.change(actor) as change:
        row, found = _own(change, actor, delegation, version)
        _require_side(actor, found.to)
        _require_status(found, "signed")
        _require_time(found, change.time)
        return write(change, row, found.moved(status="active", accepted=told(change)))


def revoke(
    changes: Changes,
    actor: Actor,
    delegation: str,
    version: int,
    reason: str,
    *,
    authority: bool = False,
) -> Delegation:
    """End it from the next question on, whatever had come of it; raises ``NotFound``, ``Conflict``.

    For either side's head, and for an administrator (``authority``), whatever the department.
    """
    with changes.change(actor) as change:
        side = None if authority else actor.department or ""
        row, found = current(change.session, side, delegation, version)
        if found.status == "revoked":
            raise Conflict(why="delegation-revoked")
        ended = found.moved(status="revoked", revoked=told(change), ended=reason)
        return write(change, row, ended)


def acts(person: Person, delegation: Delegation, now: int) -> frozenset[Act]:
    """The acts that are open to a person: what pages offer. Each checks everything anew."""
    return frozenset(_open_to(person, delegation, now))


def _open_to(person: Person, delegation: Delegation, now: int) -> Iterator[Act]:
    gives = person.department == delegation.department
    takes = person.department == delegation.to
    in_time = now < delegation.ends
    if delegation.status == "draft" and gives:
        if may(person, Permission.DRAFT_DELEGATIONS):
            yield "edit"
        if may(person, Permission.DELEGATE) and in_time:
            yield "sign"
    if delegation.status == "signed" and takes and may(person, Permission.DELEGATE) and in_time:
        yield "accept"
    head = (gives or takes) and may(person, Permission.DELEGATE)
    if delegation.status != "revoked" and (head or may(person, Permission.END_DELEGATIONS)):
        yield "revoke"


def _own(
    change: Change, actor: Actor, delegation: str, version: int
) -> tuple[DelegationRow, Delegation]:
    """A delegation of the actor's department, given or received; raises as ``current``."""
    if actor.account is None or actor.department is None:
        raise NotFound(what="delegation")
    return current(change.session, actor.department, delegation, version)


def _require_side(actor: Actor, department: str) -> None:
    if actor.department != department:
        raise NotFound(what="delegation")


def _require_status(delegation: Delegation, status: str) -> None:
    if delegation.status != status:
        raise Conflict(why=f"delegation-{delegation.status}")


def _require_time(delegation: Delegation, now: int) -> None:
    if now >= delegation.ends:
        raise Conflict(why="delegation-time-over")


def _check(session: Session, department: str, terms: Terms, most_days: int) -> None:
    """Raise unless all that is named is there, and it is another department's, for a time."""
    require_department(session, terms.to)
    if terms.to == department:
        raise Unprocessable(why="delegation-to-itself")
    if terms.ends - terms.begins > most_days * DAY:
        raise Unprocessable(why="delegation-too-long", days=most_days)
    for code in terms.purposes:
        purpose = session.get(PurposeRow, code)
        if purpose is None or purpose.status != "active":
            raise Unprocessable(why="purpose-unknown", purpose=code)
    for code in terms.datasets:
        if session.get(DatasetRow, code) is None:
            raise Unprocessable(why="dataset-unknown", dataset=code)

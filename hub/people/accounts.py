"""Accounts of people: enrolled, changed and suspended by entries of kind ``person``.

The account is a work identifier, so it may stand in *control*; the name and the password's hash
stand in the table only and are in no entry.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlmodel import col, select

from certs.canonical import Json
from certs.encoding import rfc3339
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.people.passwords import PasswordHash, hash_password
from hub.people.permissions import DEPARTMENTAL, EXCLUSIVE, ROLES, Role
from hub.storage.sqlite import Connection
from hub.storage.tables import DepartmentRow, PersonRow

AccountStatus: TypeAlias = Literal["active", "suspended"]

ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z", re.ASCII)
"""What an account may look like."""
_LIKE_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9x]\Z|[0-9]{15}\Z", re.ASCII)
NAME_LIMIT = 64
_ADMINISTRATOR: Role = "administrator"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as people's lists show it."""

    account: str
    name: str
    department: str | None
    roles: frozenset[Role]
    status: str
    must_change: bool
    """Somebody else has set the password, and it was not changed since."""


def enrol(
    changes: Changes,
    actor: Actor,
    account: str,
    name: str,
    department: str | None,
    roles: Iterable[Role],
    password: str | PasswordHash,
) -> int:
    """Enrol a person; gives the entry's position.

    ``department`` is the local code. A ``password`` given as text is hashed here, before the lock.
    The person has to change it first of all, unless an operator enrols: ``hub init`` asks the
    first administrator for it.
    Raises ``Unprocessable`` (account, name, roles, password), ``Conflict`` if the account is taken,
    ``NotFound`` for the department.
    """
    check_account(account)
    if not name.strip() or len(name) > NAME_LIMIT or _CONTROL.search(name):
        raise Unprocessable(why="name")
    held = _roles(roles, department)
    hashed = hash_password(password, account) if isinstance(password, str) else password
    with changes.change(actor) as change:
        if change.session.get(PersonRow, account) is not None:
            raise Conflict(why="account-taken")
        if department is not None and change.session.get(DepartmentRow, department) is None:
            raise NotFound(what="department")
        row = PersonRow(
            account=account,
            name=name.strip(),
            department=department,
            roles=" ".join(sorted(held)),
            password=hashed.encoded,
            status="active",
            sessions_from=change.time,
            must_change=actor.channel != "operator",
        )
        change.session.add(row)
        return _enter(change, row)


def check_account(account: str) -> None:
    """Raise ``Unprocessable`` for what can be nobody's account."""
    if not ACCOUNT.match(account) or _LIKE_RESIDENT_ID.match(account):
        # The account stands in entries for ever: a person's own number must not.
        raise Unprocessable(why="account")


def set_roles(changes: Changes, actor: Actor, account: str, roles: Iterable[Role]) -> int:
    """Give a person other roles; they hold from the next request on.

    Raises ``NotFound``, ``Unprocessable``, and ``Conflict`` for the last administrator's, and for
    one's own roles: an administrator who could make an auditor of himself would be both, one after
    the other.
    """
    _not_oneself(actor, account)
    with changes.change(actor) as change:
        row = _row(change, account)
        held = _roles(roles, row.department)
        if _ADMINISTRATOR not in held:
            _not_the_last_administrator(change, row)
        row.roles = " ".join(sorted(held))
        change.session.add(row)
        return _enter(change, row)


def set_status(changes: Changes, actor: Actor, account: str, status: AccountStatus) -> int:
    """Suspend or restore a person; suspending ends every session.

    Raises ``NotFound``, and ``Conflict`` for oneself and for the last administrator.
    """
    _not_oneself(actor, account)
    with changes.change(actor) as change:
        row = _row(change, account)
        if status != "active":
            _not_the_last_administrator(change, row)
        row.status = status
        row.sessions_from = _after(change, row)
        change.session.add(row)
        return _enter(change, row)


def set_password(changes: Changes, actor: Actor, account: str, password: str | PasswordHash) -> int:
    """Set a password for somebody else, who has to change it; ends every session.

    Raises ``NotFound``, ``Unprocessable``, and ``Conflict`` for one's own: the old one is asked
    for there.
    """
    _not_oneself(actor, account)
    hashed = hash_password(password, account) if isinstance(password, str) else password
    return _set_password(changes, actor, account, hashed, must_change=True)


def change_password(changes: Changes, actor: Actor, password: PasswordHash) -> int:
    """Set one's own password, the old one having been asked for; ends every session.

    Raises ``NotFound`` if the actor is nobody with an account.
    """
    return _set_password(changes, actor, actor.account or "", password, must_change=False)


def _set_password(
    changes: Changes, actor: Actor, account: str, hashed: PasswordHash, *, must_change: bool
) -> int:
    with changes.change(actor, moves_epoch=False) as change:
        row = _row(change, account)
        row.password = hashed.encoded
        row.must_change = must_change
        row.sessions_from = _after(change, row)
        change.session.add(row)
        return _enter(change, row)


def end_sessions(changes: Changes, actor: Actor, account: str) -> int:
    """End every session of a person: signing out, and what an administrator can do.

    Raises ``NotFound``.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row = _row(change, account)
        row.sessions_from = _after(change, row)
        change.session.add(row)
        return _enter(change, row)


def listing(connection: Connection, department: str | None = None) -> list[Account]:
    """All accounts, or those of one department (local code), by account."""
    rows = connection.execute(
        "SELECT account, name, department, roles, status, must_change FROM people"
        " WHERE ?1 IS NULL OR department = ?1 ORDER BY account",
        (department,),
    )
    return [
        Account(account, name, of, roles_of(roles), status, bool(must_change))
        for account, name, of, roles, status, must_change in rows
    ]


def any_active(connection: Connection, role: Role) -> bool:
    """Whether somebody active has a role: the first administrator is made by an operator."""
    return any(role in entry.roles and entry.status == "active" for entry in listing(connection))


def roles_of(stored: str) -> frozenset[Role]:
    """The roles of a row; only such as ``_roles`` let in stand there."""
    return frozenset(role for role in stored.split() if role in ROLES)


def _roles(roles: Iterable[Role], department: str | None) -> frozenset[Role]:
    held = frozenset(roles)
    if not held or not held <= set(ROLES):
        raise Unprocessable(why="roles")
    if held >= EXCLUSIVE:
        raise Unprocessable(why="roles-exclusive")
    if held & DEPARTMENTAL and department is None:
        raise Unprocessable(why="department-missing")
    return held


def _not_oneself(actor: Actor, account: str) -> None:
    if actor.account == account:
        raise Conflict(why="oneself")


def _not_the_last_administrator(change: Change, row: PersonRow) -> None:
    """Raise ``Conflict`` if nobody else could give people their roles after this.

    Asked under the lock: two administrators who take it from each other at one time both still
    were when their requests came in.
    """
    stored = change.session.exec(
        select(PersonRow.account, PersonRow.roles).where(col(PersonRow.status) == "active")
    ).all()
    acting = {account for account, roles in stored if _ADMINISTRATOR in roles_of(roles)}
    if acting == {row.account}:
        raise Conflict(why="last-administrator")


def _after(change: Change, row: PersonRow) -> int:
    """From when sessions hold: later than any that has begun, even in this very millisecond."""
    return max(change.time, row.sessions_from) + 1


def _row(change: Change, account: str) -> PersonRow:
    row = change.session.exec(select(PersonRow).where(col(PersonRow.account) == account)).first()
    if row is None:
        raise NotFound(what="account")
    return row


def _enter(change: Change, row: PersonRow) -> int:
    """The entry of a person's whole new state: neither name nor hash."""
    roles: list[Json] = [*row.roles.split()]
    return change.append(
        "person",
        {
            "account": row.account,
            "department": row.department,
            "must_change": row.must_change,
            "roles": roles,
            "sessions_from": rfc3339(row.sessions_from),
            "status": row.status,
        },
    )

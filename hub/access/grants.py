"""Grants 授权 issued, changed, suspended and revoked; each act is an entry with the whole state."""

import secrets

from sqlmodel import Session

from catalog.definition import load
from catalog.masks import suits
from hub.access.departments import require_department
from hub.access.grant import Grant, GrantStatus, Terms, grant_of, read_grant
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import DatasetRow, GrantRow, PurposeRow


def issue(changes: Changes, actor: Actor, terms: Terms) -> Grant:
    """Issue a grant; raises ``NotFound`` or ``Unprocessable`` for terms that make no sense."""
    with changes.change(actor) as change:
        return issue_in(change, terms)


def issue_in(change: Change, terms: Terms) -> Grant:
    """Issue a grant within a change that moves the epoch; raises as ``issue``."""
    _check(change.session, terms)
    grant = grant_of(terms, f"G-{secrets.token_hex(6)}", 1, "active")
    _write(change, grant)
    return grant


def change(
    changes: Changes, actor: Actor, grant_id: str, terms: Terms, expected_version: int
) -> Grant:
    """Give a grant new terms as its next version.

    Raises ``Conflict`` if it is not in the version that the actor saw, or revoked.
    """
    with changes.change(actor) as step:
        current = _current(step.session, grant_id)
        if current.version != expected_version:
            raise Conflict(why="version")
        if current.status == "revoked":
            raise Conflict(why="revoked")
        if (terms.department, terms.dataset) != (current.department, current.dataset):
            raise Unprocessable(why="other-grant")
        _check(step.session, terms)
        # Where it came from does not change with its terms.
        kept = terms.model_copy(update={"application": current.application})
        grant = grant_of(kept, grant_id, current.version + 1, current.status)
        _write(step, grant)
        return grant


def set_status(changes: Changes, actor: Actor, grant_id: str, status: GrantStatus) -> Grant:
    """Suspend, resume or revoke a grant; a revoked one stays revoked (``Conflict``)."""
    with changes.change(actor) as step:
        current = _current(step.session, grant_id)
        if current.status == "revoked":
            raise Conflict(why="revoked")
        terms = Terms.model_validate(_terms(current))
        grant = grant_of(terms, grant_id, current.version + 1, status)
        _write(step, grant)
        return grant


def listing(
    connection: Connection, *, department: str | None = None, dataset: str | None = None
) -> list[Grant]:
    """Grants by dataset and department, of one department or dataset if named."""
    rows = connection.execute(
        "SELECT state FROM grants WHERE (?1 IS NULL OR department = ?1)"
        " AND (?2 IS NULL OR dataset = ?2) ORDER BY dataset, department, id",
        (department, dataset),
    )
    return [read_grant(state) for (state,) in rows]


def find(connection: Connection, grant_id: str) -> Grant:
    """One grant; raises ``NotFound``."""
    row = connection.execute("SELECT state FROM grants WHERE id = ?", (grant_id,)).fetchone()
    if row is None:
        raise NotFound(what="grant")
    return read_grant(row[0])


def _current(session: Session, grant_id: str) -> Grant:
    row = session.get(GrantRow, grant_id)
    if row is None:
        raise NotFound(what="grant")
    return read_grant(row.state)


def _terms(grant: Grant) -> dict[str, object]:
    state: dict[str, object] = {**grant.state()}
    for name in ("id", "version", "status"):
        del state[name]
    return state


def _check(session: Session, terms: Terms) -> None:
    """Raise unless department, dataset, items, masks and purposes exist and fit together."""
    require_department(session, terms.department)
    row = session.get(DatasetRow, terms.dataset)
    if row is None:
        raise NotFound(what="dataset")
    items = load(row.definition, terms.dataset).by_code
    for code, mask in terms.items.items():
        if code not in items:
            raise Unprocessable(why="item-unknown", item=code)
        if not suits(mask, items[code]):
            raise Unprocessable(why="mask-unsuitable", item=code)
        if items[code].sharing == NOT_SHARED:
            raise Unprocessable(why="item-not-shared", item=code)
    for code in terms.purposes:
        purpose = session.get(PurposeRow, code)
        if purpose is None or purpose.status != "active":
            raise Unprocessable(why="purpose-unknown", purpose=code)


NOT_SHARED = 3
"""Sharing attribute 不予共享 (政务数据共享条例, Art 15)."""


def _write(step: Change, grant: Grant) -> None:
    step.session.merge(
        GrantRow(
            id=grant.id,
            department=grant.department,
            dataset=grant.dataset,
            version=grant.version,
            status=grant.status,
            state=grant.json(),
        )
    )
    step.append("grant", grant.state())

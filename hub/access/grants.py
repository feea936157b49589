"""Grants 授权 issued, changed, suspended and revoked; each act is an entry with the whole state."""

import secrets
from dataclasses import replace

from sqlmodel import Session, select

from catalog.definition import load
from catalog.masks import suits
from hub.access.departments import require_department
from hub.access.grant import Grant, GrantStatus, Terms, grant_of, read_grant
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import DatasetRow, GrantRow, PurposeRow
from hub.storage.usage_tables import DispositionRow


def issue(changes: Changes, actor: Actor, terms: Terms) -> Grant:
    """Issue a grant; raises ``NotFound`` or ``Unprocessable`` for terms that make no sense."""
    with changes.change(actor) as change:
        return issue_in(change, terms)


def issue_in(change: Change, terms: Terms) -> Grant:
    """Issue a grant within a change that moves the epoch; raises as ``issue``."""
    _check(change.session, terms)
    grant = grant_of(terms, f"G-{secrets.token_hex(6)}", 1, "active")
    write_in(change, grant)
    return grant


def change(
    changes: Changes, actor: Actor, grant_id: str, terms: Terms, expected_version: int
) -> Grant:
    """Give a grant new terms as its next version.

    Raises ``Conflict`` if it is not in the version that the actor saw, is revoked, or a disposition
    of it is under way: what is being put right is not widened meanwhile.
    """
    with changes.change(actor) as step:
        current = current_in(step.session, grant_id)
        if current.version != expected_version:
            raise Conflict(why="version")
        require_free(step.session, current)
        return terms_in(step, current, terms)


def terms_in(step: Change, current: Grant, terms: Terms, *, reviewed: int | None = None) -> Grant:
    """Write the next version with other terms; raises ``Unprocessable`` if they make no sense.

    ``reviewed`` is the time of the review that wrote them, if it was one.
    """
    if (terms.department, terms.dataset) != (current.department, current.dataset):
        raise Unprocessable(why="other-grant")
    _check(step.session, terms)
    # Where it came from does not change with its terms, nor its review unless they say so.
    kept: dict[str, object] = {"application": current.application}
    if "review_by" not in terms.model_fields_set:
        kept["review_by"] = current.terms().review_by
    grant = grant_of(
        terms.model_copy(update=kept),
        current.id,
        current.version + 1,
        current.status,
        reviewed=current.reviewed if reviewed is None else reviewed,
    )
    write_in(step, grant)
    return grant


def set_status(changes: Changes, actor: Actor, grant_id: str, status: GrantStatus) -> Grant:
    """Suspend, resume or revoke a grant; a revoked one stays revoked (``Conflict``).

    While a disposition is under way only its outcome resumes or ends the grant (``Conflict``).
    """
    with changes.change(actor) as step:
        current = current_in(step.session, grant_id)
        require_free(step.session, current)
        return status_in(step, current, status)


def status_in(step: Change, current: Grant, status: GrantStatus) -> Grant:
    """Write the next version with another status, within a change that moves the epoch."""
    ended = step.time if status == "revoked" else None
    grant = replace(current, version=current.version + 1, status=status, ended=ended)
    write_in(step, grant)
    return grant


def require_free(session: Session, grant: Grant) -> None:
    """Raise ``Conflict`` for a grant that is over, or of which a disposition is under way."""
    if grant.status == "revoked":
        raise Conflict(why="revoked")
    if open_disposition(session, grant.id) is not None:
        raise Conflict(why="disposition-open")


def open_disposition(session: Session, grant_id: str) -> DispositionRow | None:
    """The disposition by which a grant is suspended now; None if there is none."""
    return session.exec(
        select(DispositionRow).where(
            DispositionRow.grant_id == grant_id, DispositionRow.status == "open"
        )
    ).first()


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


def current_in(session: Session, grant_id: str) -> Grant:
    """A grant as it stands under the lock; raises ``NotFound``."""
    row = session.get(GrantRow, grant_id)
    if row is None:
        raise NotFound(what="grant")
    return read_grant(row.state)


def write_in(step: Change, grant: Grant) -> None:
    """Keep a version of a grant, and enter it; ``step`` moves the epoch."""
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

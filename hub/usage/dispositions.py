"""Dispositions 处置: the authority suspends, the user puts right, the authority resumes or ends.

政务数据共享条例, Art 27: 暂停 → 整改 → 终止. The provider cannot end a grant alone; it may ask the
authority, and what it asks for waits there.

    requested → open → resumed | terminated
              ↘ declined

``open`` is the suspension; whether the user has reported, and the head of its department signed,
are facts of it and no further states.
"""

import secrets
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from catalog.working_days import WorkingDays
from certs.canonical import Json, canonical
from certs.encoding import rfc3339
from hub.access.grant import Grant, Instant
from hub.access.grants import current_in, open_disposition, status_in
from hub.access.reason import Reason, Statement
from hub.calendar.statutory import due
from hub.errors import Conflict, Forbidden, NotFound
from hub.ledger.change import Actor, Change, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import DatasetRow
from hub.storage.usage_tables import DispositionRow

Status: TypeAlias = Literal["requested", "declined", "open", "resumed", "terminated"]
Outcome: TypeAlias = Literal["declined", "resumed", "terminated"]
UNDER_WAY: frozenset[Status] = frozenset({"requested", "open"})
Days = Annotated[int, Field(ge=1, le=250)]
"""Working days in which something is to be put right: the authority says how many."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Said(_Document):
    """A reason, and when it was given."""

    reason: Reason
    at: Instant


class Report(_Document):
    """What the user says to have put right; binding once its head has ``signed``."""

    text: Statement
    drafted: Instant
    signed: Instant | None = None


class Disposition(_Document):
    """A disposition as it stands in one version; nothing in it names a person."""

    id: str
    version: int
    status: Status
    grant: str
    department: str
    provider: str
    request: Said | None = None
    """What the provider asked for, if it began so."""
    opened: Instant | None = None
    reason: Reason | None = None
    rectify: Statement | None = None
    """What is to be put right."""
    due: Instant | None = None
    report: Report | None = None
    outcome: Said | None = None

    def state(self) -> dict[str, Json]:
        """The whole state, as entries and API give it."""
        state: dict[str, Json] = self.model_dump(mode="json")
        return state


def ask(changes: Changes, actor: Actor, grant_id: str, reason: str) -> Disposition:
    """The provider asks the authority for a disposition; raises ``NotFound`` or ``Conflict``."""
    with changes.change(actor, moves_epoch=False) as change:
        grant = current_in(change.session, grant_id)
        provider = _provider(change.session, grant)
        if actor.account is None or actor.department != provider:
            raise NotFound(what="grant")
        if grant.status == "revoked":
            raise Conflict(why="revoked")
        if _under_way(change.session, grant_id) is not None:
            raise Conflict(why="disposition-under-way")
        said = Said(reason=reason, at=rfc3339(change.time))
        asked = _new(grant, provider).model_copy(update={"request": said})
        return _write(change, None, asked)


def suspend(
    changes: Changes,
    actor: Actor,
    grant_id: str,
    *,
    reason: str,
    rectify: str,
    days: int,
    calendar: WorkingDays,
) -> Disposition:
    """The authority suspends a grant: why, what is to be put right, in how many working days.

    What the provider has asked for is opened by it. Raises ``NotFound``, or ``Conflict`` for a
    grant that is over or suspended so already.
    """
    with changes.change(actor) as change:
        grant = current_in(change.session, grant_id)
        if grant.status == "revoked":
            raise Conflict(why="revoked")
        if open_disposition(change.session, grant_id) is not None:
            raise Conflict(why="disposition-open")
        row = _under_way(change.session, grant_id)
        before = _new(grant, _provider(change.session, grant)) if row is None else _read(row)
        opened = before.model_copy(
            update={
                "status": "open",
                "opened": rfc3339(change.time),
                "reason": reason,
                "rectify": rectify,
                "due": rfc3339(due(calendar, change.time, days)),
            }
        )
        status_in(change, grant, "suspended")
        return _write(change, row, opened)


def report(changes: Changes, actor: Actor, grant_id: str, version: int, text: str) -> Disposition:
    """The user's steward writes what was put right; its head signs. Raises as ``sign_report``."""
    with changes.change(actor, moves_epoch=False) as change:
        row, found = _open(change.session, actor, grant_id, version)
        if found.report is not None and found.report.signed is not None:
            raise Conflict(why="report-signed")
        row.drafted_by = actor.account
        written = Report(text=text, drafted=rfc3339(change.time))
        return _write(change, row, found.model_copy(update={"report": written}))


def sign_report(changes: Changes, actor: Actor, grant_id: str, version: int) -> Disposition:
    """The user's head signs the report: the authority has it.

    Raises ``NotFound`` to all others, ``Conflict`` for another version or without a report,
    ``Forbidden`` to whoever wrote it.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = _open(change.session, actor, grant_id, version)
        if found.report is None:
            raise Conflict(why="no-report")
        if found.report.signed is not None:
            raise Conflict(why="report-signed")
        if row.drafted_by == actor.account:
            raise Forbidden(what="own-account")
        signed = found.report.model_copy(update={"signed": rfc3339(change.time)})
        return _write(change, row, found.model_copy(update={"report": signed}))


def conclude(
    changes: Changes, actor: Actor, grant_id: str, version: int, outcome: Outcome, reason: str
) -> Disposition:
    """The authority declines what was asked for, or resumes or terminates the suspended grant.

    It may do either before a report has come: what was a mistake is not kept up, and what is not
    put right ends (Art 27). Raises ``NotFound`` or ``Conflict``.
    """
    with changes.change(actor) as change:
        row = _under_way(change.session, grant_id)
        if row is None:
            raise NotFound(what="disposition")
        found = _read(row)
        if found.version != version:
            raise Conflict(why="version")
        if (found.status == "requested") != (outcome == "declined"):
            raise Conflict(why=f"disposition-{found.status}")
        grant = current_in(change.session, grant_id)
        if outcome != "declined" and grant.status != "revoked":
            status_in(change, grant, "active" if outcome == "resumed" else "revoked")
        said = Said(reason=reason, at=rfc3339(change.time))
        return _write(change, row, found.model_copy(update={"status": outcome, "outcome": said}))


def of_grant(connection: Connection, grant_id: str, department: str | None) -> list[Disposition]:
    """The dispositions of a grant, the newest first, as a department sees them; None sees all.

    A report that is not signed is its department's own business.
    """
    rows = connection.execute(
        "SELECT state FROM dispositions WHERE grant_id = ? ORDER BY rowid DESC", (grant_id,)
    )
    found = (Disposition.model_validate_json(state) for (state,) in rows)
    return [_as_seen_by(one, department) for one in found]


def under_way(connection: Connection) -> list[Disposition]:
    """All that are asked for or open."""
    rows = connection.execute(
        "SELECT state FROM dispositions WHERE status IN ('requested', 'open') ORDER BY rowid"
    )
    return [Disposition.model_validate_json(state) for (state,) in rows]


def _as_seen_by(found: Disposition, department: str | None) -> Disposition:
    own = department is None or department == found.department
    drafted = found.report is not None and found.report.signed is None
    return found if own or not drafted else found.model_copy(update={"report": None})


def _new(grant: Grant, provider: str) -> Disposition:
    return Disposition(
        id=f"D-{secrets.token_hex(6)}",
        version=0,
        status="requested",
        grant=grant.id,
        department=grant.department,
        provider=provider,
    )


def _open(
    session: Session, actor: Actor, grant_id: str, version: int
) -> tuple[DispositionRow, Disposition]:
    """The suspension of the actor's own grant, in the version that they saw."""
    row = open_disposition(session, grant_id)
    if row is None:
        raise NotFound(what="disposition")
    found = _read(row)
    if actor.account is None or actor.department != found.department:
        raise NotFound(what="disposition")
    if found.version != version:
        raise Conflict(why="version")
    return row, found


def _under_way(session: Session, grant_id: str) -> DispositionRow | None:
    return session.exec(
        select(DispositionRow).where(
            DispositionRow.grant_id == grant_id, col(DispositionRow.status).in_(UNDER_WAY)
        )
    ).first()


def _provider(session: Session, grant: Grant) -> str:
    row = session.get(DatasetRow, grant.dataset)
    if row is None:
        raise NotFound(what="dataset")
    return row.department


def _read(row: DispositionRow) -> Disposition:
    return Disposition.model_validate_json(row.state)


def _write(change: Change, row: DispositionRow | None, found: Disposition) -> Disposition:
    following = found.model_copy(update={"version": found.version + 1})
    kept = row or DispositionRow(
        id=following.id, grant_id=following.grant, version=0, status="", state=""
    )
    kept.version, kept.status = following.version, following.status
    kept.state = canonical(following.state()).decode("utf-8")
    change.session.add(kept)
    change.append("disposition", following.state())
    return following

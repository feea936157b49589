"""Applications as they are kept: one row each, one entry an act, each with the whole state."""

import secrets
from collections.abc import Callable

from sqlmodel import Session

from catalog.definition import Dataset, load
from catalog.working_days import WorkingDays
from certs.canonical import Json, canonical
from certs.encoding import from_rfc3339, rfc3339
from hub.applications.application import OPEN, Application
from hub.calendar.statutory import urgency
from hub.errors import Conflict, Forbidden, NotFound
from hub.ledger.change import Actor, Change
from hub.storage.sqlite import Connection
from hub.storage.tables import ApplicationRow, DatasetRow, PurposeRow


def new_id() -> str:
    """An identifier that nobody has."""
    return f"A-{secrets.token_hex(6)}"


def current(
    session: Session, actor: Actor, application: str, version: int
) -> tuple[ApplicationRow, Application]:
    """Row and state of an application that the actor sees, in the version that they saw.

    Raises ``NotFound``, also where it is not there for the actor's department: to a third one
    another version must look like none. ``Conflict`` for another version.
    """
    row = session.get(ApplicationRow, application)
    if row is None:
        raise NotFound(what="application")
    found = Application.model_validate_json(row.state)
    if not _seen_by(found, actor.department):
        raise NotFound(what="application")
    if found.version != version:
        raise Conflict(why="version")
    return row, found


def write(change: Change, row: ApplicationRow, application: Application) -> Application:
    """Keep the next version, and enter it."""
    following = application.model_copy(update={"version": application.version + 1})
    row.status, row.version = following.status, following.version
    row.due = None if following.due is None else from_rfc3339(following.due)
    row.state = canonical(following.state()).decode("utf-8")
    change.session.add(row)
    change.append("application", following.state())
    return following


def require_side(actor: Actor, department: str) -> None:
    """Raise ``NotFound`` unless the actor is of the department: to others it is not there."""
    if actor.account is None or actor.department != department:
        raise NotFound(what="application")


def require_another(actor: Actor, account: str | None) -> None:
    """Raise ``Forbidden`` if the actor is who prepared what is to be signed."""
    if actor.account == account:
        raise Forbidden(what="own-application")


def dataset_of(session: Session, code: str) -> tuple[Dataset, str]:
    """A dataset's definition and its department; raises ``NotFound``."""
    row = session.get(DatasetRow, code)
    if row is None or row.status != "active":
        raise NotFound(what="dataset")
    return load(row.definition, code), row.department


def purposes(session: Session) -> Callable[[str], bool]:
    """Whether a purpose is there and active."""

    def stands(code: str) -> bool:
        row = session.get(PurposeRow, code)
        return row is not None and row.status == "active"

    return stands


def find(connection: Connection, application: str, department: str | None) -> Application:
    """One application as a department of either side sees it; None sees all.

    Raises ``NotFound``, also to third departments, and to the provider before it was submitted.
    """
    row = connection.execute(
        "SELECT state FROM applications WHERE id = ?", (application,)
    ).fetchone()
    if row is None:
        raise NotFound(what="application")
    found = Application.model_validate_json(row[0])
    if not _seen_by(found, department):
        raise NotFound(what="application")
    return _as_seen_by(found, department)


def listing(connection: Connection, department: str | None) -> list[Application]:
    """All applications that a department made or has received, the newest first; None sees all."""
    rows = connection.execute(
        "SELECT state FROM applications WHERE ?1 IS NULL OR department = ?1 OR provider = ?1"
        " ORDER BY rowid DESC",
        (department,),
    )
    found = (Application.model_validate_json(state) for (state,) in rows)
    return [_as_seen_by(one, department) for one in found if _seen_by(one, department)]


def shown(application: Application, calendar: WorkingDays, now: int) -> dict[str, Json]:
    """The state, with where its clock stands: ``on-time``, ``near``, ``overdue`` or null."""
    return {**application.state(), "urgency": standing(application, calendar, now)}


def standing(application: Application, calendar: WorkingDays, now: int) -> str | None:
    """Where the clock of an application stands that runs; None if none does."""
    runs = application.status == "submitted" or (
        application.grant is not None and application.delivered is None
    )
    if application.due is None or not runs:
        return None
    return urgency(calendar, from_rfc3339(application.due), now)


def told(change: Change) -> str:
    """The time of a change, as states hold it."""
    return rfc3339(change.time)


def _as_seen_by(application: Application, department: str | None) -> Application:
    """Without what the other side has not signed: a draft of a reply binds nobody yet."""
    reply = application.reply
    if department != application.department or reply is None or reply.signed is not None:
        return application
    return application.model_copy(update={"reply": None})


def _seen_by(application: Application, department: str | None) -> bool:
    if department is None or application.department == department:
        return True
    hidden = application.submitted is None and application.status in {*OPEN, "withdrawn"}
    return application.provider == department and not hidden

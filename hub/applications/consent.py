"""From a signed reply to the grant: in one change, so that there is never one without the other."""

from catalog.working_days import WorkingDays
from certs.encoding import from_rfc3339, rfc3339
from hub.access.grant import Terms
from hub.access.grants import issue_in
from hub.applications.application import Application, Reply
from hub.applications.register import told
from hub.calendar.statutory import DELIVERY, due
from hub.errors import Conflict
from hub.ledger.change import Change
from hub.storage.tables import DatasetRow

_MAX_BASIS = 500


def consent(change: Change, application: Application, calendar: WorkingDays) -> Application:
    """The application as it stands once its reply takes effect, with the grant if there is one.

    ``change`` moves the epoch. A dataset that is published is delivered by the grant itself;
    otherwise the period of delivery begins. Raises ``Unprocessable`` for terms that make no sense,
    ``Conflict`` if the time of use has passed while nobody replied.
    """
    reply, elements = application.reply, application.elements
    if reply is None or elements.valid_until is None:
        raise Conflict(why="no-reply")
    if not reply.items:
        return application.model_copy(update={"status": "refused", "due": None})
    if from_rfc3339(elements.valid_until) <= change.time:
        raise Conflict(why="time-of-use-over")
    terms = Terms(
        department=application.department,
        dataset=application.dataset,
        operations=frozenset(elements.operations),
        channels=frozenset(elements.channels),
        items=dict(reply.items),
        purposes=frozenset(elements.purposes),
        valid_from=told(change),
        valid_until=elements.valid_until,
        daily_quota=elements.daily_quota,
        basis=elements.basis[:_MAX_BASIS],
        application=application.id,
    )
    grant = issue_in(change, terms)
    row = change.session.get(DatasetRow, application.dataset)
    published = row is not None and row.generation is not None
    ends = None if published else rfc3339(due(calendar, change.time, DELIVERY.days))
    return application.model_copy(
        update={
            "status": _status(reply),
            "grant": grant.id,
            "due": ends,
            "delivered": told(change) if published else None,
        }
    )


def _status(reply: Reply) -> str:
    in_part = reply.refused or any(mask != "full" for mask in reply.items.values())
    return "partly-granted" if in_part else "granted"

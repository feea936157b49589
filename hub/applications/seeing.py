"""Whose applications a person sees, and what of them waits for that person."""

from certs.encoding import from_rfc3339
from hub.applications.duties import Duty, concerns, duties
from hub.applications.register import listing
from hub.calendar.corrections import working_days
from hub.errors import Forbidden
from hub.people.permissions import Permission, may, require
from hub.people.sessions import Person
from hub.storage.sqlite import Connection

_ORDER = {"overdue": 0, "near": 1, "on-time": 2, None: 3}
_NEVER = 2**53


def sees(person: Person) -> str | None:
    """The department whose applications a person sees, None for all; raises ``Forbidden``."""
    if may(person, Permission.READ_ALL_APPLICATIONS):
        return None
    require(person, Permission.READ_APPLICATIONS)
    if person.department is None:
        raise Forbidden(what=Permission.READ_APPLICATIONS.value)
    return person.department


def waiting(connection: Connection, person: Person, now: int) -> list[Duty]:
    """What waits for a person, or is late and theirs to know: the most urgent first.

    Raises ``Forbidden`` for whoever sees no applications.
    """
    calendar = working_days(connection)
    held = frozenset(permission for permission in Permission if may(person, permission))
    found = [
        duty
        for application in listing(connection, sees(person))
        for duty in duties(application, calendar, now)
        if concerns(duty, held, person.department)
    ]
    return sorted(found, key=_urgency)


def _urgency(duty: Duty) -> tuple[int, int]:
    return _ORDER[duty.urgency], _NEVER if duty.due is None else from_rfc3339(duty.due)

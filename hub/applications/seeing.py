"""Whose applications a person sees, and what waits in them."""

from collections.abc import Iterator

from catalog.working_days import WorkingDays
from hub.applications.duties import duties
from hub.applications.register import listing
from hub.errors import Forbidden
from hub.people.duty import Duty
from hub.people.permissions import Permission, may, require
from hub.people.sessions import Person
from hub.storage.sqlite import Connection

READING = (Permission.READ_ALL_APPLICATIONS, Permission.READ_APPLICATIONS)
"""Whoever holds one of them sees applications."""


def sees(person: Person) -> str | None:
    """The department whose applications a person sees, None for all; raises ``Forbidden``."""
    if may(person, Permission.READ_ALL_APPLICATIONS):
        return None
    require(person, Permission.READ_APPLICATIONS)
    if person.department is None:
        raise Forbidden(what=Permission.READ_APPLICATIONS.value)
    return person.department


def application_duties(
    connection: Connection, person: Person, calendar: WorkingDays, now: int
) -> Iterator[Duty]:
    """What waits in the applications that a person sees; nothing for who sees none."""
    if any(may(person, permission) for permission in READING):
        for application in listing(connection, sees(person)):
            yield from duties(application, calendar, now)

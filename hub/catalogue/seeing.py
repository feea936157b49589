"""Whose catalogue entries a person sees, and what waits in them."""

from collections.abc import Iterator

from catalog.working_days import WorkingDays
from hub.catalogue.duties import duties
from hub.catalogue.register import listing
from hub.errors import Forbidden
from hub.people.duty import Duty
from hub.people.permissions import Permission, may, require
from hub.people.sessions import Person
from hub.storage.sqlite import Connection

READING = (Permission.READ_ALL_ENTRIES, Permission.READ_ENTRIES)
"""Whoever holds one of them sees entries."""


def sees(person: Person) -> str | None:
    """The department whose entries a person sees, None for all; raises ``Forbidden``."""
    if may(person, Permission.READ_ALL_ENTRIES):
        return None
    require(person, Permission.READ_ENTRIES)
    if person.department is None:
        raise Forbidden(what=Permission.READ_ENTRIES.value)
    return person.department


def entry_duties(
    connection: Connection, person: Person, calendar: WorkingDays, now: int
) -> Iterator[Duty]:
    """What waits in the entries that a person sees; nothing for who sees none."""
    if any(may(person, permission) for permission in READING):
        for entry in listing(connection, sees(person), under_way=True):
            yield from duties(entry, calendar, now)

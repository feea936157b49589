"""What waits for a person, from every room that has duties: one list, the most urgent first.

Everything is told from things as they stand, so nothing has to run at night.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from catalog.working_days import WorkingDays
from certs.encoding import from_rfc3339
from hub.applications.duties import WHOSE
from hub.applications.seeing import application_duties
from hub.calendar.corrections import working_days
from hub.cases.duties import case_duties
from hub.catalogue.duties import WHOSE as ENTRY_DEEDS
from hub.catalogue.seeing import entry_duties
from hub.delegation.seeing import delegation_duties
from hub.objections.seeing import objection_duties
from hub.people.duty import Duty, concerns
from hub.people.permissions import Permission, may
from hub.people.sessions import Person
from hub.storage.sqlite import Connection
from hub.usage.duties import WHOSE as GRANT_DEEDS

Source: TypeAlias = Callable[[Connection, Person, WorkingDays, int], Iterable[Duty]]
"""The duties of one room among the things that a person may see; none for who sees none."""

SOURCES: tuple[Source, ...] = (
    application_duties,
    objection_duties,
    entry_duties,
    case_duties,
    delegation_duties,
)
DEEDS: frozenset[Permission] = frozenset(
    {
        *WHOSE.values(),
        *GRANT_DEEDS.values(),
        *ENTRY_DEEDS.values(),
        Permission.ANSWER_OBJECTIONS,
        Permission.DELEGATE,
        Permission.OPEN_CASES,
    }
)
"""What doers of duties may do: who holds one of them has a list, if only an empty one."""
_ORDER = {"overdue": 0, "near": 1, "on-time": 2, None: 3}
_NEVER = 2**53


def waiting(connection: Connection, person: Person, now: int, *more: Source) -> list[Duty]:
    """What waits for a person, or is late and theirs to know: the most urgent first.

    ``more`` are the sources that hang on the hub's settings.
    """
    calendar = working_days(connection)
    held = frozenset(permission for permission in Permission if may(person, permission))
    found = [
        duty
        for source in (*SOURCES, *more)
        for duty in source(connection, person, calendar, now)
        if concerns(duty, held, person.department)
    ]
    return sorted(found, key=_urgency)


def has_list(person: Person) -> bool:
    """Whether anything could ever wait for a person."""
    return any(may(person, deed) for deed in DEEDS)


def _urgency(duty: Duty) -> tuple[int, int]:
    return _ORDER[duty.urgency], _NEVER if duty.due is None else from_rfc3339(duty.due)

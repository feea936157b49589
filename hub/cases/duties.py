"""What waits in cases: what was to follow, and promises to be checked, until their day is over.

The officers of the department are reminded, its head is warned when it is near, and the authority
sees what is overdue.
"""

from collections.abc import Iterator, Mapping

from catalog.working_days import WorkingDays
from certs.encoding import rfc3339
from hub.calendar.statutory import urgency
from hub.people.duty import Duty
from hub.people.permissions import Permission, may
from hub.people.sessions import Person
from hub.storage.sqlite import Connection

WHAT: Mapping[str, str] = {"later": "case-paper", "promise": "case-check"}
"""What is to be done about each kind of commitment."""
_OPEN = (
    "SELECT c.id, c.department, m.kind, m.due FROM commitments m JOIN cases c ON c.id = m.case_id"
    " WHERE m.status = 'open' AND (?1 IS NULL OR c.department = ?1) ORDER BY m.due"
)


def case_duties(
    connection: Connection, person: Person, calendar: WorkingDays, now: int
) -> Iterator[Duty]:
    """What was promised to a person's department; to the authority that of all."""
    authority = may(person, Permission.CONSENT_TO_TIME)
    if not authority and (
        person.department is None
        or not (may(person, Permission.OPEN_CASES) or may(person, Permission.READ_CASES))
    ):
        return
    seen = None if authority else person.department
    for case, department, kind, due in connection.execute(_OPEN, (seen,)):
        yield Duty(
            about="case",
            id=case,
            what=WHAT[kind],
            department=department,
            needs=Permission.OPEN_CASES,
            warns=Permission.READ_REUSE,
            due=rfc3339(due),
            urgency=urgency(calendar, due, now),
            of=department,
            dataset=None,
        )

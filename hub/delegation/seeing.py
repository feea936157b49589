"""Whose delegations a person sees, and what waits in them."""

from collections.abc import Iterator

from catalog.working_days import WorkingDays
from hub.delegation.register import listing
from hub.errors import Forbidden
from hub.people.duty import Duty
from hub.people.permissions import Permission, may, require
from hub.people.sessions import Person
from hub.storage.sqlite import Connection

READING = (Permission.READ_ALL_DELEGATIONS, Permission.READ_DELEGATIONS)
"""Whoever holds one of them sees delegations."""


def sees(person: Person) -> str | None:
    """The department whose delegations a person sees, None for all; raises ``Forbidden``."""
    if may(person, Permission.READ_ALL_DELEGATIONS):
        return None
    require(person, Permission.READ_DELEGATIONS)
    if person.department is None:
        raise Forbidden(what=Permission.READ_DELEGATIONS.value)
    return person.department


def delegation_duties(
    connection: Connection, person: Person, _: WorkingDays, now: int
) -> Iterator[Duty]:
    """What waits for heads: their own side's drafts, and what their department is given."""
    if not any(may(person, permission) for permission in READING):
        return
    for delegation in listing(connection, sees(person)):
        if now >= delegation.ends or delegation.status not in {"draft", "signed"}:
            continue
        drafted = delegation.status == "draft"
        yield Duty(
            about="delegation",
            id=delegation.id,
            what="sign-delegation" if drafted else "accept-delegation",
            department=delegation.department if drafted else delegation.to,
            needs=Permission.DELEGATE,
            warns=None,
            due=None,
            urgency=None,
            of=delegation.department,
            dataset=None,
        )

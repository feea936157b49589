"""Whose objections a person sees, what is open to them in one, and what waits."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from catalog.working_days import WorkingDays
from hub.errors import Forbidden
from hub.objections.objection import Objection
from hub.objections.register import listing, standing
from hub.people.duty import Duty
from hub.people.permissions import Permission, may, require
from hub.people.sessions import Person
from hub.storage.sqlite import Connection

Act: TypeAlias = Literal["open", "answer", "withdraw"]
READING = (Permission.READ_ALL_OBJECTIONS, Permission.READ_OBJECTIONS)
"""Whoever holds one of them sees objections."""


def sees(person: Person) -> str | None:
    """The department whose objections a person sees, None for all; raises ``Forbidden``."""
    if may(person, Permission.READ_ALL_OBJECTIONS):
        return None
    require(person, Permission.READ_OBJECTIONS)
    if person.department is None:
        raise Forbidden(what=Permission.READ_OBJECTIONS.value)
    return person.department


def acts(person: Person, objection: Objection) -> frozenset[Act]:
    """What a person may do with an objection: its content is for whoever works on it alone."""
    possible: set[Act] = set()
    is_open = objection.status == "open"
    if person.department == objection.department and may(person, Permission.RAISE_OBJECTIONS):
        possible.add("open")
        if is_open:
            possible.add("withdraw")
    if person.department == objection.provider and may(person, Permission.ANSWER_OBJECTIONS):
        possible.add("open")
        if is_open:
            possible.add("answer")
    return frozenset(possible)


def objection_duties(
    connection: Connection, person: Person, calendar: WorkingDays, now: int
) -> Iterator[Duty]:
    """What waits in the objections that a person sees; nothing for who sees none."""
    if not any(may(person, permission) for permission in READING):
        return
    for objection in listing(connection, sees(person), status="open"):
        yield Duty(
            about="objection",
            id=objection.id,
            what="answer-objection",
            department=objection.provider,
            needs=Permission.ANSWER_OBJECTIONS,
            warns=Permission.OVERSEE_OBJECTIONS,
            due=objection.due,
            urgency=standing(objection, calendar, now),
            of=objection.department,
            dataset=objection.dataset,
        )

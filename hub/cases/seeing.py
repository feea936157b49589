"""Whose cases a person sees, and whose content; states tell nothing of anybody."""

from hub.cases.state import CaseState
from hub.errors import Forbidden
from hub.people.permissions import Permission, may, require
from hub.people.sessions import Person

READING = (Permission.READ_ALL_CASES, Permission.READ_CASES)
"""Whoever holds one of them sees states of cases."""


def sees(person: Person) -> str | None:
    """The department whose cases a person sees, None for all; raises ``Forbidden``."""
    if may(person, Permission.READ_ALL_CASES):
        return None
    require(person, Permission.READ_CASES)
    if person.department is None:
        raise Forbidden(what=Permission.READ_CASES.value)
    return person.department


def handles(person: Person, state: CaseState) -> bool:
    """Whether pages offer a case's content and acts; each checks everything anew."""
    return may(person, Permission.OPEN_CASES) and person.department == state.department

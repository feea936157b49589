"""A deed that waits for somebody: what, whose, until when; and who is shown it.

Whoever is to act sees it at once. When its time is near, those see it whom it warns (the head of
the department); when it is over, the authority does (政务数据共享条例, Arts 21, 27).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from certs.canonical import Json
from hub.people.permissions import Permission

About: TypeAlias = Literal["application", "case", "catalogue", "delegation", "grant", "objection"]
"""What kind of thing a deed belongs to."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A deed that waits.

    ``department`` is whose, None for the authority's; ``needs`` is what its doer may do, ``warns``
    what those may do who are told when it is near. ``due`` is RFC 3339, ``urgency`` as
    ``hub/calendar/statutory.py`` has it; both None for what has no clock. ``of`` and ``dataset``
    say in a list what it is about: the department that wants something, and the dataset.
    """

    about: About
    id: str
    what: str
    department: str | None
    needs: Permission
    warns: Permission | None
    due: str | None
    urgency: str | None
    of: str | None
    dataset: str | None

    def to_json(self) -> dict[str, Json]:
        """As routes give it."""
        return {
            "about": self.about,
            "dataset": self.dataset,
            "department": self.department,
            "due": self.due,
            "id": self.id,
            "urgency": self.urgency,
            "what": self.what,
        }


def concerns(duty: Duty, permissions: frozenset[Permission], department: str | None) -> bool:
    """Whether somebody with these permissions is shown a duty: to do it, or because it is late."""
    if duty.department is None:
        return duty.needs in permissions and department is None
    if Permission.CONSENT_TO_TIME in permissions:
        return duty.urgency == "overdue"
    if duty.department != department:
        return False
    warned = duty.urgency in {"near", "overdue"} and duty.warns in permissions
    return duty.needs in permissions or warned

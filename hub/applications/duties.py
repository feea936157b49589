"""What waits for whom: the acts of applications that are due, warned of, and escalated.

Everything is told from the applications as they stand, so nothing has to run at night. Whoever is
to act sees it at once. When its time is near, the head of the department sees it too; when it is
over, the authority does (政务数据共享条例, Arts 21, 27).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from catalog.working_days import WorkingDays
from certs.canonical import Json
from hub.applications.application import Application
from hub.applications.register import standing
from hub.people.permissions import Permission

What: TypeAlias = Literal[
    "complete", "sign", "reply", "sign-reply", "consent-to-time", "deliver", "settle"
]

WHOSE: dict[What, Permission] = {
    "complete": Permission.APPLY,
    "sign": Permission.SIGN_APPLICATIONS,
    "reply": Permission.REPLY,
    "sign-reply": Permission.SIGN_REPLIES,
    "consent-to-time": Permission.CONSENT_TO_TIME,
    "deliver": Permission.REPLY,
    "settle": Permission.SETTLE_DISPUTES,
}
"""By whom each act is done."""


@dataclass(frozen=True, slots=True)
class Duty:
    """An act that waits; ``department`` is whose, None for the authority's."""

    application: str
    what: What
    department: str | None
    due: str | None
    urgency: str | None

    def to_json(self) -> dict[str, Json]:
        """As routes give it."""
        return {
            "application": self.application,
            "department": self.department,
            "due": self.due,
            "urgency": self.urgency,
            "what": self.what,
        }


def duties(application: Application, calendar: WorkingDays, now: int) -> Iterator[Duty]:
    """What waits in one application."""
    urgency = standing(application, calendar, now)
    due = application.due if urgency is not None else None
    for what, department in _waiting(application):
        timed = what in {"reply", "sign-reply", "deliver", "consent-to-time"}
        yield Duty(
            application.id, what, department, due if timed else None, urgency if timed else None
        )


def concerns(duty: Duty, permissions: frozenset[Permission], department: str | None) -> bool:
    """Whether somebody with these permissions is shown a duty: to do it, or because it is late."""
    if duty.department is None:
        return WHOSE[duty.what] in permissions and department is None
    if Permission.CONSENT_TO_TIME in permissions:
        return duty.urgency == "overdue"
    if duty.department != department:
        return False
    warned = duty.urgency in {"near", "overdue"} and Permission.SIGN_REPLIES in permissions
    return WHOSE[duty.what] in permissions or warned


def _waiting(application: Application) -> Iterator[tuple[What, str | None]]:
    match application.status:
        case "draft":
            yield "sign", application.department
        case "returned":
            yield "complete", application.department
        case "submitted":
            prepared = application.reply is not None
            yield "sign-reply" if prepared else "reply", application.provider
            extension = application.extension
            if extension is not None and extension.consented is None:
                yield "consent-to-time", None
        case _:
            if application.grant is not None and application.delivered is None:
                yield "deliver", application.provider
    dispute = application.dispute
    if dispute is not None and dispute.settled is None:
        between = dispute.level == "departments"
        yield from (
            (("settle", application.department), ("settle", application.provider))
            if between
            else (("settle", None),)
        )

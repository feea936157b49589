"""What waits for whom in an application; the head of the department is warned."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from catalog.working_days import WorkingDays
from hub.applications.application import Application
from hub.applications.register import standing
from hub.people.duty import Duty
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


def duties(application: Application, calendar: WorkingDays, now: int) -> Iterator[Duty]:
    """What waits in one application."""
    urgency = standing(application, calendar, now)
    due = application.due if urgency is not None else None
    for what, department in _waiting(application):
        timed = what in {"reply", "sign-reply", "deliver", "consent-to-time"}
        yield Duty(
            about="application",
            id=application.id,
            what=what,
            department=department,
            needs=WHOSE[what],
            warns=Permission.SIGN_REPLIES,
            due=due if timed else None,
            urgency=urgency if timed else None,
            of=application.department,
            dataset=application.dataset,
        )


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

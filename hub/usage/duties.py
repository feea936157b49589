"""What waits for whom in the life of a grant; the head of the department is warned."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Literal, TypeAlias

from catalog.working_days import WorkingDays
from certs.encoding import from_rfc3339, rfc3339
from hub.access import grants, purposes
from hub.access.ends import end_of, review_at
from hub.access.grant import Grant
from hub.calendar.statutory import due, urgency
from hub.clock import DAY
from hub.people.duty import Duty
from hub.people.permissions import Permission, may
from hub.people.sessions import Person
from hub.settings import GrantSettings
from hub.storage.sqlite import Connection
from hub.usage import disposals, dispositions
from hub.usage.dispositions import Disposition

What: TypeAlias = Literal[
    "rectify",
    "sign-rectification",
    "judge-rectification",
    "judge-request",
    "dispose",
    "sign-disposal",
    "review",
]

WHOSE: Mapping[What, Permission] = {
    "rectify": Permission.ACCOUNT_FOR_USE,
    "sign-rectification": Permission.SIGN_ACCOUNTS,
    "judge-rectification": Permission.CHANGE_GRANTS,
    "judge-request": Permission.CHANGE_GRANTS,
    "dispose": Permission.ACCOUNT_FOR_USE,
    "sign-disposal": Permission.SIGN_ACCOUNTS,
    "review": Permission.CHANGE_GRANTS,
}
"""By whom each act is done."""
REVIEW_AHEAD = 30 * DAY
"""From how long before its date on a review is due to be thought of."""


def grant_duties(
    settings: GrantSettings, connection: Connection, person: Person, calendar: WorkingDays, now: int
) -> Iterator[Duty]:
    """What waits in the grants that a person has to do with; nothing for who has none to.

    Give ``settings`` first (``functools.partial``): the rest is a source of ``hub/duties``.
    """
    if not any(may(person, deed) for deed in WHOSE.values()):
        return
    department = None if may(person, Permission.READ_ALL_GRANTS) else person.department
    held = {one.id: one for one in grants.listing(connection, department=department)}
    for found in dispositions.under_way(connection):
        if found.grant in held:
            yield from _disposition(found, held[found.grant], calendar, now)
    ended, recorded = purposes.ends(connection), disposals.standing(connection)
    for grant in held.values():
        end = end_of(grant, ended, now)
        if end is None:
            yield from _review(grant, settings, now)
        elif not recorded.get(grant.id, False):
            what: What = "sign-disposal" if grant.id in recorded else "dispose"
            since = None if end.at is None else due(calendar, end.at, settings.disposal_days)
            yield _duty(what, grant, grant.department, since, calendar, now)


def source(settings: GrantSettings) -> "partial[Iterator[Duty]]":
    """The source of duties of a hub with these settings."""
    return partial(grant_duties, settings)


def _disposition(
    found: Disposition, grant: Grant, calendar: WorkingDays, now: int
) -> Iterator[Duty]:
    report = found.report
    if found.status == "requested":
        yield _duty("judge-request", grant, None, None, calendar, now)
    elif report is not None and report.signed is not None:
        yield _duty("judge-rectification", grant, None, None, calendar, now)
    else:
        ends = None if found.due is None else from_rfc3339(found.due)
        what: What = "rectify" if report is None else "sign-rectification"
        yield _duty(what, grant, grant.department, ends, calendar, now)


def _review(grant: Grant, settings: GrantSettings, now: int) -> Iterator[Duty]:
    moment = review_at(grant, settings.review_days)
    if moment is None or now < moment - REVIEW_AHEAD:
        return
    yield Duty(
        about="grant",
        id=grant.id,
        what="review",
        department=None,
        needs=WHOSE["review"],
        warns=None,
        due=rfc3339(moment),
        urgency="overdue" if now >= moment else "near",
        of=grant.department,
        dataset=grant.dataset,
    )


def _duty(
    what: What,
    grant: Grant,
    department: str | None,
    ends: int | None,
    calendar: WorkingDays,
    now: int,
) -> Duty:
    return Duty(
        about="grant",
        id=grant.id,
        what=what,
        department=department,
        needs=WHOSE[what],
        warns=Permission.SIGN_ACCOUNTS,
        due=None if ends is None else rfc3339(ends),
        urgency=None if ends is None else urgency(calendar, ends, now),
        of=grant.department,
        dataset=grant.dataset,
    )

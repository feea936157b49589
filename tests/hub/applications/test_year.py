"""A year of applications, day by day: who is shown what, against dates reckoned independently.

The oracle knows the notice for 2026 as two lists copied from it, and counts on its fingers.
"""

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from catalog.working_days import WorkingDays
from certs.encoding import rfc3339
from hub.applications.application import Application, Elements
from hub.applications.duties import duties
from hub.calendar.statutory import REPLY_CONDITIONAL, due
from hub.people.duty import concerns
from hub.people.permissions import ALLOWED, Permission

if TYPE_CHECKING:
    from hub.people.permissions import Role

OFF = (
    (date(2026, 1, 1), 3),
    (date(2026, 2, 15), 9),
    (date(2026, 4, 4), 3),
    (date(2026, 5, 1), 5),
    (date(2026, 6, 19), 3),
    (date(2026, 9, 25), 3),
    (date(2026, 10, 1), 7),
)
WORKED = {
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
}
HOLIDAYS = {first + timedelta(days=number) for first, count in OFF for number in range(count)}


def works(day: date) -> bool:
    return day in WORKED or (day not in HOLIDAYS and day.weekday() < 5)


def noon(day: date) -> int:
    """Noon in Shanghai, in milliseconds."""
    return round(datetime.combine(day, time(4), UTC).timestamp() * 1000)


def held(role: "Role") -> frozenset[Permission]:
    return frozenset(permission for permission, roles in ALLOWED.items() if role in roles)


def submitted(number: int, day: date) -> Application:
    now = noon(day)
    return Application(
        id=f"A-{number:012x}",
        version=2,
        status="submitted",
        department="mrb",
        dataset="resident",
        provider="psb",
        elements=Elements(),
        created=rfc3339(now),
        submitted=rfc3339(now),
        due=rfc3339(due(WorkingDays(), now, REPLY_CONDITIONAL.days)),
    )


def expected(days_worked: int) -> str:
    """Where a period of ten days stands after so many worked days, today's included."""
    left = 10 - days_worked
    return "overdue" if left < 0 else "near" if left <= 2 else "on-time"


def test_a_year_of_replies_that_do_not_come() -> None:
    """Every day of the year, each open application is told of with the urgency that it has."""
    chance = random.Random(20260101)  # noqa: S311 days, not secrets
    calendar = WorkingDays()
    year = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    begun = sorted(chance.sample(year[:340], 60))
    seen: set[str] = set()
    for today in year:
        for number, first in enumerate(begun):
            if not first <= today <= first + timedelta(days=40):
                continue
            passed = sum(
                works(first + timedelta(days=n)) for n in range(1, (today - first).days + 1)
            )
            # A day without work does not end the period: it ends with its last working day.
            over = passed > 10 or (passed == 10 and not works(today))
            wanted = "overdue" if over else expected(passed)
            (duty,) = duties(submitted(number, first), calendar, noon(today))
            assert (duty.what, duty.urgency) == ("reply", wanted), (first, today)
            assert concerns(duty, held("steward"), "psb")
            assert concerns(duty, held("head"), "psb") == (wanted != "on-time")
            assert concerns(duty, held("administrator"), None) == (wanted == "overdue")
            assert not concerns(duty, held("steward"), "mrb")
            assert not concerns(duty, held("auditor"), None)
            seen.add(wanted)
    assert seen == {"on-time", "near", "overdue"}

"""The clocks of the law, in working days, and where each one stands.

A period begins the day after what sets it going (民法典, Art 201) and ends with its last day, in
Asia/Shanghai. A due time is the first moment after that day, in milliseconds.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple, TypeAlias

from catalog.working_days import WorkingDays
from hub.clock import SHANGHAI

Urgency: TypeAlias = Literal["on-time", "near", "overdue"]

NEAR = 2
"""Working days before the end from which on a clock is warned of."""


class Period(NamedTuple):
    """A period of the law: working days, and by how many it may be extended once."""

    days: int
    extension: int
    source: str


REPLY_UNCONDITIONAL = Period(1, 0, "政务数据共享条例 Art 21")
REPLY_CONDITIONAL = Period(10, 10, "政务数据共享条例 Art 21")
DELIVERY = Period(20, 0, "政务数据共享条例 Art 22")
OBJECTION = Period(10, 0, "政务数据共享条例 Art 26")
CATALOGUE_UPDATE = Period(10, 5, "政务数据共享条例 Art 17")
CATALOGUE_REVIEW = Period(2, 0, "政务数据共享条例 Art 17")


def due(calendar: WorkingDays, since: int, days: int) -> int:
    """When a period of so many working days ends that began at ``since``; both milliseconds."""
    return _end_of(calendar.after(day_of(since), days))


def urgency(calendar: WorkingDays, ends: int, now: int) -> Urgency:
    """Where a clock stands that ends at ``ends``."""
    if now >= ends:
        return "overdue"
    left = calendar.left(day_of(now), last_day(ends))
    return "near" if left <= NEAR else "on-time"


def last_day(ends: int) -> date:
    """The last day of a period that ends at ``ends``."""
    return day_of(ends - 1)


def day_of(moment: int) -> date:
    """The day in Asia/Shanghai of a moment in milliseconds."""
    return datetime.fromtimestamp(moment / 1000, UTC).astimezone(SHANGHAI).date()


def _end_of(day: date) -> int:
    following = datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
    return round(following.timestamp() * 1000)

"""Working days 工作日 of mainland China, as statutory clocks count them.

The State Council announces each autumn which days of the next year are off and which weekends are
worked in their place (国务院办公厅关于节假日安排的通知). The library knows what has been announced;
for later years there is a rule of thumb, marked as such, and for what neither knows, corrections.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

import chinese_calendar

FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the holidays that need no lunar calendar (全国年节及纪念日放假办法, Art 2, as
in force from 2025). Spring Festival and the others are only known once they are announced."""
MOST = 2000
"""Working days in one count at most: eight years."""
_SATURDAY = 5
_NO_CORRECTIONS: Mapping[date, bool] = MappingProxyType({})


class WorkingDays:
    """The calendar; ``corrections`` say of single days whether they are worked, and win."""

    def __init__(self, corrections: Mapping[date, bool] = _NO_CORRECTIONS) -> None:
        self._corrections = corrections

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is worked."""
        corrected = self._corrections.get(day)
        if corrected is not None:
            return corrected
        if is_announced(day.year):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < _SATURDAY and (day.month, day.day) not in FIXED

    def after(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``, which itself is not counted.

        The day on which a period begins is not counted (民法典, Art 201). Raises ``ValueError``
        for a count below 1 or above ``MOST``.
        """
        if not 1 <= count <= MOST:
            raise ValueError(count)
        left = count
        while left:
            day += timedelta(days=1)
            left -= self.is_working(day)
        return day

    def left(self, today: date, last: date) -> int:
        """Working days from tomorrow to ``last``, that one included; 0 or less if it has passed.

        A day overdue counts −1, two days −2: in working days as well.
        """
        if last >= today:
            return sum(self.is_working(day) for day in _days(today, last))
        return -sum(self.is_working(day) for day in _days(last, today))

    def certain(self, first: date, last: date) -> bool:
        """Whether every year from ``first`` to ``last`` has been announced."""
        return all(is_announced(year) for year in range(first.year, last.year + 1))


def is_announced(year: int) -> bool:
    """Whether the library knows the State Council's notice for this year."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def _days(after: date, last: date) -> list[date]:
    return [after + timedelta(days=number) for number in range(1, (last - after).days + 1)]

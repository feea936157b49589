"""Days as small numbers: drawing, comparing and writing dates millions of times is the work here.

The city's today is fixed, so that a seed gives the same city for ever.
"""

from datetime import date, timedelta

from catalog.identifiers.resident import WEIGHTS

FIRST = date(1905, 1, 1)
TODAY = date(2026, 6, 30)
YEAR = 365.2425


def day_of(when: date) -> int:
    """The number of a day: days since ``FIRST``."""
    return (when - FIRST).days


LAST = day_of(TODAY)
# Documents run past today: a licence of twenty years, a right of seventy.
_HORIZON = LAST + round(21 * YEAR)


def years(count: float) -> int:
    """``count`` years in days."""
    return round(count * YEAR)


class Calendar:
    """The written forms of every day, and each day's share in a resident number's check sum."""

    __slots__ = ("birth", "birth_sum", "iso")

    def __init__(self) -> None:
        days = [FIRST + timedelta(days=number) for number in range(_HORIZON + 1)]
        self.iso = [day.isoformat() for day in days]
        self.birth = [text.replace("-", "") for text in self.iso[: LAST + 1]]
        self.birth_sum = [
            sum(w * int(digit) for w, digit in zip(WEIGHTS[6:14], text, strict=True))
            for text in self.birth
        ]

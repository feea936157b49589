"""When a source is published again and again: ``15m``, ``1h``, ``1d@02:30``.

Times of day are those of Asia/Shanghai. An interval begins at once and is counted from beginning to
beginning; what is missed is not made up for.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.sources.errors import ScheduleUnclear

ZONE = ZoneInfo("Asia/Shanghai")
_GIVEN = re.compile(r"([1-9][0-9]{0,4})([mhd])(?:@([01][0-9]|2[0-3]):([0-5][0-9]))?\Z")
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True, slots=True)
class Schedule:
    """``every`` milliseconds; ``at`` minutes after midnight if it is so many days apart."""

    every: int
    at: int | None

    @classmethod
    def read(cls, given: str) -> "Schedule":
        """Read what was given; raises ``ScheduleUnclear``."""
        match = _GIVEN.match(given.strip())
        if match is None or (match[3] is not None and match[2] != "d"):
            raise ScheduleUnclear(given=given)
        at = None if match[3] is None else int(match[3]) * 60 + int(match[4])
        return cls(int(match[1]) * _UNITS[match[2]], at)

    def first(self, now: int) -> int:
        """When to begin, in milliseconds since 1970 UTC."""
        return now if self.at is None else self._next_at(now)

    def after(self, last: int, now: int) -> int:
        """The next time after ``last``, not before ``now``; Shanghai has no summer time."""
        following = last + self.every
        if following >= now:
            return following
        return now if self.at is None else self._next_at(now)

    def _next_at(self, now: int) -> int:
        """The next time of day after ``now``."""
        local = datetime.fromtimestamp(now / 1000, ZONE)
        hour, minute = divmod(self.at or 0, 60)
        at = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if at <= local:
            at += timedelta(days=1)
        return round(at.timestamp() * 1000)

"""The clock, injected everywhere: nothing else asks the machine for the time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeAlias

Clock: TypeAlias = Callable[[], int]
"""Gives milliseconds since 1970 UTC."""

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one offset and no summer time since 1992; quota days are counted in it."""

MINUTE = 60 * 1000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SHANGHAI_AHEAD = 8 * 3600 * 1000
"""Milliseconds by which it is ahead of UTC."""


def system_clock() -> int:
    """Milliseconds since 1970 UTC by this machine's clock."""
    return time.time_ns() // 1_000_000


def shanghai_day(milliseconds: int) -> int:
    """The number of the day in Asia/Shanghai, counted from 1970-01-01."""
    return (milliseconds + SHANGHAI_AHEAD) // DAY


def month(milliseconds: int) -> str:
    """The UTC month of a time as ``2026-01``."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m")

"""The only place that asks the machine for the time; everything else is handed a clock."""

import time
from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], int]
"""Gives milliseconds since 1970 UTC."""

Sleep: TypeAlias = Callable[[float], None]
"""Waits for so many seconds."""


def system_clock() -> int:
    """The machine's time in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds of a clock that is never set, for deadlines."""
    return time.monotonic()


def wait(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)

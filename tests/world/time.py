"""The clock of tests."""

from dataclasses import dataclass

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_790_000_000_000
"""2026-09-21T13:33:20Z, an evening in Shanghai."""


@dataclass
class Time:
    """A clock that stands until a test moves it; milliseconds since 1970 UTC."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now

    def advance(self, milliseconds: int) -> None:
        self.now += milliseconds

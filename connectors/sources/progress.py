"""How far a publication is, how fast it goes and when it will be done."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["sending", "checking"]
WINDOW = 30.0
"""Seconds over which a rate is taken: long enough to be steady, short enough to be true."""
Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Step:
    """How far one stage is: rows, of how many where that is known, and bytes that were sent."""

    stage: Stage
    rows: int
    total: int | None = None
    size: int = 0


OnProgress = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Speed:
    """Rows and bytes a second, and the seconds that are left; None where that is not known."""

    rows: float
    size: float
    left: float | None


class Pace:
    """The speed of the stage that is under way."""

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._stage: Stage | None = None
        self._seen: deque[tuple[float, int, int]] = deque()

    def of(self, step: Step) -> Speed | None:
        """The speed at this step; None as long as there is none to tell."""
        now = self._monotonic()
        if step.stage != self._stage:
            self._stage = step.stage
            self._seen.clear()
        self._seen.append((now, step.rows, step.size))
        while len(self._seen) > 2 and now - self._seen[1][0] >= WINDOW:  # noqa: PLR2004 two ends
            self._seen.popleft()
        began, rows, size = self._seen[0]
        seconds = now - began
        if seconds <= 0 or step.rows <= rows:
            return None
        rate = (step.rows - rows) / seconds
        left = None if step.total is None else max(step.total - step.rows, 0) / rate
        return Speed(rate, (step.size - size) / seconds, left)

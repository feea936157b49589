"""How often strangers may read: so many times a minute from one address, in each process."""

from collections import Counter

from hub.clock import MINUTE, Clock
from hub.errors import TooManyFailures

ADDRESSES = 10_000
"""Addresses that are remembered within one minute; beyond them the rest share one count."""
_REST = ""


class Door:
    """Counts reads of one process."""

    def __init__(self, clock: Clock, *, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._minute = 0
        self._reads: Counter[str] = Counter()

    def enter(self, address: str) -> None:
        """Count a read; raises ``TooManyFailures`` if this address has had its share."""
        minute = self._clock() // MINUTE
        if minute != self._minute:
            self._minute = minute
            self._reads.clear()
        known = address in self._reads or len(self._reads) < ADDRESSES
        counted = address if known else _REST
        self._reads[counted] += 1
        if self._reads[counted] > self._per_minute:
            raise TooManyFailures

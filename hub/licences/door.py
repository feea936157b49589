"""How often strangers may read: so many times a minute from one address, in each process."""

from collections import Counter
from ipaddress import IPv6Address

from hub.clock import MINUTE, Clock
from hub.errors import TooManyFailures

NETWORK = 64
"""Leading bits of an IPv6 address that count as one: whoever has one address has all of these."""
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
        address = _network(address)
        known = address in self._reads or len(self._reads) < ADDRESSES
        counted = address if known else _REST
        self._reads[counted] += 1
        if self._reads[counted] > self._per_minute:
            raise TooManyFailures


def _network(address: str) -> str:
    """The part of an address that one stranger cannot change at will."""
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return found.packed[: NETWORK // 8].hex()

"""Attempts that never became questions: no valid signature, a replay, an unknown certificate.

They are not recorded singly, or anyone could fill the log: they are counted, told to wait when one
address fails too often, and summed into one entry a minute per reason and known connector.
"""

from collections import Counter

from certs.errors import MalformedHeader, SignatureError
from certs.signatures import Message, read_signature
from hub.access.standing import Standing
from hub.clock import Clock
from hub.errors import TooManyFailures
from hub.ledger.change import HUB, Changes

ADDRESSES = 10_000
"""Addresses that are remembered within one second."""


class Attempts:
    """Counts failed attempts of one process."""

    def __init__(self, clock: Clock, *, per_second: int) -> None:
        self._clock = clock
        self._per_second = per_second
        self._second = 0
        self._addresses: Counter[str] = Counter()
        self._sums: Counter[tuple[str, str | None]] = Counter()

    def allow(self, address: str) -> None:
        """Raise ``TooManyFailures`` if this address has failed too often in this second."""
        if self._addresses and self._this_second()[address] >= self._per_second:
            raise TooManyFailures

    def failed(self, address: str, reason: str, connector: str | None = None) -> None:
        """Count one failed attempt; ``connector`` if a known one was named."""
        addresses = self._this_second()
        if len(addresses) < ADDRESSES or address in addresses:
            addresses[address] += 1
        self._sums[(reason, connector)] += 1

    def enter(self, changes: Changes) -> int:
        """Write the sums since the last time as entries; gives how many there were.

        Raises ``Unavailable`` if that cannot be; then they are kept for the next time.
        """
        sums = self._sums.copy()
        if not sums:
            return 0
        with changes.change(HUB, moves_epoch=False) as change:
            for (reason, connector), count in sorted(sums.items(), key=str):
                change.append(
                    "attempts", {"connector": connector, "count": count, "reason": reason}
                )
        self._sums -= sums
        return len(sums)

    def _this_second(self) -> Counter[str]:
        second = self._clock() // 1000
        if second != self._second:
            self._second = second
            self._addresses.clear()
        return self._addresses


def named_connector(message: Message, standing: Standing) -> str | None:
    """The connector whose key a failed request names; nothing proves that it sent it."""
    try:
        keyid = read_signature(message.headers, with_body=False).keyid
    except (SignatureError, MalformedHeader):
        return None
    credential = standing.credential(keyid)
    return None if credential is None else credential.connector

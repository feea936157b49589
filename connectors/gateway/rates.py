"""How often each calling system may ask: a bucket that fills by its rate and holds one second."""

from collections.abc import Callable

from connectors.gateway.errors import RateSpent
from connectors.gateway.keys import Key


class Rates:
    """The buckets of one gateway, by the name of the key; ``monotonic`` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}
        """Questions left, and when that was so."""

    def spend(self, key: Key) -> None:
        """Take one question of ``key``; raises ``RateSpent`` if none is left."""
        if key.rate is None:
            return
        now = self._monotonic()
        left, since = self._buckets.get(key.name, (float(key.rate), now))
        left = min(float(key.rate), left + (now - since) * key.rate)
        if left < 1.0:
            self._buckets[key.name] = (left, now)
            raise RateSpent(rate=key.rate)
        self._buckets[key.name] = (left - 1.0, now)

"""Guessing passwords: what is counted, and who has to wait.

Three limits, because each alone can be turned against somebody:

    address              so that nobody keeps the hub hashing; a right password is not counted
    account and address  doubling waits; whoever guesses shuts out himself alone
    account              short waits, for guesses that come from many addresses; where a person
                         has signed in before, it does not hold

An account that does not exist waits as one that does, so that the waiting tells nothing. It is
counted apart: invented accounts push out each other and never a real one.
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass

from hub.clock import Clock
from hub.errors import NotSignedIn, TooManyFailures

PER_SECOND = 10
"""Wrong sign-ins of one address in a second, and those that are still being looked at: a quarter
of what two hashes at a time can do. Behind a proxy all share one address."""
FREE_FAILURES = 5
"""Wrong passwords of one account from one address before it has to wait (GB/T 22239-2019 8.1.4.1 b
asks for such a limit and leaves the number open)."""
FIRST_WAIT_MS = 2_000
"""The first wait; each further failure doubles it."""
LONGEST_WAIT_MS = 15 * 60 * 1000
"""Long enough to make guessing useless."""
FREE_FAILURES_ANYWHERE = 50
"""Wrong passwords of one account from wherever they come."""
LONGEST_WAIT_ANYWHERE_MS = 10_000
"""Short enough that nobody is shut out by others; still below 9,000 guesses a day."""
FORGOTTEN_MS = 60 * 60 * 1000
"""Failures are forgotten after an hour without one."""
KEPT = 10_000
"""How many of each are remembered by one process; the longest untouched goes first."""


class SignInThrottled(NotSignedIn):
    """Too many wrong passwords for this account; fact ``seconds`` to wait."""

    code = "sign-in-throttled"


@dataclass(frozen=True, slots=True)
class _Limit:
    free: int
    first: int
    longest: int


_PAIR = _Limit(FREE_FAILURES, FIRST_WAIT_MS, LONGEST_WAIT_MS)
_ANYWHERE = _Limit(FREE_FAILURES_ANYWHERE, FIRST_WAIT_MS, LONGEST_WAIT_ANYWHERE_MS)


class _Counts:
    """Failures by a key, and how long the key has to wait."""

    def __init__(self, limit: _Limit) -> None:
        self._limit = limit
        self._failures: OrderedDict[tuple[str, ...], tuple[int, int]] = OrderedDict()

    def wait(self, key: tuple[str, ...], now: int) -> int:
        """Milliseconds to wait, 0 if none."""
        count, last = self._failures.get(key, (0, 0))
        if count < self._limit.free:
            return 0
        wait = min(self._limit.first << min(count - self._limit.free, 20), self._limit.longest)
        return max(last + wait - now, 0)

    def fail(self, key: tuple[str, ...], now: int) -> None:
        """Count one more."""
        count, last = self._failures.get(key, (0, 0))
        self._failures[key] = (count + 1 if now < last + FORGOTTEN_MS else 1, now)
        self._failures.move_to_end(key)
        if len(self._failures) > KEPT:
            self._failures.popitem(last=False)

    def forget(self, key: tuple[str, ...]) -> None:
        """Begin again."""
        self._failures.pop(key, None)


class Guesses:
    """Counts the wrong passwords that one process sees: n workers allow n times as many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = 0
        self._addresses: Counter[str] = Counter()
        self._pairs = {known: _Counts(_PAIR) for known in (True, False)}
        self._accounts = {known: _Counts(_ANYWHERE) for known in (True, False)}
        self._signed_in: OrderedDict[tuple[str, str], None] = OrderedDict()

    def arrive(self, address: str) -> None:
        """Count a sign-in of an address; raises ``TooManyFailures``."""
        addresses = self._this_second()
        if addresses[address] >= PER_SECOND:
            raise TooManyFailures
        if len(addresses) < KEPT or address in addresses:
            addresses[address] += 1

    def begin(self, account: str, address: str, *, exists: bool) -> None:
        """Let a password be looked at; raises ``SignInThrottled`` before any hashing.

        It counts as wrong until ``right`` is called, so that tries side by side are counted too.
        """
        now, pair = self._clock(), (account, address)
        wait = self._pairs[exists].wait(pair, now)
        if pair not in self._signed_in:
            wait = max(wait, self._accounts[exists].wait((account,), now))
        if wait:
            raise SignInThrottled(seconds=-(-wait // 1000))
        self._pairs[exists].fail(pair, now)
        self._accounts[exists].fail((account,), now)

    def right(self, account: str, address: str) -> None:
        """The password was the right one."""
        addresses, pair = self._this_second(), (account, address)
        if addresses[address] > 0:
            addresses[address] -= 1
        self._pairs[True].forget(pair)
        self._signed_in[pair] = None
        self._signed_in.move_to_end(pair)
        if len(self._signed_in) > KEPT:
            self._signed_in.popitem(last=False)

    def _this_second(self) -> Counter[str]:
        second = self._clock() // 1000
        if second != self._second:
            self._second = second
            self._addresses.clear()
        return self._addresses

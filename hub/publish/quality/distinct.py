"""How many different values an item has, from hashes of them, in bounded memory.

The smallest ``KEPT`` different hashes are kept (Bar-Yossef et al., *Counting Distinct Elements in a
Data Stream*, 2002; the unbiased form is Beyer et al., SIGMOD 2007). Up to that many values the
count is exact. Above it is (KEPT − 1) / (the greatest of them, as a share of all hashes): its
standard error is 1 / √(KEPT − 2), 1.6 %. HyperLogLog would have that error in a fiftieth of the
memory; but here all that a row costs, once the first are seen, is one comparison in SQL, and the
result is the same in whatever batches the rows come.
"""

from collections.abc import Iterable
from heapq import nsmallest

KEPT = 4096
HASHES = 2**64
STANDARD_ERROR = 1 / (KEPT - 2) ** 0.5


class Distinct:
    """The count of one item."""

    def __init__(self) -> None:
        self._kept: set[int] = set()
        self.below = HASHES - 1
        """Hashes above this one need not be shown any more."""

    def add(self, hashes: Iterable[int]) -> None:
        """Take hashes in; those of equal values are equal."""
        self._kept.update(hashes)
        if len(self._kept) > KEPT:
            self._kept = set(nsmallest(KEPT, self._kept))
        if len(self._kept) == KEPT:
            self.below = max(self._kept)

    @property
    def exact(self) -> bool:
        """Whether ``count`` is no estimate."""
        return len(self._kept) < KEPT

    @property
    def count(self) -> int:
        """How many there are, about."""
        if self.exact:
            return len(self._kept)
        return round((KEPT - 1) * HASHES / (self.below + 1))

"""Waiting for something new: whatever a feed could tell moves the epoch.

One look at the epoch for all who wait in a process, and none while nobody does.
"""

import asyncio

from hub.access.standing import StandingBook

LOOK_SECONDS = 0.1
"""Between two looks at the epoch, which other processes move too: some 5 µs each."""
MOST_WAITING = 512
"""Who wait in one process; whoever comes then is answered at once."""


class EpochWatch:
    """Wakes those who wait when the epoch moves; one for each process."""

    def __init__(self, book: StandingBook) -> None:
        self._book = book
        self._waiting: set[asyncio.Future[None]] = set()
        self._looking: asyncio.Task[None] | None = None

    async def moved(self, epoch: int, seconds: float) -> bool:
        """Whether the epoch has moved from ``epoch`` within so many seconds; waits until then."""
        if self._book.refresh().epoch != epoch:
            return True
        if seconds <= 0 or len(self._waiting) >= MOST_WAITING:
            return False
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look(epoch))
        try:
            await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(future)
        return True

    async def _look(self, epoch: int) -> None:
        while self._waiting:
            found = self._book.refresh().epoch
            if found != epoch:
                epoch = found
                for future in self._waiting:
                    if not future.done():
                        future.set_result(None)
            await asyncio.sleep(LOOK_SECONDS)

"""The waiting room of one process: attempts that arrive within one window share a commit.

Whoever comes alone is committed at once; that two came together opens the window for those after
them, until one of them has waited it out alone.

The commit runs inline in the event loop: a thread beside it would fight for the interpreter; a
prototype with one cost nearly twice as much (``docs/performance.md``).
"""

import asyncio

from hub.errors import Unavailable
from hub.ledger.attempt import (
    Attempt,
    BatchAttempt,
    Bounce,
    Entered,
    EnteredBatch,
    Held,
    JointAttempt,
    Nonce,
)
from hub.ledger.committer import Committer

QUIET_WINDOWS = 3
"""Windows without a commit after which the next question is committed at once."""
LARGEST = 256
"""Attempts in one commit at most, so that nobody waits for too long a group."""


class GroupCommit:
    """Gathers attempts and hands each its result."""

    def __init__(self, committer: Committer, *, window_ms: float) -> None:
        self._committer = committer
        self._window = window_ms / 1000
        self._waiting: list[tuple[Attempt, asyncio.Future[Entered | Bounce]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flushed = 0.0
        self._alone = True

    async def submit(self, attempt: Attempt) -> Entered | Bounce:
        """Enter an attempt durably; raises ``Unavailable`` if that cannot be."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Entered | Bounce] = loop.create_future()
        self._waiting.append((attempt, future))
        if len(self._waiting) >= LARGEST:
            self.flush()
        elif self._timer is None:
            # Where nobody came along the last time, or for a while, nobody is waited for.
            quiet = loop.time() - self._flushed > QUIET_WINDOWS * self._window
            self._timer = loop.call_later(0 if quiet or self._alone else self._window, self.flush)
        return await future

    def submit_batch(self, batch: BatchAttempt) -> EnteredBatch | Bounce:
        """Enter a batch durably and at once, after what waits; raises ``Unavailable``.

        It has a commit of its own: what waits shall not wait for it, and its own sync is shared
        by its entries.
        """
        self.flush()
        return self._committer.commit_batch(batch)

    def submit_joint(self, joint: JointAttempt) -> list[Entered] | Held | Bounce:
        """Enter several questions of one request durably and at once; as ``submit_batch``."""
        self.flush()
        return self._committer.commit_joint(joint)

    def knows(self, nonce: Nonce) -> bool:
        """Whether a nonce is reserved already; what is not may still be, under the lock."""
        return self._committer.knows(nonce)

    def flush(self) -> None:
        """Commit what is waiting now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        self._flushed = asyncio.get_running_loop().time()
        self._alone = len(waiting) == 1
        try:
            results = self._committer.commit([attempt for attempt, _ in waiting])
        except Unavailable as error:
            _fail(waiting, error)
            return
        except BaseException:
            _fail(waiting, Unavailable(why="internal"))
            raise
        for (_, future), result in zip(waiting, results, strict=True):
            if not future.done():
                future.set_result(result)


def _fail(
    waiting: list[tuple[Attempt, asyncio.Future[Entered | Bounce]]], error: Unavailable
) -> None:
    for _, future in waiting:
        if not future.done():
            future.set_exception(Unavailable(**error.facts))

"""Passwords hashed beside the event loop: few at a time, and a short queue for them."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from hub.errors import Busy

AT_ONCE = 2
"""Passwords hashed at a time, each with 64 MiB."""
WAITING = 20
"""How many may be hashed or wait for it; the last of them waits about half a second."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class SignInCrowded(Busy):
    """Too many passwords wait to be hashed."""

    code = "sign-in-crowded"


class Hashing:
    """The queue of one process."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def require_room(self) -> None:
        """Raise ``SignInCrowded`` if too many wait."""
        if self._waiting >= WAITING:
            raise SignInCrowded

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """The result of ``work`` in a thread; raises ``SignInCrowded`` and what it raises."""
        self.require_room()
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work, *args, **kwargs)
        finally:
            self._waiting -= 1

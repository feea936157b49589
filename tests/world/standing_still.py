"""Changes from a test's own thread to a hub whose loop runs in another: the loop stands still.

A hub writes in the thread of its loop alone; its connection is shared with nobody.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hub.ledger.change import Actor, Change, Changes
from hub.runtime import Hub

PATIENCE = 30
"""Seconds."""


class FromOutside(Changes):
    """The changes of a hub, each made while its loop waits."""

    def __init__(self, changes: Changes, loop: asyncio.AbstractEventLoop) -> None:
        self._changes = changes
        self._loop = loop

    @contextmanager
    def change(self, actor: Actor, *, moves_epoch: bool = True) -> Iterator[Change]:
        """As the hub's own; also from the loop itself."""
        stands, done = threading.Event(), threading.Event()
        if not self._here():

            def wait() -> None:
                stands.set()
                done.wait(PATIENCE)

            self._loop.call_soon_threadsafe(wait)
            assert stands.wait(PATIENCE)
        try:
            with self._changes.change(actor, moves_epoch=moves_epoch) as change:
                yield change
        finally:
            done.set()

    def _here(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False


def outside(hub: Hub, loop: asyncio.AbstractEventLoop) -> Hub:
    """The same hub, for a test that changes things while ``loop`` serves it."""
    return replace(hub, changes=FromOutside(hub.changes, loop))

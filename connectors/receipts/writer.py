"""Writing beside an event loop: one thread, one connection, and one sync for all that wait.

A write is on disk when its future is done, as with the store itself. What comes in while a commit
is being synced shares the next one, so many questions at once cost hardly more than one.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from connectors.errors import StoreError, StoreUnreadable
from connectors.receipts.store import ReceiptStore

T = TypeVar("T")
MOST_TOGETHER = 256
"""Writes of one commit: more would only make the first of them wait."""


@dataclass(frozen=True, slots=True)
class _Write:
    """One write: ``attempt`` runs in the thread, ``deliver`` in the loop, after the commit."""

    attempt: Callable[[ReceiptStore], None]
    deliver: Callable[[StoreError | None], None]
    loop: asyncio.AbstractEventLoop


class ReceiptWriter:
    """The store, for one event loop."""

    def __init__(self, path: Path) -> None:
        """Open the store in its thread; raises ``StoreError``."""
        self._path = path
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._opened = threading.Event()
        self._failed: StoreError | None = None
        self._thread = threading.Thread(target=self._run, name="receipts", daemon=True)
        self._thread.start()
        self._opened.wait()
        if self._failed is not None:
            raise self._failed

    async def do(self, run: Callable[[ReceiptStore], T]) -> T:
        """What ``run`` gives, once all that it wrote is on disk; raises what it raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        given: list[T] = []
        raised: list[Exception] = []

        def attempt(store: ReceiptStore) -> None:
            try:
                given.append(run(store))
            except Exception as error:  # noqa: BLE001 it is for whoever waits, not for the thread
                raised.append(error)

        def deliver(failed: StoreError | None) -> None:
            if future.done():  # nobody waits for it any more
                return
            if failed is not None or raised:
                future.set_exception(failed or raised[0])
            else:
                future.set_result(given[0])

        self._queue.put(_Write(attempt, deliver, loop))
        return await future

    def close(self) -> None:
        """Finish what waits and close the store."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            store = ReceiptStore(self._path)
        except StoreError as error:
            self._failed = error
            return
        finally:
            self._opened.set()
        while (batch := self._take()) is not None:
            self._commit(store, batch)
        store.close()

    def _take(self) -> list[_Write] | None:
        """All that waits, at least one; None at the end."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < MOST_TOGETHER:
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch

    @staticmethod
    def _commit(store: ReceiptStore, batch: list[_Write]) -> None:
        failed: StoreError | None = None
        try:
            with store.group():
                for write in batch:
                    write.attempt(store)
        except StoreUnreadable as error:
            failed = error

        def deliver() -> None:
            for write in batch:
                write.deliver(failed)

        with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            batch[0].loop.call_soon_threadsafe(deliver)

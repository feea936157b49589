"""Who waits for company and who does not: one caller after another, and many at once."""

import asyncio
from typing import TYPE_CHECKING

from hub.ledger.attempt import Entered
from hub.ledger.group import GroupCommit

if TYPE_CHECKING:
    from hub.ledger.conftest import Book

LONG = 60_000
"""Milliseconds of a window in which nobody would wait: whoever does, fails by the timeout."""
PATIENCE = 10


def test_one_caller_after_another_waits_for_nobody(book: "Book") -> None:
    async def ask() -> list[int]:
        group = GroupCommit(book.committer, window_ms=LONG)
        positions = []
        for _ in range(5):
            entered = await asyncio.wait_for(group.submit(book.attempt()), PATIENCE)
            assert isinstance(entered, Entered)
            positions.append(entered.position)
        return positions

    assert asyncio.run(ask()) == [0, 1, 2, 3, 4]


def test_after_company_the_next_one_waits_for_company(book: "Book") -> None:
    async def ask() -> None:
        group = GroupCommit(book.committer, window_ms=LONG)
        await asyncio.gather(*(group.submit(book.attempt()) for _ in range(3)))
        assert book.positions() == [0, 1, 2]
        waiting = asyncio.create_task(group.submit(book.attempt()))
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        assert not done
        assert book.positions() == [0, 1, 2]
        # It came alone, so whoever comes after it is alone too.
        group.flush()
        assert isinstance(await asyncio.wait_for(waiting, PATIENCE), Entered)
        entered = await asyncio.wait_for(group.submit(book.attempt()), PATIENCE)
        assert isinstance(entered, Entered)

    asyncio.run(ask())
    assert book.positions() == [0, 1, 2, 3, 4]

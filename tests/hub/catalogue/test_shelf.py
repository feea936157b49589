"""Thousands of entries are prepared beside the loop, and what has not changed is not read again."""

import asyncio
from importlib.resources import files
from typing import TYPE_CHECKING

from world.town import ADMINISTRATOR

from hub.access import purposes
from hub.catalogue.shelf import Shelf
from hub.ledger.change import HUB
from hub.storage.tables import DatasetRow

if TYPE_CHECKING:
    from world.town import World

MANY = 400
OFTEN = 20


def register(world: "World", count: int) -> None:
    """So many datasets, each with a definition of its own, in one change."""
    text = files("catalog.datasets").joinpath("resident.toml").read_text("utf-8")
    with world.hub.changes.change(HUB) as change:
        for number in range(count):
            definition = text.replace('code = "resident"', f'code = "resident_{number}"', 1)
            change.session.add(
                DatasetRow(
                    code=f"resident_{number}",
                    department="psb",
                    definition=definition.encode(),
                    status="active",
                )
            )


def test_questions_go_on_while_the_catalogue_is_prepared(world: "World") -> None:
    register(world, MANY)
    shelf = Shelf(world.hub.reading, world.hub.book)

    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def run() -> None:
        ticking = asyncio.create_task(tick())
        finder = await shelf.finder()
        ticking.cancel()
        assert len(finder.entries) == MANY + 3

    asyncio.run(run())
    # Prepared in the loop itself, it would have had one or two turns.
    assert turns > OFTEN


def test_what_has_not_changed_is_not_read_again(world: "World") -> None:
    shelf = Shelf(world.hub.reading, world.hub.book)

    async def run() -> None:
        first = await shelf.finder()
        assert await shelf.finder() is first
        purposes.set_status(world.hub.changes, ADMINISTRATOR, "school_enrolment", "ended")
        second = await shelf.finder()
        assert second is not first
        before = {entry.dataset.code: entry.dataset for entry in first.entries}
        assert all(before[entry.dataset.code] is entry.dataset for entry in second.entries)

    asyncio.run(run())


def test_the_whole_is_written_once_for_each_state(world: "World") -> None:
    shelf = Shelf(world.hub.reading, world.hub.book)
    written: list[int] = []

    def write(entries: object) -> bytes:
        written.append(len(list(entries)))  # type: ignore[call-overload]
        return b"all of it"

    async def run() -> None:
        await asyncio.gather(*(shelf.written("text/turtle", write) for _ in range(5)))
        purposes.set_status(world.hub.changes, ADMINISTRATOR, "school_enrolment", "ended")
        await shelf.written("text/turtle", write)

    asyncio.run(run())
    assert written == [3, 3]

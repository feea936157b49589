"""The entries of this hub, ready to be searched, and made anew when the epoch has moved.

Definitions are read once each, however often the epoch moves. Both that and preparing what is
searched take seconds for thousands of entries, so they run in a thread beside the loop: answers to
questions go on meanwhile.
"""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeAlias

from catalog.definition import Dataset, load
from catalog.entry import Entry, Publisher
from catalog.search import Finder
from hub.access.standing import StandingBook
from hub.errors import NotFound
from hub.storage.sqlite import Connection

_QUERY = (
    "SELECT s.definition, s.code, d.code, d.title_zh, d.title_en,"
    " CASE WHEN s.generation IS NULL THEN NULL ELSE s.as_of END"
    " FROM datasets s JOIN departments d ON d.code = s.department"
    " WHERE s.status = 'active' AND d.status = 'active' ORDER BY s.code"
)
_Row: TypeAlias = "tuple[bytes, str, str, str, str, int | None]"


class Shelf:
    """The catalogue of one process; for one event loop."""

    def __init__(self, reading: Connection, book: StandingBook) -> None:
        self._reading = reading
        self._book = book
        self._known: dict[bytes, Dataset] = {}
        self._epoch = -1
        self._finder = Finder(())
        self._written: dict[str, bytes] = {}
        self._making = asyncio.Lock()

    async def finder(self) -> Finder:
        """What finds among all that stands now."""
        if self._book.refresh().epoch != self._epoch:
            async with self._making:
                await self._follow()
        return self._finder

    async def entry(self, code: str) -> Entry:
        """One entry; raises ``NotFound``."""
        for entry in (await self.finder()).entries:
            if entry.dataset.code == code:
                return entry
        raise NotFound(what="dataset")

    async def written(self, form: str, write: Callable[[Sequence[Entry]], bytes]) -> bytes:
        """All entries as ``write`` puts them, once for each epoch and form."""
        entries = (await self.finder()).entries
        async with self._making:
            if form not in self._written:
                self._written[form] = await asyncio.to_thread(write, entries)
            return self._written[form]

    async def _follow(self) -> None:
        epoch = self._book.refresh().epoch
        if epoch == self._epoch:  # somebody else has made it while we waited
            return
        rows = self._reading.execute(_QUERY).fetchall()
        self._finder, self._known = await asyncio.to_thread(_made, rows, self._known)
        self._written = {}
        self._epoch = epoch


def _made(
    rows: Sequence[_Row], before: dict[bytes, Dataset]
) -> tuple[Finder, dict[bytes, Dataset]]:
    known: dict[bytes, Dataset] = {}
    entries: list[Entry] = []
    for definition, code, department, zh, en, as_of in rows:
        name = sha256(definition).digest()
        dataset = before.get(name) or load(definition, code)
        known[name] = dataset
        entries.append(Entry(dataset, Publisher(department, zh, en), as_of))
    return Finder(entries), known

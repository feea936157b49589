"""The entries of this hub, ready to be searched, and made anew when the epoch has moved.

Definitions are read once each, however often the epoch moves: five thousand of them take seconds.
"""

from hashlib import sha256

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


class Shelf:
    """The catalogue of one process."""

    def __init__(self, reading: Connection, book: StandingBook) -> None:
        self._reading = reading
        self._book = book
        self._known: dict[bytes, Dataset] = {}
        self._epoch = -1
        self._finder = Finder(())

    def finder(self) -> Finder:
        """What finds among all that stands now."""
        epoch = self._book.refresh().epoch
        if epoch != self._epoch:
            self._finder = Finder(self._entries())
            self._epoch = epoch
        return self._finder

    def entry(self, code: str) -> Entry:
        """One entry; raises ``NotFound``."""
        for entry in self.finder().entries:
            if entry.dataset.code == code:
                return entry
        raise NotFound(what="dataset")

    def _entries(self) -> list[Entry]:
        known: dict[bytes, Dataset] = {}
        entries: list[Entry] = []
        for definition, code, department, zh, en, as_of in self._reading.execute(_QUERY):
            name = sha256(definition).digest()
            dataset = self._known.get(name) or load(definition, code)
            known[name] = dataset
            entries.append(Entry(dataset, Publisher(department, zh, en), as_of))
        self._known = known
        return entries

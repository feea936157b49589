"""Finding 数据目录: which entries speak of something, and who has an item already.

Each word of a query must stand somewhere in the entry: in its names, its items, its summaries, in
Chinese or English. Chinese has no blanks between words, so a word is found anywhere in a text, two
characters just as well as ten. What stands in a name counts more than what stands in a summary.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from catalog.entry import Entry
from catalog.item import Item

LONGEST = 200
"""Characters of a query that are looked at."""
MOST_WORDS = 8
_WEIGHTS = (8, 3, 1)
"""What a hit counts in a title, in the name of an item, in a summary."""
_WHOLE = 4
"""By how much more a field counts that is the word and nothing else."""


class Wanted(NamedTuple):
    """What is looked for; an empty member narrows nothing. ``item`` is a code or any name of it."""

    text: str = ""
    family: str = ""
    provider: str = ""
    sharing: int = 0
    item: str = ""


class Hit(NamedTuple):
    """An entry that was found, and how well it fits."""

    entry: Entry
    score: int


class _Texts(NamedTuple):
    """What stands in an entry, by how much it counts; each name in a line of its own."""

    titles: str
    items: str
    summaries: str


class Finder:
    """Finds among entries that do not change; make another when they do."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)
        self._texts = tuple(_texts(entry) for entry in self._entries)

    @property
    def entries(self) -> Sequence[Entry]:
        """All of them."""
        return self._entries

    def find(self, wanted: Wanted) -> list[Hit]:
        """The entries that are wanted, the best first; all of them if nothing narrows it."""
        words = _words(wanted.text)
        hits: list[Hit] = []
        for entry, texts in zip(self._entries, self._texts, strict=True):
            score = _score(texts, words)
            if score is not None and _fits(entry, wanted):
                hits.append(Hit(entry, score))
        hits.sort(key=lambda hit: (-hit.score, hit.entry.dataset.code))
        return hits

    @staticmethod
    def named(entry: Entry, text: str) -> list[Item]:
        """The items of an entry that a query named."""
        words = _words(text)
        return [
            item
            for item in entry.dataset.items
            if any(word in folded(name) for name in _names(item) for word in words)
        ]

    def holders(self, name: str) -> list[tuple[Entry, Item]]:
        """Who has an item of this name already: by code, title, alias or name in a standard.

        Before a department collects something again, it asks this (政务数据共享条例, Art 19).
        """
        word = folded(name[:LONGEST]).strip()
        if not word:
            return []
        return [
            (entry, item)
            for entry in self._entries
            for item in entry.dataset.items
            if any(word in folded(known) for known in _names(item))
        ]


def folded(text: str) -> str:
    """As texts are compared: full-width is half-width, upper-case is lower-case."""
    return unicodedata.normalize("NFKC", text).casefold()


def _fits(entry: Entry, wanted: Wanted) -> bool:
    dataset = entry.dataset
    if wanted.family and dataset.family != wanted.family:
        return False
    if wanted.provider and entry.provider.code != wanted.provider:
        return False
    if wanted.sharing and dataset.sharing != wanted.sharing:
        return False
    if not wanted.item:
        return True
    word = folded(wanted.item)
    return any(word in folded(name) for item in dataset.items for name in _names(item))


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(folded(text[:LONGEST]).split()))[:MOST_WORDS]


def _score(texts: _Texts, words: Sequence[str]) -> int | None:
    """How well an entry fits; None if one of the words stands nowhere in it."""
    score = 0
    for word in words:
        line = f"\n{word}\n"
        best = 0
        for text, weight in zip(texts, _WEIGHTS, strict=True):
            if word in text:
                best = max(best, weight * (_WHOLE if line in text else 1))
        if not best:
            return None
        score += best
    return score


def _texts(entry: Entry) -> _Texts:
    dataset, provider = entry.dataset, entry.provider
    return _Texts(
        _lines((dataset.code, dataset.title_zh, dataset.title_en)),
        _lines(name for item in dataset.items for name in _names(item)),
        _lines((dataset.summary_zh, dataset.summary_en, provider.title_zh, provider.title_en)),
    )


def _lines(texts: Iterable[str]) -> str:
    return folded("\n".join(("", *texts, "")))


def _names(item: Item) -> tuple[str, ...]:
    return (item.code, item.title_zh, item.title_en, item.standard, *item.aliases)

"""The notice 一单 and the form 一表 in words: what a hub's pages and a connector's paper both say.

They are read as they were told (``told.py``). Whoever shows them knows more or fewer titles of the
codes in them (``Titles``); which words a line gets is decided here.
"""

from collections.abc import Mapping
from typing import Protocol

from catalog.errors import MessageCatalogueBroken
from catalog.evidence.reason import Reason, reason_words
from catalog.evidence.told import Notice, Tried, Why
from catalog.messages import Language, text
from catalog.services.service import BUILT_IN


class Titles(Protocol):
    """What the codes in a notice stand for; each gives the code itself where that is not known."""

    def dataset(self, code: str) -> str:
        """A dataset's title."""

    def item(self, dataset: str, code: str) -> str:
        """An item's title."""

    def source(self, kind: str, code: str) -> str | None:
        """What evidence of this kind is from; None where at most the notice itself knows."""

    def party(self, code: str) -> str:
        """The title of a party that a service has defined."""


class Codes:
    """Titles for one who knows no more than the notice."""

    def dataset(self, code: str) -> str:
        """The code."""
        return code

    def item(self, dataset: str, code: str) -> str:  # noqa: ARG002 the protocol's
        """The code."""
        return code

    def source(self, kind: str, code: str) -> None:
        """Not known."""

    def party(self, code: str) -> str:
        """The code."""
        return code


class Labelled(Protocol):
    """What a value of a coded field means."""

    @property
    def zh(self) -> str:
        """Chinese."""

    @property
    def en(self) -> str:
        """English."""


def party_words(code: str, language: Language, titles: Titles) -> str:
    """A party of a case: one that every service has, or one that a service has defined."""
    return text(f"notice.party.{code}", language) if code in BUILT_IN else titles.party(code)


class Words:
    """The lines of one notice and its form, in one language."""

    def __init__(self, notice: Notice, language: Language, titles: Titles) -> None:
        self._language: Language = language
        self._titles = titles
        self._services = {one.code: one.title.words(language) for one in notice.services}
        self._papers = {one.type: one.title.words(language) for one in notice.papers()}

    def service(self, code: str) -> str:
        """A service of the notice."""
        return self._services.get(code, code)

    def party(self, code: str) -> str:
        """Whose a paper is."""
        return party_words(code, self._language, self._titles)

    def kind(self, kind: int) -> str:
        """Original, copy or both."""
        return self._named(f"notice.kind.{kind}", str(kind))

    def days(self, days: int) -> str:
        """A period in working days; 0 is at once."""
        return text("notice.days" if days else "notice.at-once", self._language, days=days)

    def commitment(self, kind: str) -> str:
        """How a paper may come later."""
        return self._named(f"notice.commitment.{kind}", kind)

    def reason(self, why: Why, dataset: str = "") -> str:
        """A reason whose items and datasets are told by their titles.

        ``dataset`` is of what is spoken where the reason does not name one.
        """
        facts = dict(why.facts)
        source = str(facts.get("dataset", dataset))
        if "item" in facts:
            facts["item"] = self._titles.item(source, str(facts["item"]))
        if "dataset" in facts:
            facts["dataset"] = self._titles.dataset(source)
        return reason_words(Reason(why.code, facts), self._language)

    def tried(self, one: Tried) -> str:
        """A way that did not do, and why."""
        return text(
            "notice.tried",
            self._language,
            way=one.way,
            kind=self._named(f"notice.way.{one.kind}", one.kind),
            source=self.source(one.kind, one.source),
            why=self.reason(one.why, one.source),
        )

    def source(self, kind: str, source: str) -> str:
        """What something of this kind rests on."""
        if kind == "commitment":
            return self.commitment(source)
        known = self._titles.source(kind, source)
        return self._papers.get(source, source) if known is None else known

    def label(self, value: str, codes: Mapping[str, Labelled] | None) -> str:
        """What a value means; the value itself if it is no code."""
        label = (codes or {}).get(value)
        if label is None:
            return value
        return label.en if self._language == "en" else label.zh

    def _named(self, key: str, otherwise: str) -> str:
        """A text of the catalogue, or the code itself if a newer hub made it."""
        try:
            return text(key, self._language)
        except MessageCatalogueBroken:
            return otherwise

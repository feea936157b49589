"""A verified page of a feed, as values; and what the store keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import Json
from connectors.errors import HubUnintelligible
from connectors.feed.question import FeedQuestion
from connectors.feed.verify import CheckedPage


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row, whose entry in the ledger is ``entry``.

    ``row`` is how the row is called towards our department, always the same. ``items`` are those
    granted, masked; empty for what is removed. Without a subject there is nothing left that could
    name it. ``case`` is that for which it is told, where open cases are followed.
    """

    entry: int
    change: Literal["upserted", "removed"]
    row: str
    subject_type: str | None
    subject_id: str | None = field(repr=False)
    items: Mapping[str, str] = field(repr=False)
    disputed: bool
    version: int
    as_of: str | None
    case: str | None = field(default=None, repr=False)

    def told(self) -> dict[str, Json]:
        """The change as one line of output."""
        named = self.subject_type is not None
        cased: dict[str, Json] = {} if self.case is None else {"case": self.case}
        return {
            **cased,
            "as_of": self.as_of,
            "change": self.change,
            "disputed": self.disputed,
            "entry": self.entry,
            "items": {**self.items},
            "row": self.row,
            "subject": {"id": self.subject_id, "type": self.subject_type} if named else None,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some changes in order, and the ``cursor`` behind them.

    ``begins``: every row is told anew from here on; ``ends``: all have been, and what has not been
    named since that began is no more. ``more`` may be asked for at once; ``quota``: not today.
    """

    cursor: str = field(repr=False)
    changes: tuple[Change, ...]
    begins: bool
    ends: bool
    more: bool
    quota: bool
    entry: int
    request_id: str

    def lines(self) -> list[dict[str, Json]]:
        """The page as lines of output."""
        found: list[dict[str, Json]] = [{"reset": "begins"}] if self.begins else []
        found += [one.told() for one in self.changes]
        return found + ([{"reset": "ends"}] if self.ends else [])


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _Subject(_Read):
    type: str
    id: str


class _Change(_Read):
    as_of: str | None
    change: Literal["upserted", "removed"]
    disputed: bool
    items: dict[str, str]
    row: str
    subject: _Subject | None
    version: int
    case: str | None = None


class _Reset(_Read):
    begins: bool
    ends: bool


class _Page(_Read):
    cursor: str
    more: bool
    quota: bool
    reset: _Reset


def feed_page(checked: CheckedPage, question: FeedQuestion) -> FeedPage:
    """The page as values; raises ``HubUnintelligible`` for an honest one of another form."""
    try:
        page = _Page.model_validate(checked.page)
        read = [
            (place, _Change.model_validate(result))
            for place, result in enumerate(checked.several.results)
            if result.get("change") is not None
        ]
    except ValidationError as error:
        raise HubUnintelligible(why="result") from error
    changes = tuple(
        Change(
            entry=checked.several.entry + place,
            change=one.change,
            row=one.row,
            subject_type=None if one.subject is None else one.subject.type,
            subject_id=None if one.subject is None else one.subject.id,
            items=one.items,
            disputed=one.disputed,
            version=one.version,
            as_of=one.as_of,
            case=one.case if question.of_cases else None,
        )
        for place, one in read
    )
    return FeedPage(
        cursor=page.cursor,
        changes=changes,
        begins=page.reset.begins,
        ends=page.reset.ends,
        more=page.more,
        quota=page.quota,
        entry=checked.several.entry,
        request_id=question.request_id,
    )

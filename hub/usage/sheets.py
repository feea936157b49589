"""The sheets that people take away: who sees what, and how a grant was used, in one language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.messages import Language, catalogue, text
from certs.canonical import Json
from certs.encoding import from_rfc3339, rfc3339
from hub.access import departments, purposes
from hub.access.grant import Grant
from hub.access.matrix import Held, rows_of
from hub.calendar.statutory import day_of
from hub.storage.sqlite import Connection
from hub.usage.derived import Record, told_of
from hub.usage.disposals import Disposal
from hub.usage.statements import PARTS, UsageStatement
from hub.usage.table import Cell, Table

MATRIX = (
    "department",
    "department_title",
    "provider_title",
    "dataset",
    "dataset_title",
    "item",
    "item_title",
    "sensitivity",
    "mask",
    "operations",
    "channels",
    "purposes",
    "basis",
    "application",
    "grant",
    "valid_from",
    "valid_until",
    "review_at",
    "status",
)
USED = (
    "day",
    "purpose",
    "channel",
    "operation",
    "outcome",
    "questions",
    "subjects",
    "repeats",
    "officers",
    "cases",
    "erased",
)
_MOMENTS = frozenset({"valid_from", "review_at"})


@dataclass(frozen=True, slots=True)
class Titles:
    """What departments and purposes are called in one language."""

    language: Language
    departments: Mapping[str, str]
    purposes: Mapping[str, str]

    @classmethod
    def of(cls, connection: Connection, language: Language) -> "Titles":
        """As they stand."""
        name = f"title_{language}"
        return cls(
            language,
            {row["code"]: row[name] for row in departments.listing(connection)},
            {row["code"]: row[name] for row in purposes.listing(connection)},
        )

    def say(self, key: str) -> str:
        """A text."""
        return text(key, self.language)


def matrix_table(held: Sequence[Held], titles: Titles) -> Table:
    """Who sees what: a row for each grant and item."""
    items = [(one, item) for one in held for item, _ in one.items]
    rows = []
    for row, (one, item) in zip(rows_of(held), items, strict=True):
        zh = titles.language == "zh"
        whole = {
            **row,
            "department_title": titles.departments[one.grant.department],
            "provider_title": titles.departments[one.provider],
            "dataset_title": one.definition.title_zh if zh else one.definition.title_en,
            "item_title": item.title_zh if zh else item.title_en,
        }
        rows.append([_cell(name, whole[name], titles) for name in MATRIX])
    headings = tuple(titles.say(f"matrix.column.{name}") for name in MATRIX)
    return Table(titles.say("matrix.sheet"), headings, rows)


def usage_tables(
    record: Record,
    grant: Grant,
    statements: Sequence[UsageStatement],
    disposal: Disposal | None,
    titles: Titles,
) -> tuple[Table, Table]:
    """How a grant was used; and what that was derived from, with what its user has stated."""
    rows = [[_cell(name, row[name], titles) for name in USED] for row in map(told_of, record.rows)]
    columns = tuple(titles.say(f"usage.column.{name}") for name in USED)
    used = Table(titles.say("usage.sheet"), columns, rows)
    about = list(_about(record, grant, statements, disposal, titles))
    headings = (titles.say("usage.about.what"), titles.say("usage.about.value"))
    return used, Table(titles.say("usage.sheet.about"), headings, about)


def _about(
    record: Record,
    grant: Grant,
    statements: Sequence[UsageStatement],
    disposal: Disposal | None,
    titles: Titles,
) -> Iterator[tuple[str, Cell]]:
    say, source, whole = titles.say, record.source, record.whole
    yield say("usage.about.grant"), grant.id
    yield say("usage.about.department"), titles.departments[grant.department]
    yield say("usage.about.dataset"), grant.dataset
    yield say("usage.about.valid"), f"{rfc3339(grant.valid_from)} – {rfc3339(grant.valid_until)}"
    yield say("usage.about.basis"), grant.basis
    for name in ("questions", "subjects", "repeats"):
        yield say(f"usage.column.{name}"), getattr(whole, name)
    yield say("usage.about.origin"), source.origin
    yield say("usage.about.size"), source.size
    yield say("usage.about.root"), source.root
    yield say("usage.about.checkpoint"), source.checkpoint
    for statement in statements:
        for part in PARTS:
            label = f"{say(f'usage.part.{part}')} · {statement.version} · {statement.at}"
            yield label, str(getattr(statement.stated, part))
    if disposal is not None and disposal.signed is not None:
        stated = disposal.stated
        yield say("disposal.how"), say(f"disposal.how.{stated.how}")
        yield say("disposal.basis"), stated.basis
        yield say("disposal.method"), stated.method
        yield say("disposal.scope"), stated.scope
        yield say("disposal.count"), stated.count
        yield say("disposal.at"), stated.at
        yield say("disposal.signed"), disposal.signed


def _cell(name: str, value: Json, titles: Titles) -> Cell:
    """A value in words, where there are any."""
    if isinstance(value, list):
        return " ".join(str(_cell(name, one, titles)) for one in value)
    if isinstance(value, str):
        if name in {"purposes", "purpose"}:
            return titles.purposes.get(value, value)
        if name == "valid_until":
            return day_of(from_rfc3339(value) - 1).isoformat()
        if name in _MOMENTS:
            return day_of(from_rfc3339(value)).isoformat()
        key = _key(name, value)
        return titles.say(key) if key in catalogue() else value
    return value if isinstance(value, int) else None


def _key(name: str, value: str) -> str:
    """The key of a value's text, if it has one."""
    match name:
        case "mask":
            return f"console.mask.{value}"
        case "operation" | "operations":
            return f"console.operation.{value}"
        case "channel" | "channels":
            return f"console.channel.{value}"
        case "outcome":
            return f"console.outcome.{value}"
        case "status":
            return f"matrix.status.{value}"
    return ""

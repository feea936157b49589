"""What of a licence stands on paper: its metadata and items with their titles, in one language."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from catalog.item import Item
from catalog.licences.document import Licence
from catalog.licences.metadata import HOLDER_TYPE, metadata
from catalog.messages import Language, text
from hub.licences.printed import Document

_TAGS: Mapping[Language, str] = {"zh": "zh-CN", "en": "en"}
_LEFT_OUT = frozenset({"name", HOLDER_TYPE})
"""What stands in the heading, and what only machines need."""


def document_of(licence: Licence, language: Language, *, code: str, made: datetime) -> Document:
    """The paper of a licence for its holder, with everything that is not empty.

    ``code`` is the address that shows the minimum; whose licence it is must not be told by it.
    """
    kind = licence.type
    titles = {"zh": (kind.name_zh, kind.name_en), "en": (kind.name_en, kind.name_zh)}[language]
    return Document(
        title=titles[0],
        subtitle=titles[1],
        rows=tuple(_rows(licence, language)),
        code=code,
        code_note=text("licence.paper.code", language),
        notes=(text("licence.paper.counts", language),),
        made=made,
        language=_TAGS[language],
    )


def _rows(licence: Licence, language: Language) -> Iterator[tuple[str, str]]:
    known: dict[str, Item] = {**metadata(), **licence.type.by_code}
    for code, item in known.items():
        value = licence.value(code)
        if value and code not in _LEFT_OUT:
            yield _title(item, language), _shown(item, value, language)


def _title(item: Item, language: Language) -> str:
    return item.title_zh if language == "zh" else item.title_en


def _shown(item: Item, value: str, language: Language) -> str:
    """A value as people read it: of a code its title."""
    label = (item.codes or {}).get(value)
    if label is None:
        return value
    return label.zh if language == "zh" else label.en

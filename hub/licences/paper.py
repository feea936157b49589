"""What of a licence stands on paper: its metadata and items with their titles, in one language."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from catalog.item import Item
from catalog.licences.document import Licence, on_paper
from catalog.messages import Language, text
from hub.licences.document import Document

_TAGS: Mapping[Language, str] = {"zh": "zh-CN", "en": "en"}
_HEADING = "name"
"""What stands in the heading."""


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
    for code, item in on_paper(licence.type).items():
        value = licence.value(code)
        if value and code != _HEADING:
            yield _title(item, language), _shown(item, value, language)


def _title(item: Item, language: Language) -> str:
    return item.title_zh if language == "zh" else item.title_en


def _shown(item: Item, value: str, language: Language) -> str:
    """A value as people read it: of a code its title."""
    label = (item.codes or {}).get(value)
    if label is None:
        return value
    return label.zh if language == "zh" else label.en

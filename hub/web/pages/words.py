"""How values are shown: times in Beijing, titles in the language, codes with their meaning."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import orjson

from catalog.item import Item
from catalog.messages import Language, catalogue, text
from certs.canonical import Json
from certs.encoding import from_rfc3339
from certs.errors import MalformedEncoding
from hub.clock import DAY, SHANGHAI


class Titled(Protocol):
    """Whatever has a title in both languages."""

    @property
    def title_zh(self) -> str:
        """Chinese."""

    @property
    def title_en(self) -> str:
        """English."""


def title(thing: Titled | Mapping[str, str], language: Language) -> str:
    """The title of a definition, an item, a department or a purpose."""
    if isinstance(thing, Mapping):
        return thing["title_zh"] if language == "zh" else thing["title_en"]
    return thing.title_zh if language == "zh" else thing.title_en


def when(moment: int | str) -> str:
    """A time in Beijing to the second, as ``2026-01-02 03:04:05``."""
    milliseconds = from_rfc3339(moment) if isinstance(moment, str) else moment
    return datetime.fromtimestamp(milliseconds / 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def day(milliseconds: int) -> str:
    """The date in Beijing, as date fields take it."""
    return datetime.fromtimestamp(milliseconds / 1000, SHANGHAI).strftime("%Y-%m-%d")


def last_day(ends: int | str) -> str:
    """The last day in Beijing of a period that ends at a moment."""
    return day((from_rfc3339(ends) if isinstance(ends, str) else ends) - 1)


def start_of_day(written: str) -> int | None:
    """When a date begins in Beijing; None if it is no date, or none that anybody means."""
    try:
        begins = from_rfc3339(f"{written}T00:00:00.000Z") - _BEIJING_AHEAD
    except MalformedEncoding:
        return None
    # Beyond, a day more or less is outside what the calendar of the machine can write.
    return begins if _FIRST_YEAR <= int(written[:4]) <= _LAST_YEAR else None


def end_of_day(written: str) -> int | None:
    """When a date ends in Beijing, which is when the next one begins; None if it is no date."""
    begins = start_of_day(written)
    return None if begins is None else begins + DAY


_BEIJING_AHEAD = 8 * 3600 * 1000
_FIRST_YEAR = 1971
_LAST_YEAR = 2999


def is_quota(written: str) -> bool:
    """Whether a daily quota as somebody wrote it can be one."""
    digits = written.isascii() and written.isdigit() and len(written) <= len(str(_LARGEST_QUOTA))
    return digits and 0 < int(written) <= _LARGEST_QUOTA


_LARGEST_QUOTA = 10**9


def shown(value: str, item: Item, language: Language) -> str:
    """A value of an item: the title of a code, yes or no, else as it stands."""
    if item.codes is not None and value in item.codes:
        label = item.codes[value]
        return label.zh if language == "zh" else label.en
    if item.type == "boolean" and value in {"true", "false"}:
        return text(f"console.value.{value}", language)
    if value == "present":
        return text("console.value.present", language)
    return value


def told(code: str, language: Language, facts: Mapping[str, str | int]) -> tuple[str, str]:
    """Title and detail of a problem; reasons that we have words for are put into words."""
    worded = {
        name: _thing(value, language) if name == "what" else reason(value, language)
        for name, value in facts.items()
    }
    return (
        text(f"problem.{code}.title", language, **worded),
        text(f"problem.{code}.detail", language, **worded),
    )


def reason(value: str | int, language: Language) -> str | int:
    """A slug in words, if we have any."""
    key = f"console.why.{value}"
    return text(key, language) if key in catalogue() else value


def _thing(value: str | int, language: Language) -> str | int:
    """What there is none of: a slug may be a reason too, in other words."""
    key = f"console.what.{value}"
    return text(key, language) if key in catalogue() else reason(value, language)


def pretty(value: Json) -> str:
    """JSON over several lines, keys in order."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode("utf-8")


def thousands(number: int) -> str:
    """A count with its thousands parted."""
    return f"{number:,}"


FILTERS: Mapping[str, Callable[..., object]] = {
    "title_in": title,
    "when": when,
    "day": day,
    "last_day": last_day,
    "shown_in": shown,
    "pretty": pretty,
    "thousands": thousands,
}

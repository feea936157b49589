"""The shape of a value: what kinds of characters stand in which order, and never which.

Digits become 9, letters A or a, Han characters 汉, everything else but ASCII punctuation and the
blank □; a run becomes its character with a + behind it. Dates have their decade for a shape,
numbers their power of ten. Codes, yes and no have none: theirs would be the values themselves.

Two things keep a shape from telling a person: it is cut off after ``LONGEST`` characters, and a
shape that fewer than ``RARE`` of the rows looked at have is only counted, with all other rare ones.
The smallest and the greatest value are told nowhere: the earliest date of birth of a town is
somebody's. The first and last decade or power of ten that is not rare says as much about the data.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

from catalog.definition import Item

LONGEST = 16
RARE = 10
TOP = 10
"""Shapes that are told; the others are summed with the rare ones."""
_LOOKED_AT = 256
"""Characters of a value that make its shape."""

_RUNS = re.compile(r"(.)\1+", re.DOTALL)
_HAN = ((0x3007, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_CATEGORIES = {"Nd": "9", "Lu": "A", "Lt": "A", "Ll": "a", "Lm": "a", "Lo": "a"}


class _Classes(dict[int, str]):
    """What each character becomes, by its number; found out when it is met."""

    def __missing__(self, number: int) -> str:
        self[number] = found = _class_of(number)
        return found


def _class_of(number: int) -> str:
    if any(first <= number <= last for first, last in _HAN):
        return "汉"
    character = chr(number)
    kind = _CATEGORIES.get(unicodedata.category(character))
    if kind is not None:
        return kind
    return character if character.isascii() and character.isprintable() else "□"


_CLASSES = _Classes()


def shape(value: str) -> str:
    """The shape of a text or an identifier."""
    found = _RUNS.sub(r"\1+", value[:_LOOKED_AT].translate(_CLASSES))
    return found if len(found) <= LONGEST else found[: LONGEST - 1] + "…"


def decade(value: str) -> str:
    """Of a date ``YYYY-MM-DD``: ``1990s``."""
    return f"{value[:3]}0s"


def magnitude(value: str) -> str:
    """Of a number: ``-`` below zero, ``0`` below one, else its power of ten: ``10^2`` from 100."""
    if value.startswith("-"):
        return "-"
    whole = value.partition(".")[0]
    return "0" if whole == "0" else f"10^{len(whole) - 1}"


_BY_TYPE: Mapping[str, Callable[[str], str]] = {
    "text": shape,
    "date": decade,
    "integer": magnitude,
    "decimal": magnitude,
}


def shape_of(item: Item) -> Callable[[str], str] | None:
    """What gives the shape of a value of an item; None if its values have none."""
    return shape if item.kinds else _BY_TYPE.get(item.type)


def measured(item: Item) -> bool:
    """Whether the length of its values says anything."""
    return bool(item.kinds) or item.type == "text"

"""What a grant lets through of a value."""

import re
from collections.abc import Callable, Mapping
from typing import Literal, get_args

from catalog.definition import Item

Mask = Literal["full", "name", "identifier", "year", "present"]
MASKS: tuple[Mask, ...] = get_args(Mask)

HIDDEN = "*"
PRESENT = "present"
# Four characters name the prefecture or the issuer, two tell neighbours apart; a value so short
# that six characters are most of it is hidden whole.
HEAD, TAIL = 4, 2
SHORTEST_SHOWN = 10
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def apply(mask: Mask, value: str) -> str:
    """``value`` under ``mask``; an absent value stays absent.

    ``full`` as it is; ``name`` the first character; ``identifier`` the first four and the last
    two; ``year`` the year of an ISO date (of anything else nothing is shown); ``present`` only that
    there is a value. Grants hold only ``MASKS``: another one raises ``KeyError``, nothing is shown.
    """
    shown = _MASKS[mask]
    return shown(value) if value else ""


def suits(mask: Mask, item: Item) -> bool:
    """Whether a grant may put ``mask`` on ``item``: it must mean something for the item's type."""
    if mask == "name":
        return item.type == "text"
    if mask == "identifier":
        return item.type == "text" or bool(item.kinds)
    return mask != "year" or item.type == "date"


def _name(value: str) -> str:
    return value[0] + HIDDEN * (len(value) - 1) if len(value) > 1 else HIDDEN


def _identifier(value: str) -> str:
    if len(value) < SHORTEST_SHOWN:
        return HIDDEN * len(value)
    return value[:HEAD] + HIDDEN * (len(value) - HEAD - TAIL) + value[-TAIL:]


def _year(value: str) -> str:
    return value[:4] if _ISO_DATE.fullmatch(value) else HIDDEN


_MASKS: Mapping[str, Callable[[str], str]] = {
    "full": str,
    "name": _name,
    "identifier": _identifier,
    "year": _year,
    "present": lambda _: PRESENT,
}

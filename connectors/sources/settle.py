"""The second look at a value: what is evened out and counted, and what a sheet has spoilt.

The hub evens out full-width, blanks and lower case itself and checks every row; what is counted
here says the same as ``catalog.values.check_value``. Only hyphens in a credit code are taken out
here, where no other kind of identifier may stand and the code is sound without them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from catalog.definition import Item
from catalog.identifiers import uscc
from catalog.identifiers.normalise import FULL_WIDTH, SPACES, half_width, trimmed
from catalog.values import check_value

Kind = Literal["full-width", "blanks", "lower-case", "hyphens", "date-form"]
KINDS: tuple[Kind, ...] = ("full-width", "blanks", "lower-case", "hyphens", "date-form")
DIGITS_LOST = "digits-lost"
SHEET_ERROR = "sheet-error"
ZEROS_LOST = "zeros-lost"
FAULTS = frozenset({DIGITS_LOST, SHEET_ERROR})
"""With one of these a row is sent empty: in a text the hub would take the damage for the value."""

# As a sheet shows or exports a number of more than 15 digits, of which it has kept 15.
_SCIENTIFIC = re.compile(r"[+-]?[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{2,3}")
SHEET_ERRORS = frozenset(
    {
        "#N/A",
        "#REF!",
        "#VALUE!",
        "#DIV/0!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#GETTING_DATA",
    }
)
_FULL = frozenset(FULL_WIDTH) - frozenset(SPACES)
_LOWER = re.compile(r"[a-zａ-ｚ]")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBERS = frozenset({"integer", "decimal"})
_HYPHEN = re.compile(r"[-－]")
_ZEROS = 3
"""Leading zeros that are tried; codes have up to four digits."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What is sent for a value, what was evened out, and what a sheet has done to it."""

    value: str
    kinds: tuple[Kind, ...] = ()
    spoilt: str = ""


def settle(item: Item, raw: str) -> Settled:
    """Look at one value that is not plainly of its item's form."""
    value = trimmed(raw)
    if not value or value in item.empty:
        return Settled(raw)
    if value in SHEET_ERRORS:
        return Settled(raw, spoilt=SHEET_ERROR)
    if item.type not in _NUMBERS and _SCIENTIFIC.fullmatch(value):
        return Settled(raw, spoilt=DIGITS_LOST)
    sent = _without_hyphens(item, raw)
    if check_value(item, sent).acceptable:
        return Settled(sent, tuple(_kinds(item, raw, sent)))
    return Settled(raw, spoilt=ZEROS_LOST if _zeros_lost(item, value) else "")


def _without_hyphens(item: Item, raw: str) -> str:
    if item.kinds != (uscc.KIND,) or not _HYPHEN.search(raw):
        return raw
    bare = _HYPHEN.sub("", raw)
    return bare if uscc.check(bare).verdict == "valid" else raw


def _kinds(item: Item, raw: str, sent: str) -> Iterator[Kind]:
    text = item.type == "text"
    if not text and not _FULL.isdisjoint(raw):
        yield "full-width"
    value = trimmed(raw)
    if value != raw or (item.kinds and any(each in SPACES for each in value)):
        yield "blanks"
    if item.kinds and _LOWER.search(raw):
        yield "lower-case"
    if sent != raw:
        yield "hyphens"
    if item.type == "date" and not _ISO.fullmatch(half_width(value)):
        yield "date-form"


def _zeros_lost(item: Item, value: str) -> bool:
    """Whether zeros before a number would make it a value of the item."""
    if not (item.codes or item.pattern) or not (value.isascii() and value.isdigit()):
        return False
    return any(check_value(item, "0" * more + value).acceptable for more in range(1, _ZEROS + 1))

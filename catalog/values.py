"""The reference check of one value against its item.

The check in SQL, which reads millions of rows, must say the same as this one. Values on the wire
are strings: dates ``YYYY-MM-DD``, decimals without exponent or idle zeros, booleans ``true`` and
``false``; an absent value is the empty string.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date

from catalog.definition import Item
from catalog.identifiers import Checked, check_any
from catalog.identifiers.normalise import half_width, trimmed

TEXT_LIMIT = 4000
TRUE = frozenset({"true", "1", "Y", "是"})
FALSE = frozenset({"false", "0", "N", "否"})
REPLACEMENT = "\ufffd"

# Line ends and tabs may stand inside a text; other control characters are damage.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# 2026-07-01, 2026/7/1, 2026.7.1, 20260701, 2026年7月1日; spreadsheets add midnight.
_DATE = re.compile(
    r"(?:([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})"
    r"|([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"
    r"|([0-9]{4})([0-9]{2})([0-9]{2}))(?:[ T]00:00(?::00)?)?"
)
_EARLIEST_YEAR = 1800
# 18 digits fit in 64 bits, which is what DuckDB's BIGINT holds.
_INTEGER = re.compile(r"([+-]?)0*([0-9]{1,18})")
_DECIMAL = re.compile(r"([+-]?)0*([0-9]{1,18})(?:\.([0-9]{1,10}))?")


def check_value(item: Item, raw: str) -> Checked:
    """Check one raw value and bring it into its form on the wire.

    Blanks at the ends go; what the definition calls empty is empty. Reasons beside those of the
    identifiers: ``required``, ``too-long``, ``control-character``, ``pattern``, ``date``,
    ``integer``, ``decimal``, ``boolean``, ``code`` (invalid), ``replacement-character`` (warn: the
    source lost characters in a conversion).
    """
    value = trimmed(raw)
    if value in item.empty or not value:
        return Checked("", "invalid", "required") if item.required else Checked("", "valid")
    if item.kinds:
        return check_any(item.kinds, value)
    return _TYPES[item.type](item, value)


def _text(item: Item, value: str) -> Checked:
    if len(value) > TEXT_LIMIT:
        return Checked(value, "invalid", "too-long")
    if _CONTROL.search(value):
        return Checked(value, "invalid", "control-character")
    if item.expression is not None and not item.expression.fullmatch(value):
        return Checked(value, "invalid", "pattern")
    if REPLACEMENT in value:
        return Checked(value, "warn", "replacement-character")
    return Checked(value, "valid")


def _date(_: Item, value: str) -> Checked:
    found = _DATE.fullmatch(half_width(value))
    if found is None:
        return Checked(value, "invalid", "date")
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        day_found = date(year, month, day)
    except ValueError:
        return Checked(value, "invalid", "date")
    if year < _EARLIEST_YEAR:
        return Checked(value, "invalid", "date")
    return Checked(day_found.isoformat(), "valid")


def _integer(_: Item, value: str) -> Checked:
    found = _INTEGER.fullmatch(half_width(value))
    if found is None:
        return Checked(value, "invalid", "integer")
    return Checked(_signed(found[1], found[2]), "valid")


def _decimal(_: Item, value: str) -> Checked:
    found = _DECIMAL.fullmatch(half_width(value))
    if found is None:
        return Checked(value, "invalid", "decimal")
    fraction = (found[3] or "").rstrip("0")
    return Checked(_signed(found[1], f"{found[2]}.{fraction}" if fraction else found[2]), "valid")


def _signed(sign: str, digits: str) -> str:
    return f"-{digits}" if sign == "-" and digits != "0" else digits


def _boolean(_: Item, value: str) -> Checked:
    word = half_width(value)
    if word.lower() in TRUE or word.upper() in TRUE:
        return Checked("true", "valid")
    if word.lower() in FALSE or word.upper() in FALSE:
        return Checked("false", "valid")
    return Checked(value, "invalid", "boolean")


def _code(item: Item, value: str) -> Checked:
    codes = item.codes or {}
    code = half_width(value)
    if code in codes:
        return Checked(code, "valid")
    if value in item.code_of_title:
        return Checked(item.code_of_title[value], "valid")
    return Checked(value, "invalid", "code")


_TYPES: Mapping[str, Callable[[Item, str], Checked]] = {
    "text": _text,
    "date": _date,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "code": _code,
}

"""Cells of a sheet, and the texts that they stand for in a column of an item.

A sheet keeps 15 digits of a number and calls a day a number. What it has spoilt that way cannot be
made good from the file, so it is told and never guessed: a number of more than 15 digits, a date
in a column that holds no dates, an error, a formula without its result.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from catalog.definition import Item
from connectors.sources.settle import DIGITS_LOST, SHEET_ERROR

Kind = Literal["text", "number", "date", "boolean", "error", "no-result"]
DATE_CELL = "date-cell"
NO_RESULT = "no-result"
MOST = 10**15
"""Numbers from here on have lost digits: a sheet keeps 15."""
# Days since 1899-12-30, so that day 61 is 1900-03-01; the 60th is a day that never was.
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 a sheet knows no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 the same
_NO_DAY = 60
_LAST_DAY = 2_958_466
"""The day after 9999-12-31."""
_DAY_SECONDS = 86_400
_BARE_DAYS = (10_000, 99_999)
"""A five-digit number in a column of dates is a day (1927 to 2173) that has lost its format."""


class Cell(NamedTuple):
    """One cell: its kind, its text or literal number, and the digits that its format pads to."""

    kind: Kind
    value: str
    pad: int = 0
    formula: bool = False


class Spoilt(Exception):
    """A cell whose value cannot be known; ``why`` is a slug, ``column`` where it stands."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.column: int | None = None


def text_of(cell: Cell, item: Item | None, *, from_1904: bool) -> str:
    """What a cell says in a column of ``item``, or of none; raises ``Spoilt``."""
    if cell.kind == "text":
        return cell.value
    if cell.kind == "number":
        return _number(cell, item, from_1904=from_1904)
    if cell.kind == "boolean":
        return "true" if cell.value == "1" else "false"
    if cell.kind == "date":
        if item is not None and item.type != "date":
            raise Spoilt(DATE_CELL)
        return day_text(float(cell.value), from_1904=from_1904)
    raise Spoilt(SHEET_ERROR if cell.kind == "error" else NO_RESULT)


def shown(cell: Cell, *, from_1904: bool) -> str:
    """What a cell shows, whatever it is."""
    try:
        return text_of(cell, None, from_1904=from_1904)
    except Spoilt:
        return cell.value


def day_text(serial: float, *, from_1904: bool) -> str:
    """A day number as an ISO date, with the time if there is one; raises ``Spoilt``."""
    if not 0 <= serial < _LAST_DAY or (not from_1904 and int(serial) == _NO_DAY):
        raise Spoilt(DATE_CELL)
    epoch = _EPOCH_1904 if from_1904 else _EPOCH
    if not from_1904 and serial < _NO_DAY:
        epoch += timedelta(days=1)
    whole = int(serial)
    try:
        found = epoch + timedelta(days=whole, seconds=round((serial - whole) * _DAY_SECONDS))
    except OverflowError as error:
        raise Spoilt(DATE_CELL) from error
    if (found.hour, found.minute, found.second) == (0, 0, 0):
        return found.date().isoformat()
    return found.isoformat(sep=" ")


def _number(cell: Cell, item: Item | None, *, from_1904: bool) -> str:
    try:
        number = float(cell.value)
    except ValueError as error:
        raise Spoilt(SHEET_ERROR) from error
    if not abs(number) < MOST:
        raise Spoilt(DIGITS_LOST)
    plain = plain_number(number)
    if item is not None and item.type == "date" and plain.isdigit():
        first, last = _BARE_DAYS
        if first <= int(plain) <= last:
            return day_text(number, from_1904=from_1904)
    return plain.zfill(cell.pad) if plain.isdigit() else plain


def plain_number(number: float) -> str:
    """A number as a sheet gives it: 15 digits, no exponent, no idle zeros."""
    digits = Decimal(f"{number:.15g}")
    return "0" if digits == 0 else f"{digits.normalize():f}"


def serial_of(day: date, *, from_1904: bool = False) -> float:
    """The day number of a date or time."""
    moment = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)  # noqa: DTZ001 as above
    epoch = _EPOCH_1904 if from_1904 else _EPOCH
    serial = (moment - epoch) / timedelta(days=1)
    return serial if from_1904 or serial > _NO_DAY else serial - 1

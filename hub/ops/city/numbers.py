"""Numbers with right check characters, made fast.

The check sums are the catalogue's, taken apart: a resident's number is the sum of an area's, a
day's and an order's share, each known beforehand; a licence's identifier runs three digits at a
time through a table. The tests hold every number against the catalogue's own check.
"""

from catalog.identifiers import organisation, uscc
from catalog.identifiers.licence import ROOT
from catalog.identifiers.resident import CHARACTERS, WEIGHTS
from hub.ops.city.calendar import LAST, Calendar

# Orders 1..998 of a day, half of them for each sex; 499 is prime, so that any step visits them all.
_HALF = 499
_STEP = 173
_SCATTER = 7919

_USCC_SPACE = 31**6
_USCC_STEP = 633_910_099


class ResidentNumbers:
    """Issues resident numbers, each once.

    One byte counts the numbers given out per area, day and sex: some 85 KB an area, however many
    people. More than 255 of one area, day and sex raise ``ValueError``: a city of that size
    (hundreds of millions) is not meant.
    """

    __slots__ = ("_area_sum", "_birth", "_birth_sum", "_order_sum", "_used")

    def __init__(self, calendar: Calendar) -> None:
        self._birth = calendar.birth
        self._birth_sum = calendar.birth_sum
        self._order_sum = [_weighted(f"{order:03d}", 14) for order in range(1000)]
        self._area_sum: dict[str, int] = {}
        self._used: dict[str, bytearray] = {}

    def issue(self, area: str, day: int, *, male: bool) -> str:
        """The next number of ``area`` for a birth on ``day``."""
        used = self._used.get(area)
        if used is None:
            used = self._used[area] = bytearray(2 * (LAST + 1))
            self._area_sum[area] = _weighted(area, 0)
        slot = 2 * day + male
        count = used[slot]
        used[slot] = count + 1
        half = (day * _SCATTER + count * _STEP) % _HALF + 1
        order = 2 * half - male
        total = self._area_sum[area] + self._birth_sum[day] + self._order_sum[order]
        return f"{area}{self._birth[day]}{order:03d}{CHARACTERS[total % 11]}"


class LicenceNumbers:
    """Issues identifiers of one type of licence; the serial is the area and a running number."""

    __slots__ = ("_count", "_heads", "_type")

    def __init__(self, type_code: str) -> None:
        self._type = type_code
        self._count = 0
        self._heads: dict[str, tuple[str, int]] = {}

    def issue(self, issuer: str, area: str) -> str:
        """The next identifier of ``issuer`` (a USCC) in ``area``."""
        head = self._heads.get(issuer)
        if head is None:
            state = _START
            for character in f"{self._type}{issuer}{area}":
                state = _step(state, int(character, 36))
            head = self._heads[issuer] = (f"{ROOT}{self._type}.{issuer}.{area}", state)
        text, state = head
        count = self._count = self._count + 1
        state = _THREE_DIGITS[count // 1_000_000 * 36 + state]
        state = _THREE_DIGITS[count // 1_000 % 1_000 * 36 + state]
        state = _THREE_DIGITS[count % 1_000 * 36 + state]
        state = _THREE_DIGITS[36 + state]  # the version, 001
        return f"{text}{count:09d}.001.{_LAST_CHARACTER[state]}"


class CreditCodes:
    """Issues credit codes of enterprises, each once; a real one may have the same by chance."""

    __slots__ = ("_count",)

    def __init__(self, start: int) -> None:
        self._count = start

    def issue(self, kind: str, area: str) -> str:
        """The next code; ``kind`` is the department and the category, such as ``91``."""
        self._count += 1
        rest = self._count * _USCC_STEP % _USCC_SPACE
        tail = ""
        for _ in range(6):
            rest, digit = divmod(rest, 31)
            tail += uscc.ALPHABET[digit]
        return credit_code(kind, area, f"MA{tail}")


def credit_code(kind: str, area: str, body: str) -> str:
    """A whole credit code around the eight characters of an organisation code."""
    code = f"{kind}{area}{body}{organisation.check_character(body)}"
    return code + uscc.check_character(code)


def _weighted(digits: str, place: int) -> int:
    return sum(WEIGHTS[place + index] * int(digit) for index, digit in enumerate(digits))


# ISO 7064 MOD 37,36 as a machine of 36 states.
_START = 18
_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _step(state: int, value: int) -> int:
    return ((state or 36) * 2 % 37 + value) % 36


def _three(digits: int, state: int) -> int:
    for value in (digits // 100, digits // 10 % 10, digits % 10):
        state = _step(state, value)
    return state


_THREE_DIGITS = bytes(_three(digits, state) for digits in range(1000) for state in range(36))
_LAST_CHARACTER = "".join(_CHARACTERS[(1 - (state or 36) * 2 % 37) % 36] for state in range(36))

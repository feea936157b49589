"""GB 11643: the citizen identification number, and the permits that share its form.

Six digits of area, eight of birth, three of order (odd: male), one check character by
ISO 7064 MOD 11-2. Numbers of the first generation have 15 digits: no century, no check character.
"""

import re
from datetime import date
from operator import mul

from catalog.identifiers.normalise import identifier
from catalog.identifiers.verdict import Checked, Verdict

KIND = "resident_id"
LENGTH = 18
FIRST_GENERATION_LENGTH = 15
CENTURY = "19"
# ISO 7064 MOD 11-2: weights 2^(18 - position) mod 11, and the character for each remainder.
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHARACTERS = "10X98765432"
# The first two digits of GB/T 2260. Counties are not looked up: a number keeps the county of its
# issue for life, and counties are renamed and merged.
PROVINCES = frozenset(
    str(code)
    for first, last in (
        (11, 15),
        (21, 23),
        (31, 37),
        (41, 46),
        (50, 54),
        (61, 65),
        (71, 71),
        (81, 83),
    )
    for code in range(first, last + 1)
)
# Foreigners' permanent residence: 9, then the province of issue and the country.
FOREIGNER = "9"
EARLIEST_BIRTH_YEAR = 1800

_FORM = re.compile(r"[0-9]{17}[0-9X]")
_OLD_FORM = re.compile(r"[0-9]{15}")
_ZERO = ord("0")


def check_character(body: str) -> str:
    """The check character of 17 digits."""
    total = sum(map(mul, WEIGHTS, body.encode("ascii"))) - _ZERO * sum(WEIGHTS)
    return CHARACTERS[total % 11]


def check(raw: str) -> Checked:
    """Check a resident's number.

    Reasons: ``form``, ``area``, ``birth-date``, ``check-digit`` (all invalid) and
    ``first-generation`` (warn: 15 digits are no valid document since 2013-01-01 but stand in old
    records; the value is the 18-character number that belongs to them).
    """
    value = identifier(raw)
    verdict: Verdict = "valid"
    reason = ""
    if len(value) == FIRST_GENERATION_LENGTH and _OLD_FORM.fullmatch(value):
        body = value[:6] + CENTURY + value[6:]
        value = body + check_character(body)
        verdict, reason = "warn", "first-generation"
    if not _FORM.fullmatch(value):
        return Checked(value, "invalid", "form", KIND)
    if value[0] != FOREIGNER and value[:2] not in PROVINCES:
        return Checked(value, "invalid", "area", KIND)
    if not _is_birth_date(value[6:14]):
        return Checked(value, "invalid", "birth-date", KIND)
    if value[17] != check_character(value[:17]):
        return Checked(value, "invalid", "check-digit", KIND)
    return Checked(value, verdict, reason, KIND)


def _is_birth_date(digits: str) -> bool:
    year = int(digits[:4])
    if year < EARLIEST_BIRTH_YEAR:
        return False
    try:
        date(year, int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True

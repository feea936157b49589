"""Why a row warns or is rejected, as the numbers that the check in SQL gives.

0 says valid; below ``INVALID`` the row stands and is counted as warned. The slugs are those of
``catalog.values.check_value``; those of rules begin with ``rule-``.
"""

from collections.abc import Mapping
from types import MappingProxyType

VALID = 0
INVALID = 10
"""The first number that rejects a row."""

CHECK_DIGIT = 22
"""Invalid by the check digit alone: then a number is of this kind, and mistyped."""

CONFLICTING = 30
"""The row shares its key with a row that says something else; it is of the row, not of an item."""

OPERATION = 31
"""The row of a change set says neither ``upsert`` nor ``delete``."""

NOT_UNIQUE = 32
"""Other rows have the same value; found after all others, it may warn or reject."""

REASONS: Mapping[int, str] = MappingProxyType(
    {
        VALID: "",
        1: "replacement-character",
        2: "first-generation",
        3: "check-digit",
        4: "department",
        5: "rule-required-if",
        6: "rule-not-before",
        7: "rule-range",
        8: "rule-sum",
        9: "rule-exists",
        10: "required",
        11: "too-long",
        12: "control-character",
        13: "pattern",
        14: "date",
        15: "integer",
        16: "decimal",
        17: "boolean",
        18: "code",
        19: "form",
        20: "area",
        21: "birth-date",
        CHECK_DIGIT: "check-digit",
        23: "rule-required-if",
        24: "rule-not-before",
        25: "rule-range",
        26: "rule-sum",
        27: "rule-exists",
        CONFLICTING: "conflicting",
        OPERATION: "operation",
        NOT_UNIQUE: "rule-unique",
    }
)

_WARNING = {REASONS[number]: number for number in REASONS if number < INVALID}
_REFUSAL = {REASONS[number]: number for number in REASONS if number >= INVALID}


def warning(slug: str) -> int:
    """The number of a warning."""
    return _WARNING[slug]


def refusal(slug: str) -> int:
    """The number of a reason that rejects."""
    return _REFUSAL[slug]

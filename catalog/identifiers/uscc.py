"""GB 32100: the unified social credit code (USCC, 统一社会信用代码).

One character for the registering department, one for the category, six digits of area, nine
characters of organisation code, one check character. The alphabet leaves out I, O, S, V and Z.
"""

import re

from catalog.identifiers.normalise import identifier
from catalog.identifiers.verdict import Checked

KIND = "uscc"
LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
# 1 编制 2 外交 3 教育 4 公安 5 民政 6 司法 7 交通 8 文化 9 工商 A 旅游 B 宗教 C 工会 D 军队
# E/F/G governments N 农业 Y others.
DEPARTMENTS = frozenset("123456789ABCDEFGNY")

# Also the form of the codes inside a licence's identifier.
PATTERN = "[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}"
_FORM = re.compile(PATTERN)
_VALUES = {character: index for index, character in enumerate(ALPHABET)}


def check_character(body: str) -> str:
    """The check character of 17 characters of the alphabet: (31 - sum) mod 31."""
    total = sum(
        weight * _VALUES[character] for weight, character in zip(WEIGHTS, body, strict=True)
    )
    return ALPHABET[-total % 31]


def check(raw: str) -> Checked:
    """Check a credit code.

    Reasons: ``form`` (invalid); ``department`` and ``check-digit`` (warn: a well-formed code with a
    wrong check character may have been issued so, and then it is that body's only code).
    """
    value = identifier(raw)
    if not _FORM.fullmatch(value):
        return Checked(value, "invalid", "form", KIND)
    if value[17] != check_character(value[:17]):
        return Checked(value, "warn", "check-digit", KIND)
    if value[0] not in DEPARTMENTS:
        return Checked(value, "warn", "department", KIND)
    return Checked(value, "valid", "", KIND)

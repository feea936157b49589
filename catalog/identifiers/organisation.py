"""GB 11714: the organisation code, older than the USCC, and inside it as places 9 to 17."""

import re

from catalog.identifiers.normalise import identifier
from catalog.identifiers.verdict import Checked

KIND = "organisation_code"
WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
CHARACTERS = "0123456789X"
_FORM = re.compile(r"[0-9A-Z]{8}-?[0-9X]")


def check_character(body: str) -> str:
    """The check character of 8 characters: 11 - sum mod 11, where 10 is X and 11 is 0."""
    total = sum(
        weight * int(character, 36) for weight, character in zip(WEIGHTS, body, strict=True)
    )
    return CHARACTERS[-total % 11]


def check(raw: str) -> Checked:
    """Check an organisation code, with or without the hyphen before its last character.

    Reasons: ``form`` (invalid), ``check-digit`` (warn, for the same cause as with the USCC).
    """
    value = identifier(raw)
    if not _FORM.fullmatch(value):
        return Checked(value, "invalid", "form", KIND)
    value = value.replace("-", "")
    if value[8] != check_character(value[:8]):
        return Checked(value, "warn", "check-digit", KIND)
    return Checked(value, "valid", "", KIND)

"""GB/T 36904: the identifier of an e-licence (电子证照标识).

``1.2.156.3005.2.<type 21>.<issuer 18>.<serial>.<version 3>.<check 1>``, where the type is the USCC
of the body that defines it and three characters, and the issuer is a USCC. Many systems write it
without the root; stored is the form with it.
"""

import re
from typing import NamedTuple

from stdnum.iso7064 import mod_37_36

from catalog.errors import IdentifierRefused
from catalog.identifiers import uscc
from catalog.identifiers.normalise import identifier
from catalog.identifiers.verdict import Checked

KIND = "licence_id"
ROOT = "1.2.156.3005.2."
# The standard's text was not to hand; published serials are far shorter.
SERIAL_LIMIT = 64
_PARTS = {
    "type_code": rf"{uscc.PATTERN}[0-9A-Z]{{3}}",
    "issuer": uscc.PATTERN,
    "serial": rf"[0-9A-Z]{{1,{SERIAL_LIMIT}}}",
    "version": r"[0-9A-Z]{3}",
}
_FORM = re.compile(r"\.".join(f"({part})" for part in (*_PARTS.values(), "[0-9A-Z]")))


class Parts(NamedTuple):
    """What an identifier is made of, but for its check character."""

    type_code: str
    issuer: str
    serial: str
    version: str


def check_character(type_code: str, issuer: str, serial: str, version: str) -> str:
    """ISO 7064 MOD 37,36 over the four parts, without root and dots."""
    return str(mod_37_36.calc_check_digit(type_code + issuer + serial + version))


def build(type_code: str, issuer: str, serial: str, version: str) -> str:
    """The whole identifier of a licence; raises ``IdentifierRefused`` for a part of another form.

    What is made must be right to the character: nothing is evened out here.
    """
    parts = Parts(type_code, issuer, serial, version)
    for part, value in parts._asdict().items():
        if not re.fullmatch(_PARTS[part], value):
            raise IdentifierRefused(part=part)
    check_digit = check_character(type_code, issuer, serial, version)
    return f"{ROOT}{type_code}.{issuer}.{serial}.{version}.{check_digit}"


def check(raw: str) -> Checked:
    """Check an identifier.

    Reasons: ``form`` (invalid), ``check-digit`` (warn: issuers elsewhere compute it differently).
    """
    value = identifier(raw)
    found = _FORM.fullmatch(value.removeprefix(ROOT))
    if found is None:
        return Checked(value, "invalid", "form", KIND)
    value = ROOT + found[0]
    if found[5] != check_character(found[1], found[2], found[3], found[4]):
        return Checked(value, "warn", "check-digit", KIND)
    return Checked(value, "valid", "", KIND)


def split(identifier_checked: str) -> Parts:
    """The parts of an identifier that ``check`` gave; raises ``IdentifierRefused`` for another."""
    found = _FORM.fullmatch(identifier_checked.removeprefix(ROOT))
    if found is None:
        raise IdentifierRefused(part="form")
    return Parts(found[1], found[2], found[3], found[4])

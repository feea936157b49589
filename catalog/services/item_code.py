"""The codes of a service: 实施编码 (31 characters) and 业务办理项编码 (33).

31 = the credit code of the implementing body and 13 characters; the 33 add two (``domain.md`` §5,
inferred from live examples such as ``11370800MB285591843370117002011``; the standard's text was
not to hand, so letters are let through in the tail).
"""

import re

from catalog.identifiers import uscc
from catalog.identifiers.normalise import identifier
from catalog.identifiers.verdict import Checked

ITEM, HANDLING = 31, 33
_FORM = re.compile(rf"({uscc.PATTERN})[0-9A-Z]+")


def check_item(raw: str) -> Checked:
    """Check an 实施编码.

    Reasons: ``form`` (invalid); those of the credit code inside it (warn).
    """
    return _check(raw, ITEM)


def check_handling(raw: str, item: str) -> Checked:
    """Check a 业务办理项编码 of the item ``item``.

    Reasons: as of an item's code, and ``other-item`` (invalid) if it begins otherwise.
    """
    checked = _check(raw, HANDLING)
    if checked.acceptable and not checked.value.startswith(item):
        return Checked(checked.value, "invalid", "other-item")
    return checked


def body(code: str) -> str:
    """The credit code of the implementing body."""
    return code[: uscc.LENGTH]


def _check(raw: str, length: int) -> Checked:
    value = identifier(raw)
    found = _FORM.fullmatch(value)
    if found is None or len(value) != length:
        return Checked(value, "invalid", "form")
    inner = uscc.check(found[1])
    return Checked(value, inner.verdict, inner.reason)

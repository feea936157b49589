"""Licences as records: what a dataset of one type of licence has, whatever the type.

A type of licence is a dataset whose records nobody publishes: each is a licence as it was issued,
with its status of now. So a definition with ``source = "licences"`` has the metadata of every
licence, then the type's own items, then the status; ``catalog/licences/dataset.py`` makes one.

Whoever holds the number of a licence asks by it, so a subject may also be of the kind
``licence_id``; a record is its holder's all the same.
"""

from collections.abc import Iterator, Mapping

from catalog.identifiers import PLAIN
from catalog.item import Item

HOLDER = "holder_id"
IDENTIFIER = "licence_id"
STATUS = "status"
NOTE = "status_note"
ROW_KEY = (IDENTIFIER,)
BY_IDENTIFIER = "licence_id"
"""The kind of subject by which one licence is asked for."""

FIRST: Mapping[str, str] = {
    IDENTIFIER: "identifier:licence_id",
    "name": "text",
    "number": "text",
    "type_code": "text",
    "holder_name": "text",
    HOLDER: "identifier:resident_id|uscc|text",
    "holder_type": "code",
    "issuer": "text",
    "issuer_uscc": "identifier:uscc",
    "issued_on": "date",
    "valid_from": "date",
    "valid_until": "date",
}
"""Codes and types of the metadata, in their order; a holder's number may be of any kind."""
LAST: Mapping[str, str] = {STATUS: "code", NOTE: "text"}
REQUIRED = FIRST.keys() - {"valid_from", "valid_until"} | {STATUS}
STATUSES = ("01", "02", "03", "04", "05", "06", "07", "99")


def subject_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """By what a licence may be asked for: its holder's number, or its own.

    Its own stands before ``text``, which takes anything for a number.
    """
    own = [kind for kind in kinds if kind != PLAIN]
    return *own, BY_IDENTIFIER, *(kind for kind in kinds if kind == PLAIN)


def licence_faults(
    items: Mapping[str, Item], subject: str, row_key: tuple[str, ...], licence_type: str
) -> Iterator[tuple[str, str]]:
    """Place and reason of what a definition of licences has other than it must."""
    codes = tuple(items)
    if codes[: len(FIRST)] != tuple(FIRST) or codes[len(codes) - len(LAST) :] != tuple(LAST):
        yield "items", "licence-items"
        return
    for code, kind in {**FIRST, **LAST}.items():
        if items[code].type != kind or items[code].required != (code in REQUIRED):
            yield f"items[{code}]", "licence-item"
    if tuple(items[STATUS].codes or ()) != STATUSES:
        yield f"items[{STATUS}]", "licence-item"
    if subject != HOLDER:
        yield "subject", "licence-items"
    if row_key != ROW_KEY:
        yield "row_key", "licence-items"
    if not licence_type:
        yield "licence_type", "licence-type-missing"

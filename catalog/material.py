"""Materials 共享材料: the items that every type of them has, and what a file of one may be.

A type of material is a dataset whose records nobody publishes: each is what a department said of a
file that it has taken in. So its items are the same for all types, and a definition with
``source = "materials"`` has exactly these.
"""

from collections.abc import Iterator, Mapping

from catalog.item import Item

MEDIA_TYPES: Mapping[str, str] = {
    "application/pdf": "pdf",
    "application/ofd": "ofd",
    "image/jpeg": "jpg",
    "image/png": "png",
}
"""What a file may be, and how its name then ends."""

HOLDER = "holder_id"
NUMBER = "material_no"
RECEIVER = "received_by"
ROW_KEY = (NUMBER, RECEIVER)
"""Each department says for itself what it saw: one record a material and department."""

ITEMS: Mapping[str, str] = {
    NUMBER: "text",
    HOLDER: "identifier:resident_id|uscc",
    "title": "text",
    "issuer": "text",
    "number": "text",
    "valid_from": "date",
    "valid_until": "date",
    RECEIVER: "text",
    "received_on": "date",
    "source_case": "text",
    "sighted_by": "text",
    "sighted_on": "date",
    "file_name": "text",
    "media_type": "code",
    "size_bytes": "integer",
    "sha256": "text",
    "thumbnail_sha256": "text",
    "version": "integer",
    "status": "code",
}
"""Codes and types of the items, in their order.

``source_case`` is the case for which it was handed in, ``sighted_by`` the officer who has seen the
original, ``status`` 1 usable or 2 past its validity. ``version`` counts what was said of it.
"""
REQUIRED = frozenset(
    {NUMBER, HOLDER, "title", RECEIVER, "received_on", "media_type", "size_bytes", "sha256"}
    | {"version", "status"}
)
USABLE, EXPIRED = "1", "2"


def material_faults(
    items: Mapping[str, Item], subject: str, row_key: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Place and reason of what a definition of materials has other than it must."""
    if tuple(items) != tuple(ITEMS):
        wrong = items.keys() ^ ITEMS.keys()
        yield f"items[{min(wrong)}]" if wrong else "items", "material-items"
        return
    for code, kind in ITEMS.items():
        if items[code].type != kind or items[code].required != (code in REQUIRED):
            yield f"items[{code}]", "material-item"
    if tuple(items["media_type"].codes or ()) != tuple(MEDIA_TYPES):
        yield "items[media_type]", "material-item"
    if tuple(items["status"].codes or ()) != (USABLE, EXPIRED):
        yield "items[status]", "material-item"
    if subject != HOLDER:
        yield "subject", "material-items"
    if row_key != ROW_KEY:
        yield "row_key", "material-items"

"""What a department issues, for its pages: types and licences, without anything that is on them."""

from typing import NamedTuple

from catalog.licences.status import Status
from hub.licences.records import status_at
from hub.licences.types import Registered, read
from hub.materials.records import today_of
from hub.storage.sqlite import Connection

SHOWN = 200
"""Licences that one list shows, the newest first."""


class Listed(NamedTuple):
    """One licence; ``valid_until`` is empty where it has no end."""

    licence: str
    type: str
    status: Status
    valid_until: str
    issued: int
    version: int


def issued_types(connection: Connection, department: str) -> dict[str, Registered]:
    """The types that the department is an issuer of, by code, suspended ones too."""
    rows = connection.execute(
        "SELECT code, definition, issuers, status FROM licence_types ORDER BY code"
    )
    found = {code: read(definition, issuers, status) for code, definition, issuers, status in rows}
    return {code: one for code, one in found.items() if department in one.issuers}


def issued_licences(
    connection: Connection, department: str, now: int, *, type_: str = "", status: str = ""
) -> list[Listed]:
    """The department's newest licences, of one type and in one status if they are named."""
    rows = connection.execute(
        "SELECT id, type, status, valid_until, issued, version FROM licences"
        " WHERE department = ?1 AND (?2 = '' OR type = ?2) ORDER BY issued DESC, id",
        (department, type_),
    )
    today, found = today_of(now), list[Listed]()
    for licence, kind, stored, valid_until, issued, version in rows:
        stands = status_at(stored, valid_until, today)
        if status in {"", stands.value}:
            found.append(Listed(licence, kind, stands, valid_until, issued, version))
        if len(found) == SHOWN:
            break
    return found

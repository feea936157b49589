"""The credentials that were made of a licence: when, and what their status list says of each.

What a credential holds is nowhere kept. When it was made stands at the beginning of the salt by
which its licence's entry binds its place: whoever changes it there contradicts the log.
"""

import os
from typing import NamedTuple

from catalog.licences.status import LIST_BITS
from certs.certificates import read_certificate
from certs.disclosures import MAX_DEPTH
from certs.errors import CredentialInvalid, StatusListInvalid
from certs.jws import open_token
from certs.receipts import key_thumbprint
from certs.sd_jwt import TOKEN_LIMIT, TYPE, verify
from certs.status_list import Status, StatusList, reference
from hub.errors import NotFound, StorageRefused
from hub.keys.ring import KeyRing
from hub.licences.lists import address
from hub.storage.sqlite import Connection

_RANDOM = 16
"""Bytes of a salt that nobody can guess; one of an older release has no others."""
_TIME = 8
"""Bytes before them: milliseconds since 1970, the first byte the highest."""


class Made(NamedTuple):
    """One credential; ``made`` is None if that was not kept then."""

    number: int
    made: int | None
    status: Status


def salt_at(time: int) -> bytes:
    """The salt of a credential that is made at ``time``."""
    return time.to_bytes(_TIME, "big") + os.urandom(_RANDOM)


def made_at(salt: bytes) -> int | None:
    """When the credential of a salt was made."""
    return int.from_bytes(salt[:_TIME], "big") if len(salt) == _TIME + _RANDOM else None


def made_of(connection: Connection, licence: str) -> list[Made]:
    """All credentials of a licence, the newest first; whose it is the caller has seen."""
    rows = connection.execute(
        "SELECT number, list, place, salt FROM licence_credentials WHERE licence = ?"
        " ORDER BY number DESC",
        (licence,),
    ).fetchall()
    lists = {number: _list(connection, number) for number in {row[1] for row in rows}}
    return [
        Made(number, made_at(salt), Status(lists[list_][place]))
        for number, list_, place, salt in rows
    ]


def require_of(
    connection: Connection, ring: KeyRing, issuer: str, licence: str, token: str, now: int
) -> None:
    """Raise ``NotFound`` unless ``token`` is a whole credential that was made of a licence here."""
    publics = [
        read_certificate(key.certificate).public
        for key in ring.refresh().of("credential")
        if key.certificate is not None
    ]
    keys = {key_thumbprint(public): public for public in publics}
    try:
        opened = open_token(
            token.partition("~")[0],
            keys,
            typ=TYPE,
            limit=TOKEN_LIMIT,
            depth=MAX_DEPTH,
            refuse=CredentialInvalid,
        )
        # One that begins later was made today all the same.
        begins = opened.claims.get("nbf", 0)
        then = max(now, begins * 1000) if isinstance(begins, int) else now
        place = reference(verify(token, keys, then, issuer=issuer))
    except (CredentialInvalid, StatusListInvalid) as error:
        raise NotFound(what="credential") from error
    row = connection.execute(
        "SELECT list FROM licence_credentials WHERE list = ? AND place = ? AND licence = ?",
        (place.uri.rpartition("/")[2], place.index, licence),
    ).fetchone()
    if row is None or place.uri != address(issuer, row[0]):
        raise NotFound(what="credential")


def _list(connection: Connection, number: int) -> StatusList:
    row = connection.execute(
        "SELECT packed FROM status_lists WHERE number = ?", (number,)
    ).fetchone()
    if row is None:
        raise StorageRefused(why="status-list-gone")
    return StatusList(row[0], LIST_BITS)

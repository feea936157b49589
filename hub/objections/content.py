"""What is personal in an objection, sealed as *person* parts are: under keys of class and month.

So the database alone names nobody, and what is past its retention goes with its month's key. A
sealed part is the number of its key (8 bytes, big-endian) before what the key sealed.
"""

from typing import Literal, TypeAlias

from pydantic import ValidationError

from certs.canonical import canonical, parse
from certs.errors import Malformed, SealBroken
from hub.objections.desk import Desk
from hub.objections.objection import Claim

Part: TypeAlias = Literal["content", "answer"]
_NUMBER = 8
_LONGEST = 4 << 20
_DEPTH = 4


def seal_claim(desk: Desk, retention: str, objection: str, claim: Claim) -> bytes:
    """Seal what a department says. Call outside a change: a new month's key may be made."""
    return _seal(desk, retention, objection, "content", canonical(claim.model_dump(mode="json")))


def seal_answer(desk: Desk, retention: str, objection: str, reason: str) -> bytes:
    """Seal the provider's reason; call outside a change."""
    return _seal(desk, retention, objection, "answer", canonical({"reason": reason}))


def open_claim(desk: Desk, objection: str, sealed: bytes) -> Claim | None:
    """What a department says; None once it is past its retention and gone."""
    plain = _open(desk, objection, "content", sealed)
    try:
        return None if plain is None else Claim.model_validate_json(plain)
    except ValidationError:
        return None


def open_answer(desk: Desk, objection: str, sealed: bytes | None) -> str | None:
    """The provider's reason; None if there is none, or it is gone."""
    plain = None if sealed is None else _open(desk, objection, "answer", sealed)
    if plain is None:
        return None
    try:
        told = parse(plain, max_bytes=_LONGEST, max_depth=_DEPTH)
    except Malformed:
        return None
    return str(told.get("reason")) if isinstance(told, dict) else None


def _seal(desk: Desk, retention: str, objection: str, part: Part, plain: bytes) -> bytes:
    number, key = desk.persons.current(retention, desk.clock(), desk.store)
    return number.to_bytes(_NUMBER, "big") + key.seal(plain, _place(objection, part))


def _open(desk: Desk, objection: str, part: Part, sealed: bytes) -> bytes | None:
    number = int.from_bytes(sealed[:_NUMBER], "big")
    try:
        return desk.persons.numbered(number).open(sealed[_NUMBER:], _place(objection, part))
    except SealBroken:
        return None


def _place(objection: str, part: Part) -> bytes:
    return f"objection/{objection}/{part}".encode()

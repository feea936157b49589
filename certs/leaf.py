"""A leaf of the ledger: three parts that are opened one by one, bound by salted digests.

    part digest = H("yifen/v1/" ‖ part name ‖ 0x00 ‖ salt ‖ canonical part)
    leaf        = {"control", "internal", "kind", "person", "time", "v"} as canonical JSON
    L           = H(0x00 ‖ leaf)

``control`` tells departments and grants, ``person`` tells subject, officer and case, and
``internal`` the true reason where outsiders are told less (``protocol.md``, *Order*).
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, from_rfc3339, rfc3339, unb64u
from certs.errors import LeafMismatch, Malformed

PartName = Literal["control", "person", "internal"]
SALT_BYTES = 32
VERSION = 1
_LEAF_LIMIT = 1024

_PREFIX: dict[PartName, bytes] = {
    "control": b"yifen/v1/control\x00",
    "person": b"yifen/v1/person\x00",
    "internal": b"yifen/v1/internal\x00",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf as read; ``time`` is in milliseconds, digests are base64url."""

    kind: str
    time: int
    control: str
    person: str
    internal: str


def part_digest(name: PartName, salt: bytes, part: bytes) -> str:
    """The digest of a canonical ``part`` under its 32-byte ``salt``, base64url."""
    return b64u(hashlib.sha256(_PREFIX[name] + salt + part).digest())


def leaf_bytes(kind: str, time: int, control: str, person: str, internal: str) -> bytes:
    """The canonical JSON of a leaf; ``kind`` is a slug, ``time`` in milliseconds."""
    return (
        f'{{"control":"{control}","internal":"{internal}","kind":"{kind}",'
        f'"person":"{person}","time":"{rfc3339(time)}","v":{VERSION}}}'
    ).encode("ascii")


def leaf_frame(kind: str, time: int) -> str:
    """What leaves of one kind and time share, with ``%s`` for control, internal and person."""
    return (
        f'{{"control":"%s","internal":"%s","kind":"{kind}",'
        f'"person":"%s","time":"{rfc3339(time)}","v":{VERSION}}}'
    )


def read_leaf(data: bytes) -> Leaf:
    """Read a leaf's bytes; raises ``LeafMismatch`` unless they are the canonical form of one."""
    try:
        value = parse(data, max_bytes=_LEAF_LIMIT, max_depth=1)
        if not isinstance(value, dict) or value.get("v") != VERSION:
            raise LeafMismatch(why="form")
        kind, time = _text(value, "kind"), _text(value, "time")
        leaf = Leaf(
            kind=kind,
            time=from_rfc3339(time),
            control=_text(value, "control"),
            person=_text(value, "person"),
            internal=_text(value, "internal"),
        )
    except Malformed as error:
        raise LeafMismatch(why="form") from error
    if leaf_bytes(leaf.kind, leaf.time, leaf.control, leaf.person, leaf.internal) != data:
        raise LeafMismatch(why="form")
    return leaf


def check_part(name: PartName, leaf: Leaf, salt: str, part: Json) -> None:
    """Raise ``LeafMismatch`` unless ``part`` with ``salt`` (base64url) is what the leaf binds."""
    try:
        raw = unb64u(salt)
    except Malformed as error:
        raise LeafMismatch(why=name) from error
    if len(raw) != SALT_BYTES or part_digest(name, raw, canonical(part)) != getattr(leaf, name):
        raise LeafMismatch(why=name)


def _text(value: dict[str, Json], name: str) -> str:
    member = value.get(name)
    if not isinstance(member, str):
        raise LeafMismatch(why="form")
    return member

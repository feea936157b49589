"""One entry opened: its parts with their salts, and the proof that it stands in the log.

Whoever opens an entry is entered first, with the subject that the entry is about: the person
looked at can see the auditor too.
"""

from dataclasses import dataclass
from typing import cast

import orjson

from certs.canonical import Json
from certs.encoding import b64u
from certs.errors import SealBroken
from certs.leaf import SALT_BYTES
from certs.tree import leaf_hash, verify_inclusion
from hub.audit.search import AUDIT_READ
from hub.errors import NotFound
from hub.ledger.change import Actor, Changes
from hub.ledger.persons import PersonKeys
from hub.ledger.proofs import Proofs
from hub.storage.sqlite import Connection


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The proof of an entry against the newest checkpoint."""

    size: int
    root: bytes
    path: tuple[bytes, ...]
    note: str


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """An entry with everything that its leaf binds; salts and hashes base64url.

    ``person`` is None once it has been erased; ``inclusion`` is None until a checkpoint covers the
    entry, a second at most. ``read_entry`` is where this very opening stands in the log.
    """

    position: int
    leaf: dict[str, Json]
    leaf_text: str
    leaf_hash: str
    control: dict[str, Json]
    control_salt: str
    person: dict[str, Json] | None
    person_salt: str | None
    internal: dict[str, Json]
    internal_salt: str
    inclusion: Inclusion | None
    read_entry: int


def open_entry(
    changes: Changes, actor: Actor, reading: Connection, persons: PersonKeys, position: int
) -> OpenedEntry:
    """Open the entry at ``position``, after that has been entered durably; raises ``NotFound``."""
    row = reading.execute(
        "SELECT leaf, control, salts, internal, person, person_key FROM entries WHERE position = ?",
        (position,),
    ).fetchone()
    if row is None:
        raise NotFound(what="entry")
    leaf_data, control, salts, internal, sealed, key = row
    leaf = _object(leaf_data)
    # 1. Open, to know whom the entry is about.
    person_salt, person = _person(persons, sealed, key, str(leaf["person"]))
    # 2. Record.
    read_entry = _record(changes, actor, position, person)
    # 3. Prove.
    hashed = leaf_hash(leaf_data)
    return OpenedEntry(
        position=position,
        leaf=leaf,
        leaf_text=leaf_data.decode("utf-8"),
        leaf_hash=b64u(hashed),
        control=_object(control),
        control_salt=b64u(salts[:SALT_BYTES]),
        person=person,
        person_salt=None if person_salt is None else b64u(person_salt),
        internal=_object(internal),
        internal_salt=b64u(salts[SALT_BYTES:]),
        inclusion=prove(reading, position, hashed),
        read_entry=read_entry,
    )


def prove(reading: Connection, position: int, hashed: bytes) -> Inclusion | None:
    """The proof of a leaf hash against the newest checkpoint; None if none covers it yet.

    Raises ``ProofInvalid`` if the stored entry is not the one that was proven into the tree.
    """
    proofs = Proofs(reading)
    try:
        newest = proofs.checkpoint()
    except NotFound:
        return None
    if newest.size <= position:
        return None
    path = tuple(proofs.inclusion(position, newest.size))
    verify_inclusion(hashed, position, newest.size, path, newest.root)
    return Inclusion(newest.size, newest.root, path, newest.note)


def _person(
    persons: PersonKeys, sealed: bytes | None, key: int, digest: str
) -> tuple[bytes | None, dict[str, Json] | None]:
    if sealed is None:
        return None, None
    try:
        salt, part = persons.open(sealed, key, digest)
    except SealBroken:
        return None, None
    return salt, _object(part)


def _record(changes: Changes, actor: Actor, position: int, person: dict[str, Json] | None) -> int:
    subject = None if person is None else person["subject"]
    named = None
    if isinstance(subject, dict):
        named = (str(subject["type"]), str(subject["id"]))
    with changes.change(actor, moves_epoch=False) as change:
        return change.append(AUDIT_READ, {"opened": position}, subject=named)


def _object(data: bytes) -> dict[str, Json]:
    return cast("dict[str, Json]", orjson.loads(data))

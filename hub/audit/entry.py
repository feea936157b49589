"""One entry opened: its parts with their salts, and the proof that it stands in the log.

Whoever opens an entry is entered first, with the subject that the entry is about: the person
looked at can see the auditor too.
"""

from dataclasses import dataclass

from certs.canonical import Json
from certs.encoding import b64u
from certs.tree import leaf_hash, verify_inclusion
from hub.audit.parts import read_parts
from hub.audit.search import AUDIT_READ
from hub.errors import NotFound
from hub.ledger.change import Actor, Changes
from hub.ledger.checkpoint import Published
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
    # 1. Open, to know whom the entry is about.
    parts = read_parts(reading, persons, position)
    # 2. Record.
    read_entry = _record(changes, actor, position, parts.person)
    # 3. Prove.
    hashed = leaf_hash(parts.leaf)
    return OpenedEntry(
        position=position,
        leaf=parts.told,
        leaf_text=parts.leaf.decode("utf-8"),
        leaf_hash=b64u(hashed),
        control=parts.control,
        control_salt=b64u(parts.control_salt),
        person=parts.person,
        person_salt=None if parts.person is None else b64u(parts.person_salt),
        internal=parts.internal,
        internal_salt=b64u(parts.internal_salt),
        inclusion=prove(reading, position, hashed),
        read_entry=read_entry,
    )


def prove(
    reading: Connection, position: int, hashed: bytes, under: Published | None = None
) -> Inclusion | None:
    """The proof of a leaf hash against a checkpoint, by default the newest; None if beyond it.

    Raises ``ProofInvalid`` if the stored entry is not the one that was proven into the tree.
    """
    proofs = Proofs(reading)
    try:
        head = proofs.checkpoint() if under is None else under
    except NotFound:
        return None
    if head.size <= position:
        return None
    path = tuple(proofs.inclusion(position, head.size))
    verify_inclusion(hashed, position, head.size, path, head.root)
    return Inclusion(head.size, head.root, path, head.note)


def _record(changes: Changes, actor: Actor, position: int, person: dict[str, Json] | None) -> int:
    subject = None if person is None else person["subject"]
    named = None
    if isinstance(subject, dict):
        named = (str(subject["type"]), str(subject["id"]))
    with changes.change(actor, moves_epoch=False) as change:
        return change.append(AUDIT_READ, {"opened": position}, subject=named)

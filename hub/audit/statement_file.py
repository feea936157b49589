"""A statement as a file: one JSON document that the person concerned can check alone.

    {"v": 1, "format", "hub", "origin", "subject", "made", "since", "until",
     "root": PEM, "keys": [[certificate, issuing authority], ...], "checkpoint": note,
     "statement": entry, "entries": [entry, ...]}

    entry = {"index", "leaf", "control", "control_salt", "person", "person_salt", "path"}

Certificates, salts and hashes are base64url. A leaf binds its *person* part as a whole, so the file
names the officers' accounts that the paper does not (``docs/statement.md``).
"""

import asyncio
from base64 import b64decode
from dataclasses import dataclass
from typing import cast

from certs.canonical import Json, canonical
from certs.encoding import b64u, rfc3339
from certs.tree import leaf_hash
from hub.audit.entry import prove
from hub.audit.parts import Parts
from hub.audit.statement import STEP, Statement
from hub.errors import Conflict
from hub.ledger.checkpoint import Published
from hub.storage.sqlite import Connection

FORMAT = "yifen-statement"
MEDIA_TYPE = "application/vnd.yifen.statement+json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Signed:
    """What the file is checked against: a hub's checkpoint, and the certificates of its keys."""

    hub: str
    origin: str
    root: bytes
    keys: list[Json]
    """As ``log_keys`` gives them."""
    head: Published | None


async def write_file(
    reading: Connection, signed: Signed, statement: Statement, own: Parts
) -> bytes:
    """The bytes of a statement's file; ``own`` is the entry that it is itself.

    Raises ``Conflict`` until a checkpoint covers that entry, and ``ProofInvalid`` if a stored entry
    is not the one in the tree.
    """
    head = signed.head
    if head is None:
        raise Conflict(why="statement-unproven")
    proven = _proven(reading, head, statement.entry, own)  # what it tells stands before it
    entries: list[Json] = []
    for count, one in enumerate(statement.entries):
        entries.append(_proven(reading, head, one.row.position, one.parts))
        if count % STEP == 0:
            await asyncio.sleep(0)
    asked = statement.asked
    document: dict[str, Json] = {
        "checkpoint": head.note,
        "entries": entries,
        "format": FORMAT,
        "hub": signed.hub,
        "keys": [_chain(key) for key in signed.keys],
        "made": rfc3339(statement.made),
        "origin": signed.origin,
        "root": signed.root.decode("ascii"),
        "since": None if asked.since is None else rfc3339(asked.since),
        "statement": proven,
        "subject": asked.subject,
        "until": None if asked.until is None else rfc3339(asked.until),
        "v": VERSION,
    }
    return canonical(document) + b"\n"


def _proven(reading: Connection, head: Published, position: int, parts: Parts) -> Json:
    inclusion = prove(reading, position, leaf_hash(parts.leaf), head)
    if inclusion is None:
        raise Conflict(why="statement-unproven")
    return {
        "control": parts.control,
        "control_salt": b64u(parts.control_salt),
        "index": position,
        "leaf": parts.told,
        "path": [b64u(node) for node in inclusion.path],
        "person": parts.person,
        "person_salt": b64u(parts.person_salt),
    }


def _chain(key: Json) -> Json:
    chain = cast("dict[str, list[str]]", key)["x5c"]
    return [b64u(b64decode(certificate)) for certificate in chain]

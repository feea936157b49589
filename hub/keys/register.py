"""The register of keys: the table ``signing_keys``, each change of which is an entry.

A key is named by 128 bits of a digest in hexadecimal: of its public half, or derived from a secret
one. Only certificates and these names stand in the register and in the ledger.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from certs.canonical import Json
from certs.encoding import digest, rfc3339, sha256
from certs.keys import PublicKey
from hub.ledger.change import Change
from hub.storage.sqlite import Connection
from hub.storage.tables import SigningKeyRow

Use: TypeAlias = Literal[
    "receipt",
    "checkpoint",
    "session",
    "credential",
    "master",
    "audit",
    "feeds",
    "marks",
    "mismatches",
]
Status: TypeAlias = Literal["waiting", "active", "retired"]
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Key:
    """One row; times in milliseconds, certificates DER."""

    id: str
    use: Use
    status: Status
    since: int
    until: int | None
    certificate: bytes | None
    issuing: bytes | None
    copied: int | None

    def stands(self, now: int) -> bool:
        """Whether it is in force at ``now``."""
        return self.status == "active" and (self.until is None or now < self.until)


class Unchanged(Exception):
    """Nothing was left to do under the lock: an epoch that moves without an entry is a fault."""


def id_of(public: PublicKey) -> str:
    """The name of a key that has a public half."""
    return sha256(public.der)[:_ID_BYTES].hex()


def registered(connection: Connection) -> tuple[Key, ...]:
    """Every key that there ever was, the newest first."""
    rows = connection.execute(
        "SELECT id, use, status, since, until, certificate, issuing, copied FROM signing_keys"
        " ORDER BY since DESC, rowid DESC"
    )
    return tuple(Key(*row) for row in rows)


def active_master(connection: Connection) -> str | None:
    """The name of the master key under which everything is wrapped; None before it has one."""
    row: tuple[str] | None = connection.execute(
        "SELECT id FROM signing_keys WHERE use = 'master' AND status = 'active'"
    ).fetchone()
    return None if row is None else row[0]


def enter(change: Change, row: SigningKeyRow) -> int:
    """Write a row as it now is, with its entry; gives the entry's position."""
    change.session.add(row)
    change.session.flush()
    state: dict[str, Json] = {
        "certificate": None if row.certificate is None else digest(row.certificate),
        "copied": None if row.copied is None else rfc3339(row.copied),
        "id": row.id,
        "issuing": None if row.issuing is None else digest(row.issuing),
        "since": rfc3339(row.since),
        "status": row.status,
        "until": None if row.until is None else rfc3339(row.until),
        "use": row.use,
    }
    return change.append("key", state)

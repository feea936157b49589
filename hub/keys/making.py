"""New keys: made, certified by the issuing authority, and written to their files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from certs.authority import YEAR_MS, Authority
from certs.certificates import read_certificate
from certs.errors import RequestRefused
from certs.keys import Algorithm, PrivateKey, generate, sync_folder
from certs.tokens import SessionTokens
from hub.clock import DAY, HOUR
from hub.errors import Conflict
from hub.keys.files import FileUse, named_file, write_public
from hub.keys.register import id_of
from hub.storage.tables import SigningKeyRow

SIGNING_YEARS = 3
"""Life of the certificate of a key that signs receipts, checkpoints or credentials."""
BACKDATED_MS = HOUR
"""How long before it is made a certificate begins: what was entered a moment before the switch may
be signed a moment after it, and a receipt states the time of its entry."""
ALGORITHMS: Mapping[str, Algorithm] = {
    "checkpoint": "ed25519",
    "credential": "ecdsa-p256-sha256",
    "receipt": "ecdsa-p256-sha256",
}
"""Signed notes know Ed25519 only, and what reads JSON Web Tokens mostly knows ES256."""
SHORTEST_MS = DAY
"""Nothing is made that would end with its authority within a day."""


@dataclass(frozen=True, slots=True)
class Maker:
    """What keys are made with: the folder of keys, and the authority that certifies them."""

    keys: Path
    authority: Authority

    def make(self, use: FileUse, now: int) -> SigningKeyRow:
        """A new key in its file, and the row that the register is to have of it.

        Raises ``Conflict`` if the issuing authority ends too soon, ``FileExistsError`` never: a
        name is a digest.
        """
        if use == "session":
            return self._session(now)
        key = generate(ALGORITHMS[use])
        id_ = id_of(key.public)
        path = named_file(self.keys, use, id_)
        pem = self.certify(use, key, now)
        key.save(path)
        write_public(path.with_suffix(".pem"), pem)
        return self.row(use, id_, now, pem)

    def certify(self, use: FileUse, key: PrivateKey, now: int) -> bytes:
        """The certificate of a key, in PEM; it ends with its authority at the latest."""
        authority = self.authority
        begin = max(now - BACKDATED_MS, authority.not_before)
        lifetime = min(now + SIGNING_YEARS * YEAR_MS, authority.not_after) - begin
        if begin + lifetime < now + SHORTEST_MS:
            raise Conflict(why="authority-ends")
        issue = {
            "checkpoint": authority.issue_checkpoint,
            "credential": authority.issue_credential,
        }.get(use, authority.issue_receipt)
        try:
            return issue(key.public, now=begin, lifetime_ms=lifetime)
        except RequestRefused as error:
            raise Conflict(why="authority-ends") from error

    def row(self, use: FileUse, id_: str, since: int, pem: bytes | None) -> SigningKeyRow:
        """An active key as the register is to have it."""
        return SigningKeyRow(
            id=id_,
            use=use,
            status="active",
            since=since,
            certificate=None if pem is None else read_certificate(pem).der,
            issuing=None if pem is None else self.authority.issuing_der,
        )

    def _session(self, now: int) -> SigningKeyRow:
        # A secret has its name only once it is made, and its file is named by it.
        part = self.keys / "session.key.part"
        part.unlink(missing_ok=True)
        id_ = SessionTokens.create(part, self.authority.hub_name).id
        part.replace(named_file(self.keys, "session", id_))
        sync_folder(self.keys)
        return self.row("session", id_, now, None)

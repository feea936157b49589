"""Step 1: a fresh signature names a connector and its department; the officer is theirs."""

import hashlib
from typing import NamedTuple

from certs.encoding import digest, rfc3339
from certs.entropy import random_bytes
from certs.keys import PublicKey
from certs.leaf import SALT_BYTES
from certs.signatures import SKEW, Message, Signed, verify_request
from hub.access.grant import AskChannel
from hub.access.standing import Credential, Standing, StandingBook
from hub.errors import CertificateRevoked, SignedBeforeRestore, UnknownCertificate
from hub.ledger.attempt import Nonce

_63_BITS = (1 << 63) - 1


class Caller(NamedTuple):
    """Who asks: a connector by its signature, or the console on the hub's own session.

    ``request`` is R, the digest that the receipt binds. ``not_before`` and ``not_after``
    (milliseconds) bound what identifies the caller.
    """

    channel: AskChannel
    department: str
    connector: str | None
    keyid: str | None
    request: str
    nonce: Nonce | None
    not_before: int
    not_after: int

    @property
    def asker(self) -> str:
        """What the identity of a question hangs on: the connector, or the department's console."""
        return self.connector or f"console:{self.department}"


def short_id(*parts: str) -> int:
    """63 bits of SHA-256 over the parts, which hold no NUL."""
    data = "\x00".join(parts).encode("utf-8")
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big") & _63_BITS


def identify(message: Message, body: bytes, standing: Standing, now: int) -> tuple[Caller, Signed]:
    """Verify a connector's request; raises errors of the signature and certificate families.

    ``UnknownCertificate`` and ``CertificateRevoked`` speak of the key id; a certificate out of its
    time is refused like a revoked one. ``SignedBeforeRestore``: which nonces were used in what a
    restore has lost is not known, so nothing that was signed by then is taken.
    """
    credentials: list[Credential] = []

    def key_of(keyid: str) -> PublicKey:
        credential = standing.credential(keyid)
        if credential is None:
            raise UnknownCertificate
        credentials.append(credential)
        return credential.public

    signed = verify_request(message, body, key_of=key_of, now=now)
    if signed.created * 1000 < standing.signed_from:
        raise SignedBeforeRestore(since=rfc3339(standing.signed_from))
    credential = credentials[0]
    require_standing(credential, now)
    caller = Caller(
        channel="connector",
        department=credential.department,
        connector=credential.connector,
        keyid=credential.keyid,
        request=signed.digest,
        nonce=Nonce.of(short_id(credential.connector, signed.nonce), signed.expires),
        not_before=max(credential.not_before, (signed.created - SKEW) * 1000),
        not_after=min(credential.not_after, (signed.expires + SKEW) * 1000),
    )
    return caller, signed


def identify_now(
    message: Message, body: bytes, book: StandingBook, now: int
) -> tuple[Caller, Signed]:
    """The same by what this process knows; whom it would turn away it looks up anew.

    What was suspended and stands again is known to a process only when it next looks: a question
    that gets past this door makes it look, under the ledger's lock, and this one would never.
    """
    standing = book.current()
    try:
        return identify(message, body, standing, now)
    except CertificateRevoked:
        newer = book.refresh()
        if newer is standing:
            raise
        return identify(message, body, newer, now)


def from_session(department: str, asked: bytes, now: int) -> Caller:
    """The console of a department: the hub's own session is all the evidence.

    R is salted, for ``asked`` is no signature: without the salt it could be guessed.
    """
    return Caller(
        channel="console",
        department=department,
        connector=None,
        keyid=None,
        request=digest(random_bytes(SALT_BYTES) + asked),
        nonce=None,
        not_before=0,
        not_after=now + 60_000,
    )


def require_standing(credential: Credential, now: int) -> None:
    """Raise ``CertificateRevoked`` unless the certificate stands at ``now`` (milliseconds)."""
    if not credential.stands or not credential.not_before <= now <= credential.not_after:
        raise CertificateRevoked


def still_stands(caller: Caller, standing: Standing, now: int) -> None:
    """Look at the caller's certificate again after the epoch has moved.

    Raises ``CertificateRevoked``.
    """
    if caller.keyid is not None:
        credential = standing.credential(caller.keyid)
        if credential is None:
            raise CertificateRevoked
        require_standing(credential, now)

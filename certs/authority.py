"""The hub's certificate authority: an offline root, an issuing authority, and their leaves.

    folder/root/root.key    the root's key; made once, then carried away and kept offline
    folder/root.pem         the root, the anchor that hub and connectors hold
    folder/issuing.key      signs leaves; all that ``Authority.load`` needs besides the two PEMs
    folder/issuing.pem

What is critical in a leaf, and why:

- *basic constraints, key usage*: always, as RFC 5280 §4.2.1.3 and §4.2.1.9 want them;
- *subject alternative name*: the subject is empty, so that the URN is the only name and no second
  one can contradict it; then it must be critical (§4.2.1.6);
- *extended key usage*: critical for receipts, checkpoints and credentials, whose keys may serve
  for nothing else, as a time-stamp key's (RFC 3161 §2.3); not for connectors, which also use theirs
  as TLS clients, where it is customary to leave it so. We check it ourselves either way.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.certificates import (
    CHECKPOINT_USAGE,
    CONNECTOR_USAGE,
    CREDENTIAL_USAGE,
    RECEIPT_USAGE,
    checkpoint_urn,
    connector_name,
    credential_urn,
    hub_of,
    is_hub_name,
    milliseconds,
    receipt_urn,
)
from certs.enrolment import check_request
from certs.errors import KeyUnusable, RequestRefused
from certs.keys import PrivateKey, PublicKey, generate

YEAR_MS = 31_557_600_000
"""A Julian year, 365.25 days."""

ROOT_LIFETIME_MS = 20 * YEAR_MS
ISSUING_LIFETIME_MS = 5 * YEAR_MS


class Authority:
    """The issuing authority of one hub.

    Raises ``KeyUnusable`` unless root, issuing certificate and key belong together.
    """

    def __init__(
        self, *, root: x509.Certificate, issuing: x509.Certificate, key: PrivateKey
    ) -> None:
        if PublicKey.of(issuing.public_key()).der != key.public.der:
            raise KeyUnusable(why="mismatch")
        try:
            issuing.verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise KeyUnusable(why="mismatch") from error
        self._issuing = issuing
        self.root_not_after = milliseconds(root.not_valid_after_utc)
        self._key = _signing_key(key)
        self.hub_name = hub_of(issuing)
        self.root_pem = root.public_bytes(Encoding.PEM)
        self.issuing_pem = issuing.public_bytes(Encoding.PEM)
        self.root_der = root.public_bytes(Encoding.DER)
        self.issuing_der = issuing.public_bytes(Encoding.DER)

    def __repr__(self) -> str:
        return f"<Authority {self.hub_name}>"

    @classmethod
    def create(cls, folder: Path, hub_name: str, now: int) -> "Authority":
        """Make root and issuing authority at ``now`` (ms) and write their files.

        Raises ``RequestRefused`` for a name that no hub may have, and ``FileExistsError`` rather
        than write over a key or certificate.
        """
        if not is_hub_name(hub_name):
            raise RequestRefused(why="hub-name")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "root").mkdir(mode=0o700)
        root_key, issuing_key = generate(), generate()
        root_key.save(folder / "root" / "root.key")
        issuing_key.save(folder / "issuing.key")
        root_name, issuing_name = _name(hub_name, "root"), _name(hub_name, "issuing authority")
        root = _authority(
            issuer=root_name,
            subject=root_name,
            public=root_key.public,
            signer=root_key,
            begin=now,
            end=now + ROOT_LIFETIME_MS,
            below=1,
        )
        issuing = _authority(
            issuer=root_name,
            subject=issuing_name,
            public=issuing_key.public,
            signer=root_key,
            begin=now,
            end=now + ISSUING_LIFETIME_MS,
            below=0,
        )
        _write_new(folder / "root.pem", root)
        _write_new(folder / "issuing.pem", issuing)
        return cls(root=root, issuing=issuing, key=issuing_key)

    @classmethod
    def load(cls, folder: Path) -> "Authority":
        """Read the issuing authority; the root's key is not needed.

        Raises ``InsecureKeyFile`` if others may read the key, and ``KeyUnusable`` if a file cannot
        be read as what it should be or the key is not the certificate's.
        """
        key = PrivateKey.load(folder / "issuing.key")
        try:
            root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
            issuing = x509.load_pem_x509_certificate((folder / "issuing.pem").read_bytes())
        except ValueError as error:
            raise KeyUnusable(why="unreadable") from error
        return cls(root=root, issuing=issuing, key=key)

    def issue_connector(self, csr_pem: bytes, *, urn: str, now: int, lifetime_ms: int) -> bytes:
        """A connector's certificate in PEM, for the key of a request in the name of ``urn``.

        Raises ``RequestRefused``: as ``check_request`` does; ``urn`` if the request asks for
        another name or the name is of another hub; ``lifetime`` as ``issue_receipt`` says.
        """
        facts = check_request(csr_pem)
        if facts.urn != urn or connector_name(urn).hub != self.hub_name:
            raise RequestRefused(why="urn")
        usage = x509.ExtendedKeyUsage([CONNECTOR_USAGE, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = self._leaf(facts.public, urn, now, lifetime_ms)
        return self._sign(builder.add_extension(usage, critical=False))

    def issue_receipt(self, public: PublicKey, *, now: int, lifetime_ms: int) -> bytes:
        """A certificate in PEM for the key that signs receipts, which is P-256 (ES256).

        Raises ``RequestRefused`` with ``why``: ``key`` for another kind; ``lifetime`` if it is not
        positive or would outlast the issuing authority.
        """
        if public.algorithm != "ecdsa-p256-sha256":
            raise RequestRefused(why="key")
        usage = x509.ExtendedKeyUsage([RECEIPT_USAGE])
        builder = self._leaf(public, receipt_urn(self.hub_name), now, lifetime_ms)
        return self._sign(builder.add_extension(usage, critical=True))

    def issue_checkpoint(self, public: PublicKey, *, now: int, lifetime_ms: int) -> bytes:
        """A certificate in PEM for the key that signs checkpoints, which is Ed25519.

        Raises ``RequestRefused`` as ``issue_receipt`` does.
        """
        if public.algorithm != "ed25519":
            raise RequestRefused(why="key")
        usage = x509.ExtendedKeyUsage([CHECKPOINT_USAGE])
        builder = self._leaf(public, checkpoint_urn(self.hub_name), now, lifetime_ms)
        return self._sign(builder.add_extension(usage, critical=True))

    def issue_credential(self, public: PublicKey, *, now: int, lifetime_ms: int) -> bytes:
        """A certificate in PEM for the key that signs credentials, which is P-256 (ES256).

        Raises ``RequestRefused`` as ``issue_receipt`` does.
        """
        if public.algorithm != "ecdsa-p256-sha256":
            raise RequestRefused(why="key")
        usage = x509.ExtendedKeyUsage([CREDENTIAL_USAGE])
        builder = self._leaf(public, credential_urn(self.hub_name), now, lifetime_ms)
        return self._sign(builder.add_extension(usage, critical=True))

    @property
    def not_before(self) -> int:
        """Since when the issuing authority holds, in milliseconds."""
        return milliseconds(self._issuing.not_valid_before_utc)

    @property
    def not_after(self) -> int:
        """Until when the issuing authority holds, in milliseconds."""
        return milliseconds(self._issuing.not_valid_after_utc)

    def _leaf(
        self, public: PublicKey, urn: str, now: int, lifetime_ms: int
    ) -> x509.CertificateBuilder:
        if not self.not_before <= now < now + lifetime_ms <= self.not_after:
            raise RequestRefused(why="lifetime")
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(urn)])
        return (
            _certificate(
                issuer=self._issuing.subject,
                subject=x509.Name([]),
                public=public,
                signer=PublicKey.of(self._issuing.public_key()),
                begin=now,
                end=now + lifetime_ms,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(names, critical=True)
        )

    def _sign(self, builder: x509.CertificateBuilder) -> bytes:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _authority(
    *,
    issuer: x509.Name,
    subject: x509.Name,
    public: PublicKey,
    signer: PrivateKey,
    begin: int,
    end: int,
    below: int,
) -> x509.Certificate:
    """An authority's certificate that allows ``below`` authorities beneath it."""
    builder = _certificate(
        issuer=issuer, subject=subject, public=public, signer=signer.public, begin=begin, end=end
    )
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .sign(_signing_key(signer), hashes.SHA256())
    )


def _certificate(
    *,
    issuer: x509.Name,
    subject: x509.Name,
    public: PublicKey,
    signer: PublicKey,
    begin: int,
    end: int,
) -> x509.CertificateBuilder:
    # Both times are cut to whole seconds, so a certificate holds from the moment it is issued.
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public.native)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(begin // 1000, UTC))
        .not_valid_after(datetime.fromtimestamp(end // 1000, UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public.native), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.native), critical=False
        )
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    """Signing certificates and revocation lists for an authority, signing data for a leaf."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(hub_name: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, hub_name),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Yifen {role}"),
        ]
    )


def _signing_key(key: PrivateKey) -> EllipticCurvePrivateKey:
    if not isinstance(key.native, EllipticCurvePrivateKey):
        raise KeyUnusable(why="kind")
    return key.native


def _write_new(path: Path, certificate: x509.Certificate) -> None:
    with path.open("xb") as file:
        file.write(certificate.public_bytes(Encoding.PEM))
        file.flush()
        os.fsync(file.fileno())

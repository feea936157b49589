"""Certificates: what one says, and whether it leads to our root.

The profile is narrow, and checked here in full, because ``cryptography``'s path validation accepts
a leaf without an extended key usage and refuses certificate authorities that it need not refuse:
X.509 v3, three certificates (root, issuing authority, leaf), both authorities on P-256 signing
with SHA-256, the leaf on P-256 or Ed25519, named by exactly one URI.

Revocation is not looked at here: it is a fact of the ledger, and the caller's to check.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from certs.encoding import digest, rfc3339
from certs.errors import CertificateExpired, KeyUnusable, UntrustedCertificate, WrongUsage
from certs.keys import PublicKey

Usage = Literal["checkpoint", "connector", "credential", "receipt"]

# Our own extended key usages stand under 2.25, the arc of UUIDs, which needs no registration
# (ITU-T X.667). They are part of the format: never to be changed.
CONNECTOR_USAGE = x509.ObjectIdentifier("2.25.40120568631223525522045978170969827491")
RECEIPT_USAGE = x509.ObjectIdentifier("2.25.56005305979581881145002630015398531936")
CHECKPOINT_USAGE = x509.ObjectIdentifier("2.25.299012951887247390653087403130199921728")

CREDENTIAL_USAGE = x509.ObjectIdentifier("2.25.243274557505707940478534799279780577731")

# A certificate of ours has some 700 bytes; what is much larger is somebody's attempt.
MAX_CERTIFICATE_BYTES = 16 * 1024

_LABEL = r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?"
_HUB = re.compile(rf"{_LABEL}\Z", re.ASCII)
_CONNECTOR_URN = re.compile(rf"urn:yifen:connector:({_LABEL}):({_LABEL}):({_LABEL})\Z", re.ASCII)
_RECEIPT_URN = re.compile(rf"urn:yifen:receipt:({_LABEL})\Z", re.ASCII)
_CHECKPOINT_URN = re.compile(rf"urn:yifen:hub:({_LABEL}):checkpoint\Z", re.ASCII)
_CREDENTIAL_URN = re.compile(rf"urn:yifen:hub:({_LABEL}):credential\Z", re.ASCII)
_URNS: Mapping[Usage, re.Pattern[str]] = {
    "checkpoint": _CHECKPOINT_URN,
    "connector": _CONNECTOR_URN,
    "credential": _CREDENTIAL_URN,
    "receipt": _RECEIPT_URN,
}
_USAGES: Mapping[x509.ObjectIdentifier, Usage] = {
    CHECKPOINT_USAGE: "checkpoint",
    CONNECTOR_USAGE: "connector",
    CREDENTIAL_USAGE: "credential",
    RECEIPT_USAGE: "receipt",
}
_UNDERSTOOD = {
    x509.BasicConstraints.oid,
    x509.KeyUsage.oid,
    x509.ExtendedKeyUsage.oid,
    x509.SubjectAlternativeName.oid,
    x509.SubjectKeyIdentifier.oid,
    x509.AuthorityKeyIdentifier.oid,
}
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


class ConnectorName(NamedTuple):
    """The parts of a connector's URN."""

    hub: str
    department: str
    name: str


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a leaf says. ``keyid`` is the base64url SHA-256 of ``der``; times are milliseconds.

    ``keyid`` finds a certificate that is enrolled, and shows nothing about one that is not: anyone
    can rewrite an ECDSA signature (r, s) as (r, n - s), which gives the same certificate another
    id. Whoever revokes goes by ``serial`` or accepts enrolled ids only.
    """

    keyid: str
    serial: str
    urn: str
    not_before: int
    not_after: int
    public: PublicKey
    usage: Usage
    der: bytes


class Chain(NamedTuple):
    """A leaf that leads to a root; it holds while each of ``spans`` (first, last; ms) holds."""

    facts: CertificateFacts
    spans: tuple[tuple[int, int], ...]

    def at(self, now: int) -> CertificateFacts:
        """The leaf's facts, if all three hold at ``now`` (RFC 5280 §6.1.3 (a)(2)).

        Raises ``CertificateExpired``.
        """
        for begin, end in self.spans:
            if not begin <= now <= end:
                raise CertificateExpired(valid_from=rfc3339(begin), valid_until=rfc3339(end))
        return self.facts


def is_hub_name(text: str) -> bool:
    """Whether a hub may be called so: lower-case letters, digits, ``.``, ``_``, ``-``, up to 63."""
    return _HUB.match(text) is not None


def connector_name(urn: str) -> ConnectorName:
    """The parts of ``urn:yifen:connector:<hub>:<department>:<name>``; ``UntrustedCertificate``."""
    match = _CONNECTOR_URN.match(urn)
    if match is None:
        raise UntrustedCertificate(why="urn")
    return ConnectorName(*match.groups())


def receipt_urn(hub_name: str) -> str:
    """The URN that a hub's receipt certificates carry."""
    return f"urn:yifen:receipt:{hub_name}"


def credential_urn(hub_name: str) -> str:
    """The name of the hub as signer of credentials and status lists."""
    return f"urn:yifen:hub:{hub_name}:credential"


def checkpoint_urn(hub_name: str) -> str:
    """The URN that a hub's checkpoint certificates carry."""
    return f"urn:yifen:hub:{hub_name}:checkpoint"


def read_certificate(pem_or_der: bytes) -> CertificateFacts:
    """What a leaf says, believed or not: nothing here shows that anybody of ours signed it.

    Raises ``UntrustedCertificate`` if it cannot be read or is outside the profile, and
    ``WrongUsage`` if it is no leaf for exactly one of our uses.
    """
    return _facts(_load(pem_or_der))


def verify_certificate(
    leaf_pem: bytes, issuing_pem: bytes, root_pem: bytes, *, now: int, usage: Usage
) -> CertificateFacts:
    """The facts of a leaf that leads to ``root_pem`` and holds for ``usage`` at ``now`` (ms).

    ``root_pem`` is the caller's anchor and must come from its own settings. Raises
    ``UntrustedCertificate``, ``WrongUsage`` or ``CertificateExpired``. Left to the caller:
    revocation, and which connector may use which certificate.
    """
    return read_chain(leaf_pem, issuing_pem, root_pem, usage=usage).at(now)


def read_chain(leaf_pem: bytes, issuing_pem: bytes, root_pem: bytes, *, usage: Usage) -> Chain:
    """As ``verify_certificate``, for whoever asks about one chain at many times.

    The same bytes give the same chain, so it may be kept; ``Chain.at`` is still to be asked.
    """
    # 1. Read all three, refusing what lies outside the profile.
    leaf, issuing, root = _load(leaf_pem), _load(issuing_pem), _load(root_pem)

    # 2. The authorities: each is one, and the root allows one below itself.
    _check_authority(root, below=1)
    _check_authority(issuing, below=0)

    # 3. Names and signatures, from the root down.
    _check_issued(root, by=root)
    _check_issued(issuing, by=root)
    _check_issued(leaf, by=issuing)

    # 4. The leaf is a leaf, for this usage, and named for the hub whose authority issued it.
    facts = _facts(leaf)
    if facts.usage != usage:
        raise WrongUsage
    if _hub_of_urn(facts) != hub_of(issuing):
        raise UntrustedCertificate(why="hub")

    # 5. When they hold is to be asked of the chain.
    return Chain(facts, tuple(_span(certificate) for certificate in (leaf, issuing, root)))


def hub_of(authority: x509.Certificate) -> str:
    """The name of the hub that an authority issues for, its organisation."""
    names = authority.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    if len(names) != 1:
        raise UntrustedCertificate(why="hub")
    return str(names[0].value)


def milliseconds(moment: datetime) -> int:
    """A certificate's time, which has whole seconds, as milliseconds since 1970 UTC."""
    return int(moment.timestamp()) * 1000


def _load(data: bytes) -> x509.Certificate:
    if len(data) > MAX_CERTIFICATE_BYTES:
        raise UntrustedCertificate(why="too-long")
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            (certificate,) = x509.load_pem_x509_certificates(data)
        else:
            certificate = x509.load_der_x509_certificate(data)
        extensions = list(certificate.extensions)
        PublicKey.of(certificate.public_key())
        version = certificate.version
    except (
        ValueError,
        TypeError,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        x509.InvalidVersion,
        UnsupportedAlgorithm,
    ) as error:
        raise UntrustedCertificate(why="unreadable") from error
    except KeyUnusable as error:
        raise UntrustedCertificate(why="key") from error
    if version is not x509.Version.v3:
        raise UntrustedCertificate(why="version")
    # The signature must end on a whole byte; the parser lets the count of unused bits be changed,
    # which would give one certificate several spellings and so several ids.
    if not certificate.public_bytes(Encoding.DER).endswith(b"\x00" + certificate.signature):
        raise UntrustedCertificate(why="unreadable")
    # Whoever does not understand a critical extension must refuse it (RFC 5280 §4.2).
    if any(extension.critical and extension.oid not in _UNDERSTOOD for extension in extensions):
        raise UntrustedCertificate(why="critical-extension")
    return certificate


def _check_authority(certificate: x509.Certificate, *, below: int) -> None:
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise UntrustedCertificate(why="authority")
    if constraints.path_length is not None and constraints.path_length < below:
        raise UntrustedCertificate(why="path-length")
    key_usage = _extension(certificate, x509.KeyUsage)
    if key_usage is None or not key_usage.key_cert_sign:
        raise UntrustedCertificate(why="authority")


def _check_issued(certificate: x509.Certificate, *, by: x509.Certificate) -> None:
    # Of the keys that are ever read, only one on P-256 can have made such a signature.
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise UntrustedCertificate(why="algorithm")
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise UntrustedCertificate(why="signature") from error


def _span(certificate: x509.Certificate) -> tuple[int, int]:
    return (
        milliseconds(certificate.not_valid_before_utc),
        milliseconds(certificate.not_valid_after_utc),
    )


def _facts(certificate: x509.Certificate) -> CertificateFacts:
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise WrongUsage
    key_usage = _extension(certificate, x509.KeyUsage)
    if (
        key_usage is None
        or not key_usage.digital_signature
        or key_usage.key_cert_sign
        or key_usage.crl_sign
    ):
        raise WrongUsage
    usage = _usage(certificate)
    public = PublicKey.of(certificate.public_key())
    # Checkpoints are signed notes, which know Ed25519 only.
    if usage == "checkpoint" and public.algorithm != "ed25519":
        raise WrongUsage
    der = certificate.public_bytes(Encoding.DER)
    return CertificateFacts(
        keyid=digest(der),
        serial=f"{certificate.serial_number:x}",
        urn=_urn(certificate, usage),
        not_before=milliseconds(certificate.not_valid_before_utc),
        not_after=milliseconds(certificate.not_valid_after_utc),
        public=public,
        usage=usage,
        der=der,
    )


def _usage(certificate: x509.Certificate) -> Usage:
    """The one use of ours in the extended key usage; «any» and a missing one are none."""
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    uses = [_USAGES[use] for use in extended or () if use in _USAGES]
    if len(uses) != 1:
        raise WrongUsage
    return uses[0]


def _urn(certificate: x509.Certificate, usage: Usage) -> str:
    names = list(_extension(certificate, x509.SubjectAlternativeName) or ())
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise UntrustedCertificate(why="urn")
    urn = names[0].value
    if _URNS[usage].match(urn) is None:
        raise UntrustedCertificate(why="urn")
    return urn


def _hub_of_urn(facts: CertificateFacts) -> str:
    return facts.urn.split(":")[3]


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None

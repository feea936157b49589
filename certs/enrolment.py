"""Certificate signing requests: a connector asks for a certificate and shows that it has the key.

The request (PKCS #10, RFC 2986) carries the connector's URN as its one subject alternative name.
Nothing else in it is taken over: usages, times and extensions are the authority's to set.
"""

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from certs.certificates import connector_name
from certs.errors import KeyUnusable, RequestRefused, UntrustedCertificate
from certs.keys import PrivateKey, PublicKey

# A request of ours has some 400 bytes.
MAX_REQUEST_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a request asks for: a certificate for ``public`` in the name of ``urn``."""

    public: PublicKey
    urn: str


def make_request(key: PrivateKey, urn: str) -> bytes:
    """A signing request in PEM; raises ``RequestRefused`` if ``urn`` names no connector."""
    _check_urn(urn)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(urn)])
    # The subject is empty, so the alternative name is critical (RFC 5280 §4.2.1.6).
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(names, critical=True)
    )
    # Ed25519 hashes inside (RFC 8410 §3).
    algorithm = None if isinstance(key.native, Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key.native, algorithm).public_bytes(Encoding.PEM)


def check_request(csr_pem: bytes) -> RequestFacts:
    """What a request asks for, after proof that whoever made it holds the private key.

    Raises ``RequestRefused`` with ``why``: ``unreadable``, ``key`` (not P-256 or Ed25519),
    ``proof`` (the signature does not hold) or ``urn``. Whether this connector is awaited, and may
    have that name, is the caller's to decide.
    """
    if len(csr_pem) > MAX_REQUEST_BYTES:
        raise RequestRefused(why="unreadable")
    try:
        request = x509.load_pem_x509_csr(csr_pem)
        public = PublicKey.of(request.public_key())
        if not request.is_signature_valid:
            raise RequestRefused(why="proof")
        extensions = request.extensions
    except (KeyUnusable, UnsupportedAlgorithm) as error:
        raise RequestRefused(why="key") from error
    except (
        ValueError,
        TypeError,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        x509.InvalidVersion,
    ) as error:
        raise RequestRefused(why="unreadable") from error
    return RequestFacts(public=public, urn=_urn(extensions))


def _urn(extensions: x509.Extensions) -> str:
    try:
        names = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound as error:
        raise RequestRefused(why="urn") from error
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise RequestRefused(why="urn")
    urn = names[0].value
    _check_urn(urn)
    return urn


def _check_urn(urn: str) -> None:
    try:
        connector_name(urn)
    except UntrustedCertificate as error:
        raise RequestRefused(why="urn") from error

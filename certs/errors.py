"""The root of the one tree of errors, and the errors of trust.

    YifenError
    ├── Malformed                 something from outside has the wrong form
    │   ├── MalformedJson
    │   ├── MalformedEncoding
    │   └── MalformedHeader
    ├── SignatureError            a request's signature does not hold
    │   ├── SignatureMissing
    │   ├── SignatureInvalid
    │   ├── ComponentMissing
    │   ├── DigestMismatch
    │   ├── SignatureExpired
    │   ├── SignatureFromFuture
    │   ├── LifetimeTooLong
    │   └── AlgorithmMismatch
    ├── CertificateError          a certificate does not hold
    │   ├── UntrustedCertificate
    │   ├── CertificateExpired
    │   ├── WrongUsage
    │   └── RequestRefused        a certificate signing request
    ├── EvidenceError             something that should prove does not
    │   ├── ProofInvalid
    │   ├── CheckpointInvalid
    │   ├── ReceiptInvalid
    │   ├── LeafMismatch
    │   ├── CredentialInvalid
    │   └── StatusListInvalid
    └── SecretError               a key or a sealed thing
        ├── InsecureKeyFile
        ├── KeyUnusable
        ├── SealBroken
        └── SealLimit

Errors know no HTTP. ``code`` is stable; its texts stand in ``catalog/messages/problems.toml``.
"""

from typing import ClassVar


class YifenError(Exception):
    """Every error of ours. ``facts`` fill the text; they never hold personal data or secrets."""

    code: ClassVar[str] = "internal"

    def __init__(self, **facts: str | int) -> None:
        self.facts = facts
        super().__init__(f"{self.code} {facts}" if facts else self.code)


class Malformed(YifenError):
    """Something from outside has the wrong form."""

    code = "malformed"


class MalformedJson(Malformed):
    """Not the strict JSON that we take; fact ``why`` is a slug."""

    code = "json-malformed"


class MalformedEncoding(Malformed):
    """A base64url value or a time has the wrong form."""

    code = "encoding-malformed"


class MalformedHeader(Malformed):
    """A structured header field cannot be read; fact ``header``."""

    code = "header-malformed"


class SignatureError(YifenError):
    """A request's signature does not hold."""

    code = "signature-error"


class SignatureMissing(SignatureError):
    """The request carries no signature of ours."""

    code = "signature-missing"


class SignatureInvalid(SignatureError):
    """The signature does not verify under the key."""

    code = "signature-invalid"


class ComponentMissing(SignatureError):
    """A component or parameter that must be covered is not; fact ``component``."""

    code = "component-missing"


class DigestMismatch(SignatureError):
    """The body is not the one that was signed."""

    code = "digest-mismatch"


class SignatureExpired(SignatureError):
    """The signature's time has passed; fact ``hub_time``."""

    code = "signature-expired"


class SignatureFromFuture(SignatureError):
    """The signature was made later than the hub's clock allows; fact ``hub_time``."""

    code = "signature-from-future"


class LifetimeTooLong(SignatureError):
    """The signature would live longer than allowed, or ends before it begins; fact ``limit``."""

    code = "signature-lifetime"


class AlgorithmMismatch(SignatureError):
    """The named algorithm is not the one of the enrolled key."""

    code = "algorithm-mismatch"


class CertificateError(YifenError):
    """A certificate does not hold."""

    code = "certificate-error"


class UntrustedCertificate(CertificateError):
    """The certificate does not lead to our root."""

    code = "certificate-untrusted"


class CertificateExpired(CertificateError):
    """The certificate is not valid at this time."""

    code = "certificate-expired"


class WrongUsage(CertificateError):
    """The certificate was issued for something else."""

    code = "certificate-wrong-usage"


class RequestRefused(CertificateError):
    """A certificate signing request that we do not take; fact ``why`` is a slug."""

    code = "certificate-request-refused"


class EvidenceError(YifenError):
    """Something that should prove does not."""

    code = "evidence-error"


class ProofInvalid(EvidenceError):
    """A Merkle proof does not lead to the root."""

    code = "proof-invalid"


class CheckpointInvalid(EvidenceError):
    """A checkpoint is malformed or not signed by a key that we trust; fact ``why`` is a slug."""

    code = "checkpoint-invalid"


class ReceiptInvalid(EvidenceError):
    """A receipt does not hold; fact ``why`` is a slug."""

    code = "receipt-invalid"


class LeafMismatch(EvidenceError):
    """A leaf does not say what was asked and answered; fact ``why`` names the part."""

    code = "leaf-mismatch"


class CredentialInvalid(EvidenceError):
    """A credential, or what is to become one, does not hold; fact ``why`` is a slug."""

    code = "credential-invalid"


class StatusListInvalid(EvidenceError):
    """A status list tells nothing about a credential; fact ``why`` is a slug."""

    code = "status-list-invalid"


class SecretError(YifenError):
    """A key or a sealed thing cannot be used."""

    code = "secret-error"


class InsecureKeyFile(SecretError):
    """A key file can be read by others; fact ``path``."""

    code = "key-file-insecure"


class KeyUnusable(SecretError):
    """A key cannot be read or is of a kind that we do not take; fact ``why`` is a slug."""

    code = "key-unusable"


class SealBroken(SecretError):
    """A sealed value does not open: wrong key, wrong place or changed bytes."""

    code = "seal-broken"


class SealLimit(SecretError):
    """A sealing key has made as many seals as it may (2^31)."""

    code = "seal-limit"

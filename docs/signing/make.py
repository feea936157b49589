# ruff: noqa: INP001 a script beside what it makes
"""The worked example of ``docs/signing.md``: run ``python docs/signing/make.py`` to write it again.

Keys and certificates are made once and kept; everything else follows from them byte for byte,
because Ed25519 signs deterministically and ECDSA does so under RFC 6979. The keys are public: they
serve for this example and for nothing else.
"""

import hashlib
import sys
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certs.authority import Authority
from certs.enrolment import make_request
from certs.keys import Algorithm, generate

URN = "urn:yifen:connector:hub.example:nrb:docs"
CREATED = 1_767_323_045
"""2026-01-02T03:04:05Z."""
EXPIRES = CREATED + 60
NONCES = {"p256": bytes(range(16)), "ed25519": bytes(range(16, 32))}
TARGET = "https://hub.example/v1/datasets/resident/lookup"
BODY = (
    b'{"case":"2026-0001","items":["name","birth_date"],"officer":"nrb.window",'
    b'"purpose":"real_estate_registration","request_id":"ICEiIyQlJicoKSorLC0uLw",'
    b'"subject":{"id":"530402189001010017","type":"resident_id"}}'
)
ALGORITHMS: dict[str, Algorithm] = {"p256": "ecdsa-p256-sha256", "ed25519": "ed25519"}


class Example(NamedTuple):
    """One signed request."""

    base: bytes
    request: str
    """What goes over the wire, with line ends as LF."""
    bound: str
    """R of the protocol: what the receipt will name."""


def b64u(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def example(folder: Path, name: str) -> Example:
    """The example signed with one of the test keys, from nothing but hashes and that key."""
    # 1 The digest of the body
    digest = f"sha-256=:{b64encode(hashlib.sha256(BODY).digest()).decode()}:"
    # 2 The key's name: the digest of its certificate in DER
    pem = (folder / f"TEST-CERTIFICATE-{name}.pem").read_bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    keyid = b64u(hashlib.sha256(der).digest())
    # 3 The parameters, exactly as they will stand in Signature-Input
    parameters = (
        '("@method" "@target-uri" "content-digest" "content-type")'
        f";created={CREATED};expires={EXPIRES}"
        f';nonce="{b64u(NONCES[name])}";keyid="{keyid}";tag="yifen"'
    )
    # 4 The signature base: five lines, parted by LF, with none at the end
    base = "\n".join(
        (
            '"@method": POST',
            f'"@target-uri": {TARGET}',
            f'"content-digest": {digest}',
            '"content-type": application/json',
            f'"@signature-params": {parameters}',
        )
    ).encode("ascii")
    # 5 The signature, 64 bytes
    signature = sign((folder / f"TEST-KEY-{name}.pem").read_bytes(), base)
    request = "\n".join(
        (
            "POST /v1/datasets/resident/lookup HTTP/1.1",
            "Host: hub.example",
            "Content-Type: application/json",
            f"Content-Digest: {digest}",
            f"Signature-Input: yifen={parameters}",
            f"Signature: yifen=:{b64encode(signature).decode()}:",
            f"Content-Length: {len(BODY)}",
            "",
            BODY.decode("utf-8"),
        )
    )
    # 6 R, with which the receipt answers
    parts = (len(base).to_bytes(8, "big"), base, len(signature).to_bytes(8, "big"), signature)
    return Example(base, request, b64u(hashlib.sha256(b"".join(parts)).digest()))


def sign(pem: bytes, base: bytes) -> bytes:
    """64 bytes: the Ed25519 signature, or r ‖ s of ECDSA over SHA-256, k as RFC 6979 says."""
    key = serialization.load_pem_private_key(pem, None)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(base)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError
    encoded = key.sign(base, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(encoded)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def make_keys(folder: Path) -> None:
    """Make test keys with certificates of an authority that is thrown away."""
    with TemporaryDirectory() as place:
        authority = Authority.create(Path(place), "hub.example", (CREATED - 86_400) * 1000)
        for name, algorithm in ALGORITHMS.items():
            key = generate(algorithm)
            key.save(folder / f"TEST-KEY-{name}.pem")
            pem = authority.issue_connector(
                make_request(key, URN),
                urn=URN,
                now=(CREATED - 86_400) * 1000,
                lifetime_ms=365 * 86_400_000,
            )
            (folder / f"TEST-CERTIFICATE-{name}.pem").write_bytes(pem)


def write(folder: Path) -> None:
    """Write bodies, bases and requests; keys only where there are none."""
    if not (folder / "TEST-KEY-p256.pem").exists():
        make_keys(folder)
    (folder / "body.json").write_bytes(BODY)
    for name in ALGORITHMS:
        made = example(folder, name)
        (folder / f"{name}.base.txt").write_bytes(made.base)
        (folder / f"{name}.http").write_text(made.request, encoding="utf-8")
        (folder / f"{name}.R.txt").write_text(made.bound, encoding="ascii")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)

"""Keys under which anybody can sign, and keys of kinds that nobody knows."""

from base64 import b64encode, encodebytes
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from certs.encoding import sha256
from certs.enrolment import check_request, make_request
from certs.errors import CheckpointInvalid, KeyUnusable, RequestRefused
from certs.keys import PrivateKey, PublicKey, generate, write_secret
from certs.note import parse_vkey

P = 2**255 - 19
IDENTITY = (1).to_bytes(32, "little")
P256_OID = bytes.fromhex("06082a8648ce3d030107")
UNKNOWN_OID = bytes.fromhex("06082a8648ce3d030177")


def doubled_y(y: int) -> int:
    """The y of twice a point of -x² + y² = 1 + d·x²·y² (RFC 8032 §5.1), from its y alone."""
    d = -121665 * pow(121666, -1, P) % P
    x_squared = (y * y - 1) * pow(d * y * y + 1, -1, P) % P
    product = d * x_squared * y * y % P
    return (y * y + x_squared) * pow(1 - product, -1, P) % P


def small_orders() -> list[bytes]:
    order_8 = int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    )
    values = [0, 1, P - 1, P, P + 1, order_8, P - order_8]
    return [(y | sign << 255).to_bytes(32, "little") for y in values for sign in (0, 1)]


@pytest.mark.parametrize("raw", small_orders(), ids=bytes.hex)
def test_an_ed25519_key_of_small_order_is_refused(raw: bytes) -> None:
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    for _ in range(3):
        y = doubled_y(y % P)
    assert y == 1, "three doublings lead to the neutral point"
    with pytest.raises(KeyUnusable):
        PublicKey.of(Ed25519PublicKey.from_public_bytes(raw))


def test_why_it_matters_one_signature_holds_for_every_message() -> None:
    native = Ed25519PublicKey.from_public_bytes(IDENTITY)
    for message in (b"asked", b"never asked"):
        native.verify(IDENTITY + bytes(32), message)


def test_a_request_with_a_key_of_small_order_proves_nothing() -> None:
    key = generate("ed25519")
    der = x509.load_pem_x509_csr(
        make_request(key, "urn:yifen:connector:demo.yifen:psb:counter-1")
    ).public_bytes(Encoding.DER)
    forged = der.replace(key.public.der[-32:], IDENTITY)[:-64] + IDENTITY + bytes(32)
    request = x509.load_der_x509_csr(forged)
    assert request.is_signature_valid
    with pytest.raises(RequestRefused) as caught:
        check_request(request.public_bytes(Encoding.PEM))
    assert caught.value.facts == {"why": "key"}


def test_a_verifier_key_of_small_order_is_refused() -> None:
    data = b"\x01" + IDENTITY
    identifier = sha256(b"log.example\n" + data)[:4].hex()
    with pytest.raises(CheckpointInvalid):
        parse_vkey(f"log.example+{identifier}+{b64encode(data).decode()}")


def test_a_public_key_on_an_unknown_curve_is_unusable() -> None:
    der = generate().public.der.replace(P256_OID, UNKNOWN_OID)
    with pytest.raises(KeyUnusable):
        PublicKey.from_der(der)


def test_a_private_key_on_an_unknown_curve_is_unusable(tmp_path: Path) -> None:
    der = generate().native.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    body = encodebytes(der.replace(P256_OID, UNKNOWN_OID))
    path = tmp_path / "key"
    write_secret(path, b"-----BEGIN PRIVATE KEY-----\n" + body + b"-----END PRIVATE KEY-----\n")
    with pytest.raises(KeyUnusable):
        PrivateKey.load(path)

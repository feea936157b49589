"""Real certificates in the wrong place, changed, or not certificates at all."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from certs.authority import Authority
from certs.certificates import (
    MAX_CERTIFICATE_BYTES,
    read_certificate,
    verify_certificate,
)
from certs.enrolment import make_request
from certs.errors import (
    UntrustedCertificate,
    WrongUsage,
)
from certs.keys import PrivateKey, generate

DAY = 86_400_000
URN = "urn:yifen:connector:demo.yifen:psb:counter-1"


def connector(authority: Authority, now: int, key: PrivateKey | None = None) -> bytes:
    csr = make_request(key or generate(), URN)
    return authority.issue_connector(csr, urn=URN, now=now, lifetime_ms=365 * DAY)


def test_a_leaf_of_another_authority_with_the_same_names(
    authority: Authority, tmp_path: Path, now: int
) -> None:
    impostor = Authority.create(tmp_path / "impostor", "demo.yifen", now)
    leaf = connector(impostor, now)
    for issuing, root in (
        (authority.issuing_pem, authority.root_pem),
        (impostor.issuing_pem, authority.root_pem),
        (authority.issuing_pem, impostor.root_pem),
    ):
        with pytest.raises(UntrustedCertificate):
            verify_certificate(leaf, issuing, root, now=now, usage="connector")


def test_an_issuing_authority_used_as_a_leaf(authority: Authority, now: int) -> None:
    with pytest.raises((UntrustedCertificate, WrongUsage)):
        verify_certificate(
            authority.issuing_pem,
            authority.root_pem,
            authority.root_pem,
            now=now,
            usage="connector",
        )
    with pytest.raises(WrongUsage):
        read_certificate(authority.issuing_pem)


def test_a_leaf_for_the_other_use(authority: Authority, now: int) -> None:
    receipt = authority.issue_receipt(generate().public, now=now, lifetime_ms=DAY)
    with pytest.raises(WrongUsage):
        verify_certificate(
            receipt, authority.issuing_pem, authority.root_pem, now=now, usage="connector"
        )
    with pytest.raises(WrongUsage):
        verify_certificate(
            connector(authority, now),
            authority.issuing_pem,
            authority.root_pem,
            now=now,
            usage="receipt",
        )


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
def test_a_certificate_with_one_bit_changed(authority: Authority, now: int) -> None:
    der = read_certificate(connector(authority, now)).der
    for place in range(len(der)):
        for bit in (0, place % 8):
            changed = der[:place] + bytes([der[place] ^ (1 << bit)]) + der[place + 1 :]
            with pytest.raises((UntrustedCertificate, WrongUsage)):
                verify_certificate(
                    changed, authority.issuing_pem, authority.root_pem, now=now, usage="connector"
                )


def test_a_rewritten_signature_changes_the_id_and_not_the_serial(
    authority: Authority, now: int
) -> None:
    # ECDSA lets anybody do this; it is why ids are looked up among enrolled certificates.
    first = read_certificate(connector(authority, now))
    certificate = x509.load_der_x509_certificate(first.der)
    r, s = decode_dss_signature(certificate.signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signature = encode_dss_signature(r, order - s)
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    bits = b"\x03" + bytes([len(signature) + 1]) + b"\x00" + signature
    content = certificate.tbs_certificate_bytes + algorithm + bits
    der = b"\x30\x82" + len(content).to_bytes(2, "big") + content
    second = verify_certificate(
        der, authority.issuing_pem, authority.root_pem, now=now, usage="connector"
    )
    assert second.keyid != first.keyid
    assert second.serial == first.serial


def test_what_is_no_certificate(authority: Authority, now: int) -> None:
    pem = connector(authority, now)
    csr = make_request(generate(), URN)
    for data in (b"", b"\xff", pem[:200], pem + pem, csr, pem + b"\n" * MAX_CERTIFICATE_BYTES):
        with pytest.raises(UntrustedCertificate):
            read_certificate(data)

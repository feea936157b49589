"""The certificate of a checkpoint key: Ed25519, its own use, its own name, under the same root."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import YEAR_MS, Authority
from certs.certificates import (
    CHECKPOINT_USAGE,
    RECEIPT_USAGE,
    checkpoint_urn,
    read_certificate,
    verify_certificate,
)
from certs.errors import RequestRefused, UntrustedCertificate, WrongUsage
from certs.keys import PublicKey, generate

DAY = 86_400_000


def issued(authority: Authority, now: int) -> bytes:
    key = generate("ed25519")
    return authority.issue_checkpoint(key.public, now=now, lifetime_ms=DAY)


def test_it_leads_to_the_root_for_checkpoints_of_its_hub(authority: Authority, now: int) -> None:
    pem = issued(authority, now)
    facts = verify_certificate(
        pem, authority.issuing_pem, authority.root_pem, now=now, usage="checkpoint"
    )
    assert facts.urn == checkpoint_urn("demo.yifen") == "urn:yifen:hub:demo.yifen:checkpoint"
    assert facts.public.algorithm == "ed25519"
    for usage in ("receipt", "connector"):
        with pytest.raises(WrongUsage):
            verify_certificate(pem, authority.issuing_pem, authority.root_pem, now=now, usage=usage)


def test_a_receipt_certificate_is_none_for_checkpoints(authority: Authority, now: int) -> None:
    pem = authority.issue_receipt(generate().public, now=now, lifetime_ms=DAY)
    with pytest.raises(WrongUsage):
        verify_certificate(
            pem, authority.issuing_pem, authority.root_pem, now=now, usage="checkpoint"
        )


def test_a_checkpoint_key_is_ed25519(authority: Authority, now: int) -> None:
    with pytest.raises(RequestRefused):
        authority.issue_checkpoint(generate().public, now=now, lifetime_ms=DAY)


def test_it_does_not_outlast_its_authority(authority: Authority, now: int) -> None:
    key = generate("ed25519").public
    with pytest.raises(RequestRefused):
        authority.issue_checkpoint(key, now=now, lifetime_ms=5 * YEAR_MS)


def forged(
    authority: Authority, now: int, public: PublicKey, urn: str, *uses: x509.ObjectIdentifier
) -> bytes:
    """A leaf that our authority would not write."""
    builder = authority._leaf(public, urn, now, DAY)
    extended = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=True)
    certificate = extended.sign(authority._key, hashes.SHA256())
    return certificate.public_bytes(Encoding.PEM)


def test_one_on_another_curve_is_refused(authority: Authority, now: int) -> None:
    pem = forged(authority, now, generate().public, checkpoint_urn("demo.yifen"), CHECKPOINT_USAGE)
    with pytest.raises(WrongUsage):
        read_certificate(pem)


def test_one_for_two_uses_is_refused(authority: Authority, now: int) -> None:
    public, urn = generate("ed25519").public, checkpoint_urn("demo.yifen")
    with pytest.raises(WrongUsage):
        read_certificate(forged(authority, now, public, urn, CHECKPOINT_USAGE, RECEIPT_USAGE))


@pytest.mark.parametrize(
    "urn", ["urn:yifen:receipt:demo.yifen", "urn:yifen:hub:demo.yifen", "urn:yifen:hub::checkpoint"]
)
def test_one_under_another_name_is_refused(authority: Authority, now: int, urn: str) -> None:
    pem = forged(authority, now, generate("ed25519").public, urn, CHECKPOINT_USAGE)
    with pytest.raises(UntrustedCertificate):
        read_certificate(pem)


def test_one_of_another_hub_is_refused(authority: Authority, now: int) -> None:
    public, urn = generate("ed25519").public, checkpoint_urn("other.yifen")
    pem = forged(authority, now, public, urn, CHECKPOINT_USAGE)
    with pytest.raises(UntrustedCertificate):
        verify_certificate(
            pem, authority.issuing_pem, authority.root_pem, now=now, usage="checkpoint"
        )

"""Signing requests: who asks must hold the key, and may ask for nothing but a name."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certs.enrolment import MAX_REQUEST_BYTES, check_request, make_request
from certs.errors import RequestRefused
from certs.keys import Algorithm, generate

URN = "urn:yifen:connector:demo.yifen:psb:counter-1"


def request_of(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *names: x509.GeneralName
) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def why(csr: bytes) -> object:
    with pytest.raises(RequestRefused) as caught:
        check_request(csr)
    return caught.value.facts["why"]


@pytest.mark.parametrize("algorithm", ["ecdsa-p256-sha256", "ed25519"])
def test_a_request_says_who_asks_with_which_key(algorithm: Algorithm) -> None:
    key = generate(algorithm)
    facts = check_request(make_request(key, URN))
    assert facts.urn == URN
    assert facts.public.der == key.public.der
    assert facts.public.algorithm == algorithm


def test_a_request_with_somebody_else_s_public_key_proves_no_possession() -> None:
    # The victim's public key in a request that the attacker signed.
    victim, attacker = generate(), generate()
    request = x509.load_pem_x509_csr(make_request(attacker, URN))
    der = request.public_bytes(Encoding.DER)
    forged = der.replace(attacker.public.der, victim.public.der)
    assert forged != der
    pem = x509.load_der_x509_csr(forged).public_bytes(Encoding.PEM)
    assert why(pem) == "proof"


def test_a_changed_name_breaks_the_proof() -> None:
    request = x509.load_pem_x509_csr(make_request(generate(), URN))
    der = request.public_bytes(Encoding.DER).replace(b":psb:", b":tax:")
    assert why(x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)) == "proof"


def test_an_rsa_key_is_refused() -> None:
    assert why(request_of(rsa.generate_private_key(65537, 2048), uri(URN))) == "key"


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP256K1()])
def test_another_curve_is_refused(curve: ec.EllipticCurve) -> None:
    assert why(request_of(ec.generate_private_key(curve), uri(URN))) == "key"


@pytest.mark.parametrize(
    "names",
    [
        (),
        (uri(URN), uri(URN.replace("psb", "tax"))),
        (uri(URN), x509.DNSName("psb.example")),
        (x509.DNSName("psb.example"),),
        (uri("urn:yifen:receipt:demo.yifen"),),
        (uri("urn:yifen:connector:demo.yifen:psb"),),
        (uri("urn:yifen:connector:demo.yifen:psb:a:b"),),
        (uri("urn:yifen:connector:demo.yifen:PSB:counter-1"),),
        (uri("urn:yifen:connector:demo.yifen::counter-1"),),
        (uri(URN + "\n"),),
        (uri("URN" + URN[3:]),),
        (uri(URN + "x" * 64),),
    ],
)
def test_a_request_without_exactly_one_connector_s_name_is_refused(
    names: tuple[x509.GeneralName, ...],
) -> None:
    assert why(request_of(ec.generate_private_key(ec.SECP256R1()), *names)) == "urn"


def test_the_subject_is_not_taken_for_the_name() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, URN)])
    )
    assert why(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)) == "urn"


def test_what_is_no_request_is_refused() -> None:
    pem = make_request(generate(), URN)
    for data in (b"", b"\xff\x00", pem[:100], pem.replace(b"REQUEST", b"CERT"), pem[40:]):
        assert why(data) == "unreadable"
    assert why(pem + b"\n" * MAX_REQUEST_BYTES) == "unreadable"


@pytest.mark.parametrize("urn", ["", "psb", "urn:yifen:receipt:demo.yifen", URN + " "])
def test_no_request_is_made_for_a_name_of_no_connector(urn: str) -> None:
    with pytest.raises(RequestRefused):
        make_request(generate(), urn)

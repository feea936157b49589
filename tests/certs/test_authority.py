"""What the authority gives out holds, and what it must not give out it refuses."""

import shutil
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.authority import ISSUING_LIFETIME_MS, Authority
from certs.certificates import (
    CONNECTOR_USAGE,
    RECEIPT_USAGE,
    connector_name,
    verify_certificate,
)
from certs.encoding import digest
from certs.enrolment import make_request
from certs.errors import (
    InsecureKeyFile,
    KeyUnusable,
    RequestRefused,
)
from certs.keys import Algorithm, PrivateKey, generate

DAY = 86_400_000
URN = "urn:yifen:connector:demo.yifen:psb:counter-1"


def connector(authority: Authority, now: int, key: PrivateKey | None = None) -> bytes:
    csr = make_request(key or generate(), URN)
    return authority.issue_connector(csr, urn=URN, now=now, lifetime_ms=365 * DAY)


# What the authority gives out ------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ecdsa-p256-sha256", "ed25519"])
def test_a_connector_s_certificate_holds(
    authority: Authority, now: int, algorithm: Algorithm
) -> None:
    key = generate(algorithm)
    pem = connector(authority, now, key)
    facts = verify_certificate(
        pem, authority.issuing_pem, authority.root_pem, now=now, usage="connector"
    )
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert (facts.keyid, facts.der, facts.urn) == (digest(der), der, URN)
    assert facts.public.der == key.public.der
    assert facts.usage == "connector"
    assert (facts.not_before, facts.not_after) == (now, now + 365 * DAY)
    assert connector_name(facts.urn) == ("demo.yifen", "psb", "counter-1")


def test_a_receipt_certificate_holds(authority: Authority, now: int) -> None:
    key = generate()
    pem = authority.issue_receipt(key.public, now=now, lifetime_ms=DAY)
    facts = verify_certificate(
        pem, authority.issuing_pem, authority.root_pem, now=now, usage="receipt"
    )
    assert facts.urn == "urn:yifen:receipt:demo.yifen"
    assert facts.public.der == key.public.der


def test_leaves_carry_what_the_profile_says(authority: Authority, now: int) -> None:
    leaf = x509.load_pem_x509_certificate(connector(authority, now))
    receipt = x509.load_pem_x509_certificate(
        authority.issue_receipt(generate().public, now=now, lifetime_ms=DAY)
    )
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(usage.value) == [CONNECTOR_USAGE, ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not usage.critical
    usage = receipt.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(usage.value) == [RECEIPT_USAGE]
    assert usage.critical
    for certificate in (leaf, receipt):
        assert certificate.subject == x509.Name([])
        assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
    assert leaf.serial_number != receipt.serial_number


def test_times_are_cut_to_seconds_and_hold_at_once(authority: Authority, now: int) -> None:
    late = now + 999
    pem = authority.issue_receipt(generate().public, now=late, lifetime_ms=1_500)
    facts = verify_certificate(
        pem, authority.issuing_pem, authority.root_pem, now=late, usage="receipt"
    )
    assert (facts.not_before, facts.not_after) == (now, now + 2_000)


def test_the_issuing_authority_works_without_the_root_s_key(tmp_path: Path, now: int) -> None:
    folder = tmp_path / "authority"
    made = Authority.create(folder, "demo.yifen", now)
    shutil.rmtree(folder / "root")
    loaded = Authority.load(folder)
    assert (loaded.hub_name, loaded.root_pem) == (made.hub_name, made.root_pem)
    pem = connector(loaded, now)
    verify_certificate(pem, made.issuing_pem, made.root_pem, now=now, usage="connector")


def test_key_files_are_their_owner_s_alone(tmp_path: Path, now: int) -> None:
    Authority.create(tmp_path, "demo.yifen", now)
    for file in (tmp_path / "root" / "root.key", tmp_path / "issuing.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "root").stat().st_mode) == 0o700
    (tmp_path / "issuing.key").chmod(0o644)
    with pytest.raises(InsecureKeyFile):
        Authority.load(tmp_path)


def test_an_authority_is_never_written_over(tmp_path: Path, now: int) -> None:
    Authority.create(tmp_path, "demo.yifen", now)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.*")}
    with pytest.raises(FileExistsError):
        Authority.create(tmp_path, "demo.yifen", now)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.*")} == before


@pytest.mark.parametrize("file", ["issuing.key", "issuing.pem", "root.pem"])
def test_files_of_two_authorities_do_not_mix(tmp_path: Path, now: int, file: str) -> None:
    for name in ("one", "two"):
        Authority.create(tmp_path / name, "demo.yifen", now)
    shutil.copy(tmp_path / "two" / file, tmp_path / "one" / file)
    with pytest.raises(KeyUnusable):
        Authority.load(tmp_path / "one")


def test_a_spoiled_certificate_file_is_refused(tmp_path: Path, now: int) -> None:
    Authority.create(tmp_path, "demo.yifen", now)
    (tmp_path / "issuing.pem").write_bytes(b"spoiled")
    with pytest.raises(KeyUnusable):
        Authority.load(tmp_path)


@pytest.mark.parametrize("name", ["", "Demo", "a:b", "-a", "a.", "a" * 64, "演示"])
def test_a_hub_is_not_called_just_anything(tmp_path: Path, now: int, name: str) -> None:
    with pytest.raises(RequestRefused):
        Authority.create(tmp_path / "authority", name, now)
    assert not (tmp_path / "authority").exists()


# What it refuses -------------------------------------------------------------------------------


def test_a_request_in_another_name_than_was_admitted_is_refused(
    authority: Authority, now: int
) -> None:
    csr = make_request(generate(), URN.replace("psb", "tax"))
    with pytest.raises(RequestRefused):
        authority.issue_connector(csr, urn=URN, now=now, lifetime_ms=DAY)


def test_a_connector_of_another_hub_is_refused(authority: Authority, now: int) -> None:
    urn = URN.replace("demo.yifen", "other.yifen")
    with pytest.raises(RequestRefused):
        authority.issue_connector(make_request(generate(), urn), urn=urn, now=now, lifetime_ms=DAY)


@pytest.mark.parametrize("lifetime", [0, -1, ISSUING_LIFETIME_MS])
def test_a_leaf_neither_ends_before_it_begins_nor_outlasts_its_issuer(
    authority: Authority, now: int, lifetime: int
) -> None:
    with pytest.raises(RequestRefused):
        authority.issue_receipt(generate().public, now=now, lifetime_ms=lifetime)


def test_no_leaf_is_issued_before_the_authority_itself_holds(
    authority: Authority, now: int
) -> None:
    with pytest.raises(RequestRefused):
        authority.issue_receipt(generate().public, now=now - 3_600_001, lifetime_ms=DAY)


def test_a_receipt_key_is_p256(authority: Authority, now: int) -> None:
    with pytest.raises(RequestRefused):
        authority.issue_receipt(generate("ed25519").public, now=now, lifetime_ms=DAY)

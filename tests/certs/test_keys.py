"""Keys: files that only their owner reads, nothing told by accident, one form of signature."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from certs.errors import InsecureKeyFile, KeyUnusable, SignatureInvalid
from certs.keys import Algorithm, PrivateKey, PublicKey, generate

ALGORITHMS: tuple[Algorithm, ...] = ("ecdsa-p256-sha256", "ed25519")
KEYS = {algorithm: generate(algorithm) for algorithm in ALGORITHMS}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_saved_key_signs_as_before(tmp_path: Path, algorithm: Algorithm) -> None:
    file = tmp_path / "a.key"
    KEYS[algorithm].save(file)
    read = PrivateKey.load(file)
    assert read.algorithm == algorithm
    KEYS[algorithm].public.verify(read.sign(b"x"), b"x")


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_key_file_has_mode_0600_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        generate().save(tmp_path / "a.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602, 0o610, 0o601, 0o777])
def test_a_key_file_that_others_have_any_right_to_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.key"
    KEYS["ed25519"].save(file)
    file.chmod(mode)
    with pytest.raises(InsecureKeyFile) as refused:
        PrivateKey.load(file)
    assert refused.value.facts == {"path": str(file)}


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_file_of_its_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.key"
    KEYS["ed25519"].save(file)
    file.chmod(mode)
    assert PrivateKey.load(file).public.der == KEYS["ed25519"].public.der


def test_no_key_is_written_over_another(tmp_path: Path) -> None:
    file = tmp_path / "a.key"
    KEYS["ed25519"].save(file)
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        generate().save(file)
    assert file.read_bytes() == before


def test_a_link_laid_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        generate().save(tmp_path / "a.key")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_nothing_that_is_printed_holds_the_secret(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    told = f"{key!r} {key} {[key]} {key.public!r}"
    secret = key.native.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    assert repr(key) == f"<PrivateKey {algorithm}>"
    assert secret.hex() not in told
    if isinstance(key.native, ec.EllipticCurvePrivateKey):
        assert str(key.native.private_numbers().private_value) not in told


def _pem(native: object, password: bytes | None = None) -> bytes:
    hidden = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return native.private_bytes(  # type: ignore[attr-defined, no-any-return]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden
    )


UNUSABLE = {
    "no pem": b"x",
    "nothing": b"",
    "a public key": KEYS["ed25519"].public.native.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ),
    "under a password": _pem(KEYS["ed25519"].native, b"secret"),
    "rsa": _pem(rsa.generate_private_key(65537, 2048)),
    "p-384": _pem(ec.generate_private_key(ec.SECP384R1())),
    "secp256k1": _pem(ec.generate_private_key(ec.SECP256K1())),
    "x25519": _pem(x25519.X25519PrivateKey.generate()),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_file_that_holds_no_key_of_ours_is_refused(tmp_path: Path, what: str) -> None:
    file = tmp_path / "a.key"
    file.write_bytes(UNUSABLE[what])
    file.chmod(0o600)
    with pytest.raises(KeyUnusable):
        PrivateKey.load(file)


@pytest.mark.parametrize(
    "der", [b"", b"x", KEYS["ed25519"].public.der[:-1]], ids=["nothing", "no der", "cut off"]
)
def test_a_public_key_that_cannot_be_read_is_refused(der: bytes) -> None:
    with pytest.raises(KeyUnusable):
        PublicKey.from_der(der)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_public_key_survives_its_encoding(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    read = PublicKey.from_der(key.public.der)
    read.verify(key.sign(b"x"), b"x")
    assert read.jwk() == key.public.jwk()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_has_64_bytes_and_holds_for_one_text(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    for number in range(40):  # leading zeros of r or s must not shorten it
        signature = key.sign(b"%d" % number)
        assert len(signature) == 64
        key.public.verify(signature, b"%d" % number)
    with pytest.raises(SignatureInvalid):
        key.public.verify(signature, b"another")
    with pytest.raises(SignatureInvalid):
        key.public.verify(signature[:-1], b"39")
    with pytest.raises(SignatureInvalid):
        generate(algorithm).public.verify(signature, b"39")


@pytest.mark.parametrize("place", range(64))
def test_a_signature_with_any_byte_changed_does_not_hold(place: int) -> None:
    key = KEYS["ecdsa-p256-sha256"]
    signature = bytearray(key.sign(b"x"))
    signature[place] ^= 1
    with pytest.raises(SignatureInvalid):
        key.public.verify(bytes(signature), b"x")

"""Private and public keys: P-256 by default, Ed25519 accepted.

A private key lives in a PKCS 8 file of mode 0600. The signer is a replaceable part: whatever
offers ``algorithm``, ``public`` and ``sign`` can stand for a key in a device.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from certs.encoding import b64u, unb64u
from certs.errors import InsecureKeyFile, KeyUnusable, MalformedEncoding, SignatureInvalid

Algorithm = Literal["ecdsa-p256-sha256", "ed25519"]

_COORDINATE = 32
_SIGNATURE = 64
_ECDSA = ec.ECDSA(hashes.SHA256())

# Every y of the points of order 1, 2, 4 and 8 of Curve25519's Edwards form (p = 2^255 - 19), also
# as its second spelling y + p where that fits; the sign bit is masked before comparing. OpenSSL
# takes such keys, and a signature that holds for nearly every message is then easily made.
_P = 2**255 - 19
_ORDER_8 = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER = frozenset(
    y.to_bytes(32, "little") for y in (0, 1, _P - 1, _P, _P + 1, _ORDER_8, _P - _ORDER_8)
)


class PublicKey:
    """A public key and the one algorithm that goes with it."""

    __slots__ = ("_native", "algorithm", "der")

    def __init__(self, native: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> None:
        self._native = native
        self.algorithm: Algorithm = (
            "ed25519" if isinstance(native, ed25519.Ed25519PublicKey) else "ecdsa-p256-sha256"
        )
        self.der = native.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @classmethod
    def of(cls, native: object) -> "PublicKey":
        """Wrap a key of ``cryptography``; raises ``KeyUnusable`` for other kinds or curves.

        Ed25519 keys of small order are refused too: under them anybody can sign anything.
        """
        if isinstance(native, ed25519.Ed25519PublicKey):
            raw = native.public_bytes_raw()
            if raw[:-1] + bytes([raw[-1] & 0x7F]) in _SMALL_ORDER:
                raise KeyUnusable(why="weak")
            return cls(native)
        if isinstance(native, ec.EllipticCurvePublicKey) and isinstance(native.curve, ec.SECP256R1):
            return cls(native)
        raise KeyUnusable(why="kind")

    @classmethod
    def from_der(cls, der: bytes) -> "PublicKey":
        """Read a SubjectPublicKeyInfo; raises ``KeyUnusable``."""
        try:
            native = serialization.load_der_public_key(der)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyUnusable(why="unreadable") from error
        return cls.of(native)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> "PublicKey":
        """Read a JSON Web Key of P-256 (RFC 7518 §6.2.1); raises ``KeyUnusable``.

        Members that only describe the key are passed over; a private key (``d``) is refused, since
        whoever shows it has lost it.
        """
        x, y = jwk.get("x"), jwk.get("y")
        if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
            raise KeyUnusable(why="kind")
        if jwk.get("alg", "ES256") != "ES256" or jwk.get("use", "sig") != "sig":
            raise KeyUnusable(why="usage")
        if not isinstance(x, str) or not isinstance(y, str):
            raise KeyUnusable(why="unreadable")
        try:
            coordinates = unb64u(x), unb64u(y)
            if any(len(coordinate) != _COORDINATE for coordinate in coordinates):
                raise KeyUnusable(why="unreadable")
            across, up = (int.from_bytes(coordinate, "big") for coordinate in coordinates)
            return cls(ec.EllipticCurvePublicNumbers(across, up, ec.SECP256R1()).public_key())
        except (MalformedEncoding, ValueError) as error:
            raise KeyUnusable(why="unreadable") from error

    @property
    def native(self) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
        """The key as ``cryptography`` holds it."""
        return self._native

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raise ``SignatureInvalid`` unless ``signature`` (64 bytes) is this key's over ``data``.

        ECDSA signatures are r ‖ s, 32 bytes each (RFC 9421 §3.3.4, RFC 7518 §3.4).
        """
        if len(signature) != _SIGNATURE:
            raise SignatureInvalid
        try:
            if isinstance(self._native, ed25519.Ed25519PublicKey):
                self._native.verify(signature, data)
            else:
                encoded = encode_dss_signature(
                    int.from_bytes(signature[:_COORDINATE], "big"),
                    int.from_bytes(signature[_COORDINATE:], "big"),
                )
                self._native.verify(encoded, data, _ECDSA)
        except InvalidSignature as error:
            raise SignatureInvalid from error

    def jwk(self) -> dict[str, str]:
        """The key as a JSON Web Key without ``kid`` (RFC 7517, RFC 8037)."""
        if isinstance(self._native, ed25519.Ed25519PublicKey):
            raw = self._native.public_bytes_raw()
            return {"kty": "OKP", "crv": "Ed25519", "x": b64u(raw)}
        numbers = self._native.public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": b64u(numbers.x.to_bytes(_COORDINATE, "big")),
            "y": b64u(numbers.y.to_bytes(_COORDINATE, "big")),
        }


class Signer(Protocol):
    """What signs: a key in a file, or in a device that stands for one."""

    @property
    def algorithm(self) -> Algorithm:
        """The one algorithm of this key."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    def sign(self, data: bytes) -> bytes:
        """64 bytes of signature over ``data``."""


class PrivateKey:
    """A private key in memory; its ``repr`` tells nothing."""

    __slots__ = ("_native", "algorithm", "public")

    def __init__(self, native: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> None:
        self._native = native
        self.public = PublicKey.of(native.public_key())
        self.algorithm: Algorithm = self.public.algorithm

    def __repr__(self) -> str:
        return f"<PrivateKey {self.algorithm}>"

    @classmethod
    def load(cls, path: Path) -> "PrivateKey":
        """Read a key file; raises ``InsecureKeyFile`` if others may read it, or ``KeyUnusable``."""
        pem = read_secret(path)
        try:
            native = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnusable(why="unreadable") from error
        if not isinstance(native, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
            raise KeyUnusable(why="kind")
        return cls(native)

    @property
    def native(self) -> ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
        """The key as ``cryptography`` holds it."""
        return self._native

    def sign(self, data: bytes) -> bytes:
        """64 bytes of signature over ``data``: r ‖ s, or the Ed25519 signature."""
        if isinstance(self._native, ed25519.Ed25519PrivateKey):
            return self._native.sign(data)
        r, s = decode_dss_signature(self._native.sign(data, _ECDSA))
        return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")

    def save(self, path: Path) -> None:
        """Write a new key file of mode 0600; raises ``FileExistsError`` if there is one."""
        pem = self._native.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_secret(path, pem)


def generate(algorithm: Algorithm = "ecdsa-p256-sha256") -> PrivateKey:
    """A new key of ``algorithm``."""
    if algorithm == "ed25519":
        return PrivateKey(ed25519.Ed25519PrivateKey.generate())
    return PrivateKey(ec.generate_private_key(ec.SECP256R1()))


def write_secret(path: Path, data: bytes) -> None:
    """Write ``data`` to a new file that only its owner may read, durably."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def destroy_secret(path: Path) -> None:
    """Overwrite a secret's file, remove it, and make both durable; no matter if it is gone.

    Where the file system or the disk writes elsewhere instead of over (copies on write, flash), the
    old blocks stay until they are used again: there the whole volume has to be encrypted.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(os.fstat(file.fileno()).st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make what was made, renamed or removed in a folder durable."""
    if os.name != "posix":
        return  # Windows cannot open folders, and needs no such call
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_secret(path: Path) -> bytes:
    """The bytes of a secret's file; raises ``InsecureKeyFile`` if group or others have any right.

    Windows keeps no such modes; there the folder's access list has to do it.
    """
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise InsecureKeyFile(path=str(path))
    return path.read_bytes()

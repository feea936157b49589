"""Sealing of records at rest: AES-256-GCM under a key per generation, and its blind index.

A master key in a file of its own wraps the generations' keys. A sealed value is
``nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes)``; what it belongs to stands in the additional
data, so that a value moved to another row, person, generation or version does not open.
"""

import hmac
import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from certs.encoding import b64u, unb64u
from certs.errors import KeyUnusable, MalformedEncoding, SealBroken, SealLimit
from certs.keys import read_secret, write_secret

KEY_BYTES = 32
TAG_BYTES = 16
"""Length of a blind index: 128 bits of HMAC-SHA-256 (RFC 2104 §5 allows half)."""

FINGERPRINT_BYTES = 16
"""Length of what names a secret key."""

SEAL_LIMIT = 2**31
"""Seals of one key: half of what NIST SP 800-38D §8.3 allows for random nonces of 96 bits."""

_NONCE = 12
_OVERHEAD = _NONCE + 16
_POOL_NONCES = 512
_MASTER_PREFIX = "yifen-master-key-1:"
_LENGTHS = struct.Struct(">QQQ")
_PLACES_KEPT = 256

# Nonces not used yet. ``list.pop`` and ``list.extend`` are single steps of the interpreter, so two
# threads never get the same one. A forked child would: it starts with a copy, and drops it.
_nonces: list[bytes] = []
_take_nonce = _nonces.pop
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_nonces.clear)


def _more_nonces() -> bytes:
    """Refill the pool in one system call and return one nonce that was never in it."""
    block = os.urandom(_NONCE * _POOL_NONCES)
    fresh = [block[start : start + _NONCE] for start in range(0, len(block), _NONCE)]
    first = fresh.pop()
    _nonces.extend(fresh)
    return first


class SealingKey:
    """An AES-256-GCM key (32 bytes) that counts its seals; ``sealed`` is how many it made before.

    The count lives in memory: whoever keeps the key keeps the count beside it and hands it back.
    Raises ``KeyUnusable`` for another length.
    """

    __slots__ = ("_decrypt", "_encrypt", "_sealed")

    def __init__(self, key: bytes, *, sealed: int = 0) -> None:
        _check_key(key)
        cipher = AESGCM(key)
        self._encrypt = cipher.encrypt
        self._decrypt = cipher.decrypt
        self._sealed = sealed

    @property
    def sealed(self) -> int:
        """How many seals this key has made."""
        return self._sealed

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """Seal ``plaintext`` in the place that ``aad`` names; raises ``SealLimit`` at 2^31."""
        if self._sealed >= SEAL_LIMIT:
            raise SealLimit
        self._sealed += 1
        try:
            nonce = _take_nonce()
        except IndexError:
            nonce = _more_nonces()
        return nonce + self._encrypt(nonce, plaintext, aad)

    def open(self, blob: bytes, aad: bytes) -> bytes:
        """The plaintext; raises ``SealBroken`` for another key, another place or changed bytes."""
        if len(blob) < _OVERHEAD:
            raise SealBroken
        try:
            return self._decrypt(blob[:_NONCE], blob[_NONCE:], aad)
        except InvalidTag as error:
            raise SealBroken from error


class BlindIndex:
    """Keyed digests (HMAC-SHA-256, 16 bytes) by which rows are found without naming anyone.

    The key (32 bytes) is absorbed once and copied for each tag, which halves the cost. Raises
    ``KeyUnusable`` for another length.
    """

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        _check_key(key)
        self._keyed = HMAC(key, SHA256())

    def tag(self, subject_type: str, subject_id: str) -> bytes:
        """The blind index of a subject; raises ``MalformedEncoding`` for text that is no UTF-8."""
        # The length of the type makes the two parts one way to read; «s» and «r» part the uses.
        return self._digest(f"s{len(subject_type)}:{subject_type}{subject_id}")

    def row(self, row_key: str) -> bytes:
        """The blind index of one row, whomever it is about; raises as ``tag`` does.

        A change may give a row another subject, or name nothing but its key.
        """
        return self._digest(f"r{row_key}")

    def _digest(self, message: str) -> bytes:
        mac = self._keyed.copy()
        try:
            mac.update(message.encode())
        except UnicodeEncodeError as error:
            raise MalformedEncoding from error
        return mac.finalize()[:TAG_BYTES]


def row_aad(dataset: str, generation: str, tag: bytes, row: bytes, version: int) -> bytes:
    """The additional data of a sealed row: every part with its length, so none runs into another.

    ``tag`` and ``row`` are blind indexes of ``BlindIndex``; ``version`` is the generation's
    version that the row came with, at least 0.
    """
    lengths = _LENGTHS.pack(len(tag), len(row), version)
    return _place(dataset, generation) + lengths + tag + row


@lru_cache(maxsize=_PLACES_KEPT)
def _place(dataset: str, generation: str) -> bytes:
    parts = [b"yifen/v1/row\x00"]
    for text in (dataset, generation):
        data = text.encode()
        parts += [len(data).to_bytes(8, "big"), data]
    return b"".join(parts)


def piece_aad(whole: str, part: str, number: int, *, last: bool) -> bytes:
    """The additional data of one sealed piece: of which whole and part, which one, the last or not.

    So none can be cut off, moved, or taken from elsewhere.
    """
    parts = [b"yifen/v1/piece\x00"]
    for text in (whole, part):
        data = text.encode()
        parts += [len(data).to_bytes(8, "big"), data]
    return b"".join((*parts, number.to_bytes(8, "big"), b"\x01" if last else b"\x00"))


class Wrapping(Protocol):
    """What keys are wrapped under: a master key, or what follows its rotation."""

    def wrap(self, key: bytes, context: str) -> bytes:
        """Seal a key for storage; ``context`` says which key it is."""

    def unwrap(self, blob: bytes, context: str) -> bytes:
        """The wrapped key; raises ``SealBroken``."""


class MasterKey:
    """The key above all keys (32 bytes). It wraps others and never seals a record itself.

    Raises ``KeyUnusable`` for another length; its ``repr`` tells nothing.
    """

    __slots__ = ("_key", "_wrapping")

    def __init__(self, key: bytes) -> None:
        _check_key(key)
        self._key = key
        self._wrapping = SealingKey(self._expand("yifen/v1/wrap"))

    def __repr__(self) -> str:
        return "<MasterKey>"

    @classmethod
    def create(cls, path: Path) -> "MasterKey":
        """Write a new key file of mode 0600; raises ``FileExistsError`` if there is one."""
        key = os.urandom(KEY_BYTES)
        write_secret(path, f"{_MASTER_PREFIX}{b64u(key)}\n".encode("ascii"))
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> "MasterKey":
        """Read a key file; raises ``InsecureKeyFile`` if others may read it, or ``KeyUnusable``."""
        return cls.parse(read_secret(path))

    @classmethod
    def parse(cls, data: bytes) -> "MasterKey":
        """The key in a file's bytes; raises ``KeyUnusable``."""
        try:
            text = data.decode("ascii").removesuffix("\n")
            if not text.startswith(_MASTER_PREFIX):
                raise KeyUnusable(why="unreadable")
            return cls(unb64u(text.removeprefix(_MASTER_PREFIX)))
        except (UnicodeDecodeError, MalformedEncoding) as error:
            raise KeyUnusable(why="unreadable") from error

    def wrap(self, key: bytes, context: str) -> bytes:
        """Seal a key for storage; ``context`` says which key it is and must be given to unwrap."""
        return self._wrapping.seal(key, context.encode())

    def unwrap(self, blob: bytes, context: str) -> bytes:
        """The wrapped key; raises ``SealBroken`` for another master key, context or bytes."""
        return self._wrapping.open(blob, context.encode())

    def wrap_master(self, other: "MasterKey") -> bytes:
        """Another master key sealed under this one, while one takes the other's place."""
        return self.wrap(other._key, f"master/{other.fingerprint}")  # noqa: SLF001 our own class

    def unwrap_master(self, blob: bytes, fingerprint: str) -> "MasterKey":
        """The master key that ``wrap_master`` sealed; raises ``SealBroken``."""
        return MasterKey(self.unwrap(blob, f"master/{fingerprint}"))

    @property
    def fingerprint(self) -> str:
        """128 bits in hexadecimal that name this key and tell nothing of it."""
        return self._expand("yifen/v1/fingerprint")[:FINGERPRINT_BYTES].hex()

    def check_same(self, other: "MasterKey") -> None:
        """Raise ``KeyUnusable`` unless ``other`` is the same key, in constant time."""
        if not hmac.compare_digest(self._key, other._key):  # noqa: SLF001 our own class
            raise KeyUnusable(why="other")

    def derive(self, label: str) -> bytes:
        """A key of 32 bytes for one use, always the same for one ``label`` (RFC 5869)."""
        return self._expand(f"yifen/v1/derive/{label}")

    def _expand(self, info: str) -> bytes:
        derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info.encode())
        return derivation.derive(self._key)


def fingerprint(key: bytes) -> str:
    """128 bits in hexadecimal that name a secret key of 32 random bytes and tell nothing of it."""
    return hmac.digest(key, b"yifen/v1/fingerprint", "sha256")[:FINGERPRINT_BYTES].hex()


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise KeyUnusable(why="length")

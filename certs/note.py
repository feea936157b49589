"""Checkpoints of the ledger as signed notes (C2SP ``signed-note`` and ``tlog-checkpoint``).

    demo.yifen/ledger/1
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — demo.yifen/ledger/1 base64(4 bytes of key id ‖ Ed25519 signature over the lines above)

Signatures of keys that we do not know, a witness's for one, are skipped, as the format demands; a
known key whose signature fails spoils the whole note.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from certs.encoding import sha256
from certs.errors import CheckpointInvalid, KeyUnusable, SignatureInvalid
from certs.keys import PublicKey, Signer
from certs.tree import EMPTY_ROOT, HASH_BYTES

# signed-note asks verifiers for a limit that still lets 16 signatures of 5 kB pass.
MAX_NOTE_BYTES = 128 * 1024
# The Go implementation's limit, which keeps the work for one note bounded.
MAX_SIGNATURES = 100

_ED25519 = b"\x01"  # signature type identifier of signed-note
_KEY_ID_BYTES = 4
_BODY_LINES = 3
_DASH = "— "
# No leading zero, and at most 18 digits, so that a size fits every database's integer.
_SIZE = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_SIZE_LIMIT = 10**18
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head: its ``origin``, its ``size`` in leaves and its ``root`` (32 bytes).

    Raises ``CheckpointInvalid`` for what no note could carry.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin or _CONTROL.search(self.origin):
            raise CheckpointInvalid(why="origin")
        if not 0 <= self.size < _SIZE_LIMIT:
            raise CheckpointInvalid(why="size")
        if len(self.root) != HASH_BYTES or (self.size == 0 and self.root != EMPTY_ROOT):
            raise CheckpointInvalid(why="root")

    @property
    def text(self) -> str:
        """The note's text, which is what signatures cover."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode('ascii')}\n"


def key_id(name: str, public: PublicKey) -> bytes:
    """The four bytes by which signatures name their key (signed-note, «Signatures»).

    Raises ``KeyUnusable`` unless the key is Ed25519, ``CheckpointInvalid`` for a bad name.
    """
    _check_name(name)
    return sha256(_utf8(name) + b"\n" + _ED25519 + _raw(public))[:_KEY_ID_BYTES]


def vkey(name: str, public: PublicKey) -> str:
    """The verifier key that a log publishes: ``name+hex key id+base64(type ‖ key)``."""
    encoded = b64encode(_ED25519 + _raw(public)).decode("ascii")
    return f"{name}+{key_id(name, public).hex()}+{encoded}"


def parse_vkey(text: str) -> tuple[str, PublicKey]:
    """Name and key of a verifier key; raises ``CheckpointInvalid`` if it is not one of Ed25519."""
    match = _VKEY.match(text)
    if match is None:
        raise CheckpointInvalid(why="vkey")
    name, identifier, encoded = match.groups()
    data = _unbase64(encoded)
    try:
        if data[:1] != _ED25519:
            raise CheckpointInvalid(why="vkey")
        public = PublicKey.of(Ed25519PublicKey.from_public_bytes(data[1:]))
    except (ValueError, KeyUnusable) as error:
        raise CheckpointInvalid(why="vkey") from error
    if key_id(name, public).hex() != identifier:
        raise CheckpointInvalid(why="vkey")
    return name, public


def sign_checkpoint(checkpoint: Checkpoint, key_name: str, key: Signer) -> str:
    """The checkpoint as a note with one signature; the name should be the log's origin.

    Raises ``KeyUnusable`` unless the key is Ed25519. That a log signs no two checkpoints that
    contradict each other is the caller's to see to.
    """
    text = checkpoint.text
    identifier = key_id(key_name, key.public)
    signature = b64encode(identifier + key.sign(_utf8(text))).decode("ascii")
    return f"{text}\n{_DASH}{key_name} {signature}\n"


def open_checkpoint(
    text: str, trusted: Mapping[str, PublicKey], *, allow_empty: bool = False
) -> Checkpoint:
    """The checkpoint of a note that a trusted key signed; ``trusted`` maps key names to keys.

    Raises ``CheckpointInvalid`` if the note is malformed, no trusted key signed it, a trusted
    key's signature fails, or it is of an empty tree and that is not allowed. Left to the caller:
    that the origin is the one it asked for, and consistency with what it saw before.
    """
    # 1. The form: UTF-8, no control characters, text, empty line, signature lines.
    if len(_utf8(text)) > MAX_NOTE_BYTES:
        raise CheckpointInvalid(why="too-long")
    if _CONTROL.search(text):
        raise CheckpointInvalid(why="control-character")
    head, separator, tail = text.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise CheckpointInvalid(why="form")
    body = head + "\n"
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise CheckpointInvalid(why="too-many-signatures")
    # 2. The signatures, before anything in the text is believed.
    signatures = [_signature(line) for line in lines]
    _verify(_utf8(body), signatures, trusted)
    # 3. The text. Extension lines are refused: no auditor of the tree can check what they say.
    checkpoint = _checkpoint(body)
    if checkpoint.size == 0 and not allow_empty:
        raise CheckpointInvalid(why="empty")
    return checkpoint


def _verify(
    body: bytes, signatures: list[tuple[str, bytes, bytes]], trusted: Mapping[str, PublicKey]
) -> None:
    verified = False
    for name, identifier, signature in signatures:
        public = trusted.get(name)
        if public is None or key_id(name, public) != identifier:
            continue
        try:
            public.verify(signature, body)
        except SignatureInvalid as error:
            raise CheckpointInvalid(why="signature") from error
        verified = True
    if not verified:
        raise CheckpointInvalid(why="unsigned")


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise CheckpointInvalid(why="signature-line")
    _check_name(name)
    data = _unbase64(encoded)
    if len(data) <= _KEY_ID_BYTES:
        raise CheckpointInvalid(why="signature-line")
    return name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:]


def _checkpoint(body: str) -> Checkpoint:
    lines = body[:-1].split("\n")
    if len(lines) != _BODY_LINES:
        raise CheckpointInvalid(why="lines")
    origin, size, root = lines
    if not _SIZE.match(size):
        raise CheckpointInvalid(why="size")
    return Checkpoint(origin, int(size), _unbase64(root))


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() for c in name) or _CONTROL.search(name):
        raise CheckpointInvalid(why="key-name")


def _unbase64(text: str) -> bytes:
    """Standard base64 with padding in its one spelling (RFC 4648 §4)."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CheckpointInvalid(why="base64") from error
    if b64encode(data).decode("ascii") != text:
        raise CheckpointInvalid(why="base64")
    return data


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise CheckpointInvalid(why="utf-8") from error


def _raw(public: PublicKey) -> bytes:
    if not isinstance(public.native, Ed25519PublicKey):
        raise KeyUnusable(why="kind")
    return public.native.public_bytes_raw()

"""Checkpoints of the ledger as signed notes (C2SP ``signed-note`` and ``tlog-checkpoint``).

    demo.yifen/ledger/1
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — demo.yifen/ledger/1 base64(4 bytes of key id ‖ Ed25519 signature over the lines above)

Signatures of keys that we do not know, a witness's for one, are skipped, as the format demands; a
known key whose signature fails spoils the whole note. Witnesses' signatures: ``cosignature.py``.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from certs.encoding import sha256
from certs.errors import CheckpointInvalid, KeyUnusable, SignatureInvalid
from certs.keys import PublicKey, Signer
from certs.tree import EMPTY_ROOT, HASH_BYTES

# signed-note asks verifiers for a limit that still lets 16 signatures of 5 kB pass.
MAX_NOTE_BYTES = 128 * 1024
# The Go implementation's limit, which keeps the work for one note bounded.
MAX_SIGNATURES = 100

ED25519 = b"\x01"
"""Signature type identifier of a log's own signature (signed-note, «Signature types»)."""
COSIGNATURE = b"\x04"
"""The same of a witness's, timestamped (tlog-cosignature)."""
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
        if len(self.root) != HASH_BYTES:
            raise CheckpointInvalid(why="root")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointInvalid(why="empty-root")

    @property
    def text(self) -> str:
        """The note's text, which is what signatures cover."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode('ascii')}\n"


class Signature(NamedTuple):
    """One signature line: the key's name and id, and what the key made of the text."""

    name: str
    key_id: bytes
    data: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        encoded = b64encode(self.key_id + self.data).decode("ascii")
        return f"{_DASH}{self.name} {encoded}\n"


class Note(NamedTuple):
    """A note as read, of which nothing is believed yet; ``text`` ends with its newline."""

    text: str
    signatures: tuple[Signature, ...]

    @property
    def written(self) -> str:
        """The note as it is written."""
        return f"{self.text}\n{''.join(one.line for one in self.signatures)}"


def key_id(name: str, public: PublicKey, kind: bytes = ED25519) -> bytes:
    """The four bytes by which signatures of a kind name their key (signed-note, «Signatures»).

    Raises ``KeyUnusable`` unless the key is Ed25519, ``CheckpointInvalid`` for a bad name.
    """
    _check_name(name)
    return sha256(utf8(name) + b"\n" + kind + _raw(public))[:_KEY_ID_BYTES]


def vkey(name: str, public: PublicKey, kind: bytes = ED25519) -> str:
    """The verifier key that is published: ``name+hex key id+base64(type ‖ key)``."""
    encoded = b64encode(kind + _raw(public)).decode("ascii")
    return f"{name}+{key_id(name, public, kind).hex()}+{encoded}"


def parse_vkey(text: str, kind: bytes = ED25519) -> tuple[str, PublicKey]:
    """Name and key of a verifier key; raises ``CheckpointInvalid`` if it is not one of ``kind``."""
    match = _VKEY.match(text)
    if match is None:
        raise CheckpointInvalid(why="vkey")
    name, identifier, encoded = match.groups()
    data = unbase64(encoded)
    try:
        if data[:1] != kind:
            raise CheckpointInvalid(why="vkey")
        public = PublicKey.of(Ed25519PublicKey.from_public_bytes(data[1:]))
    except (ValueError, KeyUnusable) as error:
        raise CheckpointInvalid(why="vkey") from error
    if key_id(name, public, kind).hex() != identifier:
        raise CheckpointInvalid(why="vkey")
    return name, public


def sign_checkpoint(checkpoint: Checkpoint, key_name: str, *keys: Signer) -> str:
    """The checkpoint as a note, signed by each of ``keys``; the name should be the log's origin.

    While keys change, the old and the new one both sign. Raises ``KeyUnusable`` unless they are
    Ed25519. That a log signs no two checkpoints that contradict each other is the caller's to see
    to.
    """
    text = checkpoint.text
    data = utf8(text)
    signatures = (Signature(key_name, key_id(key_name, key.public), key.sign(data)) for key in keys)
    return Note(text, tuple(signatures)).written


def open_checkpoint(
    text: str, trusted: Iterable[tuple[str, PublicKey]], *, allow_empty: bool = False
) -> Checkpoint:
    """The checkpoint of a note that a trusted key signed; ``trusted`` are key names and keys.

    Several keys may bear one name: those that a log had one after the other. Raises
    ``CheckpointInvalid`` if the note is malformed, no trusted key signed it, a trusted key's
    signature fails, or it is of an empty tree and that is not allowed. Left to the caller: that
    the origin is the one it asked for, and consistency with what it saw before.
    """
    # 1. The form.
    note = read_note(text)
    # 2. The signatures, before anything in the text is believed.
    trusted_signatures(note, trusted)
    # 3. The text. Extension lines are refused: no auditor of the tree can check what they say.
    checkpoint = read_checkpoint(note.text)
    if checkpoint.size == 0 and not allow_empty:
        raise CheckpointInvalid(why="empty")
    return checkpoint


def read_note(text: str) -> Note:
    """Take a note apart: UTF-8, no control characters, text, empty line, signature lines.

    Raises ``CheckpointInvalid``. Nothing is verified.
    """
    if len(utf8(text)) > MAX_NOTE_BYTES:
        raise CheckpointInvalid(why="too-long")
    if _CONTROL.search(text):
        raise CheckpointInvalid(why="control-character")
    head, separator, tail = text.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise CheckpointInvalid(why="form")
    return Note(head + "\n", read_signatures(tail))


def read_signatures(text: str) -> tuple[Signature, ...]:
    """The signature lines of a note, or of a witness's answer; raises ``CheckpointInvalid``."""
    if not text.endswith("\n"):
        raise CheckpointInvalid(why="form")
    lines = text[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise CheckpointInvalid(why="too-many-signatures")
    return tuple(_signature(line) for line in lines)


def trusted_signatures(
    note: Note, trusted: Iterable[tuple[str, PublicKey]]
) -> tuple[Signature, ...]:
    """The signatures of a note that trusted keys made.

    Raises ``CheckpointInvalid`` if there is none, or one of a trusted key fails.
    """
    known = {(name, key_id(name, public)): public for name, public in trusted}
    text = utf8(note.text)
    found: list[Signature] = []
    for signature in note.signatures:
        public = known.get((signature.name, signature.key_id))
        if public is None:
            continue
        try:
            public.verify(signature.data, text)
        except SignatureInvalid as error:
            raise CheckpointInvalid(why="signature") from error
        found.append(signature)
    if not found:
        raise CheckpointInvalid(why="unsigned")
    return tuple(found)


def read_checkpoint(text: str, *, extensions: bool = False) -> Checkpoint:
    """The checkpoint that a note's text tells of; raises ``CheckpointInvalid``.

    ``extensions``: further lines are passed over. Only a witness may do so, which says nothing
    about them (tlog-cosignature).
    """
    lines = text[:-1].split("\n")
    if len(lines) < _BODY_LINES or (len(lines) > _BODY_LINES and not extensions):
        raise CheckpointInvalid(why="lines")
    if not text.endswith("\n") or not all(lines[_BODY_LINES:]):
        raise CheckpointInvalid(why="lines")
    origin, size, root = lines[:_BODY_LINES]
    if not _SIZE.match(size):
        raise CheckpointInvalid(why="size")
    return Checkpoint(origin, int(size), unbase64(root))


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise CheckpointInvalid(why="signature-line")
    _check_name(name)
    data = unbase64(encoded)
    if len(data) <= _KEY_ID_BYTES:
        raise CheckpointInvalid(why="signature-line")
    return Signature(name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() for c in name) or _CONTROL.search(name):
        raise CheckpointInvalid(why="key-name")


def unbase64(text: str) -> bytes:
    """Standard base64 with padding in its one spelling (RFC 4648 §4).

    Raises ``CheckpointInvalid``.
    """
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CheckpointInvalid(why="base64") from error
    if b64encode(data).decode("ascii") != text:
        raise CheckpointInvalid(why="base64")
    return data


def utf8(text: str) -> bytes:
    """The bytes of a text; raises ``CheckpointInvalid`` for lone surrogates."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise CheckpointInvalid(why="utf-8") from error


def _raw(public: PublicKey) -> bytes:
    if not isinstance(public.native, Ed25519PublicKey):
        raise KeyUnusable(why="kind")
    return public.native.public_bytes_raw()

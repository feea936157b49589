"""一份 Yifen：第三方核验程序 (verification by outsiders).

一个文件，只依赖 Python（3.9 起）和 cryptography（44 起）。

    python yifen_verify.py receipt 证据.json --root 根证书指纹 [--log 日志公钥]
    python yifen_verify.py export  导出目录  --log 日志公钥 --witness 见证方公钥 --seen 留存的检查点
    python yifen_verify.py compare 检查点 检查点 --tiles 导出目录 --log 日志公钥
    python yifen_verify.py statement 告知文件.json --root 根证书指纹

可信的只有命令行上给出的指纹和公钥（应从枢纽以外的途径取得，例如接入时的邀请、公告、见证方），其余一律重算。
退出状态：0 全部成立；1 发现问题，逐条给出位置和原因；2 用法不对或文件读不了。

One file that needs Python (3.9 or later) and ``cryptography`` (44 or later). Only the fingerprints
and keys on the command line are believed (take them from somewhere else than the hub: the
invitation, a public notice, the witnesses); everything else is computed again.
Exit status: 0 all of it holds; 1 faults were found, each told with its place and reason; 2 wrong
use, or a file that cannot be read.

    1  what is told             faults, remarks, what holds
    2  bytes                    base64, strict and canonical JSON, times
    3  the tree                 RFC 6962 / RFC 9162: inclusion, consistency, roots
    4  notes                    C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof
    5  certificates             the chain to the root that was pinned
    6  leaves                   three parts bound by salted digests
    7  a receipt                what a department was answered
    8  order                    grants, revocations and answers, from the control parts
    9  an export                C2SP tlog-tiles: entries, tiles, heads
    10 comparing heads          what different parties were shown
    11 a statement              who looked, for the person concerned
    12 the messages             in both languages
    13 the command line
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import io
import json
import re
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, Callable, NamedTuple, NoReturn

try:
    import cryptography
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID, SignatureAlgorithmOID
except ImportError:
    sys.stderr.write(
        "缺少 Python 软件包 cryptography。 The Python package cryptography is missing.\n"
    )
    sys.exit(2)

VERSION = "1"
"""Of this program; the formats that it reads carry their own."""


# === 1  What is told ==============================================================================


class Broken(Exception):
    """Something does not hold: ``why`` names its message, ``facts`` fill it in."""

    def __init__(self, why: str, **facts: object) -> None:
        super().__init__(why)
        self.why = why
        self.facts = facts


class Unusable(Broken):
    """Wrong use, or a file that cannot be read: nothing can be said, exit status 2."""


class Finding(NamedTuple):
    """One line of a report; ``position`` is an entry's index in the log, if it is about one."""

    why: str
    position: int | None
    facts: dict[str, object]

    def tell(self, language: str) -> str:
        """The line in words."""
        text = tell(language, self.why, **self.facts)
        if self.position is None:
            return text
        at = tell(language, "at", position=self.position)
        return f"{at}：{text}" if language == "zh" else f"{at}: {text}"


class Report:
    """What was found. Of each kind of fault the first ``LISTED`` are kept, the rest counted."""

    LISTED = 200

    def __init__(self) -> None:
        self.passed: list[Finding] = []
        self.remarks: list[Finding] = []
        self.faults: list[Finding] = []
        self.counts: Counter[str] = Counter()

    def good(self, what: str, /, **facts: object) -> None:
        """Something that was checked and holds."""
        self.passed.append(Finding(what, None, facts))

    def remark(self, what: str, /, **facts: object) -> None:
        """Something that is no fault and ought to be known."""
        self.remarks.append(Finding(what, None, facts))

    def fault(self, why: str, position: int | None = None, /, **facts: object) -> None:
        """Something that does not hold."""
        self.counts[why] += 1
        if self.counts[why] <= self.LISTED:
            self.faults.append(Finding(why, position, facts))

    def close(self) -> None:
        """Tell of the faults that were counted and not kept."""
        for why, count in self.counts.items():
            if count > self.LISTED:
                self.remark("more", kind=why, count=count - self.LISTED)


# === 2  Bytes =====================================================================================

_URL_SAFE = re.compile(r"[A-Za-z0-9_-]*\Z")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z\Z", re.ASCII)
_LAST_KEY_CHARACTER = "\ud7ff"  # beyond it, RFC 8785 sorts otherwise than by code points
_INTEGERS = 2**53


def sha256(data: bytes) -> bytes:
    """32 bytes."""
    return hashlib.sha256(data).digest()


def b64u(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64u(text: str) -> bytes:
    """The bytes of base64url in its one spelling; raises ``ValueError``."""
    if not _URL_SAFE.match(text):
        raise ValueError(text)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64u(data) != text:
        raise ValueError(text)
    return data


def unb64(text: str) -> bytes:
    """The bytes of standard base64 with padding in its one spelling; raises ``ValueError``."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error
    if base64.b64encode(data).decode("ascii") != text:
        raise ValueError(text)
    return data


def read_json(data: bytes) -> object:
    """Strict JSON: no duplicate keys, floats, huge integers or halves of characters.

    Raises ``ValueError``.
    """
    try:
        value: object = _DECODER.decode(data.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("depth") from error
    if b"\\u" in data:
        canonical(value)  # fails on a lone surrogate, which only an escape can bring
    return value


def canonical(value: object) -> bytes:
    """JSON as RFC 8785 writes it, for what ``read_json`` reads; raises ``ValueError``."""
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except RecursionError as error:
        raise ValueError("depth") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate key")
    if any(not key.isascii() and max(key) > _LAST_KEY_CHARACTER for key in members):
        raise ValueError("key")
    return members


def _integer(text: str) -> int:
    number = int(text)
    if abs(number) >= _INTEGERS:
        raise ValueError(text)
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_refuse, parse_constant=_refuse
)
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


def milliseconds(text: object) -> int:
    """Milliseconds since 1970 of ``2026-01-02T03:04:05.678Z``; raises ``ValueError``."""
    match = _TIME.match(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("time")
    year, month, day, hour, minute, second, milli = (int(part) for part in match.groups())
    moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    return int(moment.timestamp()) * 1000 + milli


def rfc3339(moment: int) -> str:
    """Milliseconds since 1970 as text."""
    second, milli = divmod(moment, 1000)
    text = datetime.fromtimestamp(second, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{milli:03d}Z"


def members_of(value: object) -> Mapping[str, object]:
    """A JSON object's members; raises ``ValueError`` for anything else."""
    if not isinstance(value, dict):
        raise ValueError("object")  # noqa: TRY004 what is outside is malformed, not mistyped
    return value


def text_of(value: object) -> str:
    """A JSON string; raises ``ValueError`` for anything else."""
    if not isinstance(value, str):
        raise ValueError("string")  # noqa: TRY004 the same
    return value


def number_of(value: object) -> int:
    """A JSON integer; raises ``ValueError`` for anything else, also true and false."""
    if type(value) is not int:
        raise ValueError("integer")
    return value


def list_of(value: object) -> Sequence[object]:
    """A JSON array; raises ``ValueError`` for anything else."""
    if not isinstance(value, list):
        raise ValueError("array")  # noqa: TRY004 the same
    return value


def read_file(path: Path, limit: int) -> bytes:
    """A file of at most ``limit`` bytes; raises ``Unusable``."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Unusable("file", file=str(path)) from error
    if len(data) > limit:
        raise Unusable("file", file=str(path))
    return data


# === 3  The tree (RFC 6962 §2.1; verification as RFC 9162 §2.1.3.2 and §2.1.4.2 write it) =========

HASH = 32
EMPTY_ROOT = sha256(b"")
Read = Callable[[int, int], bytes]
"""``read(level, index)``: the hash over 1 << ``level`` leaves, from ``index << level`` on."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ``Broken`` unless ``leaf``, a hash, stands at ``index`` of the tree of ``size``."""
    if not 0 <= index < size or any(len(one) != HASH for one in (leaf, root, *proof)):
        raise Broken("inclusion")
    node, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Broken("inclusion")
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or result != root:
        raise Broken("inclusion")


def verify_range(
    leaves: Sequence[bytes], first: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise unless the leaf hashes stand behind one another from ``first`` on.

    ``proof`` holds, from left to right, the largest subtrees (RFC 6962 §2.1) without any of them.
    """
    last = first + len(leaves) - 1
    if not leaves or not 0 <= first <= last < size:
        raise Broken("inclusion")
    left = iter(proof)

    def subtree(begin: int, end: int) -> bytes:
        if end <= first or begin > last:
            return next(left, b"")
        if end - begin == 1:
            return leaves[begin - first]
        middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
        return node_hash(subtree(begin, middle), subtree(middle, end))

    found = subtree(0, size)
    if found != root or next(left, None) is not None or any(len(one) != HASH for one in proof):
        raise Broken("inclusion")


def verify_consistency(  # noqa: C901 one algorithm of the RFC, in its order
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Raise ``Broken`` unless the tree of ``size2`` begins with the tree of ``size1``."""
    if not 0 < size1 <= size2:
        raise Broken("consistency")
    if size1 == size2:
        if proof or root1 != root2:
            raise Broken("consistency")
        return
    path = list(proof)
    if size1 & (size1 - 1) == 0:  # a power of two is itself a node of the newer tree
        path.insert(0, root1)
    if not path or any(len(one) != HASH for one in (root1, root2, *path)):
        raise Broken("consistency")
    node, last = size1 - 1, size2 - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    older = newer = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Broken("consistency")
        if node & 1 or node == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            newer = node_hash(newer, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or older != root1 or newer != root2:
        raise Broken("consistency")


def range_root(begin: int, end: int, read: Read) -> bytes:
    """MTH(D[begin:end]) of RFC 6962 §2.1, for a range that some tree has as a node."""
    parts = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        parts.append(read(level, begin >> level))
        begin += 1 << level
    result = parts.pop()
    while parts:
        result = node_hash(parts.pop(), result)
    return result


def consistency_proof(size1: int, size2: int, read: Read) -> list[bytes]:
    """PROOF(size1, D[size2]) of RFC 6962 §2.1.2, for 0 < size1 <= size2."""
    path: list[bytes] = []
    begin, end = 0, size2
    while end != size1:
        middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
        if size1 <= middle:
            path.append(range_root(middle, end, read))
            end = middle
        else:
            path.append(range_root(begin, middle, read))
            begin = middle
    if begin:
        path.append(range_root(begin, end, read))
    path.reverse()
    return path


class Edge:
    """The growing edge of a tree: the hashes of its perfect subtrees, the largest first."""

    def __init__(self) -> None:
        self._nodes: list[tuple[int, bytes]] = []

    def add(self, level: int, node: bytes) -> None:
        """Add the next perfect subtree of 1 << ``level`` leaves; the size must be a multiple."""
        while self._nodes and self._nodes[-1][0] == level:
            node = node_hash(self._nodes.pop()[1], node)
            level += 1
        self._nodes.append((level, node))

    def copy(self) -> Edge:
        """Another edge of the same leaves."""
        other = Edge()
        other._nodes = list(self._nodes)
        return other

    def root(self) -> bytes:
        """The root over all leaves."""
        if not self._nodes:
            return EMPTY_ROOT
        result = self._nodes[-1][1]
        for _, node in reversed(self._nodes[:-1]):
            result = node_hash(node, result)
        return result


def perfect_root(nodes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    while len(nodes) > 1:
        nodes = [node_hash(nodes[i], nodes[i + 1]) for i in range(0, len(nodes), 2)]
    return nodes[0]


# === 4  Notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof) ===================

LOG_KEY, WITNESS_KEY = 0x01, 0x04
MAX_NOTE = 128 * 1024
MAX_SIGNATURES = 100
_DASH = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIZE = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_VKEY = re.compile(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)\Z", re.ASCII)
_BODY_LINES = 3
_KEY_ID = 4
_TIMESTAMP = 8
_PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_PROOF = 64

# The points of small order of Curve25519's Edwards form: under such a key nearly every message has
# a signature that anybody can make, and OpenSSL takes them.
_P = 2**255 - 19
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = {
    y.to_bytes(HASH, "little") for y in (0, 1, _P - 1, _P, _P + 1, _ORDER_8, _P - _ORDER_8)
}


class Key(NamedTuple):
    """A verifier key: its name, its four bytes of id, and the key."""

    name: str
    identifier: bytes
    raw: bytes

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Whether an Ed25519 signature holds."""
        return _ed25519_holds(self.raw, signature, data)


def log_key(name: str, raw: bytes) -> Key:
    """The key of a log of that name (signed-note, «Signatures»)."""
    identifier = sha256(name.encode() + b"\n" + bytes([LOG_KEY]) + raw)[:_KEY_ID]
    return Key(name, identifier, raw)


class Policy(NamedTuple):
    """Whom the auditor believes: keys of the log, and ``quorum`` of the witnesses."""

    logs: tuple[Key, ...]
    witnesses: tuple[Key, ...] = ()
    quorum: int = 0


class Head(NamedTuple):
    """A checkpoint whose signature holds; ``cosigners`` are witnesses with their time (seconds)."""

    label: str
    origin: str
    size: int
    root: bytes
    cosigners: tuple[tuple[str, int], ...]


def read_vkey(text: str, kind: int) -> Key:
    """A verifier key of one type; raises ``Unusable``."""
    try:
        match = _VKEY.match(text)
        if match is None:
            raise ValueError(text)
        name, identifier, encoded = match.groups()
        data = unb64(encoded)
        if len(data) != 1 + HASH or data[0] != kind or _is_weak(data[1:]):
            raise ValueError(text)
        if sha256(name.encode() + b"\n" + data)[:_KEY_ID].hex() != identifier:
            raise ValueError(text)
    except ValueError as error:
        raise Unusable("vkey", vkey=text) from error
    return Key(name, bytes.fromhex(identifier), data[1:])


def make_policy(
    logs: Sequence[str], witnesses: Sequence[str] = (), quorum: int | None = None
) -> Policy:
    """The policy of a command line; raises ``Unusable`` for one that could never be met."""
    log_keys = tuple(read_vkey(text, LOG_KEY) for text in logs)
    witness_keys = tuple(read_vkey(text, WITNESS_KEY) for text in witnesses)
    # A cosignature does not sign its signer's name: one key under two names would count twice.
    count = len(witness_keys)
    if len({key.raw for key in witness_keys}) < count:
        raise Unusable("witness-twice")
    if len({key.name for key in witness_keys}) < count:
        raise Unusable("witness-twice")
    if quorum is not None and not 1 <= quorum <= count:
        raise Unusable("quorum-number", witnesses=count)
    wanted = count if quorum is None else quorum
    return believe(Policy((), witness_keys, wanted), log_keys)


def believe(policy: Policy, keys: Iterable[Key]) -> Policy:
    """The same policy with more keys of the log; raises ``Unusable`` if a witness has one."""
    logs = (*policy.logs, *keys)
    own = {key.raw for key in logs}
    for key in policy.witnesses:
        if key.raw in own:
            raise Unusable("witness-is-log", name=key.name)
    return policy._replace(logs=logs)


def open_note(data: bytes, label: str, policy: Policy) -> Head:
    """The checkpoint of a signed note; raises ``Broken``.

    Signatures of unknown keys are skipped, and one of a known key that fails spoils the note, as
    signed-note demands. Whether there are enough cosignatures is ``require_quorum``'s to say.
    """
    # 1 The form: UTF-8, no control characters, text, empty line, signature lines.
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Broken("note-form", note=label, what="UTF-8") from error
    head, separator, tail = text.rpartition("\n\n")
    if len(data) > MAX_NOTE or _CONTROL.search(text) or not separator or not tail.endswith("\n"):
        raise Broken("note-form", note=label, what="form")
    body, lines = (head + "\n").encode(), tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Broken("note-form", note=label, what="signatures")
    signatures = [_signature_line(line, label) for line in lines]
    # 2 The signatures, before anything in the text is believed.
    signers = _signers(signatures, body, label, policy)
    cosigners = _cosigners(signatures, body, label, policy)
    # 3 The text: origin, size, root. Extension lines are refused, nobody could check them.
    parts = head.split("\n")
    try:
        origin, size, root = parts[0], int(parts[1]), unb64(parts[2])
    except (IndexError, ValueError) as error:
        raise Broken("note-form", note=label, what="text") from error
    if len(parts) != _BODY_LINES or not origin or not _SIZE.match(parts[1]) or len(root) != HASH:
        raise Broken("note-form", note=label, what="text")
    if origin not in signers:
        raise Broken("note-origin", note=label, origin=origin, name=", ".join(sorted(signers)))
    if size == 0:
        raise Broken("note-empty", note=label)
    return Head(label, origin, size, root, cosigners)


def require_quorum(head: Head, policy: Policy) -> None:
    """Raise ``Broken`` unless enough of the witnesses have cosigned."""
    if len(head.cosigners) < policy.quorum:
        raise Broken("quorum", note=head.label, quorum=policy.quorum, count=len(head.cosigners))


def read_proof(data: bytes, file: str) -> tuple[int, list[bytes], bytes]:
    """Index, hashes and checkpoint of a ``.tlog-proof``; raises ``Unusable``."""
    try:
        head, separator, note = data.partition(b"\n\n")
        lines = head.decode("utf-8").split("\n")
        if not separator or lines.pop(0) != _PROOF_HEADER:
            raise ValueError(file)
        if lines[0].startswith("extra "):
            unb64(lines.pop(0)[len("extra ") :])  # not signed by anybody, so not used
        word, _, index = lines.pop(0).partition(" ")
        proof = [unb64(line) for line in lines]
        if word != "index" or not _SIZE.match(index) or len(proof) > _MAX_PROOF:
            raise ValueError(file)
    except (ValueError, IndexError) as error:
        raise Unusable("proof-file", file=file) from error
    return int(index), proof, note


def _signature_line(line: str, label: str) -> tuple[str, bytes, bytes]:
    """Key name, key id and signature."""
    name, space, encoded = line[len(_DASH) :].partition(" ")
    try:
        data = unb64(encoded)
    except ValueError as error:
        raise Broken("note-form", note=label, what="signature") from error
    named = name and "+" not in name and not any(character.isspace() for character in name)
    if not line.startswith(_DASH) or not space or not named or len(data) <= _KEY_ID:
        raise Broken("note-form", note=label, what="signature")
    return name, data[:_KEY_ID], data[_KEY_ID:]


def _signers(
    signatures: Iterable[tuple[str, bytes, bytes]], body: bytes, label: str, policy: Policy
) -> set[str]:
    """The names of the log's keys that signed."""
    known = {(key.name, key.identifier): key for key in policy.logs}
    signers = set()
    for name, identifier, signature in signatures:
        key = known.get((name, identifier))
        if key is None:
            continue
        if not key.verify(signature, body):
            raise Broken("note-signature", note=label, name=name)
        signers.add(name)
    if not signers:
        raise Broken("note-unsigned", note=label)
    return signers


def _cosigners(
    signatures: Iterable[tuple[str, bytes, bytes]], body: bytes, label: str, policy: Policy
) -> tuple[tuple[str, int], ...]:
    """The witnesses that cosigned, each key once (tlog-cosignature, «Ed25519 signed message»)."""
    known = {(key.name, key.identifier): key for key in policy.witnesses}
    found: dict[bytes, tuple[str, int]] = {}
    for name, identifier, signature in signatures:
        key = known.get((name, identifier))
        if key is None:
            continue
        moment = int.from_bytes(signature[:_TIMESTAMP], "big")
        message = b"cosignature/v1\ntime " + str(moment).encode() + b"\n" + body
        if not 0 < moment < 2**63 or not key.verify(signature[_TIMESTAMP:], message):
            raise Broken("cosignature", note=label, name=name)
        found[key.raw] = (name, moment)
    return tuple(found.values())


def _is_weak(raw: bytes) -> bool:
    return raw[:-1] + bytes([raw[-1] & 0x7F]) in _SMALL_ORDER


def _ed25519_holds(raw: bytes, signature: bytes, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


# === 5  Certificates ==============================================================================

_OUR_ARC = "2.25."
_LIBRARY = 44
_UNDERSTOOD = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectAlternativeName,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
)
_LABEL = r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?"
_USES = {
    "checkpoint": (
        "2.25.299012951887247390653087403130199921728",
        re.compile(rf"urn:yifen:hub:{_LABEL}:checkpoint\Z", re.ASCII),
    ),
    "connector": (
        "2.25.40120568631223525522045978170969827491",
        re.compile(rf"urn:yifen:connector:{_LABEL}:{_LABEL}:{_LABEL}\Z", re.ASCII),
    ),
    "receipt": (
        "2.25.56005305979581881145002630015398531936",
        re.compile(rf"urn:yifen:receipt:{_LABEL}\Z", re.ASCII),
    ),
}
"""Each use of a leaf: its extended key usage, and the form of the name that goes with it.

The usages are our own, under the arc of UUIDs, which needs no registration (ITU-T X.667)."""


def require_library() -> None:
    """Raise ``Unusable`` if ``cryptography`` is too old for certificates.

    Before version 44 it could not read the long arcs of our object identifiers.
    """
    if int(cryptography.__version__.partition(".")[0]) < _LIBRARY:
        raise Unusable("library", version=cryptography.__version__, needed=_LIBRARY)


def load_certificate(data: bytes, who: str) -> x509.Certificate:
    """A certificate, PEM or DER; raises ``Broken``."""
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            certificate = x509.load_pem_x509_certificate(data)
        else:
            certificate = x509.load_der_x509_certificate(data)
        # The library reads late: what cannot be read shall fail here.
        extensions = list(certificate.extensions)
        version = certificate.version
        _ = certificate.public_key(), certificate.issuer, certificate.subject
    except (
        ValueError,
        TypeError,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
    ) as error:
        raise Broken("certificate-form", who=who) from error
    if version is not x509.Version.v3:
        raise Broken("certificate-profile", who=who, what="version")
    # Whoever does not understand a critical extension must refuse it (RFC 5280 §4.2).
    known = {kind.oid for kind in _UNDERSTOOD}
    if any(one.critical and one.oid not in known for one in extensions):
        raise Broken("certificate-profile", who=who, what="critical extension")
    return certificate


def verify_chain(
    leaf: x509.Certificate,
    issuing: x509.Certificate,
    root: x509.Certificate,
    *,
    moment: int,
    usage: str,
    who: str,
) -> str:
    """The URN of a leaf that leads to the root and held for ``usage`` at ``moment`` (ms)."""
    # 1 The authorities are authorities.
    _check_authority(root, "root", below=1)
    _check_authority(issuing, "issuing authority", below=0)
    # 2 Names and signatures, from the root down.
    for certificate, name, by, by_name in (
        (root, "root", root, "root"),
        (issuing, "issuing authority", root, "root"),
        (leaf, who, issuing, "issuing authority"),
    ):
        if not _is_issued(certificate, by):
            raise Broken("certificate-chain", who=name, by=by_name)
    # 3 The leaf is one, for this use alone, with one name of this hub.
    urn = _leaf_urn(leaf, usage, who)
    if urn.split(":")[3] != _hub_of(issuing):
        raise Broken("certificate-profile", who=who, what="hub")
    # 4 All three held at that time.
    for certificate, name in ((leaf, who), (issuing, "issuing authority"), (root, "root")):
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not begin.timestamp() * 1000 <= moment <= end.timestamp() * 1000:
            raise Broken("certificate-time", who=name, time=rfc3339(moment))
    return urn


def checkpoint_key(
    chain: Sequence[bytes], root: x509.Certificate, hub: str, moment: int = 0
) -> bytes:
    """The raw key of checkpoints of a certificate that leads to the root, at ``moment`` or later.

    A log outlives its keys: whoever pinned the root believes the keys that follow one another.
    """
    who = "checkpoint key"
    leaf, issuing = (load_certificate(der, who) for der in chain)
    begin = int(leaf.not_valid_before_utc.timestamp()) * 1000
    urn = verify_chain(leaf, issuing, root, moment=max(begin, moment), usage="checkpoint", who=who)
    key = leaf.public_key()
    if urn != f"urn:yifen:hub:{hub}:checkpoint" or not isinstance(key, Ed25519PublicKey):
        raise Broken("certificate-profile", who=who, what="name, key")
    return key.public_bytes_raw()


def signature_holds(certificate: x509.Certificate, signature: bytes, data: bytes) -> bool:
    """Whether a signature of 64 bytes is by the certificate's key: P-256 (r ‖ s) or Ed25519."""
    key = certificate.public_key()
    if len(signature) != 2 * HASH:
        return False
    if isinstance(key, Ed25519PublicKey):
        raw = key.public_bytes_raw()
        return not _is_weak(raw) and _ed25519_holds(raw, signature, data)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return False
    r, s = (int.from_bytes(signature[i : i + HASH], "big") for i in (0, HASH))
    try:
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _check_authority(certificate: x509.Certificate, who: str, *, below: int) -> None:
    constraints = _extension(certificate, x509.BasicConstraints)
    key_usage = _extension(certificate, x509.KeyUsage)
    if not isinstance(constraints, x509.BasicConstraints) or not constraints.ca:
        raise Broken("certificate-profile", who=who, what="no authority")
    if constraints.path_length is not None and constraints.path_length < below:
        raise Broken("certificate-profile", who=who, what="path length")
    if not isinstance(key_usage, x509.KeyUsage) or not key_usage.key_cert_sign:
        raise Broken("certificate-profile", who=who, what="key usage")


def _is_issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    key = by.public_key()
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return False
    if certificate.issuer != by.subject:
        return False
    try:
        key.verify(
            certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256())
        )
    except InvalidSignature:
        return False
    return True


def _leaf_urn(leaf: x509.Certificate, usage: str, who: str) -> str:
    constraints = _extension(leaf, x509.BasicConstraints)
    key_usage = _extension(leaf, x509.KeyUsage)
    extended = _extension(leaf, x509.ExtendedKeyUsage)
    names = _extension(leaf, x509.SubjectAlternativeName)
    if isinstance(constraints, x509.BasicConstraints) and constraints.ca:
        raise Broken("certificate-usage", who=who, usage=usage)
    if (
        not isinstance(key_usage, x509.KeyUsage)
        or not key_usage.digital_signature
        or key_usage.key_cert_sign
        or key_usage.crl_sign
    ):
        raise Broken("certificate-usage", who=who, usage=usage)
    uses = extended if isinstance(extended, x509.ExtendedKeyUsage) else ()
    wanted, form = _USES[usage]
    if {oid.dotted_string for oid in uses if oid.dotted_string.startswith(_OUR_ARC)} != {wanted}:
        raise Broken("certificate-usage", who=who, usage=usage)
    found = list(names) if isinstance(names, x509.SubjectAlternativeName) else []
    if len(found) != 1 or not isinstance(found[0], x509.UniformResourceIdentifier):
        raise Broken("certificate-profile", who=who, what="name")
    urn: str = found[0].value
    if not form.match(urn):
        raise Broken("certificate-profile", who=who, what="name")
    return urn


def _hub_of(authority: x509.Certificate) -> str:
    names = authority.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def _extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> object:
    try:
        found: object = certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    return found


# === 6  Leaves ====================================================================================

_DIGEST = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"  # 32 bytes have no other last characters
_LEAF = re.compile(
    rf'{{"control":"({_DIGEST})","internal":"{_DIGEST}","kind":"([a-z][a-z0-9-]{{0,63}})",'
    rf'"person":"({_DIGEST})","time":"([0-9TZ:.-]{{24}})","v":1}}\Z',
    re.ASCII,
)


class Leaf(NamedTuple):
    """A leaf: its kind, its time (ms), and the digests of the parts that are looked at here."""

    kind: str
    time: int
    control: str
    person: str


def read_leaf(data: bytes) -> Leaf:
    """Read a leaf's bytes, which are canonical JSON in one form only; raises ``ValueError``."""
    match = _LEAF.match(data.decode("ascii"))
    if match is None:
        raise ValueError("leaf")
    control, kind, person, moment = match.groups()
    return Leaf(kind, milliseconds(moment), control, person)


def part_digest(name: str, salt: bytes, part: bytes) -> str:
    """H("yifen/v1/" ‖ name ‖ 0x00 ‖ salt ‖ canonical part), base64url."""
    return b64u(sha256(b"yifen/v1/" + name.encode() + b"\x00" + salt + part))


def binds(digest: str, name: str, salt: object, part: object) -> bool:
    """Whether a part with its salt (base64url of 32 bytes) gives the digest."""
    try:
        raw = unb64u(text_of(salt))
        return len(raw) == HASH and part_digest(name, raw, canonical(part)) == digest
    except ValueError:
        return False


# === 7  A receipt =================================================================================

SKEW = 60_000
"""Milliseconds that a connector's clock may be off the hub's."""
OUTCOMES = ("answered", "empty", "refused", "malformed", "busy")
ANSWERED = ("answered", "empty")
MAX_EVIDENCE = 8 << 20
BATCH, FEED, JOINT, CASE = "batch", "feed", "joint", "case"
OPEN_CASES = "open-cases"
"""A request with many entries, one behind the other: for each subject, change or question.

Of a case a bundle holds one round of its questions, under a receipt of its own."""
MANY, MANY_VERSION = (BATCH, FEED, JOINT, CASE), 3
MOST_ROUNDS = 1000
MAX_ANSWER = 1 << 26
_NOBODY = {"case": None, "officer": None, "subject": None}
_PARAMETER = re.compile(r';([a-z][a-z0-9_*.-]*)=(?:(-?[0-9]{1,15})|"([^"]*)")', re.ASCII)
_CASE = re.compile(r"C-[0-9a-f]{16}/(?:supplement|review|conclude)\Z|\Z", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,10}\Z", re.ASCII)
_REQUIRED = ('"@method"', '"@target-uri"', '"content-digest"', '"content-type"')


class Bundle(NamedTuple):
    """An evidence file, read; nothing in it is believed yet."""

    hub: str
    connector: str
    entry: int
    dataset: str
    operation: str
    question: bytes
    base: bytes
    signature: bytes
    certificate: bytes
    receipt: str
    receipt_certificate: bytes
    issuing: bytes
    root: bytes | None
    openings: Sequence[Mapping[str, object]]
    """One, or all of a request in the order of its subjects or parts."""
    note: bytes | None
    proof: list[bytes]
    chain: list[bytes]
    """Certificates of the key that signed the checkpoint; none in older files."""
    round: int
    """Of a case: which round of the questions that its request stands for; else 0."""


class Claims(NamedTuple):
    """What a receipt says; ``issued`` in seconds, ``body`` None for one that was fetched again."""

    issuer: str
    audience: str
    issued: int
    request: str
    body: str | None
    origin: str
    first: int
    entries: int
    leaves: str


def read_bundle(data: bytes, file: str) -> Bundle:
    """Read an evidence file; raises ``Unusable``."""
    member = "JSON"
    try:
        value = members_of(read_json(data))
        member = "v"
        version, several = number_of(value["v"]), value.get("operation") in MANY
        if version not in ((MANY_VERSION,) if several else (1, 2)):
            raise ValueError(member)
        member = "round"
        number = number_of(value[member]) if value.get("operation") == CASE else 0
        if not 0 <= number <= MOST_ROUNDS:
            raise ValueError(member)
        member = "request"
        request = members_of(value[member])
        base, signature, certificate = (
            unb64u(text_of(request[name])) for name in ("base", "signature", "certificate")
        )
        member = "receipt_chain"
        receipt_certificate, issuing = (unb64u(text_of(one)) for one in list_of(value[member]))
        member = "proof"
        proof = None if value[member] is None else members_of(value[member])
        note = None if proof is None else text_of(proof["checkpoint"]).encode()
        path = [] if proof is None else [unb64u(text_of(one)) for one in list_of(proof["hashes"])]
        chain = [] if proof is None else list_of(proof.get("chain") or [])
        if len(chain) not in (0, 2):
            raise ValueError(member)
        member = "root"
        root = value.get(member)
        member = "openings" if several else "opening"
        given = list_of(value[member]) if several else [value[member]]
        openings = [members_of(one) for one in given]
        if not openings:
            raise ValueError(member)
        member = "hub, connector, entry, dataset, operation, question, receipt"
        return Bundle(
            hub=text_of(value["hub"]),
            connector=text_of(value["connector"]),
            entry=number_of(value["entry"]),
            dataset=text_of(value["dataset"]),
            operation=text_of(value["operation"]),
            question=text_of(value["question"]).encode(),
            base=base,
            signature=signature,
            certificate=certificate,
            receipt=text_of(value["receipt"]),
            receipt_certificate=receipt_certificate,
            issuing=issuing,
            root=None if root is None else text_of(root).encode(),
            openings=openings,
            note=note,
            proof=path,
            chain=[unb64u(text_of(one)) for one in chain],
            round=number,
        )
    except (ValueError, KeyError) as error:
        raise Unusable("bundle", file=file, member=member) from error


def verify_receipt(
    bundle: Bundle,
    fingerprint: bytes,
    policy: Policy,
    report: Report,
    *,
    answer: bytes | None = None,
    proof: tuple[int, list[bytes], bytes] | None = None,
) -> None:
    """Verify an evidence file, step by step; the first step that fails raises ``Broken``."""
    # 1 The root is the one that was pinned.
    require_library()
    if bundle.root is None:
        raise Broken("no-root")
    root = load_certificate(bundle.root, "root")
    if sha256(root.public_bytes(Encoding.DER)) != fingerprint:
        raise Broken("root")
    # 2 The receipt's key led to that root, for receipts, when it signed; and it signed this.
    issuing = load_certificate(bundle.issuing, "issuing authority")
    claims = _open_receipt(bundle, issuing, root)
    # 3 The receipt is this hub's, for this connector.
    for claim, found, wanted in (
        ("iss", claims.issuer, bundle.hub),
        ("aud", claims.audience, bundle.connector),
        ("first", claims.first, bundle.entry),
        ("count", claims.entries, len(bundle.openings)),
    ):
        if found != wanted:
            raise Broken("receipt-party", claim=claim, found=found)
    issued = claims.issued * 1000
    report.good(
        "receipt-good",
        issued=rfc3339(issued),
        connector=claims.audience,
        request=claims.request,
    )
    # 4 The entries are those promised: leaves, made of their parts, give the receipt's hash.
    entries = _open_entries(bundle, claims)
    moment = entries[0].leaf.time
    # 5 The receipt is about a request that this connector signed, and that carried this question.
    created = _check_request(bundle, claims, issuing, root, moment)
    report.good("question-good", dataset=bundle.dataset, operation=bundle.operation)
    # 6 Their control parts tell of this request; their person parts are the question's, in order.
    _check_stories(entries, bundle, claims)
    # 7 They were made after the request was signed and before the receipt was.
    _check_times(entries, created, issued)
    _tell_entries(entries, bundle, claims, report)
    report.remark("certificate-standing")
    # 8 The answer, if it is there, is the one that receipt and entry bind.
    if answer is None:
        report.remark("answer-not-given")
    else:
        _check_answer(answer, claims, entries)
        report.good("answer-good")
    # 9 The entry is in the log: proof, checkpoint, witnesses. Its key is one of those given, or led
    #   to the root at that time or later.
    if bundle.chain and bundle.note is not None:
        raw = checkpoint_key(bundle.chain, root, bundle.hub, moment)
        origin = bundle.note.partition(b"\n")[0].decode("utf-8", "replace")
        if origin.startswith(f"{bundle.hub}/ledger/"):
            policy = believe(policy, [log_key(origin, raw)])
    _check_inclusion(bundle, claims, [one.hashed for one in entries], policy, report, proof)


def _open_receipt(bundle: Bundle, issuing: x509.Certificate, root: x509.Certificate) -> Claims:
    """What the receipt says, if it is signed as it must be (RFC 7515, ES256)."""
    certificate = load_certificate(bundle.receipt_certificate, "receipt key")
    parts = bundle.receipt.split(".")
    what = "JWS"
    try:
        encoded_header, encoded_claims, encoded_signature = parts
        what = "header"
        header = members_of(read_json(unb64u(encoded_header)))
        what = "claims"
        told = members_of(read_json(unb64u(encoded_claims)))
        signature = unb64u(encoded_signature)
        body = told.get("B")
        claims = Claims(
            issuer=text_of(told["iss"]),
            audience=text_of(told["aud"]),
            issued=number_of(told["iat"]),
            request=text_of(told["R"]),
            body=None if body is None else text_of(body),
            origin=text_of(told["origin"]),
            first=number_of(told["first"]),
            entries=number_of(told["count"]),
            leaves=text_of(told["leaves"]),
        )
        if not _SECONDS.match(str(claims.issued)):
            raise ValueError(what)
    except (ValueError, KeyError) as error:
        raise Broken("receipt-form", what=what) from error
    # Algorithm and type are fixed: nothing in the header chooses how it is verified.
    if header != {"alg": "ES256", "kid": _thumbprint(certificate), "typ": "hub-receipt+jwt"}:
        raise Broken("receipt-form", what="header")
    if not signature_holds(certificate, signature, ".".join(parts[:2]).encode()):
        raise Broken("receipt-signature")
    urn = verify_chain(
        certificate, issuing, root, moment=claims.issued * 1000, usage="receipt", who="receipt key"
    )
    if urn != f"urn:yifen:receipt:{bundle.hub}":
        raise Broken("receipt-party", claim="kid", found=urn)
    return claims


def _thumbprint(certificate: x509.Certificate) -> str:
    """The RFC 7638 thumbprint of a P-256 key; empty for others, which sign no receipts."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return ""
    x, y = (
        b64u(number.to_bytes(HASH, "big"))
        for number in (key.public_numbers().x, key.public_numbers().y)
    )
    return b64u(sha256(canonical({"crv": "P-256", "kty": "EC", "x": x, "y": y})))


def _check_request(
    bundle: Bundle,
    claims: Claims,
    issuing: x509.Certificate,
    root: x509.Certificate,
    moment: int,
) -> int:
    """When the request was signed (ms), if it is the receipt's and carried the question.

    The connector's certificate held when the entry was made, at ``moment``: a receipt that was
    fetched again may be much younger.
    """
    # R = H(len ‖ signature base ‖ len ‖ signature), lengths of 8 bytes.
    length = len(bundle.base).to_bytes(8, "big"), len(bundle.signature).to_bytes(8, "big")
    request = sha256(length[0] + bundle.base + length[1] + bundle.signature)
    if bundle.round:  # R_n = H("yifen/v1/round" ‖ 0x00 ‖ R ‖ n as 8 bytes)
        request = sha256(b"yifen/v1/round\x00" + request + bundle.round.to_bytes(8, "big"))
    if b64u(request) != claims.request:
        raise Broken("request-digest")
    certificate = load_certificate(bundle.certificate, "connector")
    urn = verify_chain(
        certificate, issuing, root, moment=moment, usage="connector", who="connector"
    )
    if urn != bundle.connector:
        raise Broken("receipt-party", claim="aud", found=urn)
    if not signature_holds(certificate, bundle.signature, bundle.base):
        raise Broken("request-signature")
    values, parameters = _signature_base(bundle.base)
    if parameters.get("tag") != "yifen" or parameters.get("keyid") != b64u(
        sha256(bundle.certificate)
    ):
        raise Broken("request-form", what="tag, keyid")
    # What it carried, and where to: the address of a hub may change, what stands after it may not.
    path = re.escape(_path(bundle))
    if not re.fullmatch(rf"https?://[^/?#\s]+{path}", values['"@target-uri"']):
        raise Broken("request-form", what="@target-uri")
    digest = base64.b64encode(sha256(bundle.question)).decode("ascii")
    if values['"content-digest"'] != f"sha-256=:{digest}:":
        raise Broken("question")
    created = parameters.get("created", "")
    if not _SECONDS.match(created):
        raise Broken("request-form", what="created")
    return int(created) * 1000


def _path(bundle: Bundle) -> str:
    """Where a request of this kind is sent."""
    if bundle.operation == JOINT and bundle.dataset:
        raise Broken("request-form", what="dataset")  # each part has its own
    if bundle.operation == CASE and not _CASE.match(bundle.dataset):
        raise Broken("request-form", what="dataset")  # an opening has none, an act its case
    if bundle.operation == JOINT:
        return "/v1/joint"
    if bundle.operation == CASE:
        return f"/v1/cases/{bundle.dataset}" if bundle.dataset else "/v1/cases"
    return f"/v1/datasets/{bundle.dataset}/{bundle.operation}"


def _signature_base(base: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Covered components and parameters of a signature base (RFC 9421 §2.5).

    It has one line for each covered component, and the list of them with the parameters at last.
    """
    lines = [line.partition(": ")[::2] for line in base.decode("ascii", "replace").split("\n")]
    name, text = lines.pop()
    names = [line[0] for line in lines]
    covered, _, rest = text.partition(")")
    if name != '"@signature-params"' or covered != "(" + " ".join(names):
        raise Broken("request-form", what="@signature-params")
    values = dict(lines)
    if len(values) != len(names) or values.get('"@method"') != "POST":
        raise Broken("request-form", what="@method")
    for component in _REQUIRED:
        if component not in values:
            raise Broken("request-form", what=component)
    return values, {match[1]: match[2] or match[3] for match in _PARAMETER.finditer(rest)}


class Entry(NamedTuple):
    """An entry that its parts make."""

    leaf: Leaf
    hashed: bytes
    control: Mapping[str, object]
    person_salt: object


def _open_entries(bundle: Bundle, claims: Claims) -> list[Entry]:
    """The entries, if they are what the receipt promises."""
    entries = []
    for opening in bundle.openings:
        try:
            data = canonical(opening["leaf"])
            leaf = read_leaf(data)
            control = members_of(opening["control"])
        except (ValueError, KeyError) as error:
            raise Broken("leaf-form") from error
        entries.append(Entry(leaf, leaf_hash(data), control, opening.get("person_salt")))
    if b64u(sha256(b"".join(one.hashed for one in entries))) != claims.leaves:
        raise Broken("leaves")
    for one, opening in zip(entries, bundle.openings):
        if not binds(one.leaf.control, "control", opening.get("control_salt"), one.control):
            raise Broken("control")
    return entries


def _check_times(entries: Sequence[Entry], created: int, issued: int) -> None:
    for one in entries:
        if not created - SKEW <= one.leaf.time <= issued + 1000:  # a receipt has whole seconds
            told = rfc3339(one.leaf.time)
            raise Broken("times", created=rfc3339(created), entry=told, issued=rfc3339(issued))


def _tell_entries(entries: Sequence[Entry], bundle: Bundle, claims: Claims, report: Report) -> None:
    moment = rfc3339(entries[0].leaf.time)
    if bundle.operation not in MANY:
        outcome = entries[0].control["outcome"]
        report.good("entry-good", entry=claims.first, time=moment, outcome=outcome)
        return
    outcomes = Counter(str(one.control["outcome"]) for one in entries)
    report.good(
        "entries-good",
        first=claims.first,
        last=claims.first + len(entries) - 1,
        time=moment,
        outcomes=", ".join(f"{name} {count}" for name, count in sorted(outcomes.items())),
    )


class Story(NamedTuple):
    """What an entry must tell of the question: kind, local dataset, purpose, and person part.

    ``delegation`` is the one under which it was asked, None where it was asked under none.
    """

    kind: object
    dataset: object
    purpose: object
    person: Mapping[str, object]
    delegation: object


def _stories(bundle: Bundle) -> list[Story]:
    """One for each entry, in order; they are built from the question, and from nothing else."""
    try:
        question = members_of(read_json(bundle.question))
        if bundle.operation == JOINT:
            parts = [members_of(one) for one in list_of(question["parts"])]
            return [
                Story(
                    one.get("operation"),
                    one.get("dataset"),
                    one.get("purpose"),
                    {
                        "case": one.get("case"),
                        "officer": question.get("officer"),
                        "subject": one.get("subject"),
                    },
                    one.get("delegation"),
                )
                for one in parts
            ]
        if bundle.operation == CASE:
            return list(_case_stories(question, bundle))
        kind, dataset, purpose = bundle.operation, bundle.dataset, question.get("purpose")
        delegation = question.get("delegation")
        if bundle.operation == FEED:
            told = _persons_told(question, bundle)
            return [Story(kind, dataset, purpose, person, None) for person in told]
        if bundle.operation != BATCH:
            person = {name: question.get(name) for name in _NOBODY}
            return [Story(kind, dataset, purpose, person, delegation)]
        subjects = [members_of(one) for one in list_of(question["subjects"])]
    except (ValueError, KeyError) as error:
        raise Broken("question") from error
    return [
        Story(
            "lookup",
            dataset,
            purpose,
            {
                "case": one.get("case"),
                "officer": question.get("officer"),
                "subject": {"id": one.get("id"), "type": one.get("type")},
            },
            delegation,
        )
        for one in subjects
    ]


def _case_stories(question: Mapping[str, object], bundle: Bundle) -> Iterator[Story]:
    """What the entries of a case's round must tell; rules have chosen the datasets they are of.

    An opening names the parties, the case's number and the purpose. An act names the officer alone:
    whom its entries are about the file says, and each entry's person part must be made of that.
    """
    opening = not bundle.dataset
    parties = members_of(question["parties"]).values() if opening else ()
    for one in bundle.openings:
        leaf, control = members_of(one["leaf"]), members_of(one["control"])
        kind, subject, case = leaf.get("kind"), members_of(one.get("subject")), one.get("case")
        if kind not in ("lookup", "verify"):
            raise Broken("control-says", member="kind", found=kind)
        if opening and (subject not in parties or case != question.get("case")):
            raise Broken("person")
        person = {"case": case, "officer": question.get("officer"), "subject": subject}
        purpose = question.get("purpose") if opening else control.get("purpose")
        delegation = control.get("delegation")
        named = None if delegation is None else local(delegation)
        yield Story(kind, local(control.get("dataset")), purpose, person, named)


def _check_stories(entries: Sequence[Entry], bundle: Bundle, claims: Claims) -> None:
    """Whether each entry tells of this request, and of whom and what it asked for at its place."""
    stories = _stories(bundle)
    first = entries[0]
    # A body that the hub could not read as a question names nobody; it gets no data either.
    nobody = len(entries) == 1 and first.control.get("outcome") == "malformed"
    if nobody and binds(first.leaf.person, "person", first.person_salt, _NOBODY):
        unread = stories[0] if stories else Story(None, None, None, _NOBODY, None)
        _check_control(first, unread, bundle, claims)
        return
    if len(stories) != len(entries):
        raise Broken("person")
    for one, story in zip(entries, stories):
        _check_control(one, story, bundle, claims)
        if one.leaf.kind != story.kind:
            raise Broken("control-says", member="kind", found=one.leaf.kind)
    if not all(
        binds(one.leaf.person, "person", one.person_salt, story.person)
        for one, story in zip(entries, stories)
    ):
        raise Broken("person")


def _check_control(entry: Entry, story: Story, bundle: Bundle, claims: Claims) -> None:
    """Whether the control part tells of this request; a refusal may leave out what is unknown."""
    control = entry.control
    outcome = control.get("outcome")
    unknown: tuple[object, ...] = () if outcome in ANSWERED else (None,)
    department = bundle.connector.split(":")[4]
    wanted: dict[str, tuple[object, ...]] = {
        "R": (claims.request,),
        "channel": ("connector",),
        "connector": (bundle.connector,),
        "department": (f"{bundle.hub}:{department}",),
        "dataset": (f"{bundle.hub}:{story.dataset}", *unknown),
        "purpose": (story.purpose, *unknown),
        "outcome": OUTCOMES,
    }
    # A delegation stands in control if one was named, and else does not: unless nothing was read.
    named = None if story.delegation is None else f"{bundle.hub}:{story.delegation}"
    wanted["delegation"] = (named, None) if outcome == "malformed" else (named,)
    for member, allowed in wanted.items():
        if control.get(member) not in allowed:
            raise Broken("control-says", member=member, found=control.get(member))
    if outcome in ANSWERED and (
        not isinstance(control.get("grant"), str) or type(control.get("grant_version")) is not int
    ):
        raise Broken("control-says", member="grant", found=control.get("grant"))


def _persons_told(question: Mapping[str, object], bundle: Bundle) -> list[Mapping[str, object]]:
    """Whom each change of a page was about, as the file says: the question did not name them.

    The entry's person part must be made of it, so a file that names another does not verify.
    """
    asked = question.get("subjects")
    of_cases = asked == OPEN_CASES
    try:
        named = [] if asked is None or of_cases else [members_of(one) for one in list_of(asked)]
    except ValueError as error:
        raise Broken("question") from error
    persons: list[Mapping[str, object]] = []
    for opening in bundle.openings:
        subject = opening.get("subject")
        # The question named no open case either: its number stands beside whom it is about.
        case = opening.get("case") if of_cases else None
        for one in named:
            if subject == {"id": one.get("id"), "type": one.get("type")}:
                case = one.get("case")
        persons.append({"case": case, "officer": question.get("officer"), "subject": subject})
    return persons


def _check_answer(answer: bytes, claims: Claims, entries: Sequence[Entry]) -> None:
    if claims.body is None:
        raise Broken("answer-unbound")
    if b64u(sha256(answer)) != claims.body:
        raise Broken("answer-digest")
    try:
        results = list_of(members_of(read_json(answer))["results"])
        digests = [b64u(sha256(canonical(result))) for result in results]
    except (ValueError, KeyError) as error:
        raise Broken("answer-result") from error
    if digests != [one.control.get("a") for one in entries]:
        raise Broken("answer-result")


def _check_inclusion(
    bundle: Bundle,
    claims: Claims,
    hashes: Sequence[bytes],
    policy: Policy,
    report: Report,
    proof: tuple[int, list[bytes], bytes] | None,
) -> None:
    # The bundle's own proof is of all its entries, a proof file of one.
    whole = proof is None and len(hashes) > 1
    if proof is None and bundle.note is not None:
        proof = bundle.entry, bundle.proof, bundle.note
    if proof is None:
        raise Broken("proof-missing", first=claims.first)
    index, path, note = proof
    if not claims.first <= index < claims.first + len(hashes):
        raise Broken("proof-index", index=index, first=claims.first)
    head = open_note(note, "checkpoint", policy)
    require_quorum(head, policy)
    if head.origin != claims.origin:
        if not _continues(claims.origin, head.origin, bundle.hub):
            raise Broken("proof-origin", found=head.origin, origin=claims.origin)
        report.remark("origin-continued", origin=claims.origin, found=head.origin)
    if whole:
        verify_range(hashes, claims.first, head.size, path, head.root)
    else:
        verify_inclusion(hashes[index - claims.first], index, head.size, path, head.root)
    _tell_head(head, report)
    if whole:
        last = claims.first + len(hashes) - 1
        report.good("inclusions-good", first=claims.first, last=last, size=head.size)
    else:
        report.good("inclusion-good", entry=index, size=head.size)
        if len(hashes) > 1:
            report.remark("inclusion-of-one", entry=index, count=len(hashes))
    if not policy.witnesses:
        report.remark("no-witness")


def _continues(older: str, newer: str, hub: str) -> bool:
    """Whether a log of ``hub`` goes on under a later number: entries keep their places then."""
    if {one.rpartition("/")[0] for one in (older, newer)} != {f"{hub}/ledger"}:
        return False
    return 0 < log_number(older) < log_number(newer)


def _tell_head(head: Head, report: Report) -> None:
    report.good(
        "head",
        note=head.label,
        origin=head.origin,
        size=head.size,
        cosigners=len(head.cosigners),
    )


# === 8  Order: what the control parts say of each other ===========================================

MOVES: Mapping[str, bool | None] = {
    "application": None,
    "attempts": False,
    "audit-read": False,
    "calendar": False,
    "case": False,
    "certificate": True,
    "connector": True,
    "dataset": True,
    "delegation": True,
    "department": True,
    "destruction": True,
    "disposal": None,
    "disposition": None,
    "entry": None,
    "erasure": False,
    "grant": True,
    "hold": False,
    "key": True,
    "licence": True,
    "licence-type": True,
    "mark": True,
    "material": True,
    "notice": False,
    "objection": None,
    "objection-refused": False,
    "operator": None,
    "person": None,
    "publication": None,
    "purpose": True,
    "rules": True,
    "service": True,
    "status-list": True,
    "stop": True,
    "usage": False,
}
"""Every kind of change, and whether it must move the epoch: True for what decisions depend on, None
where it is free or hangs on the state (``Order._must_move``)."""
QUESTIONS = {"lookup", "verify", "view", "feed"}
_NAMED = {
    "connector": "urn",
    "dataset": "code",
    "delegation": "id",
    "department": "code",
    "grant": "id",
    "person": "account",
    "purpose": "code",
}
"""What is kept while reading, and the member of its state that names it."""
_PERSON_DECIDES = ("department", "roles", "status")
_ACTOR = ("channel", "connector", "department")
_SAME_QUESTION = (*_ACTOR, "dataset", "delegation", "purpose")
_EACH_ENTRY = (
    *("a", "dataset", "delegation", "grant", "grant_version", "outcome", "purpose", "repeats"),
)
_AFTER: Mapping[object, tuple[str, ...]] = {
    None: ("draft",),
    "draft": ("draft", "signed", "revoked"),
    "signed": ("active", "revoked"),
    "active": ("revoked",),
}
"""What may become of a delegation: it is drafted, signed, accepted, and revoked."""
_STATED = (
    *("department", "to", "services", "purposes", "datasets", "items", "channels"),
    *("valid_from", "valid_until", "daily_cap", "basis"),
)
"""What a delegation states, which is not changed once it is signed."""
LARGEST_BATCH = 1000


class Restore(NamedTuple):
    """The log goes on as ``origin`` after ``kept`` entries; those up to ``lost`` are gone.

    ``lost`` is None where the hub did not know how far its log had reached.
    """

    origin: str
    kept: int
    lost: int | None


class Order:
    """The control plane as the log tells it, entry by entry.

    Digests of requests go into a temporary database of SQLite, in memory as long as there is room
    and then in a file without a name: a log has more of them than fit.
    """

    def __init__(self) -> None:
        self.origin = ""
        self.restores: list[Restore] = []
        self.answers = 0
        self.changes = 0
        self._epoch = 0
        self._things: dict[tuple[str, str], Mapping[str, object]] = {}
        self._moved: tuple[object, ...] | None = None
        """Time and actor of the entry before, if that was of a change that moved the epoch."""
        self._batch: tuple[bytes, object, int] | None = None
        """Of the question before: what a batch shares, what it repeats, its entries so far."""
        self._asked = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE requests (request BLOB PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE questions (position INTEGER PRIMARY KEY, same BLOB)",
            "BEGIN",
        ):
            self._asked.execute(statement)

    def close(self) -> None:
        """Forget which requests there were."""
        self._asked.close()

    def step(
        self, position: int, kind: str, moment: int, control: Mapping[str, object]
    ) -> Iterator[str]:
        """Take one entry; gives the reason of each thing that does not agree."""
        if kind in QUESTIONS:
            self.answers += 1
            self._moved = None
            yield from self._question(kind, moment, control)
            yield from self._identity(position, kind, moment, control)
        else:
            self.changes += 1
            self._batch = None
            yield from self._change(position, kind, moment, control)

    # -- changes -------------------------------------------------------------------------------
    def _change(
        self, position: int, kind: str, moment: int, control: Mapping[str, object]
    ) -> Iterator[str]:
        epoch, moves, state = (control.get(name) for name in ("epoch", "moves_epoch", "state"))
        # The epoch moves by one, or not at all; entries of one change share it.
        allowed = {self._epoch}
        if moves is True:
            change = (moment, *(control.get(name) for name in _ACTOR))
            allowed = {self._epoch + 1} | ({self._epoch} if self._moved == change else set())
            self._moved = change
        else:
            self._moved = None
        if type(epoch) is not int or epoch not in allowed:
            yield "epoch"
        if type(epoch) is int:
            self._epoch = epoch
        if kind not in MOVES:
            yield "kind"
        if not isinstance(state, dict):
            yield "state"
            return
        if type(moves) is not bool or self._must_move(kind, state) not in {None, moves}:
            yield "moves-epoch"
        if kind == "operator":
            yield from self._operator(position, state)
        if kind in _NAMED:
            yield from self._keep(kind, state)

    def _must_move(self, kind: str, state: Mapping[str, object]) -> bool | None:
        """Whether a change to this state moves the epoch; None if it may and need not."""
        if kind == "publication":
            return state.get("state") == "live"
        if kind == "person":
            before = self._things.get((kind, str(state.get("account"))))
            if before is None or any(before.get(n) != state.get(n) for n in _PERSON_DECIDES):
                return True
        return MOVES.get(kind)

    def _keep(self, kind: str, state: Mapping[str, object]) -> Iterator[str]:
        """Remember the new state of a thing; a grant's versions follow one another to its end."""
        name = (kind, str(state.get(_NAMED[kind])))
        before = self._things.get(name)
        if kind == "grant":
            if before is not None and before.get("status") == "revoked":
                yield "grant-after-revoked"
            version, last = state.get("version"), before.get("version") if before else 0
            if type(version) is not int or type(last) is not int or version != last + 1:
                yield "grant-version-gap"
            self._things[name] = state
        elif kind == "delegation":
            yield from self._delegation_order(before, state)
            self._things[name] = state
        else:
            self._things[name] = {n: state.get(n) for n in _PERSON_DECIDES}

    def _delegation_order(
        self, before: Mapping[str, object] | None, state: Mapping[str, object]
    ) -> Iterator[str]:
        """Whether a delegation's new state follows the one before it."""
        was, status = None if before is None else before.get("status"), state.get("status")
        if status not in _AFTER.get(was, ()):
            yield "delegation-order"
        version, last = state.get("version"), before.get("version") if before else 0
        if type(version) is not int or type(last) is not int or version != last + 1:
            yield "delegation-version-gap"
        kept = before is None or all(before.get(name) == state.get(name) for name in _STATED)
        if status != "draft" and not kept:
            yield "delegation-changed"

    def _operator(self, position: int, state: Mapping[str, object]) -> Iterator[str]:
        """How the log is called: its first name, and the next one after a restore."""
        if state.get("act") == "init":
            self.origin = str(state.get("origin"))
        if state.get("act") == "restore":
            origin, bound = str(state.get("origin")), state.get("checkpoint")
            size = bound.partition("\n")[2].partition("\n")[0] if isinstance(bound, str) else ""
            lost = max(position, int(size)) if _SIZE.match(size) else None
            number = max(log_number(self.origin), log_number(str(state.get("from"))))
            fits = state.get("kept") == position and state.get("lost") == [position, lost]
            if not fits or log_number(origin) <= number:
                yield "restore"
            self.restores.append(Restore(origin, position, lost))
            self.origin = origin

    # -- questions -----------------------------------------------------------------------------
    def _question(self, kind: str, moment: int, control: Mapping[str, object]) -> Iterator[str]:
        outcome = control.get("outcome")
        if outcome not in OUTCOMES:
            yield "outcome"
        # «busy» is what was decided three times on changing ground: its epoch may be past.
        if control.get("epoch") != self._epoch and outcome != "busy":
            yield "epoch"
        if outcome not in ANSWERED:
            return
        grant = self._things.get(("grant", local(control.get("grant"))))
        if grant is None:
            yield "answer-without-grant"
            return
        yield from self._under(grant, kind, moment, control)
        yield from self._among_the_standing(control)

    def _under(
        self, grant: Mapping[str, object], kind: str, moment: int, control: Mapping[str, object]
    ) -> Iterator[str]:
        """Whether an answer agrees with its grant as the grant stood at this position."""
        status = grant.get("status")
        if status != "active":
            told = status in ("suspended", "revoked")
            yield f"answer-after-{status}" if told else "answer-under-inactive"
        if grant.get("version") != control.get("grant_version"):
            yield "grant-version"
        try:
            begin, end = (milliseconds(grant.get(n)) for n in ("valid_from", "valid_until"))
        except ValueError:
            yield "grant-state"
        else:
            if not begin <= moment < end:
                yield "grant-out-of-time"
        yield from self._whose(grant, moment, control)
        for name, value in (
            ("operations", kind),
            ("channels", control.get("channel")),
            ("purposes", control.get("purpose")),
        ):
            members = grant.get(name)
            if not isinstance(members, list) or value not in members:
                yield f"grant-{name}"

    def _whose(
        self, grant: Mapping[str, object], moment: int, control: Mapping[str, object]
    ) -> Iterator[str]:
        """Whether the grant is for this dataset, and of who asked or lent to them."""
        if grant.get("dataset") != local(control.get("dataset")):
            yield "grant-dataset"
        if "delegation" in control:
            yield from self._borrowed(grant, moment, control)
        elif grant.get("department") != local(control.get("department")):
            yield "grant-department"

    def _borrowed(
        self, grant: Mapping[str, object], moment: int, control: Mapping[str, object]
    ) -> Iterator[str]:
        """Whether the delegation that an answer names lent it this grant at this position."""
        lender = grant.get("department")
        if self._things.get(("department", str(lender)), {}).get("status") != "active":
            yield "department-suspended"
        delegation = self._things.get(("delegation", local(control.get("delegation"))))
        if delegation is None:
            yield "delegation-unknown"
            return
        if delegation.get("status") != "active":
            yield "delegation-inactive"
        try:
            begin, end = (milliseconds(delegation.get(n)) for n in ("valid_from", "valid_until"))
        except ValueError:
            yield "delegation-state"
        else:
            if not begin <= moment < end:
                yield "delegation-out-of-time"
        yield from self._within(delegation, lender, control)

    def _within(
        self, delegation: Mapping[str, object], lender: object, control: Mapping[str, object]
    ) -> Iterator[str]:
        """Whether a delegation is between these departments, and for what was asked."""
        if delegation.get("department") != lender:
            yield "delegation-department"
        if delegation.get("to") != local(control.get("department")):
            yield "delegation-to"
        for name, value in (
            ("purposes", control.get("purpose")),
            ("channels", control.get("channel")),
            ("datasets", local(control.get("dataset"))),
        ):
            members = delegation.get(name)
            if name == "datasets" and members == []:
                continue  # it goes as far as the grants do
            if not isinstance(members, list) or value not in members:
                yield f"delegation-{name}"

    def _among_the_standing(self, control: Mapping[str, object]) -> Iterator[str]:
        """Whether all that an answer names stood at this position."""
        connector = control.get("connector")
        for kind, value, why in (
            ("connector", connector, "connector-suspended"),
            ("department", local(control.get("department")), "department-suspended"),
            ("dataset", local(control.get("dataset")), "dataset-suspended"),
            ("purpose", control.get("purpose"), "purpose-ended"),
        ):
            if kind == "connector" and connector is None:
                continue  # asked from the console
            if self._things.get((kind, str(value)), {}).get("status") != "active":
                yield why

    def _identity(
        self, position: int, kind: str, moment: int, control: Mapping[str, object]
    ) -> Iterator[str]:
        """Whether R is this question's alone, and what it repeats was the same asker's question."""
        try:
            request = unb64u(text_of(control.get("R")))
        except ValueError:
            request = b""
        if len(request) != HASH:
            yield "request"
        elif not self._goes_on(moment, control) and not self._insert(
            "INSERT OR IGNORE INTO requests VALUES (?)", request[:16]
        ):
            yield "request-twice"  # half a digest is kept: two that share it cannot be made
        first = control.get("repeats")
        asker = [kind, *(control.get(name) for name in _SAME_QUESTION)]
        same = sha256(canonical(asker))[:16]
        if first is None:
            self._insert("INSERT OR IGNORE INTO questions VALUES (?, ?)", position, same)
        elif type(first) is not int or not 0 <= first < position or self._same(first) != same:
            yield "repeats"

    def _goes_on(self, moment: int, control: Mapping[str, object]) -> bool:
        """Whether an entry is the next of the request that the entry before it belongs to.

        Entries of one request share R and all of their control but what is each one's own; they
        stand behind one another, and a repeat of them in the same order.
        """
        shared = {name: control[name] for name in control if name not in _EACH_ENTRY}
        same, first = sha256(canonical([moment, shared])), control.get("repeats")
        before, self._batch = self._batch, (same, first, 1)
        if before is None or before[0] != same or before[2] >= LARGEST_BATCH:
            return False
        if first != (before[1] + 1 if type(before[1]) is int else before[1]):
            return False
        self._batch = (same, first, before[2] + 1)
        return True

    def _insert(self, statement: str, *values: object) -> int:
        return self._asked.execute(statement, values).rowcount

    def _same(self, position: int) -> bytes | None:
        """Who asked what at a position, as a digest; None if no first question stands there."""
        row: tuple[bytes] | None = self._asked.execute(
            "SELECT same FROM questions WHERE position = ?", (position,)
        ).fetchone()
        return None if row is None else row[0]


def log_number(origin: str) -> int:
    """The number of a log's name, ``<hub>/ledger/<n>``; 1 for a name of another form."""
    number = origin.rpartition("/")[2]
    return int(number) if _SIZE.match(number) else 1


def local(full: object) -> str:
    """A code without the hub's name before it."""
    return str(full).rpartition(":")[2]


# === 9  An export =================================================================================

TILE = 256
MAX_BUNDLE = TILE * (2 + 65535)
MAX_LINE = 4 << 20
MAX_KEYS = 8 << 20
Progress = Callable[[int, int], None]


class Missing(Broken):
    """A file that ought to be there is not."""


class Shelf:
    """The files of an export: notes, tiles, entry bundles and control parts. Raises ``Missing``."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise Unusable("file", file=str(folder))
        self._folder = folder

    def read(self, name: str, limit: int) -> bytes:
        """One whole file."""
        with self._open(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise Broken("malformed", file=name)
        return data

    def tile(self, level: int, index: int, width: int) -> list[bytes]:
        """The hashes of a tile; raises ``Broken`` if there are not so many."""
        name, data = self._tile(str(level), index, width, TILE * HASH)
        whole = len(data) == TILE * HASH  # a full tile may stand in for a partial one
        if len(data) != width * HASH and not whole:
            raise Broken("malformed", file=name)
        return [data[i * HASH : (i + 1) * HASH] for i in range(width)]

    def bundle(self, index: int, width: int) -> list[bytes]:
        """The leaves of a bundle, also some too many; raises ``Broken`` if it breaks off."""
        name, data = self._tile("entries", index, width, MAX_BUNDLE)
        leaves: list[bytes] = []
        begin = 0
        while begin < len(data):
            end = begin + 2 + int.from_bytes(data[begin : begin + 2], "big")
            if end > len(data) or len(leaves) == 2 * TILE:
                raise Broken("malformed", file=name)
            leaves.append(data[begin + 2 : end])
            begin = end
        return leaves

    def opened(self, index: int, width: int) -> Iterator[bytes]:
        """The lines of the control parts of a bundle."""
        with self._open(f"opened/{tile_path(index, width)}") as file:
            while line := file.readline(MAX_LINE):
                yield line

    def _tile(self, kind: str, index: int, width: int, limit: int) -> tuple[str, bytes]:
        name = f"tile/{kind}/{tile_path(index, width)}"
        try:
            return name, self.read(name, limit)
        except Missing:
            if width == TILE:
                raise
        whole = f"tile/{kind}/{tile_path(index, TILE)}"
        try:
            return whole, self.read(whole, limit)
        except Missing as error:
            raise Missing("missing", file=name) from error

    def _open(self, name: str) -> BinaryIO:
        try:
            return (self._folder / name).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise Missing("missing", file=name) from error
        except OSError as error:
            raise Unusable("file", file=name) from error


def tile_path(index: int, width: int) -> str:
    """``<N>[.p/<W>]`` of tlog-tiles: 1234067 is ``x001/x234/067``."""
    digits = f"{index % 1000:03d}"
    while index := index // 1000:
        digits = f"x{index % 1000:03d}/{digits}"
    return digits if width == TILE else f"{digits}.p/{width}"


class Levels:
    """The tiles of every level, computed from the leaf hashes and compared with the files.

    It keeps one tile of each level in memory.
    """

    def __init__(self, shelf: Shelf, report: Report) -> None:
        self._shelf = shelf
        self._report = report
        self._tiles: list[list[bytes]] = []
        self._full: list[int] = []

    def add(self, node: bytes, level: int = 1) -> None:
        """Take the next hash of a level above the leaves."""
        if level > len(self._tiles):
            self._tiles.append([])
            self._full.append(0)
        tile = self._tiles[level - 1]
        tile.append(node)
        if len(tile) == TILE:
            self._compare(level)
            self._full[level - 1] += 1
            root = perfect_root(tile)
            tile.clear()
            self.add(root, level + 1)

    def close(self) -> None:
        """Compare the partial tiles at the edge."""
        for level, tile in enumerate(self._tiles, start=1):
            if tile:
                self._compare(level)

    def _compare(self, level: int) -> None:
        tile, index = self._tiles[level - 1], self._full[level - 1]
        try:
            if self._shelf.tile(level, index, len(tile)) != tile:
                file = f"tile/{level}/{tile_path(index, len(tile))}"
                self._report.fault("tile", file=file)
        except Broken as error:
            self._report.fault(error.why, **error.facts)


class Walk:
    """One pass over all entries; ``watched`` are the sizes at which roots are wanted."""

    def __init__(
        self, shelf: Shelf, newest: Head, watched: set[int], report: Report, order: Order | None
    ) -> None:
        self.roots: dict[int, bytes] = {}
        self._shelf = shelf
        self._newest = newest
        self._size = newest.size
        self._watched = watched
        self._report = report
        self._opened = order is not None
        self._order = order
        self._edge = Edge()
        self._levels = Levels(shelf, report)
        self._time = 0

    def run(self, progress: Progress) -> bool:
        """Read everything; False if the log breaks off."""
        for index in range(-(-self._size // TILE)):
            width = min(TILE, self._size - index * TILE)
            if not self._bundle(index, width):
                return False
            progress(index * TILE + width, self._size)
        self._levels.close()
        return True

    @property
    def order(self) -> Order | None:
        """What the control parts gave; None if it was not asked for or entries were missing."""
        return self._order

    def _bundle(self, index: int, width: int) -> bool:
        first = index * TILE
        leaves = self._read(lambda: self._shelf.bundle(index, width), first)
        known = self._read(lambda: self._shelf.tile(0, index, width), first)
        computed = None if leaves is None else [leaf_hash(leaf) for leaf in leaves]
        # 1 Entries against the hashes of the tree.
        nodes = self._choose(index, computed, known)
        if nodes is None or len(nodes) != width:
            self._report.fault("stopped", first)
            return False
        # 2 The tree.
        self._grow(first, nodes)
        # 3 What the entries say.
        if leaves is None or len(leaves) != width:
            self._stop(first)
            self._opened = False
        else:
            self._entries(index, leaves)
        return True

    def _choose(
        self, index: int, computed: list[bytes] | None, known: list[bytes] | None
    ) -> list[bytes] | None:
        """The hashes of a bundle's leaves to go on with: its tile's, or if it has none its own."""
        if computed is None or known is None or computed == known:
            return computed if known is None else known
        if len(computed) == len(known) and self._fits(index, computed):
            # It is the tile that was changed.
            self._report.fault("tile", file=f"tile/0/{tile_path(index, len(known))}")
            return computed
        self._compare(index * TILE, computed, known)
        return known

    def _fits(self, index: int, nodes: list[bytes]) -> bool:
        """Whether hashes lead to what stands above them: the tile there, or the newest root."""
        if len(nodes) == TILE:
            above, at = divmod(index, TILE)
            width = min(TILE, self._size // TILE - above * TILE)
            try:
                return self._shelf.tile(1, above, width)[at] == perfect_root(nodes)
            except Broken:
                return False
        edge = self._edge.copy()
        for node in nodes:
            edge.add(0, node)
        return edge.root() == self._newest.root

    def _read(self, read: Callable[[], list[bytes]], first: int) -> list[bytes] | None:
        try:
            return read()
        except Unusable:
            raise
        except Broken as error:
            self._report.fault(error.why, first, **error.facts)
            return None

    def _compare(self, first: int, computed: list[bytes], known: list[bytes]) -> None:
        """Tell of the first entry of a bundle that is not what the tree has, and how it differs."""
        both = min(len(computed), len(known))
        at = next((i for i in range(both) if computed[i] != known[i]), both)
        here, there = computed[at:], known[at:]
        if sorted(here) == sorted(there):
            why = "entries-reordered"
        elif _is_shifted(here, there[1:], shorter=len(here) < len(there)):
            why = "entry-removed"
        elif _is_shifted(there, here[1:], shorter=len(there) < len(here)):
            why = "entry-inserted"
        else:
            why = "entry-changed"
        self._report.fault(why, first + at)

    def _grow(self, first: int, nodes: list[bytes]) -> None:
        """Add a bundle's hashes to the tree, singly where a root is wanted on the way."""
        end = first + len(nodes)
        if len(nodes) == TILE and not any(first < size < end for size in self._watched):
            root = perfect_root(nodes)
            self._edge.add(8, root)
        else:
            for size, node in enumerate(nodes, start=first + 1):
                self._edge.add(0, node)
                if size in self._watched:
                    self.roots[size] = self._edge.root()
            root = perfect_root(nodes) if len(nodes) == TILE else b""
        if end in self._watched:
            self.roots[end] = self._edge.root()
        if root:
            self._levels.add(root)

    def _entries(self, index: int, leaves: list[bytes]) -> None:
        """Forms, times, control parts and order of a bundle's entries."""
        lines = self._shelf.opened(index, len(leaves)) if self._opened else iter(())
        for position, data in enumerate(leaves, start=index * TILE):
            line = self._line(lines)
            try:
                leaf = read_leaf(data)
            except ValueError:
                self._report.fault("leaf-form", position)
                self._stop(position)
                continue
            if leaf.time < self._time:
                self._report.fault("time-backwards", position)
            self._time = leaf.time
            if self._opened:
                self._control(position, leaf, line)

    def _line(self, lines: Iterator[bytes]) -> bytes:
        """The next line of the control parts; empty if there is none."""
        try:
            return next(lines, b"")
        except Missing:
            return b""

    def _control(self, position: int, leaf: Leaf, line: bytes) -> None:
        """One control part: bound by its leaf, and in its place in the order."""
        why = "opened-missing"
        try:
            if not line:
                raise ValueError(why)
            why = "control-form"
            opened = members_of(read_json(line))
            control = members_of(opened["control"])
            why = "control"
            if opened["index"] != position:
                raise ValueError(why)
            if not binds(leaf.control, "control", opened["control_salt"], control):
                raise ValueError(why)
        except (ValueError, KeyError):
            self._report.fault(why, position)
            if leaf.kind not in QUESTIONS:
                self._stop(position)
            return
        if self._order is not None:
            for fault in self._order.step(position, leaf.kind, leaf.time, control):
                self._report.fault(fault, position, kind=leaf.kind)

    def _stop(self, position: int) -> None:
        """A change is not known: what stood afterwards cannot be told any more."""
        if self._order is not None:
            self._report.fault("order-stopped", position)
        self._order = None


def _is_shifted(one: list[bytes], other: list[bytes], *, shorter: bool) -> bool:
    """Whether ``one`` goes on as ``other`` does; of nothing in common only the length tells."""
    both = min(len(one), len(other))
    return one[:both] == other[:both] and (both > 0 or shorter)


def keys_of_export(folder: Path, fingerprint: bytes) -> tuple[Key, ...]:
    """The keys of a log that its ``keys.json`` names and whose certificates lead to the root.

    Raises ``Broken``. Nothing else in that file is looked at.
    """
    require_library()
    data = Shelf(folder).read("keys.json", MAX_KEYS)
    try:
        value = members_of(read_json(data))
        hub, pem = text_of(value["hub"]), text_of(value["root"]).encode()
        root = load_certificate(pem, "root")
        if sha256(root.public_bytes(Encoding.DER)) != fingerprint:
            raise Broken("root")
        found = []
        for one in (members_of(one) for one in list_of(value["ledger"])):
            origin = text_of(one["origin"])
            for told in (members_of(told) for told in list_of(one["keys"])):
                chain = [unb64(text_of(der)) for der in list_of(told["x5c"])]
                raw = checkpoint_key(chain, root, hub)
                if origin.startswith(f"{hub}/ledger/"):
                    found.append(log_key(origin, raw))
    except (ValueError, KeyError) as error:
        raise Broken("malformed", file="keys.json") from error
    return tuple(found)


def verify_export(
    folder: Path,
    policy: Policy,
    report: Report,
    *,
    seen: Sequence[tuple[str, bytes]] = (),
    tree_only: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> None:
    """Verify the export of a log; ``seen`` are notes that somebody else has, with their names.

    Raises ``Broken`` if there is no checkpoint to begin with.
    """
    shelf = Shelf(folder)
    # 1 The heads: signed by the log, and by witnesses who compare what everyone is shown.
    newest = open_note(shelf.read("checkpoint", MAX_NOTE), "checkpoint", policy)
    _tell_head(newest, report)
    others = _other_heads(shelf, seen, policy, report)
    _check_quorum([newest, *others[:1]], newest, policy, report)
    # 2 The tree: entries give the leaf hashes, these the tiles of every level and the roots.
    heads = [newest, *(head for head in others if head is not None)]
    watched = {head.size for head in heads if head.size <= newest.size}
    order = None if tree_only else Order()
    walk = Walk(shelf, newest, watched, report, order)
    before = len(report.faults)
    try:
        whole = walk.run(progress)
    finally:
        if order is not None:
            order.close()
    sound = len(report.faults) == before
    # 3 Every head is a head of this log.
    _judge_newest(newest, walk, report, whole=whole)
    for head in heads[1:]:
        _judge(head, newest, walk, report)
    # 4 The order of grants, revocations and answers held, and the log has the name that it says.
    if tree_only:
        report.remark("tree-only")
    if walk.order is not None and whole:
        if walk.order.origin != newest.origin:
            report.fault("origin", origin=newest.origin, found=walk.order.origin)
        elif sound:
            report.good("order-good", answers=walk.order.answers, changes=walk.order.changes)


def _other_heads(
    shelf: Shelf, seen: Sequence[tuple[str, bytes]], policy: Policy, report: Report
) -> list[Head | None]:
    """The cosigned head first, then those that were seen; None for each that is not there."""
    notes: list[tuple[str, bytes]] = list(seen)
    try:
        notes.insert(0, ("cosigned", shelf.read("cosigned", MAX_NOTE)))
        found: list[Head | None] = []
    except Missing:
        found = [None]
    for label, data in notes:
        try:
            found.append(open_note(data, label, policy))
        except Broken as error:  # noqa: PERF203 a note is no hot path
            report.fault(error.why, **error.facts)
            found.append(None)
    return found


def _check_quorum(
    heads: Sequence[Head | None], newest: Head, policy: Policy, report: Report
) -> None:
    """Of the log's own heads one must be cosigned by enough witnesses; tell of what lies beyond."""
    if not policy.witnesses:
        report.remark("no-witness")
        return
    present = [head for head in heads if head is not None]
    enough = [head for head in present if len(head.cosigners) >= policy.quorum]
    if not enough:
        most = max(present, key=lambda head: len(head.cosigners))
        count = len(most.cosigners)
        report.fault("quorum", note=most.label, quorum=policy.quorum, count=count)
        return
    covered = max(enough, key=lambda head: head.size)
    if covered is not newest:
        _tell_head(covered, report)
    if covered.size < newest.size:
        report.remark("uncosigned", size=covered.size, count=newest.size - covered.size)


def _judge_newest(newest: Head, walk: Walk, report: Report, *, whole: bool) -> None:
    root = walk.roots.get(newest.size)
    if not whole or root is None:
        report.fault("root-unchecked", note=newest.label, size=newest.size)
    elif root != newest.root:
        report.fault("checkpoint-root", note=newest.label)
    else:
        report.good("tree-good", entries=newest.size, root=b64u(root))


def _end_of(origin: str, newest: str, order: Order | None) -> Restore | None:
    """The restore at which an earlier name of this log ended; None if it is no earlier name."""
    if order is None or origin.rpartition("/")[0] != newest.rpartition("/")[0]:
        return None
    later = (one for one in order.restores if log_number(one.origin) > log_number(origin))
    return next(later, None)


def _judge(head: Head, newest: Head, walk: Walk, report: Report) -> None:
    """Whether a head that somebody else has is one of this log."""
    told: dict[str, object] = {"note": head.label, "size": head.size}
    ended = _end_of(head.origin, newest.origin, walk.order)
    if head.origin != newest.origin and ended is None and walk.order is not None:
        report.fault("unknown-origin", **told, origin=head.origin)
    elif ended is not None and head.size > ended.kept:
        # Under its old name the log was longer: what a restore lost it must have owned up to.
        if ended.lost is not None and head.size > ended.lost:
            report.fault("undeclared-loss", **told, lost=ended.lost)
        else:
            lost = "?" if ended.lost is None else ended.lost
            report.remark("declared-loss", **told, origin=ended.origin, kept=ended.kept, lost=lost)
    elif head.size > newest.size:
        report.fault("tail", **told, here=newest.size)
    elif head.size not in walk.roots:
        report.fault("root-unchecked", **told)
    elif walk.roots[head.size] != head.root:
        report.fault("fork", **told)
    else:
        report.good("seen-good", **told)


# === 10  Comparing heads ==========================================================================


class Tiles:
    """The hashes of a tree of ``size``, from its tiles."""

    KEPT = 64

    def __init__(self, shelf: Shelf, size: int) -> None:
        self.size = size
        self._shelf = shelf
        self._kept: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, index: int) -> bytes:
        """The root of a perfect subtree (``Read``)."""
        tile_level, inside = divmod(level, 8)
        position, offset = divmod(index << inside, TILE)
        return perfect_root(self._tile(tile_level, position)[offset : offset + (1 << inside)])

    def _tile(self, level: int, position: int) -> list[bytes]:
        tile = self._kept.get((level, position))
        if tile is None:
            width = min(TILE, (self.size >> 8 * level) - position * TILE)
            tile = self._shelf.tile(level, position, width)
            while len(self._kept) >= self.KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[(level, position)] = tile
        return tile


def compare_notes(
    notes: Sequence[tuple[str, bytes]], tiles: Path | None, policy: Policy, report: Report
) -> None:
    """Whether all heads that were shown are heads of one log; raises ``Broken``."""
    # 1 Each is a checkpoint, and cosigned if that is asked for.
    heads = []
    for label, data in notes:
        try:
            head = open_note(data, label, policy)
            require_quorum(head, policy)
        except Broken as error:  # noqa: PERF203 a note is no hot path
            report.fault(error.why, **error.facts)
        else:
            _tell_head(head, report)
            heads.append(head)
    reader = None
    if tiles is not None:
        shelf = Shelf(tiles)
        own = open_note(shelf.read("checkpoint", MAX_NOTE), f"{tiles.name}/checkpoint", policy)
        _tell_head(own, report)
        reader = Tiles(shelf, own.size)
        heads.append(own)
    # 2 Each pair agrees.
    heads.sort(key=lambda head: head.size)
    for at, first in enumerate(heads):
        for second in heads[at + 1 :]:
            _compare_pair(first, second, reader, report)


def _compare_pair(first: Head, second: Head, tiles: Tiles | None, report: Report) -> None:
    """Compare two heads, the smaller one first, by a consistency proof out of the tiles.

    The proof decides, not two roots out of the tiles: those could come from different levels of
    tiles that do not belong together.
    """
    told: dict[str, object] = {
        "first": first.label,
        "size1": first.size,
        "second": second.label,
        "size2": second.size,
    }
    if first.origin != second.origin:
        report.remark("pair-origins", first=first.label, second=second.label)
        return
    proof: list[bytes] = []
    if first.size != second.size:
        if tiles is None:
            raise Unusable("tiles-needed")
        if second.size > tiles.size:
            report.fault("pair-beyond", note=second.label, size=second.size, here=tiles.size)
            return
        proof = consistency_proof(first.size, second.size, tiles.node)
    try:
        verify_consistency(first.size, second.size, proof, first.root, second.root)
    except Broken:
        why = "pair-fork" if first.size == second.size else "pair-inconsistent"
        report.fault(why, **told)
    else:
        report.good("pair-good", **told)


# === 11  A statement: who looked, for the person concerned ========================================

STATEMENT = "yifen-statement"
MAX_STATEMENT = 1 << 26
MOST_STATED = 5000
# Blanks that stand around numbers as people write them, and full-width forms of ASCII.
_BLANKS = "\t\n\r \u00a0\u200b\u3000\ufeff"
_AS_WRITTEN = str.maketrans(
    {
        **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
        **dict.fromkeys(map(ord, _BLANKS)),
    }
)
_OLD_NUMBER = re.compile(r"[0-9]{15}\Z", re.ASCII)
_LICENCE = re.compile(
    r"(?:1\.2\.156\.3005\.2\.)?[0-9A-Z]{21}\.[0-9A-Z]{18}\.[0-9A-Z]{1,64}\.[0-9A-Z]{3}\.[0-9A-Z]\Z",
    re.ASCII,
)
"""The identifier of an e-licence (GB/T 36901 and the following)."""


class Told(NamedTuple):
    """One entry of a statement as the file has it; nothing in it is believed yet."""

    place: int
    leaf: bytes
    control: Mapping[str, object]
    control_salt: object
    person: Mapping[str, object]
    person_salt: str
    path: list[bytes]


class Statement(NamedTuple):
    """A statement's file, read."""

    hub: str
    origin: str
    subject: str
    made: str
    since: object
    until: object
    root: bytes
    chains: list[list[bytes]]
    note: bytes
    own: Told
    entries: list[Told]


def read_statement(data: bytes, file: str) -> Statement:
    """Read a statement's file; raises ``Unusable``."""
    member = "JSON"
    try:
        value = members_of(read_json(data))
        member = "format, v"
        if value["format"] != STATEMENT or number_of(value["v"]) != 1:
            raise ValueError(member)
        member = "keys"
        chains = [[unb64u(text_of(one)) for one in list_of(key)] for key in list_of(value[member])]
        if any(len(chain) != 2 for chain in chains):  # noqa: PLR2004 a key and who issued it
            raise ValueError(member)
        member = "entries"
        entries = [_read_told(one) for one in list_of(value[member])]
        if len(entries) > MOST_STATED:
            raise ValueError(member)
        member = "statement"
        own = _read_told(value[member])
        member = "hub, origin, subject, made, since, until, root, checkpoint"
        return Statement(
            hub=text_of(value["hub"]),
            origin=text_of(value["origin"]),
            subject=text_of(value["subject"]),
            made=text_of(value["made"]),
            since=value["since"],
            until=value["until"],
            root=text_of(value["root"]).encode(),
            chains=chains,
            note=text_of(value["checkpoint"]).encode(),
            own=own,
            entries=entries,
        )
    except (ValueError, KeyError) as error:
        raise Unusable("statement-file", file=file, member=member) from error


def _read_told(value: object) -> Told:
    told = members_of(value)
    return Told(
        place=number_of(told["index"]),
        leaf=canonical(told["leaf"]),
        control=members_of(told["control"]),
        control_salt=told["control_salt"],
        person=members_of(told["person"]),
        person_salt=text_of(told["person_salt"]),
        path=[unb64u(text_of(one)) for one in list_of(told["path"])],
    )


def verify_statement(
    statement: Statement, fingerprint: bytes, policy: Policy, report: Report
) -> None:
    """Verify a statement; raises ``Broken`` where nothing more can be said."""
    # 1 The root is the one that was pinned, and the keys of the log lead to it.
    require_library()
    root = load_certificate(statement.root, "root")
    if sha256(root.public_bytes(Encoding.DER)) != fingerprint:
        raise Broken("root")
    raws = [checkpoint_key(chain, root, statement.hub) for chain in statement.chains]
    if statement.origin.startswith(f"{statement.hub}/ledger/"):
        policy = believe(policy, [log_key(statement.origin, raw) for raw in raws])
    # 2 The checkpoint is signed under one of them, and by the witnesses.
    head = open_note(statement.note, "checkpoint", policy)
    require_quorum(head, policy)
    if head.origin != statement.origin:
        raise Broken("statement-says", member="origin")
    _tell_head(head, report)
    # 3 The statement is an entry itself, about this person, made then and over this range.
    state = _check_own(statement, head)
    # 4 Each entry stands in that log, is made of these parts, and is about this person.
    names = _check_entries(statement, head, report)
    # 5 They are those that the auditor entered, all of them and no other.
    pairs = [[one.place, one.person_salt] for one in statement.entries]
    if state.get("count") != len(pairs):
        report.fault("statement-count", count=len(pairs), told=state.get("count"))
    elif state.get("told") != b64u(sha256(canonical(pairs))):
        report.fault("statement-told")
    if not report.faults:
        report.good(
            "statement-good",
            subject=statement.subject,
            count=len(pairs),
            time=statement.made,
            basis=state.get("basis"),
        )
    # 6 What to look at, and what it does not show.
    _tell_lacks(statement, state, names, report)
    if not policy.witnesses:
        report.remark("no-witness")


def _tell_lacks(
    statement: Statement, state: Mapping[str, object], names: Counter[str], report: Report
) -> None:
    for name, count in names.items():
        if name != written(statement.subject):
            report.remark("statement-other-name", name=name, count=count)
    if state.get("more"):
        report.remark("statement-more", count=len(statement.entries))
    if type(state.get("omitted")) is int:
        report.remark("statement-omitted", count=state.get("omitted"))
    report.remark("statement-whole")
    report.remark("statement-officers")


def _check_entries(statement: Statement, head: Head, report: Report) -> Counter[str]:
    """Under which names the entries are about the person; faults are told with their place."""
    names: Counter[str] = Counter()
    before = -1
    for one in statement.entries:
        try:
            if one.place <= before:
                raise Broken("statement-order")
            leaf = _check_told(one, head)
            names[_check_named(one, statement)] += 1
        except Broken as error:
            report.fault(error.why, one.place, **error.facts)
        else:
            _tell_told(one, leaf, report)
        before = max(before, one.place)
    return names


def written(identifier: str) -> str:
    """An identifier in one form: people write one number in many ways.

    Without blanks and dashes, in plain capitals; a resident's number of the first generation, of 15
    digits, as the one of 18 characters that belongs to it (GB 11643).
    """
    text = identifier.translate(_AS_WRITTEN).upper().replace("-", "")
    if not _OLD_NUMBER.match(text):
        return text
    body = f"{text[:6]}19{text[6:]}"
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def _check_own(statement: Statement, head: Head) -> Mapping[str, object]:
    """The state that the statement was entered with."""
    own = statement.own
    try:
        leaf = _check_told(own, head)
    except Broken as error:
        raise Broken("statement-own", reason=error.why) from error
    try:
        state = members_of(members_of(own.control["state"])["statement"])
        subject = text_of(members_of(own.person["subject"])["id"])
    except (ValueError, KeyError) as error:
        raise Broken("statement-own", reason="statement") from error
    for member, said, entered in (
        ("subject", statement.subject, subject),
        ("made", statement.made, rfc3339(leaf.time)),
        ("since", statement.since, state.get("since")),
        ("until", statement.until, state.get("until")),
    ):
        if said != entered:
            raise Broken("statement-says", member=member)
    return state


def _check_told(one: Told, head: Head) -> Leaf:
    """The leaf of an entry, if it is made of these parts and stands in the log at its place."""
    try:
        leaf = read_leaf(one.leaf)
    except ValueError as error:
        raise Broken("leaf-form") from error
    if not binds(leaf.control, "control", one.control_salt, one.control):
        raise Broken("statement-control")
    if not binds(leaf.person, "person", one.person_salt, one.person):
        raise Broken("statement-person")
    verify_inclusion(leaf_hash(one.leaf), one.place, head.size, one.path, head.root)
    return leaf


def _check_named(one: Told, statement: Statement) -> str:
    """Under which name the entry is about the person: the own one, or that of a licence."""
    subject = one.person.get("subject")
    name = subject.get("id") if isinstance(subject, dict) else None
    if not isinstance(name, str):
        raise Broken("statement-subject")
    found = written(name)
    # No person and no body has a number of this form, so this cannot be another's entry unless the
    # licence is another's: it is told for each name.
    if found != written(statement.subject) and not _LICENCE.match(found):
        raise Broken("statement-subject")
    return found


def _tell_told(one: Told, leaf: Leaf, report: Report) -> None:
    said = {name: local(one.control.get(name) or "-") for name in _TOLD_OF_ENTRY}
    case = one.person.get("case")
    report.passed.append(
        Finding(
            "statement-entry",
            one.place,
            {**said, "time": rfc3339(leaf.time), "kind": leaf.kind, "case": case or "-"},
        )
    )


_TOLD_OF_ENTRY = ("department", "dataset", "purpose", "outcome")


# === 12  The messages =============================================================================

MESSAGES: dict[str, tuple[str, str]] = {
    # -- the report itself
    "verdict-good": ("结论：全部成立。", "Verdict: all of it holds."),
    "verdict-faulty": ("结论：发现 {count} 处问题。", "Verdict: {count} fault(s) found."),
    "passed": ("成立", "holds"),
    "remark": ("注意", "note"),
    "fault": ("问题", "fault"),
    "at": ("位置 {position}", "position {position}"),
    "more": (
        "同类问题（{kind}）另有 {count} 处，未逐条列出。",
        "There are {count} more of this kind ({kind}), not listed one by one.",
    ),
    "progress": ("已核验 {done} / {total} 条", "{done} of {total} entries verified"),
    # -- wrong use, unreadable input
    "file": ("读不了文件 {file}。", "File {file} cannot be read."),
    "library": (
        "cryptography {version} 太旧，核验证书需要 {needed} 以上。",
        "cryptography {version} is too old; certificates need {needed} or later.",
    ),
    "bundle": (
        "{file} 不是 connector receipts export 写出的证据文件（{member}）。",
        "{file} is not an evidence file of connector receipts export ({member}).",
    ),
    "proof-file": (
        "{file} 不是 C2SP tlog-proof 格式的证明。",
        "{file} is not a proof in the C2SP tlog-proof format.",
    ),
    "vkey": (
        "公钥写法不对：{vkey}。应为 C2SP 校验公钥，日志为 0x01 类，见证方为 0x04 类。",
        (
            "Not a key: {vkey}. Wanted is a C2SP verifier key, type 0x01 for a log, 0x04 for a"
            " witness."
        ),
    ),
    "no-log": (
        "需要 --log 给出日志公钥（receipt 和 export 也可用 --root）。",
        "The keys of the log are needed: --log (or, for receipt and export, --root).",
    ),
    "witness-is-log": (
        "见证方 {name} 用的是日志自己的密钥，不能算作见证。",
        "Witness {name} has the key of the log itself, and can be no witness of it.",
    ),
    "witness-twice": (
        "两个见证方用了同一密钥或同一名称。",
        "Two witnesses have the same key or the same name.",
    ),
    "quorum-number": (
        "--quorum 应在 1 与见证方的个数 {witnesses} 之间。",
        "--quorum must be between 1 and the number of witnesses, {witnesses}.",
    ),
    "fingerprint": (
        "--root 应为根证书（DER）的 SHA-256：base64url 43 个字符，或 64 位十六进制。",
        (
            "--root must be the SHA-256 of the root certificate (DER): 43 characters of base64url,"
            " or 64 hexadecimal digits."
        ),
    ),
    "tiles-needed": (
        "检查点大小不同，比较它们需要 --tiles。",
        "The checkpoints differ in size; to compare them --tiles is needed.",
    ),
    # -- notes
    "note-form": ("{note}：不是检查点（{what}）。", "{note}: not a checkpoint ({what})."),
    "note-unsigned": (
        "{note}：没有任何一把给定的日志公钥对它签过名。",
        "{note}: none of the given keys of the log has signed it.",
    ),
    "note-signature": (
        "{note}：{name} 的签名不成立。",
        "{note}: the signature of {name} does not hold.",
    ),
    "note-origin": (
        "{note}：它说的是日志 {origin}，签名的却是 {name} 的密钥。",
        "{note}: it speaks of the log {origin}, and was signed by the key of {name}.",
    ),
    "note-empty": ("{note}：空的日志证明不了什么。", "{note}: an empty log proves nothing."),
    "cosignature": (
        "{note}：见证方 {name} 的联署不成立：签的不是这个检查点。",
        "{note}: the cosignature of witness {name} does not hold: it is not over this checkpoint.",
    ),
    "quorum": (
        "{note}：要求 {quorum} 个见证方联署，只有 {count} 个。",
        "{note}: {quorum} witness(es) must have cosigned it, and {count} did.",
    ),
    "head": (
        "{note}：{origin}，{size} 条，签名成立，联署 {cosigners} 个。",
        "{note}: {origin}, {size} entries, signature good, {cosigners} cosignature(s).",
    ),
    # -- a receipt
    "root": (
        "证据中的根证书不是给定指纹的那一个。",
        "The root certificate of the evidence is not the one of the fingerprint.",
    ),
    "no-root": (
        "证据文件里没有根证书（旧版本导出）。请用新版连接器重新导出。",
        (
            "The evidence brings no root certificate (an old export). Export it again with a newer"
            " connector."
        ),
    ),
    "certificate-form": ("{who} 的证书读不了。", "The certificate of {who} cannot be read."),
    "certificate-profile": (
        "{who} 的证书不合规定（{what}）。",
        "The certificate of {who} is outside the profile ({what}).",
    ),
    "certificate-chain": (
        "{who} 的证书不是由 {by} 签发的。",
        "The certificate of {who} was not issued by {by}.",
    ),
    "certificate-usage": (
        "{who} 的证书没有这一用途：{usage}。",
        "The certificate of {who} is not for this use: {usage}.",
    ),
    "certificate-time": (
        "{who} 的证书在 {time} 时无效。",
        "The certificate of {who} did not hold at {time}.",
    ),
    "receipt-form": (
        "回执不是约定的形式（{what}）。",
        "The receipt has not the agreed form ({what}).",
    ),
    "receipt-signature": ("回执的签名不成立。", "The signature of the receipt does not hold."),
    "receipt-party": (
        "回执的 {claim} 与证据不符：{found}。",
        "The receipt's {claim} is not that of the evidence: {found}.",
    ),
    "request-form": (
        "请求的签名原文不合约定（{what}）。",
        "The signature base of the request is not as agreed ({what}).",
    ),
    "request-signature": (
        "连接器对请求的签名不成立。",
        "The connector's signature over the request does not hold.",
    ),
    "request-digest": (
        "回执中的 R 不是这个请求的摘要：回执说的是另一个请求。",
        "R in the receipt is not the digest of this request: the receipt is about another one.",
    ),
    "question": (
        "签名的请求带的不是这份问题。",
        "The request that was signed did not carry this question.",
    ),
    "leaf-form": ("叶子不是约定的形式。", "The leaf has not the agreed form."),
    "leaves": (
        "叶子的散列与回执中的不同：条目不是回执承诺的那一条。",
        "The leaf's hash is not the receipt's: this is not the entry that was promised.",
    ),
    "entry": (
        "回执承诺的是第 {first} 条，不是这一条。",
        "The receipt promises entry {first}, not this one.",
    ),
    "control": (
        "control 部分与叶子中的摘要不符：被换过或改过。",
        "The control part does not give the digest in the leaf: it was exchanged or changed.",
    ),
    "control-says": (
        "control 部分的 {member} 不是所问的：{found}。",
        "In the control part {member} is not what was asked: {found}.",
    ),
    "person": (
        "按问题重建的 person 部分与叶子不符：条目里记的不是所问的人、经办人或办件号。",
        (
            "The person part, built again from the question, does not give the digest in the leaf:"
            " the entry is about another subject, officer or case."
        ),
    ),
    "times": (
        "时间对不上：请求 {created}，条目 {entry}，回执 {issued}。",
        "The times do not fit: request {created}, entry {entry}, receipt {issued}.",
    ),
    "answer-unbound": (
        "这份回执是事后补取的，不约束应答，无法核对 --answer。",
        "This receipt was fetched again and binds no answer; --answer cannot be checked.",
    ),
    "answer-digest": (
        "回执中的 B 不是这份应答的摘要。",
        "B in the receipt is not the digest of this answer.",
    ),
    "answer-result": (
        "条目中的 a 不是应答结果的摘要。",
        "a in the entry is not the digest of the answer's result.",
    ),
    "proof-missing": (
        (
            "没有包含证明：回执成立，但还不能说明条目在日志里。可取 /ledger/proof/{first} 后用"
            " --proof 给出。"
        ),
        (
            "There is no proof of inclusion: the receipt stands, and nothing shows yet that the"
            " entry is in the log. Fetch /ledger/proof/{first} and give it with --proof."
        ),
    ),
    "proof-index": (
        "证明是第 {index} 条的，回执承诺的是第 {first} 条。",
        "The proof is for entry {index}, the receipt promises entry {first}.",
    ),
    "proof-origin": (
        "检查点属于日志 {found}，回执说的是 {origin}。",
        "The checkpoint is of the log {found}, the receipt speaks of {origin}.",
    ),
    "inclusion": (
        "包含证明不成立：这一条不在检查点所说的日志里。",
        "The proof of inclusion does not hold: the entry is not in the log of this checkpoint.",
    ),
    "receipt-good": (
        "回执由根证书所认的密钥在 {issued} 签发，关于 {connector} 的请求 R={request}。",
        (
            "The receipt was signed at {issued} by a key that leads to the root, about request"
            " R={request} of {connector}."
        ),
    ),
    "question-good": (
        "请求由该连接器签名，带的正是这份问题（{dataset}，{operation}）。",
        (
            "The request was signed by that connector and carried this very question ({dataset},"
            " {operation})."
        ),
    ),
    "entry-good": (
        "条目 {entry}（{time}，{outcome}）的 control 与 person 都与叶子相符。",
        "Entry {entry} ({time}, {outcome}): control and person give the digests in its leaf.",
    ),
    "entries-good": (
        "条目 {first} 至 {last}（{time}；{outcomes}）与叶子相符，次序与所问一致。",
        "Entries {first} to {last} ({time}; {outcomes}): their parts give their leaves, in order.",
    ),
    "answer-good": (
        "应答正是回执和条目所约束的那一份。",
        "The answer is the one that receipt and entry bind.",
    ),
    "answer-not-given": (
        "没有给出应答正文（--answer），B 未核对。",
        "The answer was not given (--answer): B was not checked.",
    ),
    "inclusion-good": (
        "条目在 {size} 条的日志中，位置 {entry}。",
        "The entry stands at {entry} in the log of {size} entries.",
    ),
    "inclusions-good": (
        "条目在 {size} 条的日志中，位置 {first} 至 {last}。",
        "The entries stand at {first} to {last} in the log of {size} entries.",
    ),
    "inclusion-of-one": (
        "给出的证明只是第 {entry} 条的；同一回执共 {count} 条，其余各条未作证明。",
        "The proof given is of entry {entry}; no other of the receipt's {count} entries is proven.",
    ),
    "origin-continued": (
        "回执属于 {origin}，日志后来改名为 {found}，条目仍在原位。",
        "The receipt is of {origin}; the log goes on as {found}, and the entry kept its place.",
    ),
    "certificate-standing": (
        "连接器证书当时是否已被撤销，只能从整份日志（export）看出。",
        (
            "Whether the connector's certificate had been revoked can only be seen in the whole"
            " log (export)."
        ),
    ),
    # -- an export: files and tree
    "missing": ("缺少文件 {file}。", "File {file} is missing."),
    "malformed": ("文件 {file} 的形式不对。", "File {file} is malformed."),
    "stopped": (
        "条目与散列都缺，从这里起无法继续。",
        "Both the entries and their hashes are missing: nothing beyond this can be verified.",
    ),
    "entry-changed": (
        "条目与树中的散列不符：被改过。",
        "The entry does not give its hash in the tree: it was changed.",
    ),
    "entry-removed": ("这里少了一条。", "An entry is missing here."),
    "entry-inserted": ("这里多了一条。", "There is an entry too many here."),
    "entries-reordered": (
        "从这里起条目的次序被调换。",
        "From here on the entries stand in another order.",
    ),
    "tile": (
        "散列瓦片 {file} 不是由下一层算出的。",
        "Tile {file} is not what the level below gives.",
    ),
    "checkpoint-root": (
        "重算的根与 {note} 不同：给出的不是它所签的日志。",
        "The root computed again is not that of {note}: this is not the log that was signed.",
    ),
    "fork": (
        "{note} 与这份日志矛盾：{size} 条时的根不同。同一份日志有两个样子。",
        (
            "{note} contradicts this log: at {size} entries it has another root. There are two"
            " logs of one name."
        ),
    ),
    "tail": (
        "{note} 有 {size} 条，这里只有 {here} 条：日志的末尾被截去。",
        "{note} has {size} entries, and there are only {here} here: the tail has been cut off.",
    ),
    "root-unchecked": (
        "{note}（{size} 条）没有核对到：日志在此之前就中断了。",
        "{note} ({size} entries) could not be checked: the log breaks off before.",
    ),
    "undeclared-loss": (
        "{note} 有 {size} 条，而改名的条目只承认丢失到 {lost} 条。",
        (
            "{note} has {size} entries, and the entry of the restore only owns up to a loss up to"
            " {lost}."
        ),
    ),
    "unknown-origin": (
        "{note} 属于日志 {origin}，这份日志从未用过这个名字。",
        "{note} is of the log {origin}, and this log never had that name.",
    ),
    "origin": (
        "检查点说的是日志 {origin}，按条目现在应为 {found}。",
        "The checkpoint speaks of the log {origin}; by its entries it is {found} now.",
    ),
    "tree-good": (
        "{entries} 条条目、各层瓦片和检查点的根一致：{root}",
        "{entries} entries, the tiles of every level and the checkpoint's root agree: {root}",
    ),
    "seen-good": (
        "{note}（{size} 条）是这份日志的开头。",
        "{note} ({size} entries) is a beginning of this log.",
    ),
    "declared-loss": (
        "恢复时改名为 {origin}，承认第 {kept} 到 {lost} 条丢失；{note} 正在其中，请另行追查。",
        (
            "The log was restored as {origin}, and entries {kept} to {lost} were declared lost;"
            " {note} is of those. Follow it up."
        ),
    ),
    "uncosigned": (
        "{size} 条以后的 {count} 条还没有见证方联署，只凭枢纽一面之词。",
        "The {count} entries beyond {size} are not cosigned yet and rest on the hub's word alone.",
    ),
    "no-witness": (
        "没有给出见证方：枢纽给别人看的可能是另一份日志，这里看不出来。",
        "No witness was given: that others are shown another log cannot be seen from here.",
    ),
    # -- an export: what the entries say
    "opened-missing": ("control 部分缺少这一条。", "The control part of this entry is missing."),
    "order-stopped": (
        "这里的变更无从得知，此后授权与应答的次序不再核对。",
        "What changed here is unknown: the order of grants and answers was not checked further.",
    ),
    "tree-only": (
        "按要求只核验了树，没有核验授权与应答的次序。",
        "As asked, only the tree was verified, not the order of grants and answers.",
    ),
    "order-good": (
        "{answers} 条问题、{changes} 条变更：每个应答当时都有有效的授权。",
        "{answers} questions, {changes} changes: every answer stood under a grant of its time.",
    ),
    "time-backwards": ("时间早于前一条。", "Its time is before that of the entry before it."),
    "control-form": ("control 部分的形式不对。", "The control part is malformed."),
    "epoch": ("epoch 不是此处应有的。", "Its epoch is not what it must be here."),
    "kind": ("未知的条目种类：{kind}。", "An entry of an unknown kind: {kind}."),
    "state": ("变更没有写出新状态。", "A change that does not tell the new state."),
    "moves-epoch": (
        "这一变更是否推进 epoch 写得不对。",
        "It is wrong about whether this change moves the epoch.",
    ),
    "outcome": ("未知的结局。", "An outcome that there is not."),
    "request": ("R 不是摘要。", "R is no digest."),
    "request-twice": ("同一个请求出现两次。", "One request stands in the log twice."),
    "repeats": (
        "所重复的不是同一方的同一类问题。",
        "It does not repeat a question of the same asker.",
    ),
    "answer-without-grant": ("应答没有授权。", "An answer without a grant."),
    "answer-after-suspended": (
        "应答在授权暂停之后。",
        "An answer after its grant had been suspended.",
    ),
    "answer-after-revoked": ("应答在授权撤销之后。", "An answer after its grant had been revoked."),
    "answer-under-inactive": (
        "应答所凭的授权当时无效。",
        "An answer under a grant that was not active.",
    ),
    "grant-state": ("授权的状态写得不对。", "The state of a grant is malformed."),
    "grant-version": (
        "应答写的授权版本不是当时的版本。",
        "The answer names a version of its grant that was not the one in force.",
    ),
    "grant-version-gap": (
        "授权的版本没有逐一递增。",
        "The versions of a grant do not follow one another.",
    ),
    "grant-after-revoked": (
        "已撤销的授权又有了新状态。",
        "A grant that had been revoked was given a new state.",
    ),
    "grant-out-of-time": (
        "应答不在授权的有效期内。",
        "The answer is outside the time of its grant.",
    ),
    "grant-dataset": ("授权是另一个数据资源的。", "The grant is for another dataset."),
    "grant-department": ("授权是另一个部门的。", "The grant is another department's."),
    "grant-operations": ("授权不允许这种操作。", "The grant does not allow this operation."),
    "grant-channels": ("授权不允许这个渠道。", "The grant does not allow this channel."),
    "grant-purposes": ("授权不允许这个用途。", "The grant does not allow this purpose."),
    "delegation-unknown": (
        "应答所称的委托不存在。",
        "There is no delegation of the name that the answer gives.",
    ),
    "delegation-inactive": (
        "应答时委托尚未生效或已被撤销。",
        "The delegation was not accepted yet, or was revoked, when the answer was given.",
    ),
    "delegation-state": ("委托的状态写得不对。", "The state of a delegation is malformed."),
    "delegation-order": (
        "委托没有依次起草、签署、接受、撤销。",
        "A delegation was not drafted, signed, accepted and revoked in that order.",
    ),
    "delegation-version-gap": (
        "委托的版本没有依次相连。",
        "The versions of a delegation do not follow one another.",
    ),
    "delegation-changed": (
        "委托在签署之后被改动。",
        "A delegation was changed after it had been signed.",
    ),
    "delegation-out-of-time": (
        "应答在委托的有效期之外。",
        "The answer is outside the time of its delegation.",
    ),
    "delegation-department": (
        "委托不是授权所属部门作出的。",
        "The delegation is not by the department whose grant was used.",
    ),
    "delegation-to": (
        "委托不是给提问部门的。",
        "The delegation is not to the department that asked.",
    ),
    "delegation-purposes": ("委托不允许这个用途。", "The delegation does not allow this purpose."),
    "delegation-channels": ("委托不允许这个渠道。", "The delegation does not allow this channel."),
    "delegation-datasets": (
        "委托不包括这个数据资源。",
        "The delegation does not include this dataset.",
    ),
    "connector-suspended": ("连接器当时无效。", "The connector did not stand at that time."),
    "department-suspended": ("部门当时无效。", "The department did not stand at that time."),
    "dataset-suspended": ("数据资源当时无效。", "The dataset did not stand at that time."),
    "purpose-ended": ("用途当时已终止。", "The purpose had ended at that time."),
    "restore": (
        "恢复条目与它所在的位置不符。",
        "The entry of a restore does not fit the place where it stands.",
    ),
    # -- comparing heads
    "pair-good": (
        "{first}（{size1} 条）与 {second}（{size2} 条）一致。",
        "{first} ({size1} entries) and {second} ({size2} entries) agree.",
    ),
    "pair-fork": (
        "{first}（{size1} 条）与 {second}（{size2} 条）矛盾：同一份日志给人看了两个样子。",
        (
            "{first} ({size1} entries) and {second} ({size2} entries) contradict each other: two"
            " logs of one name were shown."
        ),
    ),
    "pair-inconsistent": (
        (
            "{first}（{size1} 条）与 {second}（{size2} 条）对不上：从前者长不出后者。同一份日志有"
            "两个样子，或者瓦片不是这份日志的（可用 export 核验瓦片）。"
        ),
        (
            "{first} ({size1} entries) and {second} ({size2} entries) do not agree: the one does"
            " not grow into the other. There are two logs of one name, or the tiles are not of"
            " this log (verify them with export)."
        ),
    ),
    "pair-beyond": (
        "{note} 有 {size} 条，瓦片只到 {here} 条：末尾被截去，无法比较。",
        (
            "{note} has {size} entries, the tiles only reach {here}: the tail has been cut off,"
            " and it cannot be compared."
        ),
    ),
    "pair-origins": (
        "{first} 与 {second} 属于不同名的日志，没有比较。",
        "{first} and {second} are of logs of different names and were not compared.",
    ),
    # -- a statement
    "statement-file": (
        "{file} 不是告知文件（{member}）。",
        "{file} is not a statement's file ({member}).",
    ),
    "statement-own": (
        "告知本身的存证不成立（{reason}）：这份文件不是审计出具的那一份。",
        (
            "The entry of the statement itself does not hold ({reason}): this file is not what the"
            " auditor made."
        ),
    ),
    "statement-says": (
        "文件所说的 {member} 与存证的告知不符：被改过。",
        "What the file says of {member} is not what was entered: it was changed.",
    ),
    "statement-order": (
        "条目没有按序排列，或者同一条列了两次。",
        "The entries are not in order, or one stands there twice.",
    ),
    "statement-control": (
        "control 部分与叶子中的摘要不符：部门、用途或结果被改过。",
        "The control part does not give the digest in the leaf: who, why or what was changed.",
    ),
    "statement-person": (
        "person 部分与叶子中的摘要不符：被换过或改过。",
        "The person part does not give the digest in the leaf: it was exchanged or changed.",
    ),
    "statement-subject": (
        "这一条不是关于当事人的。",
        "This entry is not about the person concerned.",
    ),
    "statement-count": (
        "文件有 {count} 条，出具时存证的是 {told} 条：有条目被抽走或添加。",
        (
            "The file has {count} entries, and {told} were entered when it was made: some were"
            " taken out or added."
        ),
    ),
    "statement-told": (
        "文件中的条目不是出具时存证的那些：有条目被换过。",
        "The entries of the file are not those that were entered: some were exchanged.",
    ),
    "statement-entry": (
        (
            "{time} 部门 {department}，{kind}，数据 {dataset}，用途 {purpose}，结果 {outcome}，"
            "办件 {case}"
        ),
        (
            "{time} department {department}, {kind}, dataset {dataset}, purpose {purpose}, outcome"
            " {outcome}, case {case}"
        ),
    ),
    "statement-good": (
        (
            "关于 {subject} 的告知，{time} 出具（{basis}）："
            "{count} 条全部在签名的存证日志里，内容未改。"
        ),
        (
            "A statement about {subject}, made {time} ({basis}): all {count} entries stand in the"
            " signed log, unchanged."
        ),
    ),
    "statement-other-name": (
        "有 {count} 条是按证照标识 {name} 查的：请确认这是您的证照。",
        "{count} entries were asked about the licence {name}: see that it is yours.",
    ),
    "statement-more": (
        "条目太多，这里只有最近的 {count} 条，更早的另有。",
        "There are more entries: only the newest {count} are here, others are older.",
    ),
    "statement-omitted": (
        "出具时依法未列 {count} 条。",
        "{count} entries were left out when it was made, under the law.",
    ),
    "statement-whole": (
        "是否有条目没有列出，这份文件看不出来：依法可以不告知，保存期满的已销毁；只有持有整份日志的审计能看。",
        (
            "Whether entries were not listed cannot be seen from this file: the law lets some be"
            " kept back, and those past their retention are destroyed. Only an auditor with the"
            " whole log can see that."
        ),
    ),
    "statement-officers": (
        "文件载有经办人账号；转交他人前请考虑。",
        "The file names officers' accounts: think of it before you pass it on.",
    ),
    # -- help
    "help-statement": (
        "核验一份告知文件：谁查询过我。",
        "Verify a statement's file: who looked at me.",
    ),
    "help-statement-file": ("审计交给当事人的文件", "file that an auditor handed over"),
    "help": (
        "核验 Yifen 枢纽的回执和存证日志，不需要相信枢纽。",
        "Verify receipts and logs of a Yifen hub without believing the hub.",
    ),
    "help-receipt": ("核验一份证据文件。", "Verify an evidence file."),
    "help-export": ("核验整份日志的导出。", "Verify an export of the whole log."),
    "help-compare": (
        "比较不同的人看到的检查点。",
        "Compare checkpoints that different parties saw.",
    ),
    "help-bundle": ("connector receipts export 写出的文件", "file of connector receipts export"),
    "help-dir": (
        "hub ledger export 写出的目录，或 /ledger 各网址的镜像",
        "folder of hub ledger export, or a mirror of the addresses below /ledger",
    ),
    "help-notes": ("检查点文件", "files of checkpoints"),
    "help-root": (
        "根证书（DER）的 SHA-256，base64url 或十六进制",
        "SHA-256 of the root certificate (DER), base64url or hexadecimal",
    ),
    "help-root-export": (
        "根证书指纹：keys.json 中证书链可追溯到它的日志公钥也算可信",
        "fingerprint of the root: keys of the log in keys.json that lead to it are believed too",
    ),
    "help-log": ("日志的校验公钥，可多次", "verifier key of the log; may be given several times"),
    "help-witness": (
        "见证方的校验公钥，可多次",
        "verifier key of a witness; may be given several times",
    ),
    "help-quorum": (
        "至少要几个见证方联署（不写则全部）",
        "how many witnesses must have cosigned (all, unless given)",
    ),
    "help-proof": (
        "C2SP tlog-proof 文件，代替证据中的证明",
        "a C2SP tlog-proof file, in place of the proof in the evidence",
    ),
    "help-answer": ("收到的应答正文，逐字节", "the answer's body as it arrived, to the byte"),
    "help-seen": (
        "留存的或别人看到的检查点，可多次",
        "a checkpoint that was kept, or that somebody else was shown; may be given several times",
    ),
    "help-tree-only": (
        "只核验树，不核验 control 部分（例如没有 opened 目录的镜像）",
        "verify the tree alone and no control parts (for a mirror without the folder opened)",
    ),
    "help-tiles": ("导出目录，取其中的瓦片", "folder of an export, for its tiles"),
    "help-json": ("输出 JSON", "write JSON"),
    "help-language": ("zh 或 en", "zh or en"),
}


def tell(language: str, key: str, **facts: object) -> str:
    """A message in ``zh`` or ``en``."""
    return MESSAGES[key][0 if language == "zh" else 1].format(**facts)


# === 13  The command line =========================================================================

GOOD, FAULTY, UNUSABLE = 0, 1, 2
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{64}\Z")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # what a file says shall not steer a terminal


class Options(argparse.Namespace):
    """What the command line says."""

    command: str
    language: str
    json: bool
    log: list[str]
    witness: list[str]
    quorum: int | None
    bundle: Path
    proof: Path | None
    root: str | None
    answer: Path | None
    folder: Path
    seen: list[Path]
    tree_only: bool
    notes: list[Path]
    tiles: Path | None
    statement: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    language = _language(words)
    options = _parser(language).parse_args(_bound(words), namespace=Options())
    report = Report()
    try:
        _run(options, report, language)
    except Unusable as error:
        sys.stderr.write(tell(language, error.why, **error.facts) + "\n")
        if options.json:
            told = {"verdict": "unusable", "why": error.why, "facts": error.facts}
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return UNUSABLE
    except Broken as error:
        report.fault(error.why, **error.facts)
    report.close()
    _write(report, language, as_json=options.json)
    return FAULTY if report.faults else GOOD


def _run(options: Options, report: Report, language: str) -> None:
    policy = make_policy(options.log, options.witness, options.quorum)
    if options.root is None and not policy.logs:
        raise Unusable("no-log")
    fingerprint = None if options.root is None else read_fingerprint(options.root)
    if options.command == "receipt" and fingerprint is not None:
        file = str(options.bundle)
        bundle = read_bundle(read_file(options.bundle, MAX_EVIDENCE), file)
        answer = None if options.answer is None else read_file(options.answer, MAX_ANSWER)
        proof = None
        if options.proof is not None:
            proof = read_proof(read_file(options.proof, 2 * MAX_NOTE), str(options.proof))
        verify_receipt(bundle, fingerprint, policy, report, answer=answer, proof=proof)
    elif options.command == "statement" and fingerprint is not None:
        file = str(options.statement)
        statement = read_statement(read_file(options.statement, MAX_STATEMENT), file)
        verify_statement(statement, fingerprint, policy, report)
    elif options.command == "export":
        if fingerprint is not None:
            policy = believe(policy, keys_of_export(options.folder, fingerprint))
        verify_export(
            options.folder,
            policy,
            report,
            seen=[(str(path), read_file(path, MAX_NOTE)) for path in options.seen],
            tree_only=options.tree_only,
            progress=_progress(language),
        )
    else:
        notes = [(str(path), read_file(path, MAX_NOTE)) for path in options.notes]
        compare_notes(notes, options.tiles, policy, report)


def read_fingerprint(text: str) -> bytes:
    """32 bytes from base64url or hexadecimal with or without colons; raises ``Unusable``."""
    digits = text.replace(":", "")
    try:
        data = bytes.fromhex(digits) if _HEXADECIMAL.match(digits) else unb64u(text)
    except ValueError as error:
        raise Unusable("fingerprint") from error
    if len(data) != HASH:
        raise Unusable("fingerprint")
    return data


def _progress(language: str) -> Progress:
    """Tells on standard error how far it is: every second on a terminal, else every ten."""
    terminal = sys.stderr.isatty()
    pause = 1.0 if terminal else 10.0
    last = [time.monotonic()]

    def show(done: int, total: int) -> None:
        if time.monotonic() - last[0] >= pause:
            last[0] = time.monotonic()
            text = tell(language, "progress", done=done, total=total)
            sys.stderr.write(f"\r{text} " if terminal else f"{text}\n")
            sys.stderr.flush()

    return show


def _write(report: Report, language: str, *, as_json: bool) -> None:
    verdict = "verdict-faulty" if report.faults else "verdict-good"
    count = sum(report.counts.values())
    if as_json:
        told: dict[str, object] = {
            "verdict": verdict.partition("-")[2],
            "passed": [_told(one, language) for one in report.passed],
            "remarks": [_told(one, language) for one in report.remarks],
            "faults": [_told(one, language) for one in report.faults],
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
        return
    for label, findings in (
        ("passed", report.passed),
        ("remark", report.remarks),
        ("fault", report.faults),
    ):
        for one in findings:
            text = _UNPRINTABLE.sub("\ufffd", one.tell(language))
            sys.stdout.write(f"[{tell(language, label)}] {text}\n")
    sys.stdout.write(tell(language, verdict, count=count) + "\n")


def _told(one: Finding, language: str) -> dict[str, object]:
    return {
        "why": one.why,
        "position": one.position,
        "facts": one.facts,
        "text": one.tell(language),
    }


def _language(words: Sequence[str]) -> str:
    """The language is needed before the words are parsed: help speaks it too."""
    for at, word in enumerate(words):
        if word == "--language=en" or (word == "--language" and words[at + 1 : at + 2] == ["en"]):
            return "en"
    return "zh"


def _bound(words: Sequence[str]) -> list[str]:
    """The words with each fingerprint bound to its option: one in 64 begins with a dash."""
    bound: list[str] = []
    for word in words:
        if bound and bound[-1] == "--root":
            bound[-1] = f"--root={word}"
        else:
            bound.append(word)
    return bound


def _parser(language: str) -> argparse.ArgumentParser:
    def say(key: str) -> str:
        return tell(language, key)

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--log", action="append", default=[], metavar="VKEY", help=say("help-log"))
    common.add_argument(
        "--witness", action="append", default=[], metavar="VKEY", help=say("help-witness")
    )
    common.add_argument("--quorum", type=int, metavar="K", help=say("help-quorum"))
    common.add_argument("--json", action="store_true", help=say("help-json"))
    common.add_argument("--language", choices=("zh", "en"), help=say("help-language"))

    parser = argparse.ArgumentParser(prog="yifen_verify.py", description=say("help"))
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    receipt = commands.add_parser("receipt", parents=[common], help=say("help-receipt"))
    receipt.add_argument("bundle", type=Path, metavar="BUNDLE", help=say("help-bundle"))
    receipt.add_argument("--root", required=True, metavar="FINGERPRINT", help=say("help-root"))
    receipt.add_argument("--proof", type=Path, metavar="FILE", help=say("help-proof"))
    receipt.add_argument("--answer", type=Path, metavar="FILE", help=say("help-answer"))

    export = commands.add_parser("export", parents=[common], help=say("help-export"))
    export.add_argument("--root", metavar="FINGERPRINT", help=say("help-root-export"))
    export.add_argument("folder", type=Path, metavar="DIR", help=say("help-dir"))
    export.add_argument(
        "--seen", type=Path, action="append", default=[], metavar="NOTE", help=say("help-seen")
    )
    export.add_argument("--tree-only", action="store_true", help=say("help-tree-only"))

    compare = commands.add_parser("compare", parents=[common], help=say("help-compare"))
    compare.add_argument("notes", type=Path, nargs="+", metavar="NOTE", help=say("help-notes"))
    compare.set_defaults(root=None)
    compare.add_argument("--tiles", type=Path, metavar="DIR", help=say("help-tiles"))

    statement = commands.add_parser("statement", parents=[common], help=say("help-statement"))
    statement.add_argument("statement", type=Path, metavar="FILE", help=say("help-statement-file"))
    statement.add_argument("--root", required=True, metavar="FINGERPRINT", help=say("help-root"))
    return parser


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Whatever the locale says; a file's name may be no text at all.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(main())

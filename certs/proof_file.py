"""One entry's proof as a file that anybody can check offline (C2SP ``tlog-proof``).

    c2sp.org/tlog-proof@v1
    extra <base64>                      may be left out; ours is the leaf itself
    index <where the entry stands>
    <hashes of the inclusion proof, from the leaf upwards, one a line>

    <the checkpoint, a signed note, as it is>

Files of ours end in ``.tlog-proof``. Nothing vouches for ``extra``: whoever takes the leaf from it
checks nothing before its hash has led to the root.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from certs.cosignature import Cosignature, Witness, verify_cosignatures
from certs.errors import CheckpointInvalid, ProofInvalid
from certs.keys import PublicKey
from certs.note import MAX_NOTE_BYTES, Checkpoint, open_checkpoint, unbase64
from certs.tree import HASH_BYTES, verify_inclusion

MAX_HASHES = 63
"""Hashes at most: no proof in a tree that a checkpoint can name is longer."""
MAX_EXTRA_BYTES = 64 * 1024
"""Bytes of ``extra`` at most; a leaf has at most 1,024."""
MAX_FILE_BYTES = 2 * MAX_EXTRA_BYTES + MAX_NOTE_BYTES
"""Bytes of a file at most."""

_FIRST = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A proof as read, of which nothing is believed yet; ``checkpoint`` is a signed note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


def write_proof(proof: ProofFile) -> str:
    """The text of a proof's file."""
    lines = [_FIRST]
    if proof.extra is not None:
        lines.append(_EXTRA + b64encode(proof.extra).decode("ascii"))
    lines.append(f"index {proof.index}")
    lines += [b64encode(one).decode("ascii") for one in proof.hashes]
    return "\n".join([*lines, "", proof.checkpoint])


def read_proof(text: str) -> ProofFile:
    """Take a proof's file apart; raises ``ProofInvalid`` unless every byte is as the format says.

    The checkpoint is not opened.
    """
    if len(text) > MAX_FILE_BYTES:
        raise ProofInvalid(why="too-long")
    head, separator, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines.pop(0) != _FIRST:
        raise ProofInvalid(why="form")
    extra = None
    if lines and lines[0].startswith(_EXTRA):
        extra = _decoded(lines.pop(0).removeprefix(_EXTRA))
        # Where there is none the line is left out.
        if not 0 < len(extra) <= MAX_EXTRA_BYTES:
            raise ProofInvalid(why="extra")
    index = _INDEX.match(lines.pop(0)) if lines else None
    if index is None:
        raise ProofInvalid(why="index")
    hashes = tuple(_decoded(line) for line in lines)
    if len(hashes) > MAX_HASHES or any(len(one) != HASH_BYTES for one in hashes):
        raise ProofInvalid(why="hash")
    return ProofFile(int(index[1]), hashes, checkpoint, extra)


def verify_proof(
    proof: ProofFile,
    leaf: bytes,
    *,
    origin: str,
    trusted: Iterable[tuple[str, PublicKey]],
    witnesses: Sequence[Witness] = (),
    quorum: int = 0,
) -> tuple[Checkpoint, tuple[Cosignature, ...]]:
    """The checkpoint that a leaf hash leads to, and who cosigned it.

    ``trusted`` are the names and keys of the log of ``origin``. With ``witnesses`` at least
    ``quorum`` of them must have cosigned. Raises ``CheckpointInvalid`` or ``ProofInvalid``.
    """
    checkpoint = open_checkpoint(proof.checkpoint, trusted)
    if checkpoint.origin != origin:
        raise CheckpointInvalid(why="origin")
    found: tuple[Cosignature, ...] = ()
    if witnesses:
        found = verify_cosignatures(proof.checkpoint, witnesses, quorum)
    verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return checkpoint, found


def _decoded(text: str) -> bytes:
    try:
        return unbase64(text)
    except CheckpointInvalid as error:
        raise ProofInvalid(why="base64") from error

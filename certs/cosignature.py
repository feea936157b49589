"""What witnesses say of a log: timestamped cosignatures under its checkpoints (C2SP).

    cosignature/v1
    time 1679315147
    <the checkpoint's text, whole>

An Ed25519 signature over these lines, with the time before it as eight bytes, stands in the note
beside the log's own. It says that at that time the witness knew of no larger tree under the
origin, and of no tree under it that is not a beginning of this one. A quorum of witnesses who do
not act together takes from the log the possibility to show two histories.

Only Ed25519 (type 0x04): the library that we build on has no ML-DSA-44.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from certs.errors import CheckpointInvalid, SignatureInvalid
from certs.keys import PublicKey, Signer
from certs.note import COSIGNATURE, Signature, key_id, parse_vkey, read_note, utf8, vkey

_HEADER = "cosignature/v1"
_TIME_BYTES = 8
_MAX_SECONDS = (1 << 63) - 1
_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness as a verifier knows it: the name of its key, and the key."""

    name: str
    public: PublicKey

    @property
    def vkey(self) -> str:
        """Its verifier key."""
        return vkey(self.name, self.public, COSIGNATURE)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: whose, and when it was made (milliseconds, of a whole second)."""

    name: str
    time: int
    signature: Signature


def parse_witness(text: str) -> Witness:
    """The witness of a verifier key of type 0x04; raises ``CheckpointInvalid``."""
    return Witness(*parse_vkey(text, COSIGNATURE))


def cosign(text: str, name: str, key: Signer, now: int) -> Signature:
    """A witness's cosignature on a checkpoint's ``text`` at ``now`` (milliseconds).

    Raises ``KeyUnusable`` unless the key is Ed25519, and ``CheckpointInvalid`` for a time that
    none can have. That the text is a checkpoint, and consistent with all that the witness has
    signed for that log, is the caller's to see to.
    """
    seconds = now // _SECOND
    if not 0 < seconds <= _MAX_SECONDS:
        raise CheckpointInvalid(why="time")
    data = seconds.to_bytes(_TIME_BYTES, "big") + key.sign(_message(text, seconds))
    return Signature(name, key_id(name, key.public, COSIGNATURE), data)


def cosignatures(
    text: str, signatures: Iterable[Signature], witnesses: Iterable[Witness]
) -> tuple[Cosignature, ...]:
    """The cosignatures of known ``witnesses`` among ``signatures``, one each, in their order.

    Of several that one witness made the newest counts. Those of others are skipped; raises
    ``CheckpointInvalid`` if one of a known witness fails (signed-note, «Signatures»).
    """
    known = {(one.name, key_id(one.name, one.public, COSIGNATURE)): one for one in witnesses}
    found: dict[tuple[str, bytes], Cosignature] = {}
    for signature in signatures:
        whose = (signature.name, signature.key_id)
        if whose not in known:
            continue
        made = _verified(text, signature, known[whose])
        before = found.get(whose)
        if before is None or before.time < made.time:
            found[whose] = made
    return tuple(found[whose] for whose in known if whose in found)


def verify_cosignatures(
    note: str, witnesses: Sequence[Witness], quorum: int
) -> tuple[Cosignature, ...]:
    """Who of ``witnesses`` cosigned a note, and when; at least ``quorum`` of them.

    Raises ``CheckpointInvalid`` if there are fewer, a known witness's signature fails, or the
    witnesses and the quorum make no sense. The log's own signature is not looked at.
    """
    check_quorum(witnesses, quorum)
    read = read_note(note)
    found = cosignatures(read.text, read.signatures, witnesses)
    if len(found) < quorum:
        raise CheckpointInvalid(why="cosignatures")
    return found


def check_quorum(witnesses: Sequence[Witness], quorum: int) -> None:
    """Raise ``CheckpointInvalid`` unless ``quorum`` different ones of ``witnesses`` can be had.

    One key under two names would count twice, for v1 does not sign the witness's name; and two
    keys under one name are one witness.
    """
    keys = {one.public.der for one in witnesses}
    names = {one.name for one in witnesses}
    if not len(keys) == len(names) == len(witnesses):
        raise CheckpointInvalid(why="witness-twice")
    if not 0 < quorum <= len(witnesses):
        raise CheckpointInvalid(why="quorum")


def _verified(text: str, signature: Signature, witness: Witness) -> Cosignature:
    seconds = int.from_bytes(signature.data[:_TIME_BYTES], "big")
    if not 0 < seconds <= _MAX_SECONDS:
        raise CheckpointInvalid(why="cosignature")
    try:
        witness.public.verify(signature.data[_TIME_BYTES:], _message(text, seconds))
    except SignatureInvalid as error:
        raise CheckpointInvalid(why="cosignature") from error
    return Cosignature(witness.name, seconds * _SECOND, signature)


def _message(text: str, seconds: int) -> bytes:
    return utf8(f"{_HEADER}\ntime {seconds}\n{text}")

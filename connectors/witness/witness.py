"""What a witness does: see that a log only grows, say so, and keep what shows that it did not.

    1 read       the request has its form                              SubmissionMalformed  400
    2 know       the log is one of ours                                LogUnknown           404
    3 believe    a key of that log signed the checkpoint               CheckpointUnsigned   403
    4 compare    with the largest tree that we cosigned                SizeConflict         409
    5 check      the tree that we know begins the new one              ConsistencyRefused   422
    6 keep       durably; from here on nothing smaller is cosigned
    7 cosign

Steps 4 to 7 have the store to themselves, so of two requests about the same tree one wins. The
first checkpoint of a log is taken by itself: there is nothing to compare it with.
"""

import logging

from certs.cosignature import cosign
from certs.errors import CheckpointInvalid, ProofInvalid
from certs.keys import PrivateKey
from certs.note import Checkpoint, Note, Signature, read_checkpoint, trusted_signatures
from certs.tree import verify_consistency
from connectors.clock import Clock
from connectors.witness.errors import (
    CheckpointUnsigned,
    ConsistencyRefused,
    LogUnknown,
    SizeConflict,
    SubmissionMalformed,
)
from connectors.witness.request import Submission, read_submission
from connectors.witness.store import Cosigned, Refused, WitnessStore

_log = logging.getLogger("yifen.witness")


class Witness:
    """One witness: its name, its key, and what it has seen."""

    def __init__(self, name: str, key: PrivateKey, store: WitnessStore, clock: Clock) -> None:
        self._name = name
        self._key = key
        self._store = store
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> str:
        """The cosignature on a submitted checkpoint, one signature line.

        Raises one of the errors above, or ``StoreUnreadable``: then nothing has been cosigned.
        """
        # 1 read
        submission = read_submission(body)
        # 2 know
        keys = self._store.keys(submission.origin)
        if not keys:
            raise LogUnknown
        # 3 believe
        try:
            signatures = trusted_signatures(submission.note, keys)
        except CheckpointInvalid as error:
            raise CheckpointUnsigned(why=str(error.facts["why"])) from error
        note = submission.note._replace(signatures=signatures)
        checkpoint = _checkpoint(note)
        if submission.old > (checkpoint.size if checkpoint else 0):
            raise SubmissionMalformed(why="old-size")
        with self._store.writing():
            # 4 compare
            kept = self._store.cosigned(submission.origin)
            if submission.old != (kept.size if kept else 0):
                raise SizeConflict(size=kept.size if kept else 0)
            # 5 check
            why = _fault(submission, checkpoint, kept)
            if checkpoint is not None and not why:
                # 6 keep
                made = self._cosign(note, checkpoint, kept)
        if checkpoint is None or why:
            self._keep_evidence(note, checkpoint, kept, why)
            raise ConsistencyRefused(why=why)
        # 7 cosign: the signature was made above, and leaves only now that the tree is kept
        return made.line

    def newest(self, origin_hash: str) -> str | None:
        """The newest note of a log, by the SHA-256 of its origin in hexadecimal; None if none."""
        return self._store.note_of(origin_hash)

    def _cosign(self, note: Note, checkpoint: Checkpoint, kept: Cosigned | None) -> Signature:
        # A clock that was set back must not say of a larger tree that it was seen earlier.
        now = max(self._clock(), 0 if kept is None else kept.time)
        made = cosign(note.text, self._name, self._key, now)
        cosigned = note._replace(signatures=(*note.signatures, made)).written
        self._store.replace(
            checkpoint.origin, Cosigned(checkpoint.size, checkpoint.root, cosigned, now)
        )
        return made

    def _keep_evidence(
        self, note: Note, checkpoint: Checkpoint | None, kept: Cosigned | None, why: str
    ) -> None:
        """Keep two checkpoints, both signed by the log, of which one does not continue the other.

        Of one size they convict it. Of two sizes they do if nobody can show a proof: whoever asked
        may just have sent a wrong one.
        """
        if checkpoint is None or kept is None:
            return
        refused = Refused(
            checkpoint.origin,
            checkpoint.size,
            checkpoint.root,
            why,
            note.written,
            kept.note,
            self._clock(),
        )
        if self._store.keep_refused(refused):
            _log.warning(
                "refused a checkpoint of %s: size %d does not continue size %d (%s)",
                checkpoint.origin,
                checkpoint.size,
                kept.size,
                why,
            )


def _checkpoint(note: Note) -> Checkpoint | None:
    """The signed text; None for an empty tree that has another root than the empty one.

    Extension lines are passed over, for a witness says nothing of them.
    """
    try:
        return read_checkpoint(note.text, extensions=True)
    except CheckpointInvalid as error:
        why = str(error.facts["why"])
        if why == "empty-root":
            return None
        raise SubmissionMalformed(why=why) from error


def _fault(submission: Submission, checkpoint: Checkpoint | None, kept: Cosigned | None) -> str:
    """Why the tree that is kept does not begin the one that is shown; empty if it does."""
    if checkpoint is None:
        return "empty-root"
    if kept is None or kept.size == 0:
        # The empty tree begins every tree, and needs no proof.
        return "proof" if submission.proof else ""
    if checkpoint.size == kept.size and checkpoint.root != kept.root:
        return "root"
    try:
        verify_consistency(kept.size, checkpoint.size, submission.proof, kept.root, checkpoint.root)
    except ProofInvalid:
        return "consistency"
    return ""

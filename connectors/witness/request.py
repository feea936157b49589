"""The body of ``add-checkpoint`` (C2SP ``tlog-witness``), read strictly.

old <size>
<consistency proof, standard base64, one hash a line, at most 63>

<the checkpoint, a signed note>
"""

import re
from dataclasses import dataclass

from certs.errors import CheckpointInvalid
from certs.note import MAX_NOTE_BYTES, Note, read_note, unbase64
from certs.tree import HASH_BYTES
from connectors.witness.errors import SubmissionMalformed

MAX_PROOF_LINES = 63
"""Hashes of a consistency proof at most (tlog-witness, ``add-checkpoint``)."""
MAX_BODY_BYTES = MAX_NOTE_BYTES + 4096
"""Bytes of a body at most: a note of the longest form, the old size and 63 hashes."""

_OLD = re.compile(r"old (0|[1-9][0-9]{0,17})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Submission:
    """A request as read, of which nothing is believed yet."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    @property
    def origin(self) -> str:
        """The log that the checkpoint says it is of."""
        return self.note.text.partition("\n")[0]


def read_submission(body: bytes) -> Submission:
    """Take a body apart; raises ``SubmissionMalformed``."""
    try:
        text = body.decode("utf-8")
        # The first empty line ends the proof; the note has others of its own.
        head, separator, note = text.partition("\n\n")
        if not separator:
            raise SubmissionMalformed(why="form")
        first, *lines = head.split("\n")
        old = _OLD.match(first)
        if old is None:
            raise SubmissionMalformed(why="old-size")
        if len(lines) > MAX_PROOF_LINES:
            raise SubmissionMalformed(why="proof")
        proof = tuple(unbase64(line) for line in lines)
        if any(len(one) != HASH_BYTES for one in proof):
            raise SubmissionMalformed(why="proof")
        return Submission(int(old[1]), proof, read_note(note))
    except UnicodeDecodeError as error:
        raise SubmissionMalformed(why="utf-8") from error
    except CheckpointInvalid as error:
        raise SubmissionMalformed(why=str(error.facts["why"])) from error

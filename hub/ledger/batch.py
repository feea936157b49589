"""The entries of one batch, given positions, time and leaves under the lock.

Everything that does not hang on time and position was computed before: under the lock a subject
costs its leaf, its hash and its row.
"""

from certs.leaf import leaf_frame, part_digest
from certs.tree import leaf_hash
from hub.ledger.attempt import UNREPEATED, BatchAttempt, EnteredBatch, Member
from hub.ledger.store import EntryRow, Head


def enter_batch(
    batch: BatchAttempt, head: Head, repeats: int | None
) -> tuple[EnteredBatch, list[EntryRow]]:
    """Give a batch contiguous positions; ``repeats`` is the first position of what it repeats."""
    members = batch.members
    if repeats is not None:
        members = [_repeating(one, repeats + place) for place, one in enumerate(members)]
    first, frame = head.next, leaf_frame(batch.kind, head.time)
    leaves = [
        frame % (one.control_digest, one.internal_digest, one.person.digest) for one in members
    ]
    entered = EnteredBatch(
        first=first,
        time=head.time,
        leaves=[leaf.encode("ascii") for leaf in leaves],
        hashes=[],
        controls=[one.control for one in members],
    )
    rows: list[EntryRow] = []
    # The driver looks for an adapter of every bytes, and takes a bytearray as it is.
    for place, (leaf, one) in enumerate(zip(entered.leaves, members, strict=True)):
        entered.hashes.append(leaf_hash(leaf))
        rows.append(
            (
                first + place,
                bytearray(leaf),
                bytearray(one.control),
                bytearray(one.control_salt + one.internal_salt),
                bytearray(one.internal),
                bytearray(one.person.blob),
                one.person.key,
            )
        )
    head.next = first + len(members)
    return entered, rows


def _repeating(member: Member, position: int) -> Member:
    """The same entry with the position of the one that it repeats."""
    control = b'%b"repeats":%d}' % (member.control.removesuffix(UNREPEATED), position)
    return member._replace(
        control=control,
        control_digest=part_digest("control", member.control_salt, control),
    )

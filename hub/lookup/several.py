"""Steps 6 and 7 for several entries under one decision: a batch's subjects, the changes of a page.

They are made and told in slices, and the loop is given back between them, so that the lookups of
others go on. Only the commit is in one piece: its entries are contiguous.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from hub.access.standing import Standing
from hub.ledger.attempt import BatchAttempt, Charge, EnteredBatch, Member, QuestionKey
from hub.lookup.ask import Question
from hub.lookup.batch_ask import Subject
from hub.lookup.batch_record import frame_of, members_of
from hub.lookup.batch_reveal import Revealed, refuse_all
from hub.lookup.decide import Cover, Refusal
from hub.lookup.identify import Caller, short_id
from hub.lookup.means import Means
from hub.lookup.receipt import Reply, answer_body, opening

SLICE = 64
"""Subjects or changes after which the loop is given back: some two milliseconds of work."""


class Decided(NamedTuple):
    """What was decided, and what it tells: whom of, and each one's result."""

    decision: Cover | Refusal
    subjects: "Sequence[Subject | None]"
    results: Sequence[Revealed]
    claims: bool = True
    """Whether the question may take its ``request_id``."""


class Recording(NamedTuple):
    """An attempt, and the salts of its *person* parts, which the answer carries."""

    attempt: BatchAttempt
    salts: Sequence[bytes]


def refuse_each(
    refusal: Refusal, subjects: "Sequence[Subject | None]", *, claims: bool = True
) -> Decided:
    """The same refusal for each subject."""
    return Decided(refusal, subjects, refuse_all(refusal, len(subjects)), claims)


def slices(count: int) -> Iterator[slice]:
    """The slices of so many."""
    return (slice(start, start + SLICE) for start in range(0, count, SLICE))


async def record(
    means: Means,
    attempt_id: int,
    caller: Caller,
    shared: Question,
    decided: Decided,
    standing: Standing,
) -> Recording:
    """Step 6: the entries to make, with all that can be computed before the lock.

    ``shared`` is the question without its subject; an empty dataset names none.
    """
    settings, decision, grant = means.settings, decided.decision, decided.decision.grant
    frame = frame_of(
        caller,
        shared,
        means.sealing(decision),
        department=settings.full(caller.department),
        dataset=settings.full(shared.dataset) if shared.dataset else None,
        epoch=standing.epoch,
        grant=None if grant is None else (settings.full(grant.id), grant.version),
        delegation=shared.delegation and settings.full(shared.delegation),
    )
    members: list[Member] = []
    salts: list[bytes] = []
    for part in slices(len(decided.subjects)):
        made, salted = members_of(frame, decided.subjects[part], decided.results[part])
        members += made
        salts += salted
        await asyncio.sleep(0)
    not_before, not_after = caller.not_before, caller.not_after
    charge = delegation = None
    if isinstance(decision, Cover):
        held, delegation = decision.grant, decision.delegation
        not_before = max(not_before, held.valid_from)
        not_after = min(not_after, held.valid_until - 1)
        charge = Charge(held.id, held.daily_quota)
    if delegation is not None:
        not_before = max(not_before, delegation.begins)
        not_after = min(not_after, delegation.ends - 1)
    key = QuestionKey(short_id(caller.asker, shared.request_id), shared.content)
    attempt = BatchAttempt(
        id=attempt_id,
        kind=shared.operation,
        nonce=caller.nonce,
        question=key if decided.claims else None,
        epoch=standing.epoch,
        not_before=not_before,
        not_after=not_after,
        charge=charge,
        members=members,
        cap=None if delegation is None else Charge(delegation.id, delegation.daily_cap),
        under=None if grant is None else shared.delegation,
    )
    return Recording(attempt, salts)


async def reply(
    means: Means,
    caller: Caller,
    decided: Decided,
    recording: Recording,
    entered: EnteredBatch,
    answer: Callable[[bytes, bytes], bytes] = answer_body,
) -> Reply:
    """Step 7: one receipt over all of them; ``answer`` makes the body of an answer."""
    members, salts = recording.attempt.members, recording.salts
    openings: list[bytes] = []
    for part in slices(len(members)):
        openings += map(
            opening,
            entered.controls[part],
            [one.control_salt for one in members[part]],
            entered.leaves[part],
            salts[part],
        )
        await asyncio.sleep(0)
    refusal = decided.decision if isinstance(decided.decision, Refusal) else None
    results = b",".join([one.result for one in decided.results])
    return means.reply(caller, entered, refusal, results, b",".join(openings), answer)

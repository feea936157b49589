"""Step 6: the exit as an attempt on the ledger, with all that can be computed before the lock."""

from typing import NamedTuple

from certs.canonical import Json, canonical
from certs.encoding import digest
from certs.entropy import random_bytes
from certs.leaf import SALT_BYTES
from certs.sealing import SealingKey
from hub.access.grant import Grant, Operation
from hub.access.standing import Standing
from hub.ledger.attempt import Attempt, Charge, QuestionKey
from hub.ledger.persons import seal_person
from hub.lookup.ask import NOBODY, Question
from hub.lookup.decide import Permit, Refusal
from hub.lookup.identify import Caller, short_id
from hub.lookup.reveal import Answer
from hub.settings import Settings

_NO_REASON = canonical({"reason": ""})


class Exit(NamedTuple):
    """One exit of a question: what was decided and answered, at which epoch."""

    operation: Operation
    dataset: str | None
    question: Question | None
    decision: Permit | Refusal
    answer: Answer
    result: bytes
    claims: bool = True
    """Whether the question may take its ``request_id``."""
    counter: int | None = None
    """Under what failed verifications of this subject are counted; None but for ``verify``."""

    @property
    def grant(self) -> Grant | None:
        """The grant that the entry names."""
        return self.decision.grant


def attempt_of(
    attempt_id: int,
    caller: Caller,
    exit_: Exit,
    standing: Standing,
    settings: Settings,
    person_key: tuple[int, SealingKey],
) -> tuple[Attempt, bytes]:
    """The attempt to enter, and the salt of its *person* part, which the answer carries."""
    question, decision, grant = exit_.question, exit_.decision, exit_.grant
    permitted = isinstance(decision, Permit)
    salts = random_bytes(3 * SALT_BYTES)
    person_salt = salts[2 * SALT_BYTES :]
    control: dict[str, Json] = {
        "R": caller.request,
        "a": digest(exit_.result),
        "channel": caller.channel,
        "connector": caller.connector,
        "dataset": None if exit_.dataset is None else settings.full(exit_.dataset),
        "department": settings.full(caller.department),
        "epoch": standing.epoch,
        "grant": None if grant is None else settings.full(grant.id),
        "grant_version": None if grant is None else grant.version,
        "outcome": exit_.answer.outcome,
        "purpose": None if question is None else question.purpose,
        "repeats": None,
    }
    if question is not None and question.delegation is not None:
        control["delegation"] = settings.full(question.delegation)
    internal = (
        _NO_REASON if isinstance(decision, Permit) else canonical({"reason": decision.reason})
    )
    not_before, not_after = caller.not_before, caller.not_after
    if permitted and grant is not None:
        not_before = max(not_before, grant.valid_from)
        not_after = min(not_after, grant.valid_until - 1)
    delegation = decision.delegation if isinstance(decision, Permit) else None
    if delegation is not None:
        not_before = max(not_before, delegation.begins)
        not_after = min(not_after, delegation.ends - 1)
    attempt = Attempt(
        id=attempt_id,
        kind=exit_.operation,
        nonce=caller.nonce,
        question=_key(caller, exit_),
        epoch=standing.epoch,
        not_before=not_before,
        not_after=not_after,
        charge=Charge(grant.id, grant.daily_quota) if permitted and grant is not None else None,
        mismatch=None if exit_.answer.matched else exit_.counter,
        guarded=exit_.counter if exit_.answer.matched else None,
        cap=None if delegation is None else Charge(delegation.id, delegation.daily_cap),
        under=None if question is None or grant is None else question.delegation,
        control=control,
        control_salt=salts[:SALT_BYTES],
        internal=internal,
        internal_salt=salts[SALT_BYTES : 2 * SALT_BYTES],
        person=seal_person(
            NOBODY if question is None else question.person, person_salt, person_key
        ),
    )
    return attempt, person_salt


def _key(caller: Caller, exit_: Exit) -> QuestionKey | None:
    """What the question is known by, if it may claim its id."""
    question = exit_.question
    if question is None or not exit_.claims:
        return None
    return QuestionKey(short_id(caller.asker, question.request_id), question.content)

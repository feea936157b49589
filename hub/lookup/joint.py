"""Joint questions: one request asks several datasets, told as the same steps as a lookup.

    1 identify   a fresh signature names a connector and its department       -> Caller
    2 ask        each question is well formed                                 -> Joint
    3 decide     each by its own grant, for its own purpose, now              -> Permit | Refusal
    4 read       the sealed records of its subject
    5 reveal     only granted items, masked as that grant says                -> Exit
    6 record     contiguous entries, one a question, durable before it leaves -> Settled
    7 receipt    one over all of them; respond                                -> Reply

What refuses one question refuses that one alone: its result says so beside the answers to others,
and has its entry. A dossier asks like this, and whatever else needs several answers about one
matter: they are true of one moment, for all stand under one epoch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from certs.canonical import canonical
from certs.encoding import sha256
from certs.errors import Malformed, SealBroken
from certs.signatures import Message
from hub.access.standing import Standing
from hub.errors import Busy, Replayed, Unavailable
from hub.ledger.attempt import (
    Attempt,
    Bounce,
    Entered,
    EnteredBatch,
    Held,
    JointAttempt,
    QuestionKey,
)
from hub.lookup.ask import Question
from hub.lookup.decide import Permit, Refusal, decide, refusal_of
from hub.lookup.exchange import ROUNDS, Exchange, answered
from hub.lookup.identify import Caller, from_session, short_id, still_stands
from hub.lookup.joint_ask import MOST_PARTS, read_joint
from hub.lookup.means import Means
from hub.lookup.receipt import Reply, opening
from hub.lookup.record import Exit
from hub.lookup.reveal import Answer, refuse
from hub.storage.generation import GenerationGone

PART = "part-"
"""Before the true reason of a question that was refused beside others: so its entry tells that the
request was answered with 200."""


class Settled(NamedTuple):
    """Joint questions that stand in the ledger: what became of each, in their order.

    ``refusal`` is what refuses all of them at once; None if each has its own decision.
    """

    refusal: Refusal | None
    exits: Sequence[Exit]
    entered: Sequence[Entered]
    opened: bytes
    """The members of ``openings``."""

    @property
    def results(self) -> bytes:
        """The members of ``results``."""
        return b",".join([one.result for one in self.exits])

    @property
    def as_batch(self) -> EnteredBatch:
        """The entries as a receipt names them."""
        return EnteredBatch(
            first=self.entered[0].position,
            time=self.entered[0].time,
            leaves=[one.leaf for one in self.entered],
            hashes=[one.leaf_hash for one in self.entered],
            controls=[one.control for one in self.entered],
        )


class JointExchange:
    """Answers joint questions; one for each process. ``exchange`` records what is none."""

    def __init__(self, means: Means, exchange: Exchange) -> None:
        self._means = means
        self._exchange = exchange

    async def ask_signed(self, message: Message, body: bytes) -> Reply:
        """Answer a connector's signed request; raises as ``Exchange.ask_signed`` does."""
        # 1 identify; a replay is found here already, before it costs as much as many questions
        caller = self._means.identify_first(message, body)
        # 2 ask
        try:
            joint = read_joint(body, self._means.settings.limits)
        except Malformed as error:
            return await self._exchange.refuse_malformed("lookup", caller, error)
        key = QuestionKey(short_id(caller.asker, joint.request_id), joint.content)
        return self._reply(caller, self.settle(caller, joint.questions, key))

    def ask_console(self, department: str, questions: Sequence[Question]) -> tuple[Reply, Caller]:
        """Answer a signed-in officer of ``department``; raises ``Busy`` and ``Unavailable``.

        The questions have one ``request_id``: the same form sent again is the same request.
        """
        content = b"".join(question.content for question in questions)
        caller = from_session(department, content, self._means.clock())
        key = QuestionKey(short_id(caller.asker, questions[0].request_id), sha256(content)[:16])
        return self._reply(caller, self.settle(caller, questions, key)), caller

    def _reply(self, caller: Caller, settled: Settled) -> Reply:
        # 7 receipt
        return self._means.reply(
            caller, settled.as_batch, settled.refusal, settled.results, settled.opened
        )

    def settle(
        self, caller: Caller, questions: Sequence[Question], key: QuestionKey | None
    ) -> Settled:
        """Steps 3 to 6 for 1 to 64 questions of one caller, entered together.

        ``key`` is what the request is known by; None for what can be no retry. Raises
        ``Replayed``, ``Busy`` and ``Unavailable``: those have no answer.
        """
        if not 0 < len(questions) <= MOST_PARTS:
            raise ValueError("questions")
        attempt_id = self._means.begin()
        held: dict[int, Bounce] = {}
        all_refused: Refusal | None = None
        stale = 0
        while stale < ROUNDS:
            standing = self._means.book.current()
            exits = self._exits(caller, questions, standing, held, all_refused)
            if exits is None:
                stale += 1
                self._means.book.refresh()
                continue
            # 6 record
            joint, salts = self._attempt(attempt_id, caller, exits, standing, key)
            entered = self._means.group.submit_joint(joint)
            if isinstance(entered, list):
                opened = _openings(joint.parts, entered, salts)
                return Settled(all_refused, exits, entered, opened)
            if isinstance(entered, Held):
                held |= entered.places
            elif entered is Bounce.REPLAYED:
                raise Replayed
            elif entered is Bounce.STALE:
                stale += 1
                still_stands(caller, self._means.book.refresh(), self._means.clock())
            else:
                # The id was another question's or has been used up: this one may not claim it.
                all_refused, key = Refusal(entered.value, entered.value), None
        self._record_busy(attempt_id, caller, questions)
        raise Busy

    def _record_busy(self, attempt_id: int, caller: Caller, questions: Sequence[Question]) -> None:
        """Enter that the questions met stale epochs only; nothing is told of it but 503."""
        standing, busy = self._means.book.current(), Refusal("busy", "stale-epochs")
        exits = self._exits(caller, questions, standing, {}, busy) or []
        undecided = [one._replace(dataset=None) for one in exits]
        joint, _ = self._attempt(attempt_id, caller, undecided, standing, None)
        self._means.group.submit_joint(joint._replace(epoch=None))

    def _exits(
        self,
        caller: Caller,
        questions: Sequence[Question],
        standing: Standing,
        held: Mapping[int, Bounce],
        all_refused: Refusal | None,
    ) -> list[Exit] | None:
        """Steps 3 to 5 for each; None when a generation was replaced meanwhile."""
        if all_refused is not None:
            return [_refused(question, all_refused) for question in questions]
        now = self._means.clock()
        exits: list[Exit] = []
        try:
            for place, question in enumerate(questions):
                # 3 decide
                decision = decide(caller, question, standing, now)
                if place in held and isinstance(decision, Permit):
                    decision = refusal_of(held[place], decision.grant)
                exits.append(self._exit(caller, question, decision, standing))
        except GenerationGone:
            return None
        except SealBroken as error:
            raise Unavailable(why="records") from error
        return exits

    def _exit(
        self, caller: Caller, question: Question, decision: Permit | Refusal, standing: Standing
    ) -> Exit:
        if isinstance(decision, Refusal):
            aside = f"{PART}{decision.reason}"
            return _refused(question, replace(decision, reason=aside))
        # 4 read, 5 reveal
        return answered(self._means, caller, question, decision, standing)

    def _attempt(
        self,
        attempt_id: int,
        caller: Caller,
        exits: Sequence[Exit],
        standing: Standing,
        key: QuestionKey | None,
    ) -> tuple[JointAttempt, list[bytes]]:
        """The entries to make, and the salts of their *person* parts."""
        parts: list[Attempt] = []
        salts: list[bytes] = []
        for one in exits:
            part, salt = self._means.attempt(attempt_id, caller, one, standing)
            parts.append(part)
            salts.append(salt)
        joint = JointAttempt(
            id=attempt_id,
            nonce=caller.nonce,
            question=key,
            epoch=standing.epoch,
            not_before=max(part.not_before for part in parts),
            not_after=min(part.not_after for part in parts),
            parts=parts,
        )
        return joint, salts


def _openings(
    parts: Sequence[Attempt], entered: Sequence[Entered], salts: Sequence[bytes]
) -> bytes:
    return b",".join(
        opening(one.control, part.control_salt, one.leaf, salt)
        for part, one, salt in zip(parts, entered, salts, strict=True)
    )


def _refused(question: Question, refusal: Refusal) -> Exit:
    """There is no problem document for a single question: why stands in its result."""
    answer = refuse(refusal)
    told = Answer({**dict(refusal.facts), **answer.result}, answer.outcome)
    dataset = question.dataset or None
    return Exit(question.operation, dataset, question, refusal, told, canonical(told.result))

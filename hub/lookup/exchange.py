"""The lookup, told as numbered steps; each step's output is the next one's input.

    1 identify   a fresh signature names a connector and its department       -> Caller
    2 ask        the question is well formed                                  -> Question
    3 decide     a grant covers it, for this purpose, now                     -> Permit | Refusal
    4 read       the sealed records of this subject                           -> Records
    5 reveal     only granted items, masked as the grant says                 -> Answer
    6 record     a ledger entry, durable before anything leaves               -> Entered
    7 receipt    sign; respond                                                -> Reply

From a verified, fresh signature on, every exit is recorded; what comes before, and a replay, is
the caller's to answer unsigned and to sum (``attempts.py``).
"""

from collections.abc import Mapping

from certs.canonical import Json, canonical
from certs.entropy import random_bytes
from certs.errors import Malformed, SealBroken
from certs.signatures import Message
from hub.access.grant import Operation
from hub.access.standing import Standing, StandingBook
from hub.clock import Clock
from hub.errors import Busy, Replayed, Unavailable
from hub.ledger.attempt import Bounce, Entered
from hub.ledger.coverage import Coverage
from hub.ledger.group import GroupCommit
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.lookup.ask import Question, question_of, read_question
from hub.lookup.decide import Permit, Refusal, decide, refusal_of
from hub.lookup.identify import Caller, from_session, identify_now, still_stands
from hub.lookup.read import Record, Records
from hub.lookup.receipt import JSON, PROBLEM, Receipts, Reply, answer_body, opening
from hub.lookup.record import Exit, attempt_of
from hub.lookup.refusals import problem_body, status_of
from hub.lookup.reveal import Answer, refuse, reveal
from hub.settings import Settings
from hub.storage.generation import GenerationGone

ROUNDS = 3
"""Stale epochs that a question may meet before it is ``busy`` (protocol, *After the commit*)."""
TAKEN = frozenset({Bounce.REQUEST_ID_CONFLICT, Bounce.REPEATS_SPENT})
"""Bounces of a ``request_id`` that is no longer the asker's to use."""


class Exchange:
    """Answers questions; one for each process."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        book: StandingBook,
        records: Records,
        group: GroupCommit,
        persons: PersonKeys,
        store: LedgerStore,
        receipts: Receipts,
        coverage: Coverage,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._book = book
        self._records = records
        self._group = group
        self._persons = persons
        self._store = store
        self._receipts = receipts
        self._coverage = coverage

    async def ask_signed(
        self, operation: Operation, dataset: str, message: Message, body: bytes
    ) -> Reply:
        """Answer a connector's signed request.

        Raises errors of the signature and certificate families, ``Replayed``, ``Busy`` and
        ``Unavailable``: those have no entry.
        """
        # 1 identify
        caller, _ = identify_now(message, body, self._book, self._clock())
        # 2 ask
        limits = self._settings.limits
        try:
            question: Question | Refusal = read_question(
                body, operation, dataset, max_bytes=limits.body_bytes, max_depth=limits.json_depth
            )
        except Malformed as error:
            facts = tuple(error.facts.items())
            question = Refusal(error.code, error.code, None, facts)
        return await self._answer(operation, caller, question)

    async def refuse_malformed(
        self, operation: Operation, caller: Caller, refusal: Refusal
    ) -> Reply:
        """Answer an identified request whose body is no question; raises as ``ask_signed``."""
        return await self._answer(operation, caller, refusal)

    async def ask_console(
        self, operation: Operation, dataset: str, department: str, members: Mapping[str, Json]
    ) -> tuple[Reply, Caller]:
        """Answer a signed-in officer of ``department``; the hub's session is all the evidence.

        Raises ``QuestionMalformed`` (a form is checked before it counts as a question), ``Busy``
        and ``Unavailable``.
        """
        question = question_of(members, operation, dataset)
        asked = canonical({**members, "dataset": dataset})
        caller = from_session(department, asked, self._clock())
        return await self._answer(operation, caller, question), caller

    async def _answer(
        self, operation: Operation, caller: Caller, question: Question | Refusal
    ) -> Reply:
        if self._coverage.short:
            raise Unavailable(why="witness")
        attempt_id = int.from_bytes(random_bytes(8), "big") >> 1
        bounced: Bounce | None = None
        stale = 0
        while stale < ROUNDS:
            standing = self._book.current()
            exit_ = self._exit(operation, caller, question, standing, bounced)
            if exit_ is None:
                stale += 1
                self._book.refresh()
                continue
            # 6 record
            retention = _retention(exit_)
            key = self._persons.current(retention, self._clock(), self._store)
            attempt, salt = attempt_of(attempt_id, caller, exit_, standing, self._settings, key)
            entered = await self._group.submit(attempt)
            # 7 receipt
            if isinstance(entered, Entered):
                opened = opening(entered.control, attempt.control_salt, entered.leaf, salt)
                return self._reply(caller, exit_, entered, opened)
            if entered is Bounce.REPLAYED:
                raise Replayed
            if entered is Bounce.STALE:
                stale += 1
                still_stands(caller, self._book.refresh(), self._clock())
            else:
                bounced = entered
        await self._record_busy(attempt_id, operation, caller, question)
        raise Busy

    async def _record_busy(
        self,
        attempt_id: int,
        operation: Operation,
        caller: Caller,
        question: Question | Refusal,
    ) -> None:
        """Enter that a question met stale epochs only; nothing is told of it but 503."""
        known = question if isinstance(question, Question) else None
        exit_ = _refused(operation, None, known, Refusal("busy", "stale-epochs"))
        key = self._persons.current("default", self._clock(), self._store)
        standing = self._book.current()
        attempt, _ = attempt_of(attempt_id, caller, exit_, standing, self._settings, key)
        await self._group.submit(attempt._replace(epoch=None, question=None))

    def _exit(
        self,
        operation: Operation,
        caller: Caller,
        question: Question | Refusal,
        standing: Standing,
        bounced: Bounce | None,
    ) -> Exit | None:
        """Steps 3 to 5; None when the generation was replaced meanwhile."""
        if isinstance(question, Refusal):
            return _refused(operation, None, None, question)
        # 3 decide
        decision = decide(caller, question, standing, self._clock())
        if bounced is not None and isinstance(decision, Permit):
            decision = refusal_of(bounced, decision.grant)
        if isinstance(decision, Refusal):
            refused = _refused(operation, question.dataset or None, question, decision)
            # The id was another question's or has been used up: this one may not claim it.
            return refused._replace(claims=bounced not in TAKEN)
        # 4 read
        try:
            records: list[Record] = self._records.read(decision, standing)
        except GenerationGone:
            return None
        except SealBroken as error:
            raise Unavailable(why="records") from error
        # 5 reveal
        answer = reveal(decision, question, records, self._settings.full(question.dataset))
        return Exit(
            operation,
            question.dataset,
            question,
            decision,
            answer,
            canonical(answer.result),
            counter=None
            if answer.matched is None
            else self._records.counter(caller.department, decision),
        )

    def _reply(self, caller: Caller, exit_: Exit, entered: Entered, opened: bytes) -> Reply:
        if isinstance(exit_.decision, Permit):
            status, content_type = 200, JSON
            body = answer_body(exit_.result, opened)
        else:
            status, content_type = status_of(exit_.decision.code), PROBLEM
            body = problem_body(exit_.decision, status, exit_.result, opened)
        receipt = self._receipts.issue(
            caller, entered, status=status, content_type=content_type, body=body
        )
        return Reply(status, content_type, body, receipt)


def _refused(
    operation: Operation, dataset: str | None, question: Question | None, refusal: Refusal
) -> Exit:
    answer: Answer = refuse(refusal)
    return Exit(operation, dataset, question, refusal, answer, canonical(answer.result))


def _retention(exit_: Exit) -> str:
    if isinstance(exit_.decision, Permit):
        return exit_.decision.source.dataset.retention
    return "default"

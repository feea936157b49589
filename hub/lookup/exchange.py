"""The lookup, told as numbered steps; each step's output is the next one's input.

    1 identify   a fresh signature names a connector and its department       -> Caller
    2 ask        the question is well formed                                  -> Question
    3 decide     a grant covers it, for this purpose, now                     -> Permit | Refusal
    4 read       the sealed records of this subject                           -> Records
    5 reveal     only granted items, masked as the grant says                 -> Answer
    6 record     a ledger entry, durable before anything leaves               -> Entered
    7 receipt    sign; respond                                                -> Reply

A view of a licence whose file no process has printed yet is printed between 3 and 5, beside the
loop, and decided on anew (``_Press``).

From a verified, fresh signature on, every exit is recorded; what comes before, and a replay, is
the caller's to answer unsigned and to sum (``attempts.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from certs.canonical import Json, canonical
from certs.errors import Malformed, SealBroken
from certs.signatures import Message
from hub.access.grant import Operation
from hub.access.standing import Standing
from hub.errors import Busy, Replayed, Unavailable
from hub.ledger.attempt import Bounce, Entered
from hub.licences.errors import NotPrintable
from hub.licences.files import LicenceFiles, Printed, Wanted
from hub.lookup.ask import Question, question_of, read_question
from hub.lookup.decide import Permit, Refusal, decide, refusal_of
from hub.lookup.identify import Caller, from_session, identify_now, still_stands
from hub.lookup.means import Means
from hub.lookup.receipt import Reply, opening
from hub.lookup.record import Exit
from hub.lookup.reveal import Answer, licence_of, refuse, reveal, reveal_file
from hub.storage.generation import GenerationGone

ROUNDS = 3
"""Stale epochs that a question may meet before it is ``busy`` (protocol, *After the commit*)."""
NOT_PRINTABLE = NotPrintable.code
TAKEN = frozenset({Bounce.REQUEST_ID_CONFLICT, Bounce.REPEATS_SPENT})
"""Bounces of a ``request_id`` that is no longer the asker's to use."""


@dataclass
class _Press:
    """The print that a view waits for; ``why`` there can be none."""

    printed: Printed | None = None
    tried: bool = False
    why: str = ""


class Exchange:
    """Answers questions; one for each process."""

    def __init__(self, means: Means, files: LicenceFiles) -> None:
        self._means = means
        self._files = files

    async def ask_signed(
        self, operation: Operation, dataset: str, message: Message, body: bytes
    ) -> Reply:
        """Answer a connector's signed request.

        Raises errors of the signature and certificate families, ``Replayed``, ``Busy`` and
        ``Unavailable``: those have no entry.
        """
        # 1 identify
        caller, _ = identify_now(message, body, self._means.book, self._means.clock())
        # 2 ask
        limits = self._means.settings.limits
        try:
            question: Question | Refusal = read_question(
                body, operation, dataset, max_bytes=limits.body_bytes, max_depth=limits.json_depth
            )
        except Malformed as error:
            question = _malformed(error)
        return await self._answer(operation, caller, question)

    async def refuse_malformed(
        self, operation: Operation, caller: Caller, error: Malformed
    ) -> Reply:
        """Answer an identified request whose body is no question; raises as ``ask_signed``."""
        return await self._answer(operation, caller, _malformed(error))

    async def ask_console(
        self, operation: Operation, dataset: str, department: str, members: Mapping[str, Json]
    ) -> tuple[Reply, Caller]:
        """Answer a signed-in officer of ``department``; the hub's session is all the evidence.

        Raises ``QuestionMalformed`` (a form is checked before it counts as a question), ``Busy``
        and ``Unavailable``.
        """
        question = question_of(members, operation, dataset)
        asked = canonical({**members, "dataset": dataset})
        caller = from_session(department, asked, self._means.clock())
        return await self._answer(operation, caller, question), caller

    async def _answer(
        self, operation: Operation, caller: Caller, question: Question | Refusal
    ) -> Reply:
        attempt_id = self._means.begin()
        bounced: Bounce | None = None
        press = _Press()
        stale = 0
        while stale < ROUNDS:
            standing = self._means.book.current()
            exit_ = self._exit(operation, caller, question, standing, bounced, press.why)
            if isinstance(exit_, Wanted):
                stale += not await self._print(exit_, press, standing.epoch, caller)
                still_stands(caller, self._means.book.refresh(), self._means.clock())
                continue
            if exit_ is None:
                stale += 1
                self._means.book.refresh()
                continue
            # 6 record
            attempt, salt = self._means.attempt(attempt_id, caller, exit_, standing)
            entered = await self._means.group.submit(attempt)
            # 7 receipt
            if isinstance(entered, Entered):
                opened = opening(entered.control, attempt.control_salt, entered.leaf, salt)
                refusal = exit_.decision if isinstance(exit_.decision, Refusal) else None
                return self._means.reply(caller, entered.as_batch, refusal, exit_.result, opened)
            if entered is Bounce.REPLAYED:
                raise Replayed
            if entered is Bounce.STALE:
                stale += 1
                still_stands(caller, self._means.book.refresh(), self._means.clock())
            else:
                bounced = entered
        await self._record_busy(attempt_id, operation, caller, question)
        raise Busy

    async def _print(self, wanted: Wanted, press: _Press, epoch: int, caller: Caller) -> bool:
        """Print what a view lacks, then enter it; False if the ground has changed meanwhile.

        A print takes a second, so between the two the view is decided on anew: what is entered has
        been asked for by somebody who may see it now.
        """
        if press.printed is not None:
            printed, press.printed = press.printed, None
            return self._files.enter(printed, epoch, f"view {caller.request}")
        first, press.tried = not press.tried, True
        try:
            press.printed = await self._files.print_(wanted)
        except NotPrintable as error:
            press.why = str(error.facts["why"])
        except SealBroken as error:
            raise Unavailable(why="records") from error
        return first

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
        standing = self._means.book.current()
        attempt, _ = self._means.attempt(attempt_id, caller, exit_, standing)
        await self._means.group.submit(attempt._replace(epoch=None, question=None))

    def _exit(
        self,
        operation: Operation,
        caller: Caller,
        question: Question | Refusal,
        standing: Standing,
        bounced: Bounce | None,
        unprintable: str,
    ) -> Exit | Wanted | None:
        """Steps 3 to 5; None when the generation was replaced meanwhile.

        ``Wanted`` is the file of a licence that has to be printed first; if it is ``unprintable``,
        that is the refusal.
        """
        if isinstance(question, Refusal):
            return _refused(operation, None, None, question)
        # 3 decide
        decision = decide(caller, question, standing, self._means.clock())
        if bounced is not None and isinstance(decision, Permit):
            decision = refusal_of(bounced, decision.grant)
        if isinstance(decision, Refusal):
            refused = _refused(operation, question.dataset or None, question, decision)
            # The id was another question's or has been used up: this one may not claim it.
            return refused._replace(claims=bounced not in TAKEN)
        try:
            if question.licence:
                return self._viewed(question, decision, standing, unprintable)
            return answered(self._means, caller, question, decision, standing)
        except GenerationGone:
            return None
        except SealBroken as error:
            raise Unavailable(why="records") from error

    def _viewed(
        self, question: Question, permit: Permit, standing: Standing, unprintable: str
    ) -> Exit | Wanted:
        """Steps 4 and 5 of a view of a licence; raises ``SealBroken``."""
        # 4 read
        records = self._means.records.read(permit, standing)
        named = licence_of(permit, question.licence, records)
        file = None
        if named is not None and named.given:
            wanted = Wanted(named.identifier, question.language)
            file = self._files.known(wanted)
            if file is None and not unprintable:
                return wanted
            if file is None:
                facts = (("why", unprintable),)
                lacking = Refusal(NOT_PRINTABLE, f"licence-{unprintable}", permit.grant, facts)
                return _refused(question.operation, question.dataset, question, lacking)
        # 5 reveal
        dataset = self._means.settings.full(question.dataset)
        answer = reveal_file(permit, question, named, file, dataset)
        result = canonical(answer.result)
        return Exit(question.operation, question.dataset, question, permit, answer, result)


def answered(
    means: Means, caller: Caller, question: Question, permit: Permit, standing: Standing
) -> Exit:
    """Steps 4 and 5 of a question that is allowed; raises ``GenerationGone`` or ``SealBroken``."""
    # 4 read
    records = means.records.read(permit, standing)
    # 5 reveal
    answer = reveal(permit, question, records, means.settings.full(question.dataset))
    return Exit(
        question.operation,
        question.dataset,
        question,
        permit,
        answer,
        canonical(answer.result),
        counter=None
        if answer.matched is None
        else means.records.counter(caller.department, permit),
    )


def _refused(
    operation: Operation, dataset: str | None, question: Question | None, refusal: Refusal
) -> Exit:
    answer: Answer = refuse(refusal)
    return Exit(operation, dataset, question, refusal, answer, canonical(answer.result))


def _malformed(error: Malformed) -> Refusal:
    return Refusal(error.code, error.code, None, tuple(error.facts.items()))

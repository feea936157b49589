"""A batch, told as the same numbered steps as a lookup (``exchange.py``).

    1 identify   a fresh signature names a connector and its department       -> Caller
    2 ask        the question is well formed, subject by subject              -> Batch
    3 decide     a grant covers it, for this purpose, now                     -> Cover | Refusal
    4 read       the sealed records of each subject
    5 reveal     only granted items, masked as the grant says                 -> Revealed, each
    6 record     contiguous entries, one a subject, durable before it leaves  -> EnteredBatch
    7 receipt    one over all of them; respond                                -> Reply

What refuses the question refuses it for every subject, and each has an entry of its own. A subject
whose identifier cannot be one is told so in its result, beside the answers of the others.

Steps 4 to 7 are done in slices, and the loop is given back between them, so that the lookups of
others go on. Only the commit is in one piece: its entries are contiguous.
"""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from certs.entropy import random_bytes
from certs.errors import Malformed, SealBroken
from certs.signatures import Message
from hub.access.standing import Standing, StandingBook
from hub.clock import Clock
from hub.errors import Busy, Replayed, Unavailable
from hub.ledger.attempt import BatchAttempt, Bounce, Charge, EnteredBatch, Member, QuestionKey
from hub.ledger.coverage import Coverage
from hub.ledger.group import GroupCommit
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.lookup.batch_ask import Batch, read_batch
from hub.lookup.batch_record import frame_of, members_of
from hub.lookup.batch_reveal import BatchReveal, Revealed, refuse_all
from hub.lookup.decide import Cover, Refusal, cover_of, refusal_of
from hub.lookup.exchange import ROUNDS, TAKEN, Exchange
from hub.lookup.identify import Caller, identify_now, short_id, still_stands
from hub.lookup.read import Records
from hub.lookup.receipt import JSON, PROBLEM, Receipts, Reply, answer_body, opening
from hub.lookup.refusals import problem_body, status_of
from hub.settings import Settings
from hub.storage.generation import GenerationGone

SLICE = 64
"""Subjects after which the loop is given back: some two milliseconds of work."""
AT_ONCE = 1
"""Batches of one process under way. More would share the same core, and lookups wait for each."""


class _Exit(NamedTuple):
    """One exit of a batch: what was decided, and each subject's result."""

    decision: Cover | Refusal
    results: list[Revealed]
    claims: bool = True
    """Whether the question may take its ``request_id``."""


class BatchExchange:
    """Answers batches; one for each process. ``exchange`` records what is no batch at all."""

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
        exchange: Exchange,
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
        self._exchange = exchange
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask_signed(self, dataset: str, message: Message, body: bytes) -> Reply:
        """Answer a connector's signed request; raises as ``Exchange.ask_signed`` does."""
        async with self._turns:
            return await self._ask(dataset, message, body)

    async def _ask(self, dataset: str, message: Message, body: bytes) -> Reply:
        # 1 identify; a replay is found here already, before it costs as much as a batch
        caller, _ = identify_now(message, body, self._book, self._clock())
        if caller.nonce is not None and self._group.knows(caller.nonce):
            raise Replayed
        # 2 ask
        try:
            batch = read_batch(body, dataset, self._settings.limits)
        except Malformed as error:
            refusal = Refusal(error.code, error.code, None, tuple(error.facts.items()))
            return await self._exchange.refuse_malformed("lookup", caller, refusal)
        return await self._answer(caller, batch)

    async def _answer(self, caller: Caller, batch: Batch) -> Reply:
        if self._coverage.short:
            raise Unavailable(why="witness")
        attempt_id = int.from_bytes(random_bytes(8), "big") >> 1
        bounced: Bounce | None = None
        stale = 0
        while stale < ROUNDS:
            standing = self._book.current()
            exit_ = await self._exit(caller, batch, standing, bounced)
            if exit_ is None:
                stale += 1
                self._book.refresh()
                continue
            # 6 record
            attempt, salts = await self._attempt(attempt_id, caller, batch, exit_, standing)
            entered = self._group.submit_batch(attempt)
            # 7 receipt
            if isinstance(entered, EnteredBatch):
                return await self._reply(caller, exit_, attempt.members, salts, entered)
            if entered is Bounce.REPLAYED:
                raise Replayed
            if entered is Bounce.STALE:
                stale += 1
                still_stands(caller, self._book.refresh(), self._clock())
            else:
                bounced = entered
        await self._record_busy(attempt_id, caller, batch)
        raise Busy

    async def _exit(
        self, caller: Caller, batch: Batch, standing: Standing, bounced: Bounce | None
    ) -> _Exit | None:
        """Steps 3 to 5; None when the generation was replaced meanwhile."""
        # 3 decide
        decision = cover_of(caller, batch.shared, standing, self._clock())
        if bounced is not None and isinstance(decision, Cover):
            decision = refusal_of(bounced, decision.grant)
        if isinstance(decision, Refusal):
            # The id was another question's or has been used up: this one may not claim it.
            return _refused(decision, batch, claims=bounced not in TAKEN)
        # 4 read, 5 reveal
        full = self._settings.full(batch.shared.dataset)
        revealing = BatchReveal(decision, standing, self._records, full)
        results: list[Revealed] = []
        size, most = 0, self._settings.limits.batch_answer_bytes
        try:
            for part in _slices(len(batch.subjects)):
                shown = revealing.reveal(batch.subjects[part])
                size += sum(len(one.result) for one in shown)
                if size > most:
                    too_large = Refusal("batch-too-large", "batch-too-large", decision.grant)
                    return _refused(too_large, batch)
                results += shown
                await asyncio.sleep(0)
        except GenerationGone:
            return None
        except SealBroken as error:
            raise Unavailable(why="records") from error
        return _Exit(decision, results)

    async def _attempt(
        self, attempt_id: int, caller: Caller, batch: Batch, exit_: _Exit, standing: Standing
    ) -> tuple[BatchAttempt, list[bytes]]:
        """The entries to make, and the salts of their *person* parts."""
        decision, grant, shared = exit_.decision, exit_.decision.grant, batch.shared
        permitted = isinstance(decision, Cover)
        retention = decision.source.dataset.retention if isinstance(decision, Cover) else "default"
        frame = frame_of(
            caller,
            shared,
            self._persons.current(retention, self._clock(), self._store),
            department=self._settings.full(caller.department),
            dataset=self._settings.full(shared.dataset) if shared.dataset else None,
            epoch=standing.epoch,
            grant=None if grant is None else (self._settings.full(grant.id), grant.version),
            delegation=shared.delegation and self._settings.full(shared.delegation),
        )
        members: list[Member] = []
        salts: list[bytes] = []
        for part in _slices(len(batch.subjects)):
            made, salted = members_of(frame, batch.subjects[part], exit_.results[part])
            members += made
            salts += salted
            await asyncio.sleep(0)
        not_before, not_after = caller.not_before, caller.not_after
        if permitted and grant is not None:
            not_before = max(not_before, grant.valid_from)
            not_after = min(not_after, grant.valid_until - 1)
        delegation = decision.delegation if isinstance(decision, Cover) else None
        if delegation is not None:
            not_before = max(not_before, delegation.begins)
            not_after = min(not_after, delegation.ends - 1)
        key = QuestionKey(short_id(caller.asker, shared.request_id), shared.content)
        attempt = BatchAttempt(
            id=attempt_id,
            kind="lookup",
            nonce=caller.nonce,
            question=key if exit_.claims else None,
            epoch=standing.epoch,
            not_before=not_before,
            not_after=not_after,
            charge=Charge(grant.id, grant.daily_quota) if permitted and grant is not None else None,
            members=members,
            cap=None if delegation is None else Charge(delegation.id, delegation.daily_cap),
            under=None if grant is None else shared.delegation,
        )
        return attempt, salts

    async def _record_busy(self, attempt_id: int, caller: Caller, batch: Batch) -> None:
        """Enter that a batch met stale epochs only; nothing is told of it but 503."""
        exit_ = _refused(Refusal("busy", "stale-epochs"), batch)
        # Of what the hub could not decide nothing is said but who asked whom.
        undecided = batch._replace(shared=batch.shared._replace(dataset=""))
        standing = self._book.current()
        attempt, _ = await self._attempt(attempt_id, caller, undecided, exit_, standing)
        self._group.submit_batch(attempt._replace(epoch=None, question=None))

    async def _reply(
        self,
        caller: Caller,
        exit_: _Exit,
        members: list[Member],
        salts: list[bytes],
        entered: EnteredBatch,
    ) -> Reply:
        openings: list[bytes] = []
        for part in _slices(len(members)):
            openings += map(
                opening,
                entered.controls[part],
                [one.control_salt for one in members[part]],
                entered.leaves[part],
                salts[part],
            )
            await asyncio.sleep(0)
        opened = b",".join(openings)
        results = b",".join([one.result for one in exit_.results])
        if isinstance(exit_.decision, Cover):
            status, content_type = 200, JSON
            body = answer_body(results, opened)
        else:
            status, content_type = status_of(exit_.decision.code), PROBLEM
            body = problem_body(exit_.decision, status, results, opened)
        receipt = self._receipts.issue_batch(
            caller, entered, status=status, content_type=content_type, body=body
        )
        return Reply(status, content_type, body, receipt)


def _refused(refusal: Refusal, batch: Batch, *, claims: bool = True) -> _Exit:
    return _Exit(refusal, refuse_all(refusal, len(batch.subjects)), claims)


def _slices(count: int) -> Iterator[slice]:
    return (slice(start, start + SLICE) for start in range(0, count, SLICE))

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

Steps 4 to 7 are done in slices (``several.py``).
"""

import asyncio

from certs.errors import Malformed, SealBroken
from certs.signatures import Message
from hub.access.standing import Standing
from hub.errors import Busy, Replayed, Unavailable
from hub.ledger.attempt import Bounce, EnteredBatch
from hub.lookup.batch_ask import Batch, read_batch
from hub.lookup.batch_reveal import BatchReveal, Revealed
from hub.lookup.decide import Cover, Refusal, cover_of, refusal_of
from hub.lookup.exchange import ROUNDS, TAKEN, Exchange
from hub.lookup.identify import Caller, still_stands
from hub.lookup.means import Means
from hub.lookup.receipt import Reply
from hub.lookup.several import Decided, record, refuse_each, reply, slices
from hub.storage.generation import GenerationGone

AT_ONCE = 1
"""Batches of one process under way. More would share the same core, and lookups wait for each."""


class BatchExchange:
    """Answers batches; one for each process. ``exchange`` records what is no batch at all."""

    def __init__(self, means: Means, exchange: Exchange) -> None:
        self._means = means
        self._exchange = exchange
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask_signed(self, dataset: str, message: Message, body: bytes) -> Reply:
        """Answer a connector's signed request; raises as ``Exchange.ask_signed`` does."""
        async with self._turns:
            return await self._ask(dataset, message, body)

    async def _ask(self, dataset: str, message: Message, body: bytes) -> Reply:
        # 1 identify; a replay is found here already, before it costs as much as a batch
        caller = self._means.identify_first(message, body)
        # 2 ask
        try:
            batch = read_batch(body, dataset, self._means.settings.limits)
        except Malformed as error:
            return await self._exchange.refuse_malformed("lookup", caller, error)
        return await self._answer(caller, batch)

    async def _answer(self, caller: Caller, batch: Batch) -> Reply:
        attempt_id = self._means.begin()
        bounced: Bounce | None = None
        stale = 0
        while stale < ROUNDS:
            standing = self._means.book.current()
            decided = await self._decided(caller, batch, standing, bounced)
            if decided is None:
                stale += 1
                self._means.book.refresh()
                continue
            # 6 record
            recording = await record(
                self._means, attempt_id, caller, batch.shared, decided, standing
            )
            entered = self._means.group.submit_batch(recording.attempt)
            # 7 receipt
            if isinstance(entered, EnteredBatch):
                return await reply(self._means, caller, decided, recording, entered)
            if entered is Bounce.REPLAYED:
                raise Replayed
            if entered is Bounce.STALE:
                stale += 1
                still_stands(caller, self._means.book.refresh(), self._means.clock())
            else:
                bounced = entered
        await self._record_busy(attempt_id, caller, batch)
        raise Busy

    async def _decided(
        self, caller: Caller, batch: Batch, standing: Standing, bounced: Bounce | None
    ) -> Decided | None:
        """Steps 3 to 5; None when the generation was replaced meanwhile."""
        # 3 decide
        decision = cover_of(caller, batch.shared, standing, self._means.clock())
        if bounced is not None and isinstance(decision, Cover):
            decision = refusal_of(bounced, decision.grant)
        if isinstance(decision, Refusal):
            # The id was another question's or has been used up: this one may not claim it.
            return refuse_each(decision, batch.subjects, claims=bounced not in TAKEN)
        # 4 read, 5 reveal
        full = self._means.settings.full(batch.shared.dataset)
        revealing = BatchReveal(decision, standing, self._means.records, full)
        results: list[Revealed] = []
        size, most = 0, self._means.settings.limits.batch_answer_bytes
        try:
            for part in slices(len(batch.subjects)):
                shown = revealing.reveal(batch.subjects[part])
                size += sum(len(one.result) for one in shown)
                if size > most:
                    too_large = Refusal("batch-too-large", "batch-too-large", decision.grant)
                    return refuse_each(too_large, batch.subjects)
                results += shown
                await asyncio.sleep(0)
        except GenerationGone:
            return None
        except SealBroken as error:
            raise Unavailable(why="records") from error
        return Decided(decision, batch.subjects, results)

    async def _record_busy(self, attempt_id: int, caller: Caller, batch: Batch) -> None:
        """Enter that a batch met stale epochs only; nothing is told of it but 503."""
        decided = refuse_each(Refusal("busy", "stale-epochs"), batch.subjects)
        # Of what the hub could not decide nothing is said but who asked whom.
        undecided, standing = batch.shared._replace(dataset=""), self._means.book.current()
        attempt, _ = await record(self._means, attempt_id, caller, undecided, decided, standing)
        self._means.group.submit_batch(attempt._replace(epoch=None, question=None))

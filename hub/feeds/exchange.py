"""A page of a feed, told as the same numbered steps as a lookup (``hub/lookup/exchange.py``).

    1 identify   a fresh signature names a connector and its department       -> Caller
    2 ask        what is followed, from where                                 -> Followed
    3 decide     a grant covers it, for this purpose, now                     -> Cover | Refusal
    4 read       what has changed since                                       -> Told, each
    5 reveal     only granted items, masked as the grant says                 -> Revealed, each
    6 record     contiguous entries, one a change, durable before it leaves   -> EnteredBatch
    7 receipt    one over all of them; respond                                -> Reply

Where nothing has changed nothing is told of anybody: then there is no entry, and no receipt, after
a wait for something to come.
"""

import asyncio
from functools import partial

from certs.canonical import Json, canonical
from certs.encoding import digest
from certs.errors import Malformed, SealBroken
from certs.signatures import Message
from hub.access.grant import Grant, Operation
from hub.access.standing import Standing
from hub.clock import shanghai_day
from hub.errors import Busy, Replayed, Unavailable
from hub.feeds.ask import Followed, read_feed
from hub.feeds.cursor import Cursor, CursorRefused, Cursors
from hub.feeds.follow import Following
from hub.feeds.marks import MarkChanges, MarkUnknown
from hub.feeds.opened import OfOpenCases, OpenedCases
from hub.feeds.page import Page, refused
from hub.feeds.reveal import FeedReveal
from hub.feeds.scope import Listed, Scope
from hub.feeds.waiting import EpochWatch
from hub.ledger.attempt import Bounce, CasesSeen, EnteredBatch
from hub.ledger.committer import Committer
from hub.lookup.ask import Question
from hub.lookup.batch_ask import Subject
from hub.lookup.batch_reveal import Revealed
from hub.lookup.decide import Cover, Refusal, cover_of, refusal_of
from hub.lookup.exchange import ROUNDS, TAKEN, Exchange
from hub.lookup.identify import Caller, short_id, still_stands
from hub.lookup.means import Means
from hub.lookup.receipt import JSON, Reply
from hub.lookup.several import SLICE, Decided, Recording, record, reply
from hub.materials.records import today_of
from hub.storage.generation import GenerationGone
from hub.storage.sqlite import Connection

KIND: Operation = "feed"
MASKED = "feed-subject-masked"
NOTHING_NEW = Reply(204, JSON, b"")


class FeedExchange:
    """Answers those who follow; one for each process."""

    def __init__(
        self,
        means: Means,
        exchange: Exchange,
        *,
        committer: Committer,
        reading: Connection,
        cases: OpenedCases,
        key: bytes,
        origin: str,
    ) -> None:
        self._means = means
        self._exchange = exchange
        self._committer = committer
        self._reading = reading
        self._cases = cases
        self._origin = origin
        self._cursors = Cursors(key)
        self._marks = MarkChanges(reading, means.persons)
        self._watch = EpochWatch(means.book)
        self._turns = asyncio.Semaphore(1)

    async def ask_signed(self, dataset: str, message: Message, body: bytes) -> Reply:
        """Answer a connector's signed request; raises as ``Exchange.ask_signed`` does."""
        # 1 identify; a replay is found here already, before it costs as much as a page
        caller = self._means.identify_first(message, body)
        # 2 ask
        try:
            asked = read_feed(body, dataset, self._means.settings.limits)
        except Malformed as error:
            return await self._exchange.refuse_malformed(KIND, caller, error)
        attempt_id = self._means.begin()
        loop = asyncio.get_running_loop()
        until, reserved = loop.time() + asked.wait, False
        while True:
            async with self._turns:
                still_stands(caller, self._means.book.refresh(), self._means.clock())
                epoch = self._means.book.current().epoch
                reply = await self._answer(attempt_id, caller, asked)
            if reply is not None:
                return reply
            if not reserved:
                if caller.nonce is not None:
                    reserved = self._committer.reserve(caller.nonce, attempt_id) is not None
                if not reserved:
                    raise Replayed
            if not await self._watch.moved(epoch, until - loop.time()):
                return NOTHING_NEW

    async def _answer(self, attempt_id: int, caller: Caller, asked: Followed) -> Reply | None:
        """The page that there is now; None if there is nothing new."""
        bounced: Bounce | None = None
        stale = 0
        while stale < ROUNDS:
            standing = self._means.book.current()
            page = await self._page(caller, asked, standing, bounced)
            if page is None:
                return None
            if isinstance(page, Bounce):
                stale += 1
                self._means.book.refresh()
                continue
            # 6 record
            recording = await self._recording(attempt_id, caller, asked, page, standing)
            entered = self._means.group.submit_batch(recording.attempt)
            # 7 receipt
            if isinstance(entered, EnteredBatch):
                body = partial(_body, page.leads)
                return await reply(self._means, caller, page.decided, recording, entered, body)
            if entered is Bounce.REPLAYED:
                raise Replayed
            if entered is Bounce.STALE:
                stale += 1
                still_stands(caller, self._means.book.refresh(), self._means.clock())
            else:
                bounced = entered
        await self._record_busy(attempt_id, caller, asked)
        raise Busy

    async def _page(
        self, caller: Caller, asked: Followed, standing: Standing, bounced: Bounce | None
    ) -> Page | Bounce | None:
        """Steps 3 to 5; None when nothing is new, ``STALE`` when the generation was replaced."""
        # 3 decide
        decision = self._decide(caller, asked.shared, standing)
        if bounced is not None and isinstance(decision, Cover):
            decision = refusal_of(bounced, decision.grant)
        if isinstance(decision, Refusal):
            # The id was another question's or has been used up: this one may not claim it.
            return refused(decision, asked, claims=bounced not in TAKEN)
        try:
            given = self._given(caller, asked)
        except CursorRefused as error:
            return refused(Refusal(error.code, error.code, decision.grant), asked)
        # 4 read, 5 reveal
        try:
            return await self._told(caller, asked, standing, decision, given)
        except GenerationGone:
            return Bounce.STALE
        except SealBroken as error:
            raise Unavailable(why="records") from error

    def _decide(self, caller: Caller, shared: Question, standing: Standing) -> Cover | Refusal:
        """Which grant covers it; a change whose subject may not be told could be told to nobody."""
        source = standing.source(shared.dataset) if shared.dataset else None
        if source is not None:
            shared = shared._replace(items=(source.dataset.subject.item,))
        cover = cover_of(caller, shared, standing, self._means.clock())
        if isinstance(cover, Cover):
            return cover._replace(masks=cover.source.shown(dict(cover.grant.items)))
        if cover.code == "items-outside-grant":
            return Refusal(MASKED, MASKED, cover.grant)
        return cover

    def _given(self, caller: Caller, asked: Followed) -> Cursor | None:
        if asked.cursor is None:
            return None
        department = self._means.settings.full(caller.department)
        return self._cursors.read(
            asked.cursor, department, self._means.settings.full(asked.shared.dataset)
        )

    async def _told(
        self,
        caller: Caller,
        asked: Followed,
        standing: Standing,
        cover: Cover,
        given: Cursor | None,
    ) -> Page | None:
        dataset = self._means.settings.full(asked.shared.dataset)
        department = self._means.settings.full(caller.department)
        scope = self._scope(caller, asked)
        following = Following(
            cover.source,
            standing,
            self._means.records,
            self._marks,
            cursors=self._cursors,
            department=department,
            today=today_of(self._means.clock()),
            scope=scope,
        )
        terms = self._terms(cover)
        cursor, begins = following.begin(given, terms)
        revealing = FeedReveal(cover, self._cursors, dataset, department, cased=asked.of_cases)
        left = self._left(caller, asked, cover.grant)
        room = asked.most if left is None else max(1, min(asked.most, left))
        subjects: list[Subject | None] = []
        results: list[Revealed] = []
        ends, more, size = False, True, 0
        most = self._means.settings.limits.batch_answer_bytes
        while more and len(results) < room and size <= most:
            try:
                step = following.step(cursor, min(SLICE, room - len(results)))
            except MarkUnknown:
                if begins:
                    raise Unavailable(why="records") from None
                # What this page has told so far is told again by the reset.
                cursor, begins = following.begin(None, terms)
                subjects, results = [], []
                continue
            cursor, more, ends = step.cursor, step.more, ends or step.ends
            for told in step.told:
                subject, revealed = revealing.reveal(told)
                subjects.append(subject)
                results.append(revealed)
                size += len(revealed.result)
            await asyncio.sleep(0)
        if not results and not begins and not ends:
            return None
        if left is not None and left <= 0 and results:
            return refused(Refusal("quota-spent", "quota-spent", cover.grant), asked)
        leads: dict[str, Json] = {
            "cursor": self._cursors.write(cursor, department, dataset),
            "more": more,
            "quota": left is not None and len(results) >= left,
            "reset": {"begins": begins, "ends": ends},
        }
        changes = len(results)
        if not results:
            subjects, results = [None], [revealing.nothing()]
        turn = scope.turn if scope is not None and asked.of_cases else None
        return Page(Decided(cover, subjects, results), leads, changes, turn=turn)

    def _scope(self, caller: Caller, asked: Followed) -> Scope | None:
        if asked.of_cases:
            full = self._means.settings.full(caller.department)
            return OfOpenCases(self._cases, self._cursors, caller.department, full)
        return None if asked.subjects is None else Listed(asked.subjects)

    def _terms(self, cover: Cover) -> str:
        """A digest of what is told of each row, in which log: after a restore rows may differ."""
        return digest(canonical([self._origin, {**cover.masks}]))

    def _left(self, caller: Caller, asked: Followed, grant: Grant) -> int | None:
        """How many changes the grant still pays today; None: no limit, or a repeat (free)."""
        if grant.daily_quota is None:
            return None
        question = short_id(caller.asker, asked.shared.request_id)
        known = self._reading.execute("SELECT 1 FROM questions WHERE id = ?", (question,))
        if known.fetchone() is not None:
            return None
        row = self._reading.execute(
            "SELECT used FROM quotas WHERE grant_id = ? AND day = ?",
            (grant.id, shanghai_day(self._means.clock())),
        ).fetchone()
        return grant.daily_quota - (0 if row is None else int(row[0]))

    async def _recording(
        self, attempt_id: int, caller: Caller, asked: Followed, page: Page, standing: Standing
    ) -> Recording:
        recording = await record(
            self._means, attempt_id, caller, asked.shared, page.decided, standing
        )
        attempt = recording.attempt._replace(
            charge=recording.attempt.charge if page.changes else None,
            cases=None if page.turn is None else CasesSeen(caller.department, page.turn),
        )
        return recording._replace(attempt=attempt)

    async def _record_busy(self, attempt_id: int, caller: Caller, asked: Followed) -> None:
        """Enter that a question met stale epochs only; nothing is told of it but 503."""
        page = refused(Refusal("busy", "stale-epochs"), asked)
        # Of what the hub could not decide nothing is said but who asked whom.
        undecided = asked._replace(shared=asked.shared._replace(dataset=""))
        standing = self._means.book.current()
        attempt, _ = await self._recording(attempt_id, caller, undecided, page, standing)
        self._means.group.submit_batch(attempt._replace(epoch=None, question=None))


def _body(leads: Json, results: bytes, opened: bytes) -> bytes:
    return b'{"openings":[%b],"page":%b,"results":[%b]}' % (opened, canonical(leads), results)

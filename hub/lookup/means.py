"""What every exchange answers with: where it decides, reads, enters and signs.

Single questions, batches, joint questions and pages of a feed differ in what they ask and in how
many entries they make; who asks, what seals and how a reply is signed is the same for all.
"""

from collections.abc import Callable
from dataclasses import dataclass

from certs.entropy import random_bytes
from certs.sealing import SealingKey
from certs.signatures import Message
from hub.access.standing import Standing, StandingBook
from hub.clock import Clock
from hub.errors import Replayed, Unavailable
from hub.ledger.attempt import Attempt, EnteredBatch
from hub.ledger.coverage import Coverage
from hub.ledger.group import GroupCommit
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.lookup.decide import Cover, Permit, Refusal
from hub.lookup.identify import Caller, identify_now
from hub.lookup.read import Records
from hub.lookup.receipt import JSON, PROBLEM, Receipts, Reply, answer_body
from hub.lookup.record import Exit, attempt_of
from hub.lookup.refusals import problem_body, status_of
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Means:
    """The parts of one process that its exchanges share."""

    settings: Settings
    clock: Clock
    book: StandingBook
    records: Records
    group: GroupCommit
    persons: PersonKeys
    store: LedgerStore
    receipts: Receipts
    coverage: Coverage

    def identify_first(self, message: Message, body: bytes) -> Caller:
        """Step 1 for what costs more than one question: a replay is found before it costs that.

        Raises errors of the signature and certificate families, and ``Replayed``.
        """
        caller, _ = identify_now(message, body, self.book, self.clock())
        if caller.nonce is not None and self.group.knows(caller.nonce):
            raise Replayed
        return caller

    def begin(self) -> int:
        """The id of a new attempt; ``Unavailable`` while entries wait too long for a quorum."""
        if self.coverage.short:
            raise Unavailable(why="witness")
        return int.from_bytes(random_bytes(8), "big") >> 1

    def sealing(self, decision: Permit | Cover | Refusal) -> tuple[int, SealingKey]:
        """The key of *person* parts, of the dataset's retention where one was decided on."""
        retention = (
            "default" if isinstance(decision, Refusal) else decision.source.dataset.retention
        )
        return self.persons.current(retention, self.clock(), self.store)

    def attempt(
        self, attempt_id: int, caller: Caller, exit_: Exit, standing: Standing
    ) -> tuple[Attempt, bytes]:
        """Step 6 of one question, before the lock: its attempt, the salt of its *person* part."""
        key = self.sealing(exit_.decision)
        return attempt_of(attempt_id, caller, exit_, standing, self.settings, key)

    def reply(
        self,
        caller: Caller,
        entered: EnteredBatch,
        refusal: Refusal | None,
        results: bytes,
        opened: bytes,
        answer: Callable[[bytes, bytes], bytes] = answer_body,
    ) -> Reply:
        """Step 7: what was entered, as a signed reply.

        ``results`` and ``opened`` are the members of ``results`` and ``openings``; ``answer``
        makes the body of them, ``refusal`` a problem document.
        """
        if refusal is None:
            status, content_type, body = 200, JSON, answer(results, opened)
        else:
            status, content_type = status_of(refusal.code), PROBLEM
            body = problem_body(refusal, status, results, opened)
        receipt = self.receipts.issue(
            caller, entered, status=status, content_type=content_type, body=body
        )
        return Reply(status, content_type, body, receipt)

"""Group commit: what is waiting is admitted under one lock and made durable with one fsync.

Order under the lock: nonce, epoch, validity, repeat, mismatches, quota; then position and leaf.
The epoch is the only guard between the decision and here: grants are not read again.

Most groups hold nothing unusual, and are written with a handful of statements. If a count then
differs from the group's size (a nonce or a question was there before, a quota is near its end),
the transaction is undone and the group is admitted one by one.
"""

from collections import Counter
from collections.abc import Sequence

import orjson

from certs.canonical import canonical
from certs.leaf import leaf_bytes, part_digest
from certs.tree import leaf_hash
from hub.ledger.allowances import Allowances
from hub.ledger.attempt import (
    Attempt,
    BatchAttempt,
    Bounce,
    CasesSeen,
    Charge,
    Entered,
    EnteredBatch,
    Guess,
    Held,
    JointAttempt,
    Nonce,
    QuestionKey,
)
from hub.ledger.batch import enter_batch
from hub.ledger.nonces import Nonces
from hub.ledger.store import EntryRow, Head, LedgerStore

REPEAT_WINDOW = 10 * 60 * 1000
"""Milliseconds in which a charged question may be repeated free (protocol, *After the commit*)."""
GROWING = "feed"
"""The kind of questions whose answer may be longer when they are repeated: then there is nothing
that each of its entries would repeat."""
_ASKED = "id, content, first, time, repeats, charged"
REPEATS = 5
"""Repeats of one question at most (the same place)."""


class _UnusualGroupError(Exception):
    """The quick way does not fit this group."""


class Committer:
    """Admits groups of attempts; one for each process."""

    def __init__(self, store: LedgerStore, *, mismatches_per_hour: int) -> None:
        self._store = store
        self._connection = store.connection
        self._nonces = Nonces(store.connection)
        self._allowances = Allowances(store.connection, mismatches_per_hour=mismatches_per_hour)

    def commit(self, group: Sequence[Attempt]) -> list[Entered | Bounce]:
        """Enter a group, in its order, durably; raises ``Unavailable`` if that cannot be."""
        try:
            with self._store.locked() as head:
                return self._commit_quickly(group, head)
        except _UnusualGroupError:
            with self._store.locked() as head:
                return self._commit_singly(group, head)

    def commit_batch(self, batch: BatchAttempt) -> EnteredBatch | Bounce:
        """Enter a batch as one contiguous group, or nothing of it; raises as ``commit`` does."""
        with self._store.locked() as head:
            repeats = self._admit(batch, head)
            if isinstance(repeats, Bounce):
                return repeats
            entered, rows = enter_batch(batch, head, repeats if repeats >= 0 else None)
            self._store.insert(rows)
            if batch.under is not None:
                last = entered.first + batch.entries
                self._note([(batch.under, at) for at in range(entered.first, last)])
            return entered

    def commit_joint(self, joint: JointAttempt) -> list[Entered] | Held | Bounce:
        """Enter all questions of one request as one contiguous group, or nothing of them.

        Raises as ``commit`` does.
        """
        with self._store.locked() as head:
            repeats = self._admit_joint(joint, head)
            if isinstance(repeats, Bounce | Held):
                return repeats
            rows: list[EntryRow] = []
            entered = [
                _enter(part, head, rows, repeats + place if repeats >= 0 else None)
                for place, part in enumerate(joint.parts)
            ]
            self._store.insert(rows)
            self._note_delegated(joint.parts, entered)
            return entered

    def knows(self, nonce: Nonce) -> bool:
        """Whether a nonce is reserved, as far as can be seen without the lock."""
        return self._nonces.knows(nonce)

    def reserve(self, nonce: Nonce, attempt: int) -> int | None:
        """Reserve the nonce of a request without an entry; the epoch then, or None if replayed."""
        with self._store.locked() as head:
            return head.epoch if self._nonces.reserve(nonce, attempt) else None

    def spend(self, charge: Charge, time: int, guess: Guess) -> Bounce | None:
        """Charge what asks about a subject and is no question, within a change at ``time``.

        As a verification: quota, and the counter of those that fail. None if there is enough left;
        whoever gets a ``Bounce`` undoes the change, or has charged nothing.
        """
        if guess.right and self._allowances.throttled(guess.counter, time):
            return Bounce.VERIFY_THROTTLED
        if not guess.right and not self._allowances.count_mismatch(guess.counter, time):
            return Bounce.VERIFY_THROTTLED
        return None if self._allowances.pay(charge, 1, time) else Bounce.QUOTA_SPENT

    def _commit_quickly(self, group: Sequence[Attempt], head: Head) -> list[Entered | Bounce]:
        by_window: dict[int, list[tuple[int, int]]] = {}
        for attempt in group:
            if not self._usual(attempt, head):
                raise _UnusualGroupError
            if attempt.nonce is not None:
                nonce = attempt.nonce
                by_window.setdefault(nonce.window, []).append((nonce.id, attempt.id))
        for window, nonces in by_window.items():
            nonces.sort()
            if not self._nonces.reserve_all(window, nonces):
                raise _UnusualGroupError
        for charge, count in Counter(_charges(group)).items():
            if not self._allowances.pay(charge, count, head.time):
                raise _UnusualGroupError
        questions = [
            (
                a.question.id,
                bytearray(a.question.content),
                head.next + i,
                head.time,
                0,
                0 if a.charge is None else 1,
            )
            for i, a in enumerate(group)
            if a.question is not None
        ]
        inserted = self._connection.executemany(
            f"INSERT OR IGNORE INTO questions ({_ASKED})"  # noqa: S608 no input
            " VALUES (?, ?, ?, ?, ?, ?)",
            questions,
        ).rowcount
        if questions and inserted != len(questions):
            raise _UnusualGroupError
        rows: list[EntryRow] = []
        entered = [_enter(attempt, head, rows, None) for attempt in group]
        self._store.insert(rows)
        self._note_delegated(group, entered)
        return list(entered)

    def _usual(self, attempt: Attempt, head: Head) -> bool:
        """Whether nothing of an attempt itself keeps its group off the quick way."""
        if attempt.epoch != head.epoch or attempt.mismatch is not None:
            return False
        if not attempt.not_before <= head.time <= attempt.not_after:
            return False
        return attempt.guarded is None or not self._allowances.throttled(attempt.guarded, head.time)

    def _commit_singly(self, group: Sequence[Attempt], head: Head) -> list[Entered | Bounce]:
        rows: list[EntryRow] = []
        results: list[Entered | Bounce] = []
        for attempt in group:
            repeats = self._admit(attempt, head)
            if isinstance(repeats, Bounce):
                results.append(repeats)
            else:
                results.append(_enter(attempt, head, rows, repeats if repeats >= 0 else None))
        self._store.insert(rows)
        self._note_delegated(group, results)
        return results

    def _note_delegated(
        self, attempts: Sequence[Attempt], results: Sequence[Entered | Bounce]
    ) -> None:
        """Note of entries under which delegation they were made."""
        self._note(
            [
                (attempt.under, result.position)
                for attempt, result in zip(attempts, results, strict=True)
                if attempt.under is not None and isinstance(result, Entered)
            ]
        )

    def _note(self, found: list[tuple[str, int]]) -> None:
        if found:
            self._connection.executemany("INSERT INTO delegated VALUES (?, ?)", found)

    def _admit(self, attempt: Attempt | BatchAttempt, head: Head) -> Bounce | int:
        """Admit one attempt; the position that it repeats, or -1."""
        bounced = self._out_of_place(attempt, head)
        return bounced if bounced is not None else self._admit_fresh(attempt, head)

    def _out_of_place(
        self, attempt: Attempt | BatchAttempt | JointAttempt, head: Head
    ) -> Bounce | None:
        """Reserve the nonce; why the attempt is replayed or stale, None if it is neither."""
        if attempt.nonce is not None and not self._nonces.reserve(attempt.nonce, attempt.id):
            return Bounce.REPLAYED
        if attempt.epoch is not None and attempt.epoch != head.epoch:
            return Bounce.STALE
        if attempt.epoch is not None and not attempt.not_before <= head.time <= attempt.not_after:
            return Bounce.STALE
        cases = attempt.cases if isinstance(attempt, BatchAttempt) else None
        return Bounce.STALE if cases is not None and self._have_turned(cases) else None

    def _have_turned(self, seen: CasesSeen) -> bool:
        """Whether a department's open cases are others than those that were looked at."""
        row = self._connection.execute(
            "SELECT 1 FROM case_turns WHERE department = ? AND turned > ? LIMIT 1", seen
        ).fetchone()
        return row is not None

    def _admit_joint(self, joint: JointAttempt, head: Head) -> Held | Bounce | int:
        """Admit several questions together; the position that their first repeats, or -1.

        Nothing is paid or counted before every part may be: else some would be charged for what
        is decided again.
        """
        bounced = self._out_of_place(joint, head)
        if bounced is not None:
            return bounced
        before = self._before(joint.question, head)
        if isinstance(before, Bounce):
            return before
        first, charged = before
        held = self._throttled_parts(joint, head.time)
        charges = Counter(() if charged else _charges(joint.parts))
        for charge, count in charges.items():
            if not self._allowances.can_pay(charge, count, head.time):
                held |= {
                    place: Bounce.QUOTA_SPENT if part.charge == charge else Bounce.CAP_SPENT
                    for place, part in enumerate(joint.parts)
                    if charge in {part.charge, part.cap}
                }
        if held:
            return Held(held)
        for charge, count in charges.items():
            self._allowances.pay(charge, count, head.time)
        for part in joint.parts:
            if part.mismatch is not None:
                self._allowances.count_mismatch(part.mismatch, head.time)
        if joint.question is not None:
            self._remember(joint.question, head, first, paid=bool(charges))
        return first

    def _throttled_parts(self, joint: JointAttempt, time: int) -> dict[int, Bounce]:
        """The verifications that may not be answered: of a subject that was guessed at too often.

        Those of one request count together, and what is over the limit is counted all the same:
        else guesses would be free as long as they come beside enough wrong ones.
        """
        wrong = Counter(part.mismatch for part in joint.parts if part.mismatch is not None)
        spent = {
            counter
            for counter, count in wrong.items()
            if self._allowances.would_throttle(counter, count, time)
        }
        for counter in spent:
            for _ in range(wrong[counter]):
                self._allowances.count_mismatch(counter, time)
        return {
            place: Bounce.VERIFY_THROTTLED
            for place, part in enumerate(joint.parts)
            for counter in (part.guarded, part.mismatch)
            if counter is not None
            and (counter in spent or self._allowances.throttled(counter, time))
        }

    def _before(self, question: QuestionKey | None, head: Head) -> tuple[int, bool] | Bounce:
        """Where a question stands already (-1: nowhere), and whether it was paid for."""
        known = None if question is None else self._known(question)
        if question is None or known is None:
            return -1, False
        content, first, time, repeats, charged = known
        if content != question.content:
            return Bounce.REQUEST_ID_CONFLICT
        if repeats >= REPEATS or head.time > time + REPEAT_WINDOW:
            return Bounce.REPEATS_SPENT
        return first, bool(charged)

    def _admit_fresh(self, attempt: Attempt | BatchAttempt, head: Head) -> Bounce | int:
        """Admit an attempt whose nonce, epoch and times hold."""
        before = self._before(attempt.question, head)
        if isinstance(before, Bounce):
            return before
        first, charged = before
        if first >= 0 and not self._had(attempt, first):
            return Bounce.REPEATS_SPENT
        charge, cap = (None, None) if charged else (attempt.charge, attempt.cap)
        if self._guessed_too_often(attempt, head.time):
            return Bounce.VERIFY_THROTTLED
        # Nothing is taken from the grant where the delegation's cap does not reach.
        if cap is not None and not self._allowances.can_pay(cap, attempt.entries, head.time):
            return Bounce.CAP_SPENT
        if charge is not None and not self._allowances.pay(charge, attempt.entries, head.time):
            return Bounce.QUOTA_SPENT
        if cap is not None:
            self._allowances.pay(cap, attempt.entries, head.time)
        if attempt.question is not None:
            self._remember(attempt.question, head, first, paid=charge is not None)
        return first

    def _guessed_too_often(self, attempt: Attempt | BatchAttempt, time: int) -> bool:
        """Whether a verification may not be answered; one that failed is counted."""
        if attempt.guarded is not None and self._allowances.throttled(attempt.guarded, time):
            return True
        return attempt.mismatch is not None and not self._allowances.count_mismatch(
            attempt.mismatch, time
        )

    def _had(self, attempt: Attempt | BatchAttempt, first: int) -> bool:
        """Whether the question at ``first`` has an entry for each that would repeat one."""
        entries = attempt.entries
        if attempt.kind != GROWING or entries == 1:
            return True
        rows = self._connection.execute(
            "SELECT control FROM entries WHERE position IN (?, ?)", (first, first + entries - 1)
        ).fetchall()
        requests = {str(orjson.loads(control).get("R")) for (control,) in rows}
        return len(rows) > len(requests) == 1

    def _known(self, question: QuestionKey) -> tuple[bytes, int, int, int, int] | None:
        row: tuple[bytes, int, int, int, int] | None = self._connection.execute(
            "SELECT content, first, time, repeats, charged FROM questions WHERE id = ?",
            (question.id,),
        ).fetchone()
        return row

    def _remember(self, question: QuestionKey, head: Head, first: int, *, paid: bool) -> None:
        if first < 0:
            self._connection.execute(
                f"INSERT INTO questions ({_ASKED}) VALUES (?, ?, ?, ?, 0, ?)",  # noqa: S608 no input
                (question.id, question.content, head.next, head.time, paid),
            )
        else:
            self._connection.execute(
                "UPDATE questions SET repeats = repeats + 1, charged = charged OR ?, newest = ?"
                " WHERE id = ?",
                (paid, head.next, question.id),
            )


def _charges(attempts: Sequence[Attempt]) -> list[Charge]:
    """Everything that is to pay for attempts, once for each."""
    found = [attempt.charge for attempt in attempts if attempt.charge is not None]
    return found + [attempt.cap for attempt in attempts if attempt.cap is not None]


def _enter(attempt: Attempt, head: Head, rows: list[EntryRow], repeats: int | None) -> Entered:
    """Give an admitted attempt its position, time and leaf."""
    control = attempt.control if repeats is None else {**attempt.control, "repeats": repeats}
    data = canonical(control)
    leaf = leaf_bytes(
        attempt.kind,
        head.time,
        part_digest("control", attempt.control_salt, data),
        attempt.person.digest,
        part_digest("internal", attempt.internal_salt, attempt.internal),
    )
    position = head.next
    head.next = position + 1
    rows.append(
        (
            position,
            bytearray(leaf),
            bytearray(data),
            bytearray(attempt.control_salt + attempt.internal_salt),
            bytearray(attempt.internal),
            bytearray(attempt.person.blob),
            attempt.person.key,
        )
    )
    return Entered(position, head.time, leaf, leaf_hash(leaf), data)

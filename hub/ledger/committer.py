"""Group commit: what is waiting is admitted under one lock and made durable with one fsync.

Order under the lock: nonce, epoch, validity, repeat, mismatches, quota; then position and leaf.
The epoch is the only guard between the decision and here: grants are not read again.

Most groups hold nothing unusual, and are written with a handful of statements. If a count then
differs from the group's size (a nonce or a question was there before, a quota is near its end),
the transaction is undone and the group is admitted one by one.
"""

from collections import Counter
from collections.abc import Sequence

from certs.canonical import canonical
from certs.leaf import leaf_bytes, part_digest
from certs.tree import leaf_hash
from hub.clock import HOUR, shanghai_day
from hub.errors import Unavailable
from hub.ledger.attempt import (
    Attempt,
    BatchAttempt,
    Bounce,
    Charge,
    Entered,
    EnteredBatch,
    Nonce,
    QuestionKey,
)
from hub.ledger.batch import enter_batch
from hub.ledger.store import EntryRow, Head, LedgerStore
from hub.storage.schema import NONCE_TABLES
from hub.storage.sqlite import DatabaseError

REPEAT_WINDOW = 10 * 60 * 1000
"""Milliseconds in which a charged question may be repeated free (protocol, *After the commit*)."""
REPEATS = 5
"""Repeats of one question at most (the same place)."""


class _UnusualGroupError(Exception):
    """The quick way does not fit this group."""


class Committer:
    """Admits groups of attempts; one for each process."""

    def __init__(self, store: LedgerStore, *, mismatches_per_hour: int) -> None:
        self._store = store
        self._connection = store.connection
        self._mismatches = mismatches_per_hour

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
            return entered

    def knows(self, nonce: Nonce) -> bool:
        """Whether a nonce is reserved, as far as can be seen without the lock."""
        slot = nonce.window % NONCE_TABLES
        try:
            row = self._connection.execute(
                f"SELECT 1 FROM nonces_{slot} JOIN nonce_windows ON slot = ?"  # noqa: S608
                " WHERE id = ? AND window = ?",
                (slot, nonce.id, nonce.window),
            ).fetchone()
        except DatabaseError as error:
            raise Unavailable(why="database") from error
        return row is not None

    def reserve(self, nonce: Nonce, attempt: int) -> int | None:
        """Reserve the nonce of a request without an entry; the epoch then, or None if replayed."""
        with self._store.locked() as head:
            return head.epoch if self._reserve_one(nonce, attempt) else None

    def _commit_quickly(self, group: Sequence[Attempt], head: Head) -> list[Entered | Bounce]:
        by_window: dict[int, list[tuple[int, int]]] = {}
        for attempt in group:
            if not self._usual(attempt, head):
                raise _UnusualGroupError
            if attempt.nonce is not None:
                nonce = attempt.nonce
                by_window.setdefault(nonce.window, []).append((nonce.id, attempt.id))
        for window, nonces in by_window.items():
            slot = window % NONCE_TABLES
            self._open_window(window)
            nonces.sort()
            inserted = self._connection.executemany(
                f"INSERT OR IGNORE INTO nonces_{slot} VALUES (?, ?)",  # noqa: S608 our own number
                nonces,
            ).rowcount
            if inserted != len(nonces):
                raise _UnusualGroupError
        charges = Counter(attempt.charge for attempt in group if attempt.charge is not None)
        for charge, count in charges.items():
            if not self._pay(charge, count, head.time):
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
            "INSERT OR IGNORE INTO questions VALUES (?, ?, ?, ?, ?, ?)", questions
        ).rowcount
        if questions and inserted != len(questions):
            raise _UnusualGroupError
        rows: list[EntryRow] = []
        entered = [_enter(attempt, head, rows, None) for attempt in group]
        self._store.insert(rows)
        return list(entered)

    def _usual(self, attempt: Attempt, head: Head) -> bool:
        """Whether nothing of an attempt itself keeps its group off the quick way."""
        if attempt.epoch != head.epoch or attempt.mismatch is not None:
            return False
        if not attempt.not_before <= head.time <= attempt.not_after:
            return False
        return attempt.guarded is None or not self._throttled(attempt.guarded, head.time)

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
        return results

    def _admit(self, attempt: Attempt | BatchAttempt, head: Head) -> Bounce | int:
        """Admit one attempt; the position that it repeats, or -1."""
        if attempt.nonce is not None and not self._reserve_one(attempt.nonce, attempt.id):
            return Bounce.REPLAYED
        if attempt.epoch is not None and attempt.epoch != head.epoch:
            return Bounce.STALE
        if attempt.epoch is not None and not attempt.not_before <= head.time <= attempt.not_after:
            return Bounce.STALE
        return self._admit_fresh(attempt, head)

    def _admit_fresh(self, attempt: Attempt | BatchAttempt, head: Head) -> Bounce | int:
        """Admit an attempt whose nonce, epoch and times hold."""
        first, charge = -1, attempt.charge
        if attempt.question is not None:
            known = self._known(attempt.question)
            if known is not None:
                content, first, time, repeats, charged = known
                if content != attempt.question.content:
                    return Bounce.REQUEST_ID_CONFLICT
                if repeats >= REPEATS or head.time > time + REPEAT_WINDOW:
                    return Bounce.REPEATS_SPENT
                if charged:
                    charge = None
        if attempt.guarded is not None and self._throttled(attempt.guarded, head.time):
            return Bounce.VERIFY_THROTTLED
        if attempt.mismatch is not None and not self._count_mismatch(attempt.mismatch, head.time):
            return Bounce.VERIFY_THROTTLED
        if charge is not None and not self._pay(charge, attempt.entries, head.time):
            return Bounce.QUOTA_SPENT
        if attempt.question is not None:
            self._remember(attempt.question, head, first, paid=charge is not None)
        return first

    def _known(self, question: QuestionKey) -> tuple[bytes, int, int, int, int] | None:
        row: tuple[bytes, int, int, int, int] | None = self._connection.execute(
            "SELECT content, first, time, repeats, charged FROM questions WHERE id = ?",
            (question.id,),
        ).fetchone()
        return row

    def _remember(self, question: QuestionKey, head: Head, first: int, *, paid: bool) -> None:
        if first < 0:
            self._connection.execute(
                "INSERT INTO questions VALUES (?, ?, ?, ?, 0, ?)",
                (question.id, question.content, head.next, head.time, paid),
            )
        else:
            self._connection.execute(
                "UPDATE questions SET repeats = repeats + 1, charged = charged OR ? WHERE id = ?",
                (paid, question.id),
            )

    def _open_window(self, window: int) -> None:
        """See that a table holds this window, emptying what lay there before."""
        slot = window % NONCE_TABLES
        row = self._connection.execute(
            "SELECT window FROM nonce_windows WHERE slot = ?", (slot,)
        ).fetchone()
        if row is None or row[0] < window:
            self._connection.execute(f"DELETE FROM nonces_{slot}")  # noqa: S608 our own number
            self._connection.execute(
                "INSERT OR REPLACE INTO nonce_windows VALUES (?, ?)", (slot, window)
            )
        elif row[0] > window:
            raise _UnusualGroupError

    def _reserve_one(self, nonce: Nonce, attempt: int) -> bool:
        """Reserve a nonce for an attempt; the same attempt passes again on its second round."""
        try:
            self._open_window(nonce.window)
        except _UnusualGroupError:
            return False
        row = self._connection.execute(
            f"INSERT INTO nonces_{nonce.window % NONCE_TABLES} VALUES (?, ?)"  # noqa: S608
            " ON CONFLICT (id) DO UPDATE"
            " SET attempt = attempt WHERE attempt = excluded.attempt RETURNING id",
            (nonce.id, attempt),
        ).fetchone()
        return row is not None

    def _pay(self, charge: Charge, count: int, time: int) -> bool:
        """Take ``count`` from today's quota of a grant, all or nothing."""
        limit = charge.limit
        if limit is not None and count > limit:
            return False
        row = self._connection.execute(
            "INSERT INTO quotas VALUES (?, ?, ?) ON CONFLICT (grant_id, day) DO UPDATE"
            " SET used = used + excluded.used WHERE ?4 IS NULL OR used + excluded.used <= ?4"
            " RETURNING used",
            (charge.grant, shanghai_day(time), count, limit),
        ).fetchone()
        return row is not None

    def _throttled(self, subject: int, time: int) -> bool:
        """Whether verifications of a subject have failed too often in this hour."""
        row = self._connection.execute(
            "SELECT 1 FROM mismatches WHERE id = ? AND hour = ? AND count >= ?",
            (subject, time // HOUR, self._mismatches),
        ).fetchone()
        return row is not None

    def _count_mismatch(self, subject: int, time: int) -> bool:
        """Count one failed verification of a subject; False once this hour has had too many."""
        row = self._connection.execute(
            "INSERT INTO mismatches VALUES (?1, ?2, 1) ON CONFLICT (id) DO UPDATE SET"
            " count = CASE hour WHEN ?2 THEN count + 1 ELSE 1 END, hour = ?2"
            " WHERE hour <> ?2 OR count < ?3 RETURNING count",
            (subject, time // HOUR, self._mismatches),
        ).fetchone()
        return row is not None


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

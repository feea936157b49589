"""``receipts.db``: what was asked, what was promised, and what has been proven.

An attempt is written before it leaves, a receipt before its answer is handed on; both are on disk
when the call returns (WAL with ``synchronous=FULL``). The life of a receipt: ``received`` →
``proven``, or ``alarm`` if the ledger does not show its entry in time, which a later proof mends.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from zlib import compress

from certs.certificates import CertificateFacts
from certs.signatures import Signed
from connectors.errors import EntryTwice, QuestionTaken, ReceiptUnknown, StoreUnreadable
from connectors.receipts.kept import (
    Alarm,
    Kept,
    KeptAttempt,
    KeptQuestion,
    Signable,
    State,
    split_proof,
)
from connectors.receipts.rows import SELECT, read_row
from connectors.receipts.search import EVERYTHING, Wanted
from connectors.receipts.sqlite import Error, connect

__all__ = ["Alarm", "Kept", "KeptAttempt", "KeptQuestion", "ReceiptStore", "State", "split_proof"]
SCHEMA = 4
MOST_ENTRIES = 1000
"""Entries of one receipt at most: so far back one that reaches an index may begin."""
_QUICK = 1
"""How hard the openings of a batch are packed: they are mostly the same."""
_ALARMS = "SELECT id, time, code, why, request_id, evidence FROM alarms"
_COUNT = "SELECT count(*) FROM receipts r JOIN questions q USING (request_id)"


class ReceiptStore:
    """The store in one file; for one thread."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        try:
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._run("schema")
            elif 0 < version < SCHEMA:
                for step in range(version, SCHEMA):
                    self._run(f"step{step}")
            elif version != SCHEMA:
                raise StoreUnreadable(why="version")
        except Error as error:
            raise StoreUnreadable(why="open") from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def write_attempt(
        self,
        question: Signable,
        signed: Signed,
        certificate: CertificateFacts,
        now: int,
        *,
        asker: str | None = None,
    ) -> bool:
        """Note an attempt that is about to leave; True if its question had one before.

        Raises ``QuestionTaken`` if another question, or one of another asker, has its identity.
        """
        body = question.body()
        with self._writing():
            known = not self._connection.execute(
                "INSERT INTO questions (request_id, operation, dataset, body, asked, asker)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (request_id) DO NOTHING",
                (question.request_id, question.operation, question.dataset, body, now, asker),
            ).rowcount
            if known:
                before = self.question(question.request_id)
                same = (before.operation, before.dataset, before.body, before.asker)
                if same != (question.operation, question.dataset, body, asker):
                    raise QuestionTaken
            self._connection.execute(
                "INSERT OR IGNORE INTO certificates VALUES (?, ?)",
                (certificate.keyid, certificate.der),
            )
            self._connection.execute(
                "INSERT INTO attempts (request, request_id, keyid, base, signature, created)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    signed.digest,
                    question.request_id,
                    certificate.keyid,
                    signed.base,
                    signed.signature,
                    signed.created,
                ),
            )
        return known

    def write_round(self, of: str, number: int, request: str) -> None:
        """Note that ``request`` is the R of a round that the attempt ``of`` stands for."""
        with self._writing():
            self._connection.execute(
                "INSERT OR IGNORE INTO attempts SELECT ?, request_id, keyid, base, signature,"
                " created, ? FROM attempts WHERE request = ?",
                (request, number, of),
            )

    def forget_question(self, request_id: str) -> None:
        """Forget a question to which there was nothing to say; one with a receipt stays."""
        with self._writing():
            if self._connection.execute(
                "SELECT 1 FROM receipts WHERE request_id = ?", (request_id,)
            ).fetchone():
                return
            for table in ("attempts", "questions"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE request_id = ?",  # noqa: S608 our own names
                    (request_id,),
                )

    def write_receipt(self, kept: Kept) -> None:
        """Keep a verified receipt; one that we have already is left as it is.

        Raises ``EntryTwice`` if its entry was promised to something else before.
        """
        with self._writing():
            self._check_apart(kept)
            self._connection.execute(
                "INSERT OR IGNORE INTO keys VALUES (?, ?, ?)",
                (kept.key.kid, kept.key.certificate, kept.key.issuing),
            )
            written = self._connection.execute(
                "INSERT INTO receipts (entry, origin, request, request_id, token, kid,"
                " status, outcome, leaf, leaf_hash, opening, time, state, entries)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (origin, entry) DO NOTHING",
                (
                    kept.entry,
                    kept.origin,
                    kept.request,
                    kept.request_id,
                    kept.token,
                    kept.key.kid,
                    kept.status,
                    kept.outcome,
                    kept.leaf,
                    kept.leaf_hash,
                    kept.opening if kept.entries == 1 else compress(kept.opening, _QUICK),
                    kept.time,
                    kept.state,
                    kept.entries,
                ),
            ).rowcount
        if written == 0:
            self._check_same(kept)

    def write_proof(self, kept: Kept, proof: tuple[bytes, ...], checkpoint: str) -> None:
        """Keep a verified proof."""
        with self._writing():
            self._connection.execute(
                "UPDATE receipts SET state = 'proven', proof = ?, checkpoint = ?"
                " WHERE origin = ? AND entry = ?",
                (b"".join(proof), checkpoint, kept.origin, kept.entry),
            )

    def write_alarm(
        self,
        code: str,
        why: str,
        evidence: bytes,
        now: int,
        *,
        request_id: str | None = None,
        overdue: Kept | None = None,
    ) -> None:
        """Keep an alarm with its evidence; ``overdue`` is a receipt whose promise was not kept."""
        with self._writing():
            self._connection.execute(
                "INSERT INTO alarms (time, code, why, request_id, evidence) VALUES (?, ?, ?, ?, ?)",
                (now, code, why, request_id, evidence),
            )
            if overdue is not None:
                self._connection.execute(
                    "UPDATE receipts SET state = 'alarm' WHERE origin = ? AND entry = ?",
                    (overdue.origin, overdue.entry),
                )

    def write_checkpoint(self, origin: str, size: int, note: str, now: int) -> None:
        """Keep a checkpoint if it is the largest seen of its ledger."""
        with self._writing():
            self._connection.execute(
                "INSERT INTO checkpoints VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET"
                " size = excluded.size, note = excluded.note, seen = excluded.seen"
                " WHERE excluded.size >= size",
                (origin, size, note, now),
            )

    def checkpoint(self, origin: str) -> str | None:
        """The newest checkpoint kept of a ledger, a signed note."""
        with self._reading():
            row = self._connection.execute(
                "SELECT note FROM checkpoints WHERE origin = ?", (origin,)
            ).fetchone()
            return None if row is None else str(row[0])

    def receipts(
        self, *, limit: int, before: int | None = None, wanted: Wanted = EVERYTHING
    ) -> list[Kept]:
        """The newest receipts first, at most ``limit``, with entries below ``before``."""
        where, values = wanted.where()
        where += " AND (? IS NULL OR r.entry < ?) ORDER BY r.entry DESC LIMIT ?"
        return self._kept(where, (*values, before, before, limit))

    def count(self, wanted: Wanted) -> int:
        """How many receipts are wanted."""
        where, values = wanted.where()
        with self._reading():
            (count,) = self._connection.execute(f"{_COUNT} {where}", values).fetchone()
        return int(count)

    def received(self, origin: str, *, limit: int, below: int | None = None) -> list[Kept]:
        """Receipts of one ledger whose proof has not come and is not overdue, oldest first.

        Only those whole below ``below``, if that is given.
        """
        # `<> 'proven'` word for word, and `+` before the origin: or SQLite does not take the
        # partial index of these, but reads every receipt that was ever proven.
        where = (
            "WHERE r.state <> 'proven' AND r.state = 'received' AND +r.origin = ?1"
            " AND (?3 IS NULL OR r.entry + r.entries <= ?3) ORDER BY r.entry LIMIT ?2"
        )
        return self._kept(where, (origin, limit, below))

    def overdue(self, origin: str, *, limit: int, below: int | None = None) -> list[Kept]:
        """Receipts of one ledger in alarm, drawn by lot: none waits behind others for ever.

        Only those whole below ``below``, if that is given.
        """
        where = (
            "WHERE r.rowid IN (SELECT rowid FROM receipts WHERE state <> 'proven'"
            " AND state = 'alarm' AND +origin = ?1 AND (?3 IS NULL OR entry + entries <= ?3)"
            " ORDER BY random() LIMIT ?2) ORDER BY r.entry"
        )
        return self._kept(where, (origin, limit, below))

    def unproven(self) -> int:
        """How many receipts of whatever ledger have no proof."""
        with self._reading():
            (count,) = self._connection.execute(
                "SELECT count(*) FROM receipts WHERE state <> 'proven'"
            ).fetchone()
        return int(count)

    def entry(self, entry: int) -> Kept:
        """The newest ledger's receipt that has ``entry``; raises ``ReceiptUnknown``."""
        where = (
            "WHERE r.entry <= ?1 AND r.entry > ?1 - ?2 AND r.entry + r.entries > ?1"
            " ORDER BY r.time DESC LIMIT 1"
        )
        found = self._kept(where, (entry, MOST_ENTRIES))
        if not found:
            raise ReceiptUnknown
        return found[0]

    def of_question(self, request_id: str) -> list[Kept]:
        """Every receipt of one question."""
        return self._kept("WHERE r.request_id = ?1 ORDER BY r.entry", (request_id,))

    def question(self, request_id: str) -> KeptQuestion:
        """A question by its identity; raises ``ReceiptUnknown``."""
        with self._reading():
            row = self._connection.execute(
                "SELECT request_id, operation, dataset, body, asked, asker FROM questions"
                " WHERE request_id = ?",
                (request_id,),
            ).fetchone()
        if row is None:
            raise ReceiptUnknown
        return KeptQuestion(*row)

    def lost(self, *, limit: int) -> list[KeptQuestion]:
        """Questions that left and have no receipt, newest first.

        A case that asked nothing has none, and was answered all the same.
        """
        with self._reading():
            rows = self._connection.execute(
                "SELECT request_id, operation, dataset, body, asked, asker FROM questions"
                " WHERE request_id NOT IN (SELECT request_id FROM receipts)"
                " AND request_id NOT IN (SELECT request_id FROM cases WHERE version > 0)"
                " ORDER BY asked DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [KeptQuestion(*row) for row in rows]

    def attempts(self, request_id: str) -> list[KeptAttempt]:
        """Every attempt at one question, oldest first."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT request, base, signature, created, der, round FROM attempts"
                " JOIN certificates USING (keyid) WHERE request_id = ? ORDER BY attempts.rowid",
                (request_id,),
            ).fetchall()
        return [KeptAttempt(*row) for row in rows]

    def alarms(self, *, limit: int, where: str = "1", values: Sequence[str] = ()) -> list[Alarm]:
        """The newest alarms first, of those for which ``where`` holds, a condition of this room."""
        with self._reading():
            rows = self._connection.execute(
                f"{_ALARMS} WHERE {where} ORDER BY id DESC LIMIT ?", (*values, limit)
            ).fetchall()
        return [Alarm(*row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many receipts stand in each state, and how many alarms there are."""
        with self._reading():
            states = dict(
                self._connection.execute("SELECT state, count(*) FROM receipts GROUP BY state")
            )
            (alarms,) = self._connection.execute("SELECT count(*) FROM alarms").fetchone()
        return {
            "received": states.get("received", 0),
            "proven": states.get("proven", 0),
            "alarm": states.get("alarm", 0),
            "alarms": alarms,
        }

    def _run(self, name: str) -> None:
        """Run a script of ours; what another process has done meanwhile it does not do again."""
        script = files("connectors.receipts").joinpath(f"{name}.sql").read_text(encoding="utf-8")
        after = SCHEMA if name == "schema" else int(name.removeprefix("step")) + 1
        self._connection.execute("BEGIN IMMEDIATE")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version < after:
            for statement in script.split(";\n"):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {after}")
        self._connection.execute("COMMIT")

    @contextmanager
    def group(self) -> Iterator[None]:
        """One transaction around many writes: they reach the disk together, at its end.

        A write that raises is undone alone. Raises ``StoreUnreadable`` for all of them.
        """
        with self._transaction("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, or one write of a group; ``StoreUnreadable`` if it is not made."""
        if self._connection.in_transaction:
            undo = "ROLLBACK TO one; RELEASE one"
            with self._transaction("SAVEPOINT one", "RELEASE one", undo):
                yield
        else:
            with self.group():
                yield

    @contextmanager
    def _transaction(self, begin: str, end: str, undo: str) -> Iterator[None]:
        done = False
        try:
            self._connection.execute(begin)
            yield
            self._connection.execute(end)
            done = True
        except Error as error:
            raise StoreUnreadable(why="write") from error
        finally:
            if not done and self._connection.in_transaction:
                for statement in undo.split("; "):
                    self._connection.execute(statement)

    def change(self, statement: str, *values: str | int | bytes) -> int:
        """Run a statement of this room that writes; how many rows it changed."""
        with self._writing():
            return self._connection.execute(statement, values).rowcount

    def rows(self, statement: str, *values: str | int) -> list[tuple[str | int | bytes, ...]]:
        """Run a statement of this room that reads."""
        with self._reading():
            found: list[tuple[str | int | bytes, ...]] = self._connection.execute(
                statement, values
            ).fetchall()
            return found

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except Error as error:
            raise StoreUnreadable(why="read") from error

    def _check_apart(self, kept: Kept) -> None:
        """Raise ``EntryTwice`` if another receipt reaches into the entries of ``kept``."""
        where = (
            "WHERE r.origin = ?1 AND r.entry > ?2 - ?4 AND r.entry < ?3 AND r.entry <> ?2"
            " AND r.entry + r.entries > ?2 LIMIT 1"
        )
        for before in self._kept(where, (kept.origin, kept.entry, kept.end, MOST_ENTRIES)):
            raise EntryTwice(receipt=before.token, request_id=before.request_id)

    def _check_same(self, kept: Kept) -> None:
        """Raise ``EntryTwice`` unless what stands at the entry of ``kept`` is the same."""
        where = "WHERE r.origin = ?1 AND r.entry = ?2"
        (before,) = self._kept(where, (kept.origin, kept.entry))
        if (before.leaf_hash, before.request) != (kept.leaf_hash, kept.request):
            raise EntryTwice(receipt=before.token, request_id=before.request_id)

    def _kept(self, where: str, values: tuple[str | int | None, ...]) -> list[Kept]:
        with self._reading():
            rows = self._connection.execute(f"{SELECT} {where}", values).fetchall()
        return [read_row(row) for row in rows]

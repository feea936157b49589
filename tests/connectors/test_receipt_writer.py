"""Many writes share one sync; each stands or fails by itself, none is told before it is kept."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connectors import question as questions
from connectors.errors import QuestionTaken, StoreUnreadable
from connectors.question import Question
from connectors.receipts.search import Wanted
from connectors.receipts.sqlite import connect
from connectors.receipts.store import SCHEMA, ReceiptStore
from connectors.receipts.writer import ReceiptWriter

if TYPE_CHECKING:
    from connectors.client import Connector

FIRST_SCHEMA = """
CREATE TABLE questions (request_id TEXT PRIMARY KEY, operation TEXT NOT NULL, dataset TEXT NOT NULL,
    body BLOB NOT NULL, asked INTEGER NOT NULL) STRICT;
CREATE TABLE certificates (keyid TEXT PRIMARY KEY, der BLOB NOT NULL) STRICT;
CREATE TABLE attempts (request TEXT PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES questions (request_id),
    keyid TEXT NOT NULL REFERENCES certificates (keyid), base BLOB NOT NULL,
    signature BLOB NOT NULL, created INTEGER NOT NULL) STRICT;
CREATE TABLE keys (kid TEXT PRIMARY KEY, certificate BLOB NOT NULL, issuing BLOB NOT NULL) STRICT;
CREATE TABLE receipts (entry INTEGER NOT NULL, origin TEXT NOT NULL,
    request TEXT NOT NULL REFERENCES attempts (request),
    request_id TEXT NOT NULL REFERENCES questions (request_id), token TEXT NOT NULL,
    kid TEXT NOT NULL REFERENCES keys (kid), status INTEGER NOT NULL, outcome TEXT NOT NULL,
    leaf BLOB NOT NULL, leaf_hash BLOB NOT NULL, opening BLOB NOT NULL, time INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'proven', 'alarm')), proof BLOB,
    checkpoint TEXT, PRIMARY KEY (origin, entry)) STRICT;
CREATE TABLE checkpoints (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL,
    seen INTEGER NOT NULL) STRICT;
CREATE TABLE alarms (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, code TEXT NOT NULL,
    why TEXT NOT NULL, request_id TEXT, evidence BLOB NOT NULL) STRICT;
INSERT INTO questions VALUES ('AAAAAAAAAAAAAAAAAAAAAA', 'lookup', 'resident', x'7b7d', 1);
PRAGMA user_version = 1;
"""


def one(*items: str, request_id: str | None = None) -> Question:
    return questions.lookup(
        "resident",
        "resident_id",
        "530402189001010017",
        items=items,
        purpose="real_estate_registration",
        officer="o",
        request_id=request_id,
    )


def ask(connector: "Connector") -> None:
    connector.lookup(
        "resident",
        "resident_id",
        "530402189001010017",
        items=["name"],
        purpose="real_estate_registration",
        officer="o",
    )


def attempt(connector: "Connector", question: Question, store: ReceiptStore) -> bool:
    """Write one attempt, as the gateway does; True if the question was known."""
    prepared = connector.calls.sign("POST", question.path, question.body())
    certificate = connector.identity.certificate
    return store.write_attempt(question, prepared.signed, certificate, 0, asker="counter")


def test_one_that_fails_in_a_group_undoes_nothing_else(
    connector: "Connector", tmp_path: Path
) -> None:
    asked = [one("name") for _ in range(20)]
    asked[10] = one("sex", request_id=asked[3].request_id)

    async def main() -> list[bool | BaseException]:
        writer = ReceiptWriter(tmp_path / "own.db")
        waiting = [writer.do(lambda store, q=q: attempt(connector, q, store)) for q in asked]
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        writer.close()
        return ended

    ended = asyncio.run(main())
    assert [type(result) for result in ended].count(QuestionTaken) == 1
    assert isinstance(ended[10], QuestionTaken)
    store = ReceiptStore(tmp_path / "own.db")
    kept = {row.request_id for row in store.lost(limit=100)}
    store.close()
    assert kept == {question.request_id for question in asked}


def test_half_a_write_is_no_write(connector: "Connector", tmp_path: Path) -> None:
    """A receipt of a question that nobody asked: its key is written first, and undone with it."""
    ask(connector)
    (kept,) = connector.receipts.receipts(limit=1)
    asked = one("name")

    async def main() -> list[object]:
        writer = ReceiptWriter(tmp_path / "own.db")
        ended = await asyncio.gather(
            writer.do(lambda store: store.write_receipt(kept)),
            writer.do(lambda store: attempt(connector, asked, store)),
            return_exceptions=True,
        )
        writer.close()
        return list(ended)

    ended = asyncio.run(main())
    assert isinstance(ended[0], StoreUnreadable)
    assert ended[1] is False
    opened = connect(tmp_path / "own.db")
    assert opened.execute("SELECT count(*) FROM keys").fetchone() == (0,)
    assert opened.execute("SELECT count(*) FROM attempts").fetchone() == (1,)
    opened.close()


def test_a_fault_of_ours_ends_one_write_and_not_the_thread(tmp_path: Path) -> None:
    async def main() -> None:
        writer = ReceiptWriter(tmp_path / "own.db")
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(writer.do(lambda _: 1 // 0), 10)
        assert await writer.do(lambda store: store.unproven()) == 0
        writer.close()

    asyncio.run(main())


def test_a_write_that_is_told_is_on_disk(connector: "Connector", tmp_path: Path) -> None:
    question = one("name")

    async def main() -> None:
        writer = ReceiptWriter(tmp_path / "own.db")
        await writer.do(lambda store: attempt(connector, question, store))
        other = ReceiptStore(tmp_path / "own.db")
        assert other.question(question.request_id).asker == "counter"
        other.close()
        assert await writer.do(lambda store: attempt(connector, question, store))
        writer.close()

    asyncio.run(main())


def test_a_store_that_cannot_be_written_is_told_and_tried_again(
    connector: "Connector", tmp_path: Path
) -> None:
    path, question = tmp_path / "own.db", one("name")

    async def main() -> bool:
        writer = ReceiptWriter(path)
        await writer.do(_impatient)
        holding = connect(path)
        holding.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnreadable):
            await writer.do(lambda store: attempt(connector, question, store))
        holding.execute("ROLLBACK")
        holding.close()
        known = await writer.do(lambda store: attempt(connector, question, store))
        writer.close()
        return known

    assert asyncio.run(main()) is False


def _impatient(store: ReceiptStore) -> None:
    store._connection.execute("PRAGMA busy_timeout=10")


def test_a_store_of_the_first_schema_is_brought_along(tmp_path: Path) -> None:
    path = tmp_path / "receipts.db"
    old = connect(path)
    old.executescript(FIRST_SCHEMA)
    old.close()
    store = ReceiptStore(path)
    assert store.question("A" * 22).asker is None
    assert store.count(Wanted(dataset="resident")) == 0
    store.close()
    opened = connect(path)
    assert opened.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
    opened.close()
    ReceiptStore(path).close()


def test_a_store_of_a_later_schema_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "receipts.db"
    ReceiptStore(path).close()
    later = connect(path)
    later.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    later.close()
    with pytest.raises(StoreUnreadable):
        ReceiptStore(path)
    with pytest.raises(StoreUnreadable):
        ReceiptWriter(path)

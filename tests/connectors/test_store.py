"""Receipts are on the disk before answers are handed on, and readable by their owner only."""

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from connectors.client import Connector
from connectors.errors import HubUnreachable, ReceiptUnknown, Refused, StoreUnreadable
from connectors.receipts.sqlite import NEEDED, connect, driver
from connectors.receipts.store import SCHEMA, ReceiptStore

if TYPE_CHECKING:
    from conftest import StandIn

SUBJECT = "110101199001011237"


def ask(connector: Connector) -> int:
    answer = connector.lookup(
        "resident",
        "resident_id",
        SUBJECT,
        items=["name"],
        purpose="real_estate_registration",
        officer="li.wei",
    )
    return answer.proof.entry


def test_sqlite_has_no_wal_reset_bug_and_writes_through(tmp_path: Path) -> None:
    assert driver.sqlite_version_info >= NEEDED
    connection = connect(tmp_path / "receipts.db")
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_store_is_readable_by_its_owner_only(connector: Connector, home: Path) -> None:
    ask(connector)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    files = list(home.glob("receipts.db*"))
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((home / "key.pem").stat().st_mode) == 0o600


def test_receipt_outlives_the_process(connector: Connector, home: Path) -> None:
    entry = ask(connector)
    again = ReceiptStore(home / "receipts.db")
    kept = again.entry(entry)
    assert kept.outcome == "answered"
    assert SUBJECT.encode() in again.question(kept.request_id).body
    again.close()


def test_values_of_answers_are_not_kept(connector: Connector, home: Path) -> None:
    ask(connector)
    kept = b"".join(file.read_bytes() for file in home.glob("receipts.db*"))
    assert "张三".encode() not in kept


def test_no_answer_without_a_kept_receipt(connector: Connector, hub: "StandIn") -> None:
    ask(connector)
    entered = len(hub.leaves)
    connector.receipts._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreUnreadable):
        ask(connector)
    # Not even the question left.
    assert len(hub.leaves) == entered


def test_attempt_is_written_before_it_leaves(connector: Connector, hub: "StandIn") -> None:
    hub.failing = [httpx2.ConnectError("down")] * 4
    with pytest.raises(HubUnreachable):
        ask(connector)
    (lost,) = connector.receipts.lost(limit=10)
    assert len(connector.receipts.attempts(lost.request_id)) == 4


def test_retry_asks_the_same_under_a_new_nonce(connector: Connector, hub: "StandIn") -> None:
    hub.failing = [httpx2.ConnectError("down"), 503]
    ask(connector)
    bodies = {request.content for request in hub.seen if request.method == "POST"}
    inputs = {r.headers["signature-input"] for r in hub.seen if r.method == "POST"}
    assert (len(bodies), len(inputs)) == (1, 3)


def test_answer_lost_after_its_entry_is_asked_again_as_a_repeat(
    connector: Connector, hub: "StandIn"
) -> None:
    hub.after = [httpx2.ReadError("cut")]
    entry = ask(connector)
    assert entry == len(hub.leaves) - 1
    (kept,) = connector.receipts.receipts(limit=10)
    assert b'"repeats":2' in kept.opening


def test_spent_quota_is_not_tried_again(connector: Connector, hub: "StandIn") -> None:
    hub.failing = [429]
    with pytest.raises(Refused):
        ask(connector)
    assert len(hub.seen) == 1


def test_receipt_of_a_lost_answer_is_fetched_again(connector: Connector, hub: "StandIn") -> None:
    hub.after = [httpx2.ReadError("cut")]
    hub.failing = []
    with pytest.raises(HubUnreachable):
        hub_down_after_first(connector, hub)
    (lost,) = connector.receipts.lost(limit=10)
    hub.failing = []
    kept = connector.recover(lost.request_id)
    assert kept.state == "received"
    assert connector.receipts.lost(limit=10) == []
    assert connector.prove().proven == 1


def hub_down_after_first(connector: Connector, hub: "StandIn") -> None:
    sleep = connector.calls._sleep

    def down(seconds: float) -> None:
        hub.failing = [httpx2.ConnectError("down")]
        sleep(seconds)

    connector.calls._sleep = down
    ask(connector)


def test_what_was_proven_is_not_read_to_find_what_was_not(connector: Connector) -> None:
    connection = connector.receipts._connection
    ask(connector)
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    connector.receipts.received("demo.yifen/ledger/1", limit=10)
    connector.receipts.overdue("demo.yifen/ledger/1", limit=10)
    connector.receipts.unproven()
    connection.set_trace_callback(None)
    plans = [connection.execute(f"EXPLAIN QUERY PLAN {one}").fetchall() for one in asked]
    assert len(plans) == 3
    assert all("receipts_pending" in str(plan) for plan in plans)


def test_unknown_question_and_entry(connector: Connector) -> None:
    with pytest.raises(ReceiptUnknown):
        connector.recover("A" * 22)
    with pytest.raises(ReceiptUnknown):
        connector.receipts.entry(99)


def test_damaged_store_says_so(tmp_path: Path) -> None:
    path = tmp_path / "receipts.db"
    path.write_bytes(b"this is no database, but it is long enough to be taken for one" * 100)
    with pytest.raises(StoreUnreadable):
        ReceiptStore(path)


def test_store_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "receipts.db"
    ReceiptStore(path).close()
    connection = connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(StoreUnreadable) as unreadable:
        ReceiptStore(path)
    assert unreadable.value.facts["why"] == "version"


def test_a_store_from_before_cases_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "receipts.db"
    ReceiptStore(path).close()
    connection = connect(path)
    connection.execute("DROP TABLE cases")
    connection.execute("ALTER TABLE attempts DROP COLUMN round")
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    store = ReceiptStore(path)
    assert store.rows("SELECT round FROM attempts") == []
    assert store.rows("SELECT version FROM cases") == []
    store.close()
    connection = connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
    connection.close()

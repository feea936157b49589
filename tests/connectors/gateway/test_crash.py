"""kill -9 in the middle: what was handed on is kept, what left was written down."""

import threading
from contextlib import suppress
from http.client import HTTPException

from world.department import Bureau, Gate, question

from connectors.receipts.store import ReceiptStore


def ask_until_it_dies(gate: Gate, told: list[tuple[str, int]], begun: threading.Event) -> None:
    connection = gate.connect()
    try:
        while True:
            receipt = gate.ask(question(), connection=connection).document["receipt"]
            told.append((receipt["request_id"], receipt["entry"]))
            if len(told) > 20:
                begun.set()
    except (OSError, HTTPException):
        pass
    finally:
        begun.set()
        connection.close()


def test_receipts_of_answers_handed_on_are_there_after_a_kill(bureau: Bureau) -> None:
    gate = bureau.gate
    told: list[list[tuple[str, int]]] = [[] for _ in range(4)]
    begun = threading.Event()
    threads = [
        threading.Thread(target=ask_until_it_dies, args=(gate, mine, begun)) for mine in told
    ]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    gate.kill()
    for thread in threads:
        thread.join(30)
    handed_on = {pair for mine in told for pair in mine}
    assert len(handed_on) > 20
    store = ReceiptStore(gate.home / "receipts.db")
    kept = {(one.request_id, one.entry) for one in store.receipts(limit=100_000)}
    lost = store.lost(limit=100)
    store.close()
    assert handed_on <= kept
    # What was on its way has its attempt, and its receipt can be had
    gate.start()
    assert gate.ask().status == 200
    for question_ in lost:
        assert question_.asker == "counter"
        assert gate.get(f"/receipts/{question_.request_id}").status == 200
    assert gate.command("receipts", "fetch").returncode == 0


def test_an_answer_lost_on_the_way_has_its_receipt(idle: Bureau) -> None:
    """The hub has entered it, and the gateway died before anything came."""
    gate = idle.gate
    gate.configure(seconds=2)
    gate.start()
    idle.hub.pause()
    thread = threading.Thread(target=lambda: _quietly(gate))
    thread.start()
    gate.wait(lambda: bool(gate.get("/health").document["on_the_way"]))
    store = ReceiptStore(gate.home / "receipts.db")
    gate.wait(lambda: bool(store.lost(limit=1)))
    (lost,) = store.lost(limit=2)
    gate.kill()
    thread.join(30)
    idle.hub.resume()
    gate.start()
    told = gate.get(f"/receipts/{lost.request_id}")
    assert told.status == 200, told.body
    assert store.attempts(lost.request_id)
    store.close()


def test_it_ends_when_it_is_told_to(bureau: Bureau) -> None:
    assert bureau.gate.ask().status == 200
    assert bureau.gate.stop() == 0


def _quietly(gate: Gate) -> None:
    with suppress(OSError, HTTPException):
        gate.ask()

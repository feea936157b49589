"""Too much at once, a hub that hangs or is gone, a caller that drips."""

import json
import socket
import threading
import time

from world.department import Bureau, Gate, Reply, question


def in_thread(gate: Gate, into: list[Reply], asked: dict[str, object]) -> threading.Thread:
    thread = threading.Thread(target=lambda: into.append(gate.ask(asked)))
    thread.start()
    return thread


def on_the_way(gate: Gate) -> int:
    return int(gate.get("/health").document["on_the_way"])


def test_one_more_than_may_be_is_turned_away_at_once(idle: Bureau) -> None:
    gate = idle.gate
    gate.configure(questions=1)
    gate.start()
    assert gate.ask().status == 200
    idle.hub.pause()
    waiting: list[Reply] = []
    thread = in_thread(gate, waiting, question())
    gate.wait(lambda: on_the_way(gate) == 1)
    begun = time.monotonic()
    reply = gate.ask()
    assert time.monotonic() - begun < 5
    assert (reply.status, reply.code) == (503, "gateway-busy")
    assert reply.headers["retry-after"] == "1"
    idle.hub.resume()
    thread.join(30)
    assert [one.status for one in waiting] == [200]
    assert on_the_way(gate) == 0
    assert gate.ask().status == 200
    assert gate.get("/health").document["turned_away"] == 1


def test_a_hub_that_hangs_costs_its_time_and_the_place_is_free_again(idle: Bureau) -> None:
    gate = idle.gate
    gate.configure(questions=1, seconds=1)
    gate.start()
    idle.hub.pause()
    asked = question()
    reply = gate.ask(asked)
    assert (reply.status, reply.code) == (502, "connector-hub-unreachable")
    assert reply.document["facts"] == {"why": "timeout"}
    idle.hub.resume()
    again = gate.ask({**asked, "request_id": reply.document["request_id"]})
    assert again.status == 200, again.body
    assert again.document["receipt"]["request_id"] == reply.document["request_id"]


def test_a_hub_that_is_gone_and_comes_back(idle: Bureau) -> None:
    gate = idle.gate
    gate.configure(seconds=1)
    gate.start()
    assert gate.ask().status == 200
    idle.hub.stop()
    reply = gate.ask()
    assert (reply.status, reply.code) == (502, "connector-hub-unreachable")
    idle.hub.start()
    assert gate.ask().status == 200


def test_a_caller_that_drips_holds_no_place(idle: Bureau) -> None:
    gate = idle.gate
    gate.configure(questions=1)
    gate.start()
    body = json.dumps(question()).encode()
    head = (
        "POST /lookup/resident HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {gate.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gate.port), 30) as slow:
        slow.sendall(head.encode() + body[:10])
        assert gate.ask().status == 200
        # And it does not wait for ever
        assert b" 408 " in slow.makefile("rb").readline()


def test_many_at_once_are_all_answered(bureau: Bureau) -> None:
    answered: list[Reply] = []
    threads = [in_thread(bureau.gate, answered, question()) for _ in range(30)]
    for thread in threads:
        thread.join(60)
    assert [one.status for one in answered] == [200] * 30
    told = {one.document["receipt"]["entry"] for one in answered}
    assert len(told) == 30
    kept = bureau.gate.json("receipts", "list", "--limit", "1000")["receipts"]
    assert told == {one["entry"] for one in kept}

"""An answer that does not prove itself is never handed on, and is an alarm."""

import shutil
import threading

import pytest
from world.department import Bureau, Reply, question

from connectors.gateway.documents import Health
from connectors.receipts.store import ReceiptStore

LIES = ["officer", "subject", "case", "department", "purpose"]


@pytest.mark.parametrize("lie", LIES)
def test_a_hub_that_enters_somebody_else(bureau: Bureau, lie: str) -> None:
    bureau.hub.stop()
    bureau.hub.start(lie)
    reply = bureau.gate.ask(question(case="C-2"))
    assert (reply.status, reply.code) == (502, "connector-answer-refused")
    assert "张三丰" not in reply.body.decode("utf-8")
    health = Health.model_validate(bureau.gate.get("/health").document)
    (alarm,) = health.alarms
    assert (health.status, alarm.code, alarm.stops) == ("alarm", reply.code, False)
    assert alarm.request_id == reply.document["request_id"]
    shown = bureau.gate.json("alarms", "show", str(alarm.alarm))
    assert "nrb.officer" in shown["evidence"]


def test_every_answer_is_judged_by_itself(bureau: Bureau) -> None:
    bureau.hub.stop()
    bureau.hub.start("officer")
    assert bureau.gate.ask().status == 502
    bureau.hub.stop()
    bureau.hub.start()
    assert bureau.gate.ask().status == 200
    assert bureau.gate.get("/healthz").body == b"alarm\n"
    (alarm,) = bureau.gate.json("alarms", "list")["alarms"]
    number = str(alarm["alarm"])
    assert bureau.gate.command("alarms", "acknowledge", number, "--note", "x").returncode == 0
    bureau.gate.wait(lambda: bureau.gate.get("/healthz").body == b"ok\n")
    assert bureau.gate.json("alarms", "list") == {"alarms": []}
    assert len(bureau.gate.json("alarms", "list", "--all")["alarms"]) == 1


def test_a_hub_set_back_is_convicted_and_nothing_is_answered_any_more(bureau: Bureau) -> None:
    gate, hub = bureau.gate, bureau.hub
    before = hub.folder.with_name("before")
    hub.stop()
    shutil.copytree(hub.folder, before)
    hub.start()
    honest = gate.ask()
    assert honest.status == 200
    # The hub is set back to before that answer, with its own copy of the checkpoint: it gives the
    # same position to another question.
    hub.stop()
    shutil.rmtree(hub.folder)
    before.rename(hub.folder)
    hub.start()
    forked = gate.ask(question(items=["name"]))
    assert (forked.status, forked.code) == (502, "connector-answer-refused")
    assert "张三丰" not in forked.body.decode("utf-8")
    assert forked.document["facts"] == {"why": "entry-twice"}
    # From now on nothing is sent at all
    asked = _questions(bureau)
    stopped = gate.ask()
    assert (stopped.status, stopped.code) == (503, "gateway-stopped")
    assert gate.get("/healthz").status == 503
    assert _questions(bureau) == asked
    # What was answered before can still be shown
    chosen = honest.document["receipt"]["request_id"]
    assert gate.get(f"/receipts/{chosen}").status == 200
    # A new start does not help; a person does
    gate.stop()
    gate.start()
    assert gate.ask().code == "gateway-stopped"

    def cleared() -> bool:
        for alarm in gate.json("alarms", "list")["alarms"]:
            gate.command("alarms", "acknowledge", str(alarm["alarm"]), "--note", "agreed")
        return gate.ask(question(items=["sex"])).status == 200

    gate.wait(cleared)


def test_an_alarm_of_another_command_stops_the_gateway_too(bureau: Bureau) -> None:
    with_store = ReceiptStore(bureau.gate.home / "receipts.db")
    with_store.write_alarm("connector-ledger-forked", "consistency", b"{}", 0)
    with_store.close()
    bureau.gate.wait(lambda: bureau.gate.get("/healthz").body == b"stopped\n")
    assert bureau.gate.ask().code == "gateway-stopped"


def test_an_alarm_that_comes_meanwhile_holds_the_answer_back(bureau: Bureau) -> None:
    gate = bureau.gate
    assert gate.ask().status == 200
    bureau.hub.pause()
    waiting: list[Reply] = []
    thread = threading.Thread(target=lambda: waiting.append(gate.ask()))
    thread.start()
    gate.wait(lambda: gate.get("/health").document["on_the_way"] == 1)
    store = ReceiptStore(gate.home / "receipts.db")
    store.write_alarm("connector-ledger-forked", "consistency", b"{}", 0)
    store.close()
    gate.wait(lambda: gate.get("/healthz").status == 503)
    bureau.hub.resume()
    thread.join(30)
    assert [(one.status, one.code) for one in waiting] == [(503, "gateway-stopped")]


def _questions(bureau: Bureau) -> int:
    store = ReceiptStore(bureau.gate.home / "receipts.db")
    try:
        counts = store.counts()
        return counts["received"] + counts["proven"] + len(store.lost(limit=1000))
    finally:
        store.close()

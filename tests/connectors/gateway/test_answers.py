"""Plain JSON in, a proven answer out, and its receipt kept."""

import json
import os

import pytest
from world.department import Bureau, Gate, question
from world.town import ABSENT, ADMINISTRATOR

from certs.certificates import read_certificate
from certs.encoding import b64u
from connectors.gateway.documents import (
    Health,
    LookupAnswer,
    Problem,
    Receipts,
    VerifyAnswer,
)
from hub.access import connectors
from hub.runtime import open_hub


@pytest.fixture
def gate(office: Bureau) -> Gate:
    return office.gate


def request_id() -> str:
    return b64u(os.urandom(16))


def test_a_lookup_is_answered_with_what_it_rests_on(gate: Gate) -> None:
    reply = gate.ask()
    assert reply.status == 200, reply.body
    answer = LookupAnswer.model_validate(reply.document)
    assert answer.found
    assert answer.records[0].items == {"name": "张三丰", "sex": "1"}
    assert answer.dataset == "demo.yifen:resident"
    kept = gate.json("receipts", "list", "--request", answer.receipt.request_id)["receipts"]
    assert [one["entry"] for one in kept] == [answer.receipt.entry]
    assert kept[0]["time"] == answer.receipt.time
    assert kept[0]["ledger"] == answer.receipt.ledger


def test_nothing_found_is_an_answer_too(gate: Gate) -> None:
    reply = gate.ask(question(subject={"type": "resident_id", "id": ABSENT}))
    answer = LookupAnswer.model_validate(reply.document)
    assert (reply.status, answer.found, answer.records) == (200, False, [])


@pytest.mark.parametrize(("claimed", "match"), [("张三丰", True), ("李四", False)])
def test_a_verification_shows_no_value(gate: Gate, claimed: str, *, match: bool) -> None:
    reply = gate.ask(question(claims={"name": claimed}), path="/verify/resident")
    answer = VerifyAnswer.model_validate(reply.document)
    assert (reply.status, answer.match, answer.exists) == (200, match, None)
    assert "张" not in reply.body.decode("utf-8")


def test_a_refusal_comes_with_its_receipt_and_the_hubs_words(gate: Gate) -> None:
    reply = gate.ask(question(items=["status"]))
    problem = Problem.model_validate(reply.document)
    assert (reply.status, problem.code) == (403, "items-outside-grant")
    assert reply.headers["content-type"] == "application/problem+json"
    assert problem.title["zh"]
    assert problem.receipt is not None
    kept = gate.json("receipts", "show", str(problem.receipt.entry))
    assert (kept["outcome"], kept["request_id"]) == ("refused", problem.request_id)
    assert b"opening" not in reply.body


def test_the_callers_own_identity_makes_a_repeat(gate: Gate) -> None:
    chosen = request_id()
    first, second = (gate.ask(question(request_id=chosen)) for _ in range(2))
    assert first.status == second.status == 200, second.body
    assert first.document["receipt"]["request_id"] == chosen
    entries = [one.document["receipt"]["entry"] for one in (first, second)]
    assert entries[0] < entries[1]
    told = Receipts.model_validate(gate.get(f"/receipts/{chosen}").document)
    assert [one.entry for one in told.receipts] == entries


def test_one_identity_is_not_two_questions(gate: Gate) -> None:
    chosen = request_id()
    assert gate.ask(question(request_id=chosen)).status == 200
    reply = gate.ask(question(request_id=chosen, items=["name"]))
    assert (reply.status, reply.code) == (409, "connector-question-taken")
    assert len(gate.json("receipts", "list", "--request", chosen)["receipts"]) == 1


def test_another_system_cannot_speak_under_this_ones_identity(gate: Gate) -> None:
    chosen, other = request_id(), gate.new_key("archive")
    assert gate.ask(question(request_id=chosen)).status == 200
    reply = gate.ask(question(request_id=chosen), key=other)
    assert (reply.status, reply.code) == (409, "connector-question-taken")


def test_receipts_are_for_whoever_asked(gate: Gate) -> None:
    other = gate.new_key("elsewhere")
    chosen = gate.ask().document["receipt"]["request_id"]
    assert gate.get(f"/receipts/{chosen}").status == 200
    for strange in (chosen, request_id()):
        reply = gate.get(f"/receipts/{strange}", other)
        assert (reply.status, reply.code) == (404, "connector-receipt-unknown")


def test_a_receipt_that_the_gateway_gives_is_the_hubs_own(gate: Gate) -> None:
    chosen = gate.ask().document["receipt"]["request_id"]
    told = Receipts.model_validate(gate.get(f"/receipts/{chosen}").document)
    (kept,) = told.receipts
    assert kept.receipt.count(".") == 2
    assert (told.operation, told.dataset, kept.status) == ("lookup", "resident", 200)


def test_health_counts_what_was_answered(gate: Gate) -> None:
    before = Health.model_validate(gate.get("/health").document)
    gate.ask()
    gate.ask(question(items=["status"]))
    after = Health.model_validate(gate.get("/health").document)
    assert (after.status, after.alarms, after.on_the_way) == ("ok", [], 0)
    assert after.answered == before.answered + 1
    assert after.declined == before.declined + 1


def test_the_time_that_is_the_hubs_is_told_apart(gate: Gate) -> None:
    timing = gate.ask().headers["server-timing"]
    total, hub = (float(part.rpartition("=")[2]) for part in timing.split(", "))
    assert 0 < hub < total


def test_the_description_has_the_routes_and_what_they_really_say(gate: Gate) -> None:
    document = json.loads(gate.http("GET", "/openapi.json", {}).body)
    routes = {(path, method) for path, one in document["paths"].items() for method in one}
    assert routes == {
        ("/lookup/{dataset}", "post"),
        ("/verify/{dataset}", "post"),
        ("/receipts/{request_id}", "get"),
        ("/health", "get"),
        ("/healthz", "get"),
        ("/openapi.json", "get"),
    }
    schemas = document["components"]["schemas"]
    told = {
        "LookupAnswer": gate.ask().document,
        "VerifyAnswer": gate.ask(
            question(claims={"name": "张三丰"}), path="/verify/resident"
        ).document,
        "Problem": gate.ask(question(items=["status"])).document,
        "Health": gate.get("/health").document,
    }
    for name, found in told.items():
        assert found.keys() <= schemas[name]["properties"].keys(), name
        assert set(schemas[name]["required"]) <= found.keys(), name
    for name, schema in schemas.items():
        for field, described in schema["properties"].items():
            chinese, _, english = described["description"].partition(" / ")
            assert chinese, f"{name}.{field}"
            assert english.isascii(), f"{name}.{field}"
    references = set(_references(document))
    assert references == {f"#/components/schemas/{name}" for name in schemas}


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [one for member in value.values() for one in _references(member)]
    if isinstance(value, list):
        return [one for member in value for one in _references(member)]
    return []


def test_a_refusal_that_proves_nothing_is_told_as_such(bureau: Bureau) -> None:
    """The certificate has been revoked: the hub says so unsigned, before any entry."""
    assert bureau.gate.ask().status == 200
    pem = (bureau.gate.home / "certificate.pem").read_bytes()
    hub = open_hub(bureau.hub.folder)
    connectors.revoke_certificate(hub.changes, ADMINISTRATOR, read_certificate(pem).keyid)
    hub.close()
    reply = bureau.gate.ask()
    assert (reply.status, reply.code) == (502, "gateway-hub-declined")
    assert reply.document["facts"] == {"hub_code": "certificate-revoked", "hub_status": 401}
    assert "receipt" not in reply.document
    assert bureau.gate.get("/health").document["alarms"] == []
    assert bureau.gate.get("/health").document["failed"] == 1

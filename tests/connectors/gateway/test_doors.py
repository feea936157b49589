"""What a calling system may not; nothing that is refused leaves the department."""

import json
import socket
import threading

import pytest
from world.department import Bureau, Gate, Reply, question
from world.town import SUBJECTS

from connectors.receipts.store import ReceiptStore


@pytest.fixture
def gate(office: Bureau) -> Gate:
    return office.gate


@pytest.fixture(autouse=True)
def nothing_leaves(gate: Gate) -> object:
    """Whatever is refused here is refused before it is written down."""
    store = ReceiptStore(gate.home / "receipts.db")
    yield
    assert store.lost(limit=1) == []
    store.close()


def check(reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.code) == (status, code), reply.body
    assert reply.headers["content-type"] == "application/problem+json"
    assert SUBJECTS[0] not in reply.body.decode("utf-8")
    assert reply.document["title"]["zh"]
    assert reply.document["detail"]["en"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer yifen_"},
        {"Authorization": "Bearer yifen_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"Authorization": "Basic eWlmZW46eA=="},
        {"Authorization": "Bearer \xff\xfe"},
    ],
)
@pytest.mark.parametrize("path", ["/lookup/resident", "/verify/resident", "/nosuch"])
def test_nobody_without_a_key(gate: Gate, given: dict[str, str], path: str) -> None:
    body = json.dumps(question()).encode()
    reply = gate.http("POST", path, {"Content-Type": "application/json", **given}, body)
    check(reply, 401, "gateway-key-refused")
    assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/health", "/receipts/AAAAAAAAAAAAAAAAAAAAAA", "/", "/docs"])
def test_nothing_is_read_without_a_key(gate: Gate, path: str) -> None:
    check(gate.http("GET", path, {}), 401, "gateway-key-refused")


def test_a_key_without_its_scheme_is_none(gate: Gate) -> None:
    body = json.dumps(question()).encode()
    given = {"Content-Type": "application/json", "Authorization": gate.key}
    check(gate.http("POST", "/lookup/resident", given, body), 401, "gateway-key-refused")


def test_two_keys_are_none(gate: Gate) -> None:
    head = f"Authorization: Bearer {gate.key}\r\n" * 2
    check(raw(gate, f"GET /health HTTP/1.1\r\nHost: x\r\n{head}\r\n"), 401, "gateway-key-refused")


def test_a_sign_of_life_tells_nothing_else(gate: Gate) -> None:
    reply = gate.http("GET", "/healthz", {})
    assert (reply.status, reply.body) == (200, b"ok\n")


def test_a_removed_key_is_refused_from_the_next_request_on(gate: Gate) -> None:
    short = gate.new_key("short")
    assert gate.ask(key=short).status == 200
    assert gate.command("key", "remove", "short").returncode == 0
    check(gate.ask(key=short), 401, "gateway-key-refused")
    assert gate.ask().status == 200


def test_keys_that_others_could_read_let_nobody_in(gate: Gate) -> None:
    file = gate.home / "gateway.keys.json"
    file.chmod(0o644)
    try:
        check(gate.ask(), 503, "gateway-keys-broken")
        assert str(gate.home) not in gate.ask().body.decode()
    finally:
        file.chmod(0o600)
    assert gate.ask().status == 200


def test_keys_that_cannot_be_read_let_nobody_in(gate: Gate) -> None:
    file = gate.home / "gateway.keys.json"
    before = file.read_bytes()
    file.write_bytes(before[:-1])
    try:
        check(gate.ask(), 503, "gateway-keys-broken")
    finally:
        file.write_bytes(before)
    assert gate.ask().status == 200


def test_a_purpose_that_the_key_does_not_have(gate: Gate) -> None:
    other = gate.new_key("tax", purposes=("tax_administration",))
    check(gate.ask(key=other), 403, "gateway-purpose-refused")
    check(gate.ask(question(purpose="tax_administration")), 403, "gateway-purpose-refused")


def test_a_dataset_that_the_key_does_not_have(gate: Gate) -> None:
    other = gate.new_key("homes", datasets=("real_estate",))
    check(gate.ask(key=other), 403, "gateway-dataset-refused")


def test_a_rate_that_is_spent(gate: Gate) -> None:
    slow = gate.new_key("slow", rate=1)
    replies = [gate.ask(b"{}", key=slow) for _ in range(3)]
    assert replies[0].status == 422
    assert [one.status for one in replies[1:]].count(429) >= 1
    spent = next(one for one in replies if one.status == 429)
    check(spent, 429, "gateway-rate-spent")
    assert spent.headers["retry-after"] == "1"
    assert gate.ask().status == 200


def test_a_body_that_is_too_large(gate: Gate) -> None:
    check(gate.ask(b" " * 65537), 413, "gateway-too-large")
    pieces = b"10000\r\n" + b" " * 65536 + b"\r\n1\r\n \r\n0\r\n\r\n"
    head = (
        "POST /lookup/resident HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {gate.key}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    check(raw(gate, head, pieces), 413, "gateway-too-large")


def test_a_head_beyond_all_measure_is_cut_off(gate: Gate) -> None:
    with socket.create_connection(("127.0.0.1", gate.port), 10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ")
        ended = threading.Event()

        def pour() -> None:
            try:
                for _ in range(4096):
                    connection.sendall(b"a" * 1024)
            except OSError:
                ended.set()

        thread = threading.Thread(target=pour)
        thread.start()
        thread.join(20)
        assert ended.is_set()
    assert gate.http("GET", "/healthz", {}).status == 200


def test_a_body_that_is_not_called_json(gate: Gate) -> None:
    check(gate.ask(Content_Type="text/plain"), 415, "gateway-media-refused")
    check(gate.ask(Content_Type=""), 415, "gateway-media-refused")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"purpose":"a","purpose":"b"}',
        b'{"case":1.5}',
        b'{"case":NaN}',
        b"[" * 100 + b"]" * 100,
    ],
)
def test_json_that_is_not_strict(gate: Gate, body: bytes) -> None:
    check(gate.ask(body), 400, "json-malformed")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"nosuch": 1}, "nosuch"),
        ({"subject": None}, "subject"),
        ({"subject": SUBJECTS[0]}, "subject"),
        ({"subject": {"type": "resident_id", "id": 1}}, "subject"),
        ({"subject": {"type": "resident_id", "id": "x", "more": "y"}}, "subject"),
        ({"items": []}, "items"),
        ({"items": "name"}, "items"),
        ({"items": ["name; drop"]}, "items"),
        ({"purpose": ""}, "purpose"),
        ({"officer": None}, "officer"),
        ({"case": 12}, "case"),
        ({"request_id": "short"}, "request_id"),
        ({"request_id": "A" * 21 + "\n"}, "request_id"),
    ],
)
def test_a_question_of_the_wrong_form(gate: Gate, changed: dict[str, object], place: str) -> None:
    reply = gate.ask(question(**changed))
    check(reply, 422, "gateway-malformed")
    assert reply.document["facts"] == {"place": place}


@pytest.mark.parametrize(
    "changed",
    [
        {"items": ["name", "name"]},
        {"officer": "  "},
        {"subject": {"type": "resident_id", "id": "a\nb"}},
        {"request_id": "AAAAAAAAAAAAAAAAAAAAAB"},
    ],
)
def test_a_question_that_no_hub_could_answer(gate: Gate, changed: dict[str, object]) -> None:
    check(gate.ask(question(**changed)), 422, "connector-question-refused")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/lookup/resident"),
        ("PUT", "/lookup/resident"),
        ("POST", "/lookup/resident?subject=x"),
        ("POST", "/lookup/resident/"),
        ("POST", "/lookup/../verify/resident"),
        ("POST", "/lookup/RESIDENT"),
        ("POST", "/nosuch/resident"),
        ("POST", "/health"),
        ("GET", "/receipts/short"),
        ("GET", "/receipts/AAAAAAAAAAAAAAAAAAAAAA?x=1"),
    ],
)
def test_a_route_that_is_not_there(gate: Gate, method: str, path: str) -> None:
    headers = {"Authorization": f"Bearer {gate.key}", "Content-Type": "application/json"}
    body = json.dumps(question()).encode() if method != "GET" else b""
    check(gate.http(method, path, headers, body), 404, "gateway-route-unknown")


def test_the_log_names_nobody(gate: Gate) -> None:
    gate.ask()
    gate.ask(question(officer="nobody.there"))
    gate.ask(b'{"subject": {"id": "%s"}' % SUBJECTS[0].encode())
    told = gate.log.read_text("utf-8")
    assert SUBJECTS[0] not in told
    assert "张三丰" not in told
    assert gate.key not in told


def raw(gate: Gate, head: str, body: bytes = b"") -> Reply:
    """What comes back to bytes that no library would send."""
    with socket.create_connection(("127.0.0.1", gate.port), 10) as connection:
        connection.sendall(head.encode("latin-1") + body)
        stream = connection.makefile("rb")
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while line := stream.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return Reply(status, headers, stream.read(int(headers["content-length"])))

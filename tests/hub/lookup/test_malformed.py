"""Signed bodies that are no question: entered as malformed, told what is wrong, never a failure."""

import json

import pytest
from world.asking import Answer, Gateway, Members, Sent
from world.town import SUBJECTS, World

from certs.canonical import canonical
from certs.encoding import b64u

PATH = "/v1/datasets/resident/lookup"
NOBODY = {"case": None, "officer": None, "subject": None}


def send(world: World, body: bytes, path: str = PATH) -> Answer:
    """Sign any bytes, and send them through the door."""
    return world.call(world.nrb.sign("POST", path, body))


def question(gateway: Gateway, **members: object) -> bytes:
    asked: dict[str, object] = {**gateway.question(), **members}
    return json.dumps({n: v for n, v in asked.items() if v != ()}, ensure_ascii=False).encode()


BODIES = {
    "no json": b"hello",
    "half of it": b'{"case":null,',
    "an array": b"[]",
    "null": b"null",
    "a text": b'"x"',
    "nothing but a blank": b" ",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "not utf-8": b'{"case":"\xff"}',
    "a lone surrogate": b'{"case":"\\ud800"}',
    "nan": b'{"case":NaN}',
    "infinity": b'{"case":-Infinity}',
    "a float": b'{"case":1.5}',
    "an integer beyond 2^53": b'{"case":9007199254740993}',
    "a duplicate key": b'{"case":null,"case":"x"}',
    "too deep": b'{"case":' + b"[" * 20 + b"]" * 20 + b"}",
    "a tower": b"[" * 50_000 + b"]" * 50_000,
    "nul": b"\x00",
}
SYNTAX = {"a duplicate key", "nan", "infinity", "a float", "too deep", "a tower"}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_strict_json(world: World, name: str) -> None:
    before = world.entries()
    answer = send(world, BODIES[name])
    readable = name in {"an array", "null", "a text"}
    assert answer.code == ("question-malformed" if readable else "json-malformed")
    assert answer.status == (422 if readable else 400)
    assert answer.receipt is not None
    assert world.entries() == before + 1
    kind, control, person, internal = world.entry()
    assert kind == "lookup"
    assert person == NOBODY
    assert internal == {"reason": answer.code}
    assert isinstance(control, dict)
    assert (control["outcome"], control["grant"], control["purpose"]) == ("malformed", None, None)


MEMBERS: dict[str, dict[str, object]] = {
    "no members": dict.fromkeys(
        ("case", "items", "officer", "purpose", "request_id", "subject"), ()
    ),
    "no case": {"case": ()},
    "no request id": {"request_id": ()},
    "a member more": {"operation": "lookup"},
    "claims beside items": {"claims": {"name": "x"}},
    "claims in place of items": {"items": (), "claims": {"name": "x"}},
    "request id too short": {"request_id": b64u(bytes(15))},
    "request id too long": {"request_id": b64u(bytes(17))},
    "request id of another spelling": {"request_id": "A" * 21 + "B"},
    "request id padded": {"request_id": "A" * 22 + "=="},
    "request id a number": {"request_id": 5},
    "no items": {"items": []},
    "items null": {"items": None},
    "items a text": {"items": "name"},
    "an item twice": {"items": ["name", "name"]},
    "an item null": {"items": [None]},
    "an item of items": {"items": [["name"]]},
    "an item no code": {"items": ["NAME"]},
    "an item of sql": {"items": ["name; --"]},
    "too many items": {"items": [f"i{n}" for n in range(201)]},
    "subject null": {"subject": None},
    "subject a text": {"subject": SUBJECTS[0]},
    "subject empty": {"subject": {}},
    "subject without type": {"subject": {"id": SUBJECTS[0]}},
    "subject with more": {"subject": {"id": "x", "type": "resident_id", "x": 1}},
    "subject id a number": {"subject": {"id": 530402, "type": "resident_id"}},
    "subject id empty": {"subject": {"id": "", "type": "resident_id"}},
    "subject id too long": {"subject": {"id": "5" * 129, "type": "resident_id"}},
    "subject id with a line end": {"subject": {"id": "5\n3", "type": "resident_id"}},
    "subject id with nul": {"subject": {"id": "5\x003", "type": "resident_id"}},
    "subject type no code": {"subject": {"id": "5", "type": "Resident ID"}},
    "purpose null": {"purpose": None},
    "purpose empty": {"purpose": ""},
    "purpose too long": {"purpose": "p" * 65},
    "case empty": {"case": ""},
    "case a number": {"case": 1},
    "case true": {"case": True},
    "officer null": {"officer": None},
    "officer a list": {"officer": ["nrb.officer"]},
    "officer too long": {"officer": "o" * 129},
    "officer with an escape": {"officer": "a\x1b[2Jb"},
}


@pytest.mark.parametrize("name", MEMBERS)
def test_a_question_with_a_member_that_is_none(world: World, name: str) -> None:
    answer = send(world, question(world.nrb, **MEMBERS[name]))
    assert (answer.status, answer.code) == (422, "question-malformed")
    assert isinstance(answer.document["facts"], dict)
    assert str(answer.document["facts"]["where"]) in {*world.nrb.question(), "claims", "body"} | {
        "operation"
    }
    assert answer.receipt is not None
    assert world.entry()[2] == NOBODY


@pytest.mark.parametrize(
    "claims",
    [
        None,
        [],
        {},
        {"name": None},
        {"name": 1},
        {"name": ["x"]},
        {"NAME": "x"},
        {"name": "x" * 4001},
    ],
)
def test_claims_that_are_none(world: World, claims: object) -> None:
    asked = {**world.nrb.question(), "claims": claims}
    del asked["items"]
    body = json.dumps(asked).encode()
    answer = send(world, body, PATH.replace("lookup", "verify"))
    assert (answer.status, answer.code) == (422, "question-malformed")


def test_a_question_that_is_not_canonical_is_answered(world: World) -> None:
    loose = json.dumps(world.nrb.question(), indent=2, ensure_ascii=True).encode()
    assert loose != canonical(json.loads(loose))
    assert send(world, loose).status == 200


def test_a_body_of_more_than_a_mebibyte_is_not_read(world: World) -> None:
    before = world.entries()
    limit = world.hub.settings.limits.body_bytes
    answer = send(world, b"x" * (limit + 1))
    assert (answer.status, answer.code) == (413, "too-large")
    assert answer.receipt is None
    assert world.entries() == before
    padded = question(world.nrb).ljust(limit)
    assert len(padded) == limit == 1 << 20
    assert send(world, padded).status == 200


def test_a_large_body_in_small_pieces_is_left_off_at_the_limit(world: World) -> None:
    sent = world.nrb.sign("POST", PATH, b"x")
    headers = [(n.encode(), v.encode()) for n, v in sent.message.headers.items()]
    pieces = [b"x" * 65_536] * 17 + [b"never asked for"] * 3
    answer = world.raw("POST", PATH.encode(), headers, pieces)
    assert answer.code == "too-large"


def test_a_body_in_pieces_is_put_together(world: World) -> None:
    sent = world.nrb.lookup()
    headers = [(n.encode(), v.encode()) for n, v in sent.message.headers.items()]
    pieces = [sent.body[at : at + 7] for at in range(0, len(sent.body), 7)]
    assert world.raw("POST", PATH.encode(), headers, pieces).status == 200


@pytest.mark.parametrize(
    "target",
    [
        b"/v1/datasets/resident/lookup?\xff",
        b"/v1/datasets/resident/lookup?%00",
        b"/v1/datasets/resident/lookup?a=b&a=b",
        b"/v1/datasets/../lookup",
        b"/v1/datasets/RESIDENT/lookup",
        b"/v1/datasets/resident/lookup/",
        b"/v1/datasets//lookup",
        b"/v1/datasets/" + b"a" * 65 + b"/lookup",
        b"/v1/datasets/resident/lookup%0a",
        b"/v1/datasets/\xe4\xba\xba/lookup",
    ],
)
def test_no_target_makes_the_hub_fail(world: World, target: bytes) -> None:
    sent: Sent = world.nrb.lookup()
    headers = [(n.encode(), v.encode()) for n, v in sent.message.headers.items()]
    answer = world.raw("POST", target, headers, [sent.body])
    assert answer.status in {401, 404, 405}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["signature-input", "signature", "content-digest"])
@pytest.mark.parametrize("value", [b"\xff\xfe", b"\xe9", b"", b"=", b'"', b"x" * 5000, b"a=?1"])
def test_no_header_makes_the_hub_fail(world: World, header: str, value: bytes) -> None:
    sent = world.nrb.lookup()
    headers = [
        (n.encode(), value if n == header else v.encode()) for n, v in sent.message.headers.items()
    ]
    answer = world.raw("POST", PATH.encode(), headers, [sent.body])
    assert answer.status == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_a_question_is_asked_by_post_alone(world: World, method: str) -> None:
    answer = world.http(method, PATH)
    assert answer.status in {404, 405}


def test_a_dataset_whose_name_is_no_code_is_not_granted(world: World) -> None:
    answer = send(world, question(world.nrb), "/v1/datasets/9-x/lookup")
    assert (answer.status, answer.code) == (403, "not-granted")
    members: Members = answer.control
    assert members["dataset"] is None

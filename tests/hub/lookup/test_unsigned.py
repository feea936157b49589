"""Requests that never become questions: answered unsigned, counted, summed, told to wait."""

import os
from dataclasses import replace

import pytest
from world.asking import Answer, Members
from world.time import DAY, MINUTE
from world.town import ADMINISTRATOR, World

from certs.canonical import canonical
from certs.certificates import read_certificate
from certs.encoding import b64u
from certs.enrolment import make_request
from certs.keys import generate
from certs.receipts import verify_receipt
from hub.access import connectors, departments
from hub.errors import Replayed


def sums(world: World) -> list[Members]:
    """The states of the entries that sum attempts."""
    found = []
    for position in range(world.entries()):
        kind, control, _, _ = world.entry(position)
        if kind == "attempts":
            assert isinstance(control, dict)
            assert isinstance(control["state"], dict)
            found.append(dict(control["state"]))
    return found


def revoke(world: World) -> None:
    connectors.revoke_certificate(world.hub.changes, ADMINISTRATOR, world.nrb.keyid)


def suspend_connector(world: World) -> None:
    connectors.set_status(world.hub.changes, ADMINISTRATOR, world.nrb.urn, "suspended")


def suspend_department(world: World) -> None:
    departments.set_status(world.hub.changes, ADMINISTRATOR, "nrb", "suspended")


def outlive(world: World) -> None:
    world.time.advance(400 * DAY)


WITHOUT_STANDING = pytest.mark.parametrize(
    "how", [revoke, suspend_connector, suspend_department, outlive]
)


def assert_unsigned(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code)
    assert answer.receipt is None
    assert "openings" not in answer.document
    assert "results" not in answer.document


@WITHOUT_STANDING
def test_a_certificate_without_standing_is_turned_away(world: World, how: object) -> None:
    """In the process that made the change, and in one that knows nothing of it yet."""
    other = world.again()
    assert other.ask(world.nrb.lookup()).status == 200
    assert callable(how)
    how(world)
    before = world.entries()
    for process in (other, world):
        assert_unsigned(process.call(world.nrb.lookup()), 401, "certificate-revoked")
        answer = process.call(world.nrb.sign("GET", "/v1/grants"))
        assert_unsigned(answer, 401, "certificate-revoked")
    assert world.entries() == before
    other.hub.close()


def test_a_suspended_connector_acts_again_when_it_may(world: World) -> None:
    suspend_connector(world)
    connectors.set_status(world.hub.changes, ADMINISTRATOR, world.nrb.urn, "active")
    assert world.ask(world.nrb.lookup()).status == 200


def test_revoking_ends_the_whole_line_of_renewal(world: World) -> None:
    key = generate()
    request = make_request(key, world.nrb.urn)
    renewed = connectors.renew(world.hub.changes, world.hub.trust, world.nrb.keyid, request)
    newer = replace(world.nrb, key=key, keyid=read_certificate(renewed.pem).keyid)
    assert world.ask(newer.lookup()).status == 200
    assert world.ask(world.nrb.lookup()).status == 200, "old and new overlap"
    revoke(world)
    assert world.call(newer.lookup()).code == "certificate-revoked"


def test_a_certificate_that_nobody_issued(world: World) -> None:
    sent = world.nrb.sign("POST", "/v1/datasets/resident/lookup", b"{}", keyid="x" * 43)
    assert_unsigned(world.call(sent), 401, "certificate-unknown")


def test_another_connectors_key_id(world: World) -> None:
    sent = world.nrb.sign(
        "POST", "/v1/datasets/resident/lookup", b"{}", keyid=world.gateway("mrb").keyid
    )
    assert_unsigned(world.call(sent), 401, "signature-invalid")


def test_a_request_sent_twice(world: World) -> None:
    sent = world.nrb.lookup()
    assert world.call(sent).status == 200
    before = world.entries()
    assert_unsigned(world.call(sent), 401, "replayed")
    assert world.entries() == before
    with pytest.raises(Replayed):
        world.ask(sent)


def test_a_request_sent_twice_to_two_processes(world: World) -> None:
    other = world.again()
    sent = world.nrb.lookup()
    assert world.call(sent).status == 200
    assert_unsigned(other.call(sent), 401, "replayed")
    other.hub.close()


def test_a_get_sent_twice(world: World) -> None:
    sent = world.nrb.sign("GET", "/v1/grants")
    assert world.call(sent).status == 200
    assert_unsigned(world.call(sent), 401, "replayed")


def test_a_nonce_used_again_for_another_question(world: World) -> None:
    nonce = os.urandom(16)
    body = canonical(world.nrb.question())
    path = "/v1/datasets/resident/lookup"
    assert world.call(world.nrb.sign("POST", path, body, nonce=nonce)).status == 200
    again = world.nrb.sign("POST", path, canonical(world.nrb.question()), nonce=nonce, late=1)
    assert_unsigned(world.call(again), 401, "replayed")
    get = world.nrb.sign("GET", "/v1/grants", nonce=nonce)
    assert_unsigned(world.call(get), 401, "replayed")


def test_two_connectors_may_use_one_nonce(world: World) -> None:
    nonce = os.urandom(16)
    for who in (world.nrb, world.gateway("psb")):
        assert world.call(who.sign("GET", "/v1/grants", nonce=nonce)).status == 200


@pytest.mark.parametrize(
    ("late", "code"), [(-200, "signature-expired"), (120, "signature-from-future")]
)
def test_a_refusal_for_the_clock_states_the_hubs_time(world: World, late: int, code: str) -> None:
    body = canonical(world.nrb.question())
    sent = world.nrb.sign("POST", "/v1/datasets/resident/lookup", body, late=late)
    answer = world.call(sent)
    assert_unsigned(answer, 401, code)
    assert answer.document["facts"] == {"hub_time": "2026-09-21T14:13:20.000Z"}


def test_the_host_header_is_not_believed(world: World) -> None:
    sent = world.nrb.lookup()
    headers = {**sent.message.headers, "host": "evil.example", "x-forwarded-host": "evil.example"}
    assert world.http("POST", sent.path, headers, sent.body).status == 200


def test_a_request_for_another_hubs_address(world: World) -> None:
    elsewhere = replace(world.nrb, address="http://evil.example").lookup()
    headers = {**elsewhere.message.headers, "host": "evil.example"}
    answer = world.http("POST", elsewhere.path, headers, elsewhere.body)
    assert_unsigned(answer, 401, "signature-invalid")


def test_a_signature_moved_to_another_dataset(world: World) -> None:
    sent = world.nrb.lookup()
    answer = world.http(
        "POST", "/v1/datasets/credit_penalty/lookup", dict(sent.message.headers), sent.body
    )
    assert_unsigned(answer, 401, "signature-invalid")


def test_attempts_are_summed_and_not_entered_singly(world: World) -> None:
    before = world.entries()
    sent = world.nrb.lookup()
    world.call(sent)
    for _ in range(3):
        world.call(sent)
    for _ in range(2):
        world.http("POST", sent.path, {}, sent.body)
    world.http("GET", "/v1/grants", {})
    assert world.entries() == before + 1
    epoch = world.hub.book.refresh().epoch
    assert world.hub.attempts.enter(world.hub.changes) == 2
    found = {str(state["reason"]): state["count"] for state in sums(world)}
    assert found == {"replayed": 3, "signature-missing": 3}
    assert world.hub.book.refresh().epoch == epoch
    assert world.hub.attempts.enter(world.hub.changes) == 0
    assert world.findings().faults == ()


def test_an_address_that_fails_too_often_is_told_to_wait_a_second(world: World) -> None:
    allowed = world.hub.settings.limits.failures_per_second
    told = {world.http("POST", "/v1/datasets/resident/lookup").status for _ in range(allowed)}
    assert told == {401}
    assert_unsigned(world.call(world.nrb.lookup()), 429, "rate-limited")
    assert_unsigned(world.call(world.nrb.sign("GET", "/v1/grants")), 429, "rate-limited")
    world.time.advance(1000)
    assert world.call(world.nrb.lookup()).status == 200


def test_a_receipt_is_given_again_to_its_connector_alone(world: World) -> None:
    question = world.nrb.question()
    first = world.call(world.nrb.lookup(**question))
    path = f"/v1/receipts/{question['request_id']}"
    again = world.call(world.nrb.sign("GET", path))
    assert again.status == 200
    assert again.document.keys() == {"openings"}
    assert again.opening == first.opening
    key = {world.receipt_kid: world.receipt_key.public}
    assert first.receipt is not None
    assert again.receipt is not None
    old, new = (verify_receipt(token, key) for token in (first.receipt, again.receipt))
    assert new == old._replace(body=None)
    for stranger in (world.gateway("mrb"), world.gateway("psb")):
        answer = world.call(stranger.sign("GET", path))
        assert (answer.status, answer.code) == (404, "not-found")
    unknown = world.call(world.nrb.sign("GET", f"/v1/receipts/{b64u(bytes(16))}"))
    assert (unknown.status, unknown.code) == (404, "not-found")
    assert "张三丰".encode() not in again.body


def test_what_the_clock_forgets_is_expired_before(world: World) -> None:
    """A request can be replayed for as long as it is fresh, and its nonce is known for longer."""
    sent = world.nrb.sign(
        "POST", "/v1/datasets/resident/lookup", canonical(world.nrb.question()), lifetime=300
    )
    assert world.call(sent).status == 200
    codes = []
    for _ in range(40):
        world.time.advance(MINUTE // 2)
        world.call(world.nrb.lookup())
        codes.append(world.call(sent).code)
    assert codes == ["replayed"] * 12 + ["signature-expired"] * 28

"""Enrolment through the door: what is counted, what can be tried again, what is withdrawn."""

from typing import NamedTuple

import pytest
from world.asking import Answer
from world.time import DAY
from world.town import ADMINISTRATOR, HUB, World

from certs.canonical import Json, canonical, parse
from certs.certificates import read_certificate
from certs.encoding import b64u, unb64u
from certs.enrolment import make_request
from certs.keys import PrivateKey, generate
from hub.access import connectors
from hub.errors import Unavailable

URN = f"urn:yifen:connector:{HUB}:nrb:second"


class Invited(NamedTuple):
    """A connector to be: its token and the request of its key."""

    token: str
    key: PrivateKey
    request: str


def invited(world: World, urn: str = URN) -> Invited:
    *_, department, name = urn.split(":")
    text = connectors.invite(world.hub.changes, ADMINISTRATOR, world.hub.trust, department, name)
    members = parse(unb64u(text), max_bytes=1 << 12, max_depth=3)
    assert isinstance(members, dict)
    key = generate()
    return Invited(str(members["token"]), key, make_request(key, urn).decode())


def enrol(world: World, token: Json, request: Json) -> Answer:
    headers = {"content-type": "application/json"}
    body = canonical({"token": token, "csr": request})
    return world.http("POST", "/v1/enrolment", headers, body)


def certificate(answer: Answer) -> str:
    assert answer.status == 201, answer.document
    text = answer.document["certificate"]
    assert isinstance(text, str)
    return text


def test_a_lost_reply_does_not_burn_the_invitation(world: World) -> None:
    new = invited(world)
    first = certificate(enrol(world, new.token, new.request))
    entries, epoch = world.entries(), world.hub.book.refresh().epoch
    again = certificate(enrol(world, new.token, new.request))
    renewed = certificate(enrol(world, new.token, make_request(new.key, URN).decode()))
    facts = read_certificate(first.encode())
    for text in (again, renewed):
        assert read_certificate(text.encode()).keyid == facts.keyid
    assert facts.public.der == new.key.public.der
    assert (world.entries(), world.hub.book.refresh().epoch) == (entries, epoch)
    assert world.findings().faults == ()


def test_a_used_invitation_gives_nothing_to_another_key(world: World) -> None:
    new = invited(world)
    certificate(enrol(world, new.token, new.request))
    before = world.entries()
    answer = enrol(world, new.token, make_request(generate(), URN).decode())
    assert (answer.status, answer.code) == (403, "forbidden")
    assert world.entries() == before


def test_a_used_invitation_gives_nothing_after_seven_days(world: World) -> None:
    new = invited(world)
    certificate(enrol(world, new.token, new.request))
    world.time.advance(connectors.INVITATION_DAYS * DAY)
    assert enrol(world, new.token, new.request).code == "forbidden"


def test_a_revoked_certificate_is_not_handed_out_again(world: World) -> None:
    new = invited(world)
    first = certificate(enrol(world, new.token, new.request))
    keyid = read_certificate(first.encode()).keyid
    connectors.revoke_certificate(world.hub.changes, ADMINISTRATOR, keyid)
    assert enrol(world, new.token, new.request).code == "forbidden"


FAILURES: dict[str, tuple[Json, Json]] = {
    "a token that nobody gave": (b64u(bytes(32)), "x"),
    "a token that is no token": ("é", "x"),
    "a request that is none": (None, "x"),
    "a request for another connector": (None, "other"),
    "a member of another type": (7, "x"),
}


@pytest.mark.parametrize("how", FAILURES)
def test_every_failure_counts_against_the_address(world: World, how: str) -> None:
    new = invited(world)
    token, request = FAILURES[how]
    if request == "other":
        request = make_request(generate(), f"urn:yifen:connector:{HUB}:nrb:third").decode()
    token = new.token if token is None else token
    allowed = world.hub.settings.limits.failures_per_second
    before = world.entries()
    for _ in range(allowed):
        assert 400 <= enrol(world, token, request).status < 500
    assert enrol(world, new.token, new.request).code == "rate-limited"
    assert world.entries() == before
    world.hub.attempts.enter(world.hub.changes)
    _, control, _, _ = world.entry()
    assert isinstance(control, dict)
    assert control["state"] == {"connector": None, "count": allowed, "reason": "enrolment"}


def test_a_guessed_token_does_not_wait_for_the_ledger(world: World) -> None:
    """Nor does it hold up anybody who asks."""
    new = invited(world)
    said: list[str] = []
    world.hub.store.connection.set_trace_callback(said.append)
    assert enrol(world, b64u(bytes(32)), new.request).code == "forbidden"
    assert said == []
    certificate(enrol(world, new.token, new.request))
    assert said


def test_a_hub_that_cannot_write_is_nobodys_failure(world: World) -> None:
    new = invited(world)
    world.hub.store.connection.execute("PRAGMA query_only=ON")
    for _ in range(world.hub.settings.limits.failures_per_second + 1):
        assert enrol(world, new.token, new.request).code == "unavailable"
    world.hub.store.connection.execute("PRAGMA query_only=OFF")
    assert enrol(world, new.token, new.request).status == 201


def test_revoking_a_certificate_withdraws_the_connectors_invitations(world: World) -> None:
    open_one, other = invited(world, world.nrb.urn), invited(world)
    connectors.revoke_certificate(world.hub.changes, ADMINISTRATOR, world.nrb.keyid)
    assert enrol(world, open_one.token, open_one.request).code == "forbidden"
    certificate(enrol(world, other.token, other.request))
    later = invited(world, world.nrb.urn)
    certificate(enrol(world, later.token, later.request))
    assert world.findings().faults == ()


def test_suspending_a_connector_withdraws_its_invitations(world: World) -> None:
    """So an invitation that went astray can be taken back before anybody has used it."""
    new = invited(world)
    for status in ("suspended", "active"):
        connectors.set_status(world.hub.changes, ADMINISTRATOR, URN, status)
    assert enrol(world, new.token, new.request).code == "forbidden"
    later = invited(world)
    certificate(enrol(world, later.token, later.request))
    assert world.findings().faults == ()


def test_sums_that_could_not_be_entered_are_kept(world: World) -> None:
    attempts, changes = world.hub.attempts, world.hub.changes
    attempts.failed("a", "replayed", None)
    world.hub.store.connection.execute("PRAGMA query_only=ON")
    with pytest.raises(Unavailable):
        attempts.enter(changes)
    attempts.failed("b", "replayed", None)
    world.hub.store.connection.execute("PRAGMA query_only=OFF")
    assert attempts.enter(changes) == 1
    _, control, _, _ = world.entry()
    assert isinstance(control, dict)
    assert control["state"] == {"connector": None, "count": 2, "reason": "replayed"}
    assert attempts.enter(changes) == 0

"""Connectors renew within bounds, and people see the datasets that concern them."""

import json

import pytest
from world.asking import Answer
from world.town import PASSWORD, World

from certs.certificates import read_certificate
from certs.enrolment import make_request
from certs.keys import generate
from hub.access.connectors import RENEWALS_A_DAY, renew
from hub.clock import DAY
from hub.errors import Conflict


def test_a_line_of_certificates_is_renewed_a_few_times_a_day(world: World) -> None:
    keyid, urn = world.nrb.keyid, world.nrb.urn
    world.time.advance(2 * DAY)
    for _ in range(RENEWALS_A_DAY):
        enrolled = renew(world.hub.changes, world.hub.trust, keyid, make_request(generate(), urn))
        keyid = read_certificate(enrolled.pem).keyid
    epoch = world.hub.book.refresh().epoch
    with pytest.raises(Conflict):
        renew(world.hub.changes, world.hub.trust, keyid, make_request(generate(), urn))
    assert world.hub.book.refresh().epoch == epoch
    world.time.advance(DAY + 1)
    renew(world.hub.changes, world.hub.trust, keyid, make_request(generate(), urn))


def signed_in(world: World, account: str) -> dict[str, str]:
    """Sign in for the first time: with a password of one's own."""
    given = json.dumps({"account": account, "password": PASSWORD}).encode()
    first = bearer(world.http("POST", "/v1/session", {}, given))
    own = json.dumps({"old": PASSWORD, "new": "nine quiet rivers"}).encode()
    return bearer(world.http("PUT", "/v1/session/password", first, own))


def bearer(answer: Answer) -> dict[str, str]:
    return {"authorization": f"Bearer {json.loads(answer.body)['token']}"}


def datasets_seen(world: World, account: str) -> set[str]:
    answer = world.http("GET", "/v1/datasets", signed_in(world, account))
    return {row["code"] for row in json.loads(answer.body)["datasets"]}


def test_people_see_the_datasets_of_their_department_and_those_granted_to_it(world: World) -> None:
    assert datasets_seen(world, "nrb.officer") == {"resident", "real_estate"}
    assert datasets_seen(world, "mrb.officer") == {"credit_penalty"}
    assert datasets_seen(world, "audit") == {"resident", "real_estate", "credit_penalty"}

"""Ground that changes beneath a question: decided again, three times, then 503 and an entry."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from world.asking import Answer, Sent
from world.town import ADMINISTRATOR, SUBJECTS, World, publish

from certs.errors import YifenError
from hub.access import connectors, grants
from hub.errors import Busy, CertificateRevoked
from hub.ledger.change import Actor, Changes
from hub.ledger.store import LedgerStore
from hub.lookup.exchange import ROUNDS


@pytest.fixture
def elsewhere(world: World) -> Iterator[Changes]:
    """Another process that changes things."""
    store = LedgerStore(world.hub.folder, world.time)
    yield Changes(store, world.hub.persons)
    store.close()


def meddling(
    world: World, sent: Sent, meddle: Callable[[int], object], rounds: int
) -> Answer | YifenError:
    """Ask, and let somebody meddle each time between the decision and the lock."""
    group = world.hub.exchange._means.group

    async def ask() -> Answer | YifenError:
        asking = asyncio.create_task(world.ask_soon(sent))
        for number in range(rounds):
            while not group._waiting and not asking.done():  # noqa: ASYNC110 no event tells of it
                await asyncio.sleep(0)
            if asking.done():
                break
            meddle(number)
            group.flush()
        try:
            return await asking
        except YifenError as error:
            return error

    return asyncio.run(ask())


def touch(changes: Changes) -> Callable[[int], object]:
    """A change that moves the epoch and concerns nobody."""

    def meddle(_: int) -> None:
        with changes.change(Actor("hub")) as change:
            change.append("operator", {"act": "test"})

    return meddle


@pytest.mark.parametrize("stale", range(1, ROUNDS))
def test_a_question_is_decided_again_on_new_ground(
    world: World, elsewhere: Changes, stale: int
) -> None:
    answer = meddling(world, world.nrb.lookup(), touch(elsewhere), stale)
    assert isinstance(answer, Answer)
    assert answer.status == 200
    assert answer.control["epoch"] == world.hub.book.refresh().epoch
    assert world.used() == 1


def test_on_ground_that_never_rests_it_is_busy_recorded_and_unsigned(
    world: World, elsewhere: Changes
) -> None:
    before = world.entries()
    sent = world.nrb.lookup()
    error = meddling(world, sent, touch(elsewhere), ROUNDS)
    assert isinstance(error, Busy)
    kind, control, person, internal = world.entry()
    assert kind == "lookup"
    assert isinstance(control, dict)
    assert isinstance(person, dict)
    assert (control["outcome"], control["grant"]) == ("busy", None)
    assert person["officer"] == "nrb.officer"
    assert internal == {"reason": "stale-epochs"}
    assert world.entries() == before + ROUNDS + 1
    assert world.used() == 0
    assert world.findings().faults == ()
    assert world.call(sent).code == "replayed"


def test_busy_over_http_is_503_without_receipt(world: World, elsewhere: Changes) -> None:
    group = world.hub.exchange._means.group
    sent = world.nrb.lookup()
    meddle = touch(elsewhere)
    headers = [(n.encode(), v.encode()) for n, v in sent.message.headers.items()]

    async def call() -> Answer:
        asking = asyncio.create_task(world._raw("POST", sent.path.encode(), headers, [sent.body]))
        while not asking.done():
            if group._waiting:
                meddle(0)
                group.flush()
            await asyncio.sleep(0)
        return await asking

    answer = asyncio.run(call())
    assert (answer.status, answer.code) == (503, "busy")
    assert answer.receipt is None
    assert "openings" not in answer.document


def test_a_retry_of_a_busy_question_is_a_first_one(world: World, elsewhere: Changes) -> None:
    question = world.nrb.question()
    meddling(world, world.nrb.lookup(**question), touch(elsewhere), ROUNDS)
    answer = world.ask(world.nrb.lookup(**question))
    assert (answer.status, answer.control["repeats"]) == (200, None)


def test_a_grant_revoked_between_decision_and_lock_gives_no_answer(
    world: World, elsewhere: Changes
) -> None:
    def revoke(number: int) -> None:
        if number == 0:
            grants.set_status(elsewhere, ADMINISTRATOR, world.grant.id, "revoked")

    answer = meddling(world, world.nrb.lookup(), revoke, 1)
    assert isinstance(answer, Answer)
    assert answer.code == "not-granted"
    assert world.findings().faults == ()


def test_a_certificate_revoked_between_decision_and_lock_gives_nothing(
    world: World, elsewhere: Changes
) -> None:
    before = world.entries()
    error = meddling(
        world,
        world.nrb.lookup(),
        lambda _: connectors.revoke_certificate(elsewhere, ADMINISTRATOR, world.nrb.keyid),
        1,
    )
    assert isinstance(error, CertificateRevoked)
    assert world.entries() == before + 1


def test_a_generation_replaced_between_decision_and_lock_is_read_anew(world: World) -> None:
    row = {"resident_id": SUBJECTS[0], "name": "新", "sex": "2", "birth_date": "1990-01-01"}
    rows = [row | {"status": "1"}]
    sent = world.nrb.lookup()
    answer = meddling(world, sent, lambda _: publish(world.hub, "resident", rows, "resident-2"), 1)
    assert isinstance(answer, Answer)
    assert answer.items == {"name": "新", "sex": "2"}


def test_a_grant_that_ends_between_decision_and_lock_gives_no_answer(world: World) -> None:
    """The time that counts is the one under the lock."""
    world.time.now = world.grant.valid_until - 1
    sent = world.nrb.lookup()
    answer = meddling(world, sent, lambda _: world.time.advance(1), 1)
    assert isinstance(answer, Answer)
    assert answer.code == "not-granted"


def test_a_signature_that_ends_between_decision_and_lock_gives_nothing(world: World) -> None:
    sent = world.nrb.lookup()
    before = world.entries()
    world.time.advance(119_000)
    error = meddling(world, sent, lambda _: world.time.advance(1_001), 1)
    assert isinstance(error, Busy)
    assert world.entries() == before + 1
    assert world.entry()[3] == {"reason": "stale-epochs"}
    assert world.used() == 0

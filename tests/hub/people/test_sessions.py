"""Sessions: signing in, guessing, ending."""

import asyncio
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from certs.tokens import TokenInvalid
from hub.access import departments
from hub.errors import Conflict, SessionEnded, TooManyFailures, WrongPassword
from hub.ledger.change import OPERATOR, Actor
from hub.people import accounts
from hub.people.guessing import FREE_FAILURES_ANYWHERE, PER_SECOND, SignInThrottled
from hub.people.hashing import WAITING, SignInCrowded
from hub.people.passwords import PasswordHash, hash_password
from hub.people.sessions import LONGEST_MS, Person, Session, Sessions

if TYPE_CHECKING:
    from conftest import House

PASSWORD = "seven small lanterns"
ADMIN = Actor("console", account="admin")
LI = Person("psb.li", "李经办", "psb", frozenset({"officer"}))


@pytest.fixture
def li(house: "House", hashed: PasswordHash) -> "House":
    """A house with one officer."""
    accounts.enrol(house.changes, OPERATOR, "psb.li", "李经办", "psb", ["officer"], hashed)
    return house


def test_who_signs_in_is_known_by_the_token(li: "House") -> None:
    sessions = li.sessions()
    session = sessions.sign_in("psb.li", PASSWORD)
    assert session.person == LI
    assert sessions.read(session.token) == LI
    assert sessions.open(session.token) == session
    # Another process of the hub reads it too.
    assert li.sessions().read(session.token) == LI


def test_signing_in_beside_an_event_loop(li: "House") -> None:
    sessions = li.sessions()
    assert asyncio.run(sessions.sign_in_async("psb.li", PASSWORD, "")).person == LI
    with pytest.raises(WrongPassword):
        asyncio.run(sessions.sign_in_async("psb.li", "wrong password", ""))


def test_unknown_suspended_and_wrong_look_alike(li: "House", hashed: PasswordHash) -> None:
    accounts.enrol(li.changes, OPERATOR, "psb.wu", "吴", "psb", ["officer"], hashed)
    accounts.set_status(li.changes, OPERATOR, "psb.wu", "suspended")
    sessions = li.sessions()
    seen = set()
    for account, password in (
        ("psb.li", "wrong"),
        ("ghost", PASSWORD),
        ("psb.wu", PASSWORD),
        ("", ""),
    ):
        with pytest.raises(WrongPassword) as caught:
            sessions.sign_in(account, password)
        seen.add((type(caught.value), str(caught.value)))
    assert len(seen) == 1


def test_attack_telling_accounts_by_the_time_of_the_answer(li: "House") -> None:
    def took(account: str) -> float:
        before = time.perf_counter()
        with pytest.raises(WrongPassword):
            li.sessions().sign_in(account, "a wrong password")
        return time.perf_counter() - before

    known = min(took("psb.li") for _ in range(3))
    unknown = min(took("ghost") for _ in range(3))
    # Without the work for nobody an unknown account would be a hundred times as fast.
    assert unknown > known / 4


@pytest.mark.parametrize("account", ["psb.li", "ghost"])
def test_attack_guessing_has_to_wait_longer_and_longer(li: "House", account: str) -> None:
    sessions = li.sessions()
    waits = []
    for _ in range(5):
        with pytest.raises(WrongPassword):
            sessions.sign_in(account, "guess")
    for _ in range(3):
        with pytest.raises(SignInThrottled) as caught:
            sessions.sign_in(account, PASSWORD)
        seconds = caught.value.facts["seconds"]
        assert isinstance(seconds, int)
        waits.append(seconds)
        li.time.now += seconds * 1000
        with pytest.raises(WrongPassword):
            sessions.sign_in(account, "guess")
    assert waits == [2, 4, 8]


def test_the_right_password_after_the_wait_clears_the_count(li: "House") -> None:
    sessions = li.sessions()
    for _ in range(5):
        with pytest.raises(WrongPassword):
            sessions.sign_in("psb.li", "guess")
    li.time.now += 2000
    sessions.sign_in("psb.li", PASSWORD)
    with pytest.raises(WrongPassword):
        sessions.sign_in("psb.li", "guess")


def test_others_sign_in_while_one_account_waits(li: "House", hashed: PasswordHash) -> None:
    accounts.enrol(li.changes, OPERATOR, "psb.wu", "吴", "psb", ["officer"], hashed)
    sessions = li.sessions()
    for _ in range(5):
        with pytest.raises(WrongPassword):
            sessions.sign_in("psb.li", "guess")
    assert sessions.sign_in("psb.wu", PASSWORD).person.account == "psb.wu"


def test_a_session_ends_with_its_time(li: "House") -> None:
    sessions = li.sessions(minutes=30)
    token = sessions.sign_in("psb.li", PASSWORD).token
    li.time.now += 30 * 60_000 - 1
    sessions.read(token)
    li.time.now += 1
    with pytest.raises(SessionEnded):
        sessions.read(token)


def test_a_session_in_use_goes_on_until_the_day_is_over(li: "House") -> None:
    sessions = li.sessions(minutes=30)
    session = first = sessions.issue("psb.li")
    assert sessions.renew(session) is None
    renewals = 0
    while li.time.now < first.began + LONGEST_MS:
        li.time.now += 20 * 60_000
        renewed = sessions.renew(session)
        if renewed is None:
            break
        renewals += 1
        assert (renewed.id, renewed.began) == (first.id, first.began)
        session = renewed
    assert renewals == 29
    assert session.expires == first.began + LONGEST_MS


@pytest.mark.parametrize("act", ["status", "password", "end"])
def test_sessions_are_ended_at_once(li: "House", hashed: PasswordHash, act: str) -> None:
    sessions = li.sessions()
    session = sessions.issue("psb.li")
    if act == "status":
        accounts.set_status(li.changes, OPERATOR, "psb.li", "suspended")
    elif act == "password":
        accounts.set_password(li.changes, OPERATOR, "psb.li", hashed)
    else:
        accounts.end_sessions(li.changes, OPERATOR, "psb.li")
    with pytest.raises(SessionEnded):
        sessions.read(session.token)
    with pytest.raises(SessionEnded):
        sessions.renew(session) or sessions.open(session.token)


def test_an_ended_session_stays_ended_and_a_new_one_holds(li: "House") -> None:
    sessions = li.sessions()
    old = sessions.issue("psb.li")
    accounts.end_sessions(li.changes, OPERATOR, "psb.li")
    li.time.now += 1
    new = sessions.issue("psb.li")
    assert sessions.read(new.token) == LI
    with pytest.raises(SessionEnded):
        sessions.read(old.token)


def test_new_roles_hold_from_the_next_request(li: "House") -> None:
    sessions = li.sessions()
    token = sessions.issue("psb.li").token
    accounts.set_roles(li.changes, OPERATOR, "psb.li", ["steward"])
    assert sessions.read(token).roles == frozenset({"steward"})


def test_nobody_without_an_active_account_gets_a_session(li: "House") -> None:
    with pytest.raises(SessionEnded):
        li.sessions().issue("ghost")


def test_a_form_belongs_to_its_session(li: "House") -> None:
    sessions = li.sessions()
    one, other = sessions.issue("psb.li"), sessions.issue("psb.li")
    sessions.check_form_token(one, sessions.form_token(one))
    with pytest.raises(TokenInvalid):
        sessions.check_form_token(one, sessions.form_token(other))


# -- a suspended department -----------------------------------------------------------------------
def test_nobody_acts_for_a_suspended_department(li: "House") -> None:
    sessions = li.sessions()
    token = sessions.issue("psb.li").token
    departments.set_status(li.changes, OPERATOR, "psb", "suspended")
    with pytest.raises(SessionEnded):
        sessions.read(token)
    with pytest.raises(WrongPassword):
        sessions.sign_in("psb.li", PASSWORD)
    departments.set_status(li.changes, OPERATOR, "psb", "active")
    assert sessions.sign_in("psb.li", PASSWORD).person == LI


def test_an_administrator_of_a_suspended_department_can_still_resume_it(
    house: "House", hashed: PasswordHash
) -> None:
    both = ["administrator", "officer"]
    accounts.enrol(house.changes, OPERATOR, "psb.he", "何", "psb", both, hashed)  # type: ignore[arg-type]
    token = house.sessions().issue("psb.he").token
    departments.set_status(house.changes, OPERATOR, "psb", "suspended")
    assert house.sessions().read(token).roles == frozenset({"administrator"})


# -- passwords set by somebody else ---------------------------------------------------------------
def test_a_password_that_somebody_else_has_set_must_be_changed(
    house: "House", hashed: PasswordHash
) -> None:
    accounts.enrol(house.changes, ADMIN, "psb.li", "李经办", "psb", ["officer"], hashed)
    sessions = house.sessions()
    assert sessions.sign_in("psb.li", PASSWORD).person.must_change
    li = Actor("console", account="psb.li", department="psb")
    own = hash_password("eight small lanterns", "psb.li")
    accounts.change_password(house.changes, li, own)
    session = sessions.sign_in("psb.li", "eight small lanterns")
    assert not session.person.must_change
    accounts.set_password(house.changes, ADMIN, "psb.li", hashed)
    with pytest.raises(SessionEnded):
        sessions.read(session.token)
    assert sessions.sign_in("psb.li", PASSWORD).person.must_change


def test_nobody_sets_his_own_password_without_the_old_one(
    li: "House", hashed: PasswordHash
) -> None:
    himself = Actor("console", account="psb.li", department="psb")
    with pytest.raises(Conflict):
        accounts.set_password(li.changes, himself, "psb.li", hashed)


def test_a_session_that_follows_at_once_holds(li: "House") -> None:
    sessions = li.sessions()
    accounts.end_sessions(li.changes, OPERATOR, "psb.li")
    assert sessions.read(sessions.issue("psb.li").token) == LI


def test_attack_signing_in_with_a_password_that_is_just_being_replaced(li: "House") -> None:
    sessions = li.sessions()
    other = hash_password("eight small lanterns", "psb.li")

    async def race() -> Session:
        begun = asyncio.create_task(sessions.sign_in_async("psb.li", PASSWORD, ""))
        await asyncio.sleep(0)
        accounts.set_password(li.changes, ADMIN, "psb.li", other)
        return await begun

    with pytest.raises(WrongPassword):
        asyncio.run(race())


# -- guessing -------------------------------------------------------------------------------------
def fail(sessions: Sessions, account: str, address: str, times: int = 5) -> None:
    for _ in range(times):
        with pytest.raises(WrongPassword):
            sessions.sign_in(account, "guess", address)


def throttled(sessions: Sessions, account: str, address: str) -> bool:
    try:
        sessions.sign_in(account, PASSWORD, address)
    except SignInThrottled:
        return True
    return False


@pytest.mark.parametrize("bogus", ["long password", "no account", "ghost"])
def test_attack_pushing_an_account_out_of_the_count(
    li: "House", bogus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = li.sessions()
    fail(sessions, "psb.li", "a")
    # What is tried is who is counted, not the hashing of ten thousand passwords.
    monkeypatch.setattr("hub.people.sessions.matches", lambda _encoded, _password: False)
    for number in range(10_001):
        account, password = {
            "long password": (f"ghost{number}", "x" * 129),
            "no account": (f"No Account {number}", "x"),
            "ghost": (f"ghost{number}", "x"),
        }[bogus]
        with pytest.raises(WrongPassword):
            sessions.sign_in(account, password, f"address {number}")
    assert throttled(sessions, "psb.li", "a")


def test_attack_filling_the_memory_with_an_endless_account(li: "House") -> None:
    sessions = li.sessions()
    tracemalloc.start()
    try:
        with pytest.raises(WrongPassword):
            sessions.sign_in("x" * 1_000_000, "guess", "a")
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()


def test_attack_keeping_the_hub_hashing_from_one_address(li: "House") -> None:
    sessions = li.sessions()
    for number in range(PER_SECOND):
        with pytest.raises(WrongPassword):
            sessions.sign_in(f"No Account {number}", "guess", "a")
    with pytest.raises(TooManyFailures):
        sessions.sign_in("psb.li", PASSWORD, "a")
    assert sessions.sign_in("psb.li", PASSWORD, "b").person == LI
    li.time.now += 1000
    assert sessions.sign_in("psb.li", PASSWORD, "a").person == LI


def test_right_passwords_of_many_behind_one_proxy_are_not_limited(li: "House") -> None:
    sessions = li.sessions()
    for _ in range(PER_SECOND + 2):
        sessions.sign_in("psb.li", PASSWORD, "proxy")


def test_attack_queueing_without_end(li: "House") -> None:
    sessions = li.sessions()

    async def crowd() -> list[object]:
        tries = (
            sessions.sign_in_async(f"ghost{number}", "guess", str(number))
            for number in range(WAITING + 5)
        )
        return list(await asyncio.gather(*tries, return_exceptions=True))

    found = [type(error) for error in asyncio.run(crowd())]
    assert found.count(SignInCrowded) == 5
    assert found.count(WrongPassword) == WAITING
    assert asyncio.run(sessions.sign_in_async("psb.li", PASSWORD, "")).person == LI


def test_attack_shutting_a_colleague_out(li: "House") -> None:
    sessions = li.sessions()
    for _ in range(12):
        li.time.now += 15 * 60_000
        with pytest.raises(WrongPassword):
            sessions.sign_in("psb.li", "guess", "attacker")
        assert sessions.sign_in("psb.li", PASSWORD, "desk").person == LI
    assert throttled(sessions, "psb.li", "attacker")


@pytest.mark.parametrize("account", ["psb.li", "ghost"])
def test_attack_guessing_from_many_addresses(
    li: "House", account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = li.sessions()
    if account == "psb.li":
        sessions.sign_in(account, PASSWORD, "desk")
    monkeypatch.setattr("hub.people.sessions.matches", lambda _encoded, given: given == PASSWORD)
    for number in range(FREE_FAILURES_ANYWHERE + 5):
        li.time.now += 10_000
        fail(sessions, account, str(number), 1)
    with pytest.raises(SignInThrottled) as caught:
        sessions.sign_in(account, "guess", "another")
    seconds = caught.value.facts["seconds"]
    assert isinstance(seconds, int)
    assert seconds <= 10
    if account == "psb.li":
        assert sessions.sign_in(account, PASSWORD, "desk").person == LI
    li.time.now += seconds * 1000
    assert not throttled(sessions, account, "another") if account == "psb.li" else True

"""Sessions: signing in, guessing, ending."""

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from certs.tokens import TokenInvalid
from hub.errors import SessionEnded, WrongPassword
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import PasswordHash
from hub.people.sessions import LONGEST_MS, Person, SignInThrottled

if TYPE_CHECKING:
    from conftest import House

PASSWORD = "seven small lanterns"
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
    assert asyncio.run(sessions.sign_in_async("psb.li", PASSWORD)).person == LI
    with pytest.raises(WrongPassword):
        asyncio.run(sessions.sign_in_async("psb.li", "wrong password"))


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

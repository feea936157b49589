"""Accounts: what may be enrolled, what their entries say, and what they never say."""

import json
from typing import TYPE_CHECKING

import pytest

from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import OPERATOR, Actor
from hub.people import accounts
from hub.people.passwords import PasswordHash, hash_password, matches

if TYPE_CHECKING:
    from conftest import House


def enrol(
    house: "House",
    hashed: PasswordHash,
    account: str = "psb.li",
    roles: tuple[str, ...] = ("officer",),
    department: str | None = "psb",
    actor: Actor = OPERATOR,
    name: str = "李经办",
) -> int:
    return accounts.enrol(house.changes, actor, account, name, department, roles, hashed)  # type: ignore[arg-type]


def state(house: "House", position: int) -> dict[str, object]:
    control = house.reading.execute(
        "SELECT control FROM entries WHERE position = ?", (position,)
    ).fetchone()[0]
    opened: dict[str, object] = json.loads(control)
    return opened


def test_an_enrolment_is_an_entry_without_name_and_hash(
    house: "House", hashed: PasswordHash
) -> None:
    position = enrol(house, hashed)
    control = state(house, position)
    assert control["state"] == {
        "account": "psb.li",
        "department": "psb",
        "must_change": False,
        "roles": ["officer"],
        "sessions_from": "2026-09-21T14:13:20.000Z",
        "status": "active",
    }
    row = house.reading.execute(
        "SELECT leaf, control, internal FROM entries WHERE position = ?", (position,)
    ).fetchone()
    assert json.loads(row[0])["kind"] == "person"
    everything = b"".join(row)
    assert "李经办".encode() not in everything
    assert hashed.encoded.encode() not in everything
    assert b"argon2" not in everything


def test_an_enrolment_moves_the_epoch(house: "House", hashed: PasswordHash) -> None:
    before = house.reading.execute("SELECT epoch FROM ledger_head").fetchone()[0]
    enrol(house, hashed)
    assert house.reading.execute("SELECT epoch FROM ledger_head").fetchone()[0] == before + 1


@pytest.mark.parametrize(
    ("roles", "department", "why"),
    [
        (("administrator", "auditor"), None, "roles-exclusive"),
        (("administrator", "auditor", "officer"), "psb", "roles-exclusive"),
        (("officer",), None, "department-missing"),
        (("steward",), None, "department-missing"),
        ((), "psb", "roles"),
        (("root",), "psb", "roles"),
    ],
)
def test_roles_that_do_not_go_together_are_refused(
    house: "House",
    hashed: PasswordHash,
    roles: tuple[str, ...],
    department: str | None,
    why: str,
) -> None:
    with pytest.raises(Unprocessable) as caught:
        enrol(house, hashed, roles=roles, department=department)
    assert caught.value.facts == {"why": why}


@pytest.mark.parametrize(
    "account", ["", "A", "a b", "a" * 65, "11010519491231002x", "110105491231002", "Li", "a/b"]
)
def test_an_account_is_a_work_identifier_and_no_persons_number(
    house: "House", hashed: PasswordHash, account: str
) -> None:
    with pytest.raises(Unprocessable):
        enrol(house, hashed, account=account)


@pytest.mark.parametrize("name", ["", "  ", "名" * 65, "a\x00b"])
def test_a_name_is_a_name(house: "House", hashed: PasswordHash, name: str) -> None:
    with pytest.raises(Unprocessable):
        enrol(house, hashed, name=name)


def test_an_account_is_enrolled_once(house: "House", hashed: PasswordHash) -> None:
    enrol(house, hashed)
    with pytest.raises(Conflict):
        enrol(house, hashed)


def test_an_unknown_department_is_refused_and_leaves_no_entry(
    house: "House", hashed: PasswordHash
) -> None:
    before = house.reading.execute("SELECT next FROM ledger_head").fetchone()
    with pytest.raises(NotFound):
        enrol(house, hashed, department="moon")
    assert house.reading.execute("SELECT next FROM ledger_head").fetchone() == before


def test_roles_and_status_change_by_entries(house: "House", hashed: PasswordHash) -> None:
    enrol(house, hashed)
    roles = accounts.set_roles(house.changes, OPERATOR, "psb.li", ["steward", "officer"])
    assert state(house, roles)["state"]["roles"] == ["officer", "steward"]  # type: ignore[index]
    status = accounts.set_status(house.changes, OPERATOR, "psb.li", "suspended")
    assert state(house, status)["state"]["status"] == "suspended"  # type: ignore[index]
    assert accounts.listing(house.reading) == [
        accounts.Account(
            "psb.li",
            "李经办",
            "psb",
            frozenset({"officer", "steward"}),
            "suspended",
            must_change=False,
        )
    ]
    assert accounts.listing(house.reading, "hfc") == []
    assert not accounts.any_active(house.reading, "steward")


def test_attack_an_administrator_makes_an_auditor_of_himself(
    house: "House", hashed: PasswordHash
) -> None:
    enrol(house, hashed, "admin", ("administrator",), None)
    himself = Actor("console", account="admin")
    with pytest.raises(Conflict):
        accounts.set_roles(house.changes, himself, "admin", ["auditor"])
    with pytest.raises(Conflict):
        accounts.set_status(house.changes, himself, "admin", "suspended")


def test_nobody_is_changed_who_is_not_there(house: "House", hashed: PasswordHash) -> None:
    for act in (
        lambda: accounts.set_roles(house.changes, OPERATOR, "ghost", ["auditor"]),
        lambda: accounts.set_status(house.changes, OPERATOR, "ghost", "active"),
        lambda: accounts.set_password(house.changes, OPERATOR, "ghost", hashed),
        lambda: accounts.end_sessions(house.changes, OPERATOR, "ghost"),
    ):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "password-short"),
        ("x" * 129, "password-long"),
        ("aaaaaaaaaaaaaa", "password-guessable"),
        ("my PSB.Li password", "password-guessable"),
    ],
)
def test_weak_passwords_are_refused(password: str, why: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        hash_password(password, "psb.li")
    assert caught.value.facts == {"why": why}


def test_a_hash_fits_its_password_alone_and_shows_nothing(hashed: PasswordHash) -> None:
    assert matches(hashed.encoded, "seven small lanterns")
    assert not matches(hashed.encoded, "seven small lantern")
    assert not matches(hashed.encoded, "x" * 10_000)
    assert not matches(None, "seven small lanterns")
    assert not matches("spoilt", "seven small lanterns")
    assert hashed.encoded.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert hashed.encoded not in repr(hashed)


@pytest.mark.parametrize("act", ["roles", "status"])
def test_attack_the_last_administrator_is_taken_away(
    house: "House", hashed: PasswordHash, act: str
) -> None:
    """Two of them at one time: each was an administrator when the request came in."""
    for account in ("admin", "other"):
        enrol(house, hashed, account, ("administrator",), None)
    enrol(house, hashed, "audit", ("auditor",), None)

    def take_away(account: str, by: str) -> None:
        actor = Actor("console", account=by)
        if act == "roles":
            accounts.set_roles(house.changes, actor, account, ["auditor"])
        else:
            accounts.set_status(house.changes, actor, account, "suspended")

    take_away("other", by="admin")
    before = house.reading.execute("SELECT next FROM ledger_head").fetchone()
    with pytest.raises(Conflict) as caught:
        take_away("admin", by="other")
    assert caught.value.facts == {"why": "last-administrator"}
    assert house.reading.execute("SELECT next FROM ledger_head").fetchone() == before
    assert accounts.any_active(house.reading, "administrator")
    # Whoever is none can still be changed, and the last one may get another role beside it.
    take_away("audit", by="admin")
    accounts.set_roles(house.changes, OPERATOR, "admin", ["administrator"])


def test_a_closed_administrator_is_none(house: "House", hashed: PasswordHash) -> None:
    for account in ("admin", "other"):
        enrol(house, hashed, account, ("administrator",), None)
    accounts.set_status(house.changes, OPERATOR, "other", "suspended")
    with pytest.raises(Conflict):
        accounts.set_status(house.changes, OPERATOR, "admin", "suspended")
    accounts.set_roles(house.changes, OPERATOR, "other", ["auditor"])

"""Drafted, signed, accepted, revoked: by whom, in which order, and what it may state."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from world.delegating import (
    LENDER,
    MOST_DAYS,
    SERVICE,
    THIRD,
    WINDOW,
    delegated,
    drafted,
    lent,
    of,
    revoked,
    signed,
    stated,
)
from world.time import DAY
from world.town import ADMINISTRATOR, PURPOSE, World

from certs.encoding import rfc3339
from hub.access import departments, purposes
from hub.delegation import acts, register
from hub.delegation.covering import Footing, whose_grant
from hub.delegation.delegation import Delegation
from hub.errors import Conflict, Forbidden, HubError, NotFound, Unprocessable
from hub.ledger.openable import opened_after
from hub.storage.sqlite import Connection

SERVICES = (SERVICE, "11370800MB285591843370117002012")


def entered(world: World, found: Delegation) -> list[object]:
    """The states of a delegation's entries, in their order."""
    states: list[object] = []
    for position in range(world.entries()):
        kind, control, person, _ = world.entry(position)
        assert isinstance(control, dict)
        assert isinstance(person, dict)
        if kind == "delegation":
            state = control["state"]
            assert isinstance(state, dict)
            if state["id"] == found.id:
                states.append((state["status"], person["officer"], control["moves_epoch"]))
    return states


def test_four_acts_four_entries_and_no_person_in_what_is_told(world: World) -> None:
    found = revoked(world.hub.changes, delegated(world.hub.changes, world.time()))
    assert entered(world, found) == [
        ("draft", f"{LENDER}.steward", True),
        ("signed", f"{LENDER}.head", True),
        ("active", f"{WINDOW}.head", True),
        ("revoked", f"{LENDER}.head", True),
    ]
    assert "steward" not in str(found.state())
    assert found.version == 4
    assert world.findings().faults == ()


def test_whoever_drafted_does_not_sign(world: World) -> None:
    found = drafted(world.hub.changes, world.time())
    with pytest.raises(Forbidden):
        acts.sign(world.hub.changes, of(LENDER, "steward"), found.id, found.version, MOST_DAYS)


def test_whoever_amended_does_not_sign_either(world: World) -> None:
    found = drafted(world.hub.changes, world.time())
    terms = stated(world.time(), services=SERVICES)
    head = of(LENDER, "head")
    found = acts.amend(world.hub.changes, head, found.id, found.version, terms, MOST_DAYS)
    assert found.services == SERVICES
    with pytest.raises(Forbidden):
        acts.sign(world.hub.changes, head, found.id, found.version, MOST_DAYS)


Act = Callable[[World, Delegation, str], object]
WHO: list[tuple[str, Act, Callable[..., Delegation], set[str]]] = [
    (
        "amend",
        lambda world, one, side: acts.amend(
            world.hub.changes,
            of(side, "steward"),
            one.id,
            one.version,
            stated(world.time()),
            MOST_DAYS,
        ),
        drafted,
        {LENDER},
    ),
    (
        "sign",
        lambda world, one, side: acts.sign(
            world.hub.changes, of(side, "head"), one.id, one.version, MOST_DAYS
        ),
        drafted,
        {LENDER},
    ),
    (
        "accept",
        lambda world, one, side: acts.accept(
            world.hub.changes, of(side, "head"), one.id, one.version
        ),
        signed,
        {WINDOW},
    ),
    (
        "revoke",
        lambda world, one, side: acts.revoke(
            world.hub.changes, of(side, "head"), one.id, one.version, "不再委托"
        ),
        delegated,
        {LENDER, WINDOW},
    ),
    (
        "revoke a draft",
        lambda world, one, side: acts.revoke(
            world.hub.changes, of(side, "head"), one.id, one.version, "不再委托"
        ),
        drafted,
        {LENDER},
    ),
]


@pytest.mark.parametrize(("act", "how", "may"), [w[1:] for w in WHO], ids=[w[0] for w in WHO])
def test_each_side_does_its_own_and_to_others_it_is_not_there(
    world: World, act: Act, how: Callable[..., Delegation], may: set[str]
) -> None:
    found = how(world.hub.changes, world.time())
    for side in {LENDER, WINDOW, THIRD} - may:
        with pytest.raises(NotFound):
            act(world, found, side)
    for side in may:
        act(world, how(world.hub.changes, world.time()), side)


def test_an_administrator_ends_it_at_once_and_does_not_take_it_on(world: World) -> None:
    changes = world.hub.changes
    waiting = signed(changes, world.time())
    with pytest.raises(NotFound):
        acts.accept(changes, ADMINISTRATOR, waiting.id, waiting.version)
    with pytest.raises(NotFound):
        acts.revoke(changes, ADMINISTRATOR, waiting.id, waiting.version, "停用")
    ended = acts.revoke(changes, ADMINISTRATOR, waiting.id, waiting.version, "停用", authority=True)
    assert ended.status == "revoked"


def sign(world: World, one: Delegation) -> object:
    return acts.sign(world.hub.changes, of(LENDER, "head"), one.id, one.version, MOST_DAYS)


def accept(world: World, one: Delegation) -> object:
    return acts.accept(world.hub.changes, of(WINDOW, "head"), one.id, one.version)


def revoke(world: World, one: Delegation) -> object:
    return revoked(world.hub.changes, one)


ORDER: list[tuple[Callable[..., Delegation], Callable[[World, Delegation], object]]] = [
    (signed, sign),
    (delegated, sign),
    (delegated, accept),
]


@pytest.mark.parametrize(("how", "act"), ORDER)
def test_nothing_is_done_twice(
    world: World,
    how: Callable[..., Delegation],
    act: Callable[[World, Delegation], object],
) -> None:
    found = how(world.hub.changes, world.time())
    with pytest.raises(Conflict):
        act(world, found)


@pytest.mark.parametrize("act", [sign, accept, revoke])
def test_nothing_follows_its_end(world: World, act: Callable[[World, Delegation], object]) -> None:
    found = revoked(world.hub.changes, delegated(world.hub.changes, world.time()))
    with pytest.raises(HubError):
        act(world, found)


def test_another_version_than_was_seen(world: World) -> None:
    found = delegated(world.hub.changes, world.time())
    with pytest.raises(Conflict):
        revoked(world.hub.changes, found.moved(version=1))


def test_what_is_over_is_neither_signed_nor_accepted(world: World) -> None:
    until = {"valid_until": rfc3339(world.time() + DAY)}
    draft = drafted(world.hub.changes, world.time(), **until)
    waiting = signed(world.hub.changes, world.time(), **until)
    world.time.advance(DAY)
    for act, one in ((sign, draft), (accept, waiting)):
        with pytest.raises(Conflict) as refused:
            act(world, one)
        assert refused.value.facts == {"why": "delegation-time-over"}


def test_a_purpose_that_ended_meanwhile_is_not_signed(world: World) -> None:
    found = drafted(world.hub.changes, world.time())
    purposes.set_status(world.hub.changes, ADMINISTRATOR, PURPOSE, "ended")
    with pytest.raises(Unprocessable):
        sign(world, found)


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "to itself": ({"to": LENDER}, "delegation-to-itself"),
    "to nobody": ({"to": "ghost"}, "department"),
    "a purpose that there is not": ({"purposes": ("ghost",)}, "purpose-unknown"),
    "a dataset that there is not": ({"datasets": ("ghost",)}, "dataset-unknown"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_makes_no_sense(world: World, name: str) -> None:
    terms, why = WRONG[name]
    before = world.entries()
    with pytest.raises(HubError) as refused:
        drafted(world.hub.changes, world.time(), **terms)
    assert why in refused.value.facts.values()
    assert world.entries() == before


def test_a_year_and_not_a_millisecond_more(world: World) -> None:
    now = world.time()
    ends = now + MOST_DAYS * DAY
    terms = {"valid_from": rfc3339(now), "valid_until": rfc3339(ends)}
    assert drafted(world.hub.changes, now, **terms).ends == ends
    with pytest.raises(Unprocessable):
        drafted(world.hub.changes, now, **terms | {"valid_until": rfc3339(ends + 1)})


@pytest.mark.parametrize(
    "terms",
    [
        {"services": ()},
        {"services": ("*",)},
        {"services": (SERVICE, "1137*")},
        {"purposes": ()},
        {"purposes": ("*",)},
        {"channels": ()},
        {"channels": ("paper",)},
        {"daily_cap": 0},
        {"basis": ""},
        {"valid_until": "2020-01-01T00:00:00.000Z"},
        {"more": 1},
    ],
)
def test_what_cannot_be_written_down(terms: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        stated(1_790_000_000_000, **terms)


# -- who sees it ----------------------------------------------------------------------------------
def test_a_draft_is_the_delegating_departments_own(world: World) -> None:
    reading, changes = world.hub.reading, world.hub.changes
    draft, waiting = drafted(changes, world.time()), signed(changes, world.time())

    def seen(department: str | None) -> set[str]:
        return {one.id for one in register.listing(reading, department)}

    assert seen(LENDER) == seen(None) == {draft.id, waiting.id}
    assert seen(WINDOW) == {waiting.id}
    assert seen(THIRD) == set()
    for department in (WINDOW, THIRD):
        with pytest.raises(NotFound):
            register.find(reading, draft.id, department)


def test_its_entries_are_opened_to_both_sides_from_its_signature_on(world: World) -> None:
    delegated(world.hub.changes, world.time())
    reading = world.hub.reading

    def statuses(department: str) -> list[object]:
        found = opened_after(reading, department, -1, 1 << 40, 100)
        told = [entry.told()["control"] for entry in found]
        states = [one["state"] for one in told if isinstance(one, dict)]
        return [one["status"] for one in states if isinstance(one, dict) and "services" in one]

    assert statuses(LENDER) == ["draft", "signed", "active"]
    assert statuses(WINDOW) == ["signed", "active"]
    assert statuses(THIRD) == []


def test_the_delegating_department_sees_what_was_asked_under_its_grant(world: World) -> None:
    found, other = lent(world), lent(world)
    window = world.gateway(WINDOW)
    world.ask(window.lookup(delegation=found.id))
    first = world.entries() - 1
    world.ask(window.lookup(delegation=found.id, officer="ghost"))
    world.ask(window.lookup(delegation=other.id))
    world.ask(window.lookup(delegation=found.id, dataset="tax_returns"))
    asked = register.asked_under(world.hub.reading, found, None)
    assert [entry.index for entry in asked] == [first + 1, first]
    told = asked[1].told()
    control = told["control"]
    assert isinstance(control, dict)
    assert control["department"] == f"demo.yifen:{WINDOW}"
    assert set(told) == {"index", "leaf", "control", "control_salt"}
    assert [e.index for e in register.asked_under(world.hub.reading, found, first + 1)] == [first]
    assert register.used_today(world.hub.reading, found, world.time()) == 1
    assert world.findings().faults == ()


# -- whose grant is used for a service ------------------------------------------------------------
def whose(reading: Connection, now: int, **changed: str) -> Footing | None:
    asked = {"service": SERVICE, "implementing": LENDER, "caller": WINDOW} | changed
    return whose_grant(reading, **asked, channel="console", now=now)


def test_a_caller_uses_its_own_grants_for_its_own_services(world: World) -> None:
    found = whose(world.hub.reading, world.time(), caller=LENDER)
    assert found == Footing(LENDER, None)
    assert found.named is None


def test_for_another_departments_service_the_delegation_that_stands_longest(world: World) -> None:
    changes, now = world.hub.changes, world.time()
    assert whose(world.hub.reading, now) is None
    delegated(changes, now, valid_until=rfc3339(now + DAY))
    longest = delegated(changes, now, valid_until=rfc3339(now + 3 * DAY))
    delegated(changes, now, services=("OTHER",))
    delegated(changes, now, channels=("connector",), valid_until=rfc3339(now + 9 * DAY))
    signed(changes, now, valid_until=rfc3339(now + 9 * DAY))
    later = {"valid_from": rfc3339(now + DAY), "valid_until": rfc3339(now + 9 * DAY)}
    delegated(changes, now, **later)
    found = whose(world.hub.reading, now)
    assert found is not None
    assert (found.department, found.named) == (LENDER, longest.id)
    for changed in ({"service": "NONE"}, {"implementing": THIRD}, {"caller": THIRD}):
        assert whose(world.hub.reading, now, **changed) is None
    assert whose(world.hub.reading, now + 10 * DAY) is None
    revoked(changes, longest)
    found = whose(world.hub.reading, now)
    assert found is not None
    assert found.named != longest.id


def test_a_suspended_window_accepts_nothing_by_itself(world: World) -> None:
    """It stays on record; who is suspended asks nothing (``test_asking.py``)."""
    departments.set_status(world.hub.changes, ADMINISTRATOR, WINDOW, "suspended")
    assert lent(world).status == "active"

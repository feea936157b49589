"""The parties of a department's open cases are followed: who joins, who drops out, who is told."""

import base64

import pytest
from publishing import resident_id
from world.asking import Members
from world.casework import SERVICE, SERVICE_TOML, Casework, person
from world.delegating import lent
from world.feeding import (
    Follower,
    Provider,
    ask,
    check_page,
    feed,
    page_of,
    refused,
    regrant,
    results,
    terms,
)
from world.filing import LEASE
from world.held import HOLDERS, copied, looked_up
from world.opened import OPEN_CASES, Counter, follow_as
from world.town import ADMINISTRATOR, HUB, World

from hub.access import grants
from hub.cases import register

A, B, C, D = HOLDERS


@pytest.fixture
def counter(desk: Casework) -> Counter:
    """Everybody has a lease on file."""
    made = Counter.of(desk)
    for subject in HOLDERS:
        made.leases.file(subject, f"Lease of {subject}")
    desk.world.time.advance(1000)  # what comes on file during a case counts as brought in it
    return made


def told(world: World, follower: Follower) -> list[tuple[object, object, object]]:
    """Change, subject and case of each thing that the next page tells, by subject."""
    answer = ask(world, follower.question())
    if answer.status == 204:
        return []
    assert answer.status == 200, answer.body
    follower.take(answer)
    found = [(one["change"], subject_of(one), one["case"]) for one in results(answer)]
    return sorted(found, key=str)


def subject_of(result: Members) -> object:
    subject = result.get("subject")
    return subject["id"] if isinstance(subject, dict) else None


def test_each_party_of_an_open_case_is_told_under_its_number(counter: Counter) -> None:
    world = counter.world
    number = counter.open(A, B)
    follower = counter.follower()
    before = world.entries()
    sent = follower.question()
    answer = ask(world, sent)
    check_page(sent, answer, world.receipt_key.public, world.receipt_kid)
    assert {subject_of(one) for one in results(answer)} == {A, B}
    for at in (before, before + 1):
        kind, _, who, _ = world.entry(at)
        assert (kind, who["case"], who["officer"]) == ("feed", number, "nrb.officer")  # type: ignore[index, call-overload]
    assert world.findings().faults == ()


def test_without_an_open_case_nobody_is_told_of(counter: Counter) -> None:
    answer = ask(counter.world, counter.follower().question())
    assert [(one["change"], one["case"]) for one in results(answer)] == [(None, None)]
    assert page_of(answer)["reset"] == {"begins": True, "ends": True}


def test_a_case_joins_and_drops_out_without_a_reset(counter: Counter) -> None:
    world, follower = counter.world, counter.follower()
    first = counter.open(A)
    assert told(world, follower) == [("upserted", A, first)]
    second = counter.open(B)
    assert told(world, follower) == [("upserted", B, second)]
    counter.act(first, "withdraw")
    assert told(world, follower) == [("removed", A, first)]
    counter.refuse(second)
    assert told(world, follower) == [("removed", B, second)]
    assert told(world, follower) == []
    assert follower.rows == {}
    assert world.findings().faults == ()


def test_whoever_is_in_two_cases_stays_while_one_is_open(counter: Counter) -> None:
    world, follower = counter.world, counter.follower()
    first, second = counter.open(A), counter.open(A, B)
    assert told(world, follower) == [("upserted", A, first), ("upserted", B, second)]
    counter.act(first, "withdraw")
    assert told(world, follower) == []
    counter.leases.file(A, "Another lease")
    assert told(world, follower) == [("upserted", A, second)]


def test_whoever_comes_back_has_everything_told(counter: Counter) -> None:
    world, follower = counter.world, counter.follower()
    first = counter.open(A)
    follower.catch_up(world)
    counter.act(first, "withdraw")
    second = counter.open(A)
    assert told(world, follower) == [("upserted", A, second)]
    counter.act(second, "withdraw")
    assert told(world, follower) == [("removed", A, second)]


def test_what_happens_outside_open_cases_is_not_told(counter: Counter) -> None:
    world, follower = counter.world, counter.follower()
    counter.open(A)
    follower.catch_up(world)
    counter.leases.file(B, "Another lease")
    before = world.entries()
    assert told(world, follower) == []
    assert world.entries() == before


def test_a_party_that_is_added_joins_and_one_that_is_replaced_leads_to_a_reset(
    counter: Counter,
) -> None:
    world, follower = counter.world, counter.follower()
    number = counter.open(A)
    follower.catch_up(world)
    counter.act(number, "supplement", parties={"owner": person(B)})
    page = ask(world, follower.question())
    assert page_of(page)["reset"] == {"begins": False, "ends": False}
    follower.take(page)
    assert set(copied(follower, counter.leases)) == set(view(counter, A, B))
    counter.act(number, "supplement", parties={"owner": person(C)})
    page = ask(world, follower.question())
    assert page_of(page)["reset"] == {"begins": True, "ends": True}
    follower.take(page)
    assert set(copied(follower, counter.leases)) == set(view(counter, A, C))
    assert told(world, follower) == []


def view(counter: Counter, *subjects: str) -> dict[str, Members]:
    return looked_up(counter.world.hub, counter.leases, subjects)


def test_a_page_ends_between_any_two_subjects(counter: Counter) -> None:
    follower = counter.follower(most=1)
    for subject in HOLDERS:
        counter.open(subject)
    follower.catch_up(counter.world)
    assert copied(follower, counter.leases) == view(counter, *HOLDERS)


def test_another_departments_cases_are_not_ours(counter: Counter) -> None:
    world = counter.world
    follow_as(world, "psb")
    counter.open(A)
    answer = ask(world, feed(world.gateway("psb"), dataset=LEASE, subjects=OPEN_CASES))
    assert [one["change"] for one in results(answer)] == [None]


def test_a_window_and_whose_service_it_is_both_follow_its_cases(counter: Counter) -> None:
    world = counter.world
    lent(world, services=(SERVICE,))
    follow_as(world, "mrb")
    assert counter.by_window(A).status == 201
    for gateway in (world.nrb, world.gateway("mrb")):
        answer = ask(world, feed(gateway, dataset=LEASE, subjects=OPEN_CASES))
        assert [(subject_of(one), one["case"]) for one in results(answer)] == [(A, "窗-1")]


def test_a_grant_that_requires_a_case_is_met(counter: Counter) -> None:
    world = counter.world
    regrant(world, counter.leases.grant, case_required=True)
    number = counter.open(A)
    assert told(world, counter.follower()) == [("upserted", A, number)]
    answer = ask(world, feed(world.nrb, dataset=LEASE))
    assert (answer.status, answer.code) == (403, "case-required")


def test_a_published_dataset_is_followed_the_same_way(counter: Counter) -> None:
    """Changes, and subjects that come and go."""
    world = counter.world
    provider = Provider.of(world.hub)
    provider.publish([("L1", 1, "one"), ("L2", 2, "two")])
    grants.issue(world.hub.changes, ADMINISTRATOR, terms(world.time()))
    one, two = (resident_id(number) for number in (1, 2))
    follower = Follower(world.nrb, subjects=OPEN_CASES)
    first = counter.open(one)
    assert told(world, follower) == [("upserted", one, first)]
    provider.change([("L2", 2, "changed"), ("L3", 1, "new")], ["L1"])
    assert told(world, follower) == [("removed", one, first), ("upserted", one, first)]
    second = counter.open(two)
    assert told(world, follower) == [("upserted", two, second)]
    provider.change([], ["L3"])
    counter.act(first, "withdraw")
    counter.act(second, "withdraw")
    assert told(world, follower) == [("removed", one, first), ("removed", two, second)]
    assert follower.rows == {}


def test_a_cursor_of_open_cases_names_nobody_and_is_good_for_nothing_else(
    counter: Counter,
) -> None:
    world, follower = counter.world, counter.follower(most=1)
    number = counter.open(A, B)
    follower.once(world)
    cursor = str(follower.cursor)
    raw = base64.urlsafe_b64decode(cursor + "==").decode("latin-1")
    assert not any(one in raw for one in (A, B, number))
    page = page_of(ask(world, feed(world.nrb, cursor, dataset=LEASE)))
    assert page["reset"] == {"begins": True, "ends": True}


def test_the_hub_looks_into_cases_without_an_officer_having_read_them(counter: Counter) -> None:
    world = counter.world
    counter.open(A)
    before = world.entries()
    counter.follower().catch_up(world)
    assert [world.entry(at)[0] for at in range(before, world.entries())] == ["feed"]


def test_a_case_of_another_content_is_not_followed(counter: Counter) -> None:
    """Somebody with the database puts one case's sealed content into another."""
    world = counter.world
    counter.open(A)
    counter.open(B)
    world.hub.store.connection.execute("UPDATE cases SET sealed = (SELECT max(sealed) FROM cases)")
    assert refused(world, counter.follower().question()).code == "unavailable"


def test_an_older_content_put_back_into_a_case_is_not_followed(counter: Counter) -> None:
    """Which the case's own key opens: only the log says that it is not the newest."""
    world, connection = counter.world, counter.world.hub.store.connection
    number = counter.open(A)
    ((before,),) = connection.execute("SELECT sealed FROM cases").fetchall()
    parties = {"applicant": person(B), "subject": person(B)}
    counter.act(number, "supplement", parties=parties)
    connection.execute("UPDATE cases SET sealed = ?", (before,))
    assert refused(world, counter.follower().question()).code == "unavailable"


def test_whose_service_it_is_sees_the_parties_of_that_service_alone(counter: Counter) -> None:
    """A window opens one case for services of two departments."""
    world = counter.world
    lent(world, services=(SERVICE,))
    world.hub.book.refresh()
    other = (
        SERVICE_TOML.replace('code = "lease_record"', 'code = "shop"', 1)
        .replace("0131023000", "0131023001")
        .replace('department = "nrb"', 'department = "mrb"')
        .replace('code = "owner"', 'code = "landlord"')
        .replace('about = "owner"', 'about = "landlord"')
    )
    register.put_services(world.hub.changes, ADMINISTRATOR, [other.encode()], of=None)
    roles = {"applicant": A, "subject": A, "owner": B, "landlord": C}
    body = counter.desk.opening(
        officer="mrb.officer",
        parties={role: person(one) for role, one in roles.items()},
        services=[SERVICE, "shop"],
    )
    answer = counter.desk.signed("/v1/cases", body, world.gateway("mrb"))
    assert answer.status == 201, answer.body
    follow_as(world, "mrb")
    for gateway, expected in ((world.nrb, {A, B}), (world.gateway("mrb"), {A, B, C})):
        page = ask(world, feed(gateway, dataset=LEASE, subjects=OPEN_CASES))
        assert {subject_of(one) for one in results(page)} == expected


def test_whoever_comes_and_goes_during_a_round_is_not_left_behind(counter: Counter) -> None:
    """A round of several pages: a case is opened and withdrawn between them."""
    world = counter.world
    first, second, passing, _ = in_order(world)
    for subject in (first, second):
        counter.open(subject)
    follower = counter.follower(most=1)
    assert follower.once(world)
    number = counter.open(passing)
    for _ in range(2):
        follower.once(world)
    counter.act(number, "withdraw")
    follower.catch_up(world)
    assert copied(follower, counter.leases) == view(counter, first, second)


def in_order(world: World) -> list[str]:
    """Those who have leases, as a round goes through them."""
    cursors = world.hub.feeds._cursors
    return sorted(HOLDERS, key=lambda one: cursors.subject(f"{HUB}:nrb", "resident_id", one))


def test_whoever_joins_never_hears_of_what_had_gone_before(counter: Counter) -> None:
    """As whoever begins to follow: of what was repaired or withdrawn there is nothing to tell."""
    world, follower = counter.world, counter.follower()
    repaired = counter.leases.file(A, "Repaired")
    counter.open(B)
    follower.catch_up(world)
    counter.leases.mark((repaired, "mrb"), A, "repaired")
    counter.leases.set(counter.leases.file(A, "Withdrawn"), "withdrawn")
    number = counter.open(A)
    assert told(world, follower) == [("upserted", A, number)]

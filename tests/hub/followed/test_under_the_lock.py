"""What changes between reading and commit is never told as it was."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from world.asking import Answer, Members
from world.casework import Casework, person
from world.feeding import Follower, ask, ask_soon, feed, page_of, results
from world.filing import LEASE
from world.held import COMPANIES, HOLDERS, Businesses, Leases, copied, looked_up
from world.licensing import LOOKED_UP
from world.opened import Counter
from world.time import DAY
from world.town import ADMINISTRATOR, World

from catalog.licences.status import Act
from hub.access import grants
from hub.destroying.destroying import _destroy
from hub.feeds.ask import LONGEST_WAIT
from hub.ledger.attempt import BatchAttempt
from hub.ledger.destructions import told as told_of

A, B, *_ = HOLDERS


def just_before_the_commit(
    world: World, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]
) -> None:
    """Let something happen once, when the page has been read and nothing of it is entered."""
    commit = world.hub.committer.commit_batch
    left = [happens]

    def committing(batch: BatchAttempt) -> object:
        if left:
            # In a thread of its own: it may need a loop.
            with ThreadPoolExecutor(1) as pool:
                pool.submit(left.pop()).result()
        return commit(batch)

    monkeypatch.setattr(world.hub.committer, "commit_batch", committing)


def statuses(told: list[Members]) -> list[object]:
    return [one["items"].get("status") for one in told if one["change"] is not None]  # type: ignore[union-attr]


@pytest.mark.parametrize("end", ["suspended", "withdrawn", "repaired", "destroyed"])
def test_no_page_has_a_material_that_went_while_it_was_read(
    world: World, leases: Leases, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    lease = leases.file(A)
    other = world.again()
    elsewhere = Leases(other.hub, leases.grant)

    def goes() -> None:
        if end == "repaired":
            elsewhere.mark((lease, "mrb"), A, "repaired")
        elif end == "destroyed":
            destroy(other, lease)
        else:
            elsewhere.set(lease, end)

    just_before_the_commit(world, monkeypatch, goes)
    answer = ask(world, feed(world.nrb, dataset=LEASE))
    assert statuses(results(answer)) in ([], [None])
    assert lease not in answer.body.decode()
    other.hub.close()


def test_a_revocation_that_comes_while_a_page_is_read_is_on_it(
    world: World, businesses: Businesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence, _ = businesses.issue(COMPANIES[0], "1")
    just_before_the_commit(world, monkeypatch, lambda: businesses.act(licence, Act.REVOKE))
    assert statuses(results(ask(world, feed(world.nrb, dataset=LOOKED_UP)))) == ["07"]


@pytest.mark.parametrize("dataset", [LEASE, LOOKED_UP])
def test_no_page_is_told_after_its_grant_was_revoked_while_it_was_read(
    world: World,
    leases: Leases,
    businesses: Businesses,
    monkeypatch: pytest.MonkeyPatch,
    dataset: str,
) -> None:
    leases.file(A)
    businesses.issue(COMPANIES[0], "1")
    grant = leases.grant if dataset == LEASE else businesses.grant
    just_before_the_commit(
        world,
        monkeypatch,
        lambda: grants.set_status(world.hub.changes, ADMINISTRATOR, grant.id, "revoked"),
    )
    answer = ask(world, feed(world.nrb, dataset=dataset))
    assert (answer.status, answer.code) == (403, "not-granted")
    assert world.findings().faults == ()


def destroy(world: World, material: str) -> None:
    """Destroy a material as if it were past its retention."""
    with world.hub.changes.change(ADMINISTRATOR) as change:
        _destroy(
            change, world.hub.store.connection, told_of("《档案法》", "material", [material]), 0
        )


def test_what_was_destroyed_is_removed_without_naming_anybody(world: World, leases: Leases) -> None:
    lease = leases.file(A)
    leases.file(B)
    follower = Follower(world.nrb, dataset=LEASE)
    follower.catch_up(world)
    destroy(world, lease)
    before = world.entries()
    answer = ask(world, follower.question())
    (one,) = results(answer)
    assert (one["change"], one["subject"], one["items"]) == ("removed", None, {})
    assert page_of(answer)["reset"] == {"begins": False, "ends": False}
    assert world.entry(before)[2] == {"case": None, "officer": "nrb.officer", "subject": None}
    follower.take(answer)
    assert copied(follower, leases) == looked_up(world.hub, leases, leases.subjects)
    assert not follower.once(world)


def test_who_follows_chosen_subjects_begins_anew_after_a_destruction(
    world: World, leases: Leases
) -> None:
    """Whose it was nobody can say; and nobody is told of who was not asked about."""
    lease, other = leases.file(A), leases.file(B)
    subjects = [{"case": None, "id": A, "type": "resident_id"}]
    follower = Follower(world.nrb, dataset=LEASE, subjects=subjects)  # type: ignore[arg-type]
    for gone in (lease, other):
        follower.catch_up(world)
        destroy(world, gone)
        answer = ask(world, follower.question())
        assert page_of(answer)["reset"] == {"begins": True, "ends": True}
        follower.take(answer)
        assert follower.rows == {}
        assert not follower.once(world)


# -- open cases -----------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["withdraw", "refuse"])
def test_nobody_is_told_of_whose_case_ended_while_the_page_was_read(
    desk: Casework, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Though a case that ends moves no epoch."""
    counter, world = Counter.of(desk), desk.world
    counter.leases.file(A)
    number = counter.open(A)

    def ends() -> None:
        if end == "withdraw":
            counter.act(number, "withdraw")
        else:
            counter.refuse(number)

    just_before_the_commit(world, monkeypatch, ends)
    answer = ask(world, counter.follower().question())
    assert [one["change"] for one in results(answer)] == [None]
    assert A not in answer.body.decode()
    assert world.findings().faults == ()


def test_a_party_that_is_replaced_while_the_page_is_read_is_not_told_of(
    desk: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, world = Counter.of(desk), desk.world
    for subject in (A, B):
        counter.leases.file(subject)
    world.time.advance(DAY)
    number = counter.open(A, parties={"applicant": person(A), "subject": person(A)})
    replaced = {"applicant": person(B), "subject": person(B)}
    just_before_the_commit(
        world, monkeypatch, lambda: counter.act(number, "supplement", parties=replaced)
    )
    answer = ask(world, counter.follower().question())
    assert [one["subject"]["id"] for one in results(answer)] == [B]  # type: ignore[index, call-overload]


def test_two_workers_tell_the_same(desk: Casework) -> None:
    """What one worker knows of a case is not what it was before another changed it."""
    counter, world = Counter.of(desk), desk.world
    other = world.again()
    for subject in (A, B):
        counter.leases.file(subject)
    world.time.advance(DAY)
    number = counter.open(A)
    for worker in (world, other):
        (one,) = results(ask(worker, counter.follower().question()))
        assert one["subject"]["id"] == A  # type: ignore[index, call-overload]
    replaced = {"applicant": person(B), "subject": person(B)}
    counter.act(number, "supplement", parties=replaced)
    for worker in (world, other):
        (one,) = results(ask(worker, counter.follower().question()))
        assert one["subject"]["id"] == B  # type: ignore[index, call-overload]
    counter.act(number, "withdraw")
    for worker in (world, other):
        (one,) = results(ask(worker, counter.follower().question()))
        assert one["change"] is None
    other.hub.close()


# -- waiting --------------------------------------------------------------------------------------
def test_a_question_waits_until_a_licence_changes(world: World, businesses: Businesses) -> None:
    licence, _ = businesses.issue(COMPANIES[0], "1")
    follower = Follower(world.nrb, dataset=LOOKED_UP)
    follower.catch_up(world)
    sent = feed(world.nrb, follower.cursor, dataset=LOOKED_UP, wait=LONGEST_WAIT)

    async def asked() -> Answer:
        waiting = asyncio.create_task(ask_soon(world.hub, sent))
        await asyncio.sleep(0)
        assert not waiting.done()
        businesses.act(licence, Act.REVOKE)
        return await waiting

    began = time.monotonic()
    answer = asyncio.run(asked())
    assert time.monotonic() - began < LONGEST_WAIT - 1
    assert statuses(results(answer)) == ["07"]

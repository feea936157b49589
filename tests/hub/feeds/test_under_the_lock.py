"""What changes between reading and commit is never told as it was; what waits, wakes."""

import asyncio
import time
from collections.abc import Callable

import pytest
from world.asking import Answer
from world.feeding import Follower, Provider, ask, ask_soon, feed, page_of, results
from world.town import ADMINISTRATOR, World

from hub.access import grants
from hub.access.grant import Grant
from hub.feeds.ask import LONGEST_WAIT
from hub.ledger.attempt import BatchAttempt

ROW = ("L1", 1, "note 1")


def just_before_the_commit(
    world: World, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]
) -> None:
    """Let something happen once, when the page has been read and nothing of it is entered."""
    commit = world.hub.committer.commit_batch
    left = [happens]

    def committing(batch: BatchAttempt) -> object:
        if left:
            left.pop()()
        return commit(batch)

    monkeypatch.setattr(world.hub.committer, "commit_batch", committing)


def test_no_page_has_a_record_that_was_repaired_while_it_was_read(
    world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = world.again()
    elsewhere = Provider(other.hub, provider.dataset)
    just_before_the_commit(world, monkeypatch, lambda: elsewhere.mark(ROW, "repaired"))
    told = results(ask(world, feed(world.nrb)))
    assert "L1" not in {one["items"]["licence_no"] for one in told}  # type: ignore[index, call-overload]
    assert len(told) == 11
    other.hub.close()


def test_no_page_is_told_after_its_grant_was_revoked_while_it_was_read(
    world: World, held: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revoke() -> None:
        grants.set_status(world.hub.changes, ADMINISTRATOR, held.id, "revoked")

    just_before_the_commit(world, monkeypatch, revoke)
    answer = ask(world, feed(world.nrb))
    assert (answer.status, answer.code) == (403, "not-granted")
    assert world.findings().faults == ()


def test_a_change_set_that_goes_live_while_a_page_is_read(
    world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    just_before_the_commit(world, monkeypatch, lambda: provider.change([], ["L1"]))
    follower = Follower(world.nrb)
    follower.catch_up(world)
    assert "L1" not in follower.items()


@pytest.mark.parametrize("first", ["disputed", "repaired"])
def test_marks_are_told_and_told_again(
    world: World, provider: Provider, follower: Follower, first: str
) -> None:
    follower.catch_up(world)
    provider.mark(ROW, first)  # type: ignore[arg-type]
    follower.catch_up(world)
    if first == "disputed":
        assert follower.items()["L1"]["disputed"] is True
    else:
        assert "L1" not in follower.items()
    provider.mark(ROW, "cleared")
    follower.catch_up(world)
    assert follower.items()["L1"]["disputed"] is False


def test_who_came_after_a_repair_never_hears_of_the_record(
    world: World,
    provider: Provider,
) -> None:
    provider.mark(ROW, "repaired")
    cursor = page_of(ask(world, feed(world.nrb)))["cursor"]
    provider.change([], ["L1"])
    answer = ask(world, feed(world.nrb, str(cursor)))
    assert answer.status == 204


def test_repaired_and_then_deleted_is_removed(
    world: World, provider: Provider, follower: Follower
) -> None:
    follower.catch_up(world)
    provider.mark(ROW, "repaired")
    provider.change([], ["L1"])
    follower.catch_up(world)
    assert "L1" not in follower.items()


# -- waiting ------------------------------------------------------------------------------------
def test_a_question_waits_until_something_comes(
    world: World, provider: Provider, follower: Follower
) -> None:
    follower.catch_up(world)
    sent = feed(follower.gateway, follower.cursor, wait=LONGEST_WAIT)
    before = world.entries()

    async def asked() -> Answer:
        waiting = asyncio.create_task(ask_soon(world.hub, sent))
        await asyncio.sleep(0)
        assert not waiting.done()
        provider.change([("L1", 1, "came")])
        return await waiting

    began = time.monotonic()
    answer = asyncio.run(asked())
    assert time.monotonic() - began < LONGEST_WAIT - 1
    assert [one["change"] for one in results(answer)] == ["upserted"]
    assert world.entry(before + 1)[0] == "feed"


def test_a_revocation_ends_the_wait(world: World, follower: Follower) -> None:
    follower.catch_up(world)
    (grant,) = [one for one in grants.listing(world.hub.reading) if "feed" in one.operations]
    sent = feed(follower.gateway, follower.cursor, wait=LONGEST_WAIT)

    async def asked() -> Answer:
        waiting = asyncio.create_task(ask_soon(world.hub, sent))
        await asyncio.sleep(0)
        grants.set_status(world.hub.changes, ADMINISTRATOR, grant.id, "revoked")
        return await waiting

    answer = asyncio.run(asked())
    assert (answer.status, answer.code) == (403, "not-granted")


def test_a_wait_ends_with_nothing(world: World, follower: Follower) -> None:
    follower.catch_up(world)
    before = world.entries()
    assert ask(world, feed(follower.gateway, follower.cursor, wait=1)).status == 204
    assert world.entries() == before

"""A delegation that ends works from the next question, on every worker and beneath a question.

As of a grant (``tests/hub/lookup/test_grant_ends.py``): before the act the log has only answers of
it, after it none.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from world.asking import Answer, Sent
from world.delegating import WINDOW, delegated, lent, revoked
from world.serving import Served, serving
from world.time import DAY
from world.town import Town, World

from certs.canonical import Json, parse
from certs.encoding import from_rfc3339, rfc3339
from certs.sealing import MasterKey
from hub.clock import system_clock
from hub.delegation.delegation import Delegation
from hub.ledger.change import Changes
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.ops.verify import verification
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

Kind = Literal["revoked", "expired"]
ASKERS, ENOUGH, AFTER = 4, 60, 15
ENDS_IN = 4000
"""Milliseconds that the delegation that expires has from when it is accepted."""


# -- between the decision and the lock ------------------------------------------------------------
@pytest.fixture
def elsewhere(world: World) -> Iterator[Changes]:
    """Another process that changes things."""
    store = LedgerStore(world.hub.folder, world.time)
    yield Changes(store, world.hub.persons)
    store.close()


def meanwhile(world: World, sent: Sent, act: Callable[[], object]) -> Answer:
    """Ask, and let something happen once between the decision and the lock."""
    group = world.hub.exchange._means.group

    async def ask() -> Answer:
        asking = asyncio.create_task(world.ask_soon(sent))
        while not group._waiting and not asking.done():  # noqa: ASYNC110 no event tells of it
            await asyncio.sleep(0)
        assert not asking.done()
        act()
        group.flush()
        return await asking

    return asyncio.run(ask())


def test_revoked_between_decision_and_commit(world: World, elsewhere: Changes) -> None:
    found = lent(world)
    sent = world.gateway(WINDOW).lookup(delegation=found.id)
    answer = meanwhile(world, sent, lambda: revoked(elsewhere, found))
    assert (answer.status, answer.code) == (403, "not-granted")
    assert world.entry()[3] == {"reason": "delegation-revoked"}
    assert world.used() == 0


def test_expired_between_decision_and_commit(world: World) -> None:
    """Nothing moves the epoch: only the time under the lock tells."""
    ends = world.time() + 5_000
    found = lent(world, valid_until=rfc3339(ends))
    world.time.advance(4_990)
    sent = world.gateway(WINDOW).lookup(delegation=found.id)
    answer = meanwhile(world, sent, lambda: world.time.advance(10))
    assert (answer.status, answer.code) == (403, "not-granted")
    assert world.entry()[3] == {"reason": "delegation-out-of-time"}
    assert world.used() == 0


def test_the_last_millisecond_is_answered(world: World) -> None:
    ends = world.time() + 5_000
    found = lent(world, valid_until=rfc3339(ends))
    world.time.advance(4_999)
    sent = world.gateway(WINDOW).lookup(delegation=found.id)
    assert meanwhile(world, sent, lambda: None).status == 200


# -- on two workers -------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["revoked", "expired"])
def test_on_two_workers_no_answer_follows(town_today: Town, tmp_path: Path, kind: Kind) -> None:
    folder = tmp_path / "hub"
    with serving(town_today, folder, workers=2) as served, elsewhere_of(served) as changes:
        now = system_clock()
        ends = now + (ENDS_IN if kind == "expired" else DAY)
        found = delegated(changes, now, valid_until=rfc3339(ends))
        _asked_until_refused(
            served, found, lambda: revoked(changes, found) if kind == "revoked" else None
        )
        connection = connect(folder / "control.db", "ro")
        kept = Folder(folder)
        findings = verification(kept, load(kept.settings), connection).run(lambda _d, _a: None)
        connection.close()
    before, after, refusing = _around(folder, kind, ends)
    assert refusing == 2, "each process seals what it answers with a key of its own"
    assert len(before) >= ENOUGH
    assert set(before) == {"answered"}
    assert len(after) >= ASKERS * AFTER
    assert set(after) == {"refused"}
    assert findings.faults == ()


class elsewhere_of:  # noqa: N801 a context manager, used like a function
    """Changes from a process of its own, as a command would make them."""

    def __init__(self, served: Served) -> None:
        folder = Folder(served.folder)
        self._store = LedgerStore(folder, system_clock)
        months = MonthKeys(folder.keys, MasterKey.load(folder.keys / "master.key"))
        self._changes = Changes(self._store, PersonKeys(self._store.connection, months))

    def __enter__(self) -> Changes:
        return self._changes

    def __exit__(self, *_: object) -> None:
        self._store.close()


def _asked_until_refused(served: Served, found: Delegation, act: Callable[[], object]) -> None:
    """Ask, each time over a new connection, so that both processes are met; act once enough is
    answered; go on until all are refused.
    """
    counting, enough, answered = threading.Lock(), threading.Event(), [0]

    def asker() -> None:
        gateway, refused = served.gateway(WINDOW), 0
        while refused < AFTER:
            status = served.call(gateway.lookup(delegation=found.id)).status
            refused += status == 403
            with counting:
                answered[0] += status == 200
                if answered[0] >= ENOUGH:
                    enough.set()

    threads = [threading.Thread(target=asker) for _ in range(ASKERS)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    act()
    for thread in threads:
        thread.join(60)


def _around(folder: Path, kind: Kind, ends: int) -> tuple[list[str], list[str], int]:
    """What became of the questions before and after, by the log's order or by its times.

    And how many processes answered afterwards.
    """
    connection = connect(folder / "control.db", "ro")
    rows = connection.execute(
        "SELECT leaf, control, person_key FROM entries ORDER BY position"
    ).fetchall()
    connection.close()
    told: tuple[list[str], list[str]] = [], []
    over = False
    processes: set[int] = set()
    for leaf_bytes, control_bytes, process in rows:
        leaf, control = _json(leaf_bytes), _json(control_bytes)
        if leaf["kind"] == "delegation":
            state = control["state"]
            assert isinstance(state, dict)
            over = state["status"] == "revoked"
        elif leaf["kind"] == "lookup":
            late = kind == "expired" and from_rfc3339(str(leaf["time"])) >= ends
            told[over or late].append(str(control["outcome"]))
            if over or late:
                processes.add(process)
    return *told, len(processes)


def _json(data: bytes) -> dict[str, Json]:
    members = parse(data, max_bytes=1 << 20, max_depth=9)
    assert isinstance(members, dict)
    return members

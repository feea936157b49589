"""Revocation under load: no answer stands in the log after the revocation of its grant."""

import asyncio
import threading
from collections import Counter
from pathlib import Path

from world.asking import Answer
from world.serving import Served, serving
from world.town import ADMINISTRATOR, HUB, Town, World, open_world

from certs.canonical import parse
from certs.encoding import unb64u
from certs.sealing import MasterKey
from hub.access import grants
from hub.clock import system_clock
from hub.ledger.change import Changes
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.ops.verify import verification
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

ASKERS = 16
AFTER = 40
"""Refusals that each must see before it believes that the grant has gone."""


def outcomes(folder: Path) -> tuple[list[str], int]:
    """What became of each question, in the order of the log, and where the revocation stands."""
    connection = connect(folder / "control.db", "ro")
    told, revoked = [], -1
    for leaf, control in connection.execute("SELECT leaf, control FROM entries ORDER BY position"):
        members = parse(control, max_bytes=1 << 20, max_depth=9)
        assert isinstance(members, dict)
        if b'"kind":"lookup"' in leaf:
            told.append(str(members["outcome"]))
        elif b'"kind":"grant"' in leaf and b'"status":"revoked"' in control:
            revoked = len(told)
    connection.close()
    return told, revoked


def test_in_one_process_no_answer_follows_the_revocation(town: Town, tmp_path: Path) -> None:
    with open_world(town, tmp_path / "hub") as world:
        store = LedgerStore(world.hub.folder, world.time)
        month_keys = MonthKeys(world.hub.folder.keys, world.hub.master)
        elsewhere = Changes(store, PersonKeys(store.connection, month_keys))
        answers = asyncio.run(_load(world, elsewhere))
        store.close()
        findings = world.findings()
    told, revoked = outcomes(tmp_path / "hub")
    assert told[:revoked] == ["answered"] * revoked
    assert told[revoked:] == ["refused"] * (len(told) - revoked)
    assert Counter(a.status for a in answers) == Counter({200: revoked, 403: len(told) - revoked})
    assert 100 < revoked < len(told) - 100
    assert findings.faults == ()


async def _load(world: World, elsewhere: Changes) -> list[Answer]:
    waiting = [world.nrb.lookup() for _ in range(600)]
    answers: list[Answer] = []

    async def asker() -> None:
        while waiting:
            answers.append(await world.ask_soon(waiting.pop()))
            if len(answers) == 250:
                # While the others' questions are decided and wait for their commit.
                grants.set_status(elsewhere, ADMINISTRATOR, world.grant.id, "revoked")

    await asyncio.gather(*(asker() for _ in range(ASKERS)))
    return answers


def test_with_two_worker_processes_no_answer_follows_the_revocation(
    town_today: Town, tmp_path: Path
) -> None:
    folder = tmp_path / "hub"
    with serving(town_today, folder, workers=2) as served:
        answers = _load_over_http(served)
        kept = Folder(folder)
        connection = connect(kept.control)
        found = verification(kept, load(kept.settings), connection).run(lambda _d, _a: None)
        connection.close()
    told, revoked = outcomes(folder)
    assert set(told[:revoked]) == {"answered"}
    assert "answered" not in told[revoked:]
    assert answers[200] == revoked
    assert set(answers) <= {200, 403, 503}
    assert found.faults == ()
    assert found.answers == len(told)


def _load_over_http(served: Served) -> Counter[int]:
    """Ask over many connections until each asker has been refused often enough."""
    answers: Counter[int] = Counter()
    counting, enough = threading.Lock(), threading.Event()

    def asker() -> None:
        gateway, refused = served.gateway(), 0
        connection = served.connect()
        while refused < AFTER:
            answer = served.call(gateway.lookup(), connection)
            refused += answer.status == 403
            with counting:
                answers[answer.status] += 1
                if answers[200] >= 200:
                    enough.set()
        connection.close()

    threads = [threading.Thread(target=asker) for _ in range(ASKERS // 2)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    folder = Folder(served.folder)
    store = LedgerStore(folder, system_clock)
    month_keys = MonthKeys(folder.keys, MasterKey.load(folder.keys / "master.key"))
    persons = PersonKeys(store.connection, month_keys)
    grants.set_status(Changes(store, persons), ADMINISTRATOR, served.town.grant.id, "revoked")
    store.close()
    for thread in threads:
        thread.join(60)
    return answers


def test_a_serving_hub_publishes_a_checkpoint_over_what_it_answered(served: Served) -> None:
    answer = served.call(served.gateway().lookup())
    assert answer.status == 200
    assert answer.receipt is not None
    claims = parse(unb64u(answer.receipt.split(".")[1]), max_bytes=8192, max_depth=1)
    assert isinstance(claims, dict)
    pause = threading.Event()
    note = served.http("GET", "/ledger/checkpoint").body
    while int(note.split(b"\n")[1]) <= int(str(claims["first"])):
        pause.wait(0.02)  # the test's own time limit ends this
        note = served.http("GET", "/ledger/checkpoint").body
    assert note.startswith(f"{HUB}/ledger/1\n".encode())

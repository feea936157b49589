"""A grant suspended, narrowed, expired or revoked works from the next question, on every worker.

Two processes answer a stream of questions. The log tells: before the act only answers, after it
none; of a grant that runs out by itself, none at or after its end.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from world.serving import Served, serving
from world.town import ADMINISTRATOR, Town, covering

from certs.canonical import Json, parse
from certs.encoding import from_rfc3339, rfc3339
from certs.sealing import MasterKey
from hub.access import grants
from hub.access.grant import Terms
from hub.clock import system_clock
from hub.ledger.change import Changes
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.ops.verify import verification
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

Kind = Literal["suspended", "revoked", "narrowed", "expired"]
ASKERS = 6
ENOUGH = 100
"""Answers before the grant is changed."""
AFTER = 30
"""Refusals that each asker must see before it believes that the grant no longer covers it."""


def test_without_an_act_the_same_questions_are_answered(town_today: Town, tmp_path: Path) -> None:
    """Else the tests below could pass because nothing is ever answered."""
    with serving(town_today, tmp_path / "hub", workers=2) as served:
        gateway = served.gateway()
        assert {served.call(gateway.lookup()).status for _ in range(20)} == {200}


@pytest.mark.parametrize("kind", ["suspended", "revoked", "narrowed", "expired"])
def test_on_two_workers_no_answer_follows(town_today: Town, tmp_path: Path, kind: Kind) -> None:
    folder = tmp_path / "hub"
    with serving(town_today, folder, workers=2) as served:
        _asked_until_refused(served, lambda: _end(served, kind))
        connection = connect(folder / "control.db", "ro")
        kept = Folder(folder)
        found = verification(kept, load(kept.settings), connection).run(lambda _d, _a: None)
        connection.close()
    before, after, refusing = _around(folder, kind)
    assert refusing == 2, "each process seals what it answers with a key of its own"
    assert len(before) >= ENOUGH
    assert set(before) == {"answered"}
    assert len(after) >= ASKERS * AFTER
    assert set(after) == {"refused"}
    assert found.faults == ()


def _asked_until_refused(served: Served, act: Callable[[], None]) -> None:
    """Ask, each time over a new connection, so that both processes are met; act once enough is
    answered; go on until all are refused.
    """
    counting, enough, answered = threading.Lock(), threading.Event(), [0]

    def asker() -> None:
        gateway, refused = served.gateway(), 0
        while refused < AFTER:
            status = served.call(gateway.lookup()).status
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


def _end(served: Served, kind: Kind) -> None:
    """Change the town's grant from a process of its own, as a command would."""
    folder = Folder(served.folder)
    store = LedgerStore(folder, system_clock)
    months = MonthKeys(folder.keys, MasterKey.load(folder.keys / "master.key"))
    changes = Changes(store, PersonKeys(store.connection, months))
    grant = served.town.grant
    if kind in {"suspended", "revoked"}:
        grants.set_status(changes, ADMINISTRATOR, grant.id, kind)  # type: ignore[arg-type]
    else:
        grants.change(changes, ADMINISTRATOR, grant.id, _less(served.town, kind), grant.version)
    store.close()


def _less(town: Town, kind: Kind) -> Terms:
    """Without an item that is asked for; or with an end that is a moment away."""
    terms = covering(town.founded)
    if kind == "narrowed":
        kept = {code: mask for code, mask in terms.items.items() if code != "name"}
        return terms.model_copy(update={"items": kept})
    return terms.model_copy(update={"valid_until": rfc3339(system_clock() + 500)})


def _around(folder: Path, kind: Kind) -> tuple[list[str], list[str], int]:
    """What became of the questions before and after: by the log's order, or by its times.

    And how many processes answered afterwards.
    """
    connection = connect(folder / "control.db", "ro")
    rows = connection.execute(
        "SELECT leaf, control, person_key FROM entries ORDER BY position"
    ).fetchall()
    connection.close()
    told: tuple[list[str], list[str]] = [], []
    over, ends = False, None
    processes: set[int] = set()
    for leaf_bytes, control_bytes, process in rows:
        leaf, control = _json(leaf_bytes), _json(control_bytes)
        if leaf["kind"] == "grant":
            state = control["state"]
            assert isinstance(state, dict)
            if state["version"] != 1:
                ends = from_rfc3339(str(state["valid_until"]))
                over = kind != "expired"
        elif leaf["kind"] == "lookup":
            out_of_time = ends is not None and from_rfc3339(str(leaf["time"])) >= ends
            after = over or (kind == "expired" and out_of_time)
            told[after].append(str(control["outcome"]))
            if after:
                processes.add(process)
    return *told, len(processes)


def _json(data: bytes) -> dict[str, Json]:
    members = parse(data, max_bytes=1 << 20, max_depth=9)
    assert isinstance(members, dict)
    return members

"""An emergency stop under load, with two workers: from its entry on no answer stands in the log."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from world import batches
from world.serving import Served, serving
from world.town import HUB, PASSWORD, SUBJECTS, Town

from certs.canonical import parse
from hub.ops.verify import verification
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

ASKERS = 6
ENOUGH = 150
AFTER = 25
"""Refusals that each asker must see before it believes that it is stopped."""


@contextmanager
def asking(served: Served) -> Iterator[Counter[int]]:
    """Ask over many connections, lookups, verifications and batches, until each is refused."""
    answers: Counter[int] = Counter()
    counting, enough = threading.Lock(), threading.Event()

    def asker(number: int) -> None:
        gateway, refused = served.gateway(), 0
        connection = served.connect()
        while refused < AFTER:
            match number % 3:
                case 0:
                    sent = gateway.lookup()
                case 1:
                    sent = gateway.verify({"name": "张三丰"})
                case _:
                    sent = batches.batch(gateway, SUBJECTS[:3])
            answer = served.call(sent, connection)
            refused += answer.status in {401, 403}
            with counting:
                answers[answer.status] += 1
                if answers[200] >= ENOUGH:
                    enough.set()
        connection.close()

    threads = [threading.Thread(target=asker, args=(number,)) for number in range(ASKERS)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    yield answers
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def called(served: Served, token: str, path: str, **body: str) -> dict[str, object]:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    answer = served.http("POST", path, headers, json.dumps(body).encode())
    assert answer.status in {200, 201}, answer.body
    return {**answer.document}


def after_the_stop(folder: Path) -> tuple[set[str], set[str]]:
    """The outcomes of questions before and after the entry of the stop."""
    connection = connect(folder / "control.db", "ro")
    told: tuple[set[str], set[str]] = (set(), set())
    stopped = False
    for leaf, control in connection.execute("SELECT leaf, control FROM entries ORDER BY position"):
        stopped = stopped or b'"kind":"stop"' in leaf
        if b'"kind":"lookup"' in leaf or b'"kind":"verify"' in leaf:
            members = parse(control, max_bytes=1 << 20, max_depth=9)
            assert isinstance(members, dict)
            told[stopped].add(str(members["outcome"]))
    connection.close()
    assert stopped
    return told


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("dataset", "resident"),
        ("department", "psb"),
        ("department", "nrb"),
        ("connector", f"urn:yifen:connector:{HUB}:nrb:gateway"),
    ],
)
def test_from_its_entry_on_no_worker_answers(
    town_today: Town, tmp_path: Path, what: str, code: str
) -> None:
    folder = tmp_path / "hub"
    with serving(town_today, folder, workers=2) as served:
        token = str(called(served, "", "/v1/session", account="admin", password=PASSWORD)["token"])
        with asking(served) as answers:
            stop = called(served, token, "/v1/stops", what=what, code=code, reason="疑似泄露")
        before, after = after_the_stop(folder)
        assert before == {"answered"}
        assert after <= {"refused"}
        assert answers[200] >= ENOUGH
        called(served, token, f"/v1/stops/{stop['id']}/lift", reason="查明为误报")
        for _ in range(8):
            assert served.call(served.gateway().lookup()).status == 200
        kept = Folder(folder)
        connection = connect(kept.control)
        found = verification(kept, load(kept.settings), connection).run(lambda _d, _a: None)
        connection.close()
        assert found.faults == ()

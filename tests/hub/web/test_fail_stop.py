"""A hub whose disk fails under a commit ends, and the question is resolved when it is back."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import pytest
from crash.faults import SYNCS, failing, kill_group
from crash.standing import findings
from world.asking import Answer, Members, Sent, check_receipt
from world.serving import PATIENCE, Served, free_port, start, until_ready
from world.town import Town

from certs.canonical import canonical
from certs.keys import PrivateKey
from certs.receipts import key_thumbprint, verify_receipt
from hub.storage.folder import Folder
from hub.storage.sqlite import connect
from hub.web.serve import BROKEN, LONGEST_PAUSE, pause

SYNC = 12
"""Which fsync of the log fails: later than those of the start."""
LOOKUP = "/v1/datasets/resident/lookup"


@contextmanager
def hub_on(
    town: Town, folder: Path, port: int, *, under: list[str], workers: int = 1
) -> Iterator[Served]:
    log = folder.parent / "hub.log"
    process = start(folder, log, workers=workers, under=under)
    try:
        served = Served(town, folder, port, process)
        until_ready(served, log)
        yield served
    finally:
        kill_group(process)


def ask(served: Served, question: Members) -> tuple[Sent, Answer | None]:
    """The answer to a question, None if the connection was lost instead."""
    sent = served.gateway().sign("POST", LOOKUP, canonical(question))
    try:
        return sent, served.call(sent)
    except (HTTPException, OSError):
        return sent, None


def until_cut(served: Served) -> tuple[Members, Sent, list[int]]:
    """Ask until a question is not answered; gives it, and the positions of those before."""
    positions: list[int] = []
    while True:
        question = served.gateway().question()
        sent, answer = ask(served, question)
        if answer is None or answer.status == 503:
            return question, sent, positions
        positions.append(checked(served, sent, answer))


def checked(served: Served, sent: Sent, answer: Answer) -> int:
    public = PrivateKey.load(served.folder / "keys" / "receipt.key").public
    receipt, _ = check_receipt(sent, answer, public, key_thumbprint(public))
    return receipt.first


def position_of(folder: Path, sent: Sent) -> int | None:
    connection = connect(Folder(folder).control)
    found = connection.execute("SELECT position, control FROM entries ORDER BY position").fetchall()
    connection.close()
    of_it = [place for place, control in found if sent.signed.digest.encode() in control]
    assert len(of_it) <= 1
    return of_it[0] if of_it else None


@pytest.mark.parametrize(("error", "status"), [("EIO", BROKEN), ("", -signal.SIGKILL)])
def test_a_commit_of_unknown_outcome_is_resolved_by_the_question(
    town_today: Town, tmp_path: Path, command: Callable[[str], str], error: str, status: int
) -> None:
    command("strace")
    folder, port = tmp_path / "hub", free_port()
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    wal = folder / "control.db-wal"
    under = failing(SYNCS, when=SYNC, error=error, only=[wal])
    with hub_on(town_today, folder, port, under=under) as served:
        question, first, positions = until_cut(served)
        assert served.process.wait(PATIENCE) == status
    # It has ended without closing the database, which would have folded the log in.
    assert wal.stat().st_size > 0
    told = (tmp_path / "hub.log").read_text(encoding="utf-8")
    assert ("I/O error (SQLITE_IOERR" in told) == bool(error)

    # The frames were written whole before the fsync: nobody was told, and the entry stands.
    with hub_on(town_today, folder, port, under=[]) as served:
        stands = position_of(folder, first)
        assert stands is not None
        assert stands > max(positions)
        path = f"/v1/receipts/{question['request_id']}"
        fetched = served.call(served.gateway().sign("GET", path))
        public = PrivateKey.load(folder / "keys" / "receipt.key").public
        receipt = verify_receipt(fetched.receipt or "", {key_thumbprint(public): public})
        assert (receipt.first, receipt.request) == (stands, first.signed.digest)
        # A replay is one still; the repeated question is answered, and marked.
        assert (served.call(first).status, served.call(first).code) == (401, "replayed")
        repeated, answer = ask(served, question)
        assert answer is not None
        assert checked(served, repeated, answer) > stands
        assert answer.control["repeats"] == stands
    assert findings(folder).faults == ()


def test_a_worker_whose_disk_fails_is_followed_by_another(
    town_today: Town, tmp_path: Path, command: Callable[[str], str]
) -> None:
    command("strace")
    folder, port = tmp_path / "hub", free_port()
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    wal = folder / "control.db-wal"
    under = failing(SYNCS, when=SYNC, error="EIO", only=[wal])
    with hub_on(town_today, folder, port, under=under, workers=2) as served:
        log, told = tmp_path / "hub.log", ""
        while f"ended with status {BROKEN}; another starts in 1 s" not in told:
            question, first, _ = until_cut(served)
            told = log.read_text(encoding="utf-8")
            tries, answer = [first], None
            while answer is None or answer.status == 503:
                repeated, answer = ask(served, question)
                tries.append(repeated)
            stand = [place for one in tries if (place := position_of(folder, one)) is not None]
            assert stand[-1] == checked(served, repeated, answer)
            assert answer.control["repeats"] == (stand[0] if stand[1:] else None)
        assert served.process.poll() is None
    assert findings(folder).faults == ()


def test_a_worker_that_ends_again_and_again_is_started_later_and_later() -> None:
    died = [pause(ends, broken=False) for ends in range(1, 12)]
    assert died == [0, 1, 2, 4, 8, 16, LONGEST_PAUSE, *[LONGEST_PAUSE] * 4]
    broken = [pause(ends, broken=True) for ends in range(1, 8)]
    assert broken == [1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE]
    # One that had run for long before.
    assert (pause(0, broken=False), pause(0, broken=True)) == (0, 0)

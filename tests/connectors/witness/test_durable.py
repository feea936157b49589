"""What a witness has cosigned it never forgets: in no race, no crash, and on no full disk."""

import stat
import threading
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path

import pytest
from world.serving import PATIENCE
from world.time import Time
from world.witnessing import NAME, Process, SmallLog, house, witness_process

from certs.cosignature import parse_witness, verify_cosignatures
from connectors.cli import run
from connectors.receipts.sqlite import connect
from connectors.witness.errors import SizeConflict
from connectors.witness.folder import WitnessFolder, open_store, open_witness

DYING = Path(__file__).with_name("dying_witness.py")
HISTORIES = 4


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``connector witness``; gives exit code, standard output and standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        code = run(["--lang", "en", "witness", *words])
        return code, *capsys.readouterr()

    return call


def two_histories(log: SmallLog, kept: int) -> list[SmallLog]:
    """Histories that go on differently after the same beginning, all of one size."""
    forks = [log.fork(kept) for _ in range(HISTORIES)]
    for number, fork in enumerate(forks):
        fork.grow(3, f"history {number} leaf")
    return forks


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """What each work gives, or raises, all begun at the same moment."""
    barrier = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(number: int) -> None:
        barrier.wait(PATIENCE)
        try:
            results[number] = works[number]()
        except Exception as error:  # noqa: BLE001 whatever it is, the test looks at it
            results[number] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return results


@pytest.mark.parametrize("round_", range(5))
def test_of_several_histories_at_once_one_is_cosigned(tmp_path: Path, round_: int) -> None:
    """Each asks over a connection of its own, as several processes of one witness would have."""
    log, path = SmallLog(), tmp_path / "witness"
    log.grow(round_)
    made = house(path, log.vkey)
    if round_:
        assert made.post(log.body(0)).status == 200

    def ask(fork: SmallLog) -> Callable[[], object]:
        body = fork.body(round_)

        def work() -> object:
            with closing(open_store(path)) as store:
                return open_witness(path, store, Time()).add_checkpoint(body)

        return work

    forks = two_histories(log, round_)
    results = at_once([ask(fork) for fork in forks])
    won = [one for one in results if isinstance(one, str)]
    lost = [one for one in results if isinstance(one, SizeConflict)]
    assert (len(won), len(lost)) == (1, HISTORIES - 1), results
    kept = made.cosigned(log.origin)
    assert kept is not None
    verify_cosignatures(kept.note, [made.public], 1)
    (winner,) = (fork for fork, one in zip(forks, results, strict=True) if one in won)
    assert kept.root == winner.checkpoint().root


def test_of_several_requests_at_once_to_a_real_witness_one_wins(tmp_path: Path) -> None:
    log = SmallLog()
    log.grow(2)
    with witness_process(tmp_path / "witness", log.vkey) as witness:
        assert post(witness, log.body(0)) == 200
        forks = two_histories(log, 2)
        bodies = [fork.body(2) for fork in forks]
        results = at_once([lambda body=body: post(witness, body) for body in bodies])  # type: ignore[misc]
    assert sorted(map(str, results)) == ["200"] + ["409"] * (HISTORIES - 1)


def post(witness: Process, body: bytes) -> int:
    connection = HTTPConnection("127.0.0.1", witness.port, timeout=PATIENCE)
    try:
        connection.request("POST", "/add-checkpoint", body)
        return connection.getresponse().status
    finally:
        connection.close()


def test_killed_after_it_kept_and_before_it_answered(tmp_path: Path) -> None:
    log = SmallLog()
    log.grow(5)
    with witness_process(tmp_path / "witness", log.vkey, program=[str(DYING)]) as witness:
        with pytest.raises((RemoteDisconnected, ConnectionError)):
            post(witness, log.body(0))
        assert witness.process.wait(PATIENCE) == -9
        kept = witness.house.cosigned(log.origin)
        assert kept is not None
        assert (kept.size, kept.root) == (5, log.checkpoint().root)
        witness.start_again()
        # Nobody saw that cosignature, and all the same it holds: another history is refused.
        fork = log.fork(2)
        fork.grow(9, "another leaf")
        assert post(witness, fork.body(0)) == 409
        assert post(witness, fork.body(5)) == 422
        # The log asks as it did, is told where it stands, and gets its cosignature.
        assert post(witness, log.body(0)) == 409
        assert post(witness, log.body(5)) == 200
        log.grow(1)
        assert post(witness, log.body(5)) == 200


def test_what_cannot_be_kept_is_not_cosigned(tmp_path: Path) -> None:
    log = SmallLog()
    log.grow(5)
    made = house(tmp_path / "witness", log.vkey)
    assert made.post(log.body(0, 3)).status == 200
    database = connect(WitnessFolder(made.path).database)
    database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON checkpoints BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    told = made.post(log.body(3, 5))
    assert (told.status, told.text) == (500, "")
    kept = made.cosigned(log.origin)
    assert kept is not None
    assert kept.size == 3
    database.execute("DROP TRIGGER full")
    database.close()
    assert made.post(log.body(3, 5)).status == 200


def test_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    made = house(tmp_path / "witness")
    with closing(open_store(made.path)) as store:
        (level,) = store._connection.execute("PRAGMA synchronous").fetchone()
        (mode,) = store._connection.execute("PRAGMA journal_mode").fetchone()
    assert (level, mode) == (2, "wal")


def test_a_database_of_another_release_is_refused(tmp_path: Path, command: Command) -> None:
    made = house(tmp_path / "witness")
    database = connect(WitnessFolder(made.path).database)
    database.execute("PRAGMA user_version = 9")
    database.close()
    code, _, told = command("status", str(made.path))
    assert code == 1
    assert "connector-store-unreadable" in told


# -- the command ----------------------------------------------------------------------------------
def test_init_makes_a_key_that_nobody_else_can_read(tmp_path: Path, command: Command) -> None:
    path = tmp_path / "witness"
    code, vkey, _ = command("init", str(path), "--name", NAME)
    assert code == 0
    assert vkey.startswith(f"{NAME}+")
    assert parse_witness(vkey.strip()).name == NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for name in ("key.pem", "witness.db"):
        assert stat.S_IMODE((path / name).stat().st_mode) == 0o600
    before = (path / "key.pem").read_bytes()
    assert command("init", str(path), "--name", NAME)[0] == 1
    assert (path / "key.pem").read_bytes() == before
    log = SmallLog()
    assert command("add-log", str(path), log.vkey)[:2] == (0, f"Added the log {log.origin}.\n")
    code, told, _ = command("status", str(path))
    assert code == 0
    assert log.vkey in told
    assert vkey in told
    assert command("remove-log", str(path), log.vkey)[0] == 0
    assert command("remove-log", str(path), log.vkey)[0] == 1


@pytest.mark.parametrize("name", ["", "two words", "a+b"])
def test_a_name_that_no_key_can_have_makes_nothing(
    tmp_path: Path, command: Command, name: str
) -> None:
    path = tmp_path / "witness"
    assert command("init", str(path), "--name", name)[0] == 1
    assert not path.exists()


def test_wrong_keys_folders_and_addresses_are_told(tmp_path: Path, command: Command) -> None:
    path = tmp_path / "witness"
    made = house(path)
    for words in (
        ("add-log", str(path), made.public.vkey),
        ("add-log", str(path), "nonsense"),
        ("add-log", str(tmp_path / "nowhere"), SmallLog().vkey),
        ("serve", str(path), "--listen", "nowhere"),
        ("serve", str(path), "--listen", "127.0.0.1:99999"),
        ("serve", str(tmp_path / "nowhere")),
    ):
        code, _, told = command(*words)
        assert (code, bool(told)) == (1, True), words
    path.chmod(0o755)
    assert command("status", str(path))[0] == 1

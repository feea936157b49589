"""A real hub and real witnesses, each a process of its own: killed, copied, rewritten, cut off."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from plaintext import Plaintext
from world.serving import PATIENCE, Served, environment, free_port, start, until_ready
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, Town
from world.witnessing import Process, witness_process

from certs.canonical import Json, parse
from certs.cosignature import parse_witness, verify_cosignatures
from certs.keys import write_secret
from certs.note import open_checkpoint, parse_vkey, vkey
from certs.proof_file import read_proof, verify_proof
from certs.tree import leaf_hash
from hub.access import connectors
from hub.runtime import open_hub
from hub.settings import load
from hub.storage.folder import Folder

ROOT = Path(__file__).resolve().parents[2]
DYING = ROOT / "tests" / "connectors" / "witness" / "dying_witness.py"


def until(what: str, holds: Callable[[], bool]) -> None:
    """Look until it holds; an event that nobody sets gives the pause between."""
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if holds():
            return
        pause.wait(0.05)
    raise AssertionError(what)


@dataclass
class Running:
    """A hub that serves, and its witnesses."""

    served: Served
    witnesses: list[Process]

    def ledger(self) -> dict[str, Json]:
        told = parse(
            self.served.http("GET", "/.well-known/yifen").body, max_bytes=1 << 20, max_depth=8
        )
        assert isinstance(told, dict)
        ledger = told["ledger"]
        assert isinstance(ledger, dict)
        return ledger

    def sizes(self) -> list[int]:
        rows = self.ledger()["witnesses"]
        assert isinstance(rows, list)
        return [int(str(row["size"])) for row in rows if isinstance(row, dict)]

    def size(self) -> int:
        return int(self.served.http("GET", "/ledger/checkpoint").body.split(b"\n")[1])

    def cosigned(self) -> int:
        """The size of the newest checkpoint with a quorum; 0 if there is none."""
        answer = self.served.http("GET", "/ledger/cosigned")
        return int(answer.body.split(b"\n")[1]) if answer.status == 200 else 0

    def ask(self) -> int:
        return self.served.call(self.served.gateway().lookup()).status

    def short(self) -> bool:
        return self.ledger()["shortfall"] is True

    def asked_and_cosigned(self) -> None:
        """One more question, and a quorum over it."""
        before = self.size()
        # On a machine that is busy with other things a quorum may take longer than it should.
        until("an answer", lambda: self.ask() == 200)
        until("a quorum", lambda: self.cosigned() > before)


@contextmanager
def hub(folder: Path, town: Town, *, workers: int = 1, port: int = 0) -> Iterator[Served]:
    """Serve a hub's folder as it is, at the address of its settings unless told otherwise."""
    address = load(Folder(folder).settings).public_origin
    at = port or int(address.rpartition(":")[2])
    log = folder.parent / f"{folder.name}.log"
    process = start(folder, log, workers=workers)
    try:
        served = Served(town, folder, at, process)
        until_ready(served, log)
        yield served
    finally:
        process.terminate()
        process.wait(PATIENCE)


def founded(town: Town, folder: Path, witnesses: list[Process], quorum: int, max_age: int) -> None:
    """A copy of a town whose hub has these witnesses."""
    town.copy(folder, f"http://127.0.0.1:{free_port()}")
    with Folder(folder).settings.open("a", encoding="utf-8") as file:
        file.write(f"\n[witness]\nquorum = {quorum}\nmax_age = {max_age}\n\n")
        file.write("\n".join(one.table for one in witnesses))


@pytest.fixture(scope="session")
def log_vkey(town_today: Town) -> str:
    """The verifier key of the town's log."""
    opened = open_hub(town_today.root)
    key = vkey(opened.origin, opened.checkpoint_key)
    opened.close()
    return key


@contextmanager
def running(
    town: Town,
    folder: Path,
    log_vkey: str,
    *,
    witnesses: int = 3,
    quorum: int = 2,
    max_age: int = 300,
    workers: int = 1,
    programs: tuple[list[str], ...] = (),
) -> Iterator[Running]:
    """A hub with so many witnesses, all serving; ``programs`` runs in place of the first ones."""
    with ExitStack() as stack:
        houses = []
        for number in range(witnesses):
            program = programs[number] if number < len(programs) else []
            context = witness_process(
                folder / f"w{number}", log_vkey, name=f"w{number}.example", program=program
            )
            houses.append(stack.enter_context(context))
        founded(town, folder / "hub", houses, quorum, max_age)
        served = stack.enter_context(hub(folder / "hub", town, workers=workers))
        yield Running(served, houses)


def test_two_of_three_are_enough_and_the_third_catches_up(
    town_today: Town, tmp_path: Path, log_vkey: str
) -> None:
    with running(town_today, tmp_path, log_vkey) as here:
        until("a first quorum", lambda: here.cosigned() == here.size())
        here.witnesses[1].stop(signal.SIGKILL)
        for _ in range(3):
            here.asked_and_cosigned()
        sizes = here.sizes()
        assert sizes[1] < sizes[0] == sizes[2] == here.cosigned()
        note = here.served.http("GET", "/ledger/cosigned").body.decode()
        pins = [one.house.public for one in here.witnesses]
        made = verify_cosignatures(note, pins, 2)
        assert [one.name for one in made] == ["w0.example", "w2.example"]
        here.witnesses[1].start_again()
        until("the third", lambda: len(set(here.sizes())) == 1)
        note = here.served.http("GET", "/ledger/cosigned").body.decode()
        assert len(verify_cosignatures(note, pins, 3)) == 3
        # An auditor asks a witness itself, and need not believe the hub.
        kept = here.witnesses[1].house.cosigned(parse_vkey(log_vkey)[0])
        assert kept is not None
        assert open_checkpoint(kept.note, [parse_vkey(log_vkey)]).size == here.cosigned()


def test_a_witness_killed_between_keeping_and_answering_is_caught_up_with(
    town_today: Town, tmp_path: Path, log_vkey: str
) -> None:
    dying = ([str(DYING)],)
    with running(town_today, tmp_path, log_vkey, witnesses=2, quorum=2, programs=dying) as here:
        dead = here.witnesses[0]
        assert dead.process.wait(PATIENCE) == -signal.SIGKILL
        kept = dead.house.cosigned(parse_vkey(log_vkey)[0])
        assert kept is not None
        assert kept.size > 0
        assert here.cosigned() == 0
        dead.start_again()
        # The hub believes that the witness knows nothing; the witness tells it otherwise.
        until("a quorum", lambda: here.cosigned() >= kept.size)
        here.asked_and_cosigned()
        assert here.short() is False


def test_questions_stop_in_every_worker_and_go_on_again(
    town_today: Town, tmp_path: Path, log_vkey: str
) -> None:
    with running(
        town_today, tmp_path, log_vkey, witnesses=2, quorum=2, max_age=3, workers=2
    ) as here:
        # Connections spread over the workers: ten answers in a row are of all of them.
        until("available", lambda: all(here.ask() == 200 for _ in range(10)))
        here.asked_and_cosigned()
        here.witnesses[0].stop()
        before = here.size()
        assert here.ask() == 200
        until("unavailable", lambda: all(here.ask() == 503 for _ in range(10)))
        refused = here.served.call(here.served.gateway().lookup())
        assert refused.code == "unavailable"
        assert refused.receipt is None
        facts = refused.document["facts"]
        assert facts == {"why": "witness"}
        assert here.served.http("GET", "/readyz").status == 200
        assert here.short() is True
        size = here.size()
        assert all(here.ask() == 503 for _ in range(5))
        until("the last checkpoint", lambda: here.size() >= size)
        entered = here.size()
        assert entered > before
        here.witnesses[0].start_again()
        until("available", lambda: all(here.ask() == 200 for _ in range(10)))
        assert here.short() is False


def test_a_copied_hub_that_goes_its_own_way_is_refused(
    town_today: Town, tmp_path: Path, log_vkey: str
) -> None:
    """The folder with its keys and its log, served twice: of two histories one is witnessed."""
    with ExitStack() as stack:
        houses = [
            stack.enter_context(witness_process(tmp_path / f"w{n}", log_vkey, name=f"w{n}.example"))
            for n in range(2)
        ]
        first = tmp_path / "hub"
        founded(town_today, first, houses, quorum=2, max_age=3)
        with hub(first, town_today) as served:
            here = Running(served, houses)
            until("a first quorum", lambda: here.cosigned() == here.size())
        copy = tmp_path / "copy"
        shutil.copytree(first, copy)
        settings = Folder(copy).settings
        text = settings.read_text(encoding="utf-8")
        settings.write_text(
            text.replace(load(settings).public_origin, f"http://127.0.0.1:{free_port()}"),
            encoding="utf-8",
        )
        one = Running(stack.enter_context(hub(first, town_today)), houses)
        here = one
        one.asked_and_cosigned()
        two = Running(stack.enter_context(hub(copy, town_today)), houses)
        # It answers as long as it may, and its entries find no witness.
        for _ in range(3):
            two.ask()
        until("a shortfall", two.short)
        assert two.ask() == 503
        until("the second history", lambda: two.size() > one.cosigned())
        assert two.cosigned() < two.size()
        until(
            "evidence",
            lambda: all(house.house.refused(parse_vkey(log_vkey)[0]) for house in houses),
        )
        # The first one goes on, and the witnesses hold what convicts whoever has the keys.
        one.asked_and_cosigned()
        assert one.short() is False
        (refused, *_) = houses[0].house.refused(parse_vkey(log_vkey)[0])
        trusted = [parse_vkey(log_vkey)]
        forged, kept = (open_checkpoint(note, trusted) for note in (refused.note, refused.kept))
        assert forged.origin == kept.origin
        assert forged.root != kept.root
        told = doctor(copy)
        assert "w0.example" in told
        assert "refused" in told or "ahead" in told


def doctor(folder: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "hub", "--folder", str(folder), "doctor"],
        env={**environment(), "YIFEN_LANG": "en"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in run.stderr
    return run.stdout


def test_a_connector_that_pins_witnesses_proves_by_them_alone(
    town_today: Town, tmp_path: Path, log_vkey: str
) -> None:
    home = tmp_path / "home"

    def connector(*words: str, stdin: str = "") -> str:
        run = subprocess.run(
            [sys.executable, "-m", "connectors", "--home", str(home), "--json", *words],
            input=stdin,
            env=environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    with ExitStack() as stack:
        houses = [
            stack.enter_context(witness_process(tmp_path / f"w{n}", log_vkey, name=f"w{n}.example"))
            for n in range(2)
        ]
        folder = tmp_path / "hub"
        founded(town_today, folder, houses, quorum=2, max_age=300)
        opened = open_hub(folder)
        invitation = connectors.invite(opened.changes, ADMINISTRATOR, opened.trust, "nrb", "window")
        opened.close()
        write_secret(tmp_path / "invitation", f"{invitation}\n".encode())
        here = Running(stack.enter_context(hub(folder, town_today)), houses)
        connector("enrol", str(tmp_path / "invitation"))
        with (home / "connector.toml").open("a", encoding="utf-8") as file:
            file.write("quorum = 2\n")
            file.writelines(
                f'\n[[ledger.witnesses]]\nvkey = "{one.house.public.vkey}"\n' for one in houses
            )
        until("a first quorum", lambda: here.cosigned() == here.size() and not here.short())
        asked = json.loads(
            connector(
                *("lookup", "resident", "--subject-type", "resident_id", "--items", "name,sex"),
                *("--purpose", PURPOSE, "--officer", "nrb.officer"),
                stdin=SUBJECTS[0],
            )
        )
        entry = asked["proof"]["entry"]
        until("its quorum", lambda: here.cosigned() > entry)
        assert json.loads(connector("receipts", "fetch"))["proven"] == 1
        files = tmp_path / "files"
        files.mkdir()
        file_ = files / "entry.tlog-proof"
        connector("receipts", "proof", str(entry), str(file_))
        evidence = tmp_path / "evidence.json"
        connector("receipts", "export", str(entry), str(evidence))
    # Everything has ended; what was written proves itself.
    told = json.loads(connector("receipts", "verify", str(evidence)))
    assert [one["name"] for one in told["witnesses"]] == ["w0.example", "w1.example"]
    proof = read_proof(file_.read_text(encoding="utf-8"))
    head, made = verify_proof(
        proof,
        leaf_hash(proof.extra or b""),
        origin=parse_vkey(log_vkey)[0],
        trusted=[parse_vkey(log_vkey)],
        witnesses=[parse_witness(one.house.public.vkey) for one in houses],
        quorum=2,
    )
    assert head.size > entry
    assert len(made) == 2
    assert Plaintext([SUBJECTS[0], "张三丰", "nrb.officer"]).in_folder(files) == []

"""An auditor who believes nothing but the keys that the department was given, with the one file.

A hub that really serves, a connector that really asks, and the file in a process that can import
nothing of ours.
"""

import json
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from world.auditing import Auditor, Witness, cosigned, export_of
from world.serving import PATIENCE, Served, environment
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, World

from certs.canonical import canonical, parse
from certs.keys import write_secret
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest, read_leaf
from certs.note import vkey
from certs.signatures import SKEW
from hub.access import connectors, grants
from hub.ledger.checkpoint import newest
from hub.ledger.tiles import tile_path, tiles_of
from hub.ops.restore import offline
from hub.runtime import open_hub
from hub.storage.sqlite import connect

ROOT = Path(__file__).resolve().parents[2]
WITNESSES = (Witness("witness.example/w1"), Witness("witness.example/w2"))


@dataclass(frozen=True)
class Department:
    """A department with its connector, and what it pinned when it enrolled."""

    home: Path

    def run(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "connectors", "--home", str(self.home), "--json", *words],
            input=stdin,
            env=environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def lookup(self, subject: str) -> int:
        """Ask; the index of the answer's entry."""
        words = ["--subject-type", "resident_id", "--items", "name", "--officer", "nrb.officer"]
        told = json.loads(
            self.run("lookup", "resident", *words, "--purpose", PURPOSE, stdin=subject)
        )
        assert told["found"] is True
        return int(told["proof"]["entry"])

    @property
    def pins(self) -> tuple[str, str]:
        """Fingerprint of the root, and the log's key, from the invitation."""
        settings = tomllib.loads((self.home / "connector.toml").read_text("utf-8"))
        return str(settings["root"]), str(settings["ledger"]["vkey"])


@pytest.fixture
def department(served: Served, tmp_path: Path) -> Department:
    hub = open_hub(served.folder)
    invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "window")
    hub.close()
    write_secret(tmp_path / "invitation", f"{invitation}\n".encode())
    found = Department(tmp_path / "home")
    found.run("enrol", str(tmp_path / "invitation"))
    return found


@pytest.fixture(scope="module")
def auditor(tmp_path_factory: pytest.TempPathFactory) -> Auditor:
    return Auditor.at(tmp_path_factory.mktemp("auditor"))


def hub_command(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "--folder", str(folder), *words],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def checkpoint_beyond(served: Served, entry: int) -> bytes:
    """A checkpoint with that entry, at most a second after it; nobody sets the event."""
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        note = served.http("GET", "/ledger/checkpoint").body
        if int(note.split(b"\n")[1]) > entry:
            return note
        pause.wait(0.05)
    raise AssertionError(entry)


def mirrored(served: Served, folder: Path) -> Path:
    """What anyone may fetch from below ``/ledger``."""
    fetched: dict[str, bytes] = {}

    def fetch(name: str) -> bytes:
        answer = served.http("GET", f"/ledger/{name}")
        assert answer.status == 200, name
        fetched[name] = answer.body
        return answer.body

    size = int(fetch("checkpoint").decode().split("\n")[1])
    for level, index, width in tiles_of(size):
        fetch(f"tile/{tile_path(level, index, width)}")
        if level == 0:
            fetch(f"tile/{tile_path(None, index, width)}")
    for name, data in fetched.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_receipt_and_log_of_a_serving_hub(
    served: Served, department: Department, auditor: Auditor, tmp_path: Path
) -> None:
    entry = department.lookup(SUBJECTS[0])
    kept = tmp_path / "kept.txt"
    kept.write_bytes(checkpoint_beyond(served, entry))
    department.run("receipts", "fetch")
    root, log = department.pins

    # 1 The department's evidence holds at somebody who has the pins and nothing else.
    evidence = tmp_path / "evidence.json"
    department.run("receipts", "export", str(entry), str(evidence))
    verdict = auditor.verify("receipt", evidence, "--root", root, "--log", log)
    assert verdict.faults == []
    assert "inclusion-good" in verdict.passed

    # 2 So does the proof that the hub gives to anyone.
    proof = tmp_path / "entry.tlog-proof"
    proof.write_bytes(served.http("GET", f"/ledger/proof/{entry}").body)
    verdict = auditor.verify("receipt", evidence, "--root", root, "--log", log, "--proof", proof)
    assert verdict.faults == []

    # 3 The whole log, exported beside the serving hub, is the one that the department saw.
    hub_command(served.folder, "ledger", "export", str(tmp_path / "export"))
    verdict = auditor.verify("export", tmp_path / "export", "--log", log, "--seen", kept)
    assert verdict.faults == []
    assert {"tree-good", "order-good", "seen-good"} <= verdict.passed
    verdict = auditor.verify("export", tmp_path / "export", "--root", root, "--seen", kept)
    assert verdict.faults == []

    # 4 And the one that anyone can fetch, as far as it is opened to them.
    mirror = mirrored(served, tmp_path / "mirror")
    words = ("--log", log, "--seen", kept, "--tree-only")
    assert auditor.verify("export", mirror, *words).faults == []
    verdict = auditor.verify(
        "compare", kept, mirror / "checkpoint", "--log", log, "--tiles", mirror
    )
    assert verdict.faults == []


# -- an operator with every key ----------------------------------------------------------------
@dataclass(frozen=True)
class Case:
    """A town with a past, what outsiders kept of it, and the auditor."""

    world: World
    auditor: Auditor
    folder: Path
    kept: Path
    cosigned: str
    """The note that witnesses have signed."""

    @property
    def log(self) -> str:
        return vkey(self.world.hub.origin, self.world.hub.checkpoint_key)

    def export(self, *, cosigned: bool = True) -> Path:
        folder = export_of(self.world.hub, self.folder / "export")
        if cosigned:
            (folder / "cosigned").write_text(self.cosigned, "utf-8")
        return folder

    def whys(self, folder: Path, *words: str | Path) -> set[object]:
        verdict = self.auditor.verify("export", folder, "--log", self.log, *words)
        assert verdict.status == (1 if verdict.faults else 0)
        return verdict.whys

    @property
    def witnesses(self) -> list[str]:
        return [word for one in WITNESSES for word in ("--witness", one.vkey)]


@pytest.fixture
def case(world: World, auditor: Auditor, tmp_path: Path) -> Case:
    for subject in SUBJECTS[:5]:
        found = {"id": subject, "type": "resident_id"}
        assert world.ask(world.nrb.lookup(subject=found)).status == 200
    world.regrant(daily_quota=50)
    assert world.ask(world.nrb.lookup()).status == 200
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "revoked")
    assert world.ask(world.nrb.lookup()).status == 403
    world.hub.checkpointer.step()
    found_note = newest(world.hub.reading)
    assert found_note is not None
    kept = tmp_path / "kept.txt"
    kept.write_text(found_note.note, "utf-8")
    return Case(world, auditor, tmp_path, kept, cosigned(found_note.note, WITNESSES))


def sign_again(world: World) -> None:
    """The operator throws the tree away and lets the hub sign a new one."""
    connection = world.hub.store.connection
    for table in ("checkpoints", "tiles"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 our own names
    world.hub.settings.checkpoint_copy.unlink()
    world.hub.close()
    world.hub = open_hub(world.root, world.time)
    assert world.hub.checkpointer.step() is not None


def rewrite(world: World, position: int, **changes: str | None) -> None:
    """An entry written again in the database, consistent in itself."""
    connection = world.hub.store.connection
    leaf, control, salts = connection.execute(
        "SELECT leaf, control, salts FROM entries WHERE position = ?", (position,)
    ).fetchone()
    read, members = read_leaf(leaf), parse(control, max_bytes=1 << 20, max_depth=9)
    assert isinstance(members, dict)
    changed = canonical(members | changes)
    digest = part_digest("control", salts[:SALT_BYTES], changed)
    again = leaf_bytes(read.kind, read.time, digest, read.person, read.internal)
    connection.execute(
        "UPDATE entries SET leaf = ?, control = ? WHERE position = ?", (again, changed, position)
    )


def test_the_honest_log(case: Case) -> None:
    assert case.whys(case.export(), "--seen", case.kept, *case.witnesses) == set()


def test_an_entry_rewritten_in_the_database(case: Case) -> None:
    rewrite(case.world, case.world.entries() - 5, purpose="school_enrolment")
    folder = case.export()
    whys = case.whys(folder, "--seen", case.kept)
    assert whys == {"entry-changed", "grant-purposes"}


def test_the_log_rewritten_and_signed_again_by_the_hub(case: Case) -> None:
    """All that the hub itself says agrees; whoever kept a note or asks for witnesses sees it."""
    rewrite(case.world, case.world.entries() - 5, connector=None, channel="console")
    sign_again(case.world)
    folder = case.export(cosigned=False)
    assert case.whys(folder) == set()
    assert case.whys(folder, "--seen", case.kept) == {"fork"}
    assert case.whys(folder, *case.witnesses) == {"quorum"}
    (folder / "cosigned").write_text(case.cosigned, "utf-8")
    assert case.whys(folder, *case.witnesses) == {"fork"}
    verdict = case.auditor.verify("compare", case.kept, "--tiles", folder, "--log", case.log)
    assert verdict.whys == {"pair-fork"}


def test_the_revocation_taken_out_of_the_log(case: Case) -> None:
    """Entries move up, and everything is signed again."""
    connection = case.world.hub.store.connection
    end = case.world.entries() - 2
    assert case.world.entry(end)[0] == "grant"
    connection.execute("DELETE FROM entries WHERE position = ?", (end,))
    connection.execute("UPDATE entries SET position = position - 1 WHERE position > ?", (end,))
    sign_again(case.world)
    folder = case.export(cosigned=False)
    assert case.whys(folder) == {"epoch"}
    assert case.whys(folder, "--seen", case.kept) == {"epoch", "tail"}


def test_the_newest_entries_taken_out_of_the_log(case: Case) -> None:
    connection = case.world.hub.store.connection
    connection.execute("DELETE FROM entries WHERE position >= ?", (case.world.entries() - 2,))
    sign_again(case.world)
    folder = case.export(cosigned=False)
    assert case.whys(folder) == set()
    assert case.whys(folder, "--seen", case.kept) == {"tail"}


def test_a_log_that_a_real_restore_has_continued(case: Case) -> None:
    """The database of yesterday, the checkpoint of today: what was lost is told, none is hidden."""
    world = case.world
    older = case.folder / "older.txt"
    older.write_text(case.kept.read_text("utf-8"), "utf-8")
    backup = case.folder / "backup.db"
    source, target = connect(world.root / "control.db"), connect(backup, "rwc")
    source.backup(target)
    source.close()
    target.close()
    for _ in range(3):
        assert world.ask(world.nrb.lookup()).status == 403
    world.hub.checkpointer.step()
    newer = case.folder / "newer.txt"
    shutil.copy(world.hub.settings.checkpoint_copy, newer)
    key = world.hub.checkpoint_key
    world.hub.close()
    for name in ("control.db", "control.db-wal", "control.db-shm"):
        (world.root / name).unlink(missing_ok=True)
    shutil.copy(backup, world.root / "control.db")
    with offline(world.root, world.time) as restoration:
        restoration.open(restoration.survey(restoration.gather([])))
    world.time.advance(SKEW * 1000)
    world.hub = open_hub(world.root, world.time)
    assert world.ask(world.nrb.lookup()).status == 403
    world.hub.checkpointer.step()

    folder = case.export(cosigned=False)
    pins = ("--log", vkey("demo.yifen/ledger/1", key))
    verdict = case.auditor.verify(
        "export", folder, "--log", case.log, *pins, "--seen", older, "--seen", newer
    )
    assert verdict.faults == []
    assert "seen-good" in verdict.passed
    assert "declared-loss" in verdict.remarks

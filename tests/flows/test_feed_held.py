"""``connector subscribe`` over materials, licences and open cases, against a hub of two workers.

And the emergency stop while it follows, also of a dataset that is published.
"""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from world.asking import Gateway
from world.casework import casework
from world.feeding import Provider, Row, terms
from world.filing import LEASE
from world.held import COMPANIES, HOLDERS, Businesses, looked_up
from world.licences import DATASET
from world.licensing import LOOKED_UP
from world.opened import Counter
from world.serving import Served, environment, free_port, start, until_ready
from world.time import Time
from world.town import ADMINISTRATOR, PASSWORD, PURPOSE, Town, World

from catalog.licences.status import Act
from certs.canonical import parse
from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation
from hub.access import connectors, grants
from hub.clock import system_clock
from hub.errors import Conflict, NotFound
from hub.ops.verify import verification
from hub.runtime import open_hub

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
ROWS: list[Row] = [(f"L{number}", number % 40, f"note {number}") for number in range(200)]
A, B, C, _ = HOLDERS


class Ticking(Time):
    """The real clock, where a test's own is expected."""

    def __call__(self) -> int:
        return system_clock()


class Beside(World):
    """A process of the hub beside those that serve."""

    def gateway(self, department: str) -> Gateway:
        return self.town.gateway(department, self.time, self.hub.settings.public_origin)


@dataclass
class Desk:
    """An enrolled connector's folder beside a serving hub, and a hand on what is followed."""

    served: Served
    root: Path
    world: World
    counter: Counter
    businesses: Businesses
    provider: Provider
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / "home"

    def start(self, dataset: str, *more: str) -> "subprocess.Popen[str]":
        words = ["--lang", "en", "--json", "--home", str(self.home), "subscribe", dataset]
        words += ["--into", str(self.root / dataset)]
        words += ["--purpose", PURPOSE, "--officer", "nrb.officer"]
        process = subprocess.Popen(
            [sys.executable, "-m", "connectors", *words, *more],
            env=environment(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def run(self, dataset: str, *more: str) -> tuple[int, dict[str, object], str]:
        process = self.start(dataset, *more)
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err
        return process.returncode, json.loads(out) if out.strip() else {}, err

    def lines(self, dataset: str) -> list[dict[str, object]]:
        files = sorted((self.root / dataset).glob("*.ndjson"))
        return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]

    def copy(self, dataset: str) -> dict[str, dict[str, object]]:
        """What a consumer of the lines holds: items by row."""
        rows: dict[str, dict[str, object]] = {}
        named: set[str] = set()
        for line in self.lines(dataset):
            row = str(line.get("row"))
            named.add(row)
            if line.get("reset") == "begins":
                named = set()
            elif line.get("reset") == "ends":
                rows = {name: told for name, told in rows.items() if name in named}
            elif line["change"] == "removed":
                rows.pop(row, None)
            else:
                items = line["items"]
                assert isinstance(items, dict)
                rows[row] = items
        return rows

    def values(self, dataset: str, item: str) -> list[str]:
        return sorted(str(one.get(item)) for one in self.copy(dataset).values())

    def sound(self) -> None:
        hub = self.world.hub
        checked = verification(hub.folder, hub.settings, hub.reading)
        assert checked.run(lambda _done, _all: None).faults == ()


@pytest.fixture
def desk(town_today: Town, tmp_path: Path) -> Iterator[Desk]:
    folder, port, log = tmp_path / "hub", free_port(), tmp_path / "hub.log"
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    hub = open_hub(folder)
    world = Beside(folder, town_today, hub, Ticking())
    counter = Counter.of(casework(world))
    businesses = Businesses.of(world)
    provider = Provider.of(hub)
    provider.publish(ROWS)
    grants.issue(hub.changes, ADMINISTRATOR, terms(system_clock()))
    invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "window")
    process = start(folder, log, workers=2)
    made = None
    try:
        served = Served(town_today, folder, port, process)
        until_ready(served, log)
        enrol(read_invitation(invitation), tmp_path / "home")
        made = Desk(served, tmp_path, world, counter, businesses, provider)
        yield made
    finally:
        for one in [] if made is None else made.processes:
            if one.poll() is None:
                one.kill()
            for stream in (one.stdout, one.stderr):
                if stream is not None:
                    stream.close()
            one.wait(PATIENCE)
        process.terminate()
        process.wait(PATIENCE)
        hub.close()


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.05)


def test_materials_are_followed_and_proven(desk: Desk) -> None:
    leases = desk.counter.leases
    first, second = leases.file(A), leases.file(B)
    code, told, err = desk.run(LEASE)
    assert code == 0, err
    assert (told["upserted"], told["resets"]) == (2, 1)
    leases.set(first, "suspended")
    third = leases.file(C)
    code, told, _ = desk.run(LEASE)
    assert (code, told["upserted"], told["removed"], told["resets"]) == (0, 1, 1, 0)
    assert desk.values(LEASE, "material_no") == sorted([second, third])
    assert desk.run(LEASE)[1]["pages"] == 0
    with Connector.open(desk.home) as connector:
        until(lambda: not connector.prove().waiting, "proofs")
        entry = desk.lines(LEASE)[-1]["entry"]
        assert isinstance(entry, int)
        kept = connector.receipts.entry(entry)
        assert (kept.state, kept.operation) == ("proven", "feed")
        connector.verify_evidence(connector.export(kept))
    desk.sound()


def test_killed_at_any_moment_nothing_is_lost(desk: Desk) -> None:
    chance = random.Random(7)  # noqa: S311 no secret
    leases = desk.counter.leases
    filed = [leases.file(one, f"Lease {n}") for n in range(4) for one in (A, B, C)]
    for number in range(6):
        process = desk.start(LEASE, "--most", "2")
        try:
            process.communicate(timeout=chance.uniform(0.4, 1.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        leases.set(filed[number], chance.choice(["suspended", "withdrawn"]))
        leases.file(A, f"Later {number}")
    code, _, err = desk.run(LEASE)
    assert code == 0, err
    shown = looked_up(desk.world.hub, leases, HOLDERS)
    assert desk.values(LEASE, "material_no") == sorted(one.split("/")[0] for one in shown)


def test_a_revocation_comes_to_who_follows(desk: Desk) -> None:
    licence, _ = desk.businesses.issue(COMPANIES[0], "1")
    process = desk.start(LOOKED_UP, "--follow")
    until(lambda: desk.values(LOOKED_UP, "status") == ["01"], "the first copy")
    desk.businesses.act(licence, Act.REVOKE)
    until(lambda: desk.values(LOOKED_UP, "status") == ["07"], "the revocation")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert json.loads(out)["upserted"] == 2


def test_open_cases_are_followed_and_a_case_that_is_not_ours_is_refused(desk: Desk) -> None:
    counter, known = desk.counter, desk.root / "cases.txt"
    for one in (A, B):
        counter.leases.file(one)
    numbers = [counter.open(one) for one in (A, B)]
    known.write_text(f"{numbers[0]}\n{numbers[1]}\n", encoding="utf-8")
    following = ("--open-cases", "--known-cases", str(known))
    code, told, err = desk.run(LEASE, *following)
    assert (code, told["upserted"]) == (0, 2), err
    cases = [line["case"] for line in desk.lines(LEASE) if "change" in line]
    assert sorted(cases, key=str) == numbers
    counter.act(numbers[0], "withdraw")
    code, told, _ = desk.run(LEASE, *following)
    assert (code, told["removed"], told["resets"]) == (0, 1, 0)
    assert desk.values(LEASE, "holder_id") == [B]
    with Connector.open(desk.home) as connector:
        until(lambda: not connector.prove().waiting, "proofs")
        entry = desk.lines(LEASE)[-1]["entry"]
        assert isinstance(entry, int)
        kept = connector.receipts.entry(entry)
        connector.verify_evidence(connector.export(kept))
    # Somebody opens a case in our name that we have never heard of.
    counter.leases.file(C)
    counter.open(C)
    before = desk.copy(LEASE)
    code, _, err = desk.run(LEASE, *following)
    assert code != 0
    assert desk.copy(LEASE) == before
    with Connector.open(desk.home) as connector:
        (alarm,) = connector.receipts.alarms(limit=2)
        assert alarm.why == "cases"
    desk.sound()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--open-cases", "--subjects", "{file}"), "subjects-or-cases"),
        (("--known-cases", "{file}"), "cases-of-nothing"),
    ],
)
def test_options_that_contradict_each_other(desk: Desk, words: tuple[str, ...], why: str) -> None:
    file = desk.root / "file"
    file.write_text("1\n", encoding="utf-8")
    code, told, _ = desk.run(LEASE, *(word.format(file=file) for word in words))
    assert code != 0
    assert why in json.dumps(told)


# -- the emergency stop ---------------------------------------------------------------------------
@pytest.mark.parametrize("what", ["dataset", "department"])
@pytest.mark.parametrize("dataset", [DATASET, LEASE, LOOKED_UP])
def test_from_the_entry_of_a_stop_on_nobody_follows(desk: Desk, dataset: str, what: str) -> None:
    """With two workers, and changes that come all the while; and it goes on once it is lifted."""
    desk.counter.leases.file(A)
    licence, _ = desk.businesses.issue(COMPANIES[0], "1")
    process = desk.start(dataset, "--follow")
    until(lambda: desk.copy(dataset), "the first copy")
    token = str(called(desk, "", "/v1/session", account="admin", password=PASSWORD)["token"])
    code = dataset if what == "dataset" else "nrb"
    stop = called(desk, token, "/v1/stops", what=what, code=code, reason="疑似泄露")

    def change() -> None:
        if dataset == DATASET:
            desk.provider.change([("L1", 1, "after the stop")])
        elif dataset == LEASE:
            desk.counter.leases.file(B, title="after the stop")
        else:
            desk.businesses.act(licence, Act.REVOKE)

    changed = True
    try:
        change()
    except (Conflict, NotFound):
        changed = False  # what is stopped takes nothing in either
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "Traceback" not in err
    held = json.dumps(desk.lines(dataset), ensure_ascii=False)
    before, after = outcomes(desk)
    assert "answered" in before
    assert after <= {"refused"}
    for _ in range(4):
        assert desk.run(dataset)[0] != 0
    assert json.dumps(desk.lines(dataset), ensure_ascii=False) == held
    called(desk, token, f"/v1/stops/{stop['id']}/lift", reason="查明为误报")
    if not changed:
        change()
    code_, told, err = desk.run(dataset)
    assert (code_, told["resets"], told["upserted"]) == (0, 0, 1), err
    desk.sound()


def called(desk: Desk, token: str, path: str, **body: str) -> dict[str, object]:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    answer = desk.served.http("POST", path, headers, json.dumps(body).encode())
    assert answer.status in {200, 201}, answer.body
    return {**answer.document}


def outcomes(desk: Desk) -> tuple[set[str], set[str]]:
    """The outcomes of feeds before and after the entry of the stop."""
    told: tuple[set[str], set[str]] = (set(), set())
    stopped = False
    rows = desk.world.hub.reading.execute("SELECT leaf, control FROM entries ORDER BY position")
    for leaf, control in rows:
        stopped = stopped or b'"kind":"stop"' in leaf
        if b'"kind":"feed"' in leaf:
            members = parse(control, max_bytes=1 << 20, max_depth=9)
            assert isinstance(members, dict)
            told[stopped].add(str(members["outcome"]))
    assert stopped
    return told

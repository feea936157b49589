"""``connector subscribe`` as a department runs it, against a hub of two workers."""

import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from publishing import resident_id
from world.asking import Answer
from world.feeding import Provider, Row, feed, page_of, regrant, results, terms
from world.licences import DATASET
from world.serving import Served, environment, free_port, start, until_ready
from world.town import ADMINISTRATOR, PURPOSE, Town

from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation
from hub.access import connectors, grants
from hub.access.grant import Grant
from hub.clock import system_clock
from hub.ledger.verify import Findings
from hub.ops.verify import verification
from hub.runtime import Hub, open_hub

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
ROWS: list[Row] = [(f"L{number}", number % 40, f"note {number}") for number in range(400)]
WORKERS = 2


@dataclass
class Desk:
    """An enrolled connector's folder beside a serving hub, and the provider's hand on it."""

    served: Served
    home: Path
    into: Path
    hub: Hub
    provider: Provider
    grant: Grant

    def start(self, *more: str) -> "subprocess.Popen[str]":
        words = ["--lang", "en", "--json", "--home", str(self.home), "subscribe", DATASET]
        words += ["--into", str(self.into), "--purpose", PURPOSE, "--officer", "nrb.officer"]
        return subprocess.Popen(
            [sys.executable, "-m", "connectors", *words, *more],
            env=environment(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *more: str) -> tuple[int, dict[str, object], str]:
        process = self.start(*more)
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err
        return process.returncode, json.loads(out) if out.strip() else {}, err

    def lines(self) -> list[dict[str, object]]:
        """Every line of every page, in order."""
        files = sorted(self.into.glob("*.ndjson"))
        return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]

    def copy(self) -> dict[str, str]:
        """What a consumer of the lines holds: note by licence number."""
        rows: dict[str, tuple[str, str]] = {}
        named: set[str] = set()
        for line in self.lines():
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
                rows[row] = items["licence_no"], items["note"]
        return dict(rows.values())

    def ask(self, cursor: str | None) -> Answer:
        """A page, from whichever worker takes the connection."""
        return self.served.call(feed(self.served.gateway(), cursor))

    def findings(self) -> Findings:
        checked = verification(self.hub.folder, self.hub.settings, self.hub.reading)
        return checked.run(lambda _done, _all: None)


@pytest.fixture
def desk(town_today: Town, tmp_path: Path) -> Iterator[Desk]:
    folder, port, log = tmp_path / "hub", free_port(), tmp_path / "hub.log"
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    hub = open_hub(folder)
    provider = Provider.of(hub)
    provider.publish(ROWS)
    grant = grants.issue(hub.changes, ADMINISTRATOR, terms(system_clock()))
    invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "window")
    process = start(folder, log, workers=WORKERS)
    try:
        served = Served(town_today, folder, port, process)
        until_ready(served, log)
        enrol(read_invitation(invitation), tmp_path / "home")
        yield Desk(served, tmp_path / "home", tmp_path / "pages", hub, provider, grant)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        hub.close()


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.02)


def expected() -> dict[str, str]:
    return {number: note for number, _, note in ROWS}


def test_a_copy_is_kept_and_every_delivery_is_proven(desk: Desk) -> None:
    code, told, err = desk.run("--most", "150")
    assert code == 0, err
    assert told == {"pages": 3, "quota": False, "removed": 0, "resets": 1, "upserted": 400}
    assert desk.copy() == expected()
    for file in desk.into.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    desk.provider.change([("L1", 1, "new"), ("N1", 1, "")], ["L2"])
    code, told, _ = desk.run()
    assert (code, told["upserted"], told["removed"]) == (0, 2, 1)
    assert desk.run()[1]["pages"] == 0
    with Connector.open(desk.home) as connector:
        until(lambda: not connector.prove().waiting, "proofs")
        entry = desk.lines()[1]["entry"]
        assert isinstance(entry, int)
        kept = connector.receipts.entry(entry)
        assert (kept.state, kept.operation, kept.entries) == ("proven", "feed", 150)
        proven = connector.verify_evidence(connector.export(kept))
        assert len(proven.controls) == 150
    assert desk.findings().faults == ()


def test_killed_at_any_moment_nothing_is_lost(desk: Desk) -> None:
    chance = random.Random(7)  # noqa: S311 no secret
    for number in range(12):
        process = desk.start("--most", "7")
        try:
            process.communicate(timeout=chance.uniform(0.4, 1.2))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        desk.provider.change([("L5", 5, f"changed {number}")], [f"L{100 + number}"])
    code, _, err = desk.run()
    assert code == 0, err
    gone = {f"L{100 + number}" for number in range(12)}
    assert desk.copy() == {
        number: "changed 11" if number == "L5" else note
        for number, note in expected().items()
        if number not in gone
    }


def test_a_hub_killed_between_commit_and_reply_loses_nothing(desk: Desk) -> None:
    """What stands in the log and was not heard is told again."""
    process = desk.start("--most", "5", "--follow")
    until(lambda: list(desk.into.glob("*.ndjson")) if desk.into.exists() else [], "a first page")
    os.killpg(desk.served.process.pid, signal.SIGKILL)
    desk.served.process.wait(PATIENCE)
    log = desk.home.with_name("again.log")
    again = start(desk.served.folder, log, workers=WORKERS)
    try:
        until_ready(Served(desk.served.town, desk.served.folder, desk.served.port, again), log)
        until(lambda: desk.copy() == expected(), "the whole copy")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, "Traceback" in err) == (0, False)
        assert desk.findings().faults == ()
    finally:
        again.terminate()
        again.wait(PATIENCE)


def test_changes_come_to_who_follows(desk: Desk) -> None:
    process = desk.start("--follow")
    until(lambda: desk.into.exists() and desk.copy() == expected(), "the first copy")
    desk.provider.change([("L1", 1, "followed")])
    until(lambda: desk.copy().get("L1") == "followed", "the change")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert json.loads(out)["upserted"] == 401


def test_a_repaired_record_is_gone_at_once_on_every_worker(desk: Desk) -> None:
    for number in range(10):
        row = ROWS[number]
        desk.provider.mark(row, "repaired")
        for _ in range(6):
            told = [one["items"].get("licence_no") for one in results(desk.ask(None))]  # type: ignore[union-attr]
            assert row[0] not in told
            assert len(told) == 400 - number - 1


def test_a_repair_is_told_as_a_removal(desk: Desk) -> None:
    first = page_of(desk.ask(None))
    desk.provider.mark(ROWS[3], "repaired")
    for _ in range(4):
        (one,) = results(desk.ask(str(first["cursor"])))
        assert (one["change"], one["items"]) == ("removed", {})
        assert one["subject"] == {"id": resident_id(3), "type": "resident_id"}


@pytest.mark.parametrize("how", ["revoked", "suspended", "expired", "narrowed"])
def test_a_grant_that_ends_ends_at_the_next_page_on_every_worker(desk: Desk, how: str) -> None:
    cursor = str(page_of(desk.ask(None))["cursor"])
    for _ in range(6):
        assert desk.ask(cursor).status == 204
    if how in {"revoked", "suspended"}:
        grants.set_status(desk.hub.changes, ADMINISTRATOR, desk.grant.id, how)  # type: ignore[arg-type]
    elif how == "expired":
        soon = terms(system_clock() - 31 * 24 * 3600 * 1000 + 10).valid_until
        regrant(desk, desk.grant, valid_until=soon)  # type: ignore[arg-type]
        threading.Event().wait(0.1)
    else:
        regrant(desk, desk.grant, operations=["lookup"])  # type: ignore[arg-type]
    desk.provider.change([("L1", 1, "after")])
    for asked in (cursor, None) * 6:
        answer = desk.ask(asked)
        assert answer.status == 403
        assert "results" not in answer.document or "items" not in answer.body.decode()

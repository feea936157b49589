"""``connector batch`` as a department runs it, against a serving hub: streams, resumes, reports."""

import json
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from world.department import Invited, inviting
from world.serving import environment
from world.town import ABSENT, PURPOSE, SUBJECTS, Town

from connectors.enrolment import enrol, read_invitation
from hub.storage.sqlite import connect

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 100


@dataclass
class Desk:
    """An enrolled connector's folder beside a serving hub."""

    invited: Invited
    home: Path
    folder: Path

    def words(self, file: Path, *more: str | Path) -> list[str]:
        words = ["--lang", "en", "batch", "resident", str(file), "--items", "name,sex"]
        words += ["--purpose", PURPOSE, "--officer", "nrb.officer", *map(str, more)]
        return [sys.executable, "-m", "connectors", "--home", str(self.home), *words]

    def start(self, file: Path, *more: str | Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.words(file, *more),
            env=environment(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, file: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
        process = self.start(file, *more)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def input(self, lines: list[str], name: str = "subjects.ndjson") -> Path:
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def used(self) -> int:
        """What the grant has paid at the hub."""
        connection = connect(self.invited.hub.folder / "control.db", "ro")
        (used,) = connection.execute("SELECT coalesce(sum(used), 0) FROM quotas").fetchone()
        connection.close()
        return int(used)


@pytest.fixture
def desk(town_today: Town, tmp_path: Path) -> Iterator[Desk]:
    with inviting(town_today, tmp_path / "hub") as invited:
        enrol(read_invitation(invited.invitation), tmp_path / "home")
        yield Desk(invited, tmp_path / "home", tmp_path)


def line(number: str, **members: object) -> str:
    return json.dumps({"type": "resident_id", "id": number, **members})


def told(path: Path) -> list[dict[str, object]]:
    return [json.loads(one) for one in path.read_text("utf-8").splitlines()]


def test_each_line_has_its_answer_or_its_fault(desk: Desk) -> None:
    lines = [
        line(SUBJECTS[0], case="2026-1"),
        line(ABSENT),
        "not json",
        "",
        line("110101199003070000"),
        '{"type": "resident_id"}',
        line(SUBJECTS[1], more=1),
        json.dumps({"id": SUBJECTS[1], "type": "Resident"}),
        line("x" * 129),
        line(SUBJECTS[2]),
    ]
    source, output = desk.input(lines), desk.folder / "answers.ndjson"
    done = desk.run(source, "--output", output, "--size", "3")
    assert done.returncode == 0, done.stderr
    answers = told(output)
    assert [one["line"] for one in answers] == list(range(1, 11))
    assert [one.get("found") for one in answers] == [True, False, *[None] * 7, True]
    assert [one.get("why") for one in answers] == [
        None,
        None,
        "json",
        "empty",
        "check-digit",
        "subject-id",
        "members",
        "subject-type",
        "subject-id",
        None,
    ]
    assert answers[0]["records"] == [{"disputed": False, "items": {"name": "张三丰", "sex": "1"}}]
    assert desk.used() == 4
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert list((desk.home / "batches").glob("*.json")) == []
    again = desk.run(source, "--output", output)
    assert (again.returncode, "output-exists" in again.stderr) == (1, True)
    assert told(output) == answers


def test_bare_identifiers_to_standard_output(desk: Desk) -> None:
    source = desk.input([SUBJECTS[0], "﻿ " + SUBJECTS[1], ABSENT])
    done = desk.run(source, "--type", "resident_id", "--case", "2026-1")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(one) for one in done.stdout.splitlines()]
    assert [one["found"] for one in answers] == [True, True, False]
    assert not (desk.home / "batches").exists()


def test_strict_stops_at_a_faulty_line_and_goes_on_once_it_is_mended(desk: Desk) -> None:
    good = [line(number) for number in SUBJECTS[:6]]
    source, output = desk.input([*good, "{", *good]), desk.folder / "answers"
    done = desk.run(source, "--output", output, "--strict", "--size", "2")
    assert done.returncode == 1
    assert "7" in done.stderr
    assert [one["line"] for one in told(output)] == [1, 2, 3, 4, 5, 6]
    desk.input([*good, line(ABSENT), *good])
    done = desk.run(source, "--output", output, "--strict", "--size", "2")
    assert done.returncode == 0, done.stderr
    assert [one["line"] for one in told(output)] == list(range(1, 14))
    assert desk.used() == 13


def test_the_same_subjects_further_down_are_another_question(desk: Desk) -> None:
    source = desk.input([line(number) for number in SUBJECTS[:3]] * 8)
    done = desk.run(source, "--output", desk.folder / "answers", "--size", "3")
    assert done.returncode == 0, done.stderr
    assert desk.used() == 24


def test_a_run_that_goes_on_must_ask_the_same_of_the_same(desk: Desk) -> None:
    lines = [line(number) for number in SUBJECTS]
    source, output = desk.input([*lines, "{"]), desk.folder / "answers"
    assert desk.run(source, "--output", output, "--strict", "--size", "10").returncode == 1
    other = desk.run(source, "--output", output, "--strict", "--size", "9")
    assert "other-question" in other.stderr
    desk.input([lines[1], lines[0], *lines[2:]])
    changed = desk.run(source, "--output", output, "--strict", "--size", "10")
    assert "input-changed" in changed.stderr
    desk.input(lines)
    output.write_bytes(output.read_bytes()[:-5])
    shorter = desk.run(source, "--output", output, "--strict", "--size", "10")
    assert "output-changed" in shorter.stderr


def test_output_beyond_what_was_counted_is_written_again(desk: Desk) -> None:
    """Killed between the sync of the output and the count."""
    good = [line(number) for number in SUBJECTS[:4]]
    source, output = desk.input([*good, "{"]), desk.folder / "answers"
    assert desk.run(source, "--output", output, "--strict", "--size", "4").returncode == 1
    with output.open("ab") as stream:
        stream.write(b'{"line": 5, "entry"')
    desk.input([*good, line(ABSENT)])
    assert desk.run(source, "--output", output, "--strict", "--size", "4").returncode == 0
    assert [one["line"] for one in told(output)] == [1, 2, 3, 4, 5]


def test_a_refusal_ends_the_run_and_what_stands_stays(desk: Desk) -> None:
    source, output = desk.input([line(SUBJECTS[0])]), desk.folder / "answers"
    done = desk.run(source, "--output", output, "--purpose", "school_enrolment")
    assert done.returncode == 1
    assert "[purpose-outside-grant]" in done.stderr
    assert output.read_bytes() == b""


def test_nothing_of_anybody_is_in_names_or_in_the_state(desk: Desk) -> None:
    source, output = desk.input([line(SUBJECTS[0]), "{"]), desk.folder / SUBJECTS[0]
    assert desk.run(source, "--output", output, "--strict", "--size", "1").returncode == 1
    (state,) = (desk.home / "batches").glob("*.json")
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert SUBJECTS[0].encode() not in state.read_bytes()
    assert SUBJECTS[0] not in state.name


@pytest.mark.timeout(300)
def test_killed_at_any_moment_it_goes_on_without_doubles(desk: Desk) -> None:
    chance = random.Random(7)  # noqa: S311 no secret
    lines = [line(chance.choice([*SUBJECTS, ABSENT]), case=str(n)) for n in range(6000)]
    source, output = desk.input(lines), desk.folder / "answers"
    words = ("--output", output, "--size", "50", "--at-once", "3")
    reached = [0]
    for _ in range(6):
        process = desk.start(source, *words)
        size = output.stat().st_size if output.exists() else 0
        target = size + chance.randrange(1_000, 60_000)
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            if output.exists() and output.stat().st_size >= target:
                break
        process.send_signal(signal.SIGKILL)
        process.communicate()
        reached.append(output.read_bytes().count(b"\n"))
    assert process.returncode == -signal.SIGKILL, "it was done before it could be killed"
    assert 0 < reached[1] < 6000
    done = desk.run(source, *words)
    assert done.returncode == 0, done.stderr
    assert "Going on" in done.stderr
    answers = told(output)
    assert [one["line"] for one in answers] == list(range(1, 6001))
    asked = [json.loads(one)["id"] for one in lines]
    assert [one["found"] for one in answers] == [number != ABSENT for number in asked]
    entries = [one["entry"] for one in answers]
    assert len(set(entries)) == 6000, "each line has an entry of its own"
    assert desk.used() == 6000, "what was under way was sent again as a repeat"


def test_receipts_of_batches_are_shown_proven_and_exported(desk: Desk) -> None:
    source, output = desk.input([line(number) for number in SUBJECTS]), desk.folder / "answers"
    assert desk.run(source, "--output", output).returncode == 0
    entry = str(told(output)[7]["entry"])

    def connector(*words: str | Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "connectors", "--home", str(desk.home), "--json", *words],
            env=environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    shown = json.loads(connector("receipts", "show", entry))
    assert (shown["entries"], shown["operation"], shown["state"]) == (20, "batch", "received")
    (listed,) = json.loads(connector("receipts", "list"))["receipts"]
    assert (listed["entry"], listed["entries"]) == (shown["entry"], 20)
    until = time.monotonic() + 30
    while json.loads(connector("receipts", "fetch"))["waiting"] and time.monotonic() < until:
        pass  # the hub's next checkpoint is due within a second
    connector("receipts", "proof", entry, desk.folder / "proof")
    connector("receipts", "export", entry, desk.folder / "evidence")
    held = json.loads(connector("receipts", "verify", desk.folder / "evidence"))
    assert (held["entry"], held["entries"]) == (shown["entry"], 20)
    assert held["outcomes"] == ["answered"] * 20

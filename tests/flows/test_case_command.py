"""``connector case`` as a counter runs it: a served hub, files, what people and programs see."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from world.casework import APPLICANT, OFFICER, SERVICE, casework
from world.department import ROOT, HubProcess
from world.filing import LEASE
from world.papers import pdf
from world.serving import environment, free_port
from world.time import Time
from world.town import ADMINISTRATOR, PURPOSE, Town, World

from connectors.enrolment import enrol, read_invitation
from hub.access import connectors
from hub.runtime import open_hub

PARTIES = f"""
[applicant]
type = "resident_id"
id = "{APPLICANT}"

[subject]
type = "resident_id"
id = "{APPLICANT}"
"""


@dataclass
class Counter:
    """An enrolled connector before a hub that serves."""

    hub: HubProcess
    home: Path
    folder: Path

    def run(self, *words: str, stdin: str = "", status: int = 0) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "connectors", "--home", str(self.home), *words],
            cwd=ROOT,
            env=environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == status, (ran.stdout, ran.stderr)
        return ran.stdout + ran.stderr

    def told(self, *words: str, stdin: str = "", status: int = 0) -> dict[str, object]:
        shown = self.run("--json", *words, stdin=stdin, status=status)
        found = json.loads(shown.splitlines()[0])
        assert isinstance(found, dict)
        return found

    def file(self, name: str, text: str, mode: int = 0o600) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return str(path)

    def opening(self, *more: str) -> list[str]:
        said = ["case", "open", "--service", SERVICE, "--case", "备案-2026-17"]
        return [*said, "--purpose", PURPOSE, "--officer", OFFICER, *more]


@pytest.fixture
def counter(town_today: Town, tmp_path: Path) -> Iterator[Counter]:
    port = free_port()
    folder = tmp_path / "hub"
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    opened = open_hub(folder)
    casework(World(folder, town_today, opened, Time(town_today.founded)))
    text = connectors.invite(opened.changes, ADMINISTRATOR, opened.trust, "nrb", "window")
    opened.close()
    hub = HubProcess(town_today, folder, port, tmp_path / "hub.log")
    hub.start()
    try:
        enrol(read_invitation(text), tmp_path / "home")
        yield Counter(hub, tmp_path / "home", tmp_path)
    finally:
        hub.stop()


def test_the_whole_story_of_a_case(counter: Counter) -> None:
    parties = counter.file("parties.toml", PARTIES)
    given = counter.file("given.json", '{"name": "张三丰"}', 0o644)
    printed = counter.folder / "notice.html"
    opened = counter.told(
        *counter.opening("--parties-file", parties, "--given-file", given, "--out", str(printed))
    )
    assert opened["proven"] is True
    case = opened["case"]
    assert isinstance(case, dict)
    name = str(case["case"])
    assert status_of(case, "identity") == "confirmed"
    page = printed.read_text(encoding="utf-8")
    assert "张三丰" in page
    assert "房屋租赁合同" in page
    assert printed.stat().st_mode & 0o077 == 0

    # What the applicant hands in is filed, and named in the case.
    lease = counter.folder / "lease.pdf"
    lease.write_bytes(pdf("Lease"))
    filed = counter.told(
        "material", "add", LEASE, str(lease), "--subject-type", "resident_id", stdin=APPLICANT
    )
    by = ("--officer", OFFICER)
    counter.told("case", "bring", name, f"{SERVICE}/lease", "--filed", str(filed["material"]), *by)
    reason = counter.file("reason.txt", "材料齐全")
    early = counter.told(
        "case", "conclude", name, "accepted", "--reason-file", reason, *by, status=1
    )
    assert isinstance(early["case"], dict)
    assert [one["material"] for one in early["case"]["lacking"]] == ["later", "promise", "sketch"]
    counter.told("case", "bring", name, f"{SERVICE}/sketch", *by)
    counter.told("case", "commit", name, f"{SERVICE}/promise", f"{SERVICE}/later", *by)
    counter.told("case", "supplement", name, "--given-file", given, *by)
    counter.told("case", "review", name, *by)
    done = counter.told("case", "conclude", name, "accepted", "--reason-file", reason, *by)
    assert isinstance(done["case"], dict)
    assert (done["case"]["status"], done["case"]["result"]) == ("concluded", "accepted")
    counter.told("case", "settle", name, "1", "checked", *by)

    state = counter.told("case", "show", name)
    assert (state["case"], state["status"]) == (name, "concluded")
    listed = counter.told("case", "list", "--status", "concluded")
    assert listed["more"] is None
    assert isinstance(listed["cases"], list)
    assert [one["case"] for one in listed["cases"]] == [name]
    # Everything that it rested on is proven like any other question.
    counter.run("receipts", "fetch")
    receipts = counter.told("receipts", "list")["receipts"]
    assert isinstance(receipts, list)
    rounds = [one for one in receipts if one["operation"] == "case"]
    assert {one["state"] for one in rounds} == {"proven"}
    evidence = str(counter.folder / "evidence.json")
    counter.run("receipts", "export", str(rounds[0]["entry"]), evidence)
    assert counter.told("receipts", "verify", evidence)["ledger_size"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_person_reads_notice_and_form(counter: Counter, language: str) -> None:
    stdin = json.dumps(
        {role: {"id": APPLICANT, "type": "resident_id"} for role in ("applicant", "subject")}
    )
    shown = counter.run("--lang", language, *counter.opening(), stdin=stdin)
    for words in {
        "zh": (
            "一次性告知单",
            "需要提交",
            "房屋租赁合同",
            "共享数据已确认",
            "可以后补或承诺",
            "申请表",
        ),
        "en": (
            "One-time notice",
            "To be brought",
            "Lease",
            "Confirmed by sharing",
            "Form",
            "Verified",
        ),
    }[language]:
        assert words in shown
    assert "张三丰" in shown  # prefilled
    name = shown.split("C-")[1][:16]
    listed = counter.run("--lang", language, "case", "list")
    assert f"C-{name}" in listed
    assert ("在办" if language == "zh" else "open") in listed
    assert f"C-{name}" in counter.run("--lang", language, "case", "show", f"C-{name}")
    read = counter.run("--lang", language, "case", "read", f"C-{name}", "--officer", OFFICER)
    assert "张三丰" in read
    gone = counter.run("--lang", language, "case", "withdraw", f"C-{name}", "--officer", OFFICER)
    assert ("已撤回" if language == "zh" else "withdrawn") in gone


def test_a_file_that_others_may_read_holds_no_parties(counter: Counter) -> None:
    exposed = counter.file("parties.toml", PARTIES, 0o640)
    told = counter.told(*counter.opening("--parties-file", exposed), status=1)
    error = told["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["facts"]) == (
        "case-file-refused",
        {"file": "parties.toml", "why": "mode"},
    )


def test_a_file_of_another_form_is_refused_with_its_reason(counter: Counter) -> None:
    for name, text, why in (
        ("parties.toml", "applicant = 1", "parties"),
        ("parties.toml", "applicant = {", "toml"),
        ("parties.json", "[]", "parties"),
        ("parties.json", "{", "json"),
        ("parties.json", '{"applicant": {"type": "resident_id"}}', "parties"),
        ("parties.json", '{"applicant": {"type": "resident_id", "id": 1}}', "parties"),
    ):
        told = counter.told(*counter.opening("--parties-file", counter.file(name, text)), status=1)
        error = told["error"]
        assert isinstance(error, dict)
        assert error["facts"] == {"file": name, "why": why}


def test_nothing_is_overwritten_and_nothing_opened_then(counter: Counter) -> None:
    parties = counter.file("parties.toml", PARTIES)
    taken = counter.file("notice.html", "mine")
    told = counter.told(*counter.opening("--parties-file", parties, "--out", taken), status=1)
    assert isinstance(told["error"], dict)
    assert told["error"]["code"] == "source-target-exists"
    assert counter.told("case", "list")["cases"] == []


def status_of(case: dict[str, object], code: str) -> object:
    materials = case["materials"]
    assert isinstance(materials, list)
    (found,) = (one for one in materials if one["material"] == code)
    return found["status"]

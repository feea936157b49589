"""Somebody is told who looked: two departments ask, the auditor states it, the person checks it.

A hub that really serves, signed questions, the console over HTTP, and the verifier in a process
that can import nothing of ours.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from world.asking import Answer, Members
from world.auditing import Auditor
from world.serving import PATIENCE, Served
from world.town import PASSWORD, SUBJECTS

from certs.authority import Authority
from certs.canonical import canonical
from certs.encoding import b64u, sha256

ZHANG, LI = SUBJECTS[0], SUBJECTS[1]
OWN = "nine quiet windows"
HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"')


@dataclass
class Counter:
    """The auditor at a console, without a browser."""

    served: Served
    cookie: str = ""
    token: str = ""
    seen: list[str] = field(default_factory=list)
    """Every address that was asked for."""

    def post(self, path: str, *fields: tuple[str, str]) -> Answer:
        self.seen.append(path)
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "cookie": self.cookie,
            "origin": self.served.address,
            "sec-fetch-site": "same-origin",
        }
        return self.served.http("POST", path, headers, urlencode(fields).encode())

    def sign_in(self) -> None:
        """Sign in, and choose a password of one's own, which comes before everything else."""
        given = (("account", "audit"), ("password", PASSWORD), ("next", "/"))
        self._keep(self.post("/sign-in", *given))
        self._take_token("/password")
        own = (("old", PASSWORD), ("new", OWN), ("again", OWN))
        self._keep(self.post("/password", ("form", self.token), *own))
        self._take_token("/log")

    def _keep(self, answer: Answer) -> None:
        assert answer.status == 303
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def _take_token(self, path: str) -> None:
        page = self.served.http("GET", path, {"cookie": self.cookie})
        self.token = dict(HIDDEN.findall(page.body.decode()))["form"]

    def state(self, subject: str) -> tuple[str, Members]:
        """Make a statement about somebody: the paper, and the file."""
        page = self.post(
            "/log/statement", ("form", self.token), ("subject", subject), ("basis", "告〔2026〕3号")
        )
        assert page.status == 200
        drafted = dict(HIDDEN.findall(page.body.decode()))
        made = self.post("/log/statement/paper", *drafted.items())
        assert made.status == 200
        text = made.body.decode()
        wanted = (("form", self.token), ("entry", dict(HIDDEN.findall(text))["entry"]))
        return text, self._covered(lambda: self.post("/log/statement/file", *wanted))

    def _covered(self, fetch: Callable[[], Answer]) -> Members:
        """A checkpoint covers the entry at most a second after it; nobody sets the event."""
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = fetch()
            if answer.status == 200:
                found: Members = json.loads(answer.body)
                return found
            assert answer.status == 409, answer.body
            pause.wait(0.1)
        raise AssertionError


@pytest.fixture
def person(tmp_path: Path) -> Auditor:
    """Whoever got the file, with the verifier alone."""
    return Auditor.at(tmp_path / "person")


def test_a_person_is_told_who_looked_and_checks_it(
    served: Served, person: Auditor, tmp_path: Path
) -> None:
    about = {"type": "resident_id", "id": ZHANG}
    for department, subject in (("nrb", ZHANG), ("mrb", ZHANG), ("nrb", LI)):
        gateway = served.gateway(department)
        answer = served.call(gateway.lookup(subject=about | {"id": subject}, case="2026-0007"))
        assert answer.status == (200 if department == "nrb" else 403)
    counter = Counter(served)
    counter.sign_in()
    paper, file = counter.state(ZHANG)

    # 1 The paper: both departments, the case, no officer, nobody else.
    for told in (ZHANG, "自然资源局", "市场监督管理局", "2026-0007", "被拒绝，未提供"):
        assert told in paper
    for kept in (LI, "nrb.officer", "mrb.officer"):
        assert kept not in paper
    assert not any(ZHANG in path for path in counter.seen)

    # 2 The file holds at somebody who has the fingerprint and nothing else of ours.
    root = b64u(sha256(Authority.load(served.folder / "keys").root_der))
    path = tmp_path / "statement.json"

    def verify(document: Members) -> set[object]:
        path.write_bytes(canonical(document))
        verdict = person.verify("statement", path, "--root", root)
        assert verdict.status == (1 if verdict.faults else 0)
        return verdict.whys

    assert verify(file) == set()
    assert LI not in json.dumps(file)
    entries = file["entries"]
    assert isinstance(entries, list)
    first, second = entries

    # 3 Tampered copies are refused, each with its own reason.
    assert isinstance(first, dict)
    control, person_part = first["control"], first["person"]
    assert isinstance(control, dict)
    assert isinstance(person_part, dict)
    note = str(file["checkpoint"])
    _, other = counter.state(LI)
    foreign = other["entries"]
    assert isinstance(foreign, list)
    forged: dict[str, Members] = {
        "statement-control": {"entries": [first | {"control": control | {"purpose": "x"}}, second]},
        "statement-person": {"entries": [first | {"person": person_part | {"case": ""}}, second]},
        "statement-count": {"entries": [first]},
        "inclusion": {"entries": [first | {"path": []}, second]},
        "statement-says": {"subject": LI},
        "note-signature": {"checkpoint": note.replace("\n", "\n1", 1)},
        "statement-own": {"statement": second},
    }
    for why, members in forged.items():
        assert verify(file | members) == {why}, why
    exchanged = verify(file | {"entries": [first, foreign[0]]})
    assert "statement-told" in exchanged
    assert verify(other | {"subject": ZHANG}) == {"statement-says"}
    told = person.run("statement", path, "--root", root, "--language", "en")
    assert "was changed" in told.stdout

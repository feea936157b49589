"""The clients in other languages believe the honest exchange and refuse every lie.

The vectors are made here, with fresh keys: an honest lookup, verification and refusal, and each lie
of ``test_dishonest_answer.py``, as one JSON a line (``connectors/samples/README.md``).
"""

import importlib.util
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from documents import ROOT
from world.department import Invited, inviting
from world.town import ABSENT, PURPOSE, SUBJECTS, Town

from certs.canonical import canonical, parse
from certs.encoding import b64u
from certs.keys import Algorithm
from connectors import question as questions
from connectors.enrolment import enrol, read_invitation
from connectors.question import Question

if TYPE_CHECKING:
    from conftest import StandIn, Time

    from connectors.client import Connector

SAMPLES = ROOT / "connectors" / "samples"
SUBJECT = "110101199001011237"
ASKED = {
    "purpose": "real_estate_registration",
    "officer": 'li.wei "李" \u2028 \U0001f3db',
    "case": "C-1",
}


def attacks() -> ModuleType:
    path = Path(__file__).with_name("test_dishonest_answer.py")
    spec = importlib.util.spec_from_file_location("attacks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lookup() -> Question:
    items = ["name", "address"]
    return questions.lookup("resident", "resident_id", SUBJECT, items=items, **ASKED)


def verification() -> Question:
    return questions.verify("resident", "resident_id", SUBJECT, claims={"name": "张三"}, **ASKED)


def vector(name: str, connector: "Connector", hub: "StandIn", question: Question) -> bytes:
    """One exchange as a line: what was sent, what came back, and what was pinned."""
    settings = connector.identity.settings
    prepared = connector.calls.sign("POST", question.path, question.body())
    answer = connector._transport.send(prepared)
    keys = connector._transport.get("/.well-known/jwks.json")
    signed = prepared.signed
    parameters = prepared.headers["signature-input"].partition("=")[2]
    return canonical(
        {
            "name": name,
            "hub": settings.hub,
            "department": settings.department,
            "connector": settings.connector,
            "origin": settings.ledger.origin,
            "root": hub.authority.root_pem.decode("ascii"),
            "operation": question.operation,
            "dataset": question.dataset,
            "target": settings.address + question.path,
            "parameters": parameters,
            "created": signed.created,
            "now": connector.clock(),
            "question": b64u(question.body()),
            "base": b64u(signed.base),
            "signature": b64u(signed.signature),
            "status": answer.status,
            "content_type": answer.content_type,
            "receipt": answer.headers.get("hub-receipt"),
            "body": b64u(answer.body),
            "keys": b64u(keys.body),
        }
    )


@pytest.fixture
def vectors(
    connector: "Connector", hub: "StandIn", clock: "Time", tmp_path: Path
) -> tuple[Path, set[str]]:
    """A file of exchanges, and the names of the honest ones."""
    lines = [
        vector("honest-lookup", connector, hub, lookup()),
        vector("honest-verification", connector, hub, verification()),
    ]
    hub.found = []
    lines.append(vector("honest-nothing-found", connector, hub, lookup()))
    hub.found = [{"disputed": False, "items": {"name": "张三"}}]
    hub.refusal = (403, "items-outside-grant")
    lines.append(vector("honest-refusal", connector, hub, lookup()))
    hub.refusal = None
    honest = {"honest-lookup", "honest-verification", "honest-nothing-found", "honest-refusal"}
    for name, (tell, _) in attacks().ATTACKS.items():
        hub.lies = type(hub.lies)()
        tell(hub.lies)
        lines.append(vector(name, connector, hub, lookup()))
    hub.lies = type(hub.lies)()
    future = vector("entry-of-the-future", connector, hub, lookup())
    told = parse(future, max_bytes=1 << 20, max_depth=3)
    assert isinstance(told, dict)
    lines.append(canonical(told | {"now": clock() - 1_200_000}))
    file = tmp_path / "vectors"
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file, honest


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def java(command: Callable[[str], str], tmp_path: Path) -> Run:
    """Runs the Java client, compiled as it stands."""
    compiler, machine = command("javac"), command("java")
    out = tmp_path / "classes"
    source = SAMPLES / "java" / "Honest.java"
    subprocess.run(
        [compiler, "-Xlint:all", "-Werror", "-encoding", "UTF-8", "-d", out, source],
        check=True,
        timeout=100,
    )

    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [machine, "-cp", out, "Honest", *words],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=100,
        )

    return run


def test_java_believes_the_honest_and_refuses_every_lie(
    java: Run, vectors: tuple[Path, set[str]]
) -> None:
    file, honest = vectors
    ran = java("vectors", str(file))
    assert ran.returncode == 0, ran.stderr
    judged = dict(line.split(" ", 1) for line in ran.stdout.splitlines())
    assert len(judged) == len(file.read_bytes().splitlines()) > 40
    assert {name for name, verdict in judged.items() if verdict == "accepted"} == honest


@pytest.fixture
def invited(town_today: Town, tmp_path: Path) -> Iterator[Invited]:
    with inviting(town_today, tmp_path / "served") as one:
        yield one


@pytest.mark.parametrize("algorithm", ["ecdsa-p256-sha256", "ed25519"])
def test_java_asks_a_hub_that_really_runs(
    java: Run, invited: Invited, tmp_path: Path, algorithm: Algorithm
) -> None:
    home = tmp_path / "own"
    enrol(read_invitation(invited.invitation), home, algorithm=algorithm)
    words = ["lookup", str(home), "resident", "resident_id", "name,sex", PURPOSE, "nrb.officer"]
    ran = java(*words, stdin=f"{SUBJECTS[0]}\n")
    assert ran.returncode == 0, ran.stderr
    assert '"name":"张三丰"' in ran.stdout
    assert '"found":false' in java(*words, stdin=f"{ABSENT}\n").stdout
    words[4] = "status"
    assert '"problem":"items-outside-grant"' in java(*words, stdin=f"{SUBJECTS[0]}\n").stdout

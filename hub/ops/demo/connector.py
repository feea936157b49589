"""A department's connector, driven as a process, as the department would.

Whom a question is about goes in by standard input or by a file of mode 0600, never by arguments.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import Json, canonical
from certs.keys import write_secret
from hub.ops.demo.errors import ConnectorFailed
from hub.ops.demo.processes import Children, Ran, command_of

REFUSED, DISHONEST = 1, 3
"""Exit codes of ``connector``: refused, and an answer or evidence that does not prove itself."""
_COUNT = re.compile(r"(\d+)(?: / (\d+))?\Z")


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Proof(_Part):
    """Where the answer stands in the ledger."""

    entry: int
    request_id: str


class Record(_Part):
    """One record as it was answered."""

    disputed: bool
    items: dict[str, str]


class Answer(_Part):
    """An answered lookup."""

    found: bool
    records: tuple[Record, ...]
    proof: Proof


class Verified(_Part):
    """An answered verification."""

    match: bool
    exists: bool | None
    proof: Proof


class _Facts(_Part):
    entry: int | None = None
    status: int | None = None


class Refusal(_Part):
    """The hub, or the connector itself, said no."""

    code: str
    title: str
    facts: _Facts

    @property
    def entry(self) -> int | None:
        """Where the refusal stands in the ledger."""
        return self.facts.entry


class Report(_Part):
    """What the hub found in a file."""

    read: int
    accepted: int
    warned: int
    rejected: dict[str, int]
    why_held: tuple[str, ...] = ()


class _Filed(_Part):
    material: str


class _Publication(_Part):
    publication: str
    state: str
    report: Report | None = None
    failure: str | None = None


class Published(_Part):
    """How a publication ended."""

    publication: _Publication
    rows: int
    rejected_file: str | None


class Fetched(_Part):
    """Receipts that have their proof, and that wait for it."""

    proven: int
    waiting: int


class Proven(_Part):
    """What an evidence file proves."""

    entry: int
    outcome: str
    department: str
    ledger_size: int | None


class Grant(_Part):
    """A grant as the department sees it."""

    id: str
    dataset: str
    items: dict[str, str]
    status: str


class _Grants(_Part):
    grants: tuple[Grant, ...]


class _Failed(_Part):
    error: Refusal


class Enrolled(_Part):
    """A fresh certificate."""

    connector: str
    valid_until: str


_Told = TypeVar("_Told", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a dataset about one subject."""

    dataset: str
    kind: str
    subject: str
    purpose: str
    officer: str
    case: str | None
    items: tuple[str, ...] = ()
    claims: Mapping[str, str] | None = None


class Connector:
    """The connector whose home is ``home``."""

    def __init__(self, children: Children, home: Path) -> None:
        self._children = children
        self.home = home

    def enrol(self, invitation: Path) -> Enrolled | Refusal:
        """Enrol with an invitation."""
        return self._call(("enrol", str(invitation)), Enrolled)

    def ask(self, question: Question) -> Answer | Verified | Refusal:
        """Look up, or verify if there are claims."""
        command = [
            "lookup" if question.claims is None else "verify",
            question.dataset,
            "--subject-type",
            question.kind,
            "--purpose",
            question.purpose,
            "--officer",
            question.officer,
        ]
        if question.case is not None:
            command += ["--case", question.case]
        given = question.subject.encode("utf-8") + b"\n"
        if question.claims is None:
            return self._call((*command, "--items", ",".join(question.items)), Answer, given)
        claims: dict[str, Json] = {**question.claims}
        with _Secret(self.home.parent / "claims.json", canonical(claims)) as file:
            return self._call((*command, "--claims-file", str(file)), Verified, given)

    def publish(
        self, dataset: str, file: Path, done: Callable[[int], None], *, changes: bool = False
    ) -> Published:
        """Publish a file; a held one is an ending like a live one.

        ``done`` is told now and then how many rows have been sent and checked, two steps a row.
        ``changes`` are single rows that come to what is live.
        """
        command = ("publish", dataset, str(file), "--yes", *(("--changes",) if changes else ()))
        ran = self._run(command, heard=lambda line: _count(line, done))
        return self._read(command, ran, Published)

    def grants(self) -> tuple[Grant, ...]:
        """What the department is granted."""
        return self._sure(("grants",), _Grants).grants

    def mark(self, dataset: str, kind: str, subject: tuple[str, str], row: Sequence[str]) -> None:
        """Mark a record of the department's own: disputed, repaired, or cleared."""
        command = ("mark", dataset, "--kind", kind, "--subject-type", subject[0])
        with _Secret(self.home.parent / "row.txt", "\x1f".join(row).encode("utf-8")) as file:
            given = subject[1].encode("utf-8") + b"\n"
            self._sure((*command, "--row-file", str(file)), _Part, given)

    def file(
        self, dataset: str, paper: Path, holder: tuple[str, str], said: Mapping[str, str]
    ) -> str:
        """File what an applicant has handed in; gives its number."""
        command = ["material", "add", dataset, str(paper), "--subject-type", holder[0]]
        for name, value in said.items():
            command += [f"--{name}", value]
        given = holder[1].encode("utf-8") + b"\n"
        return self._sure(tuple(command), _Filed, given).material

    def fetch(self) -> Fetched:
        """Fetch the proofs that are due."""
        return self._sure(("receipts", "fetch"), Fetched)

    def export(self, entry: int, file: Path) -> None:
        """Write the evidence of a receipt to a file."""
        self._sure(("receipts", "export", str(entry), str(file)), _Part)

    def check(self, evidence: Path) -> Proven | Refusal:
        """Verify an evidence file, asking nobody."""
        return self._call(("receipts", "verify", str(evidence)), Proven)

    def _run(
        self,
        command: Sequence[str],
        given: bytes = b"",
        heard: Callable[[str], None] | None = None,
    ) -> Ran:
        whole = (*command_of("connector"), "--home", str(self.home), "--json", *command)
        return self._children.run(whole, given, heard)

    def _call(
        self, command: Sequence[str], told: type[_Told], given: bytes = b""
    ) -> _Told | Refusal:
        ran = self._run(command, given)
        if ran.status in {REFUSED, DISHONEST}:
            return self._read(command, ran, _Failed).error
        return self._read(command, ran, told)

    def _sure(self, command: Sequence[str], told: type[_Told], given: bytes = b"") -> _Told:
        found = self._call(command, told, given)
        if isinstance(found, Refusal):
            raise ConnectorFailed(command=command[0], why=f"{found.title} [{found.code}]")
        return found

    def _read(self, command: Sequence[str], ran: Ran, told: type[_Told]) -> _Told:
        try:
            return told.model_validate_json(ran.out)
        except ValidationError as error:
            why = (ran.err or ran.out.decode("utf-8", "replace")).strip()[-500:]
            raise ConnectorFailed(command=command[0], why=why or f"{ran.status}") from error


class _Secret:
    """A file that only its owner may read, for as long as it is needed."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._data = data

    def __enter__(self) -> Path:
        self._path.unlink(missing_ok=True)
        write_secret(self._path, self._data)
        return self._path

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)


def _count(line: str, done: Callable[[int], None]) -> None:
    """Tell the steps that the connector's line of progress speaks of: rows sent, then checked.

    Only while checking is it known of how many, and by then all of them have been sent.
    """
    match = _COUNT.search(line)
    if match is not None:
        done(int(match[1]) + int(match[2] or 0))

"""A department's counter: it opens cases and acts on them by signed requests of its own system.

What the hub answers is kept in the department's folder, ``cases/<number>.<version>.json``: it is
what the counter prints for the applicant.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from certs.canonical import Json
from certs.encoding import b64u
from certs.keys import write_secret
from hub.ops.demo.errors import ConnectorFailed
from hub.ops.demo.stage import Office, Stage
from hub.ops.demo.wire import Said, call

ROOT = "/v1/cases"
REQUEST_BYTES = 16
FOLDER = "cases"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Words(_Part):
    """A text in both languages."""

    zh: str
    en: str


class Why(_Part):
    """A reason, as ``catalog/evidence/reason.py`` words it."""

    code: str
    facts: dict[str, str | int] = {}


class Evidence(_Part):
    """What stands in for a paper: of which source, from which department."""

    kind: str
    source: str
    provider: str


class Tried(_Part):
    """A way that did not do, and why."""

    kind: str
    source: str
    why: Why


class Piece(_Part):
    """A paper as one service asks for it; ``source`` is 10 if it is the applicant's own."""

    service: str
    material: str
    source: int
    status: str
    why: Why
    evidence: Evidence | None
    tried: tuple[Tried, ...]


class Paper(_Part):
    """A paper of the merged list, and whose it is."""

    type: str
    of: str
    title: Words
    status: str
    until: str | None
    pieces: tuple[Piece, ...] = Field(alias="for")


class Notice(_Part):
    """The one-time notice."""

    materials: dict[str, tuple[Paper, ...]]


class _Value(_Part):
    value: str


class FormField(_Part):
    """A field of the form; ``value`` is None where nobody's data fills it."""

    code: str
    value: _Value | None


class Material(_Part):
    """What an entry of the case says of one paper of one service."""

    service: str
    material: str
    status: str
    brought: str | None

    @property
    def left(self) -> bool:
        """Whether something is left to the applicant: to bring it, or to promise it."""
        return self.status in {"must_bring", "may_follow"} or self.brought is not None


class Gone(_Part):
    """A material that was satisfied and is no longer, or that is lacking."""

    service: str
    material: str
    reason: str


class Opening(_Part):
    """What an entry says of a question."""

    control: dict[str, JsonValue]


class Round(_Part):
    """Questions that were asked together; ``openings`` open their entries."""

    first: int
    count: int
    questions: tuple[dict[str, JsonValue], ...]
    results: tuple[dict[str, JsonValue], ...]
    openings: tuple[Opening, ...] | None


class Told(_Part):
    """A case as the counter is told it after an act; ``number`` is the department's own."""

    number: str = ""
    case: str
    version: int
    status: str
    result: str | None
    department: str
    materials: tuple[Material, ...]
    notice: Notice
    form: tuple[FormField, ...]
    rounds: tuple[Round, ...]
    fallen: tuple[Gone, ...] = ()
    lacking: tuple[Gone, ...] = ()

    def papers(self, *statuses: str) -> tuple[Paper, ...]:
        """The papers of these statuses."""
        return tuple(one for status in statuses for one in self.notice.materials.get(status, ()))

    def types(self, *statuses: str) -> set[str]:
        """What they are."""
        return {one.type for one in self.papers(*statuses)}

    def paper(self, type_: str) -> Paper:
        """One paper by its type; raises ``StopIteration`` for one that is not on the list."""
        return next(one for one in self.papers(*self.notice.materials) if one.type == type_)

    @property
    def filled(self) -> int:
        """How many fields of the form are filled in already."""
        return sum(one.value is not None for one in self.form)


@dataclass(frozen=True, slots=True)
class Matter:
    """What somebody comes to a counter for; ``number`` is the department's own of the case."""

    number: str
    services: tuple[str, ...]
    purpose: str
    parties: Mapping[str, tuple[str, str] | None]
    given: Mapping[str, str]


class Counter:
    """The counter of a department that has a connector."""

    def __init__(self, stage: Stage, office: Office) -> None:
        self._stage = stage
        self._office = office

    def open(self, matter: Matter) -> Told:
        """Open a case; raises ``ConnectorFailed`` if it is refused."""
        return self._told(self.ask(matter), matter.number)

    def ask(self, matter: Matter) -> Said:
        """Ask for a case to be opened."""
        parties: dict[str, Json] = {
            role: None if party is None else {"id": party[1], "type": party[0]}
            for role, party in matter.parties.items()
        }
        body: dict[str, Json] = {
            "case": matter.number,
            "given": {**matter.given},
            "parties": parties,
            "purpose": matter.purpose,
            "request_id": b64u(os.urandom(REQUEST_BYTES)),
            "services": [*matter.services],
        }
        return self._send(ROOT, body)

    def act(self, case: Told, act: str, **members: Json) -> Told:
        """Act on a case as it was told last; raises ``ConnectorFailed`` if it is refused."""
        said = self._send(f"{ROOT}/{case.case}/{act}", {**members, "version": case.version})
        return self._told(said, case.number)

    def bring(self, case: Told, paper: Paper, filed: str | None = None) -> Told:
        """The applicant hands in a paper, for each service that asks for it."""
        for piece in paper.pieces:
            required: Json = {"material": piece.material, "service": piece.service}
            case = self.act(case, "materials", required=required, filed=filed)
        return case

    def promise(self, case: Told, papers: Sequence[Paper]) -> Told:
        """The applicant promises papers, or that they follow."""
        listed: list[Json] = [
            {"material": piece.material, "service": piece.service}
            for paper in papers
            for piece in paper.pieces
        ]
        return self.act(case, "commitments", materials=listed)

    def accept(self, case: Told) -> Told:
        """Conclude a case; it stays open if something is lacking."""
        reason = self._stage.teller.words("demo.case.reason")
        return self.act(case, "conclude", result="accepted", reason=reason)

    def _send(self, path: str, body: Mapping[str, Json]) -> Said:
        stage, office = self._stage, self._office
        whole: dict[str, Json] = {**body, "officer": office.officer.account}
        return call(office.connector.home, stage.address, path, whole, stage.clock)

    def _told(self, said: Said, number: str) -> Told:
        if said.status >= HTTPStatus.BAD_REQUEST:
            raise ConnectorFailed(command="cases", why=f"{said.status} [{said.problem}]")
        told = Told.model_validate_json(said.body).model_copy(update={"number": number})
        for round_ in told.rounds:
            # Acts that ask nothing tell the rounds of the last decision again.
            if round_.first not in self._stage.asked_in_cases:
                self._stage.asked_in_cases.add(round_.first)
                self._stage.refused += sum("problem" in result for result in round_.results)
        file = self._office.files / FOLDER / f"{number}.{told.version}.json"
        file.parent.mkdir(exist_ok=True)
        write_secret(file, said.body)
        return told

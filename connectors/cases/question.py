"""What is asked of a case, as the signed body holds it (``docs/api.md``), built and never read."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, NamedTuple

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u
from certs.errors import MalformedJson
from connectors.errors import QuestionRefused
from connectors.question import (
    KEPT_LIMIT,
    REQUEST_ID_BYTES,
    VALUE_LIMIT,
    is_code,
    is_request_id,
    is_text,
)

PATH = "/v1/cases"
MOST_SERVICES, MOST_PARTIES, MOST_FIELDS = 20, 40, 400
"""What a hub takes at most (``docs/cases.md``)."""
MOST_REASON = 2000
"""Characters of the reason of a conclusion."""
_CASE = re.compile(r"C-[0-9a-f]{16}\Z", re.ASCII)
_MATERIAL = re.compile(r"m-[0-9a-f]{32}\Z", re.ASCII)
_DEPTH = 4


class Party(NamedTuple):
    """Somebody by number, exactly as it is given."""

    type: str
    id: str

    def __repr__(self) -> str:
        """Nothing about a person."""
        return f"<Party {self.type}>"

    def to_json(self) -> Json:
        """As bodies and entries hold it."""
        return {"id": self.id, "type": self.type}


@dataclass(frozen=True, slots=True)
class Said:
    """What a case is decided on: all that its entries name of us must stand here.

    ``number`` is the department's own of the case; a party that is None has no number yet.
    """

    services: tuple[str, ...]
    number: str = field(repr=False)
    purpose: str
    parties: Mapping[str, Party | None] = field(repr=False)
    given: Mapping[str, str] = field(repr=False)

    def supplemented(self, parties: Mapping[str, Party | None], given: Mapping[str, str]) -> "Said":
        """The same with parties and fields added or replaced; an empty field is taken out."""
        entered = {code: said for code, said in {**self.given, **given}.items() if said}
        return replace(self, parties={**self.parties, **parties}, given=entered)

    def members(self) -> dict[str, Json]:
        """The members of an opening's body."""
        return {
            "case": self.number,
            "given": {**self.given},
            "parties": parties_json(self.parties),
            "purpose": self.purpose,
            "services": [*self.services],
        }


@dataclass(frozen=True, slots=True)
class CaseQuestion:
    """A request about a case; its ``repr`` tells nothing about a person.

    ``dataset`` is where it is sent, below the address of cases: empty for an opening, else the case
    and what is done to it. ``request_id`` is ours; only an opening carries it.
    """

    request_id: str
    dataset: str
    members: Mapping[str, Json] = field(repr=False)
    operation: ClassVar[Literal["case"]] = "case"

    @property
    def path(self) -> str:
        """Where it is sent."""
        return f"{PATH}/{self.dataset}" if self.dataset else PATH

    def body(self) -> bytes:
        """The canonical JSON that is signed."""
        return canonical({**self.members})


def opening(said: Said, *, officer: str, request_id: str | None = None) -> CaseQuestion:
    """A new case; raises ``QuestionRefused``.

    ``request_id`` is that of an earlier try with the same content; without it a new one is drawn.
    """
    check_said(said)
    check_officer(officer)
    identity = request_id or new_identity()
    if not is_request_id(identity):
        raise QuestionRefused(why="request-id")
    members: dict[str, Json] = {**said.members(), "officer": officer, "request_id": identity}
    return _fit(CaseQuestion(identity, "", members))


def act(
    case: str, what: str, *, officer: str, version: int | None = None, **members: Json
) -> CaseQuestion:
    """Something that is done to a case, on the version that was seen; raises ``QuestionRefused``.

    Only reading it names no version.
    """
    check_case(case)
    check_officer(officer)
    named: dict[str, Json] = {} if version is None else {"version": version}
    return _fit(
        CaseQuestion(new_identity(), f"{case}/{what}", {**members, **named, "officer": officer})
    )


def new_identity() -> str:
    """128 random bits."""
    return b64u(os.urandom(REQUEST_ID_BYTES))


def check_said(said: Said) -> None:
    """Refuse what no hub could decide, before anything of it leaves; raises ``QuestionRefused``."""
    services = said.services
    if not 0 < len(services) <= MOST_SERVICES or len(set(services)) != len(services):
        raise QuestionRefused(why="services")
    if not all(map(is_code, services)):
        raise QuestionRefused(why="services")
    if not is_text(said.number):
        raise QuestionRefused(why="case")
    if not is_code(said.purpose):
        raise QuestionRefused(why="purpose")
    check_parties(said.parties)
    check_given(said.given)


def check_parties(parties: Mapping[str, Party | None]) -> None:
    """Raise ``QuestionRefused`` for what can be no parties."""
    if len(parties) > MOST_PARTIES or not all(map(is_code, parties)):
        raise QuestionRefused(why="parties")
    for party in parties.values():
        if party is not None and not (is_code(party.type) and is_text(party.id)):
            raise QuestionRefused(why="parties")


def check_given(given: Mapping[str, str]) -> None:
    """Raise ``QuestionRefused`` for what can be no fields of a form."""
    if len(given) > MOST_FIELDS or not all(map(is_code, given)):
        raise QuestionRefused(why="given")
    if any(len(value) > VALUE_LIMIT for value in given.values()):
        raise QuestionRefused(why="given")


def check_officer(officer: str) -> None:
    """Raise ``QuestionRefused`` for what can be no account."""
    if not is_text(officer):
        raise QuestionRefused(why="officer")


def check_case(case: str) -> None:
    """Raise ``QuestionRefused`` for what can be no case: nothing else gets into an address."""
    if not _CASE.match(case):
        raise QuestionRefused(why="case-name")


def check_required(service: str, material: str) -> Json:
    """A required material, as bodies name it; raises ``QuestionRefused``."""
    if not is_code(service) or not is_code(material):
        raise QuestionRefused(why="required")
    return {"material": material, "service": service}


def check_filed(filed: str | None) -> None:
    """Raise ``QuestionRefused`` for what can be no material on file."""
    if filed is not None and not _MATERIAL.match(filed):
        raise QuestionRefused(why="material")


def check_reason(reason: str) -> None:
    """Raise ``QuestionRefused`` for what can be no reason of a conclusion."""
    if not reason.strip() or len(reason) > MOST_REASON:
        raise QuestionRefused(why="reason")


def parties_json(parties: Mapping[str, Party | None]) -> dict[str, Json]:
    """Parties as bodies hold them."""
    return {role: None if one is None else one.to_json() for role, one in parties.items()}


def read_parties(value: Json) -> dict[str, Party | None]:
    """Parties by role, each ``{"type", "id"}``, or null or empty where there is no number yet.

    Raises ``QuestionRefused``.
    """
    if not isinstance(value, dict):
        raise QuestionRefused(why="parties")
    found: dict[str, Party | None] = {}
    for role, one in value.items():
        if one is None or one == {}:
            found[role] = None
            continue
        if not isinstance(one, dict) or one.keys() != {"id", "type"}:
            raise QuestionRefused(why="parties")
        kind, number = one["type"], one["id"]
        if not isinstance(kind, str) or not isinstance(number, str):
            raise QuestionRefused(why="parties")
        found[role] = Party(kind, number)
    return found


def read_given(value: Json) -> dict[str, str]:
    """What was entered, by field; raises ``QuestionRefused``."""
    if not isinstance(value, dict):
        raise QuestionRefused(why="given")
    found = {code: said for code, said in value.items() if isinstance(said, str)}
    if len(found) != len(value):
        raise QuestionRefused(why="given")
    return found


def read_said(data: bytes) -> Said:
    """What ``Said.members`` wrote, read again; raises ``QuestionRefused``."""
    value = parse(data, max_bytes=KEPT_LIMIT, max_depth=_DEPTH)
    if not isinstance(value, dict) or not isinstance(value["services"], list):
        raise QuestionRefused(why="kept")
    return Said(
        services=tuple(str(one) for one in value["services"]),
        number=str(value["case"]),
        purpose=str(value["purpose"]),
        parties=read_parties(value["parties"]),
        given=read_given(value["given"]),
    )


def _fit(question: CaseQuestion) -> CaseQuestion:
    try:
        question.body()
    except MalformedJson as error:  # a lone surrogate is no text
        raise QuestionRefused(why="text") from error
    return question


def services_of(codes: Sequence[str]) -> tuple[str, ...]:
    """Services in the order in which a hub takes them."""
    return tuple(sorted(codes))

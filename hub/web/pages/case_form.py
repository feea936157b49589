"""The form of a case: who takes part, and what the applicant has entered, for all its services.

Each value is checked before anything is asked: a slip of the hand is no question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from catalog.identifiers import check_any
from catalog.services.service import AGENT, APPLICANT, SUBJECT, FormField, Kind, Party, Service
from catalog.values import check_value
from hub.cases.asked import Asked, PartyId
from hub.web.pages.form import Form

TEXT, LONG = 128, 4000
_TYPES: Mapping[Kind, tuple[str, ...]] = {
    "person": ("resident_id",),
    "entity": ("uscc", "organisation_code"),
}
Who: TypeAlias = Literal["applicant", "number", "none"]
"""The subject is the applicant, has a number of its own, or none yet."""
WHO: tuple[Who, ...] = ("applicant", "number", "none")


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who takes part; ``party`` is how the services name whoever is not built in."""

    role: str
    types: tuple[str, ...]
    required: bool
    party: Party | None = None
    unnumbered: bool = False
    """Whether there may be no number yet."""


@dataclass(frozen=True, slots=True)
class CaseForm:
    """What somebody filled in, and what is wrong with each field."""

    seed: str = ""
    case: str = ""
    purpose: str = ""
    who: Who = "applicant"
    numbers: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
    parties: Mapping[str, PartyId | None] = field(default_factory=dict)
    """By role, as read from ``numbers``."""

    @classmethod
    def of(cls, asked: Asked) -> "CaseForm":
        """The form of a case as it stands, to be supplemented."""
        subject = asked.parties.get(SUBJECT)
        return cls(
            case=asked.case,
            purpose=asked.purpose,
            who="none" if subject is None else "number",
            numbers={role: party.id for role, party in asked.parties.items() if party is not None},
            given=asked.given,
            parties=asked.parties,
        )

    def but(self, name: str, slug: str) -> "CaseForm":
        """It with one more thing that is wrong."""
        return replace(self, wrong={**self.wrong, name: slug})


def seats(services: Sequence[Service]) -> tuple[Seat, ...]:
    """Who takes part, of all services together: the applicant, the subject, then the others."""
    applicants = [kind for kind in _TYPES if all(kind in one.applicants for one in services)]
    unnumbered = not any(one.subject_identified for one in services)
    found = [
        Seat(APPLICANT, _types(applicants), required=True),
        Seat(SUBJECT, _types(list(_TYPES)), required=True, unnumbered=unnumbered),
    ]
    named: dict[str, list[Party]] = {}
    for service in services:
        for party in service.parties:
            named.setdefault(party.code, []).append(party)
    for role, parties in named.items():
        kinds = [kind for kind in _TYPES if all(kind in one.kinds for one in parties)]
        required = any(one.required for one in parties)
        found.append(Seat(role, _types(kinds), required=required, party=parties[0]))
    if any(one.agent for one in services):
        found.append(Seat(AGENT, _types(list(_TYPES)), required=False))
    return tuple(found)


def fields(services: Sequence[Service]) -> tuple[FormField, ...]:
    """The fields of all services, each code once, in the order of services and forms."""
    found: dict[str, FormField] = {}
    for service in services:
        for one in service.fields:
            found.setdefault(one.code, one)
    return tuple(found.values())


def read(form: Form, services: Sequence[Service]) -> CaseForm:
    """The form of a new case as sent, with what is wrong with it."""
    filled = _filled(form, services, new=True)
    case = form.one("case")
    if not case:
        return filled.but("case", "case-missing")
    if len(case) > TEXT or not case.isprintable():
        return filled.but("case", "form")
    return filled


def supplement(form: Form, services: Sequence[Service]) -> CaseForm:
    """What is to be added to a case, with what is wrong with it; who is not named stays."""
    return _filled(form, services, new=False)


def _filled(form: Form, services: Sequence[Service], *, new: bool) -> CaseForm:
    wrong: dict[str, str] = {}
    who: Who = next((one for one in WHO if one == form.one("who")), "applicant")
    numbers = form.beginning("party.")
    parties: dict[str, PartyId | None] = {}
    for seat in seats(services):
        raw = numbers.get(seat.role, "")
        if seat.role == SUBJECT and who == "none" and seat.unnumbered:
            parties[SUBJECT] = None
        elif seat.role == SUBJECT and who != "number":
            if APPLICANT in parties:
                parties[SUBJECT] = parties[APPLICANT]
        elif raw or (seat.required and new):
            _number(seat, raw, parties, wrong)
    given = {code: value for code, value in form.beginning("given.").items() if value}
    _check_given(given, services, wrong)
    return CaseForm(
        seed=form.one("seed")[:TEXT],
        case=form.one("case")[:TEXT],
        purpose=form.one("purpose")[:TEXT],
        who=who,
        numbers={role: raw[:TEXT] for role, raw in numbers.items()},
        given={code: value[:LONG] for code, value in given.items()},
        wrong=wrong,
        parties=parties,
    )


def _number(
    seat: Seat, raw: str, parties: dict[str, PartyId | None], wrong: dict[str, str]
) -> None:
    checked = check_any(seat.types or ("",), raw)
    if checked.acceptable and 0 < len(raw) <= TEXT:
        parties[seat.role] = PartyId(type=checked.kind, id=checked.value)
    else:
        wrong[f"party-{seat.role}"] = checked.reason or "form"


def _check_given(given: dict[str, str], services: Sequence[Service], wrong: dict[str, str]) -> None:
    """What no service asks for is left out; what one refuses is wrong."""
    for code, value in list(given.items()):
        asking = [one.by_field[code] for one in services if code in one.by_field]
        if not asking:
            del given[code]
        for each in asking:
            checked = check_value(each.item, value)
            if not checked.acceptable or len(value) > LONG:
                wrong[f"given-{code}"] = checked.reason or "too-long"


def _types(kinds: Sequence[Kind]) -> tuple[str, ...]:
    return tuple(name for kind in kinds for name in _TYPES[kind])

"""What a case is opened with, read strictly: whose it is, for what, and what was entered."""

from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from catalog.identifiers import check_any, licence, resident
from catalog.services.service import AGENT, APPLICANT, SUBJECT, Kind, Service
from catalog.values import check_value
from certs.canonical import Json, canonical
from certs.encoding import sha256
from hub.cases.shelf import InForce
from hub.errors import NotFound, Unprocessable

MOST_SERVICES = 20
"""Services of one case."""
MOST_PARTIES, MOST_FIELDS = 40, 400
MOST_MATERIALS = 800
"""Materials of one case: with each of them in its longest form an entry stays below 1 MiB, which is
what the figure and the verifications read."""
_LONGEST = 4000
_CONTENT = 16
_ENTITY = frozenset({"uscc", "organisation_code"})

_Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
_Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
_Short = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")
]
_Value = Annotated[str, StringConstraints(max_length=_LONGEST)]
RequestId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PartyId(_Strict):
    """Somebody by number, exactly as it was given."""

    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,31}$")]
    id: _Short

    @property
    def kind(self) -> Kind:
        """A person or an entity."""
        return "entity" if self.type in _ENTITY else "person"

    @property
    def normal(self) -> str:
        """The number in its normal form."""
        return check_any((self.type,), self.id).value


Parties = Annotated[dict[_Code, PartyId | None], Field(max_length=MOST_PARTIES)]
"""By role; None: takes part and has no number yet."""
Given = Annotated[dict[_Code, _Value], Field(max_length=MOST_FIELDS)]
"""What the applicant has entered, by field."""


class Opening(_Strict):
    """A new case; ``case`` is the department's own number of it."""

    request_id: RequestId
    services: Annotated[tuple[_Code, ...], Field(min_length=1, max_length=MOST_SERVICES)]
    officer: _Short
    case: _Short
    purpose: _Slug
    parties: Parties
    given: Given = {}

    @property
    def content(self) -> bytes:
        """What a retry must have the same."""
        said: Json = {**self.model_dump(mode="json")}
        return sha256(canonical(said))[:_CONTENT]


class Asked(NamedTuple):
    """A case as it is to be decided; ``parties`` and ``given`` have been found fit."""

    services: tuple[str, ...]
    case: str
    purpose: str
    officer: str
    parties: Mapping[str, PartyId | None]
    given: Mapping[str, str]

    @property
    def present(self) -> frozenset[str]:
        """Who takes part."""
        return frozenset(self.parties)

    @property
    def about(self) -> tuple[str, str]:
        """Whom entries of the case name: the subject, or while it has no number the applicant."""
        found = self.parties[SUBJECT] or self.parties[APPLICANT]
        if found is None:
            raise Unprocessable(why="applicant")
        return found.type, found.id


def services_of(codes: Iterable[str], in_force: InForce) -> tuple[Service, ...]:
    """The services of a case by their codes.

    Raises ``NotFound``, and ``Unprocessable`` for one named twice or for too many materials.
    """
    listed = tuple(codes)
    if len(set(listed)) != len(listed):
        raise Unprocessable(why="service-twice")
    found = [in_force.services.get(code) for code in listed]
    known = tuple(one for one in found if one is not None)
    if len(known) != len(listed):
        raise NotFound(what="service")
    if sum(len(one.materials) for one in known) > MOST_MATERIALS:
        raise Unprocessable(why="too-many-materials")
    return known


def require_fit(asked: Asked, services: Iterable[Service]) -> None:
    """Raise ``Unprocessable`` with the role or field that does not fit the services."""
    listed = tuple(services)
    roles = frozenset[str]().union(*(one.roles for one in listed))
    required = {APPLICANT, SUBJECT}
    required |= {party.code for one in listed for party in one.parties if party.required}
    for role in sorted(asked.parties.keys() ^ (asked.parties.keys() & roles)):
        raise Unprocessable(why=f"party {role}")
    for role in sorted(required - asked.parties.keys()):
        raise Unprocessable(why=f"party-missing {role}")
    for role, party in asked.parties.items():
        if party is None:
            _require_unnumbered(role, listed)
        elif not _allowed(role, party, listed):
            raise Unprocessable(why=f"party {role}")
    for code, value in asked.given.items():
        fields = [one.by_field[code] for one in listed if code in one.by_field]
        if not fields or any(not check_value(field.item, value).acceptable for field in fields):
            raise Unprocessable(why=f"field {code}")


def _require_unnumbered(role: str, services: tuple[Service, ...]) -> None:
    """Only a subject may be without a number, and only where the service foresees it."""
    if role != SUBJECT or any(one.subject_identified for one in services):
        raise Unprocessable(why=f"party-without-number {role}")


def _allowed(role: str, party: PartyId, services: tuple[Service, ...]) -> bool:
    if not check_any((party.type,), party.id).acceptable or not _somebody(party):
        return False
    if role == APPLICANT:
        return all(party.kind in one.applicants for one in services)
    if role in {AGENT, SUBJECT}:
        return True
    named = [each for one in services for each in one.parties if each.code == role]
    return all(party.kind in each.kinds for each in named)


def _somebody(party: PartyId) -> bool:
    """Whether it is somebody: no paper, and no person by the kind of number that entities have.

    Licences are found by their own identifier too, and a credit code may have a wrong check digit:
    so the one would let a case be about a paper, whosever it is, and the other make every resident
    an entity.
    """
    if party.type == licence.KIND:
        return False
    return party.kind == "person" or not check_any((resident.KIND,), party.id).acceptable

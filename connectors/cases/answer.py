"""A case as the hub tells it: how it stands, the notice 一单, the form 一表; not yet believed.

What a later hub adds is ignored. ``repr`` tells nothing about a person.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from catalog.evidence.decision import STATUSES, Status
from catalog.evidence.reason import Reason
from catalog.messages import Language

CaseStatus = Literal["open", "concluded", "withdrawn"]
Result = Literal["accepted", "refused"]
RESULTS: tuple[Result, ...] = ("accepted", "refused")
CASE_STATUSES: tuple[CaseStatus, ...] = ("open", "concluded", "withdrawn")
Outcome = Literal["fulfilled", "checked", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("fulfilled", "checked", "failed")
ON_PAPER = "paper"
"""Brought, and of a type that cannot be filed."""
SATISFIED: frozenset[Status] = frozenset({"confirmed", "on_file", "not_needed"})
RESTING: frozenset[Status] = frozenset({"confirmed", "on_file"})
"""What must rest on evidence."""


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Both(_Told):
    """A text in both languages."""

    zh: str
    en: str

    def words(self, language: Language) -> str:
        """In one of them."""
        return self.en if language == "en" else self.zh


class Why(_Told):
    """A reason, put into words by the catalogue."""

    code: str
    facts: Mapping[str, str | int] = {}

    @property
    def reason(self) -> Reason:
        """As the catalogue knows it."""
        return Reason(self.code, self.facts)


class ServiceOf(_Told):
    """A service of a case, and who implements it."""

    service: str
    version: StrictInt
    department: str


class Material(_Told):
    """What became of one material of one service (``docs/cases.md``)."""

    service: str
    material: str
    type: str
    of: str
    optional: StrictBool
    status: Status
    reason: str
    rule: str
    rule_version: StrictInt
    way: StrictInt
    kind: str
    entries: tuple[StrictInt, ...]
    held: str | None
    brought: str | None
    until: str | None

    @property
    def name(self) -> tuple[str, str]:
        """Which one it is."""
        return self.service, self.material


class Commitment(_Told):
    """What was promised; ``due`` and ``settled`` are RFC 3339."""

    number: StrictInt
    service: str
    material: str
    kind: Literal["later", "promise"]
    due: str
    status: str
    settled: str | None


class State(_Told):
    """How a case stands; nothing of anybody."""

    case: str
    version: StrictInt
    status: CaseStatus
    result: Result | None
    department: str
    opened: str
    day: str
    services: tuple[ServiceOf, ...]
    materials: tuple[Material, ...]
    commitments: tuple[Commitment, ...]


class Evidence(_Told):
    """What satisfied a way; ``reference`` names it (``docs/cases.md``)."""

    kind: str
    source: str
    about: str
    reference: str
    provider: str
    date: str | None
    valid_until: str | None
    stands_for: str


class Follow(_Told):
    """What may follow, or be promised, until when, and with what liability."""

    kind: Literal["later", "promise"]
    due: str
    certain: StrictBool
    text: Both
    liability: Both


class Tried(_Told):
    """A way that did not do, and why."""

    way: StrictInt
    kind: str
    source: str
    why: Why


class Piece(_Told):
    """Why a paper is or is not asked for, for one service."""

    service: str
    material: str
    status: Status
    why: Why
    rule: str
    rule_version: StrictInt
    way: StrictInt
    legal_basis: str
    evidence: Evidence | None
    follow: Follow | None
    tried: tuple[Tried, ...]

    @property
    def name(self) -> tuple[str, str]:
        """Which material it is."""
        return self.service, self.material


class Paper(_Told):
    """One paper of the notice, once for all services that ask for it."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    type: str
    of: str
    title: Both
    status: Status
    kind: StrictInt
    copies: StrictInt
    until: str | None
    pieces: tuple[Piece, ...] = Field(alias="for", min_length=1)


class ServiceTold(_Told):
    """A service as the notice tells of it; days are working days, 0 = at once."""

    code: str
    title: Both
    department: str
    legal_basis: str
    conditions: tuple[Both, ...]
    process: tuple[Both, ...]
    statutory_days: StrictInt
    promised_days: StrictInt


class Notice(_Told):
    """一单: every paper with its status, and every way that was tried."""

    day: str
    services: tuple[ServiceTold, ...]
    materials: Mapping[Status, tuple[Paper, ...]]

    def papers(self) -> Iterator[Paper]:
        """Every paper, what weighs most first."""
        for status in STATUSES:
            yield from self.materials.get(status, ())


class Value(_Told):
    """A value of the form and where it is from."""

    value: str = Field(repr=False)
    department: str
    dataset: str
    item: str
    about: str
    reference: str
    provider: str
    date: str | None


class Entered(_Told):
    """One field of the form; ``given`` is what the applicant entered, ``value`` what is on file."""

    key: str
    code: str
    title: Both
    type: str
    codes: Mapping[str, Both] | None = None
    """What the values of a coded field mean; None for others."""
    required: StrictBool
    services: tuple[str, ...]
    value: Value | None
    others: tuple[Value, ...]
    same: tuple[Value, ...]
    given: str = Field(repr=False)
    why: Why


class Fallen(_Told):
    """What was satisfied and is no longer."""

    service: str
    material: str
    before: Status
    status: Status
    reason: str


class Lacking(_Told):
    """What keeps a case from being accepted."""

    service: str
    material: str
    reason: str


class CaseTold(State):
    """A case with its content; ``entry`` is the position of its newest entry."""

    entry: StrictInt | None
    notice: Notice
    form: tuple[Entered, ...]
    fallen: tuple[Fallen, ...] = ()
    lacking: tuple[Lacking, ...] = ()

    @property
    def by_name(self) -> dict[tuple[str, str], Material]:
        """Materials by service and code."""
        return {one.name: one for one in self.materials}

"""The notice 一单 and the form 一表 read back, as ``notice_json.py`` wrote them.

What a newer hub has added is ignored, what is missing is an error. ``repr`` tells no value.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from catalog.evidence.decision import STATUSES, Status
from catalog.evidence.reason import Reason
from catalog.messages import Language


class Told(BaseModel):
    """Something that a hub tells."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Both(Told):
    """A text in both languages."""

    zh: str
    en: str

    def words(self, language: Language) -> str:
        """In one of them."""
        return self.en if language == "en" else self.zh


class Why(Told):
    """A reason, put into words by the catalogue."""

    code: str
    facts: Mapping[str, str | int] = {}

    @property
    def reason(self) -> Reason:
        """As the catalogue knows it."""
        return Reason(self.code, self.facts)


class Evidence(Told):
    """What satisfied a way; ``reference`` names it (``docs/cases.md``)."""

    kind: str
    source: str
    about: str
    reference: str
    provider: str
    date: str | None
    valid_until: str | None
    stands_for: str


class Follow(Told):
    """What may follow, or be promised, until when, and with what liability."""

    kind: Literal["later", "promise"]
    due: str
    certain: StrictBool
    text: Both
    liability: Both


class Tried(Told):
    """A way that did not do, and why."""

    way: StrictInt
    kind: str
    source: str
    why: Why


class Piece(Told):
    """Why a paper is or is not asked for, for one service."""

    service: str
    material: str
    status: Status
    why: Why
    rule: str
    rule_version: StrictInt
    way: StrictInt
    legal_basis: str
    acceptance: str
    specification: str
    blank_form: str
    notes: str
    evidence: Evidence | None
    follow: Follow | None
    tried: tuple[Tried, ...]

    @property
    def name(self) -> tuple[str, str]:
        """Which material it is."""
        return self.service, self.material


class Paper(Told):
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


class ServiceTold(Told):
    """A service as the notice tells of it; days are working days, 0 = at once."""

    code: str
    version: StrictInt
    title: Both
    department: str
    legal_basis: str
    conditions: tuple[Both, ...]
    process: tuple[Both, ...]
    statutory_days: StrictInt
    promised_days: StrictInt


class Notice(Told):
    """一单: every paper with its status, and every way that was tried."""

    day: str
    services: tuple[ServiceTold, ...]
    materials: Mapping[Status, tuple[Paper, ...]]

    def papers(self) -> Iterator[Paper]:
        """Every paper, what weighs most first."""
        for status in STATUSES:
            yield from self.materials.get(status, ())


class Value(Told):
    """A value of the form and where it is from."""

    value: str = Field(repr=False)
    department: str
    dataset: str
    item: str
    about: str
    reference: str
    provider: str
    date: str | None


class Entered(Told):
    """One field of the form; ``given`` is what the applicant entered, ``value`` what is on file."""

    key: str
    code: str
    title: Both
    type: str
    codes: Mapping[str, Both] | None = None
    """What the values of a coded field mean; None for others, and where it was not yet told."""
    required: StrictBool
    conflicting: StrictBool
    services: tuple[str, ...]
    value: Value | None
    others: tuple[Value, ...]
    same: tuple[Value, ...]
    given: str = Field(repr=False)
    why: Why


class WholeNotice(Notice):
    """一单 with its 一表, as they are sealed together."""

    form: tuple[Entered, ...]

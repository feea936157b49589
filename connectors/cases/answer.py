"""A case as the hub tells it: how it stands, the notice 一单, the form 一表; not yet believed.

What a later hub adds is ignored. ``repr`` tells nothing about a person.
"""

from typing import Literal

from pydantic import StrictBool, StrictInt

from catalog.evidence.decision import Status
from catalog.evidence.told import Entered, Notice, Told

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


class ServiceOf(Told):
    """A service of a case, and who implements it."""

    service: str
    version: StrictInt
    department: str


class Material(Told):
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


class Commitment(Told):
    """What was promised; ``due`` and ``settled`` are RFC 3339."""

    number: StrictInt
    service: str
    material: str
    kind: Literal["later", "promise"]
    due: str
    status: str
    settled: str | None


class State(Told):
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


class Fallen(Told):
    """What was satisfied and is no longer."""

    service: str
    material: str
    before: Status
    status: Status
    reason: str


class Lacking(Told):
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

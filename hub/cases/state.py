"""What an entry says of a case: codes, versions, states, positions; nothing of anybody.

The case's own number, whom it is about and what was found stand in the *person* part and sealed in
the row. From these states alone the figure is derived (``hub/reuse/figure.py``).
"""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt

from catalog.evidence.decision import Status
from certs.canonical import Json

Act: TypeAlias = Literal[
    "open", "supplement", "review", "brought", "commit", "settle", "conclude", "withdraw", "read"
]
DECIDING: frozenset[Act] = frozenset({"open", "supplement", "review", "conclude"})
"""Acts that ask anew; all others leave what was decided as it was."""
CaseStatus: TypeAlias = Literal["open", "concluded", "withdrawn"]
Result: TypeAlias = Literal["accepted", "refused"]
Promised: TypeAlias = Literal["open", "fulfilled", "checked", "failed", "lapsed"]
ON_PAPER = "paper"
"""Brought, and of a type that cannot be filed."""


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServiceIn(_State):
    """A service with the version by which the case was decided, and who implements it."""

    service: str
    version: StrictInt
    department: str


class RulesIn(_State):
    """A set of rules with its version and the digest of its TOML."""

    set: str
    version: StrictInt
    definition: str


class MaterialIn(_State):
    """What became of one material of one service.

    ``kind`` is that of the evidence or of the commitment, ``entries`` are the positions of the
    answers that it rests on, ``held`` is the material on file that satisfies it, ``brought`` what
    the applicant has handed in during this case (``paper`` where it cannot be filed).
    """

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
    def satisfied(self) -> bool:
        """Whether nothing is left to do about it, but for what was brought or promised."""
        return self.status in {"confirmed", "on_file", "not_needed"}

    @property
    def name(self) -> tuple[str, str]:
        """Which one it is."""
        return self.service, self.material


class CommitmentIn(_State):
    """A commitment; ``due`` and ``settled`` are RFC 3339."""

    number: StrictInt
    service: str
    material: str
    kind: Literal["later", "promise"]
    due: str
    status: Promised
    settled: str | None


class CaseState(_State):
    """A case as its entries tell it.

    ``department`` is whose officer handles it: the implementing one, or a window under delegations.
    ``R`` is the digest of the request by which it was last decided, ``rounds`` number, first
    position and count of what was asked then, ``content`` the digest of the sealed bytes.
    """

    id: str
    act: Act
    version: StrictInt
    department: str
    status: CaseStatus
    result: Result | None
    opened: str
    day: str
    R: str
    rounds: tuple[tuple[StrictInt, StrictInt, StrictInt], ...]
    services: tuple[ServiceIn, ...]
    rules: tuple[RulesIn, ...]
    digest: str
    materials: tuple[MaterialIn, ...]
    commitments: tuple[CommitmentIn, ...]
    content: str

    def state(self) -> dict[str, Json]:
        """As it is entered."""
        return self.model_dump(mode="json")

    @property
    def by_name(self) -> dict[tuple[str, str], MaterialIn]:
        """Materials by service and code."""
        return {one.name: one for one in self.materials}

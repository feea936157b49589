"""What was decided about a case, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from catalog.evidence.form import Filled
from catalog.evidence.reason import Reason
from catalog.messages import Language
from catalog.services.material import OPTIONAL, Material
from catalog.services.service import Service
from certs.canonical import Json

Status = Literal["must_bring", "may_follow", "confirmed", "on_file", "not_needed"]
STATUSES: tuple[Status, ...] = ("must_bring", "may_follow", "confirmed", "on_file", "not_needed")
"""What weighs most first: of one paper for several services the first that holds for any."""


class Evidence(NamedTuple):
    """What satisfied a way. ``stands_for`` is the type asked for where another one was accepted."""

    kind: str
    source: str
    about: str
    reference: str
    provider: str
    dated: date | None
    valid_until: date | None
    stands_for: str = ""


class Follow(NamedTuple):
    """A commitment: what kind, until when; ``certain`` if the days off until then are announced."""

    kind: Literal["later", "promise"]
    due: date
    certain: bool
    text_zh: str
    text_en: str
    liability_zh: str
    liability_en: str


class Tried(NamedTuple):
    """An earlier way, and why it did not do; ``way`` counts from 1."""

    way: int
    kind: str
    source: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Piece:
    """One material of one service. ``rule`` is empty where no rule is for it; ``way`` 0 = none."""

    service: Service
    material: Material
    status: Status
    why: Reason
    rule: str
    rule_version: int
    way: int
    tried: tuple[Tried, ...]
    evidence: Evidence | None = None
    follow: Follow | None = None

    @property
    def optional(self) -> bool:
        """Whether the list says that it is not necessary."""
        return self.material.necessity == OPTIONAL


@dataclass(frozen=True, slots=True)
class Wanted:
    """One paper of the merged list, once for all services that ask for it.

    ``kind``, ``necessity`` and ``copies`` are the strictest that a service asks for; ``until`` is
    the earliest day where it may follow.
    """

    type: str
    of: str
    kind: int
    necessity: int
    copies: int
    status: Status
    until: date | None
    pieces: tuple[Piece, ...]

    def title(self, language: Language) -> str:
        """Its name, in the words of the first service that asks for it."""
        return self.pieces[0].material.title(language)


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole: one list, one form; services in the order of their codes.

    ``rules`` are the sets with their versions, ``digest`` is over what they said.
    """

    day: date
    services: tuple[Service, ...]
    rules: tuple[tuple[str, int], ...]
    digest: str
    materials: tuple[Wanted, ...]
    form: tuple[Filled, ...]

    def of(self, status: Status) -> tuple[Wanted, ...]:
        """The papers of a status."""
        return tuple(one for one in self.materials if one.status == status)

    def pieces(self) -> tuple[Piece, ...]:
        """Every material of every service."""
        return tuple(piece for one in self.materials for piece in one.pieces)

    def state(self) -> Mapping[str, Json]:
        """What can stand in an entry: codes, versions, statuses; nothing of anybody."""
        pieces = sorted(self.pieces(), key=lambda one: (one.service.code, one.material.code))
        materials: list[Json] = [
            {
                "material": piece.material.code,
                "optional": piece.optional,
                "rule": piece.rule,
                "service": piece.service.code,
                "status": piece.status,
                "version": piece.rule_version,
                "way": piece.way,
            }
            for piece in pieces
        ]
        services: list[Json] = [
            {
                "department": service.department,
                "service": service.code,
                "version": service.version,
            }
            for service in self.services
        ]
        rules: list[Json] = [{"set": code, "version": version} for code, version in self.rules]
        return {
            "day": self.day.isoformat(),
            "digest": self.digest,
            "materials": materials,
            "rules": rules,
            "services": services,
        }

"""The seam to what is on file: what is wanted, and what answers it.

``Need`` says what a way asks for; who answers (lookups by grant, licences, materials) is the
caller's affair. Two needs are the same question if all but their ``items`` agree: one answer with
all items of both serves both, so no dataset is asked twice about one party.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

NeedKind = Literal["lookup", "verify", "licence", "material", "own"]
Standing = Literal[
    "sound",
    "disputed",
    "repaired",
    "expired",
    "suspended",
    "revoked",
    "cancelled",
    "withdrawn",
    "transferred",
    "other",
]
"""Only ``sound`` satisfies anything."""
Absence = Literal[
    "absent",
    "no-identifier",
    "not-present",
    "not-granted",
    "not-own",
    "field-not-given",
    "quota-spent",
    "dataset-suspended",
    "unavailable",
]
"""Why there is nothing: nobody has it; the party has no number yet, or takes no part; no grant
covers it; the dataset is not the department's own; the claimed field is empty; …"""
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Need:
    """A question: for whom, of what, about which party.

    ``department`` is the implementing one, whose grant is used; ``source`` a dataset, a type of
    licence or a type of material. ``claims`` are pairs of item and form field, to be verified
    with what the field holds.
    """

    kind: NeedKind
    department: str
    source: str
    about: str
    claims: tuple[tuple[str, str], ...] = ()
    items: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Found:
    """One record, licence or material.

    ``reference`` names it without saying anything of it (an entry's position, a material's id);
    ``source`` is the department that answers for it; ``dated`` is how fresh the data is, or the
    day of the paper. ``values`` hold what was granted; an item that is missing was not granted, an
    empty one is empty. ``agrees``: a verification's answer. ``sighted``: the original was seen.
    """

    reference: str
    source: str = ""
    dated: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    values: Mapping[str, str] = field(default_factory=lambda: _NONE)
    standing: Standing = "sound"
    agrees: bool = True
    sighted: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing, and why."""

    reason: Absence


Answer: TypeAlias = tuple[Found, ...] | Missing
"""All that was found; an empty tuple is the same as ``Missing("absent")``."""
Answers: TypeAlias = Mapping[Need, Answer]


class Holdings(Protocol):
    """Answers needs, one at a time and only those that matter."""

    def ask(self, need: Need) -> Answer:
        """What there is for ``need``."""
        ...

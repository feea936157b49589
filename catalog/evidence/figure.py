"""The figure: of the papers that the published lists ask for, how many had to be brought.

Counted are the necessary materials that this applicant's case asks for, of each service by itself:
a paper brought once for two services counts as brought in both, so nothing is flattered by it.
What may follow or is promised is no reduction: it stays in ``listed`` and is told apart, as are
optional materials and those that this case does not ask for, which are not in ``listed`` at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from catalog.evidence.decision import Decision, Piece
from certs.canonical import Json

TARGET = 70
"""Per cent of materials less, which the reform demands (``domain.md`` §1)."""
WHOLE = 10_000
_MONTH = 7


class Cell(NamedTuple):
    """What a tally is of; ``month`` is ``YYYY-MM`` in Asia/Shanghai."""

    department: str
    service: str
    month: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of materials; ``listed`` = ``covered`` + ``brought`` + ``later`` + ``promised``.

    ``covered``: on file or confirmed. ``later`` 容缺, ``promised`` 告知承诺. Beside ``listed``:
    ``optional`` and ``not_asked``.
    """

    cases: int = 0
    listed: int = 0
    covered: int = 0
    brought: int = 0
    later: int = 0
    promised: int = 0
    optional: int = 0
    not_asked: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Both together; in any order the same."""
        return Tally(
            self.cases + other.cases,
            self.listed + other.listed,
            self.covered + other.covered,
            self.brought + other.brought,
            self.later + other.later,
            self.promised + other.promised,
            self.optional + other.optional,
            self.not_asked + other.not_asked,
        )

    @property
    def share(self) -> int | None:
        """Hundredths of a per cent that need not be brought, rounded down; None without a list."""
        return self.covered * WHOLE // self.listed if self.listed else None

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached, by the exact counts."""
        return self.covered * 100 >= TARGET * self.listed if self.listed else None

    def state(self) -> dict[str, Json]:
        """The counts, as they can be entered."""
        return {
            "brought": self.brought,
            "cases": self.cases,
            "covered": self.covered,
            "later": self.later,
            "listed": self.listed,
            "not_asked": self.not_asked,
            "optional": self.optional,
            "promised": self.promised,
        }


def tally(decision: Decision) -> Mapping[Cell, Tally]:
    """The counts of one decision by department, service and month."""
    month = decision.day.isoformat()[:_MONTH]
    counted = {
        service.code: (Cell(service.department, service.code, month), Tally(cases=1))
        for service in decision.services
    }
    for piece in decision.pieces():
        cell, so_far = counted[piece.service.code]
        counted[piece.service.code] = (cell, so_far + _counts(piece))
    return dict(counted.values())


def figures(decisions: Iterable[Decision]) -> Mapping[Cell, Tally]:
    """The counts of many decisions, in the order of department, service, month."""
    total: dict[Cell, Tally] = {}
    for decision in decisions:
        for cell, one in tally(decision).items():
            total[cell] = total.get(cell, Tally()) + one
    return dict(sorted(total.items()))


def by(
    what: Literal["department", "service", "month"], cells: Mapping[Cell, Tally]
) -> Mapping[str, Tally]:
    """Tallies summed up by one of the three."""
    total: dict[str, Tally] = {}
    for cell, one in cells.items():
        name = str(getattr(cell, what))
        total[name] = total.get(name, Tally()) + one
    return dict(sorted(total.items()))


def papers(decision: Decision) -> int:
    """How many different papers the applicant has to bring for all services of a case together."""
    return len(decision.of("must_bring"))


def _counts(piece: Piece) -> Tally:
    if piece.optional:
        return Tally(optional=1)
    if piece.status == "not_needed":
        return Tally(not_asked=1)
    if piece.status == "must_bring":
        return Tally(listed=1, brought=1)
    if piece.status == "may_follow":
        later = piece.follow is not None and piece.follow.kind == "later"
        return Tally(listed=1, later=int(later), promised=int(not later))
    return Tally(listed=1, covered=1)

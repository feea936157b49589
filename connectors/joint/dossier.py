"""A dossier 一人一档, 一企一档, 一证一档: all that our grants allow about one subject, by family.

It is joint questions to every dataset that a grant opens to us for the purpose; each dataset that
is read has its entry. What is refused is told, never left out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.definition import FAMILIES, Dataset
from certs.encoding import from_rfc3339
from connectors.batch.answer import Proof
from connectors.batch.question import Subject
from connectors.errors import QuestionRefused
from connectors.grants import Grant
from connectors.joint.answer import JointAnswer, PartAnswer
from connectors.joint.question import MOST_PARTS, Part


@dataclass(frozen=True, slots=True)
class Held:
    """A dataset as a department that was granted it sees it; ``department`` provides it."""

    definition: Dataset
    department: str


@dataclass(frozen=True, slots=True)
class Section:
    """What one dataset has of the subject, and whose dataset it is."""

    held: Held
    answer: PartAnswer


@dataclass(frozen=True, slots=True)
class Dossier:
    """The sections by family, in the order of the catalogue's families; ``proof`` of all."""

    sections: tuple[Section, ...]
    proof: Proof

    @property
    def by_family(self) -> Mapping[str, Sequence[Section]]:
        """The sections of each family that has some."""
        families: dict[str, list[Section]] = {}
        for section in self.sections:
            families.setdefault(section.held.definition.family, []).append(section)
        return families


def parts_of(
    grants: Sequence[Grant],
    held: Callable[[str], Held],
    subject: Subject,
    purpose: str,
    now: int,
) -> list[tuple[Held, Part]]:
    """One lookup for each dataset that a grant opens, under the grant that has most items.

    Raises ``QuestionRefused`` if no grant opens any, or more than one request can ask.
    """
    best: dict[str, Grant] = {}
    for grant in grants:
        before = best.get(grant.dataset)
        if _opens(grant, purpose, now) and (before is None or len(grant.items) > len(before.items)):
            best[grant.dataset] = grant
    parts = sorted(_parts(best.values(), held, subject, purpose), key=_place)
    if not parts:
        raise QuestionRefused(why="dossier-empty")
    if len(parts) > MOST_PARTS:
        raise QuestionRefused(why="parts")
    return parts


def dossier_of(parts: Sequence[tuple[Held, Part]], answer: JointAnswer) -> Dossier:
    """The dossier that an answer to these parts makes."""
    sections = tuple(
        Section(held, part) for (held, _), part in zip(parts, answer.parts, strict=True)
    )
    return Dossier(sections, answer.proof)


def _opens(grant: Grant, purpose: str, now: int) -> bool:
    """Whether a grant looks as if it covered a lookup now; the hub decides."""
    ends = None if grant.valid_until is None else from_rfc3339(grant.valid_until)
    return (
        grant.status == "active"
        and "lookup" in grant.operations
        and "connector" in grant.channels
        and purpose in grant.purposes
        and from_rfc3339(grant.valid_from) <= now
        and (ends is None or now < ends)
    )


def _parts(
    grants: Iterable[Grant],
    held: Callable[[str], Held],
    subject: Subject,
    purpose: str,
) -> Iterator[tuple[Held, Part]]:
    for grant in grants:
        known = held(grant.dataset)
        if subject.type in known.definition.subject.kinds:
            in_order = [item.code for item in known.definition.items if item.code in grant.items]
            yield known, Part("lookup", grant.dataset, purpose, subject, tuple(in_order))


def _place(part: tuple[Held, Part]) -> tuple[int, str]:
    definition = part[0].definition
    return FAMILIES.index(definition.family), definition.code

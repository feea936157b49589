"""What an entry of kind ``destruction`` says, and what keeps a content from being destroyed.

    {"basis": "…", "ids": […], "what": "material" | "case"}

A *content* is a material with its file, or what is sealed of a case. The entry names it by its id;
what stays is what earlier entries say of it. From entries alone it can be told which contents are
in use and which are held, so a verification asks what the hub asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

from certs.canonical import Json
from hub.errors import Unprocessable
from hub.ledger.spans import Spans, size, union, without

What: TypeAlias = Literal["case", "material"]
WHATS: tuple[What, ...] = get_args(What)
Thing: TypeAlias = tuple[str, str]
"""What it is, and its id."""
MOST = 100
"""Contents in one entry: all of them go in one transaction, during which nobody is answered."""
DESTROYED = "destroyed"
"""The status of a material that is gone."""
_ROUND = 3


class Told(NamedTuple):
    """A destruction as its entry tells it."""

    basis: str
    what: What
    ids: tuple[str, ...]

    def state(self) -> dict[str, Json]:
        """The whole state."""
        return {"basis": self.basis, "ids": [*self.ids], "what": self.what}

    @property
    def things(self) -> Iterator[Thing]:
        """What is destroyed."""
        return ((self.what, one) for one in self.ids)


def told(basis: str, what: str, ids: Iterable[str]) -> Told:
    """A destruction of some contents; raises ``Unprocessable`` unless it makes sense."""
    for known in WHATS:
        if what == known:
            listed = tuple(sorted(set(ids)))
            if 0 < len(listed) <= MOST:
                return Told(basis, known, listed)
    raise Unprocessable(why="contents")


def in_entries(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many at a time as one entry may list."""
    return (ids[at : at + MOST] for at in range(0, len(ids), MOST))


def read(state: Mapping[str, Json]) -> Told | None:
    """A destruction from its state; None if no release of the hub wrote that."""
    ids = state.get("ids")
    try:
        found = told(
            str(state.get("basis")),
            str(state.get("what")),
            map(str, ids if isinstance(ids, list) else ()),
        )
    except Unprocessable:
        return None
    return found if found.state() == state and found.basis else None


def is_live(case: Mapping[str, Json]) -> bool:
    """Whether a case is open, or something that was promised in it is."""
    if case.get("status") == "open":
        return True
    return any(one.get("status") == "open" for one in _dicts(case.get("commitments")))


def materials_of(case: Mapping[str, Json]) -> set[str]:
    """The materials that a case rests on, or that were brought in it."""
    return {
        str(one.get(name))
        for one in _dicts(case.get("materials"))
        for name in ("held", "brought")
        if one.get(name) is not None
    }


def rounds_of(case: Mapping[str, Json]) -> Spans:
    """Where the answers stand that a case rests on."""
    rounds = case.get("rounds")
    found = []
    for one in rounds if isinstance(rounds, list) else ():
        if isinstance(one, list) and len(one) == _ROUND:
            _, first, count = one
            if isinstance(first, int) and isinstance(count, int):
                found.append((first, first + count))
    return union(found)


def in_use(cases: Iterable[Mapping[str, Json]]) -> set[Thing]:
    """Of cases what is in use: those that are live, and the materials of these."""
    found: set[Thing] = set()
    for case in cases:
        if is_live(case):
            found.add(("case", str(case.get("id"))))
            found |= {("material", one) for one in materials_of(case)}
    return found


def kept_by(
    spans: Spans, entered_there: Iterable[Thing], cases: Iterable[Mapping[str, Json]]
) -> set[Thing]:
    """What holds over ``spans`` keep.

    ``entered_there`` is whatever has an entry of its own in them. A case is kept also by a hold
    over an answer that it rests on, and keeps its materials.
    """
    found = set(entered_there)
    if not spans:
        return found
    for case in cases:
        thing = ("case", str(case.get("id")))
        rounds = rounds_of(case)
        if thing in found or size(without(rounds, spans)) < size(rounds):
            found.add(thing)
            found |= {("material", one) for one in materials_of(case)}
    return found


def _dicts(value: Json) -> Iterator[Mapping[str, Json]]:
    return (one for one in (value if isinstance(value, list) else ()) if isinstance(one, dict))

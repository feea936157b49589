"""Whether what a case says of one material follows from the list, the rule and the answers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from catalog.evidence.judging import barred
from catalog.evidence.rule import Commitment, Held, Licence, Rule, Way
from catalog.evidence.rules import Rules
from catalog.services.material import DEFERRABLE, OPTIONAL, Material
from catalog.services.service import Service
from certs.canonical import Json
from certs.signatures import round_request
from hub.cases.finding import material_dataset
from hub.cases.state import CaseState, MaterialIn

_STATUS = {
    "lookup": "confirmed",
    "verify": "confirmed",
    "own": "confirmed",
    "licence": "on_file",
    "material": "on_file",
    "later": "may_follow",
    "promise": "may_follow",
}
"""What each kind of evidence and commitment comes to."""
_OPERATION = {"verify": "verify", "own": "verify"}
ANSWERED = "answered"


class Answered(NamedTuple):
    """An entry that a case rests on: its kind and its *control* part."""

    kind: str
    control: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Basis:
    """What one entry of a case is judged by.

    ``first`` is the position of the case's opening, ``materials`` the first position of each
    material on file so far, ``delegations`` the states of those, ``licences`` the dataset of each
    type of licence.
    """

    position: int
    first: int
    epoch: Json
    state: CaseState
    materials: Mapping[str, int]
    delegations: Mapping[str, Mapping[str, Json]]
    licences: Mapping[str, str]
    answer: Callable[[int], Answered | None]


def judge(
    said: MaterialIn, service: Service, material: Material, rules: Rules, basis: Basis
) -> Iterator[str]:
    """The reason of each thing that does not follow."""
    listed = (material.type, material.of, material.necessity == OPTIONAL)
    if (said.type, said.of, said.optional) != listed:
        yield "material-list"
    rule = rules.rule_for(service, material)
    named = ("", 0) if rule is None else (rule.code, rule.version)
    if (said.rule, said.rule_version) != named:
        yield "rule"
        return
    if said.way == 0:
        yield from _no_way(said, material)
        return
    way = _way(rule, said.way)
    if way is None or said.kind != (way.kind if isinstance(way, Commitment) else way.way):
        yield "way"
        return
    if said.status != _STATUS[said.kind]:
        yield "status"
    if isinstance(way, Commitment):
        deferrable = material.necessity == DEFERRABLE
        excluded = bool(service.excluded)
        if barred(way, excluded=excluded, deferrable=deferrable, may_commit=True) or said.entries:
            yield "commitment"
        return
    yield from _evidence(said, way, service, rules, basis)


def _no_way(said: MaterialIn, material: Material) -> Iterator[str]:
    """What is satisfied by nothing has to be brought, or the list does not ask for it."""
    if said.entries or said.held is not None or said.kind:
        yield "way"
    free = said.optional or material.only_if is not None
    if said.status != "must_bring" and not (said.status == "not_needed" and free):
        yield "status"


def _way(rule: Rule | None, number: int) -> Way | None:
    ways = () if rule is None else rule.ways
    return ways[number - 1] if 0 < number <= len(ways) else None


def _evidence(
    said: MaterialIn, way: Way, service: Service, rules: Rules, basis: Basis
) -> Iterator[str]:
    if not said.entries:
        yield "no-evidence"
    datasets = _datasets(said, way, service, rules, basis)
    for position in said.entries:
        yield from _answer(position, said, datasets, service.department, basis)
    if (said.held is None) == (said.kind == "material"):
        yield "held"
    if said.held is not None:
        filed = basis.materials.get(said.held)
        if filed is None:
            yield "held"
        elif filed >= basis.first and said.brought is None and not said.optional:
            # It was handed in for this very case: that is no material less.
            yield "brought-hidden"


def _datasets(
    said: MaterialIn, way: Way, service: Service, rules: Rules, basis: Basis
) -> frozenset[str]:
    """The datasets that the rule names."""
    if isinstance(way, Held):
        others = rules.accepted(said.type, service.department) if way.equivalents else ()
        return frozenset(map(material_dataset, (said.type, *others)))
    if isinstance(way, Licence):
        return frozenset({basis.licences.get(way.type, "")})
    return frozenset() if isinstance(way, Commitment) else frozenset({way.dataset})


def _answer(
    position: int,
    said: MaterialIn,
    datasets: frozenset[str],
    implementing: str,
    basis: Basis,
) -> Iterator[str]:
    if position >= basis.position:
        yield "answer-after"
        return
    found = basis.answer(position)
    if found is None or found.kind != _OPERATION.get(said.kind, "lookup"):
        yield "answer-kind"
        return
    control = found.control
    if not _asked_by(control, implementing, basis):
        yield "answer-department"
    if control.get("outcome") != ANSWERED:
        yield "answer-outcome"
    if _local(control.get("dataset")) not in datasets:
        yield "answer-dataset"
    if control.get("epoch") != basis.epoch:
        yield "answer-epoch"
    if not _of_this_case(position, control.get("R"), basis.state):
        yield "answer-request"


def _asked_by(control: Mapping[str, Json], implementing: str, basis: Basis) -> bool:
    """Whether the handling department asked, for another's service under what that delegated."""
    handling = basis.state.department
    if _local(control.get("department")) != handling:
        return False
    if handling == implementing:
        return control.get("delegation") is None
    named = basis.delegations.get(_local(control.get("delegation")), {})
    return (named.get("department"), named.get("to")) == (implementing, handling)


def _of_this_case(position: int, request: Json, state: CaseState) -> bool:
    """Whether an answer is of a round of this very decision."""
    return any(
        first <= position < first + count and request == round_request(state.R, number)
        for number, first, count in state.rounds
    )


def _local(full: Json) -> str:
    return str(full).rpartition(":")[2]

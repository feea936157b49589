"""What rules say against themselves, against services and against datasets."""

from collections.abc import Iterator, Mapping, Sequence

from catalog.definition import Dataset
from catalog.errors import Fault
from catalog.evidence.rule import (
    Commitment,
    Condition,
    Equivalent,
    Held,
    Licence,
    Lookup,
    Own,
    Rule,
    RuleSet,
    Verify,
)
from catalog.services.material import DEFERRABLE, Material
from catalog.services.service import Service

_Found = Iterator[tuple[str, str]]
_NOT_SHARED = 3


def contradictions(
    sets: Sequence[RuleSet], services: Mapping[str, Service], datasets: Mapping[str, Dataset]
) -> Iterator[Fault]:
    """Every fault; ``file`` is the code of the set."""
    codes: set[str] = set()
    targets: set[tuple[str, str, str]] = set()
    names: set[str] = set()
    for one in sets:
        if one.code in names:
            yield Fault(one.code, "code", "set-twice")
        names.add(one.code)
        for rule in one.rules:
            place = f"rules[{rule.code}]"
            target = (rule.service, rule.material, rule.type)
            if rule.code in codes:
                yield Fault(one.code, place, "code-twice")
            if target in targets:
                yield Fault(one.code, place, "rule-twice")
            codes.add(rule.code)
            targets.add(target)
            for where, why in _Checker(rule, services, datasets).faults():
                yield Fault(one.code, f"{place}.{where}", why)
    yield from _equivalents(sets)


class _Checker:
    """Looks one rule through."""

    def __init__(
        self, rule: Rule, services: Mapping[str, Service], datasets: Mapping[str, Dataset]
    ) -> None:
        self._rule = rule
        self._service = services.get(rule.service) if rule.service else None
        self._datasets = datasets

    def faults(self) -> _Found:
        """Place and reason, places beginning at the rule."""
        material: Material | None = None
        if self._rule.service:
            if self._service is None:
                yield "service", "service-missing"
                return
            material = self._service.by_material.get(self._rule.material)
            if material is None:
                yield "material", "material-missing"
                return
        seen: list[object] = []
        ended = False
        for number, way in enumerate(self._rule.ways, 1):
            place = f"ways[{number}]"
            if way in seen:
                yield place, "way-twice"
            if ended:
                yield place, "way-unreachable"
            seen.append(way)
            if isinstance(way, Commitment):
                ended = True
                if material is not None:
                    yield from self._commitment(place, way, material)
                continue
            if way.about:
                yield from self._party(f"{place}.about", way.about)
            yield from ((f"{place}.{where}", why) for where, why in self._way(way))

    def _way(self, way: Lookup | Verify | Licence | Held | Own) -> _Found:
        if isinstance(way, Lookup):
            yield from self._items(way.dataset, (("items", item) for item in way.items))
            yield from self._conditions(way.dataset, way.where)
        elif isinstance(way, Verify):
            yield from self._items(way.dataset, (("claims", item) for item in way.claims))
            for field in way.claims.values():
                yield from self._field("claims", field)
        elif isinstance(way, Own):
            yield from self._items(way.dataset, (("number", item) for item in (way.number,)))
            yield from self._field("field", way.field)
        elif isinstance(way, Licence):
            for condition in way.where:
                if condition.item not in way.items:
                    yield f"where[{condition.item}]", "item-not-asked"
                yield from self._field(f"where[{condition.item}]", condition.field)

    def _commitment(self, place: str, way: Commitment, material: Material) -> _Found:
        if self._service is not None and self._service.excluded:
            yield place, "category-excluded"
        if way.kind == "later" and material.necessity != DEFERRABLE:
            yield place, "not-deferrable"

    def _items(self, code: str, named: Iterator[tuple[str, str]]) -> _Found:
        dataset = self._datasets.get(code)
        if dataset is None:
            yield "dataset", "dataset-missing"
            return
        for key, name in named:
            item = dataset.by_code.get(name)
            if item is None:
                yield f"{key}[{name}]", "item-missing"
            elif _NOT_SHARED in {dataset.sharing, item.sharing}:
                yield f"{key}[{name}]", "not-shared"

    def _conditions(self, code: str, where: Sequence[Condition]) -> _Found:
        dataset = self._datasets.get(code)
        for condition in where if dataset is not None else ():
            place = f"where[{condition.item}]"
            item = dataset.by_code.get(condition.item) if dataset is not None else None
            if item is None:
                yield place, "item-missing"
                continue
            if item.codes and not set(condition.values) <= set(item.codes):
                yield place, "value-not-in-codes"
            if condition.test == "not_past" and item.type != "date":
                yield place, "not-a-date"
            yield from self._field(place, condition.field)

    def _field(self, place: str, field: str) -> _Found:
        # A rule for a type of paper meets many services; where one lacks the field, it says so.
        if field and self._service is not None and field not in self._service.by_field:
            yield f"{place}.{field}", "field-missing"

    def _party(self, place: str, party: str) -> _Found:
        if self._service is not None and party not in self._service.roles:
            yield place, "party-missing"


def _equivalents(sets: Sequence[RuleSet]) -> Iterator[Fault]:
    stands_for: dict[str, set[str]] = {}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for one in sets:
        for equivalent in one.equivalents:
            place = f"equivalents[{equivalent.type}]"
            if (equivalent.type, equivalent.departments) in seen:
                yield Fault(one.code, place, "equivalent-twice")
            seen.add((equivalent.type, equivalent.departments))
            if len(set(equivalent.accepts)) != len(equivalent.accepts):
                yield Fault(one.code, f"{place}.accepts", "value-twice")
            stands_for.setdefault(equivalent.type, set()).update(equivalent.accepts)
    for one in sets:
        for equivalent in one.equivalents:
            if _reaches(equivalent, stands_for):
                yield Fault(one.code, f"equivalents[{equivalent.type}]", "equivalents-cycle")


def _reaches(begin: Equivalent, stands_for: Mapping[str, set[str]]) -> bool:
    """Whether a paper would, over others, stand in for itself."""
    waiting, seen = list(begin.accepts), set[str]()
    while waiting:
        here = waiting.pop()
        if here == begin.type:
            return True
        if here not in seen:
            seen.add(here)
            waiting += stands_for.get(here, ())
    return False

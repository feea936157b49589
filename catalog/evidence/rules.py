"""Rules made ready for deciding: which rule is for which material, and what each way asks."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from catalog.evidence.holding import Need
from catalog.evidence.rule import (
    Commitment,
    Equivalent,
    Held,
    Licence,
    Lookup,
    Rule,
    RuleSet,
    Verify,
    Way,
)
from catalog.services.material import Material
from catalog.services.service import Service, Source
from certs.canonical import canonical

_NO_ITEMS: tuple[str, ...] = ()


class Step(NamedTuple):
    """A way with the questions that it asks one after another; ``number`` counts from 1.

    Equal questions are one object, without items: a plan says what is asked of each.
    """

    number: int
    way: Way
    needs: tuple[Need, ...]


class Planned(NamedTuple):
    """A material of a service with its rule, if there is one."""

    service: Service
    material: Material
    rule: Rule | None
    steps: tuple[Step, ...]


class Origin(NamedTuple):
    """Where a field is prefilled from."""

    dataset: str
    item: str
    about: str


class Plan(NamedTuple):
    """A service made ready: its materials, sources of its form, and all that it asks."""

    service: Service
    materials: tuple[Planned, ...]
    prefills: Mapping[str, tuple[tuple[Origin, Need], ...]]
    items: Mapping[Need, frozenset[str]]


class Rules:
    """Sets of rules that were checked together; deterministic, and the same for everybody.

    ``versions`` are the sets with their versions; ``digest`` is SHA-256 over all that they say.
    """

    def __init__(self, sets: Sequence[RuleSet]) -> None:
        self.sets = tuple(sets)
        self.versions = tuple((one.code, one.version) for one in self.sets)
        said = canonical([one.model_dump(mode="json") for one in self.sets])
        self.digest = hashlib.sha256(said).hexdigest()
        self._by_material: dict[tuple[str, str], Rule] = {}
        self._by_type: dict[str, Rule] = {}
        self._equivalents: dict[str, list[Equivalent]] = {}
        for one in self.sets:
            for rule in one.rules:
                if rule.service:
                    self._by_material[rule.service, rule.material] = rule
                else:
                    self._by_type[rule.type] = rule
            for equivalent in one.equivalents:
                self._equivalents.setdefault(equivalent.type, []).append(equivalent)
        self._plans: dict[str, Plan] = {}
        self._known: dict[Need, Need] = {}

    def rule_for(self, service: Service, material: Material) -> Rule | None:
        """The rule of the service's own material, else that of the type of paper."""
        own = self._by_material.get((service.code, material.code))
        return own or self._by_type.get(material.type)

    def accepted(self, type_code: str, department: str) -> tuple[str, ...]:
        """The types that ``department`` recognises in place of one, in the order of the rules."""
        found: dict[str, None] = {}
        for one in self._equivalents.get(type_code, ()):
            if not one.departments or department in one.departments:
                found |= dict.fromkeys(one.accepts)
        return tuple(found)

    def plan(self, service: Service) -> Plan:
        """A service made ready; kept for the next case."""
        kept = self._plans.get(service.code)
        if kept is None or kept.service is not service:
            kept = self._plans[service.code] = self._made(service)
        return kept

    def _made(self, service: Service) -> Plan:
        items: dict[Need, set[str]] = {}

        def question(need: Need) -> Need:
            known = self._known.setdefault(need, replace(need, items=()))
            items.setdefault(known, set()).update(need.items)
            return known

        planned = []
        for material in service.materials:
            rule = self.rule_for(service, material)
            steps = tuple(
                Step(number, way, tuple(map(question, self._needs(service, material, way))))
                for number, way in enumerate(rule.ways if rule else (), 1)
            )
            planned.append(Planned(service, material, rule, steps))
        prefills = {
            field.code: tuple(
                (
                    Origin(source.dataset, source.item, source.about),
                    question(_prefill(service, source)),
                )
                for source in field.prefill
            )
            for field in service.fields
        }
        asked = {need: frozenset(found) for need, found in items.items()}
        return Plan(service, tuple(planned), prefills, asked)

    def _needs(self, service: Service, material: Material, way: Way) -> Iterator[Need]:
        if isinstance(way, Commitment):
            return
        about = way.about or material.of
        department = service.department
        if isinstance(way, Lookup):
            items = (*way.items, *(condition.item for condition in way.where))
            yield Need("lookup", department, way.dataset, about, (), _sorted(items))
        elif isinstance(way, Verify):
            claims = tuple(sorted(way.claims.items()))
            yield Need("verify", department, way.dataset, about, claims)
        elif isinstance(way, Licence):
            yield Need("licence", department, way.type, about, (), _sorted(way.items))
        elif isinstance(way, Held):
            others = self.accepted(material.type, department) if way.equivalents else ()
            for type_code in (material.type, *others):
                yield Need("material", department, type_code, about)
        else:
            yield Need("own", department, way.dataset, about, ((way.number, way.field),))


def _prefill(service: Service, source: Source) -> Need:
    return Need("lookup", service.department, source.dataset, source.about, (), (source.item,))


def _sorted(items: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(items))) if items else _NO_ITEMS

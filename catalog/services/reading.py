"""Reading services from TOML, strictly, and what their parts say against each other."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from catalog.definition import Dataset, read_toml
from catalog.errors import DefinitionRefused, Fault, ServiceRefused
from catalog.faults import faults_of
from catalog.messages import Language, catalogue, text
from catalog.services.material import DEFERRABLE, Material
from catalog.services.service import AGENT, BUILT_IN, Service


def load(source: Path | bytes, name: str = "") -> Service:
    """Read one service; raises ``ServiceRefused`` with every fault."""
    try:
        table, name = read_toml(source, name)
    except DefinitionRefused as error:
        facts = error.facts
        fault = Fault(str(facts["file"]), str(facts["place"]), str(facts["why"]))
        raise ServiceRefused([fault]) from error
    return build(table, name)


def build(table: Mapping[str, object], name: str) -> Service:
    """A service of a table that was read elsewhere; raises ``ServiceRefused``."""
    try:
        service = Service.model_validate(table)
    except ValidationError as error:
        raise ServiceRefused(faults_of(error, table, name)) from error
    found = [Fault(name, place, why) for place, why in contradictions(service)]
    if found:
        raise ServiceRefused(found)
    return service


def register(services: Iterable[Service], datasets: Mapping[str, Dataset]) -> Mapping[str, Service]:
    """Services by code; raises ``ServiceRefused`` for what they say against datasets or each other.

    ``file`` of such a fault is the service's code.
    """
    known: dict[str, Service] = {}
    numbers: dict[tuple[str, str], str] = {}
    found: list[Fault] = []
    for service in services:
        if service.code in known:
            found.append(Fault(service.code, "code", "service-twice"))
        number = (service.item_code, service.handling_code)
        if numbers.setdefault(number, service.code) != service.code:
            found.append(Fault(service.code, "item_code", "item-code-twice"))
        known[service.code] = service
        found += [Fault(service.code, *one) for one in _prefills(service, datasets)]
    if found:
        raise ServiceRefused(found)
    return MappingProxyType(known)


@cache
def bundled() -> Mapping[str, Service]:
    """The services that come with the product, by code."""
    entries = sorted(files("catalog.services.bundled").iterdir(), key=lambda entry: entry.name)
    return MappingProxyType(
        {
            service.code: service
            for entry in entries
            if entry.name.endswith(".toml")
            for service in [load(entry.read_bytes(), entry.name)]
        }
    )


def fault_words(fault: Fault, language: Language) -> str:
    """A fault in plain words: file, place, reason."""
    key = f"services.why.{fault.why}"
    why = text(key if key in catalogue() else "services.why.form", language, slug=fault.why)
    return text("services.fault", language, file=fault.file, place=fault.place, why=why)


def contradictions(service: Service) -> Iterator[tuple[str, str]]:
    """Place and reason of what the parts, each sound by itself, say against each other."""
    yield from _twice("parties", [party.code for party in service.parties])
    yield from _twice("fields", [field.code for field in service.fields])
    yield from _twice("materials", [material.code for material in service.materials])
    for party in service.parties:
        if party.code in BUILT_IN:
            yield f"parties[{party.code}]", "party-built-in"
    asked: dict[tuple[str, str], str] = {}
    for material in service.materials:
        place = f"materials[{material.code}]"
        # The list has it once, whoever asks: two of one type of one party could not be told apart.
        if asked.setdefault((material.type, material.of), material.code) != material.code:
            yield place, "type-twice"
        yield from ((f"{place}.{key}", why) for key, why in _material(service, material))
    for field in service.fields:
        for number, source in enumerate(field.prefill, 1):
            if source.about not in service.roles:
                yield f"fields[{field.code}].prefill[{number}].about", "party-missing"


def _material(service: Service, material: Material) -> Iterator[tuple[str, str]]:
    if material.of not in service.roles:
        yield "of", "party-missing"
    if material.necessity == DEFERRABLE and service.excluded:
        yield "necessity", "category-excluded"
    if material.only_if is None:
        if material.of == AGENT:
            yield "only_if", "agent-not-always"
        return
    if material.only_if.party and material.only_if.party not in service.roles:
        yield "only_if.party", "party-missing"
    if material.only_if.field:
        field = service.by_field.get(material.only_if.field)
        if field is None:
            yield "only_if.field", "field-missing"
        elif field.codes and not set(material.only_if.values) <= set(field.codes):
            yield "only_if.values", "value-not-in-codes"


def _prefills(service: Service, datasets: Mapping[str, Dataset]) -> Iterator[tuple[str, str]]:
    for field in service.fields:
        for number, source in enumerate(field.prefill, 1):
            place = f"fields[{field.code}].prefill[{number}]"
            dataset = datasets.get(source.dataset)
            if dataset is None:
                yield f"{place}.dataset", "dataset-missing"
                continue
            item = dataset.by_code.get(source.item)
            if item is None:
                yield f"{place}.item", "item-missing"
            elif 3 in {dataset.sharing, item.sharing}:  # noqa: PLR2004 the law's numbering
                yield f"{place}.item", "not-shared"
            elif field.type not in {"text", item.type} and not set(item.kinds) & set(
                field.item.kinds
            ):
                yield f"{place}.item", "type-differs"
            elif field.type == "code" and not set(item.codes or ()) <= set(field.codes or ()):
                yield f"{place}.item", "value-not-in-codes"


def _twice(key: str, codes: list[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            yield f"{key}[{code}]", "code-twice"
        seen.add(code)

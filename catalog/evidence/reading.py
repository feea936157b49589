"""Reading rules from TOML, strictly, and binding them to services and datasets."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from catalog import definition
from catalog.definition import Dataset, read_toml
from catalog.errors import DefinitionRefused, Fault, RulesRefused
from catalog.evidence.contradictions import contradictions
from catalog.evidence.rule import WAYS, RuleSet
from catalog.evidence.rules import Rules
from catalog.faults import faults_of
from catalog.services import reading as services_reading
from catalog.services.service import Service


def load(source: Path | bytes, name: str = "") -> RuleSet:
    """Read one file of rules by itself; raises ``RulesRefused`` with every fault."""
    try:
        table, name = read_toml(source, name)
        return RuleSet.model_validate(table)
    except ValidationError as error:
        raise RulesRefused(faults_of(error, table, name, WAYS)) from error
    except DefinitionRefused as error:
        facts = error.facts
        fault = Fault(str(facts["file"]), str(facts["place"]), str(facts["why"]))
        raise RulesRefused([fault]) from error


def assemble(
    sets: Iterable[RuleSet], services: Mapping[str, Service], datasets: Mapping[str, Dataset]
) -> Rules:
    """Rules that hold for these services and datasets; raises ``RulesRefused`` with every fault.

    ``file`` of such a fault is the set's code.
    """
    listed = tuple(sorted(sets, key=lambda one: (one.code, one.version)))
    found = list(contradictions(listed, services, datasets))
    if found:
        raise RulesRefused(found)
    return Rules(listed)


@cache
def bundled_sets() -> tuple[RuleSet, ...]:
    """The files of rules that come with the product."""
    entries = sorted(files("catalog.evidence.bundled").iterdir(), key=lambda entry: entry.name)
    return tuple(
        load(entry.read_bytes(), entry.name) for entry in entries if entry.name.endswith(".toml")
    )


@cache
def bundled() -> Rules:
    """The rules that come with the product, bound to its services and datasets."""
    return assemble(bundled_sets(), services_reading.bundled(), definition.bundled())

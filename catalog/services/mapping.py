"""How one source's list of services is read: its headings, and its codes for ours.

Codes differ by system (``domain.md`` §5), so a mapping is data: a TOML file that names, for each of
our elements, the headings under which it comes, and for the coded ones which of ours each value
means. A value that the mapping does not know refuses its row.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from catalog.definition import heading, read_toml
from catalog.errors import DefinitionRefused, Fault, MappingRefused
from catalog.faults import faults_of
from catalog.item import Code, Part, Title
from catalog.services.service import Category, Excluded, Kind

ServiceElement = Literal[
    "item_code",
    "handling_code",
    "title",
    "department",
    "category",
    "excluded",
    "service_basis",
    "conditions",
    "process",
    "statutory_days",
    "promised_days",
    "applicants",
    "agent",
]
MaterialElement = Literal[
    "material",
    "material_type",
    "kind",
    "form",
    "necessity",
    "blank_form",
    "sample",
    "source",
    "copies",
    "specification",
    "notes",
    "acceptance",
    "basis",
    "e_licence",
    "licence_type",
]
Element = ServiceElement | MaterialElement
SERVICE: tuple[ServiceElement, ...] = get_args(ServiceElement)
MATERIAL: tuple[MaterialElement, ...] = get_args(MaterialElement)
NEEDED: frozenset[Element] = frozenset(
    (
        "item_code",
        "title",
        "department",
        "category",
        "service_basis",
        "statutory_days",
        "applicants",
        "material",
        "kind",
        "necessity",
        "source",
        "basis",
    )
)
"""Elements without which there is no service: of these a column or a default."""
_OURS: Mapping[str, frozenset[str]] = {
    "kind": frozenset({"1", "2", "3"}),
    "necessity": frozenset({"1", "2", "3"}),
    "source": frozenset({"10", "20", "99"}),
    "e_licence": frozenset({"true", "false"}),
    "agent": frozenset({"true", "false"}),
    "category": frozenset(get_args(Category)),
    "excluded": frozenset(get_args(Excluded)),
    "applicants": frozenset(get_args(Kind)),
}
CODED = frozenset(_OURS)


class SourceMapping(Part):
    """One source's headings and codes.

    ``separators``: what stands between several values of one cell. ``defaults``: our own value
    where the source has no such column or the cell is empty.
    """

    code: Code
    title_zh: Title
    title_en: Title
    columns: Mapping[Element, tuple[Title, ...]]
    values: Mapping[Element, Mapping[str, str]] = {}
    defaults: Mapping[Element, str] = {}
    separators: Annotated[str, Field(min_length=1)] = ";；\n"

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        seen: set[str] = set()
        for names in self.columns.values():
            for name in map(heading, names):
                if name in seen:
                    raise ValueError("heading-twice")
                seen.add(name)
        if NEEDED - {*self.columns, *self.defaults}:
            raise ValueError("element-missing")
        for element, meant in self.values.items():
            if element not in CODED:
                raise ValueError("not-coded")
            if not set(meant.values()) <= _OURS[element]:
                raise ValueError("value-unknown")
        for element, value in self.defaults.items():
            if element in CODED and value not in _OURS[element]:
                raise ValueError("value-unknown")
        return self

    def element(self, name: str) -> Element | None:
        """What a column of this heading holds."""
        known = heading(name)
        for element, names in self.columns.items():
            if known in map(heading, names):
                return element
        return None

    def meaning(self, element: Element, value: str) -> str | None:
        """Our value for a source's one of a coded element; ours stand for themselves."""
        known = self.values.get(element, {})
        for theirs, ours in known.items():
            if heading(theirs) == heading(value):
                return ours
        return value if not known and value in _OURS[element] else None


def load(source: Path | bytes, name: str = "") -> SourceMapping:
    """Read a mapping; raises ``MappingRefused`` with every fault."""
    try:
        table, name = read_toml(source, name)
        return SourceMapping.model_validate(table)
    except ValidationError as error:
        raise MappingRefused(faults_of(error, table, name)) from error
    except DefinitionRefused as error:
        facts = error.facts
        fault = Fault(str(facts["file"]), str(facts["place"]), str(facts["why"]))
        raise MappingRefused([fault]) from error


@cache
def bundled() -> Mapping[str, SourceMapping]:
    """The mappings that come with the product, by code."""
    entries = sorted(files("catalog.services.mappings").iterdir(), key=lambda entry: entry.name)
    found = (
        load(entry.read_bytes(), entry.name) for entry in entries if entry.name.endswith(".toml")
    )
    return MappingProxyType({mapping.code: mapping for mapping in found})

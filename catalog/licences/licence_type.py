"""A type of licence 证照类型: who defines and issues it, who holds one, what stands on it.

One TOML file each, read as strictly as a dataset's definition. ``minimum`` names what a stranger
sees who holds the paper or scans its code; everything else is shown only if the holder chooses to.
"""

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
)

from catalog.definition import read_toml
from catalog.errors import DefinitionRefused
from catalog.faults import faults_of
from catalog.identifiers import uscc
from catalog.item import Code, Item, Part, Sharing, Title
from catalog.licences.metadata import HOLDER, IDENTIFIER, metadata

Level = Literal["national", "provincial", "municipal", "county"]
HolderCategory = Literal["person", "body"]
Validity = Literal["limited", "unlimited", "either"]
ALWAYS = ("name", "type_code", "issuer", "issued_on", "valid_from", "valid_until")
"""Without these nobody can tell what a paper is and whether it may still be good.

A credential tells its times openly in any case (``nbf``, ``exp``).
"""
OPEN_SENSITIVITY = 2
"""The highest sensitivity of what a stranger may see."""


def _body(value: str) -> str:
    checked = uscc.check(value)
    if not checked.acceptable or checked.value != value:
        raise ValueError("not-a-credit-code")
    return value


class Authority(Part):
    """A body and its level."""

    name: Title
    code: Annotated[str, AfterValidator(_body)]
    level: Level


class LicenceItem(Item):
    """One item of a type, beside the metadata: what a dataset's item is.

    As part of a licence it is shared as the licence is: under conditions.
    """

    sharing: Sharing = 2


class LicenceType(Part):
    """One type.

    ``code_source`` says whether ``type_code`` is cited from somewhere (``code_note`` says where) or
    an example of the convention, to be replaced by the real one before use. ``issuing_level`` is
    that of the bodies that issue it. ``validity`` says whether one has an end, ``months`` for how
    long it is usually issued. ``issued_here`` is false for what others issue and we only accept.
    """

    code: Code
    name_zh: Title
    name_en: Title
    type_code: Annotated[str, StringConstraints(pattern=rf"^{uscc.PATTERN}[0-9A-Z]{{3}}$")]
    code_source: Literal["cited", "example"]
    code_note: Title
    legal_basis: Title
    defined_by: Authority
    issuing_level: Level
    holders: tuple[HolderCategory, ...] = Field(min_length=1)
    validity: Validity
    months: Annotated[StrictInt, Field(ge=1, le=1200)] | None = None
    issued_here: StrictBool = True
    minimum: tuple[str, ...]
    items: tuple[LicenceItem, ...] = ()

    @cached_property
    def by_code(self) -> Mapping[str, LicenceItem]:
        """Its own items by code, in their order."""
        return MappingProxyType({item.code: item for item in self.items})

    @property
    def selective(self) -> tuple[str, ...]:
        """The codes of what the holder may show or keep back: metadata first, then items."""
        return tuple(code for code in (*metadata(), *self.by_code) if code not in self.minimum)


def load(source: Path | bytes, name: str = "") -> LicenceType:
    """Read one type; raises ``DefinitionRefused`` with file, place and why."""
    table, name = read_toml(source, name)
    try:
        found = LicenceType.model_validate(table)
    except ValidationError as error:
        first = faults_of(error, table, name)[0]
        raise DefinitionRefused(file=name, place=first.place, why=first.why) from error
    for place, why in _contradictions(found):
        raise DefinitionRefused(file=name, place=place, why=why)
    return found


@cache
def bundled() -> Mapping[str, LicenceType]:
    """The types that come with the product, by their code with us."""
    entries = sorted(files("catalog.licences.bundled").iterdir(), key=lambda entry: entry.name)
    types = [
        load(entry.read_bytes(), entry.name) for entry in entries if entry.name.endswith(".toml")
    ]
    return MappingProxyType({one.code: one for one in types})


def by_type_code(types: Mapping[str, LicenceType]) -> Mapping[str, LicenceType]:
    """The same by the 21 characters of their type code, as services and rules name them.

    Raises ``DefinitionRefused`` if two claim the same one.
    """
    found: dict[str, LicenceType] = {}
    for one in types.values():
        if one.type_code in found:
            raise DefinitionRefused(file=one.code, place="type_code", why="type-twice")
        found[one.type_code] = one
    return MappingProxyType(found)


def _contradictions(one: LicenceType) -> Iterator[tuple[str, str]]:
    """Place and reason of what the parts, each sound by itself, say against each other."""
    if not one.type_code.startswith(one.defined_by.code):
        yield "type_code", "not-of-its-authority"
    if len(set(one.holders)) != len(one.holders):
        yield "holders", "holder-twice"
    if one.validity == "unlimited" and one.months is not None:
        yield "months", "has-no-end"
    if len(one.by_code) != len(one.items):
        yield "items", "item-twice"
    for code in one.by_code.keys() & metadata().keys():
        yield f"items[{code}]", "is-metadata"
    yield from _minimum(one)


def _minimum(one: LicenceType) -> Iterator[tuple[str, str]]:
    known: dict[str, Item] = {**metadata(), **one.by_code}
    if len(set(one.minimum)) != len(one.minimum):
        yield "minimum", "item-twice"
    for code in ALWAYS:
        if code not in one.minimum:
            yield f"minimum[{code}]", "always-shown"
    for code in one.minimum:
        if code not in known:
            yield f"minimum[{code}]", "item-missing"
        elif known[code].sensitivity > OPEN_SENSITIVITY:
            yield f"minimum[{code}]", "too-sensitive"
        elif "person" in one.holders and code in {*HOLDER, IDENTIFIER} - {"holder_type"}:
            yield f"minimum[{code}]", "names-a-person"

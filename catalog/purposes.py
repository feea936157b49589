"""The register of purposes: for what data may be asked.

A purpose is a service (政务服务事项) or a statutory duty, and always names its legal basis.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from catalog.definition import read_toml
from catalog.errors import DefinitionRefused
from catalog.item import Code, Title

PurposeKind = Literal["service", "statutory_duty"]
LegalBasis = Annotated[str, StringConstraints(min_length=4, max_length=300)]


class Purpose(BaseModel):
    """One purpose; ``legal_basis`` cites the law and its article."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    kind: PurposeKind
    title_zh: Title
    title_en: Title
    legal_basis: LegalBasis


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: PurposeKind
    title_zh: Title
    title_en: Title
    legal_basis: LegalBasis


_REGISTER = TypeAdapter(dict[Code, _Entry])


def load(source: Path | bytes, name: str = "") -> Mapping[str, Purpose]:
    """Read a register: one table per purpose, named by its code.

    Raises ``DefinitionRefused`` with file, place and why.
    """
    table, name = read_toml(source, name)
    try:
        entries = _REGISTER.validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DefinitionRefused(
            file=name, place=place, why=first["type"].replace("_", "-")
        ) from error
    return MappingProxyType(
        {code: Purpose(code=code, **entry.model_dump()) for code, entry in entries.items()}
    )


@cache
def bundled() -> Mapping[str, Purpose]:
    """The purposes that come with the product, by code."""
    return load(files("catalog").joinpath("purposes.toml").read_bytes(), "purposes.toml")

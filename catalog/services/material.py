"""One material that a service asks for, with the elements of ``domain.md`` §5."""

import re
import unicodedata
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from catalog.identifiers import uscc
from catalog.item import Code, Part, Title
from catalog.messages import Language
from catalog.services.catch_all import NO_BASIS, catch_all, only_vague

Kind = Literal[1, 2, 3]
"""1 原件, 2 复印件, 3 either."""
Necessity = Literal[1, 2, 3]
"""1 必要, 2 非必要, 3 容缺后补."""
Channel = Literal[10, 20, 99]
"""10 申请人自备, 20 政府部门核发, 99 其他."""
ORIGINAL, COPY, EITHER = 1, 2, 3
NECESSARY, OPTIONAL, DEFERRABLE = 1, 2, 3

LICENCE_TYPE = re.compile(rf"{uscc.PATTERN}[0-9A-Z]{{3}}")
_SHORTEST_BASIS = 4


def _basis(value: str) -> str:
    folded = unicodedata.normalize("NFKC", value).casefold()
    said = "".join(one for one in folded if one.isalnum())
    if len(said) < _SHORTEST_BASIS or said in NO_BASIS or only_vague(value):
        raise ValueError("basis-missing")
    return value


def _named(value: str) -> str:
    if catch_all(value):
        raise ValueError("catch-all")
    return value


def _licence_type(value: str) -> str:
    if value and not LICENCE_TYPE.fullmatch(value):
        raise ValueError("licence-type")
    return value


Basis = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_basis)]
"""The law and its article; "none", a dash or "the relevant regulations" are no basis."""
Note = Annotated[str, StringConstraints(max_length=4000)]
LicenceType = Annotated[str, AfterValidator(_licence_type)]
"""The code of a type of licence: the credit code of the defining body and three characters."""


class Applies(Part):
    """When a material is asked for: if a party takes part, or a field has one of the values."""

    party: Code | Literal[""] = ""
    field: Code | Literal[""] = ""
    values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.party) == bool(self.field) or bool(self.values) != bool(self.field):
            raise ValueError("only-if-unclear")
        return self


class Material(Part):
    """A material: ``type`` says which paper it is wherever it is asked for, ``of`` whose it is."""

    code: Code
    type: Code
    of: Code = "subject"
    title_zh: Annotated[Title, AfterValidator(_named)]
    title_en: Annotated[str, StringConstraints(max_length=200)] = ""
    kind: Annotated[StrictInt, Field(ge=1, le=3)]
    form: Note = ""
    necessity: Annotated[StrictInt, Field(ge=1, le=3)]
    blank_form: Note = ""
    sample: Note = ""
    source: Channel
    copies: Annotated[StrictInt, Field(ge=0, le=100)] = 1
    specification: Note = ""
    notes: Note = ""
    acceptance: Note = ""
    legal_basis: Basis
    e_licence: StrictBool = False
    licence_type: LicenceType = ""
    only_if: Applies | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.title_en and catch_all(self.title_en):
            raise ValueError("catch-all")
        if self.e_licence != bool(self.licence_type):
            raise ValueError("licence-type-missing" if self.e_licence else "not-a-licence")
        return self

    def title(self, language: Language) -> str:
        """Its name; Chinese where there is no other."""
        return self.title_en or self.title_zh if language == "en" else self.title_zh

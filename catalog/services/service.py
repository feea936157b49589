"""A service 政务服务事项: whose it is, on what basis, for whom, and what it asks for."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from catalog.identifiers import uscc
from catalog.item import Code, Item, Label, Part, Title
from catalog.messages import Language
from catalog.services.item_code import check_handling, check_item
from catalog.services.material import Basis, Material, Note

Category = Literal[
    "approval",
    "confirmation",
    "payment",
    "award",
    "ruling",
    "other_power",
    "public_service",
]
"""行政许可, 行政确认, 行政给付, 行政奖励, 行政裁决, 其他行政权力, 公共服务."""
Excluded = Literal["public_safety", "ecology", "energy", "health", "life_property"]
"""公共安全, 生态环境, 节能, 人身健康, 生命财产: neither 容缺 nor 告知承诺 (``domain.md`` §1)."""
Kind = Literal["person", "entity"]
APPLICANT, SUBJECT, AGENT = "applicant", "subject", "agent"
BUILT_IN = frozenset({APPLICANT, SUBJECT, AGENT})
"""Parties that every service knows; an agent only where one is allowed."""
MOST_DAYS = 2000
_CODE = "^[a-z][a-z0-9_]{0,47}$"


def _item_code(value: str) -> str:
    checked = check_item(value)
    if not checked.acceptable or checked.value != value:
        raise ValueError("item-code")
    return value


def _department(value: str) -> str:
    if len(value) == uscc.LENGTH and uscc.check(value).acceptable:
        return value
    if not value or not value[0].islower() or not value.isascii():
        raise ValueError("department")
    return value


Days = Annotated[StrictInt, Field(ge=0, le=MOST_DAYS)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Department = Annotated[
    str,
    StringConstraints(pattern=rf"{_CODE}|^{uscc.PATTERN}$"),
    AfterValidator(_department),
]
"""The hub's code of a department, or its credit code."""


class Words(Part):
    """A condition or a step, in both languages; ``en`` may be empty in what was imported."""

    zh: Text
    en: Annotated[str, StringConstraints(max_length=2000)] = ""

    def words(self, language: Language) -> str:
        """It in a language; Chinese where there is no other."""
        return self.en or self.zh if language == "en" else self.zh


class Party(Part):
    """Somebody else who takes part: a legal representative, a mother."""

    code: Code
    title_zh: Title
    title_en: Title
    kinds: tuple[Kind, ...] = Field(min_length=1)
    required: StrictBool = True


class Source(Part):
    """Where a field can be prefilled from."""

    dataset: Code
    item: Code
    about: Code = SUBJECT


class FormField(Part):
    """A field of the form; ``type`` as of an item, ``prefill`` in the order that counts."""

    code: Code
    title_zh: Title
    title_en: Title
    type: str
    codes: Mapping[str, Label] | None = None
    required: StrictBool = False
    prefill: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _typed(self) -> Self:
        try:
            _ = self.item
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(str(first.get("ctx", {}).get("error", "type-unknown"))) from error
        if len(set(self.prefill)) != len(self.prefill):
            raise ValueError("prefill-twice")
        return self

    @cached_property
    def item(self) -> Item:
        """The field as an item, to check values with."""
        return Item(
            code=self.code,
            title_zh=self.title_zh,
            title_en=self.title_en,
            type=self.type,
            sensitivity=1,
            codes=self.codes,
            sharing=1,
        )


class Service(Part):
    """A service; ``excluded`` names what keeps commitments out of it.

    ``statutory_days`` and ``promised_days`` are working days, 0 = at once. ``subject_identified``
    is false where the subject may have no number yet, such as a newborn.
    """

    code: Code
    version: Annotated[StrictInt, Field(ge=1)]
    item_code: Annotated[str, AfterValidator(_item_code)]
    handling_code: str = ""
    title_zh: Title
    title_en: Annotated[str, StringConstraints(max_length=200)] = ""
    department: Department
    category: Category
    excluded: tuple[Excluded, ...] = ()
    legal_basis: Basis
    conditions: tuple[Words, ...] = ()
    process: tuple[Words, ...] = ()
    statutory_days: Days
    promised_days: Days
    applicants: tuple[Kind, ...] = Field(min_length=1)
    agent: StrictBool = False
    subject_identified: StrictBool = True
    notes: Note = ""
    parties: tuple[Party, ...] = ()
    fields: tuple[FormField, ...] = ()
    materials: tuple[Material, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.handling_code and not check_handling(self.handling_code, self.item_code).acceptable:
            raise ValueError("handling-code")
        if self.promised_days > self.statutory_days:
            raise ValueError("promised-longer")
        for listed in (self.excluded, self.applicants):
            if len(set(listed)) != len(listed):
                raise ValueError("value-twice")
        return self

    @cached_property
    def roles(self) -> frozenset[str]:
        """Everybody who may take part."""
        known = BUILT_IN if self.agent else BUILT_IN - {AGENT}
        return known | {party.code for party in self.parties}

    @cached_property
    def by_field(self) -> Mapping[str, FormField]:
        """Fields by code."""
        return {field.code: field for field in self.fields}

    @cached_property
    def by_material(self) -> Mapping[str, Material]:
        """Materials by code."""
        return {material.code: material for material in self.materials}

    def title(self, language: Language) -> str:
        """Its name; Chinese where there is no other."""
        return self.title_en or self.title_zh if language == "en" else self.title_zh

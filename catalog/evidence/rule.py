"""One rule: the ordered ways to satisfy a material, as data."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StringConstraints, model_validator

from catalog.item import Code, Part
from catalog.services.material import Basis, LicenceType
from catalog.services.service import Department

Test = Literal["in", "not_in", "filled", "not_past", "same_as"]
"""``not_past``: a date that is today or later, or none at all (valid for ever)."""
Days = Annotated[StrictInt, Field(ge=0, le=36_500)]
Promise = Annotated[str, StringConstraints(max_length=2000)]


class Condition(Part):
    """What a value must be; ``same_as`` compares with what the applicant has entered in a field."""

    item: Code
    test: Test
    values: tuple[str, ...] = ()
    field: Code | Literal[""] = ""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if bool(self.values) != (self.test in {"in", "not_in"}):
            raise ValueError("values-unclear")
        if bool(self.field) != (self.test == "same_as"):
            raise ValueError("field-unclear")
        return self


class Lookup(Part):
    """A dataset returns it: all of ``items`` granted and filled, every condition met.

    ``about`` is the party that is looked up, the material's own if empty. ``fresh_days``: how old
    the data may be.
    """

    way: Literal["lookup"]
    dataset: Code
    items: tuple[Code, ...] = Field(min_length=1)
    about: Code | Literal[""] = ""
    where: tuple[Condition, ...] = ()
    fresh_days: Days | None = None


class Verify(Part):
    """A dataset confirms what was entered: ``claims`` are items and the fields that claim them."""

    way: Literal["verify"]
    dataset: Code
    claims: Mapping[Code, Code] = Field(min_length=1)
    about: Code | Literal[""] = ""
    fresh_days: Days | None = None


class Licence(Part):
    """An e-licence of a type that is in force."""

    way: Literal["licence"]
    type: LicenceType = Field(min_length=1)
    items: tuple[Code, ...] = ()
    about: Code | Literal[""] = ""
    where: tuple[Condition, ...] = ()


class Held(Part):
    """A material on file, of the type asked for or of one recognised in its place.

    ``sighted``: somebody in office has seen the original. ``max_age_days`` counts from its date.
    """

    way: Literal["material"]
    about: Code | Literal[""] = ""
    sighted: StrictBool = False
    equivalents: StrictBool = True
    max_age_days: Days | None = None


class Own(Part):
    """The department's own document by its number, verified in its own dataset."""

    way: Literal["own"]
    dataset: Code
    number: Code
    field: Code
    about: Code | Literal[""] = ""


class Commitment(Part):
    """``later`` 容缺后补: it follows by a day. ``promise`` 告知承诺: it is promised, and checked.

    ``due_days``: working days until it is due, or until the promise has to have been checked.
    """

    way: Literal["commitment"]
    kind: Literal["later", "promise"]
    due_days: Annotated[StrictInt, Field(ge=1, le=2000)]
    text_zh: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    text_en: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    liability_zh: Promise = ""
    liability_en: Promise = ""

    @model_validator(mode="after")
    def _liable(self) -> Self:
        if self.kind == "promise" and not (self.liability_zh and self.liability_en):
            raise ValueError("liability-missing")
        return self


Way = Annotated[Lookup | Verify | Licence | Held | Own | Commitment, Field(discriminator="way")]
WAYS = frozenset({"lookup", "verify", "licence", "material", "own", "commitment"})


class Rule(Part):
    """The ways for one material of one service, or for a type of paper wherever it is asked for.

    A rule for the service's material wins over one for the type; they are never mixed.
    """

    code: Code
    version: Annotated[StrictInt, Field(ge=1)]
    service: Code | Literal[""] = ""
    material: Code | Literal[""] = ""
    type: Code | Literal[""] = ""
    basis: Basis
    ways: tuple[Way, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if bool(self.type) == bool(self.service) or bool(self.service) != bool(self.material):
            raise ValueError("target-unclear")
        return self


class Equivalent(Part):
    """Papers recognised in place of another (跨部门互认替代), by all departments or some.

    Not transitive: what stands in for a substitute was recognised by nobody for this paper.
    """

    type: Code
    accepts: tuple[Code, ...] = Field(min_length=1)
    departments: tuple[Department, ...] = ()
    basis: Basis


class RuleSet(Part):
    """One file of rules; ``version`` moves with every change of it."""

    code: Code
    version: Annotated[StrictInt, Field(ge=1)]
    rules: tuple[Rule, ...] = ()
    equivalents: tuple[Equivalent, ...] = ()

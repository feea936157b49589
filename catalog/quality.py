"""What a dataset's definition demands of its rows beyond the form of single values.

``[quality]`` holds thresholds, ``[[rules]]`` a narrow set of declarative rules: no expression, no
SQL, nothing that a definition could smuggle in. A rule that speaks of rows either warns (the row
stands and is listed) or rejects; one that speaks of the whole publication holds it for a steward.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field, StrictInt

from catalog.item import Code, Item, Part

Severity: TypeAlias = Literal["warn", "reject"]
Percent = Annotated[StrictInt, Field(ge=0, le=100)]
Items: TypeAlias = Mapping[str, Item]
Faults: TypeAlias = Iterator[tuple[str, str]]
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,10})?")
_DATE_LENGTH = 10
_EARLIEST = 1800
_NUMERIC = ("integer", "decimal")
TODAY = "today"
"""As a bound of a date: the day in Beijing on which the publication began."""
MAX_RULES = 50
MAX_UNIQUE = 2
"""Each keeps 16 bytes a row in memory until the end: 240 MB for 15 million rows."""


def _bound(value: object) -> str:
    """A bound as text; raises ``ValueError``, for a float too, which is not what was written."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    text = str(value) if type(value) in {int, str} else ""
    if not (_is_number(text) or text == TODAY or _is_date(text)):
        raise ValueError("bound")
    return text


def _is_date(text: str) -> bool:
    try:
        return len(text) == _DATE_LENGTH and date.fromisoformat(text).year >= _EARLIEST
    except ValueError:
        return False


def _is_number(bound: str) -> bool:
    return _NUMBER.fullmatch(bound) is not None


Bound = Annotated[str, BeforeValidator(_bound)]
"""A number, a date, or ``today``; numbers with a fraction are written as text."""


class Thresholds(Part):
    """When a publication is held, and what is remarkable against the last live one.

    All are per cent. ``max_rejected`` and ``max_drop`` (fewer rows than stood before) hold it. The
    others only make findings: ``empty_rise`` and ``unlisted_rise`` in points, ``distinct_drop`` and
    ``rows_change`` of what was before, ``new_shape`` the share from which a new shape is told.
    """

    max_rejected: Percent = 5
    max_drop: Percent = 20
    empty_rise: Percent = 10
    distinct_drop: Percent = 50
    new_shape: Percent = 5
    unlisted_rise: Percent = 2
    rows_change: Annotated[StrictInt, Field(ge=1, le=10_000)] = 50


class _Rule(Part):
    """What every rule has: a code of its own, and the item that it is about."""

    code: Code
    item: Code

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Keys of the rule that name items, with what they name."""
        return (("item", self.item),)

    def faults(self, items: Items) -> Faults:  # noqa: ARG002 most rules have something to say
        """Key and reason of what it says against the items, all of which exist."""
        return iter(())


class _RowRule(_Rule):
    severity: Severity = "warn"


class RequiredIf(_RowRule):
    """``item`` must stand where ``when`` has one of ``values``, or any value if none are named."""

    kind: Literal["required-if"]
    when: Code
    values: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """The item, and the one that demands it."""
        return ("item", self.item), ("when", self.when)

    def faults(self, items: Items) -> Faults:
        """The item may be empty, and the values are such as ``when`` may have."""
        when = items[self.when]
        listed = {"true", "false"} if when.type == "boolean" else set(when.codes or ())
        if items[self.item].required:
            yield "item", "item-required"
        if self.item == self.when:
            yield "when", "item-twice"
        if "" in self.values:
            yield "values", "value-empty"
        elif listed and not listed >= set(self.values):
            yield "values", "code-unknown"


class NotBefore(_RowRule):
    """The date ``item`` is not before the date ``than``, where both stand."""

    kind: Literal["not-before"]
    than: Code

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Both dates."""
        return ("item", self.item), ("than", self.than)

    def faults(self, items: Items) -> Faults:
        """Two different dates."""
        if self.item == self.than:
            yield "than", "item-twice"
        yield from ((key, "not-a-date") for key, code in self.named if items[code].type != "date")


class InRange(_RowRule):
    """A number or date lies between ``min`` and ``max``, ends included, where it stands."""

    kind: Literal["range"]
    min: Bound | None = None
    max: Bound | None = None

    def faults(self, items: Items) -> Faults:
        """Bounds of the item's type, in their order."""
        kind = items[self.item].type
        if kind not in {*_NUMERIC, "date"}:
            yield "item", "no-range-for-this-type"
            return
        given = [(key, bound) for key, bound in (("min", self.min), ("max", self.max)) if bound]
        if not given:
            yield "min", "bound-missing"
        wrong = [key for key, bound in given if (kind == "date") == _is_number(bound)]
        if wrong:
            yield wrong[0], "bound"
        elif self.min and self.max and TODAY not in {self.min, self.max}:
            dates = kind == "date"
            if self.min > self.max if dates else Decimal(self.min) > Decimal(self.max):
                yield "max", "bounds-turned"


class SumOf(_RowRule):
    """``item`` is the sum of ``of``, give or take ``tolerance``, where it stands.

    A summand that is empty counts as nothing.
    """

    kind: Literal["sum"]
    of: tuple[Code, ...] = Field(min_length=2, max_length=20)
    tolerance: Bound = "0"

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """The sum and its summands."""
        return ("item", self.item), *(("of", code) for code in self.of)

    def faults(self, items: Items) -> Faults:
        """Different numbers, and no negative tolerance."""
        if any(items[code].type not in _NUMERIC for _, code in self.named):
            yield "of", "not-a-number"
        if len(set(self.named)) != len(self.named) or self.item in self.of:
            yield "of", "item-twice"
        if not _is_number(self.tolerance) or self.tolerance.startswith("-"):
            yield "tolerance", "bound"


class Unique(_RowRule):
    """No two rows have the same ``item``, where it stands."""

    kind: Literal["unique"]


class Exists(_RowRule):
    """``item`` is a subject of what is live of one of ``datasets``, where it stands.

    Only a dataset of the same department is asked, or one on which the department holds a grant
    that tells existence: otherwise a file of numbers would be a question without a grant.
    """

    kind: Literal["exists"]
    datasets: tuple[Code, ...] = Field(min_length=1, max_length=4)

    def faults(self, items: Items) -> Faults:
        """An identifier, and different datasets; whether those exist is seen when it is checked."""
        if not items[self.item].kinds:
            yield "item", "not-an-identifier"
        if len(set(self.datasets)) != len(self.datasets):
            yield "datasets", "dataset-twice"


class MaxEmpty(_Rule):
    """Held if ``item`` is empty in more than ``percent`` of the rows."""

    kind: Literal["max-empty"]
    percent: Percent

    def faults(self, items: Items) -> Faults:
        """An item that may be empty."""
        if items[self.item].required:
            yield "item", "item-required"


class MaxUnlisted(_Rule):
    """Held if ``item`` is out of its code list in more than ``percent`` of the rows."""

    kind: Literal["max-unlisted"]
    percent: Percent

    def faults(self, items: Items) -> Faults:
        """An item with a code list."""
        if items[self.item].codes is None:
            yield "item", "not-a-code"


ValueRule: TypeAlias = RequiredIf | NotBefore | InRange | SumOf
"""Rules that one row by itself keeps or breaks."""
RowRule: TypeAlias = ValueRule | Unique | Exists
ShareRule: TypeAlias = MaxEmpty | MaxUnlisted
QualityRule = Annotated[RowRule | ShareRule, Field(discriminator="kind")]
VALUE_RULES: tuple[type[ValueRule], ...] = get_args(ValueRule)


def faults(
    rules: tuple[RowRule | ShareRule, ...], items: Items, row_key: tuple[str, ...]
) -> Faults:
    """Place and reason of what a definition's rules say against its items and each other."""
    if len(rules) > MAX_RULES:
        yield "rules", "too-many-rules"
    if sum(isinstance(rule, Unique) for rule in rules) > MAX_UNIQUE:
        yield "rules", "too-many-unique"
    seen: set[str] = set()
    for rule in rules:
        place = f"rules[{rule.code}]"
        if rule.code in seen:
            yield place, "rule-twice"
        seen.add(rule.code)
        missing = [key for key, code in rule.named if code not in items]
        if missing:
            yield f"{place}.{missing[0]}", "item-missing"
            continue
        yield from ((f"{place}.{key}", why) for key, why in rule.faults(items))
        if isinstance(rule, Unique) and row_key == (rule.item,):
            yield f"{place}.item", "row-key-is-unique"

"""One item (信息项) of a dataset: its name, its type, and what a value of it may be."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from catalog.identifiers import KINDS
from catalog.identifiers.normalise import identifier

Sharing = Literal[1, 2, 3]
"""1 无条件共享, 2 有条件共享, 3 不予共享 (政务数据共享条例, Art 13, 15)."""

IDENTIFIER = "identifier:"
PLAIN_TYPES = ("text", "date", "integer", "decimal", "boolean", "code")
# Constructs that Python's engine knows and RE2, which checks the rows in SQL, does not.
_NOT_RE2 = re.compile(r"\(\?(?!:)|\\[1-9]|[*+?}]\+|\\[AZzbBwWdDsS]|\{,|\{(?:[0-9]*,)?[0-9]{4,}")


def _item_type(value: str) -> str:
    if value in PLAIN_TYPES:
        return value
    kinds = value.removeprefix(IDENTIFIER).split("|")
    if not value.startswith(IDENTIFIER) or not set(kinds) <= set(KINDS):
        raise ValueError("type-unknown")
    if len(set(kinds)) != len(kinds):
        raise ValueError("kind-twice")
    return value


def _pattern(value: str) -> str:
    if _NOT_RE2.search(value):
        raise ValueError("pattern-not-portable")
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError("pattern-broken") from error
    return value


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Part(BaseModel):
    """A part of a definition: frozen, and no key that we do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(Part):
    """The two titles of a code's value."""

    zh: Title
    en: Title


class Item(Part):
    """One item (信息项) of a dataset.

    ``standard`` is its name in the standard that it comes from, such as ``XK_WSH``; ``aliases`` are
    further column headings that sources use. ``sensitivity`` runs from 1 (ordinary) to 4.
    ``sharing`` and ``empty`` come from the dataset where the item does not state them.
    """

    code: Code
    title_zh: Title
    title_en: Title
    type: Annotated[str, AfterValidator(_item_type)]
    sensitivity: Annotated[StrictInt, Field(ge=1, le=4)]
    required: StrictBool = False
    standard: str = ""
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    codes: Mapping[str, Label] | None = None
    aliases: tuple[Title, ...] = ()
    sharing: Sharing
    sharing_basis: str = ""
    empty: tuple[str, ...] = ("",)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.type == "code") != bool(self.codes):
            raise ValueError("codes-missing" if self.type == "code" else "codes-not-for-this-type")
        if self.pattern is not None and self.type != "text":
            raise ValueError("pattern-not-for-this-type")
        if self.codes:
            titles = {label.zh: code for code, label in self.codes.items()}
            # A source may write the title, so a title must lead to one code only.
            if len(titles) != len(self.codes) or any(
                title in self.codes and title != code for title, code in titles.items()
            ):
                raise ValueError("code-title-twice")
        if self.sharing == 3 and not self.sharing_basis:  # noqa: PLR2004 the law's numbering
            raise ValueError("sharing-basis-missing")
        return self

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of identifier that it may hold, in order of preference; else none."""
        if not self.type.startswith(IDENTIFIER):
            return ()
        return tuple(self.type.removeprefix(IDENTIFIER).split("|"))

    @cached_property
    def expression(self) -> re.Pattern[str] | None:
        """``pattern`` compiled; the whole value must match. ASCII classes, as in RE2."""
        return None if self.pattern is None else re.compile(self.pattern, re.ASCII)

    @cached_property
    def code_of_title(self) -> Mapping[str, str]:
        """The code of each Chinese title, for sources that write the title."""
        return {label.zh: code for code, label in (self.codes or {}).items()}

    @property
    def names(self) -> tuple[str, ...]:
        """Every heading under which a source may bring it."""
        names = (self.code, self.title_zh, self.title_en, self.standard, *self.aliases)
        return tuple(dict.fromkeys(heading(name) for name in names if name))


def heading(name: str) -> str:
    """A column heading as headings are compared: half-width, upper-case, without blanks."""
    return identifier(name)

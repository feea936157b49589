"""What a dataset is: its items, its subject, its row key, and the terms under which it is shared.

A definition is one TOML file. It is read strictly: what we do not know, or what contradicts itself,
is refused with its file and place, because rows of millions of people are checked against it.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import Field, StrictInt, StringConstraints, ValidationError

from catalog.credit_law import may_not_be_collected
from catalog.errors import DefinitionRefused
from catalog.item import IDENTIFIER, Code, Item, Label, Part, Sharing, Title, heading
from catalog.licence_record import licence_faults, subject_kinds
from catalog.material import material_faults
from catalog.quality import Exists, QualityRule, Thresholds, faults

__all__ = [
    "Code",
    "Dataset",
    "Item",
    "Label",
    "Subject",
    "Title",
    "bundled",
    "heading",
    "load",
    "read_toml",
]

Family = Literal[
    "natural_person", "legal_entity", "e_licence", "geography", "credit", "shared_material"
]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""In this order a dossier tells: who it is first, then what was issued, found, and handed in."""
Method = Literal["service", "batch", "file"]
"""服务接口, 批量交换, 文件下载 (Art 22)."""
LICENCE_TYPE = r"^([0-9A-Z]{21})?$"
Classification = Annotated[
    str, StringConstraints(pattern=r"^[1-9][0-9]{2}[0-9]{3}[0-9]{1,12}/[0-9]{1,9}$")
]
"""The code of a catalogue entry: 类 1 digit, 项 2, 目 3, 细目 as many as it takes, and after the
slash its sequence (``domain.md`` §2, 2017 编制指南)."""


class Subject(Part):
    """Whom a row is about: the item that holds the identifier, and the kinds that it may be of."""

    item: str
    kinds: tuple[str, ...]


class Dataset(Part):
    """A dataset (数据资源) and its catalogue entry (数据目录).

    ``classification`` is the entry's code by 类/项/目/细目; it may be missing while it is drafted.

    ``row_key`` names the items that tell a row from every other one. ``cardinality`` is ``one``
    where a subject has at most one row: exactly when its identifier alone is the row key.
    ``level`` and ``level_scheme`` are the grading, ``conditions`` the terms of use, ``retention``
    the class that says how long its records and queries are kept. ``source`` says where its records
    come from: published copies, files that are handed in (``catalog/material.py``), or licences
    (``catalog/licence_record.py``) of the type whose 21 characters are ``licence_type``.
    ``quality`` and ``rules`` are what it demands of publications (``catalog/quality.py``).
    """

    code: Code
    classification: Classification | None = None
    title_zh: Title
    title_en: Title
    summary_zh: Title
    summary_en: Title
    family: Family
    sharing: Sharing
    sharing_basis: str = ""
    methods: tuple[Method, ...] = Field(min_length=1)
    conditions_zh: str
    conditions_en: str
    format: Annotated[StrictInt, Field(ge=1, le=7)]
    cycle: Annotated[StrictInt, Field(ge=1, le=6)]
    level: Annotated[StrictInt, Field(ge=1, le=4)]
    level_scheme: Title
    legal_basis: Title
    subject: Subject
    row_key: tuple[str, ...] = Field(min_length=1)
    cardinality: Literal["one", "many"]
    retention: Literal["default", "credit"] = "default"
    source: Literal["copied", "materials", "licences"] = "copied"
    licence_type: Annotated[str, StringConstraints(pattern=LICENCE_TYPE)] = ""
    empty: tuple[str, ...] = ("",)
    items: tuple[Item, ...] = Field(min_length=1)
    quality: Thresholds = Thresholds()
    rules: tuple[QualityRule, ...] = ()

    @cached_property
    def by_code(self) -> Mapping[str, Item]:
        """Items by code, in the definition's order."""
        return MappingProxyType({item.code: item for item in self.items})

    @cached_property
    def by_heading(self) -> Mapping[str, Item]:
        """Items by every heading that a source may use."""
        return MappingProxyType({name: item for item in self.items for name in item.names})

    @property
    def subject_item(self) -> Item:
        """The item that holds the subject's identifier."""
        return self.by_code[self.subject.item]

    def column(self, name: str) -> Item | None:
        """The item that a source's column of this name holds, or ``None``."""
        return self.by_heading.get(heading(name))


def load(source: Path | bytes, name: str = "") -> Dataset:
    """Read one definition from a file, or from bytes that are to be called ``name`` in errors.

    Raises ``DefinitionRefused``: ``place`` is the key (an item stands by its code), ``why`` a slug.
    """
    table, name = read_toml(source, name)
    _fill(table)
    try:
        dataset = Dataset.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = _place(first["loc"], table)
        why = str(first.get("ctx", {}).get("error", "")) or first["type"].replace("_", "-")
        raise DefinitionRefused(file=name, place=place, why=why) from error
    for place, why in _contradictions(dataset):
        raise DefinitionRefused(file=name, place=place, why=why)
    return dataset


def read_toml(source: Path | bytes, name: str) -> tuple[dict[str, object], str]:
    """The table in a TOML file, and what to call it; raises ``DefinitionRefused``."""
    if isinstance(source, Path):
        data, name = source.read_bytes(), name or source.name
    else:
        data = source
    try:
        return tomllib.loads(data.decode("utf-8")), name
    except UnicodeDecodeError as error:
        raise DefinitionRefused(file=name, place=f"byte {error.start}", why="not-utf-8") from error
    except tomllib.TOMLDecodeError as error:
        raise DefinitionRefused(file=name, place=str(error), why="not-toml") from error


@cache
def bundled() -> Mapping[str, Dataset]:
    """The datasets that come with the product, by code."""
    entries = sorted(files("catalog.datasets").iterdir(), key=lambda entry: entry.name)
    datasets = (
        load(entry.read_bytes(), entry.name) for entry in entries if entry.name.endswith(".toml")
    )
    return MappingProxyType({dataset.code: dataset for dataset in datasets})


def _fill(table: dict[str, object]) -> None:
    """Write down what an item takes from its dataset, and the kinds of the subject.

    Anything of a wrong shape is left as it stands: the model says what is wrong with it.
    """
    items = [item for item in _tables(table.get("items")) if isinstance(item, dict)]
    empty = table.get("empty", [""])
    for item in items:
        item.setdefault("empty", empty)
        if "sharing" not in item and "sharing" in table:
            item["sharing"] = table["sharing"]
            item.setdefault("sharing_basis", table.get("sharing_basis", ""))
    subject = table.get("subject")
    if isinstance(subject, str):
        of_subject = (item for item in items if item.get("code") == subject)
        kind = str(next(of_subject, {}).get("type", ""))
        kinds = kind.removeprefix(IDENTIFIER).split("|") if kind.startswith(IDENTIFIER) else []
        if kinds and table.get("source") == "licences":
            kinds = list(subject_kinds(tuple(kinds)))
        table["subject"] = {"item": subject, "kinds": kinds}


def _tables(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()


_TAG = 2
"""Where the place of a fault in a rule names the rule's kind, which is no key."""


def _place(where: tuple[int | str, ...], table: Mapping[str, object]) -> str:
    parts: list[str] = []
    for position, part in enumerate(where):
        listed = where[0] if where[:1] in {("items",), ("rules",)} else None
        if isinstance(part, int) and listed and position == 1:
            item = list(_tables(table[str(listed)]))[part]
            named = item.get("code", part + 1) if isinstance(item, dict) else part + 1
            parts[-1] += f"[{named}]"
        elif listed != "rules" or position != _TAG:
            parts.append(str(part))
    return ".".join(parts) or "file"


def _contradictions(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Place and reason of what the parts, each sound by itself, say against each other."""
    yield from _headings(dataset)
    yield from _subject(dataset)
    yield from _row_key(dataset)
    if dataset.source == "materials":
        yield from material_faults(dataset.by_code, dataset.subject.item, dataset.row_key)
    if dataset.source == "licences":
        yield from licence_faults(
            dataset.by_code, dataset.subject.item, dataset.row_key, dataset.licence_type
        )
    elif dataset.licence_type:
        yield "licence_type", "not-of-licences"
    yield from faults(dataset.rules, dataset.by_code, dataset.row_key)
    for rule in dataset.rules:
        if isinstance(rule, Exists) and dataset.code in rule.datasets:
            yield f"rules[{rule.code}].datasets", "own-dataset"
    if dataset.sharing == 3 and not dataset.sharing_basis:  # noqa: PLR2004 the law's numbering
        yield "sharing_basis", "sharing-basis-missing"
    if dataset.family == "credit":
        for item in filter(may_not_be_collected, dataset.items):
            yield f"items[{item.code}]", "credit-may-not-collect"


def _headings(dataset: Dataset) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for item in dataset.items:
        for name in item.names:
            if name in seen:
                twice = "item-twice" if seen[name] == item.code else "heading-twice"
                yield f"items[{item.code}]", twice
        seen |= dict.fromkeys(item.names, item.code)


def _subject(dataset: Dataset) -> Iterator[tuple[str, str]]:
    if dataset.subject.item not in dataset.by_code:
        yield "subject", "item-missing"
    elif not dataset.subject.kinds:
        yield "subject", "not-an-identifier"
    elif dataset.subject.kinds != _kinds(dataset):
        yield "subject", "kinds-differ"
    elif not dataset.subject_item.required:
        yield f"items[{dataset.subject.item}]", "subject-not-required"


def _kinds(dataset: Dataset) -> tuple[str, ...]:
    kinds = dataset.subject_item.kinds
    return subject_kinds(kinds) if dataset.source == "licences" else kinds


def _row_key(dataset: Dataset) -> Iterator[tuple[str, str]]:
    if len(set(dataset.row_key)) != len(dataset.row_key):
        yield "row_key", "item-twice"
    for code in dataset.row_key:
        if code not in dataset.by_code:
            yield f"row_key[{code}]", "item-missing"
        elif not dataset.by_code[code].required:
            yield f"row_key[{code}]", "row-key-not-required"
    if (dataset.cardinality == "one") != (dataset.row_key == (dataset.subject.item,)):
        yield "cardinality", "contradicts-row-key"

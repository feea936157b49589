"""The dataset of a type of licence, made from the type: metadata, its own items, the status."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

from catalog import definition
from catalog.definition import Dataset, load
from catalog.item import Item
from catalog.licence_record import FIRST, LAST
from catalog.licences import licence_type
from catalog.licences.licence_type import LicenceType
from catalog.licences.metadata import DATASET

PREFIX = "licence_"
_TAKEN = ("title_zh", "title_en", "standard")


def code_of(kind: LicenceType) -> str:
    """What its dataset is called."""
    return f"{PREFIX}{kind.code}"


def source(kind: LicenceType) -> bytes:
    """The definition as it is registered, in TOML; the same type gives the same bytes."""
    base = definition.bundled()[DATASET]
    head: dict[str, object] = {
        "code": code_of(kind),
        "title_zh": kind.name_zh,
        "title_en": kind.name_en,
        "summary_zh": f"已签发的{kind.name_zh}及其当前状态。",
        "summary_en": f"{kind.name_en}: as issued, with its present status.",
        "family": "e_licence",
        "sharing": 2,
        "methods": ["service"],
        "conditions_zh": base.conditions_zh,
        "conditions_en": base.conditions_en,
        "format": base.format,
        "cycle": base.cycle,
        "level": base.level,
        "level_scheme": base.level_scheme,
        "legal_basis": kind.legal_basis,
        "subject": "holder_id",
        "row_key": ["licence_id"],
        "cardinality": "many",
        "source": "licences",
        "licence_type": kind.type_code,
    }
    lines = [f"{name} = {_toml(value)}" for name, value in head.items()]
    for item in _items(kind):
        lines += ["", "[[items]]", *(f"{name} = {_toml(v)}" for name, v in _told(item).items())]
        if item.codes:
            lines += ["", "[items.codes]"]
            for value, label in item.codes.items():
                lines.append(
                    f"{_toml(value)} = {{ zh = {_toml(label.zh)}, en = {_toml(label.en)} }}"
                )
    return ("\n".join(lines) + "\n").encode()


@cache
def bundled() -> Mapping[str, Dataset]:
    """The datasets of the bundled types that the hub issues, by code."""
    kinds = (one for one in licence_type.bundled().values() if one.issued_here)
    found = (load(source(kind), f"{code_of(kind)}.toml") for kind in kinds)
    return MappingProxyType({one.code: one for one in found})


def _items(kind: LicenceType) -> Iterator[Item]:
    base = definition.bundled()[DATASET].by_code
    for code in FIRST:
        # Any holder can be asked for, whatever the number is of.
        yield base[code].model_copy(update={"type": FIRST[code]})
    yield from kind.items
    for code in LAST:
        yield base[code]


def _told(item: Item) -> dict[str, object]:
    told: dict[str, object] = {"code": item.code}
    told |= {name: value for name in _TAKEN if (value := getattr(item, name))}
    told |= {"type": item.type, "sensitivity": item.sensitivity, "required": item.required}
    if item.pattern is not None:
        told["pattern"] = item.pattern
    return told


def _toml(value: object) -> str:
    """Texts, numbers, truths and lists are written the same in TOML and JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")

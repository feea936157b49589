"""An entry as one TOML file: what is on record of it as its first lines, then its definition.

    entry.state = "published"
    entry.provider = "psb"
    entry.secrecy = { result = "passed", reference = "…", day = "2026-01-05" }
    entry.privacy = { result = "passed", reference = "…", day = "2026-01-06" }
    entry.approval = "…"

    code = "resident"
    …

The whole is TOML, and the definition stands in it byte by byte. Times and versions of this hub do
not, so the same entry makes the same file on every hub.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import NamedTuple

from pydantic import ValidationError

from catalog.errors import DefinitionRefused
from hub.access.document import Document
from hub.access.grant import Slug
from hub.catalogue.entry import Assessment, Edition, EntryState, Reference, Status
from hub.catalogue.register import read_definition

_HEAD = re.compile(rb"(?:entry\.[^\r\n]*\r?\n)+(?:\r?\n)?")
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
NEXT = ".next"
"""In the name of the file of an edition that is on its way beside a published one."""


class Head(Document):
    """What stands in a file before the definition."""

    state: Status
    provider: Slug
    secrecy: Assessment | None = None
    privacy: Assessment | None = None
    approval: Reference | None = None


class EntryFile(NamedTuple):
    """One entry as a file has it."""

    code: str
    head: Head
    definition: bytes


def write_file(head: Head, definition: bytes) -> bytes:
    """The file of an entry."""
    lines = [
        f"entry.state = {toml_value(head.state)}",
        f"entry.provider = {toml_value(head.provider)}",
    ]
    for name, one in (("secrecy", head.secrecy), ("privacy", head.privacy)):
        if one is not None:
            told = {"result": one.result, "reference": one.reference, "day": one.day}
            lines.append(f"entry.{name} = {toml_value(told)}")
    if head.approval is not None:
        lines.append(f"entry.approval = {toml_value(head.approval)}")
    return "\n".join((*lines, "", "")).encode() + definition


def read_file(data: bytes, name: str) -> EntryFile:
    """Read such a file strictly; ``name`` is its name in errors. Raises ``DefinitionRefused``."""
    found = _HEAD.match(data)
    if found is None:
        raise DefinitionRefused(file=name, place="entry", why="missing")
    try:
        table = tomllib.loads(found.group().decode("utf-8"))
        head = Head.model_validate(table["entry"])
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DefinitionRefused(file=name, place="entry", why="not-toml") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(("entry", *map(str, first["loc"])))
        raise DefinitionRefused(
            file=name, place=place, why=first["type"].replace("_", "-")
        ) from error
    definition = data[found.end() :]
    try:
        dataset = read_definition(definition)
    except DefinitionRefused as error:
        raise DefinitionRefused(**{**error.facts, "file": name}) from error
    return EntryFile(dataset.code, head, definition)


def head_of(entry: EntryState, edition: Edition) -> Head:
    """What a file says of an edition before its definition."""
    assessments, approval = edition.assessments, edition.approval
    return Head(
        state=entry.status if edition.stage == "published" else edition.stage,
        provider=entry.provider,
        secrecy=assessments.secrecy,
        privacy=assessments.privacy,
        approval=None if approval is None else approval.reference,
    )


def file_name(entry: EntryState, edition: Edition) -> str:
    """The name of the file of an edition."""
    beside = bool(entry.editions) and edition.stage != "published"
    return f"{entry.code}{NEXT if beside else ''}.toml"


def toml_value(value: object) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, Mapping):
        members = ", ".join(f"{_key(str(name))} = {toml_value(one)}" for name, one in value.items())
        return f"{{ {members} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    # A JSON string is a basic string of TOML, but that TOML wants U+007F escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml_value(name)

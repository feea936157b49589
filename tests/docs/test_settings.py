"""``docs/settings.md`` and the models of both settings say the same."""

import re
import tomllib
from collections.abc import Iterator
from typing import get_args

import pytest
from documents import ROOT
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from connectors.settings import Settings as ConnectorSettings
from hub.settings import Settings as HubSettings

ROW = re.compile(r"^\| `([a-z_.]+)` \| (.+?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
REQUIRED = "required"


def told(heading: str) -> dict[str, str]:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = ROW.findall(section)
    for _, _, chinese, english in rows:
        assert re.search(r"[一-鿿]", chinese)
        assert english.strip()
    return {key: default for key, default, _, _ in rows}


def flat(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from flat(kind, f"{prefix}{name}.")
        else:
            required = field.default is PydanticUndefined
            default = REQUIRED if required else field.default
            # A list of tables, in TOML, is empty by default; its tables have rows of their own.
            yield f"{prefix}{name}", [] if default == () else default
            for part in get_args(kind):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    yield from flat(part, f"{prefix}{name}.")


@pytest.mark.parametrize(
    ("heading", "model"), [("hub.toml", HubSettings), ("connector.toml", ConnectorSettings)]
)
def test_the_table_has_every_setting_with_its_default(heading: str, model: type[BaseModel]) -> None:
    rows = told(heading)
    settings = dict(flat(model))
    assert rows.keys() == settings.keys()
    for key, default in settings.items():
        shown = rows[key]
        if default == REQUIRED:
            assert shown == REQUIRED, key
        elif default is None:
            assert shown == "none", key
        else:
            value = tomllib.loads(f"x = {shown.strip('`')}")["x"]
            assert value == default, key
            assert type(value) is type(default), key


def test_every_variable_of_the_environment_is_told() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8").partition("## Environment")[2]
    told_of = set(re.findall(r"`(YIFEN_[A-Z_]+)`", text))
    read: set[str] = set()
    for room in ("hub", "connectors", "catalog"):
        for file in (ROOT / room).rglob("*.py"):
            read |= set(re.findall(r"\"(YIFEN_[A-Z_]+)\"", file.read_text("utf-8")))
    assert told_of == read

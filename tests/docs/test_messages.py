"""Every text that code asks for is in the catalogue, and every text there is asked for."""

import ast
import importlib
import pkgutil
import re
import string
from collections.abc import Iterator
from functools import cache

from documents import ROOT

import catalog
import certs
import connectors
import hub
from catalog.messages import catalogue
from certs.errors import YifenError
from hub.publish.reasons import REASONS

ROOMS = ("catalog", "certs", "hub", "connectors")
ASKING = frozenset({"text", "speak", "both", "words", "say", "note", "t"})
"""Functions whose first argument is a key."""
PREFIXED = {"texts": "connector."}
"""Functions that put something before the key."""
KEY = re.compile(r"[a-z][a-z0-9_]*(?:[.-][A-Za-z0-9_-]+)*\.[A-Za-z0-9_.-]+\Z")
DYNAMIC: dict[str, str] = {
    "problem.": "title and detail of every error, by its code (checked below, both ways)",
    "demo.": "hub/ops/demo/telling.py: an act has .title and .about, a step its expectations",
}
"""Keys that are put together at run time: their beginning, and where from."""


UNTOLD = frozenset({"publication-broken", "refused-by-hub"})
"""Errors that are never told by their code: the first becomes the publication's ``failure``, the
second carries the hub's own problem document."""
PENDING: frozenset[str] = frozenset()
"""Texts under way; take out what has come."""
PENDING_REASONS: frozenset[str] = frozenset()


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    found = []
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            found.append((name, ast.parse(file.read_text("utf-8"))))
    return tuple(found)


def templates() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "hub" / "web" / "templates").glob("*.html")):
        yield file.name, file.read_text("utf-8")


def asked() -> Iterator[tuple[str, str]]:
    """Where a literal key is asked for, and the key."""
    for name, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else None
            called = node.func.id if isinstance(node.func, ast.Name) else called
            first = node.args[0]
            if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
                continue
            if called in PREFIXED:
                yield f"{name}:{node.lineno}", PREFIXED[called] + first.value
            elif called in ASKING and KEY.match(first.value):
                yield f"{name}:{node.lineno}", first.value
    for name, text in templates():
        for key in re.findall(r"\bt\('([^']+)'[,)]", text):
            yield name, key


def literals() -> set[str]:
    """Every string in the code that may be a key."""
    found: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value, *(prefix + node.value for prefix in PREFIXED.values())}
    for _, text in templates():
        found |= set(re.findall(r"'([^'\n]+)'", text))
    return found


def patterns() -> list[re.Pattern[str]]:
    """Keys that are put together from a beginning and something else."""
    found: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.JoinedStr):
                continue
            parts = [
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[A-Za-z0-9_.-]+"
                for part in node.values
            ]
            if isinstance(node.values[0], ast.Constant) and "." in str(node.values[0].value):
                found.add("".join(parts))
    for _, text in templates():
        for beginning in re.findall(r"'([a-z][a-z0-9_-]*\.[a-z0-9_.-]*)' ?~", text):
            found.add(re.escape(beginning) + r"[A-Za-z0-9_.-]+")
        for beginning in re.findall(r"names\([^)]*'([a-z.]+\.)'", text):
            found.add(re.escape(beginning) + r"[A-Za-z0-9_.-]+")
    return [re.compile(rf"{pattern}\Z") for pattern in sorted(found)]


def codes() -> set[str]:
    """The codes of all errors."""
    for package in (catalog, certs, connectors, hub):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and "hub.storage.migrations" not in module.name:
                importlib.import_module(module.name)

    def below(kind: type[YifenError]) -> Iterator[type[YifenError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    return {kind.code for kind in below(YifenError) if kind.__module__.split(".")[0] in ROOMS}


def test_every_literal_key_is_in_the_catalogue() -> None:
    found = list(asked())
    assert len(found) > 200
    missing = sorted({f"{key} ({place})" for place, key in found if key not in catalogue()})
    assert missing == []


def test_no_key_of_the_catalogue_is_idle() -> None:
    used, dynamic = literals(), patterns()
    idle = [
        key
        for key in catalogue()
        if key not in used
        and not key.startswith(tuple(DYNAMIC))
        and not any(pattern.match(key) for pattern in dynamic)
    ]
    assert set(idle) <= PENDING


def test_every_error_has_its_texts_and_every_text_its_error() -> None:
    known = codes()
    text = "\n".join(
        (ROOT / name).read_text("utf-8") for name, _ in trees() if name.startswith(("hub", "conn"))
    )
    lacking = [
        key
        for code in sorted(known - UNTOLD)
        for key in (f"problem.{code}.title", f"problem.{code}.detail")
        if key not in catalogue()
    ]
    assert lacking == []
    told = {key.split(".")[1] for key in catalogue() if key.startswith("problem.")}
    idle = sorted(code for code in told - known if f'"{code}"' not in text)
    assert idle == []


def test_every_reason_of_a_rejection_has_its_text() -> None:
    beginning = "connector.reason."
    told = {key.removeprefix(beginning) for key in catalogue() if key.startswith(beginning)}
    assert set(REASONS.values()) - {""} - told <= PENDING_REASONS


def test_both_languages_fill_in_the_same() -> None:
    differing = []
    for key, texts in catalogue().items():
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in texts.values()
        ]
        if fields[0] != fields[1] or not all(texts.values()):
            differing.append(key)
    assert differing == []


def test_the_dynamic_beginnings_are_still_used() -> None:
    for beginning in DYNAMIC:
        assert any(key.startswith(beginning) for key in catalogue()), beginning

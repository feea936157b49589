"""``docs/api.md`` has every route of the application and no other, and its problems are right."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

from documents import ROOT
from fastapi.routing import iter_route_contexts
from world.town import World

import certs
import connectors
import hub
from certs.errors import YifenError
from hub.lookup.refusals import STATUS
from hub.web.front import TooLarge
from hub.web.problems import status_of_error

ROW = re.compile(r"^\| `([A-Z]+) (/[^`]*)` \|", re.MULTILINE)
CODE_ROW = re.compile(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \| (\d{3}) \|", re.MULTILINE)
QUESTIONS = {
    ("POST", "/v1/datasets/{code}/lookup"),
    ("POST", "/v1/datasets/{code}/verify"),
    ("POST", "/v1/datasets/{code}/view"),
    ("POST", "/v1/datasets/{code}/batch"),
    ("POST", "/v1/datasets/{code}/feed"),
    ("POST", "/v1/joint"),
}
"""Answered by ``hub/web/front.py`` before any route."""
TEXT = (ROOT / "docs" / "api.md").read_text("utf-8")


def routes(world: World) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    application = world.front._routes
    for context in iter_route_contexts(application.routes):  # type: ignore[attr-defined]
        path = str(context.path)
        found |= {(method, path) for method in context.methods or () if method != "HEAD"}
    return found


def classes(root: type[YifenError]) -> Iterator[type[YifenError]]:
    yield root
    for child in root.__subclasses__():
        yield from classes(child)


def load_everything() -> None:
    for package in (certs, connectors, hub):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and "hub.storage.migrations" not in module.name:
                importlib.import_module(module.name)


def test_the_table_has_every_route_and_no_other(world: World) -> None:
    rows = ROW.findall(TEXT)
    assert len(rows) == len(set(rows))
    found = routes(world)
    assert len(found) > 40
    assert set(rows) == found | QUESTIONS


def test_the_front_takes_the_two_questions(world: World) -> None:
    for _, path in QUESTIONS:
        answer = world.http("POST", path.replace("{code}", "resident"), {}, b"{}")
        assert answer.code == "signature-missing"


def told(heading: str) -> dict[str, int]:
    section = TEXT.partition(heading)[2].partition("\n\nA client may")[0].partition("\n\nWith")[0]
    section = section.partition("\n\nWithout")[0]
    found: dict[str, int] = {}
    for codes, status in CODE_ROW.findall(section):
        for code in re.findall(r"`([a-z-]+)`", codes):
            found[code] = int(status)
    return found


def test_refusals_with_an_entry_have_their_status() -> None:
    assert told("With entry, opening and receipt:") == STATUS


def test_problems_without_an_entry_have_their_status() -> None:
    load_everything()
    by_code = {kind.code: kind for kind in classes(YifenError)}
    for code, status in told("Without entry and receipt:").items():
        if code == TooLarge.code:
            assert status == 413
            continue
        assert status_of_error(by_code[code]()) == status, code


def test_every_problem_that_is_named_exists() -> None:
    load_everything()
    known = {kind.code for kind in classes(YifenError)} | STATUS.keys() | {"internal"}
    section = TEXT.partition("Problems: 401")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z-]+)`", section)) | set(
        re.findall(r"\b(?:401|403|409|422) `([a-z-]+)`", TEXT)
    )
    assert len(named) > 8
    assert named <= known

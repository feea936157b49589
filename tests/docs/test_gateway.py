"""The five commands of ``docs/gateway.md`` run as a stranger copies them; its tables are right."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from documents import ROOT, blocks, tour
from world.shell import run

from catalog.messages import catalogue
from connectors.gateway.documents import LookupAnswer
from connectors.gateway.front import BODY_SECONDS
from connectors.gateway.keys import MOST_KEYS
from connectors.gateway.openapi import openapi
from connectors.gateway.problems import STATUS
from connectors.gateway.protocol import MAX_HEAD
from connectors.gateway.settings import GatewaySettings

PAGE = ROOT / "docs" / "gateway.md"
TEXT = PAGE.read_text("utf-8")
ASKING = 'connector --home "$T/nrb" lookup'
LISTEN = "printf '\\n[gateway]\\nlisten = \"127.0.0.1:8442\"\\n' >> .yifen/connector/connector.toml"
"""Only so that two tests at once do not want one port: the page leaves it as it is."""

END = "kill $(jobs -p)"


def five() -> list[str]:
    (block,) = (one for one in blocks(PAGE) if one.kind == "sh five")
    return block.text.splitlines()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_stranger_gets_from_an_invitation_to_an_answer(
    tmp_path: Path, command: Callable[[str], str]
) -> None:
    command("curl")
    lines = tour(ROOT / "README.md")
    asking = next(n for n, line in enumerate(lines) if line.startswith(ASKING))
    hub = [*lines[:asking], "hub connector invite nrb stranger --out invitation"]
    copied = five()
    assert len(copied) == 5
    enrol, *rest = copied
    ended = run([*hub, "echo FIVE", enrol, LISTEN, *rest, END], tmp_path, command("bash"))
    told = ended.stdout.partition("FIVE")[2]
    assert ended.returncode == 0, ended.stdout
    answer = json.loads(next(line for line in told.splitlines() if line.startswith("{")))
    found = LookupAnswer.model_validate(answer)
    assert found.found
    assert found.records[0].items["birth_date"] == "1890"
    assert found.receipt.ledger == "tour.example/ledger/1"
    assert "[bad]" not in told


def test_the_answer_that_is_shown_has_the_members_of_one() -> None:
    (shown,) = (one.text for one in blocks(PAGE) if one.kind == "json")
    LookupAnswer.model_validate(json.loads(shown))


def test_the_table_of_routes_is_the_interface() -> None:
    rows = set(re.findall(r"^\| `(GET|POST) (/\S+)` \|", TEXT, re.MULTILINE))
    paths = json.loads(openapi())["paths"]
    told = {(method.upper(), path) for path, one in paths.items() for method in one}
    assert told - rows == {("GET", "/openapi.json")}
    assert rows <= told


def test_the_problems_that_are_named_have_their_status() -> None:
    section = TEXT.partition("| Status | Codes |")[2].partition("\n\n")[0]
    known = {kind.code: status for kind, status in STATUS.items()}
    named: dict[str, set[int]] = {}
    for statuses, codes in re.findall(r"^\| ([0-9, ]+) \| (.*?) \|", section, re.MULTILINE):
        for code in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", codes):
            assert f"problem.{code}.title" in catalogue(), code
            named.setdefault(code, set()).update(int(one) for one in statuses.split(", "))
    assert len(named) > 15
    for code, status in known.items():
        if code in named:
            assert status in named[code], code


def test_the_limits_that_are_named_are_those() -> None:
    settings = GatewaySettings()
    rows = dict(re.findall(r"^\| ([a-z ]+) \| (.+?) \|$", TEXT, re.MULTILINE))
    assert f"`questions`, {settings.questions};" in rows["questions on their way"]
    assert f"`seconds`, {settings.seconds}," in rows["time of a question"]
    assert f"`body_bytes`, {settings.body_bytes >> 10} KiB" in rows["body"]
    assert f"within {BODY_SECONDS:g} seconds" in rows["body"]
    assert f"{MAX_HEAD >> 10} KiB" in rows["head"]
    assert f"`connections`, {settings.connections}" in rows["connections"]
    assert rows["keys"] == str(MOST_KEYS)
    assert settings.listen in TEXT

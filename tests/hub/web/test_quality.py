"""Who may read the quality of publications, and what the connector's command shows of it."""

import json
from pathlib import Path
from typing import cast

import pytest
from kept_profiles import FINDINGS, NEWEST, year_of_profiles
from world.bridge import enrolled
from world.town import PASSWORD, World

from certs.canonical import Json, canonical
from connectors.cli import run
from connectors.client import Connector
from connectors.commands.local import Setting
from hub.ledger.change import OPERATOR

ONE = f"/v1/publications/{NEWEST}/quality"
TREND = "/v1/datasets/real_estate/quality"
OWN = "eight small lanterns"
Told = dict[str, object]


@pytest.fixture
def kept(world: World) -> World:
    """A world whose real-estate register has a year of publications behind it."""
    year_of_profiles(world.hub, "real_estate")
    return world


def signed(world: World, department: str, path: str) -> tuple[int, Told]:
    answer = world.call(world.gateway(department).sign("GET", path))
    return answer.status, cast("Told", answer.document)


def as_person(world: World, account: str, path: str) -> tuple[int, Told]:
    """What somebody signed in is answered, who has an own password."""

    def call(method: str, path: str, body: Json = None, token: str = "") -> tuple[int, Told]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = world.http(method, path, headers, b"" if body is None else canonical(body))
        return answer.status, json.loads(answer.body)

    _, session = call("POST", "/v1/session", {"account": account, "password": PASSWORD})
    token = str(session["token"])
    if session["must_change"]:
        body: Json = {"old": PASSWORD, "new": OWN}
        _, session = call("PUT", "/v1/session/password", body, token)
        token = str(session["token"])
    return call("GET", path, None, token)


def test_the_own_department_reads_it_by_connector_and_steward(kept: World) -> None:
    status, told = signed(kept, "nrb", ONE)
    assert status == 200
    assert told["findings"] == [one.to_json() for one in FINDINGS]
    assert (told["publication"], told["state"]) == (NEWEST, "held")
    profile = cast("dict[str, object]", told["profile"])
    assert profile["mode"] == "full"
    assert as_person(kept, "nrb.steward", ONE) == (200, told)


def test_a_trend_is_newest_first_and_as_long_as_was_asked(kept: World) -> None:
    for query, count in (("", 10), ("?last=3", 3), ("?last=100", 10)):
        status, told = signed(kept, "nrb", TREND + query)
        assert status == 200
        found = cast("list[dict[str, str]]", told["publications"])
        assert len(found) == count
        assert found[0]["publication"] == NEWEST
        times = [one["time"] for one in found]
        assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("last", ["0", "101", "x"])
def test_a_trend_of_no_or_endless_length_is_refused(kept: World, last: str) -> None:
    assert signed(kept, "nrb", f"{TREND}?last={last}")[0] == 422


@pytest.mark.parametrize(
    ("department", "path", "status"),
    [
        ("psb", ONE, 403),
        ("psb", TREND, 404),
        ("nrb", "/v1/datasets/nothing/quality", 404),
        ("nrb", "/v1/publications/p-none/quality", 404),
    ],
)
def test_attack_another_department_asks_for_its_quality(
    kept: World, department: str, path: str, status: int
) -> None:
    assert signed(kept, department, path)[0] == status
    assert as_person(kept, f"{department}.steward", path)[0] == status


@pytest.mark.parametrize("account", ["nrb.officer", "audit", "admin"])
@pytest.mark.parametrize("path", [ONE, TREND])
def test_only_stewards_read_it_of_people(kept: World, account: str, path: str) -> None:
    assert as_person(kept, account, path)[0] == 403


def test_without_a_signature_or_a_session_nothing_is_told(kept: World) -> None:
    for path in (ONE, TREND):
        assert kept.http("GET", path).status == 401


@pytest.fixture
def cli(kept: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options of a connector before a real hub."""
    bridge, connector = enrolled(kept, tmp_path / "home")
    connector.close()

    def opened(self: Setting) -> Connector:
        return Connector.open(self.home, clock=kept.time, sleep=lambda _: None, http=bridge)

    monkeypatch.setattr(Setting, "open", opened)
    return ["--home", str(tmp_path / "home"), "--lang", "zh"]


def test_the_command_shows_findings_items_and_trend(
    cli: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*cli, "quality", "real_estate", "--last", "4"]) == 0
    shown = capsys.readouterr().out
    assert "待审核" in shown
    assert "有 18.32% 为空，上限为 10%" in shown
    assert "约 128,377" not in shown
    assert shown.count("p-0123456789abcde") == 4
    assert "不动产单元号" in shown


def test_the_command_tells_programs_all_of_it(
    cli: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*cli, "--json", "quality", "real_estate"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["publications"]) == 10
    assert told["publications"][0]["findings"][0]["kind"] == "empty-share"


def test_a_dataset_that_was_never_published_says_so(
    cli: list[str], kept: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with kept.hub.changes.change(OPERATOR, moves_epoch=False):
        kept.hub.store.connection.execute("DELETE FROM profiles")
    assert run([*cli, "quality", "real_estate"]) == 0
    assert "还没有经过检查的发布" in capsys.readouterr().out
    assert run([*cli, "quality", "resident"]) == 1

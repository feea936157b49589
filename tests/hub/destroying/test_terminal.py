"""Over HTTP and at the terminal: who may, what a dry run shows, and that it is really done."""

import json
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner
from world.aging import BASIS
from world.asking import Members
from world.resting import Rested, content_of, destroy, states
from world.town import PASSWORD, World

from certs.canonical import Json, canonical
from hub.commands import hub as hub_command
from hub.ops import api

OWN = "eight small lanterns"


def call(
    world: World, method: str, path: str, body: Json = None, token: str = ""
) -> tuple[int, Members]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = world.http(method, path, headers, b"" if body is None else canonical(body))
    return answer.status, cast("Members", json.loads(answer.body))


def token_of(world: World, account: str) -> str:
    _, told = call(world, "POST", "/v1/session", {"account": account, "password": PASSWORD})
    if told["must_change"]:
        body: Json = {"old": PASSWORD, "new": OWN}
        _, told = call(world, "PUT", "/v1/session/password", body, str(told["token"]))
    return str(told["token"])


def order(*ids: str, what: str = "case") -> Json:
    return {"basis": BASIS, "ids": [*ids], "what": what}


def test_an_administrator_sees_what_is_past_and_has_it_destroyed(aged: Rested) -> None:
    world = aged.world
    admin = token_of(world, "admin")
    status, told = call(world, "GET", "/v1/retention/contents?what=case", token=admin)
    assert (status, told["past"], told["destructions"]) == (200, 2, [])
    contents = cast("list[Members]", told["contents"])
    assert {one["id"] for one in contents} == {aged.case, aged.withdrawn}
    assert contents[0] | {"until": ""} == {
        "department": "nrb",
        "id": contents[0]["id"],
        "of": "concluded" if contents[0]["id"] == aged.case else "withdrawn",
        "retention": "default",
        "state": "due",
        "until": "",
        "what": "case",
    }
    status, told = call(world, "POST", "/v1/retention/destructions", order(aged.case), admin)
    assert status == 202
    entry = told["entry"]
    _, told = call(world, "GET", "/v1/retention/contents?what=case", token=admin)
    waiting: Members = {"complete": False, "entry": entry, "listed": 1, "what": "case"}
    assert told["destructions"] == [waiting]
    assert world.hub.destructions.step()
    _, told = call(world, "GET", "/v1/retention/contents?what=case", token=admin)
    assert told["destructions"] == [waiting | {"complete": True}]


def test_only_administrators_destroy_and_auditors_see(aged: Rested) -> None:
    world = aged.world
    for account in ("audit", "nrb.officer", "nrb.steward"):
        token = token_of(world, account)
        body = order(aged.case)
        assert call(world, "POST", "/v1/retention/destructions", body, token)[0] == 403
        seen, _ = call(world, "GET", "/v1/retention/contents?what=case", token=token)
        assert seen == (200 if account == "audit" else 403)
    assert content_of(world, aged.case)


def test_what_is_refused_says_why_and_of_what(rest: Rested) -> None:
    world = rest.world
    admin = token_of(world, "admin")
    status, told = call(world, "POST", "/v1/retention/destructions", order(rest.case), admin)
    assert (status, told["code"]) == (409, "content-kept")
    assert cast("Members", told["facts"])["id"] == rest.case
    for body in (order(), order("../../x"), order(rest.case, what="licence"), {"what": "case"}):
        assert call(world, "POST", "/v1/retention/destructions", body, admin)[0] == 422
    assert call(world, "GET", "/v1/retention/contents?what=x", token=admin)[0] == 422
    unknown = order("C-0000000000000000")
    assert call(world, "POST", "/v1/retention/destructions", unknown, admin)[0] == 404


def test_whoever_reads_a_destroyed_case_is_told_so(
    rest: Rested, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock goes back for the reader, whose certificate would have ended."""
    world, now = rest.world, rest.world.time()
    world.time.advance(4 * 366 * 86_400_000)
    destroy(world, "case", rest.case)
    monkeypatch.setattr(world.time, "now", now)
    world.hub.store.connection.execute("UPDATE ledger_head SET last_time = ?", (now,))
    answer = rest.desk.signed(f"/v1/cases/{rest.case}/read", {"officer": "nrb.officer"})
    assert (answer.status, answer.code) == (410, "content-destroyed")
    assert answer.document["facts"] == {"id": rest.case}


class _Called(api.Api):
    """The hub's API, without a socket between."""

    def __init__(self, world: World, token: str) -> None:
        super().__init__("http://127.0.0.1:1", token)
        self._world, self._own = world, token

    def call(self, method: str, path: str, body: Json = None) -> Json:
        status, told = call(self._world, method, path, body, self._own)
        assert status < 300, told
        self._world.hub.destructions.step()
        return told


def run(world: World, monkeypatch: pytest.MonkeyPatch, *arguments: str, given: str = "") -> str:
    """A command against this very hub."""
    called = _Called(world, token_of(world, "admin"))
    monkeypatch.setattr("hub.commands.destroying.signed_in", lambda _place: called)
    session = Path(__file__)
    found = CliRunner().invoke(
        hub_command, ["--session", str(session), "retention", *arguments], input=given
    )
    assert found.exit_code == (1 if given == "n\n" else 0), found.output
    return found.output


def test_a_dry_run_shows_everything_and_changes_nothing(
    aged: Rested, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = aged.world
    before = world.entries()
    shown = run(world, monkeypatch, "destroy", "case", "--basis", BASIS, "--dry-run")
    assert aged.case in shown
    assert aged.withdrawn in shown
    refused = run(world, monkeypatch, "destroy", "case", "--basis", BASIS, given="n\n")
    assert aged.case in refused
    assert world.entries() == before
    assert content_of(world, aged.case)


def test_just_what_was_shown_is_destroyed(aged: Rested, monkeypatch: pytest.MonkeyPatch) -> None:
    world = aged.world
    named = ("destroy", "case", aged.case, "--basis", BASIS, "--yes")
    assert aged.withdrawn not in run(world, monkeypatch, *named)
    assert states(world, "case") == {aged.withdrawn: "due"}
    run(world, monkeypatch, "destroy", "case", "--basis", BASIS, given="y\n")
    assert states(world, "case") == {}
    assert states(world, "material") != {}
    listed = json.loads(run(world, monkeypatch, "past", "case", "--destructions", "--json"))
    assert [one["complete"] for one in listed] == [True, True]
    again = run(world, monkeypatch, "destroy", "case", "--basis", BASIS, "--yes")
    assert "0" in again

"""Retention over HTTP and at the terminal: who may do what, and that it is really done."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner
from crash.standing import findings
from world.aging import BASIS, MONTH, YEAR, Aged, ask_about, traces
from world.asking import Answer, Sent
from world.serving import Served, environment, serving
from world.time import DAY
from world.town import PASSWORD, World, found_town

from certs.canonical import Json, canonical
from hub.clock import system_clock
from hub.commands import hub as hub_command
from hub.ledger import destruction
from hub.people.permissions import ALLOWED, Permission
from hub.storage.sqlite import connect

OWN = "eight small lanterns"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destruction, "PAUSE", 0)


@pytest.fixture
def aged(world: World) -> Aged:
    found = ask_about(world)
    world.time.advance(3 * YEAR + 5 * DAY)
    return found


def call(
    world: World, method: str, path: str, body: Json = None, token: str = ""
) -> tuple[int, dict[str, object]]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = world.http(method, path, headers, b"" if body is None else canonical(body))
    return answer.status, cast("dict[str, object]", json.loads(answer.body))


def token_of(world: World, account: str) -> str:
    """A session; whoever got a password from somebody else changes it first."""
    _, told = call(world, "POST", "/v1/session", {"account": account, "password": PASSWORD})
    if told["must_change"]:
        _, told = call(
            world,
            "PUT",
            "/v1/session/password",
            {"old": PASSWORD, "new": OWN},
            str(told["token"]),
        )
    return str(told["token"])


ACCOUNTS = ("admin", "nrb.officer", "nrb.steward", "audit")
ERASE: Json = {"retention": "default", "month": MONTH, "basis": BASIS}
HOLD: Json = {"basis": "（2029）云0402民初1号", "entries": [[3, 2], [9, 1]]}


def test_an_administrator_sees_what_is_due_and_has_it_erased(world: World, aged: Aged) -> None:
    admin = token_of(world, "admin")
    status, told = call(world, "GET", "/v1/retention", token=admin)
    assert status == 200
    months = cast("list[dict[str, str]]", told["months"])
    assert {"month": MONTH, "retention": "default", "state": "due"}.items() <= months[1].items()
    assert months[1]["until"] == "2029-10-04T00:00:00.000Z"
    assert told["erasures"] == []
    status, told = call(world, "POST", "/v1/retention/erasures", ERASE, admin)
    assert status == 202
    (entry,) = cast("list[int]", told["entries"])
    _, told = call(world, "GET", "/v1/retention", token=admin)
    (erasure,) = cast("list[dict[str, object]]", told["erasures"])
    listed = len(aged.default)
    assert erasure == {
        "complete": False,
        "done": 0,
        "entry": entry,
        "listed": listed,
        "month": MONTH,
        "retention": "default",
    }
    assert world.hub.erasures.step()
    _, told = call(world, "GET", "/v1/retention", token=admin)
    assert told["erasures"] == [erasure | {"complete": True, "done": listed}]


def test_what_is_refused_says_why(world: World, aged: Aged) -> None:
    assert aged.default
    admin = token_of(world, "admin")
    later: Json = {"retention": "credit", "month": MONTH, "basis": BASIS}
    status, told = call(world, "POST", "/v1/retention/erasures", later, admin)
    assert (status, told["code"]) == (409, "still-kept")
    assert told["facts"] == {"month": MONTH, "until": "2036-10-09T00:00:00.000Z"}
    never: Json = {"retention": "default", "month": "2001-01", "basis": BASIS}
    assert call(world, "POST", "/v1/retention/erasures", never, admin)[0] == 404
    for member, value in (("retention", "x"), ("month", "2026"), ("basis", ""), ("more", 1)):
        assert isinstance(ERASE, dict)
        status, _ = call(world, "POST", "/v1/retention/erasures", ERASE | {member: value}, admin)
        assert status == 422
    assert call(world, "POST", "/v1/retention/erasures", ERASE, admin)[0] == 202
    status, told = call(world, "POST", "/v1/retention/erasures", ERASE, admin)
    assert (status, told["code"]) == (409, "erasure-runs")


def test_who_may_do_what(world: World) -> None:
    """Nobody alone can release a hold and erase; nobody of a department can do either."""
    tokens = {name: token_of(world, name) for name in ACCOUNTS}
    _, told = call(world, "POST", "/v1/holds", HOLD, tokens["audit"])
    hold = told["id"]
    calls: dict[tuple[str, str], tuple[Json, set[str]]] = {
        ("GET", "/v1/retention"): (None, {"admin", "audit"}),
        ("GET", "/v1/holds"): (None, {"admin", "audit"}),
        ("POST", "/v1/retention/erasures"): (ERASE, {"admin"}),
        ("POST", "/v1/holds"): (HOLD, {"admin", "audit"}),
        ("PUT", f"/v1/holds/{hold}/status"): ({"status": "released"}, {"audit"}),
    }
    for account, token in tokens.items():
        for (method, path), (body, allowed) in calls.items():
            status, told = call(world, method, path, body, token)
            assert (status == 403) == (account not in allowed), (account, method, path, told)
    for method, path in calls:
        assert call(world, method, path, calls[method, path][0])[0] in {401, 403}
    assert ALLOWED[Permission.ERASE].isdisjoint(ALLOWED[Permission.RELEASE_HOLDS])


def test_a_hold_over_http(world: World) -> None:
    audit = token_of(world, "audit")
    status, told = call(world, "POST", "/v1/holds", HOLD, audit)
    assert status == 201
    assert isinstance(HOLD, dict)
    name = str(told["id"])
    _, listed = call(world, "GET", "/v1/holds", token=audit)
    assert listed == {"holds": [{**HOLD, "id": name, "status": "active"}]}
    odd: list[Json] = [[], [[3]], [[3, 0]], [[-1, 1]], [[1 << 50, 1]], ["3"], 3]
    for entries in odd:
        assert call(world, "POST", "/v1/holds", HOLD | {"entries": entries}, audit)[0] == 422
    path = f"/v1/holds/{name}/status"
    assert call(world, "PUT", path, {"status": "active"}, audit)[0] == 422
    assert call(world, "PUT", path, {"status": "released"}, audit)[0] == 200
    assert call(world, "PUT", path, {"status": "released"}, audit)[0] == 409
    assert call(world, "PUT", "/v1/holds/H-x/status", {"status": "released"}, audit)[0] == 404


def test_the_receipt_of_an_erased_question_is_told_to_be_gone(world: World) -> None:
    """Of one that was not erased it is given again, so the test can fail."""
    sent, other = world.nrb.lookup(), world.nrb.lookup(case="c")
    assert world.ask(sent).status == world.ask(other).status == 200
    position = world.entries() - 2
    assert again(world, sent).status == 200
    world.hub.store.connection.execute(
        "UPDATE entries SET person = NULL WHERE position = ?", (position,)
    )
    answer = again(world, sent)
    assert (answer.status, answer.code) == (410, "person-erased")
    assert answer.document["facts"] == {"entry": position}
    assert answer.receipt is None
    assert again(world, other).status == 200


def again(world: World, sent: Sent) -> Answer:
    question = json.loads(sent.body)
    return world.call(world.nrb.sign("GET", f"/v1/receipts/{question['request_id']}"))


# -- as it really runs ----------------------------------------------------------------------------
@dataclass(frozen=True)
class Terminal:
    """Somebody at a terminal, signed in."""

    served: Served
    session: Path

    def run(self, *arguments: str) -> str:
        place = ["--address", self.served.address, "--session", str(self.session)]
        command = [sys.executable, "-c", "from hub.cli import main; main()", *place, *arguments]
        run = subprocess.run(
            command, env=environment(), capture_output=True, text=True, check=False, timeout=60
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def rows(self, *arguments: str) -> list[dict[str, object]]:
        return cast("list[dict[str, object]]", json.loads(self.run(*arguments, "--json")))


def at_terminal(served: Served, account: str, folder: Path) -> Terminal:
    terminal = Terminal(served, folder / f"session-{account}")
    password, own = folder / "password", folder / "own"
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    own.write_text(f"{OWN}\n", encoding="utf-8")
    terminal.run("sign-in", "--account", account, "--password-file", str(password))
    if account != "admin":
        terminal.run("password", "--old-password-file", str(password), "--password-file", str(own))
    return terminal


@pytest.mark.slow
def test_two_processes_erase_what_the_terminal_asks_for(tmp_path: Path) -> None:
    """A hub of four years ago, served today by two processes."""
    town = found_town(tmp_path / "town", system_clock() - 4 * YEAR)
    with serving(town, tmp_path / "hub", workers=2) as served:
        admin = at_terminal(served, "admin", tmp_path)
        (due,) = admin.rows("retention", "list")
        assert (due["retention"], due["state"]) == ("default", "due")
        in_month = str(due["month"])
        old = old_bytes(served.folder, in_month)
        assert len(old) > 20
        assert traces(served.folder, old)
        erased = ("retention", "erase", "default", in_month, "--basis", BASIS, "--yes")
        assert admin.run(*erased).count("\n") == 2
        assert traces(served.folder, old) == set()
        (erasure, *_) = admin.rows("retention", "list", "--erasures")
        assert erasure["complete"]
        assert in_month not in {month["month"] for month in admin.rows("retention", "list")}
        entry = str(erasure["entry"])
        admin.run("hold", "add", "--basis", "（2030）云0402民初1号", entry)
        audit = at_terminal(served, "audit", tmp_path)
        (hold,) = audit.rows("hold", "list")
        assert (hold["entries"], hold["status"]) == ([[int(entry), 1]], "active")
        audit.run("hold", "release", str(hold["id"]))
        (hold,) = audit.rows("hold", "list")
        assert hold["status"] == "released"
    assert findings(tmp_path / "hub").faults == ()


def old_bytes(root: Path, in_month: str) -> list[bytes]:
    """Every sealed part, wrapped key and month key of a month, class ``default``."""
    connection = connect(root / "control.db")
    keys: dict[int, bytes] = dict(
        connection.execute(
            "SELECT id, wrapped FROM person_keys WHERE retention = 'default' AND month = ?",
            (in_month,),
        ).fetchall()
    )
    parts = connection.execute("SELECT person, person_key FROM entries").fetchall()
    connection.close()
    file = (root / "keys" / "persons" / f"default-{in_month}.key").read_bytes()
    return [
        *keys.values(),
        *(part for part, key in parts if key in keys),
        file.partition(b":")[2].strip(),
    ]


@pytest.mark.parametrize("text", ["x", "3-", "-3", "5-3", "3,4", "99999999999999999"])
def test_positions_written_in_another_way_are_wrong_use(text: str) -> None:
    result = CliRunner().invoke(hub_command, ["hold", "add", "--basis", "x", "--", text])
    assert result.exit_code == 2


def test_erasing_asks_first() -> None:
    arguments = ["retention", "erase", "default", MONTH, "--basis", BASIS]
    result = CliRunner().invoke(hub_command, arguments, input="n\n")
    assert result.exit_code == 1
    assert MONTH in result.stdout

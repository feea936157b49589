"""The console's pages of delegations: drafted in a form, signed, accepted, used, ended."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from world.delegating import SERVICE
from world.everyone import APPLICANT, THIRD, WRITERS, Everyone
from world.town import PURPOSE, Town, World, covering, open_world

from catalog.messages import text
from hub.access import grants
from hub.delegation import register
from hub.ledger.change import OPERATOR

WRITER = f"{APPLICANT}.steward"
HEAD, WINDOW_HEAD = f"{APPLICANT}.head", f"{THIRD}.head"
FIELDS = {
    "to": THIRD,
    "services": f"{SERVICE}\r\n11370800MB285591843370117002012",
    "purpose": PURPOSE,
    "channel": "connector",
    "valid_from": "2026-09-01",
    "valid_until": "2027-03-31",
    "daily_cap": "100",
    "basis": "综合窗口委托函",
}


@pytest.fixture(scope="module")
def everyone(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everyone]:
    with open_world(town, tmp_path_factory.mktemp("pages") / "hub") as world:
        yield Everyone.of(world)


def posted(everyone: Everyone, who: str, path: str, **fields: str) -> tuple[int, str]:
    answer = everyone.browse(who, "POST", path, urlencode(fields).encode())
    return answer.status, answer.headers.get("location", "")


def shown(everyone: Everyone, who: str, path: str) -> str:
    answer = everyone.browse(who, "GET", path, b"")
    assert answer.status == 200, answer.body
    return answer.body.decode()


def used(world: World, delegation: str) -> int:
    window = world.gateway(THIRD)
    return world.ask(window.lookup(delegation=delegation, items=["sex"])).status


def test_from_the_form_to_its_end(everyone: Everyone) -> None:
    world = everyone.world
    assert WRITERS[0] != WRITER
    status, path = posted(everyone, WRITER, "/delegations/new", **FIELDS)
    assert (status, path.startswith("/delegations/D-")) == (303, True)
    name = path.removeprefix("/delegations/")
    found = register.find(world.hub.reading, name, None)
    assert len(found.services) == 2
    assert (found.valid_from, found.valid_until) == (
        "2026-08-31T16:00:00.000Z",
        "2027-03-31T16:00:00.000Z",
    )
    # A draft is not there for the window, and waits for the head.
    assert everyone.browse(WINDOW_HEAD, "GET", path, b"").status == 404
    assert name in shown(everyone, HEAD, "/")
    assert f'value="{THIRD}" selected' in shown(everyone, WRITER, f"{path}/edit")
    changed = FIELDS | {"version": "1", "services": SERVICE}
    assert posted(everyone, WRITER, f"{path}/edit", **changed) == (303, path)
    assert posted(everyone, HEAD, f"{path}/sign", version="2") == (303, path)
    assert name in shown(everyone, WINDOW_HEAD, "/")
    assert posted(everyone, WINDOW_HEAD, f"{path}/accept", version="3") == (303, path)
    # It is as wide as the delegating department's own grants: none has this item yet.
    assert used(world, name) == 403
    grants.issue(world.hub.changes, OPERATOR, covering(world.time(), department=APPLICANT))
    world.hub.book.refresh()
    assert used(world, name) == 200
    for who in (WRITER, WINDOW_HEAD, f"{THIRD}.officer", "administrator", "auditor"):
        page = shown(everyone, who, path)
        assert SERVICE in page
        assert text("console.outcome.answered", "zh") in page
        assert name in shown(everyone, who, "/delegations")
    reason = {"version": "4", "reason": "窗口撤并"}
    assert posted(everyone, "administrator", f"{path}/revoke", **reason) == (303, path)
    assert "窗口撤并" in shown(everyone, HEAD, path)
    assert used(world, name) == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"services": ""},
        {"services": "*"},
        {"purpose": ""},
        {"to": ""},
        {"to": APPLICANT},
        {"valid_until": "soon"},
        {"valid_until": "2029-01-01"},
        {"daily_cap": "many"},
        {"basis": ""},
    ],
    ids=str,
)
def test_what_is_wrong_is_shown_and_nothing_is_kept(
    everyone: Everyone, wrong: dict[str, str]
) -> None:
    entries = everyone.world.entries()
    fields = urlencode(FIELDS | wrong).encode()
    answer = everyone.browse(WRITER, "POST", "/delegations/new", fields)
    assert answer.status == 422
    assert 'role="alert"' in answer.body.decode()
    assert everyone.world.entries() == entries


@pytest.mark.parametrize("path", ["/delegations", "/delegations/new"])
def test_both_languages(everyone: Everyone, path: str) -> None:
    world = everyone.world
    session = world.hub.sessions.issue(f"all.{WRITER}")
    headers = {"cookie": f"__Host-yifen={session.token}; yifen-language=en"}
    page = world.http("GET", path, headers, b"").body.decode()
    assert "Delegations" in page
    assert text("console.nav.delegations", "zh") not in page

"""Retention on the console: counts alone, destroying what was shown, and who may."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from world.aging import BASIS
from world.casework import OTHER, casework
from world.resting import Rested, file_anew, rested, sweep
from world.shots import Shots
from world.time import DAY
from world.town import ADDRESS, ADMINISTRATOR, covering, found_town, open_world

from hub.access import departments, grants
from hub.clock import system_clock
from hub.destroying import waiting
from hub.destroying.destroying import Destructions, entered
from hub.ledger import destructions, holds
from hub.ledger.change import OPERATOR, Actor
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.web.pages import retention

if TYPE_CHECKING:
    from conftest import Page as Answered
    from conftest import Served, Visit

ORIGIN = "https://hub.example"
"""As in ``conftest.py``."""
ADMIN, AUDITOR = "admin", "wu.auditor"
OTHERS = ("wu.officer", "wu.steward", "wu.head")
NARROW = 360


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rested]:
    """A town's hub in which materials and cases have rested for four years; its folder."""
    folder = tmp_path_factory.mktemp("retention")
    now = system_clock() - 4 * 366 * DAY
    town = found_town(folder / "town", now)
    with open_world(town, folder / "hub") as world:
        changes = world.hub.changes
        departments.admit(changes, ADMINISTRATOR, "hfc", "住房公积金中心", "HFC")
        grants.issue(changes, ADMINISTRATOR, covering(now, department="hfc"))
        hashed = hash_password("seven small lanterns", "nobody")
        for account in (AUDITOR, *OTHERS):
            role = account.partition(".")[2]
            of = None if account == AUDITOR else "nrb"
            accounts.enrol(changes, OPERATOR, account, "吴敏", of, [role], hashed)
        desk = casework(world)
        rest = rested(desk)
        # One more, which stays open and uses what is on file; another person's paper is not in use.
        desk.open()
        file_anew(world, "Another lease", OTHER)
        world.time.advance(2 * DAY)
        sweep(world)
    settings = world.root / "hub.toml"
    settings.write_text(settings.read_text("utf-8").replace(ADDRESS, ORIGIN), "utf-8")
    return world.root, rest


@pytest.fixture(scope="module")
def founded(aged: tuple[Path, Rested]) -> Path:
    return aged[0]


def due(visited: "Visit", what: str = "case") -> int:
    """How many of a kind are due by the page."""
    found = re.search(
        rf'id="{what}".*?<td class="number">(\d+)</td>', visited.get("/retention").text, re.DOTALL
    )
    assert found is not None
    return int(found[1])


def destroy(visited: "Visit", what: str = "case", **changes: object) -> "Answered":
    """Send the form of a kind as it stands on the page, with some fields changed."""
    page = visited.get("/retention")
    part = page.text.partition(f'action="/retention/{what}"')[2]
    seen = re.search(r'name="seen" value="([^"]*)"', part)
    count = re.search(r'name="confirm"', part) and due(visited, what)
    fields: dict[str, object] = {
        "form": page.value("form"),
        "seen": seen[1] if seen else "",
        "basis": BASIS,
        "confirm": str(count),
    }
    return visited.post(f"/retention/{what}", fields | changes)


def destroyed(visited: "Visit") -> list[tuple[str, int]]:
    return [(one.what, one.listed) for one in entered(visited.house.hub.reading)]


def test_numbers_are_shown_and_nothing_that_names_anything(
    visited: "Visit", aged: tuple[Path, Rested]
) -> None:
    rest = aged[1]
    visited.sign_in(ADMIN)
    text = visited.get("/retention").text
    for name in (rest.material, rest.case, rest.withdrawn, "张三丰", "530402"):
        assert name not in text
    assert due(visited) == 2
    assert due(visited, "material") > 0
    assert "使用中" in text


def test_what_was_shown_is_destroyed_in_one_act_and_told(
    visited: "Visit", aged: tuple[Path, Rested]
) -> None:
    visited.sign_in(ADMIN)
    before, count = visited.entries(), due(visited)
    done = destroy(visited)
    assert done.status == 303
    assert visited.entries() == before + 1
    assert destroyed(visited) == [("case", count)]
    position = entered(visited.house.hub.reading)[0].entry
    assert done.goes_to == f"/retention?entered={position}"
    told = visited.get(done.goes_to).text
    assert "已销毁，谁也无法再打开" in told
    assert f"日志条目 {position:,}" in told
    key, sealed = visited.house.hub.reading.execute(
        "SELECT key, sealed FROM cases WHERE id = ?", (aged[1].case,)
    ).fetchone()
    assert (key, sealed) == (b"", b"")
    # Whoever sends the same once more destroys nothing.
    again = destroy(visited)
    assert again.status == 422
    assert "没有销毁任何一项" in again.text
    assert destroyed(visited) == [("case", count)]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"confirm": ""}, 'id="confirm-case-fault"'),
        ({"confirm": "1"}, 'id="confirm-case-fault"'),
        ({"confirm": "销毁"}, 'id="confirm-case-fault"'),
        ({"basis": ""}, 'id="basis-case-fault"'),
        ({"basis": "依" * 201}, 'id="basis-case-fault"'),
        ({"basis": "身份证 530402199001010016"}, 'id="basis-case-fault"'),
        ({"seen": ""}, "没有销毁任何一项"),
        ({"seen": "A" * 43}, "没有销毁任何一项"),
    ],
)
def test_what_is_not_confirmed_destroys_nothing(
    visited: "Visit", changes: dict[str, object], fault: str
) -> None:
    visited.sign_in(ADMIN)
    before = visited.entries()
    page = destroy(visited, **changes)
    assert (page.status, visited.entries()) == (422, before)
    assert fault in page.text


def test_what_became_held_after_it_was_shown_is_not_destroyed(
    visited: "Visit", aged: tuple[Path, Rested]
) -> None:
    hub = visited.house.hub
    visited.sign_in(ADMIN)
    page = visited.get("/retention")
    part = page.text.partition('action="/retention/case"')[2]
    seen = re.search(r'name="seen" value="([^"]*)"', part)
    assert seen is not None
    (position,) = hub.reading.execute(
        'SELECT position FROM entries WHERE instr(leaf, \'"kind":"case"\') > 0'
        " AND instr(control, ?) > 0 ORDER BY position",
        (aged[1].withdrawn,),
    ).fetchone()
    spans = [(position, position + 1)]
    holds.place(hub.changes, hub.store.connection, Actor("console"), "（2029）民初1号", spans)
    sent = {"form": page.value("form"), "seen": seen[1], "basis": BASIS, "confirm": "2"}
    refused = visited.post("/retention/case", sent)
    assert refused.status == 422
    assert destroyed(visited) == []
    assert due(visited) == 1
    assert "保全中" in visited.get("/retention").text


def test_attack_a_role_that_may_not_destroy(visited: "Visit") -> None:
    visited.sign_in(AUDITOR)
    assert '<form method="post" action="/retention' not in visited.get("/retention").text
    before = visited.entries()
    for account in (AUDITOR, *OTHERS):
        visited.sign_in(account)
        seen = waiting.waiting(visited.house.hub.destructions, "case")
        fields: dict[str, object] = {
            "form": visited.token(),
            "seen": seen.seen,
            "basis": BASIS,
            "confirm": str(len(seen.next)),
        }
        assert visited.post("/retention/case", fields).status == 403, account
        assert visited.get("/retention").status == (200 if account == AUDITOR else 403)
    assert visited.entries() == before
    assert destroyed(visited) == []


def test_attack_a_forged_form_destroys_nothing(visited: "Visit") -> None:
    visited.sign_in(ADMIN)
    before = visited.entries()
    for token in ("", "forged", "A" * 43):
        page = destroy(visited, form=token)
        assert (page.status, "form-stale" in page.text) == (403, True)
    assert visited.post("/retention/licence", {"form": visited.token()}).status == 404
    assert visited.entries() == before


def test_nothing_of_it_runs_in_the_loop(visited: "Visit", monkeypatch: pytest.MonkeyPatch) -> None:
    ran: set[tuple[str, int]] = set()
    for name in ("past", "enter_in_turn"):
        real = getattr(Destructions, name)

        def seen(*given: object, real: Callable[..., object] = real, name: str = name) -> object:
            ran.add((name, threading.get_ident()))
            return real(*given)

        monkeypatch.setattr(Destructions, name, seen)
    loops: list[int] = []
    visited.in_loop(lambda: loops.append(threading.get_ident()))
    visited.sign_in(ADMIN)
    assert destroy(visited).status == 303
    assert {name for name, _ in ran} == {"past", "enter_in_turn"}
    assert loops[0] not in {thread for _, thread in ran}


def test_one_act_has_a_most_and_the_rest_waits(
    visited: "Visit", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(retention, "MOST_AT_ONCE", 1)
    visited.sign_in(ADMIN)
    assert "每次最多 1 项" in visited.get("/retention").text
    assert destroy(visited, confirm="2").status == 422
    assert destroy(visited, confirm="1").status == 303
    assert destroyed(visited) == [("case", 1)]
    assert due(visited) == 1


def test_what_stops_on_the_way_is_told_with_what_went(
    visited: "Visit", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two entries of one act something keeps the rest."""
    monkeypatch.setattr(destructions, "MOST", 1)
    real, calls = Destructions._look, []

    def look(given: Destructions, *more: object) -> object:
        calls.append(more)
        if len(calls) == 2:
            raise_held()
        return real(given, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Destructions, "_look", look)
    visited.sign_in(ADMIN)
    page = destroy(visited)
    assert page.status == 409
    assert "销毁中途停止" in page.text
    assert "已销毁 1 项" in page.text
    assert destroyed(visited) == [("case", 1)]
    assert due(visited) == 1


def raise_held() -> None:
    from hub.destroying.destroying import ContentHeld  # noqa: PLC0415 used here alone

    raise ContentHeld(id="C-0")


@pytest.mark.browser
def test_an_administrator_destroys_and_an_auditor_looks(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots = Shots(tmp_path)
    page = enter(ADMIN)
    page.click("nav >> text=保存期满")
    shots.take(page, "past")
    page.click("section[aria-labelledby=case] summary")
    page.fill("#basis-case", BASIS)
    page.fill("#confirm-case", "7")
    shots.take(page, "confirming")
    page.click("details[open] button")
    expect(page.locator("#confirm-case-fault")).to_be_visible()
    shots.take(page, "faults")
    page.fill("#confirm-case", "2")
    page.click("details[open] button")
    expect(page.locator("main .notice .verdict")).to_have_text("已销毁，谁也无法再打开")
    shots.take(page, "destroyed")
    looking = enter(AUDITOR, "en")
    looking.set_viewport_size({"width": NARROW, "height": 800})
    looking.goto(f"{served.address}/retention")
    assert looking.locator("main form").count() == 0
    assert "Contents of cases" in looking.inner_text("main")
    width = looking.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW
    looking.screenshot(path=tmp_path / "auditor-360.png", full_page=True)
    assert destroyed_of(served) == [("case", 2)]


def destroyed_of(served: "Served") -> list[tuple[str, int]]:
    return [(one.what, one.listed) for one in entered(served.house.hub.reading)]

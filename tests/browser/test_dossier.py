"""A dossier through the console: all that the grants allow, by family, each with its entry."""

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page
from world.on_record import ON_RECORD

from hub.access import grants
from hub.access.grant import Terms
from hub.catalogue import datasets
from hub.ledger.change import OPERATOR
from hub.lookup.joint_ask import MOST_PARTS

if TYPE_CHECKING:
    from conftest import Page as Answered
    from conftest import Served, Visit

PURPOSE = "housing_fund_withdrawal"
ZHANG = "11010519491231002X"


def terms(dataset: str, items: dict[str, str], **more: object) -> Terms:
    return Terms.model_validate(
        {
            "department": "hfc",
            "dataset": dataset,
            "operations": ["lookup"],
            "channels": ["console"],
            "items": items,
            "purposes": [PURPOSE],
            "valid_from": "2026-01-01T00:00:00.000Z",
            "valid_until": "2036-12-31T16:00:00.000Z",
            **more,
        }
    )


def ask(visited: "Visit", **changes: object) -> "Answered":
    form = visited.get("/dossier")
    fields: dict[str, object] = {
        "form": form.value("form"),
        "seed": form.value("seed"),
        "subject": ZHANG,
        "purpose": PURPOSE,
        "case": "GJJ-1",
    }
    return visited.post("/dossier", fields | changes)


def sections(text: str) -> list[str]:
    """The headings of what is told, in their order."""
    return re.findall(r'<h3 id="dataset-([a-z_]+)"', text)


def test_every_dataset_that_is_read_has_an_entry_of_its_own(visited: "Visit") -> None:
    hub = visited.house.hub
    grants.issue(hub.changes, OPERATOR, terms("household", {"relation": "full"}))
    grants.issue(hub.changes, OPERATOR, terms("legal_entity", {"name": "full"}))
    visited.sign_in("hfc.wang")
    before = visited.entries()
    page = ask(visited)
    assert page.status == 200
    text = page.text
    # A company's register has nothing to say of a person, and is not asked.
    assert sections(text) == ["household", "resident"]
    assert "张伟" in text
    assert visited.entries() == before + 2
    assert ZHANG not in str(page.response.url)


def test_the_same_form_again_is_the_same_request_and_costs_nothing(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    form = visited.get("/dossier")
    fields: dict[str, object] = {
        "form": form.value("form"),
        "seed": form.value("seed"),
        "subject": ZHANG,
        "purpose": PURPOSE,
        "case": "GJJ-1",
    }
    for _ in range(2):
        assert visited.post("/dossier", fields).status == 200
    reading = visited.house.hub.reading
    (used,) = reading.execute("SELECT sum(used) FROM quotas").fetchone()
    assert used == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"subject": "110105194912310021"}, "subject-fault"),
        ({"subject": ""}, "subject-fault"),
        ({"purpose": ""}, "purpose-fault"),
        ({"purpose": "no_such"}, "purpose-fault"),
    ],
)
def test_a_slip_of_the_hand_is_no_question(
    visited: "Visit", changes: dict[str, object], fault: str
) -> None:
    visited.sign_in("hfc.wang")
    before = visited.entries()
    page = ask(visited, **changes)
    assert page.status == 422
    assert fault in page.text
    assert visited.entries() == before


def test_a_case_number_that_a_grant_wants_is_asked_of_that_dataset_alone(visited: "Visit") -> None:
    hub = visited.house.hub
    grants.issue(hub.changes, OPERATOR, terms("household", {"relation": "full"}))
    visited.sign_in("hfc.wang")
    page = ask(visited, case="")
    text = page.text
    assert sections(text) == ["household", "resident"]
    assert "张伟" not in text
    assert "办件号" in text.split("dataset-resident")[-1]


def test_a_dossier_of_more_than_one_request_can_ask_is_refused_not_cut_short(
    visited: "Visit",
) -> None:
    """Whoever reads a dossier takes it for all there is."""
    hub = visited.house.hub
    household = (files("catalog.datasets") / "household.toml").read_bytes()
    for number in range(MOST_PARTS):
        code = f"household_{number}"
        again = household.replace(b'code = "household"', f'code = "{code}"'.encode())
        place = rb'\g<1>/%06d"' % (1000 + number)
        again = re.sub(rb'(classification = "[^/]+)/.*"', place, again)
        visited.in_loop(datasets.register, hub.changes, OPERATOR, "psb", again, ON_RECORD)
        visited.in_loop(grants.issue, hub.changes, OPERATOR, terms(code, {"relation": "full"}))
    visited.sign_in("hfc.wang")
    before = visited.entries()
    page = ask(visited)
    assert page.status == 422
    assert "上限（64 个）" in page.text
    assert visited.entries() == before


@pytest.mark.browser
def test_an_officer_opens_a_dossier(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    hub = served.house.hub
    grants.issue(hub.changes, OPERATOR, terms("household", {"relation": "full"}))
    officer = enter("hfc.wang")
    officer.click("nav >> text=一人一档")
    officer.screenshot(path=tmp_path / "1-form.png", full_page=True)
    officer.fill("#subject", ZHANG)
    officer.select_option("#purpose", PURPOSE)
    officer.fill("#case", "GJJ-2")
    officer.click("form.card button")
    officer.screenshot(path=tmp_path / "2-dossier.png", full_page=True)
    assert "张伟" in officer.inner_text("main")
    assert officer.url == f"{served.address}/dossier"
    officer.goto(f"{served.address}/dossier?lang=en")
    assert "Dossiers" in officer.inner_text("h1")

"""The page of one's own password, and being led there with one that somebody else has set."""

from typing import TYPE_CHECKING

import pytest

from hub.ledger.change import Actor
from hub.people import accounts
from hub.people.passwords import hash_password

if TYPE_CHECKING:
    from conftest import Page, Visit

INITIAL = "nine paper lanterns"
OWN = "eight small lanterns"


@pytest.fixture
def newcomer(visited: "Visit") -> "Visit":
    """A console whose officer has a password from the administrator."""
    hashed = hash_password(INITIAL, "hfc.wang")
    admin = Actor("console", account="admin")
    accounts.set_password(visited.house.hub.changes, admin, "hfc.wang", hashed)
    visited.sign_in("hfc.wang", INITIAL)
    return visited


def change(visit: "Visit", **fields: object) -> "Page":
    sent: dict[str, object] = {"old": INITIAL, "new": OWN, "again": OWN}
    return visit.post("/password", {"form": visit.token("/password")} | sent | fields)


def test_a_newcomer_is_led_to_change_the_password_and_nowhere_else(newcomer: "Visit") -> None:
    for path in ("/", "/ask", "/ask/resident/lookup", "/grants", "/log"):
        assert (newcomer.get(path).status, newcomer.get(path).goes_to) == (303, "/password")
    entries = newcomer.entries()
    token = newcomer.token("/password")
    assert newcomer.post("/ask/resident/lookup", {"form": token}).goes_to == "/password"
    assert newcomer.entries() == entries
    assert 'href="/ask"' not in newcomer.get("/password").text


def test_the_changed_password_opens_the_console(newcomer: "Visit") -> None:
    assert change(newcomer).goes_to == "/"
    assert newcomer.get("/").status == 200
    assert newcomer.sign_in("hfc.wang", INITIAL).status == 401
    assert newcomer.sign_in("hfc.wang", OWN).goes_to == "/"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"old": "not the old one"}, 401),
        ({"again": "another lantern"}, 422),
        ({"new": "short", "again": "short"}, 422),
        ({"new": INITIAL, "again": INITIAL}, 422),
        ({"form": "forged"}, 403),
    ],
)
def test_a_password_that_cannot_be_taken_is_told(
    newcomer: "Visit", fields: dict[str, object], status: int
) -> None:
    page = change(newcomer, **fields)
    assert page.status == status
    assert INITIAL not in page.text
    assert newcomer.get("/").goes_to == "/password"


def test_a_newcomer_can_sign_out(newcomer: "Visit") -> None:
    assert newcomer.post("/sign-out", {"form": newcomer.token("/password")}).goes_to == "/sign-in"
    assert newcomer.get("/password").goes_to.startswith("/sign-in")

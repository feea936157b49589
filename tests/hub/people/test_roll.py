"""The roll of people: by page, and narrowed."""

from typing import TYPE_CHECKING

import pytest

from hub.errors import NotFound
from hub.ledger.change import OPERATOR
from hub.people import accounts, roll
from hub.people.passwords import PasswordHash

if TYPE_CHECKING:
    from conftest import House

ROLL = (
    ("admin", None, ["administrator"]),
    ("audit", None, ["auditor"]),
    ("hfc.wang", "hfc", ["officer"]),
    ("psb.ma", "psb", ["head"]),
    ("psb.zhou", "psb", ["officer", "steward"]),
)


@pytest.fixture
def enrolled(house: "House", hashed: PasswordHash) -> "House":
    for account, department, roles in ROLL:
        accounts.enrol(house.changes, OPERATOR, account, account, department, roles, hashed)  # type: ignore[arg-type]
    accounts.set_status(house.changes, OPERATOR, "psb.ma", "suspended")
    return house


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, {"admin", "audit", "hfc.wang", "psb.ma", "psb.zhou"}),
        ({"department": "psb"}, {"psb.ma", "psb.zhou"}),
        ({"department": roll.AUTHORITY}, {"admin", "audit"}),
        ({"department": "moon"}, set()),
        ({"role": "officer"}, {"hfc.wang", "psb.zhou"}),
        # A part of a role's name is none.
        ({"role": "office"}, set()),
        ({"role": "%"}, set()),
        ({"status": "suspended"}, {"psb.ma"}),
        ({"department": "psb", "role": "head", "status": "active"}, set()),
    ],
)
def test_the_roll_is_narrowed(enrolled: "House", wanted: dict[str, str], found: set[str]) -> None:
    page = roll.listed(enrolled.reading, **wanted)  # type: ignore[arg-type]
    assert {one.account for one in page.people} == found
    assert page.more is None


@pytest.mark.parametrize("most", [1, 2, 4, 5])
def test_every_page_goes_on_where_the_last_one_ended(enrolled: "House", most: int) -> None:
    seen: list[str] = []
    after: str | None = None
    while True:
        page = roll.listed(enrolled.reading, after=after, most=most)
        assert len(page.people) <= most
        seen += [one.account for one in page.people]
        if page.more is None:
            break
        after = page.more
    assert seen == [account for account, _, _ in ROLL]


def test_one_of_them_or_nobody(enrolled: "House") -> None:
    assert roll.find(enrolled.reading, "psb.ma").status == "suspended"
    with pytest.raises(NotFound):
        roll.find(enrolled.reading, "psb")

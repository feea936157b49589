"""The clocks of Art 17 against days that were counted by hand, across National Day 2026.

In 2026 Mid-Autumn is off on Friday 25 September, National Day from 1 to 7 October, and Saturday 10
October is worked in its place.
"""

from typing import TYPE_CHECKING

import pytest
from world.entering import APPROVAL, CODE, PERMITS

if TYPE_CHECKING:
    from world.asking import Members
    from world.entering import Road

NEXT = PERMITS.replace("sensitivity = 3", "sensitivity = 2")

UPDATES = [
    # 22, 23, 24, 28, 29, 30 September; 8, 9, 10, 12 October
    ("2026-09-21T14:30:00.000Z", "2026-10-12T16:00:00.000Z"),
    # 8, 9, 10, 12, 13, 14, 15, 16, 19, 20 October
    ("2026-09-30T02:00:00.000Z", "2026-10-20T16:00:00.000Z"),
    # begun on a day off: 8, 9, 10, 12, 13, 14, 15, 16, 19, 20 October
    ("2026-10-03T02:00:00.000Z", "2026-10-20T16:00:00.000Z"),
    # half past midnight of the 8th in Shanghai: 9, 10, 12 … 16, 19, 20, 21 October
    ("2026-10-07T16:30:00.000Z", "2026-10-21T16:00:00.000Z"),
]
REVIEWS = [
    # 8 and 9 October
    ("2026-09-30T02:00:00.000Z", "2026-10-09T16:00:00.000Z"),
    # 10 (worked) and 12 October
    ("2026-10-09T02:00:00.000Z", "2026-10-12T16:00:00.000Z"),
    # 28 and 29 September, behind Mid-Autumn
    ("2026-09-24T02:00:00.000Z", "2026-09-29T16:00:00.000Z"),
]


def waiting(road: "Road", who: str) -> list[tuple[object, ...]]:
    """What waits for somebody in entries."""
    duties = road.done(who, "GET", "/v1/duties")["duties"]
    return [
        (one["what"], one["id"], one["urgency"])  # type: ignore[index, call-overload]
        for one in duties  # type: ignore[union-attr]
        if one["about"] == "catalogue"  # type: ignore[index, call-overload]
    ]


def change_noted(road: "Road") -> "Members":
    return road.on("psb.writer", road.seen("psb.writer", "resident"), "change", reason="新增信息项")


@pytest.mark.parametrize(("begun", "ends"), UPDATES)
def test_ten_working_days_to_update_after_a_change_is_noted(
    road: "Road", begun: str, ends: str
) -> None:
    road.until(begun)
    entry = change_noted(road)
    assert (entry["due"], entry["update"]["since"]) == (ends, begun)  # type: ignore[index, call-overload]


def test_ten_working_days_from_the_first_draft_of_a_next_edition(road: "Road") -> None:
    entry = road.published(road.begin())
    road.until("2026-09-30T02:00:00.000Z")
    entry = road.next(CODE, NEXT)
    assert entry["due"] == "2026-10-20T16:00:00.000Z"
    # Another draft of it begins nothing anew.
    road.until("2026-10-08T02:00:00.000Z")
    entry = road.on("psb.writer", entry, "draft", definition=f"{NEXT}\n")
    assert entry["due"] == "2026-10-20T16:00:00.000Z"


@pytest.mark.parametrize(("approved", "ends"), REVIEWS)
def test_two_working_days_to_review_and_publish(road: "Road", approved: str, ends: str) -> None:
    entry = road.assessed(road.begin())
    road.until(approved)
    entry = road.on("psb.head", entry, "approve", reference=APPROVAL)
    assert entry["due"] == ends
    assert road.on("authority", entry, "review")["due"] == ends


def test_five_more_with_the_authority_s_consent_once(road: "Road") -> None:
    entry = change_noted(road)
    assert entry["due"] == "2026-10-12T16:00:00.000Z"
    assert road.try_on("psb.writer", entry, "extension", days=6, reason="等待上级").status == 422
    entry = road.on("psb.writer", entry, "extension", days=5, reason="等待上级")
    assert entry["due"] == "2026-10-12T16:00:00.000Z"
    assert ("consent-to-entry-time", "resident", "on-time") in waiting(road, "authority")
    entry = road.on("authority", entry, "extension/consent")
    # 13, 14, 15, 16, 19 October
    assert entry["due"] == "2026-10-19T16:00:00.000Z"
    again = road.try_on("psb.writer", entry, "extension", days=5, reason="还要")
    assert again.status == 409
    assert road.try_on("authority", entry, "extension/consent").status == 409


def test_no_more_time_once_it_is_over(road: "Road") -> None:
    entry = change_noted(road)
    road.until("2026-10-12T16:00:00.000Z")
    refused = road.try_on("psb.writer", entry, "extension", days=5, reason="等待上级")
    assert refused.status == 409


def test_who_is_told_when(road: "Road") -> None:
    change_noted(road)
    mine = [("update-entry", "resident", "on-time")]
    assert waiting(road, "psb.writer") == mine
    assert waiting(road, "psb.head") == waiting(road, "mrb.writer") == []
    road.until("2026-10-10T02:00:00.000Z")
    near = [("update-entry", "resident", "near")]
    assert waiting(road, "psb.writer") == waiting(road, "psb.head") == near
    assert waiting(road, "authority") == []
    road.until("2026-10-12T16:00:00.000Z")
    late = [("update-entry", "resident", "overdue")]
    assert waiting(road, "psb.head") == waiting(road, "authority") == late


def test_each_step_waits_for_whoever_is_to_do_it(road: "Road") -> None:
    entry = road.begin()
    assert waiting(road, "psb.writer") == [("assess-entry", CODE, None)]
    entry = road.assessed(entry)
    assert waiting(road, "psb.writer") == []
    assert waiting(road, "psb.head") == [("approve-entry", CODE, None)]
    entry = road.on("psb.head", entry, "approve", reference=APPROVAL)
    # Two working days are near from the first.
    assert waiting(road, "authority") == [("review-entry", CODE, "near")]
    entry = road.on("authority", entry, "review")
    assert waiting(road, "authority") == [("publish-entry", CODE, "near")]
    road.on("authority", entry, "publish")
    assert waiting(road, "authority") == waiting(road, "psb.head") == []


def test_a_return_gives_the_provider_its_own_period_back(road: "Road") -> None:
    road.published(road.begin())
    entry = road.approved(road.next(CODE, NEXT))
    assert entry["due"] == "2026-09-23T16:00:00.000Z"
    gap = {"where": "items.zone", "why": "类型不明"}
    entry = road.on("authority", entry, "return", gaps=[gap])
    assert entry["due"] == "2026-10-12T16:00:00.000Z"
    entry = road.approved(entry)
    entry = road.on("authority", road.on("authority", entry, "review"), "publish")
    assert (entry["due"], entry["update"]) == (None, None)


def test_a_noted_change_is_not_forgotten_with_a_draft(road: "Road") -> None:
    change_noted(road)
    text = road.world.hub.store.connection.execute(
        "SELECT definition FROM datasets WHERE code = 'resident'"
    ).fetchone()[0]
    entry = road.next("resident", text.decode() + "\n")
    entry = road.on("psb.writer", entry, "discard")
    assert (entry["due"], entry["next"]) == ("2026-10-12T16:00:00.000Z", None)
    assert road.try_on("psb.writer", entry, "change", reason="又有变化").status == 409

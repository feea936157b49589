"""The times of the law, by dates worked out by hand across National Day 2026.

Off: 25 to 27 September and 1 to 7 October; worked: Sunday 20 September and Saturday 10 October.
"""

from typing import TYPE_CHECKING

import pytest
from world.time import NOW

from catalog.working_days import WorkingDays
from certs.encoding import from_rfc3339
from hub.calendar.statutory import due, urgency

if TYPE_CHECKING:
    from conftest import Road

# NOW is Monday 21 September 2026, 21:33 in Shanghai. Ten working days after it: 22, 23, 24, 28, 29,
# 30 September, 8, 9, 10, 12 October. Midnight in Shanghai is 16:00 UTC.
REPLY_DUE = "2026-10-12T16:00:00.000Z"
# Five more: 13, 14, 15, 16, 19 October.
EXTENDED = "2026-10-19T16:00:00.000Z"
ALL = {"name": "full", "sex": "full", "address": "full"}


def test_a_reply_is_due_ten_working_days_after_it_was_signed(road: "Road") -> None:
    submitted = road.submitted()
    assert (submitted["due"], submitted["urgency"]) == (REPLY_DUE, "on-time")
    road.until("2026-10-09T02:00:00.000Z")
    assert road.seen("psb.writer", submitted)["urgency"] == "near"
    road.until("2026-10-12T15:59:59.999Z")
    assert road.seen("psb.writer", submitted)["urgency"] == "near"
    road.until(REPLY_DUE)
    assert road.seen("mrb.writer", submitted)["urgency"] == "overdue"
    # Late is late, and still an answer.
    prepared = road.on("psb.writer", submitted, "reply", items=ALL, refused={})
    assert road.on("psb.head", prepared, "reply/sign")["status"] == "granted"


def test_one_extension_with_the_authoritys_consent(road: "Road") -> None:
    submitted = road.submitted()
    too_long = road.try_on("psb.writer", submitted, "extension", days=11, reason="需要核实")
    assert too_long.status == 422
    asked = road.on("psb.writer", submitted, "extension", days=5, reason="需要核实")
    assert asked["due"] == REPLY_DUE
    assert road.try_on("psb.head", asked, "extension/consent").status == 403
    extended = road.on("authority", asked, "extension/consent")
    assert extended["due"] == EXTENDED
    again = road.try_on("psb.writer", extended, "extension", days=5, reason="还需要")
    assert again.document["facts"] == {"why": "extended-before"}
    assert road.try_on("authority", extended, "extension/consent").code == "conflict"


def test_nobody_extends_what_is_overdue(road: "Road") -> None:
    submitted = road.submitted()
    road.until(REPLY_DUE)
    late = road.try_on("psb.writer", submitted, "extension", days=5, reason="需要核实")
    assert late.document["facts"] == {"why": "overdue"}


def test_a_correction_of_the_calendar_moves_the_times_from_then_on(road: "Road") -> None:
    body = {"working": False, "basis": "台风停工通知"}
    assert road.call("psb.head", "PUT", "/v1/calendar/2026-09-22", body).status == 403
    assert road.call("authority", "PUT", "/v1/calendar/2026-02-30", body).status == 422
    assert road.call("authority", "PUT", "/v1/calendar/2096-09-22", body).status == 422
    road.done("authority", "PUT", "/v1/calendar/2026-09-22", body)
    assert road.submitted()["due"] == "2026-10-13T16:00:00.000Z"
    days = road.done("mrb.writer", "GET", "/v1/calendar")["days"]
    assert days == [{"day": "2026-09-22", **body}]
    assert road.world.findings().faults == ()
    body["working"] = None  # type: ignore[assignment]
    road.done("authority", "PUT", "/v1/calendar/2026-09-22", body)
    assert road.submitted()["due"] == REPLY_DUE
    assert road.world.findings().faults == ()


@pytest.mark.parametrize(
    ("since", "days", "ends"),
    [
        # 23:59 and 00:01 in Shanghai are two days.
        ("2026-09-30T15:59:00.000Z", 1, "2026-10-08T16:00:00.000Z"),
        ("2026-09-29T16:01:00.000Z", 1, "2026-10-08T16:00:00.000Z"),
        ("2026-09-29T15:59:00.000Z", 1, "2026-09-30T16:00:00.000Z"),
        ("2026-02-13T08:00:00.000Z", 2, "2026-02-24T16:00:00.000Z"),
        ("2026-09-21T13:33:20.000Z", 20, "2026-10-26T16:00:00.000Z"),
    ],
)
def test_days_are_those_of_shanghai(since: str, days: int, ends: str) -> None:
    assert due(WorkingDays(), from_rfc3339(since), days) == from_rfc3339(ends)


def test_an_urgency_counts_working_days_not_hours() -> None:
    calendar, ends = WorkingDays(), from_rfc3339("2026-10-09T16:00:00.000Z")
    # From 30 September only 8 and 9 October are left, though it is ten days off.
    assert urgency(calendar, ends, from_rfc3339("2026-09-30T02:00:00.000Z")) == "near"
    assert urgency(calendar, ends, from_rfc3339("2026-09-29T02:00:00.000Z")) == "on-time"
    assert urgency(calendar, ends, ends - 1) == "near"
    assert urgency(calendar, ends, ends) == "overdue"
    assert ends > NOW

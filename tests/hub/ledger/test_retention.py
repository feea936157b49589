"""How long is long enough, and which entries a month's keys sealed."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from world.time import DAY, HOUR

from hub.clock import month
from hub.ledger import sealed_months
from hub.ledger.attempt import Entered
from hub.ledger.retention import (
    CLASSES,
    LEAST_YEARS,
    SLACK,
    entered_in,
    is_month,
    kept_until,
    least,
)
from hub.ledger.sealed_months import has_more, positions
from hub.settings import RetentionSettings

if TYPE_CHECKING:
    from conftest import Book


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


END = at("2026-10-01")
MONTH = "2026-09"


def test_the_law_bounds_the_settings_from_below() -> None:
    assert LEAST_YEARS == {"default": 3, "credit": 10}
    assert RetentionSettings() == RetentionSettings(default_years=3, credit_years=10)
    assert [RetentionSettings(default_years=5).of(name) for name in CLASSES] == [5, 10]
    for short in ({"default_years": 2}, {"credit_years": 9}, {"default_years": 101}, {"x": 1}):
        with pytest.raises(ValidationError):
            RetentionSettings.model_validate(short)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2089, 1, 1)), st.sampled_from(CLASSES))  # noqa: DTZ001 made UTC below
def test_no_calendar_s_years_are_longer(begins: datetime, retention: str) -> None:
    later = begins.year + LEAST_YEARS[retention]
    leap_day = (begins.month, begins.day) == (2, 29)
    ends = begins.replace(year=later, day=28) if leap_day else begins.replace(year=later)
    between = ends.replace(tzinfo=UTC) - begins.replace(tzinfo=UTC)
    assert between.total_seconds() * 1000 + leap_day * DAY <= least(retention)


def test_a_month_is_kept_until_its_last_entry_may_go() -> None:
    assert entered_in(MONTH) == (at("2026-09-01") - DAY, END + DAY)
    assert entered_in("2026-12")[1] == at("2027-01-01") + DAY
    assert kept_until(MONTH, 3) == END + DAY + least("default")


@pytest.mark.parametrize("text", ["2026-1", "2026-00", "2026-13", "26-01", "2026-01\n", "../x", ""])
def test_what_is_no_month(text: str) -> None:
    assert not is_month(text)
    assert is_month(MONTH)


def commit(book: "Book", time: int, *, sealed: int | None = None) -> int:
    """Enter something at ``time`` whose part was sealed at another time."""
    book.time.now = time if sealed is None else sealed
    attempt = book.attempt(not_before=0, not_after=1 << 60)
    book.time.now = time
    entered = book.one(attempt)
    assert isinstance(entered, Entered)
    return entered.position


def test_what_was_sealed_in_one_month_and_entered_in_the_next_is_found(book: "Book") -> None:
    assert month(END - 1) == MONTH
    assert month(END) == "2026-10"
    commit(book, at("2026-08-31"))
    found = [
        commit(book, END - 20 * DAY),
        commit(book, END - 1),
        commit(book, END, sealed=END - 1),
        commit(book, END + SLACK - 1, sealed=END - 1),
    ]
    commit(book, END + SLACK)
    commit(book, END + 9 * DAY)
    connection = book.store.connection
    assert list(positions(connection, "default", MONTH)) == found
    assert list(positions(connection, "credit", MONTH)) == []


def test_whatever_the_size_of_the_log_every_entry_is_found(
    book: "Book", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_months, "WINDOW", 3)
    by_month: dict[str, list[int]] = {}
    for step in range(40):
        time = END - 60 * DAY + step * 3 * DAY + HOUR
        by_month.setdefault(month(time), []).append(commit(book, time))
    for in_month, expected in by_month.items():
        assert list(positions(book.store.connection, "default", in_month)) == expected
    assert len(by_month) == 4


def test_a_month_has_more_unless_all_that_is_left_is_kept(book: "Book") -> None:
    connection = book.store.connection
    for _ in range(4):
        commit(book, END - DAY)
    assert has_more(connection, "default", MONTH, ())
    assert has_more(connection, "default", MONTH, ((0, 2), (3, 9)))
    assert has_more(connection, "default", MONTH, ((1, 9),))
    assert not has_more(connection, "default", MONTH, ((0, 2), (2, 9)))
    connection.execute("UPDATE entries SET person = NULL WHERE position <> 2")
    assert not has_more(connection, "default", MONTH, ((2, 3),))
    connection.execute("UPDATE entries SET person = NULL")
    assert has_more(connection, "default", MONTH, ()), "only its keys are left"

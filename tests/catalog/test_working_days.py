"""Working days against hand-worked dates around holidays and the weekends worked in their place.

The notices: 2025 (国办发明电〔2024〕12号) and 2026 (国办发明电〔2025〕7号).
"""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.working_days import MOST, WorkingDays, is_announced

# From when, how many working days, and the last of them, counted by hand on the notices' calendars.
BY_HAND = (
    # Spring Festival 2025: off from 28 January to 4 February; Sunday 26 January and Saturday
    # 8 February are worked.
    ("2025-01-24", 1, "2025-01-26"),
    ("2025-01-24", 2, "2025-01-27"),
    ("2025-01-24", 3, "2025-02-05"),
    ("2025-01-27", 1, "2025-02-05"),
    ("2025-01-27", 4, "2025-02-08"),
    ("2025-01-27", 5, "2025-02-10"),
    ("2025-01-20", 10, "2025-02-08"),
    # National Day and Mid-Autumn 2025: off from 1 to 8 October; 28 September and 11 October worked.
    ("2025-09-26", 1, "2025-09-28"),
    ("2025-09-30", 1, "2025-10-09"),
    ("2025-09-30", 3, "2025-10-11"),
    ("2025-09-30", 4, "2025-10-13"),
    ("2025-09-22", 10, "2025-10-11"),
    ("2025-09-19", 20, "2025-10-23"),
    # New Year 2026: off from 1 to 3 January; Sunday 4 January worked.
    ("2025-12-31", 1, "2026-01-04"),
    ("2025-12-31", 2, "2026-01-05"),
    # Spring Festival 2026: off from 15 to 23 February; Saturdays 14 and 28 February worked.
    ("2026-02-13", 1, "2026-02-14"),
    ("2026-02-13", 2, "2026-02-24"),
    ("2026-02-14", 5, "2026-02-28"),
    ("2026-02-14", 6, "2026-03-02"),
    ("2026-02-09", 10, "2026-02-28"),
    # National Day 2026: off from 1 to 7 October; Sunday 20 September and Saturday 10 October
    # worked; Mid-Autumn off from 25 to 27 September.
    ("2026-09-18", 1, "2026-09-20"),
    ("2026-09-24", 1, "2026-09-28"),
    ("2026-09-30", 1, "2026-10-08"),
    ("2026-09-30", 3, "2026-10-10"),
    ("2026-09-30", 4, "2026-10-12"),
    ("2026-09-21", 9, "2026-10-10"),
    ("2026-09-21", 10, "2026-10-12"),
    # Qingming 2026: Monday 6 April is off.
    ("2026-04-03", 1, "2026-04-07"),
)
DAYS = st.dates(date(2024, 1, 1), date(2026, 10, 1))


@pytest.mark.parametrize(("day", "count", "last"), BY_HAND)
def test_hand_worked_dates(day: str, count: int, last: str) -> None:
    calendar = WorkingDays()
    found = calendar.after(date.fromisoformat(day), count)
    assert found == date.fromisoformat(last)
    assert calendar.left(date.fromisoformat(day), found) == count


def test_a_weekend_is_as_good_a_beginning_as_any() -> None:
    calendar = WorkingDays()
    friday, sunday = date(2026, 3, 13), date(2026, 3, 15)
    assert calendar.after(friday, 1) == calendar.after(sunday, 1) == date(2026, 3, 16)


def test_a_correction_wins_over_the_notice() -> None:
    """A place may be off for its own reason, or work where others do not."""
    typhoon, saturday = date(2026, 7, 14), date(2026, 7, 18)
    calendar = WorkingDays({typhoon: False, saturday: True})
    assert calendar.after(date(2026, 7, 13), 1) == date(2026, 7, 15)
    assert calendar.after(date(2026, 7, 17), 1) == saturday


def test_a_year_that_is_not_announced_is_reckoned_and_says_so() -> None:
    year = next(year for year in range(2026, 2100) if not is_announced(year))
    calendar = WorkingDays()
    assert not calendar.is_working(date(year, 10, 1))
    assert not calendar.certain(date(year - 1, 12, 31), date(year, 1, 5))
    assert calendar.certain(date(2025, 12, 1), date(2026, 1, 5))
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    assert {day.weekday() for day in days if calendar.is_working(day)} == {0, 1, 2, 3, 4}


@given(DAYS, st.integers(1, 60))
def test_counting_back_gives_the_count(day: date, count: int) -> None:
    calendar = WorkingDays()
    last = calendar.after(day, count)
    assert calendar.is_working(last)
    assert calendar.left(day, last) == count
    assert calendar.left(last, day) == -count


@pytest.mark.parametrize("count", [0, -1, MOST + 1])
def test_a_count_that_makes_no_sense_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=str(count)):
        WorkingDays().after(date(2026, 1, 5), count)

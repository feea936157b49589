"""The calendar by which the law's times run: what is off and worked, and what was corrected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.working_days import WorkingDays, is_announced
from hub.calendar import corrections
from hub.calendar.statutory import day_of
from hub.errors import Unprocessable
from hub.people.permissions import Permission, may
from hub.web.pages.form import Form
from hub.web.pages.frame import Console
from hub.web.session import actor_of

_WEEKEND = 5
MOST_AT_ONCE = 31
"""Days that one form may correct; each is an entry of its own."""
_WORKED: Mapping[str, bool | None] = {"worked": True, "off": False, "announced": None}


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row that are off though not only a weekend, or worked though they are one."""

    first: date
    last: date
    working: bool

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


def calendar_pages(console: Console) -> APIRouter:
    """The routes of the calendar."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/calendar")
    async def show(request: Request) -> Response:
        visitor = console.visitor(request)
        today = day_of(hub.clock())
        calendar = corrections.working_days(hub.reading)
        years = {year: tuple(runs(calendar, year)) for year in (today.year, today.year + 1)}
        return console.page(
            request,
            visitor,
            "calendar.html",
            years=years,
            announced={year: is_announced(year) for year in years},
            corrected=corrections.listing(hub.reading),
            may_correct=may(visitor.person, Permission.CORRECT_CALENDAR),
        )

    @routes.post("/calendar")
    async def correct(request: Request) -> Response:
        visitor = console.visitor(request, Permission.CORRECT_CALENDAR)
        form = await console.form(request, visitor)
        working = form.one("working")
        if working not in _WORKED:
            raise Unprocessable(why="form")
        for day in _days(form):
            corrections.correct(
                hub.changes,
                actor_of(visitor.person),
                day,
                working=_WORKED[working],
                basis=form.one("basis"),
                today=day_of(hub.clock()),
            )
        return console.redirect("/calendar")

    return routes


def runs(calendar: WorkingDays, year: int) -> Iterator[Run]:
    """What differs in a year from five days worked and two off."""
    day, end = date(year, 1, 1), date(year, 12, 31)
    while day <= end:
        last = day
        working = calendar.is_working(day)
        while last < end and calendar.is_working(last + timedelta(days=1)) == working:
            last += timedelta(days=1)
        if working:
            yield from (
                Run(one, one, working=True)
                for one in _every(day, last)
                if one.weekday() >= _WEEKEND
            )
        elif any(one.weekday() < _WEEKEND for one in _every(day, last)):
            yield Run(day, last, working=False)
        day = last + timedelta(days=1)


def _days(form: Form) -> list[date]:
    """The days that a form names, from the first to the last; raises ``Unprocessable``."""
    try:
        first = date.fromisoformat(form.one("day"))
        last = date.fromisoformat(form.one("until") or form.one("day"))
    except ValueError as error:
        raise Unprocessable(why="date") from error
    if not 0 <= (last - first).days < MOST_AT_ONCE:
        raise Unprocessable(why="days-at-once")
    return list(_every(first, last))


def _every(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)

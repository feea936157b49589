"""The figure 材料减免率: what need not be brought, by service, department and month.

A head sees the own department's. The numbers are those of ``hub/reuse/figure.py``, read from the
entries; what may follow or was promised stands apart and is no reduction.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.evidence.figure import TARGET, WHOLE, Cell, Tally, by
from hub.access import departments
from hub.errors import NotFound, Unprocessable
from hub.people.permissions import Permission
from hub.reuse.figure import figure_apart
from hub.reuse.sheets import per_cent, reuse_table, standing
from hub.usage.table import CSV_TYPE, XLSX_TYPE, as_csv, as_xlsx
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.words import title
from hub.web.usage_routes import download

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what it is of, its counts, and how wide the parts of its bar are (of 1,000)."""

    name: str
    title: str
    counts: Tally
    share: str
    standing: str
    covered: int
    brought: int
    apart: int

    @classmethod
    def of(cls, name: str, shown: str, one: Tally) -> "Line":
        """The row of a tally."""
        listed = one.listed or 1
        covered, brought = (1000 * part // listed for part in (one.covered, one.brought))
        apart = 1000 - covered - brought if one.later + one.promised else 0
        return cls(name, shown, one, per_cent(one.share), standing(one), covered, brought, apart)


@dataclass(frozen=True, slots=True)
class Period:
    """From one month to another, both included; empty without a bound."""

    since: str
    until: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Period":
        """What an address asks for; raises ``Unprocessable`` for what is no month."""
        since, until = query.get("from", ""), query.get("to", "")
        for month in (since, until):
            if month and not _MONTH.match(month):
                raise Unprocessable(why="reuse-month")
        if since and until and since > until:
            raise Unprocessable(why="reuse-period")
        return cls(since, until)


def reuse_pages(console: Console) -> APIRouter:
    """The routes of the figure."""
    routes = console.routes()

    @routes.get("/reuse")
    async def reuse(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_REUSE)
        period = Period.of(request.query_params)
        cells = await _cells(console, visitor, period)
        services, offices = _services(console, visitor), _departments(console, visitor)
        return console.page(
            request,
            visitor,
            "reuse.html",
            period=period,
            target=TARGET,
            mark=1000 * TARGET * 100 // WHOLE,
            total=Line.of("", "", sum(cells.values(), Tally())),
            services=_lines(by("service", cells), services),
            departments=_lines(by("department", cells), offices),
            months=_lines(by("month", cells), {}),
            cells=[
                (cell, Line.of(cell.service, services.get(cell.service, cell.service), one))
                for cell, one in cells.items()
            ],
            titles=offices,
            query=request.url.query,
        )

    @routes.get("/reuse.{suffix}")
    async def sheet(request: Request, suffix: str) -> Response:
        visitor = console.visitor(request, Permission.READ_REUSE)
        cells = await _cells(console, visitor, Period.of(request.query_params))
        services, offices = _services(console, visitor), _departments(console, visitor)
        table = reuse_table(cells, offices, services, visitor.language)
        if suffix == "csv":
            return download(as_csv(table), CSV_TYPE, "reuse.csv")
        if suffix == "xlsx":
            return download(as_xlsx(table), XLSX_TYPE, "reuse.xlsx")
        raise NotFound(what="route")

    return routes


async def _cells(console: Console, visitor: Visitor, period: Period) -> Mapping[Cell, Tally]:
    return await figure_apart(
        console.hub.folder,
        department=visitor.person.department,
        since=period.since or None,
        until=period.until or None,
    )


def _lines(tallies: Mapping[str, Tally], titles: Mapping[str, str]) -> list[Line]:
    return [Line.of(name, titles.get(name, name), one) for name, one in tallies.items()]


def _services(console: Console, visitor: Visitor) -> dict[str, str]:
    """Titles of the services in force; one that has ended is shown by its code."""
    in_force = console.hub.cases.shelf.current().services
    return {code: title(service, visitor.language) for code, service in in_force.items()}


def _departments(console: Console, visitor: Visitor) -> dict[str, str]:
    listed = departments.listing(console.hub.reading)
    return {str(row["code"]): title(row, visitor.language) for row in listed}

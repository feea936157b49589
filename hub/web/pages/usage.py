"""Who sees what, how a grant was used, and what stands stopped: as pages and as sheets."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.access.matrix import STANDINGS, Held, Wanted
from hub.access.standing_stops import What
from hub.errors import Unprocessable
from hub.people.permissions import Permission, may
from hub.usage import statements, stops
from hub.usage.derived import counts_told, told_of
from hub.usage.life import department_of, seen
from hub.usage.statements import PARTS, Stated
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.grants import register_of
from hub.web.pages.written import model, reason
from hub.web.session import actor_of
from hub.web.usage_routes import matrix_download, record_of, usage_download, wanted_grants

WHATS: tuple[What, ...] = ("dataset", "connector", "department")


@dataclass(frozen=True, slots=True)
class Cells:
    """Departments by datasets, with the grants in each cell; both only as far as any is held."""

    datasets: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Held, ...], ...]], ...]

    @classmethod
    def of(cls, held: list[Held]) -> "Cells":
        """The matrix of these grants."""
        columns = tuple(sorted({one.grant.dataset for one in held}))
        cells: dict[tuple[str, str], list[Held]] = {}
        for one in held:
            cells.setdefault((one.grant.department, one.grant.dataset), []).append(one)
        rows = tuple(
            (department, tuple(tuple(cells.get((department, code), ())) for code in columns))
            for department in sorted({one.grant.department for one in held})
        )
        return cls(columns, rows)


def usage_pages(console: Console) -> APIRouter:
    """The routes; register them before those that take any act of a grant."""
    routes = console.routes()
    _matrix_routes(console, routes)
    _usage_routes(console, routes)
    _stop_routes(console, routes)
    return routes


def _matrix_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/grants/matrix")
    async def matrix(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_MATRIX)
        wanted = Wanted.of(request.query_params)
        held = wanted_grants(hub, visitor.person, request)
        return console.page(
            request,
            visitor,
            "matrix.html",
            register=register_of(hub),
            wanted=wanted,
            cells=Cells.of(held),
            standings=STANDINGS,
            query=request.url.query,
        )

    @routes.get("/grants/matrix.{suffix}")
    async def sheet(request: Request, suffix: str) -> Response:
        visitor = console.visitor(request, Permission.READ_MATRIX)
        return matrix_download(hub, visitor.person, request, suffix, visitor.language)


def _usage_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/grants/{grant_id}/usage")
    async def usage(request: Request, grant_id: str) -> Response:
        visitor = console.visitor(request, Permission.READ_USAGE)
        record = await record_of(hub, visitor.person, grant_id)
        grant = seen(hub.reading, visitor.person, grant_id)
        register = register_of(hub)
        retention = register.definitions[grant.dataset].retention
        return console.page(
            request,
            visitor,
            "usage.html",
            register=register,
            grant=grant,
            source=record.source,
            rows=[told_of(row) for row in record.rows],
            whole=counts_told(record.whole),
            statements=statements.listing(hub.reading, grant_id),
            parts=PARTS,
            retention=retention,
            years=hub.settings.retention.of(retention),
            may_state=(
                may(visitor.person, Permission.ACCOUNT_FOR_USE)
                and visitor.person.department == grant.department
            ),
        )

    @routes.get("/grants/{grant_id}/usage.xlsx")
    async def sheet(request: Request, grant_id: str) -> Response:
        visitor = console.visitor(request, Permission.READ_USAGE)
        return await usage_download(hub, visitor.person, grant_id, visitor.language)

    @routes.post("/grants/{grant_id}/usage")
    async def state(request: Request, grant_id: str) -> Response:
        visitor = console.visitor(request, Permission.ACCOUNT_FOR_USE)
        form = await console.form(request, visitor)
        stated = model(Stated, {part: form.text(part) for part in PARTS})
        version = form.number("version") or 0
        statements.write(hub.changes, actor_of(visitor.person), grant_id, version, stated)
        return console.redirect(f"/grants/{grant_id}/usage")


def _stop_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/stops")
    async def standing(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_STOPS)
        department = department_of(visitor.person)
        found = stops.listing(hub.reading, department, all_=True)
        return console.page(
            request,
            visitor,
            "stops.html",
            register=register_of(hub),
            standing=[one for one in found if one.status == "standing"],
            lifted=[one for one in found if one.status == "lifted"][:20],
            choices=_choices(console, visitor),
            may_stop=may(visitor.person, Permission.STOP),
            of_authority=department is None,
        )

    @routes.post("/stops")
    async def stop(request: Request) -> Response:
        visitor = console.visitor(request, Permission.STOP)
        form = await console.form(request, visitor)
        what, _, code = form.one("thing").partition("/")
        if what not in WHATS or not code:
            raise Unprocessable(why="thing")
        actor = actor_of(visitor.person)
        stops.stop(hub.changes, actor, what, code, reason(form))
        return console.redirect("/stops")

    @routes.post("/stops/{stop_id}/lift")
    async def lift(request: Request, stop_id: str) -> Response:
        visitor = console.visitor(request, Permission.STOP)
        form = await console.form(request, visitor)
        stops.lift(hub.changes, actor_of(visitor.person), stop_id, reason(form))
        return console.redirect("/stops")


def _choices(console: Console, visitor: Visitor) -> Mapping[What, list[str]]:
    """What the person may stop, by kind."""
    if not may(visitor.person, Permission.STOP):
        return {}
    department, reading = department_of(visitor.person), console.hub.reading
    names: dict[What, str] = {
        "dataset": "SELECT code FROM datasets WHERE ?1 IS NULL OR department = ?1 ORDER BY code",
        "connector": "SELECT urn FROM connectors WHERE ?1 IS NULL OR department = ?1 ORDER BY urn",
        "department": "SELECT code FROM departments WHERE ?1 IS NULL ORDER BY code",
    }
    return {
        what: [code for (code,) in reading.execute(names[what], (department,))] for what in WHATS
    }

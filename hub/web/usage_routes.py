"""The JSON routes of use: who sees what, and how a grant was used; both as sheets to take away."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from catalog.messages import LANGUAGES, Language
from certs.canonical import Json
from hub.access.matrix import Held, Wanted, held_grants, rows_of
from hub.errors import NotFound
from hub.people.permissions import Permission, require
from hub.people.sessions import Person
from hub.runtime import Hub
from hub.usage import disposals, statements
from hub.usage.derived import Record, derive
from hub.usage.life import department_of, seen
from hub.usage.sheets import Titles, matrix_table, usage_tables
from hub.usage.statements import Stated
from hub.usage.table import CSV_TYPE, XLSX_TYPE, as_csv, as_xlsx
from hub.web.json_body import answer
from hub.web.person_request import Strict, allowed, given
from hub.web.session import person_of


class StatementBody(Strict):
    """What a department states of its use; ``version`` is of the last one, 0 before the first."""

    version: int = Field(ge=0, le=10**6)
    stated: Stated


def usage_routes(hub: Hub, routes: APIRouter) -> None:
    """For signed-in people of both sides of a grant, and of the authority."""

    @routes.get("/grant-matrix")
    async def matrix(request: Request) -> Response:
        person = person_of(request, hub)
        rows: list[Json] = [*rows_of(wanted_grants(hub, person, request))]
        return answer({"rows": rows})

    @routes.get("/grant-matrix.{suffix}")
    async def matrix_sheet(request: Request, suffix: str) -> Response:
        person = person_of(request, hub)
        return matrix_download(hub, person, request, suffix, language_of(request, hub))

    @routes.get("/grants/{grant_id}/usage")
    async def usage(request: Request, grant_id: str) -> Response:
        person = person_of(request, hub)
        record = await record_of(hub, person, grant_id)
        stated: list[Json] = [one.state() for one in statements.listing(hub.reading, grant_id)]
        return answer({**record.told(), "statements": stated})

    @routes.get("/grants/{grant_id}/usage.xlsx")
    async def usage_sheet(request: Request, grant_id: str) -> Response:
        person = person_of(request, hub)
        return await usage_download(hub, person, grant_id, language_of(request, hub))

    @routes.post("/grants/{grant_id}/usage")
    async def state(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.ACCOUNT_FOR_USE)
        asked = await given(request, hub, StatementBody)
        made = statements.write(hub.changes, actor, grant_id, asked.version, asked.stated)
        return answer(made.state(), 201)


def wanted_grants(hub: Hub, person: Person, request: Request) -> list[Held]:
    """The grants that a person sees, as the address filters them."""
    require(person, Permission.READ_MATRIX)
    return held_grants(
        hub.reading,
        department=department_of(person),
        review_days=hub.settings.grants.review_days,
        now=hub.clock(),
        wanted=Wanted.of(request.query_params),
    )


def matrix_download(
    hub: Hub, person: Person, request: Request, suffix: str, language: Language
) -> Response:
    """Who sees what as a sheet: ``csv`` or ``xlsx``; raises ``NotFound`` for another."""
    table = matrix_table(wanted_grants(hub, person, request), Titles.of(hub.reading, language))
    if suffix == "csv":
        return download(as_csv(table), CSV_TYPE, "grants.csv")
    if suffix == "xlsx":
        return download(as_xlsx(table), XLSX_TYPE, "grants.xlsx")
    raise NotFound(what="page")


async def record_of(hub: Hub, person: Person, grant_id: str) -> Record:
    """How a grant was used, for whoever may know; raises ``Forbidden`` or ``NotFound``."""
    require(person, Permission.READ_USAGE)
    seen(hub.reading, person, grant_id)
    return await derive(hub.audit, hub.proofs, hub.origin, grant_id)


async def usage_download(hub: Hub, person: Person, grant_id: str, language: Language) -> Response:
    """The record of use of a grant as a workbook."""
    record = await record_of(hub, person, grant_id)
    tables = usage_tables(
        record,
        seen(hub.reading, person, grant_id),
        statements.listing(hub.reading, grant_id),
        disposals.find(hub.reading, grant_id, department_of(person)),
        Titles.of(hub.reading, language),
    )
    return download(as_xlsx(*tables), XLSX_TYPE, f"usage-{grant_id}.xlsx")


def download(body: bytes, kind: str, name: str) -> Response:
    """A file that browsers keep and do not show."""
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{name}"',
        "x-content-type-options": "nosniff",
    }
    return Response(body, 200, headers, kind)


def language_of(request: Request, hub: Hub) -> Language:
    """The language that the address names, else the hub's."""
    wanted = request.query_params.get("lang")
    return next((known for known in LANGUAGES if known == wanted), hub.settings.languages)

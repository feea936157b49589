"""Who sees what: the matrix of departments and datasets, the list of grants, one grant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.definition import Dataset
from hub.access import departments, grants, purposes
from hub.access.ends import review_at
from hub.access.grant import Grant
from hub.catalogue import datasets
from hub.errors import NotFound
from hub.people.permissions import Permission, may
from hub.people.sessions import Person
from hub.runtime import Hub
from hub.web.pages.frame import Console
from hub.web.pages.grant_acts import shown
from hub.web.pages.offers import quotas

READING = (
    Permission.READ_ALL_GRANTS,
    Permission.READ_GIVEN_GRANTS,
    Permission.READ_OWN_GRANTS,
)


@dataclass(frozen=True, slots=True)
class Register:
    """What grants speak of, by code."""

    departments: Mapping[str, Mapping[str, str]]
    providers: Mapping[str, str]
    definitions: Mapping[str, Dataset]
    purposes: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Departments by datasets; each cell holds the grants that are not revoked."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Grant, ...], ...]], ...]


def register_of(hub: Hub) -> Register:
    """The register as it stands."""
    standing = hub.book.refresh()
    rows = {str(row["code"]): str(row["department"]) for row in datasets.listing(hub.reading)}
    sources = {code: standing.source(code) for code in rows}
    return Register(
        departments={row["code"]: row for row in departments.listing(hub.reading)},
        providers=rows,
        definitions={code: source.published for code, source in sources.items() if source},
        purposes={row["code"]: row for row in purposes.listing(hub.reading)},
    )


def visible(person: Person, register: Register, all_grants: Sequence[Grant]) -> list[Grant]:
    """The grants that a person may see: all, those over the own datasets, or the own."""
    if may(person, Permission.READ_ALL_GRANTS):
        return list(all_grants)
    own = person.department
    given = may(person, Permission.READ_GIVEN_GRANTS)
    return [
        grant
        for grant in all_grants
        if grant.department == own or (given and register.providers[grant.dataset] == own)
    ]


def visible_grant(hub: Hub, person: Person, register: Register, grant_id: str) -> Grant:
    """One grant; raises ``NotFound`` alike for one that is absent and one not to be seen."""
    found = visible(person, register, [grants.find(hub.reading, grant_id)])
    if not found:
        raise NotFound(what="grant")
    return found[0]


def grant_pages(console: Console) -> APIRouter:
    """The routes of reading grants."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/grants")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, *READING)
        register = register_of(hub)
        seen = visible(visitor.person, register, grants.listing(hub.reading))
        return console.page(
            request,
            visitor,
            "grants.html",
            register=register,
            matrix=_matrix(visitor.person, register, seen),
            grants=seen,
            now=hub.clock(),
            may_change=may(visitor.person, Permission.CHANGE_GRANTS),
            may_see_all=may(visitor.person, Permission.READ_ALL_GRANTS),
            may_see_matrix=may(visitor.person, Permission.READ_MATRIX),
        )

    @routes.get("/grants/{grant_id}")
    async def one(request: Request, grant_id: str) -> Response:
        visitor = console.visitor(request, *READING)
        register = register_of(hub)
        grant = visible_grant(hub, visitor.person, register, grant_id)
        now, review_days = hub.clock(), hub.settings.grants.review_days
        delivered = None
        if "feed" in grant.operations:
            await hub.audit.catch_up()
            delivered = hub.audit.delivered(grant.id)
        return console.page(
            request,
            visitor,
            "grant.html",
            delivered=delivered,
            register=register,
            grant=grant,
            quota=quotas(hub.reading, [grant], now)[0],
            now=now,
            years=hub.settings.retention.of(register.definitions[grant.dataset].retention),
            review_at=None if grant.status == "revoked" else review_at(grant, review_days),
            lived=shown(hub, visitor.person, grant),
            may_change=may(visitor.person, Permission.CHANGE_GRANTS),
            may_see_application=(
                may(visitor.person, Permission.READ_ALL_APPLICATIONS)
                or may(visitor.person, Permission.READ_APPLICATIONS)
            ),
        )

    return routes


def _matrix(person: Person, register: Register, seen: Sequence[Grant]) -> Matrix | None:
    """Who sees what; a steward sees the columns of the own datasets, an officer no matrix."""
    columns = tuple(register.definitions)
    if not may(person, Permission.READ_ALL_GRANTS):
        columns = tuple(code for code in columns if register.providers[code] == person.department)
        if not columns or not may(person, Permission.READ_GIVEN_GRANTS):
            return None
    cells: dict[tuple[str, str], list[Grant]] = {}
    for grant in seen:
        if grant.status != "revoked":
            cells.setdefault((grant.department, grant.dataset), []).append(grant)
    rows = tuple(
        (code, tuple(tuple(cells.get((code, dataset), ())) for dataset in columns))
        for code in register.departments
    )
    return Matrix(columns, rows)

"""Publications of the steward's department: their reports, and what is done with a held one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.definition import Dataset
from certs.canonical import Json
from hub.errors import NotFound
from hub.people.permissions import Permission
from hub.people.sessions import Person
from hub.runtime import Hub
from hub.web.pages.frame import Console
from hub.web.pages.quality import quality_of
from hub.web.session import actor_of

NEWEST = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A publication as pages show it; ``report`` is None before it was checked."""

    id: str
    dataset: Dataset
    connector: str
    state: str
    created: int
    done: int
    total: int
    report: Mapping[str, Json] | None
    generation: str | None
    failure: str | None
    mode: str
    sequence: int | None

    @property
    def rejected(self) -> list[tuple[str, int]]:
        """How many rows were rejected for each reason, most first."""
        counts = cast("dict[str, int]", (self.report or {}).get("rejected", {}))
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def publication_pages(console: Console) -> APIRouter:
    """The routes of publications."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/publications")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_PUBLICATIONS)
        return console.page(
            request, visitor, "publications.html", publications=_found(hub, visitor.person)
        )

    @routes.get("/publications/{publication}")
    async def report(request: Request, publication: str) -> Response:
        visitor = console.visitor(request, Permission.READ_PUBLICATIONS)
        shown = _one(hub, visitor.person, publication)
        quality = quality_of(hub, publication, shown.dataset, visitor.language)
        return console.page(
            request, visitor, "publication.html", publication=shown, quality=quality
        )

    @routes.post("/publications/{publication}/{act}")
    async def decide(request: Request, publication: str, act: str) -> Response:
        visitor = console.visitor(request, Permission.DECIDE_PUBLICATIONS)
        await console.form(request, visitor)
        _one(hub, visitor.person, publication)
        actor = actor_of(visitor.person)
        if act == "release":
            hub.publications.release(publication, actor)
        elif act == "discard":
            hub.publications.discard(publication, actor)
        else:
            raise NotFound(what="page")
        return console.redirect(f"/publications/{publication}")

    return routes


def _found(hub: Hub, person: Person, publication: str | None = None) -> list[Shown]:
    """The publications of a person's department, held ones first; or one of them."""
    standing = hub.book.refresh()
    rows = hub.reading.execute(
        "SELECT p.id, p.dataset, p.connector, p.state, p.created, p.done, p.total, p.report,"
        " p.generation, p.failure, p.mode, p.sequence"
        " FROM publications p JOIN datasets d ON d.code = p.dataset"
        " WHERE d.department = ?1 AND (?2 IS NULL OR p.id = ?2)"
        " ORDER BY p.state = 'held' DESC, p.created DESC LIMIT ?3",
        (person.department, publication, NEWEST),
    )
    shown: list[Shown] = []
    for name, code, connector, state, created, done, total, report, *rest in rows:
        source = standing.source(code)
        if source is not None:
            read = None if report is None else orjson.loads(report)
            dataset = source.published
            shown.append(Shown(name, dataset, connector, state, created, done, total, read, *rest))
    return shown


def _one(hub: Hub, person: Person, publication: str) -> Shown:
    """One publication; raises ``NotFound``, alike for another department's."""
    shown = _found(hub, person, publication)
    if not shown:
        raise NotFound(what="publication")
    return shown[0]

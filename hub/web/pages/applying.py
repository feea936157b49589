"""The applicant's pages: choose a dataset, state the elements, and see every gap at its field.

A draft is kept however much it lacks; only what cannot be written down at all is sent back.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.definition import Dataset
from hub.applications import applying, register
from hub.applications.application import Application, Gap
from hub.applications.seeing import sees
from hub.errors import Conflict, NotFound
from hub.people.permissions import Permission
from hub.people.sessions import Person
from hub.runtime import Hub
from hub.web.pages.applications import definition_of, gaps_of
from hub.web.pages.elements import ElementsForm, at_fields
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.grants import Register, register_of
from hub.web.session import actor_of

NEW = "/applications/new"
UNPROCESSABLE = 422


def applying_pages(console: Console) -> APIRouter:
    """The routes of drafting and amending; all for stewards."""
    routes = console.routes()
    _new_routes(console, routes)
    _edit_routes(console, routes)
    return routes


def _new_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get(NEW)
    async def new(request: Request) -> Response:
        visitor = console.visitor(request, Permission.APPLY)
        known = register_of(hub)
        offered = _offered(hub, known, visitor.person)
        dataset = request.query_params.get("dataset", "")
        if dataset not in offered:
            return console.page(
                request, visitor, "application_pick.html", register=known, offered=offered
            )
        return _form(console, request, visitor, known, offered[dataset], ElementsForm(), (), None)

    @routes.post(NEW)
    async def draft(request: Request) -> Response:
        visitor = console.visitor(request, Permission.APPLY)
        form = await console.form(request, visitor)
        known = register_of(hub)
        dataset = form.one("dataset")
        definition = _offered(hub, known, visitor.person).get(dataset)
        if definition is None:
            raise NotFound(what="dataset")
        filled = ElementsForm.read(form, definition, known.purposes)
        faults = filled.faults()
        if faults:
            return _form(console, request, visitor, known, definition, filled, faults, None)
        actor = actor_of(visitor.person)
        drafted, lacking = applying.draft(hub.changes, actor, dataset, filled.elements())
        return _kept(console, drafted, lacking)


def _edit_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/applications/{application}/edit")
    async def edit(request: Request, application: str) -> Response:
        visitor = console.visitor(request, Permission.APPLY)
        found = _editable(hub, visitor.person, application)
        known = register_of(hub)
        definition = definition_of(known, found)
        lacking = gaps_of(hub, known, found, definition)
        filled = ElementsForm.of(found.elements, found.version)
        return _form(console, request, visitor, known, definition, filled, lacking, found)

    @routes.post("/applications/{application}/edit")
    async def amend(request: Request, application: str) -> Response:
        visitor = console.visitor(request, Permission.APPLY)
        form = await console.form(request, visitor)
        found = _editable(hub, visitor.person, application)
        known = register_of(hub)
        definition = definition_of(known, found)
        filled = ElementsForm.read(form, definition, known.purposes)
        faults = filled.faults()
        if faults:
            return _form(console, request, visitor, known, definition, filled, faults, found)
        amended, lacking = applying.amend(
            hub.changes, actor_of(visitor.person), application, filled.version, filled.elements()
        )
        return _kept(console, amended, lacking)


def _kept(console: Console, application: Application, lacking: tuple[Gap, ...]) -> Response:
    """What is kept, to read; or, while something is missing, the form again with every gap."""
    path = f"/applications/{application.id}"
    return console.redirect(f"{path}/edit" if lacking else path)


def _offered(hub: Hub, known: Register, person: Person) -> dict[str, Dataset]:
    """The datasets of other departments that may be applied for."""
    standing = hub.book.refresh()
    return {
        code: definition
        for code, definition in known.definitions.items()
        if known.providers[code] != person.department
        and (source := standing.source(code)) is not None
        and source.active
    }


def _editable(hub: Hub, person: Person, application: str) -> Application:
    """An application of the own department that may be changed.

    Raises ``NotFound``, also on the provider's side, and ``Conflict``.
    """
    found = register.find(hub.reading, application, sees(person))
    if found.department != person.department:
        raise NotFound(what="application")
    if found.status not in {"draft", "returned"}:
        raise Conflict(why=f"application-{found.status}")
    return found


def _form(
    console: Console,
    request: Request,
    visitor: Visitor,
    known: Register,
    definition: Dataset,
    filled: ElementsForm,
    gaps: tuple[Gap, ...],
    application: Application | None,
) -> Response:
    refused = bool(filled.faults())
    return console.page(
        request,
        visitor,
        "application_form.html",
        UNPROCESSABLE if refused else 200,
        register=known,
        definition=definition,
        filled=filled,
        faults=at_fields(gaps, visitor.language),
        refused=refused,
        application=application,
    )

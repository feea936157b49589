"""The JSON routes of signed-in people: admission, grants, publications, and accounts beside.

What a role may do stands in ``hub/people/permissions.py``; each route names its permission.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from catalog.purposes import Purpose
from certs.canonical import Json
from hub.access import connectors, departments, grants, purposes
from hub.access.grant import Terms
from hub.catalogue import datasets
from hub.catalogue.entry import OnRecord
from hub.catalogue.shelf import Shelf
from hub.people.permissions import Permission, may
from hub.runtime import Hub
from hub.web.application_routes import application_routes
from hub.web.catalogue_routes import catalogue_routes
from hub.web.delegation_routes import delegation_routes
from hub.web.duty_routes import duty_routes
from hub.web.entry_routes import entry_routes
from hub.web.json_body import answer, empty
from hub.web.key_routes import key_routes
from hub.web.life_routes import life_routes
from hub.web.person_request import Line, Slug, Strict, allowed, given
from hub.web.reuse_routes import reuse_routes
from hub.web.service_routes import service_routes
from hub.web.session import person_of
from hub.web.staff_routes import session_routes, staff_routes
from hub.web.usage_routes import usage_routes


class DepartmentBody(Strict):
    """A department to admit."""

    code: Slug
    title_zh: Line
    title_en: Line


class StandingBody(Strict):
    """A new status."""

    status: Slug


class InvitationBody(Strict):
    """A connector to invite."""

    department: Slug
    name: Slug


class DatasetBody(Strict):
    """An entry to take over: its department, its definition in TOML, and what is on record."""

    department: Slug
    definition: Annotated[str, StringConstraints(max_length=datasets.MAX_DEFINITION)]
    on_record: OnRecord


class ChangedTermsBody(Strict):
    """New terms of a grant, and the version that they replace."""

    version: int
    terms: Terms


class GrantStatusBody(Strict):
    """Suspend, resume or revoke."""

    status: Literal["active", "suspended", "revoked"]


def people_routes(hub: Hub, shelf: Shelf) -> APIRouter:
    """The routes that people's programs call."""
    routes = APIRouter(prefix="/v1")
    session_routes(hub, routes)
    _admission_routes(hub, routes)
    _catalogue_routes(hub, routes)
    staff_routes(hub, routes)
    key_routes(hub, routes)
    _grant_routes(hub, routes)
    _publication_routes(hub, routes)
    application_routes(hub, routes)
    catalogue_routes(hub, shelf, routes)
    delegation_routes(hub, routes)
    duty_routes(hub, routes)
    service_routes(hub, routes)
    reuse_routes(hub, routes)
    entry_routes(hub, routes)
    life_routes(hub, routes)
    usage_routes(hub, routes)
    return routes


def _admission_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/departments")
    async def admit(request: Request) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, DepartmentBody)
        entry = departments.admit(hub.changes, actor, asked.code, asked.title_zh, asked.title_en)
        return answer({"entry": entry}, 201)

    @routes.get("/departments")
    async def list_departments(request: Request) -> Response:
        person_of(request, hub)
        return answer({"departments": departments.listing(hub.reading)})

    @routes.put("/departments/{code}/status")
    async def department_status(request: Request, code: str) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, StandingBody)
        return answer({"entry": departments.set_status(hub.changes, actor, code, asked.status)})

    @routes.post("/invitations")
    async def invite(request: Request) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, InvitationBody)
        invitation = connectors.invite(hub.changes, actor, hub.trust, asked.department, asked.name)
        return answer({"invitation": invitation}, 201)

    @routes.get("/connectors")
    async def list_connectors(request: Request) -> Response:
        allowed(request, hub, Permission.READ_ADMITTED)
        return answer({"connectors": connectors.listing(hub.reading)})

    @routes.put("/connectors/{urn}/status")
    async def connector_status(request: Request, urn: str) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, StandingBody)
        connectors.set_status(hub.changes, actor, urn, asked.status)
        return empty()

    @routes.delete("/certificates/{keyid}")
    async def revoke(request: Request, keyid: str) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        connectors.revoke_certificate(hub.changes, actor, keyid)
        return empty()


def _catalogue_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/datasets")
    async def register(request: Request) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, DatasetBody)
        entry = datasets.register(
            hub.changes, actor, asked.department, asked.definition.encode(), asked.on_record
        )
        return answer({"entry": entry}, 201)

    @routes.get("/datasets")
    async def list_datasets(request: Request) -> Response:
        person = person_of(request, hub)
        found = datasets.listing(hub.reading)
        if not may(person, Permission.READ_ALL_GRANTS):
            # What a department neither provides nor may ask for is not there for its people.
            held = grants.listing(hub.reading, department=person.department or "")
            granted = {grant.dataset for grant in held}
            found = [
                row
                for row in found
                if row["department"] == person.department or row["code"] in granted
            ]
        return answer({"datasets": found})

    @routes.put("/datasets/{code}/status")
    async def dataset_status(request: Request, code: str) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, StandingBody)
        return answer({"entry": datasets.set_status(hub.changes, actor, code, asked.status)})

    @routes.post("/purposes")
    async def register_purpose(request: Request) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, Purpose)
        return answer({"entry": purposes.register(hub.changes, actor, asked)}, 201)

    @routes.get("/purposes")
    async def list_purposes(request: Request) -> Response:
        person_of(request, hub)
        return answer({"purposes": purposes.listing(hub.reading)})

    @routes.put("/purposes/{code}/status")
    async def purpose_status(request: Request, code: str) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, StandingBody)
        return answer({"entry": purposes.set_status(hub.changes, actor, code, asked.status)})


def _grant_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/grants")
    async def issue(request: Request) -> Response:
        actor = allowed(request, hub, Permission.CHANGE_GRANTS)
        terms = await given(request, hub, Terms)
        return answer(grants.issue(hub.changes, actor, terms).state(), 201)

    @routes.get("/all-grants")
    async def list_grants(request: Request) -> Response:
        allowed(request, hub, Permission.READ_ALL_GRANTS)
        found: list[Json] = [grant.state() for grant in grants.listing(hub.reading)]
        return answer({"grants": found})

    @routes.put("/grants/{grant_id}")
    async def change(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.CHANGE_GRANTS)
        asked = await given(request, hub, ChangedTermsBody)
        changed = grants.change(hub.changes, actor, grant_id, asked.terms, asked.version)
        return answer(changed.state())

    @routes.put("/grants/{grant_id}/status")
    async def grant_status(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.CHANGE_GRANTS)
        asked = await given(request, hub, GrantStatusBody)
        return answer(grants.set_status(hub.changes, actor, grant_id, asked.status).state())


def _publication_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/publications/{publication}/release")
    async def release(request: Request, publication: str) -> Response:
        actor = allowed(request, hub, Permission.DECIDE_PUBLICATIONS)
        hub.publications.release(publication, actor)
        return empty()

    @routes.post("/publications/{publication}/discard")
    async def discard(request: Request, publication: str) -> Response:
        actor = allowed(request, hub, Permission.DECIDE_PUBLICATIONS)
        hub.publications.discard(publication, actor)
        return empty()

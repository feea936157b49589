"""The JSON routes of signed-in people: sessions, admission, grants, publications.

What a role may do stands in ``hub/people/permissions.py``; each route names its permission.
"""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from catalog.purposes import Purpose
from certs.canonical import Json
from certs.encoding import rfc3339
from hub.access import connectors, datasets, departments, grants, purposes
from hub.access.grant import Terms
from hub.errors import NotSignedIn
from hub.ledger.change import Actor
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.people.permissions import Permission, Role, require
from hub.runtime import Hub
from hub.web.front import address_of, read_body
from hub.web.json_body import Body, answer, empty, read_body_as
from hub.web.session import actor_of, person_of

_Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
_Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Secret = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInBody(_Strict):
    """Account and password."""

    account: _Line
    password: _Secret = Field(repr=False)


class DepartmentBody(_Strict):
    """A department to admit."""

    code: _Slug
    title_zh: _Line
    title_en: _Line


class StandingBody(_Strict):
    """A new status."""

    status: _Slug


class InvitationBody(_Strict):
    """A connector to invite."""

    department: _Slug
    name: _Slug


class DatasetBody(_Strict):
    """A dataset to register: its department and its definition in TOML."""

    department: _Slug
    definition: Annotated[str, StringConstraints(max_length=datasets.MAX_DEFINITION)]


class PersonBody(_Strict):
    """A person to enrol."""

    account: _Line
    name: _Line
    department: _Slug | None = None
    roles: list[Role] = Field(min_length=1)
    password: _Secret = Field(repr=False)


class ChangedTermsBody(_Strict):
    """New terms of a grant, and the version that they replace."""

    version: int
    terms: Terms


class GrantStatusBody(_Strict):
    """Suspend, resume or revoke."""

    status: Literal["active", "suspended", "revoked"]


def people_routes(hub: Hub) -> APIRouter:
    """The routes that people's programs call."""
    routes = APIRouter(prefix="/v1")
    _session_routes(hub, routes)
    _admission_routes(hub, routes)
    _catalogue_routes(hub, routes)
    _staff_routes(hub, routes)
    _grant_routes(hub, routes)
    _publication_routes(hub, routes)
    return routes


async def _given(request: Request, hub: Hub, kind: type[Body]) -> Body:
    limits = hub.settings.limits
    body = await read_body(request.receive, limits.body_bytes)
    return read_body_as(kind, body, max_bytes=limits.body_bytes, max_depth=limits.json_depth)


def _allowed(request: Request, hub: Hub, permission: Permission) -> Actor:
    person = person_of(request, hub)
    require(person, permission)
    return actor_of(person)


def _session_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/session")
    async def sign_in(request: Request) -> Response:
        given = await _given(request, hub, SignInBody)
        address = address_of(request.scope)
        hub.attempts.allow(address)
        try:
            session = await hub.sessions.sign_in_async(given.account, given.password)
        except NotSignedIn as error:
            hub.attempts.failed(address, error.code)
            raise
        person = session.person
        return answer(
            {
                "account": person.account,
                "department": person.department,
                "expires": rfc3339(session.expires),
                "roles": sorted(person.roles),
                "token": session.token,
            },
            201,
        )

    @routes.get("/session")
    async def who(request: Request) -> Response:
        person = person_of(request, hub)
        return answer(
            {
                "account": person.account,
                "department": person.department,
                "roles": sorted(person.roles),
            }
        )

    @routes.delete("/session")
    async def sign_out(request: Request) -> Response:
        person = person_of(request, hub)
        accounts.end_sessions(hub.changes, actor_of(person), person.account)
        return empty()


def _admission_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/departments")
    async def admit(request: Request) -> Response:
        actor = _allowed(request, hub, Permission.ADMIT)
        given = await _given(request, hub, DepartmentBody)
        entry = departments.admit(hub.changes, actor, given.code, given.title_zh, given.title_en)
        return answer({"entry": entry}, 201)

    @routes.get("/departments")
    async def list_departments(request: Request) -> Response:
        person_of(request, hub)
        return answer({"departments": departments.listing(hub.reading)})

    @routes.put("/departments/{code}/status")
    async def department_status(request: Request, code: str) -> Response:
        actor = _allowed(request, hub, Permission.ADMIT)
        given = await _given(request, hub, StandingBody)
        return answer({"entry": departments.set_status(hub.changes, actor, code, given.status)})

    @routes.post("/invitations")
    async def invite(request: Request) -> Response:
        actor = _allowed(request, hub, Permission.ADMIT)
        given = await _given(request, hub, InvitationBody)
        invitation = connectors.invite(hub.changes, actor, hub.trust, given.department, given.name)
        return answer({"invitation": invitation}, 201)

    @routes.get("/connectors")
    async def list_connectors(request: Request) -> Response:
        _allowed(request, hub, Permission.ADMIT)
        return answer({"connectors": connectors.listing(hub.reading)})

    @routes.put("/connectors/{urn}/status")
    async def connector_status(request: Request, urn: str) -> Response:
        actor = _allowed(request, hub, Permission.ADMIT)
        given = await _given(request, hub, StandingBody)
        connectors.set_status(hub.changes, actor, urn, given.status)
        return empty()

    @routes.delete("/certificates/{keyid}")
    async def revoke(request: Request, keyid: str) -> Response:
        actor = _allowed(request, hub, Permission.ADMIT)
        connectors.revoke_certificate(hub.changes, actor, keyid)
        return empty()


def _catalogue_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/datasets")
    async def register(request: Request) -> Response:
        actor = _allowed(request, hub, Permission.ADMIT)
        given = await _given(request, hub, DatasetBody)
        entry = datasets.register(hub.changes, actor, given.department, given.definition.encode())
        return answer({"entry": entry}, 201)

    @routes.get("/datasets")
    async def list_datasets(request: Request) -> Response:
        person_of(request, hub)
        return answer({"datasets": datasets.listing(hub.reading)})

    @routes.put("/datasets/{code}/status")
    async def dataset_status(request: Request, code: str) -> Response:
        actor = _allowed(request, hub, Permission.ADMIT)
        given = await _given(request, hub, StandingBody)
        return answer({"entry": datasets.set_status(hub.changes, actor, code, given.status)})

    @routes.post("/purposes")
    async def register_purpose(request: Request) -> Response:
        actor = _allowed(request, hub, Permission.ADMIT)
        given = await _given(request, hub, Purpose)
        return answer({"entry": purposes.register(hub.changes, actor, given)}, 201)

    @routes.get("/purposes")
    async def list_purposes(request: Request) -> Response:
        person_of(request, hub)
        return answer({"purposes": purposes.listing(hub.reading)})

    @routes.put("/purposes/{code}/status")
    async def purpose_status(request: Request, code: str) -> Response:
        actor = _allowed(request, hub, Permission.ADMIT)
        given = await _given(request, hub, StandingBody)
        return answer({"entry": purposes.set_status(hub.changes, actor, code, given.status)})


def _staff_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/people")
    async def enrol(request: Request) -> Response:
        actor = _allowed(request, hub, Permission.MANAGE_PEOPLE)
        given = await _given(request, hub, PersonBody)
        hashed = await asyncio.to_thread(hash_password, given.password, given.account)
        entry = accounts.enrol(
            hub.changes,
            actor,
            given.account,
            given.name,
            given.department,
            given.roles,
            hashed,
        )
        return answer({"entry": entry}, 201)


def _grant_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/grants")
    async def issue(request: Request) -> Response:
        actor = _allowed(request, hub, Permission.CHANGE_GRANTS)
        terms = await _given(request, hub, Terms)
        return answer(grants.issue(hub.changes, actor, terms).state(), 201)

    @routes.get("/all-grants")
    async def list_grants(request: Request) -> Response:
        _allowed(request, hub, Permission.READ_ALL_GRANTS)
        found: list[Json] = [grant.state() for grant in grants.listing(hub.reading)]
        return answer({"grants": found})

    @routes.put("/grants/{grant_id}")
    async def change(request: Request, grant_id: str) -> Response:
        actor = _allowed(request, hub, Permission.CHANGE_GRANTS)
        given = await _given(request, hub, ChangedTermsBody)
        changed = grants.change(hub.changes, actor, grant_id, given.terms, given.version)
        return answer(changed.state())

    @routes.put("/grants/{grant_id}/status")
    async def grant_status(request: Request, grant_id: str) -> Response:
        actor = _allowed(request, hub, Permission.CHANGE_GRANTS)
        given = await _given(request, hub, GrantStatusBody)
        return answer(grants.set_status(hub.changes, actor, grant_id, given.status).state())


def _publication_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/publications/{publication}/release")
    async def release(request: Request, publication: str) -> Response:
        actor = _allowed(request, hub, Permission.DECIDE_PUBLICATIONS)
        hub.publications.release(publication, actor)
        return empty()

    @routes.post("/publications/{publication}/discard")
    async def discard(request: Request, publication: str) -> Response:
        actor = _allowed(request, hub, Permission.DECIDE_PUBLICATIONS)
        hub.publications.discard(publication, actor)
        return empty()

"""The routes of services and rules of evidence, for signed-in people."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from certs.canonical import Json
from certs.encoding import digest
from hub.cases import register
from hub.errors import Forbidden, Unprocessable
from hub.ledger.change import Actor
from hub.people.permissions import Permission, may, require
from hub.runtime import Hub
from hub.web.json_body import answer
from hub.web.person_request import Strict, allowed, given
from hub.web.session import actor_of, person_of

CREATED = 201
_Definition = Annotated[str, StringConstraints(min_length=1, max_length=register.MAX_DEFINITION)]
_Version = Annotated[int | None, Query(ge=1, le=10**9)]


class DefinitionBody(Strict):
    """A service or a set of rules in TOML."""

    definition: _Definition


class DefinitionsBody(Strict):
    """Services in TOML: all of them, or none."""

    definitions: Annotated[
        tuple[_Definition, ...], Field(min_length=1, max_length=register.MOST_AT_ONCE)
    ]


class StatusBody(Strict):
    """In force, or ended."""

    status: Literal["active", "ended"]


def service_routes(hub: Hub, routes: APIRouter) -> None:
    """Services, by the steward of the implementing department or an administrator; rules."""
    _service_routes(hub, routes)
    _rules_routes(hub, routes)


def _service_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/services")
    async def put_all(request: Request) -> Response:
        actor, of = _manager(request, hub)
        asked = await given(request, hub, DefinitionsBody)
        definitions = [one.encode("utf-8") for one in asked.definitions]
        entries: list[Json] = [*register.put_services(hub.changes, actor, definitions, of=of)]
        return answer({"entries": entries}, CREATED)

    @routes.put("/services/{code}")
    async def put(request: Request, code: str) -> Response:
        actor, of = _manager(request, hub)
        asked = await given(request, hub, DefinitionBody)
        definition = asked.definition.encode("utf-8")
        if register.service_code(definition) != code:
            raise Unprocessable(why="service-code")
        (entry,) = register.put_services(hub.changes, actor, [definition], of=of)
        return answer({"entry": entry}, CREATED)

    @routes.get("/services")
    async def list_services(request: Request) -> Response:
        person_of(request, hub)
        found: list[Json] = [*register.services_listed(hub.reading)]
        return answer({"services": found})

    @routes.get("/services/{code}")
    async def one_service(request: Request, code: str, version: _Version = None) -> Response:
        person_of(request, hub)
        return _definition(register.definition_of_service(hub.reading, code, version))

    @routes.put("/services/{code}/status")
    async def status(request: Request, code: str) -> Response:
        actor, of = _manager(request, hub)
        asked = await given(request, hub, StatusBody)
        entry = register.set_service_status(hub.changes, actor, code, asked.status, of=of)
        return answer({"entry": entry})


def _rules_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.put("/rule-sets/{code}")
    async def put(request: Request, code: str) -> Response:
        actor = allowed(request, hub, Permission.MANAGE_RULES)
        asked = await given(request, hub, DefinitionBody)
        definition = asked.definition.encode("utf-8")
        if register.rules_code(definition) != code:
            raise Unprocessable(why="rules-code")
        return answer({"entry": register.put_rules(hub.changes, actor, definition)}, CREATED)

    @routes.get("/rule-sets")
    async def list_rules(request: Request) -> Response:
        person_of(request, hub)
        found: list[Json] = [*register.rules_listed(hub.reading)]
        return answer({"rule_sets": found})

    @routes.get("/rule-sets/{code}")
    async def one_set(request: Request, code: str, version: _Version = None) -> Response:
        person_of(request, hub)
        return _definition(register.definition_of_rules(hub.reading, code, version))

    @routes.put("/rule-sets/{code}/status")
    async def status(request: Request, code: str) -> Response:
        actor = allowed(request, hub, Permission.MANAGE_RULES)
        asked = await given(request, hub, StatusBody)
        entry = register.set_rules_status(hub.changes, actor, code, asked.status)
        return answer({"entry": entry})


def _manager(request: Request, hub: Hub) -> tuple[Actor, str | None]:
    """Who manages services, and of which department alone; None for all."""
    person = person_of(request, hub)
    if may(person, Permission.MANAGE_ALL_SERVICES):
        return actor_of(person), None
    require(person, Permission.MANAGE_SERVICES)
    if person.department is None:
        raise Forbidden(what=Permission.MANAGE_SERVICES.value)
    return actor_of(person), person.department


def _definition(definition: bytes) -> Response:
    return answer({"definition": definition.decode("utf-8"), "digest": digest(definition)})

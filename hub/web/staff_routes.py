"""The JSON routes of accounts: one's own session and password, and an administrator's of people."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from certs.canonical import Json
from certs.encoding import rfc3339
from hub.errors import NotSignedIn
from hub.people import accounts
from hub.people.accounts import Account
from hub.people.own_password import change_own
from hub.people.passwords import hash_password
from hub.people.permissions import Permission, Role
from hub.people.sessions import Session
from hub.runtime import Hub
from hub.web.front import address_of
from hub.web.json_body import answer, empty
from hub.web.person_request import Line, Secret, Slug, Strict, allowed, given
from hub.web.session import actor_of, session_of


class SignInBody(Strict):
    """Account and password."""

    account: Line
    password: Secret = Field(repr=False)


class OwnPasswordBody(Strict):
    """The password of now, and the one to come."""

    old: Secret = Field(repr=False)
    new: Secret = Field(repr=False)


class PersonBody(Strict):
    """A person to enrol."""

    account: Line
    name: Line
    department: Slug | None = None
    roles: list[Role] = Field(min_length=1)
    password: Secret = Field(repr=False)


class PersonStatusBody(Strict):
    """Suspend or restore."""

    status: Literal["active", "suspended"]


class RolesBody(Strict):
    """All roles that a person is to have."""

    roles: list[Role] = Field(min_length=1)


class InitialPasswordBody(Strict):
    """A password that its person has to change first of all."""

    password: Secret = Field(repr=False)


def session_routes(hub: Hub, routes: APIRouter) -> None:
    """Signing in and out, and one's own password: open before that is changed."""

    @routes.post("/session")
    async def sign_in(request: Request) -> Response:
        asked = await given(request, hub, SignInBody)
        address = address_of(request.scope)
        hub.attempts.allow(address)
        try:
            session = await hub.sessions.sign_in_async(asked.account, asked.password, address)
        except NotSignedIn as error:
            hub.attempts.failed(address, error.code)
            raise
        return answer(_begun(session), 201)

    @routes.get("/session")
    async def who(request: Request) -> Response:
        return answer(_whose(session_of(request, hub)))

    @routes.put("/session/password")
    async def change_password(request: Request) -> Response:
        actor = actor_of(session_of(request, hub).person)
        asked = await given(request, hub, OwnPasswordBody)
        address = address_of(request.scope)
        hub.attempts.allow(address)
        try:
            session = await change_own(
                hub.sessions, hub.changes, actor, asked.old, asked.new, address
            )
        except NotSignedIn as error:
            hub.attempts.failed(address, error.code)
            raise
        return answer(_begun(session))

    @routes.delete("/session")
    async def sign_out(request: Request) -> Response:
        person = session_of(request, hub).person
        accounts.end_sessions(hub.changes, actor_of(person), person.account)
        return empty()


def staff_routes(hub: Hub, routes: APIRouter) -> None:
    """People, as administrators manage them."""

    @routes.post("/people")
    async def enrol(request: Request) -> Response:
        actor = allowed(request, hub, Permission.MANAGE_PEOPLE)
        asked = await given(request, hub, PersonBody)
        hashed = await hub.sessions.hashing.run(hash_password, asked.password, asked.account)
        entry = accounts.enrol(
            hub.changes, actor, asked.account, asked.name, asked.department, asked.roles, hashed
        )
        return answer({"entry": entry}, 201)

    @routes.get("/people")
    async def list_people(request: Request) -> Response:
        allowed(request, hub, Permission.READ_PEOPLE)
        return answer({"people": [_shown(one) for one in accounts.listing(hub.reading)]})

    @routes.put("/people/{account}/status")
    async def person_status(request: Request, account: str) -> Response:
        actor = allowed(request, hub, Permission.MANAGE_PEOPLE)
        asked = await given(request, hub, PersonStatusBody)
        return answer({"entry": accounts.set_status(hub.changes, actor, account, asked.status)})

    @routes.put("/people/{account}/roles")
    async def person_roles(request: Request, account: str) -> Response:
        actor = allowed(request, hub, Permission.MANAGE_PEOPLE)
        asked = await given(request, hub, RolesBody)
        return answer({"entry": accounts.set_roles(hub.changes, actor, account, asked.roles)})

    @routes.post("/people/{account}/password")
    async def person_password(request: Request, account: str) -> Response:
        actor = allowed(request, hub, Permission.MANAGE_PEOPLE)
        asked = await given(request, hub, InitialPasswordBody)
        hashed = await hub.sessions.hashing.run(hash_password, asked.password, account)
        return answer({"entry": accounts.set_password(hub.changes, actor, account, hashed)})

    @routes.delete("/people/{account}/sessions")
    async def person_sessions(request: Request, account: str) -> Response:
        actor = allowed(request, hub, Permission.MANAGE_PEOPLE)
        return answer({"entry": accounts.end_sessions(hub.changes, actor, account)})


def _whose(session: Session) -> dict[str, Json]:
    person = session.person
    return {
        "account": person.account,
        "department": person.department,
        "must_change": person.must_change,
        "roles": [*sorted(person.roles)],
    }


def _begun(session: Session) -> dict[str, Json]:
    return {**_whose(session), "expires": rfc3339(session.expires), "token": session.token}


def _shown(one: Account) -> dict[str, Json]:
    return {
        "account": one.account,
        "department": one.department,
        "must_change": one.must_change,
        "name": one.name,
        "roles": [*sorted(one.roles)],
        "status": one.status,
    }

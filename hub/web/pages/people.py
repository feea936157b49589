"""People 人员: who has an account and with which roles; enrolling and changing them.

What may be done to whom is decided by ``hub/people/accounts.py``, for this page as for command
and API.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from certs.errors import YifenError
from hub.access import departments
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor
from hub.people import accounts, roll
from hub.people.accounts import NAME_LIMIT, AccountStatus
from hub.people.passwords import LONGEST, SHORTEST, PasswordHash, hash_password
from hub.people.permissions import ROLES, Permission, Role, may
from hub.runtime import Hub
from hub.web.pages.ask import OK, UNPROCESSABLE
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.words import told
from hub.web.session import actor_of

LONGEST_ACCOUNT = 64
STATUSES: Mapping[str, AccountStatus] = {"active": "active", "suspended": "suspended"}
Doing: TypeAlias = Callable[[Hub, Actor, str, Form], object]


@dataclass(frozen=True, slots=True)
class Filled:
    """What somebody wrote of a person to enrol; never the password."""

    account: str = ""
    name: str = ""
    department: str = ""
    roles: tuple[str, ...] = ()


def people_pages(console: Console) -> APIRouter:
    """The routes of people."""
    routes = console.routes()
    _roll_routes(console, routes)
    _person_routes(console, routes)
    return routes


def _roll_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/people")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_PEOPLE)
        return _roll(console, request, visitor)

    @routes.post("/people")
    async def enrol(request: Request) -> Response:
        visitor = console.visitor(request, Permission.MANAGE_PEOPLE)
        form = await console.form(request, visitor)
        filled = Filled(
            form.one("account"), form.one("name"), form.one("department"), form.many("role")
        )
        try:
            accounts.check_account(filled.account)
            hashed = await _first_password(hub, form, filled.account)
            accounts.enrol(
                hub.changes,
                actor_of(visitor.person),
                filled.account,
                filled.name,
                filled.department or None,
                _roles(filled.roles),
                hashed,
            )
        except (Conflict, NotFound, Unprocessable) as error:
            return _roll(console, request, visitor, filled, error)
        return console.redirect(f"/people/{filled.account}")


def _person_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/people/{account}")
    async def one(request: Request, account: str) -> Response:
        visitor = console.visitor(request, Permission.READ_PEOPLE)
        return console.page(
            request,
            visitor,
            "person.html",
            one=roll.find(hub.reading, account),
            departments=_departments(hub),
            roles=ROLES,
            may_manage=may(visitor.person, Permission.MANAGE_PEOPLE),
            oneself=visitor.person.account == account,
            shortest=SHORTEST,
            longest=LONGEST,
        )

    @routes.post("/people/{account}/password")
    async def password(request: Request, account: str) -> Response:
        visitor = console.visitor(request, Permission.MANAGE_PEOPLE)
        form = await console.form(request, visitor)
        hashed = await _first_password(hub, form, account)
        accounts.set_password(hub.changes, actor_of(visitor.person), account, hashed)
        return console.redirect(f"/people/{account}")

    for name, doing in _ACTS.items():
        _act(console, routes, name, doing)


def _act(console: Console, routes: APIRouter, name: str, doing: Doing) -> None:
    @routes.post(f"/people/{{account}}/{name}")
    async def perform(request: Request, account: str) -> Response:
        visitor = console.visitor(request, Permission.MANAGE_PEOPLE)
        form = await console.form(request, visitor)
        doing(console.hub, actor_of(visitor.person), account, form)
        return console.redirect(f"/people/{account}")


def _set_roles(hub: Hub, actor: Actor, account: str, form: Form) -> object:
    return accounts.set_roles(hub.changes, actor, account, _roles(form.many("role")))


def _set_status(hub: Hub, actor: Actor, account: str, form: Form) -> object:
    status = STATUSES.get(form.one("status"))
    if status is None:
        raise Unprocessable(why="status")
    return accounts.set_status(hub.changes, actor, account, status)


def _end_sessions(hub: Hub, actor: Actor, account: str, _: Form) -> object:
    return accounts.end_sessions(hub.changes, actor, account)


_ACTS: Mapping[str, Doing] = {
    "roles": _set_roles,
    "status": _set_status,
    "sessions": _end_sessions,
}


def _roles(asked: tuple[str, ...]) -> list[Role]:
    """The roles of a form; raises ``Unprocessable`` for what is none."""
    found: list[Role] = [role for role in ROLES if role in asked]
    if len(found) != len(set(asked)):
        raise Unprocessable(why="roles")
    return found


async def _first_password(hub: Hub, form: Form, account: str) -> PasswordHash:
    """The hash of a password that its person has to change; raises ``Unprocessable``."""
    # Not ``one``: blanks at the ends belong to a password.
    password, again = (next(iter(form.many(name)), "") for name in ("password", "again"))
    if password != again:
        raise Unprocessable(why="password-again")
    return await hub.sessions.hashing.run(hash_password, password, account)


def _departments(hub: Hub) -> Mapping[str, Mapping[str, str]]:
    return {row["code"]: row for row in departments.listing(hub.reading)}


def _roll(
    console: Console,
    request: Request,
    visitor: Visitor,
    filled: Filled | None = None,
    error: YifenError | None = None,
) -> Response:
    """The list, with the form as it was filled in if something is wrong with it."""
    hub, asked = console.hub, request.query_params
    chosen = {
        "department": asked.get("department", ""),
        "role": next((role for role in ROLES if role == asked.get("role")), ""),
        "status": STATUSES.get(asked.get("status", ""), ""),
    }
    page = roll.listed(
        hub.reading,
        department=chosen["department"] or None,
        role=chosen["role"] or None,
        status=chosen["status"] or None,
        after=asked.get("after") or None,
    )
    wrong, status = None, OK
    if error is not None:
        _, wrong = told(error.code, visitor.language, error.facts)
        status = UNPROCESSABLE
    return console.page(
        request,
        visitor,
        "people.html",
        status,
        people=page.people,
        more=page.more,
        further=bool(asked.get("after")),
        chosen=chosen,
        authority=roll.AUTHORITY,
        departments=_departments(hub),
        roles=ROLES,
        statuses=tuple(STATUSES),
        may_manage=may(visitor.person, Permission.MANAGE_PEOPLE),
        filled=filled or Filled(),
        wrong=wrong,
        name_limit=NAME_LIMIT,
        account_limit=LONGEST_ACCOUNT,
        shortest=SHORTEST,
        longest=LONGEST,
    )

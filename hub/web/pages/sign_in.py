"""Signing in and out."""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.errors import NotSignedIn
from hub.people import accounts
from hub.web.front import address_of
from hub.web.pages.form import read_form
from hub.web.pages.frame import SIGN_IN, Console
from hub.web.pages.words import told
from hub.web.problems import status_of_error
from hub.web.session import actor_of, drop_session, keep_session

_OUR_PATH = re.compile(r"/[A-Za-z0-9/_-]{0,200}\Z", re.ASCII)


def sign_in_pages(console: Console) -> APIRouter:
    """The routes of signing in and out."""
    routes = console.routes()
    hub = console.hub

    @routes.get(SIGN_IN)
    async def ask(request: Request) -> Response:
        onward = _onward(request.query_params.get("next", ""))
        return console.page(request, None, "sign_in.html", onward=onward, account="", wrong=None)

    @routes.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        address = address_of(request.scope)
        hub.attempts.allow(address)
        form = await read_form(request, hub)
        account, onward = form.one("account").lower(), _onward(form.one("next"))
        password = next(iter(form.many("password")), "")
        try:
            session = await hub.sessions.sign_in_async(account, password, address)
        except NotSignedIn as error:
            # Summed into the log by the minute; no account is named.
            hub.attempts.failed(address, error.code, None)
            _, wrong = told(error.code, console.language(request), error.facts)
            status = status_of_error(error)
            return console.page(
                request, None, "sign_in.html", status, onward=onward, account=account, wrong=wrong
            )
        response = console.redirect(onward)
        keep_session(response, session)
        return response

    @routes.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        visitor = console.newcomer(request)
        await console.form(request, visitor)
        person = visitor.person
        accounts.end_sessions(hub.changes, actor_of(person), person.account)
        response = console.redirect(SIGN_IN)
        drop_session(response)
        return response

    return routes


def _onward(path: str) -> str:
    """Where to go after signing in: a path of ours, never another site."""
    foreign = path.startswith(("//", SIGN_IN, "/sign-out", "/static"))
    return path if _OUR_PATH.match(path) and not foreign else "/"

"""Changing one's own password: the one page for whoever has a password from somebody else."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from certs.errors import YifenError
from hub.errors import NotSignedIn, Unprocessable
from hub.people.own_password import change_own
from hub.people.passwords import LONGEST, SHORTEST
from hub.web.front import address_of
from hub.web.pages.frame import OWN_PASSWORD, Console, Visitor
from hub.web.pages.words import told
from hub.web.problems import status_of_error
from hub.web.session import actor_of, keep_session


def password_pages(console: Console) -> APIRouter:
    """The routes of one's own password."""
    routes = console.routes()
    hub = console.hub

    def show(request: Request, visitor: Visitor, error: YifenError | None = None) -> Response:
        wrong, status = None, 200
        if error is not None:
            _, wrong = told(error.code, visitor.language, error.facts)
            status = status_of_error(error)
        return console.page(
            request,
            visitor,
            "password.html",
            status,
            wrong=wrong,
            shortest=SHORTEST,
            longest=LONGEST,
        )

    @routes.get(OWN_PASSWORD)
    async def ask(request: Request) -> Response:
        return show(request, console.newcomer(request))

    @routes.post(OWN_PASSWORD)
    async def change(request: Request) -> Response:
        address = address_of(request.scope)
        hub.attempts.allow(address)
        visitor = console.newcomer(request)
        form = await console.form(request, visitor)
        # Not ``one``: blanks at the ends belong to a password.
        old, new, again = (next(iter(form.many(name)), "") for name in ("old", "new", "again"))
        try:
            if new != again:
                raise Unprocessable(why="password-again")
            session = await change_own(
                hub.sessions, hub.changes, actor_of(visitor.person), old, new, address
            )
        except NotSignedIn as error:
            hub.attempts.failed(address, error.code)
            return show(request, visitor, error)
        except Unprocessable as error:
            return show(request, visitor, error)
        response = console.redirect("/")
        keep_session(response, session)
        return response

    return routes

"""Who a request comes from: a session in the console's cookie, or a program's Bearer token."""

from starlette.requests import Request
from starlette.responses import Response

from hub.errors import Forbidden, NotSignedIn
from hub.ledger.change import Actor
from hub.people.permissions import require_own_password
from hub.people.sessions import Person, Session
from hub.runtime import Hub

COOKIE = "__Host-yifen"
"""``__Host-``: browsers take it from this very host over a secure connection only, for the whole
site (RFC 6265bis §4.1.3.2). Loopback counts as secure."""
_BEARER = "Bearer "


def session_of(request: Request, hub: Hub) -> Session:
    """The session of a request; raises ``NotSignedIn`` or ``SessionEnded``.

    A cookie travels by itself, so with one an unsafe method must come from our own pages, else
    ``Forbidden``. Any header that is no Bearer token leaves the cookie to count.
    """
    header = request.headers.get("authorization", "")
    if header.startswith(_BEARER):
        return hub.sessions.open(header.removeprefix(_BEARER))
    if request.method not in {"GET", "HEAD"}:
        require_same_origin(request, hub)
    return cookie_session(request, hub)


def cookie_session(request: Request, hub: Hub) -> Session:
    """The session of a browser; raises ``NotSignedIn`` or ``SessionEnded``.

    Whatever changes something calls ``require_same_origin`` too.
    """
    token = request.cookies.get(COOKIE)
    if token is None:
        raise NotSignedIn
    return hub.sessions.open(token)


def person_of(request: Request, hub: Hub) -> Person:
    """The signed-in person; raises as ``session_of`` does.

    Raises ``PasswordInitial`` for whoever has to change the password first.
    """
    person = session_of(request, hub).person
    require_own_password(person)
    return person


def require_same_origin(request: Request, hub: Hub) -> None:
    """Raise ``Forbidden`` unless a page of ours sent the request.

    ``Sec-Fetch-Site`` cannot be set by a page; browsers without it send ``Origin`` with every POST.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise Forbidden(what="origin")
    elif request.headers.get("origin") != hub.settings.public_origin:
        raise Forbidden(what="origin")


def actor_of(person: Person) -> Actor:
    """A signed-in person as one who changes something."""
    return Actor("console", account=person.account, department=person.department)


def keep_session(response: Response, session: Session) -> None:
    """Hand the browser a session's token; it goes when the browser is closed."""
    response.set_cookie(
        COOKIE, session.token, path="/", secure=True, httponly=True, samesite="strict"
    )


def drop_session(response: Response) -> None:
    """Have the browser forget its session."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")

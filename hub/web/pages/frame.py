"""The frame of every page: language, visitor, navigation, headers, and errors as pages."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import cast
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from catalog.messages import LANGUAGES, Language, catalogue, text
from certs.errors import YifenError
from hub.errors import NotSignedIn
from hub.people.permissions import (
    PasswordInitial,
    Permission,
    may,
    require,
    require_own_password,
)
from hub.people.sessions import Person, Session
from hub.runtime import Hub
from hub.web.pages.form import Form, check_form, read_form
from hub.web.pages.words import FILTERS, told
from hub.web.problems import INTERNAL, status_of_error
from hub.web.session import cookie_session, keep_session

LANGUAGE_COOKIE = "yifen-language"
LANGUAGE_SECONDS = 365 * 24 * 3600
SIGN_IN = "/sign-in"
OWN_PASSWORD = "/password"  # noqa: S105 a path
INTERNAL_ERROR = 500

HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # Not no-referrer: with it browsers send «Origin: null» from our own forms.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"

_NAVIGATION: tuple[tuple[str, str, tuple[Permission, ...]], ...] = (
    ("/ask", "console.nav.ask", (Permission.ASK,)),
    ("/dossier", "console.nav.dossier", (Permission.ASK,)),
    (
        "/cases",
        "console.nav.cases",
        (Permission.READ_ALL_CASES, Permission.READ_CASES),
    ),
    ("/materials", "console.nav.materials", (Permission.ASK,)),
    ("/licences", "console.nav.licences", (Permission.ASK, Permission.MANAGE_LICENCES)),
    (
        "/grants",
        "console.nav.grants",
        (
            Permission.READ_ALL_GRANTS,
            Permission.READ_GIVEN_GRANTS,
            Permission.READ_OWN_GRANTS,
        ),
    ),
    ("/catalogue", "console.nav.catalogue", tuple(Permission)),
    (
        "/entries",
        "console.nav.entries",
        (Permission.READ_ALL_ENTRIES, Permission.READ_ENTRIES),
    ),
    (
        "/applications",
        "console.nav.applications",
        (Permission.READ_ALL_APPLICATIONS, Permission.READ_APPLICATIONS),
    ),
    (
        "/delegations",
        "console.nav.delegations",
        (Permission.READ_ALL_DELEGATIONS, Permission.READ_DELEGATIONS),
    ),
    (
        "/objections",
        "console.nav.objections",
        (Permission.READ_ALL_OBJECTIONS, Permission.READ_OBJECTIONS),
    ),
    ("/publications", "console.nav.publications", (Permission.READ_PUBLICATIONS,)),
    (
        "/stops",
        "console.nav.stops",
        (Permission.READ_STOPS,),
    ),
    ("/reuse", "console.nav.reuse", (Permission.READ_REUSE,)),
    ("/people", "console.nav.people", (Permission.READ_PEOPLE,)),
    ("/departments", "console.nav.departments", (Permission.READ_ADMITTED,)),
    ("/purposes", "console.nav.purposes", (Permission.READ_ADMITTED,)),
    ("/retention", "console.nav.retention", (Permission.READ_RETENTION,)),
    ("/calendar", "console.nav.calendar", (Permission.CORRECT_CALENDAR,)),
    ("/log", "console.nav.log", (Permission.READ_LOG,)),
)
_log = logging.getLogger("hub.web")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in, and the language that they read."""

    session: Session
    language: Language

    @property
    def person(self) -> Person:
        """Who it is."""
        return self.session.person


class Console:
    """What the pages of one hub share."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.style = files("hub.web").joinpath("static", "console.css").read_bytes()
        self._style_version = sha256(self.style).hexdigest()[:12]
        self._templates = Environment(
            loader=PackageLoader("hub.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(FILTERS)

    def routes(self) -> APIRouter:
        """A router whose errors are pages."""
        return APIRouter(route_class=_route_class(self))

    def visitor(self, request: Request, *permissions: Permission) -> Visitor:
        """The signed-in visitor, who must hold one of ``permissions`` if any are named.

        Raises ``NotSignedIn``, ``SessionEnded``, ``PasswordInitial`` or ``Forbidden``.
        """
        visitor = self.newcomer(request)
        require_own_password(visitor.person)
        if permissions:
            require(visitor.person, *permissions)
        return visitor

    def newcomer(self, request: Request) -> Visitor:
        """The signed-in visitor, even one who has to change the password before anything else.

        Raises ``NotSignedIn`` or ``SessionEnded``.
        """
        return Visitor(cookie_session(request, self.hub), self.language(request))

    def language(self, request: Request) -> Language:
        """The language that the visitor chose, else the hub's."""
        chosen = request.cookies.get(LANGUAGE_COOKIE)
        return next((known for known in LANGUAGES if known == chosen), self.hub.settings.languages)

    async def form(self, request: Request, visitor: Visitor) -> Form:
        """The form that a signed-in visitor sent from one of our pages; raises ``FormStale``."""
        form = await read_form(request, self.hub)
        check_form(form, visitor.session, self.hub)
        return form

    def page(
        self,
        request: Request,
        visitor: Visitor | None,
        template: str,
        status: int = 200,
        **context: object,
    ) -> Response:
        """A page from a template."""
        language = self.language(request) if visitor is None else visitor.language
        html = self._templates.get_template(template).render(
            **context,
            **self._surroundings(request, visitor, language),
        )
        response = HTMLResponse(html, status)
        self._secure(response)
        if visitor is not None:
            renewed = self.hub.sessions.renew(visitor.session)
            if renewed is not None:
                keep_session(response, renewed)
        return response

    def redirect(self, path: str) -> Response:
        """Send the browser to another page of ours with a GET."""
        response = RedirectResponse(path, 303)
        self._secure(response)
        return response

    def problem(self, request: Request, code: str, status: int, error: YifenError) -> Response:
        """An error as a page, in the language of whoever sees it."""
        try:
            visitor: Visitor | None = self.newcomer(request)
        except NotSignedIn:
            visitor = None
        title, detail = told(code, self.language(request), error.facts)
        return self.page(
            request, visitor, "error.html", status, problem_title=title, detail=detail, code=code
        )

    def choose_language(self, request: Request) -> Response | None:
        """The answer to a language link, None if it is none."""
        wanted = request.query_params.get("lang")
        if wanted not in LANGUAGES or request.method != "GET":
            return None
        others = _without_language(request)
        query = f"?{urlencode(others)}" if others else ""
        response = self.redirect(f"{request.url.path}{query}")
        response.set_cookie(
            LANGUAGE_COOKIE,
            wanted,
            max_age=LANGUAGE_SECONDS,
            path="/",
            secure=self.hub.settings.public_origin.startswith("https:"),
            httponly=True,
            samesite="lax",
        )
        return response

    def _surroundings(
        self, request: Request, visitor: Visitor | None, language: Language
    ) -> dict[str, object]:
        def t(key: str, **params: str | int) -> str:
            return text(key, language, **params)

        def known(key: str, otherwise: str) -> str:
            return text(key, language) if key in catalogue() else otherwise

        other: Language = "en" if language == "zh" else "zh"
        kept = _without_language(request) if request.method == "GET" else []
        return {
            "t": t,
            "known": known,
            "lang": language,
            "other_language": urlencode([*kept, ("lang", other)]),
            "person": None if visitor is None else visitor.person,
            "form_token": (
                "" if visitor is None else self.hub.sessions.form_token(visitor.session)
            ),
            "navigation": [] if visitor is None else _navigation(visitor.person),
            "path": request.url.path,
            "hub_name": self.hub.settings.name,
            "style_version": self._style_version,
        }

    def _secure(self, response: Response) -> None:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if self.hub.settings.public_origin.startswith("https:"):
            response.headers["strict-transport-security"] = _STRICT_TRANSPORT


def _navigation(person: Person) -> list[tuple[str, str]]:
    return [
        (path, key)
        for path, key, permissions in _NAVIGATION
        if any(may(person, permission) for permission in permissions)
    ]


def _without_language(request: Request) -> list[tuple[str, str]]:
    """What the address asks for beside the language, each as often as it stands there."""
    return [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]


def _route_class(console: Console) -> type[APIRoute]:
    """A kind of route whose errors are pages, and which sends those not signed in to do so.

    Whoever has a password from somebody else is sent to change it.
    """

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
            handle = cast("Callable[[Request], Awaitable[Response]]", super().get_route_handler())

            async def page(request: Request) -> Response:
                chosen = console.choose_language(request)
                if chosen is not None:
                    return chosen
                try:
                    return await handle(request)
                except NotSignedIn:
                    return console.redirect(f"{SIGN_IN}?{urlencode({'next': request.url.path})}")
                except PasswordInitial:
                    return console.redirect(OWN_PASSWORD)
                except YifenError as error:
                    status = status_of_error(error)
                    code = INTERNAL if status == INTERNAL_ERROR else error.code
                    return console.problem(request, code, status, error)
                except Exception:  # noqa: BLE001 nothing of it may be told
                    _log.exception("a page failed")
                    return console.problem(request, INTERNAL, INTERNAL_ERROR, YifenError())

            return page

    return PageRoute

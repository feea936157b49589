"""The issuing department's pages: its types, its licences and their states, issuing, acts, prints.

Credentials are made in ``licence_credentials.py``.

Lists tell nothing of what stands on a licence: that is told by a lookup, with an entry. Every act
is one entry, effective with it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from catalog.errors import LicenceRefused
from catalog.item import Item
from catalog.licences.metadata import HOLDER_TYPE, HolderType, metadata
from catalog.licences.status import Act, Status
from certs.canonical import Json
from certs.encoding import b64u
from certs.entropy import random_bytes
from hub.errors import Conflict, Forbidden, NotFound, Unprocessable
from hub.licences.credentials import made_of
from hub.licences.issuing import OURS, Asked
from hub.licences.listing import issued_licences, issued_types
from hub.licences.office import MAX_CREDENTIALS
from hub.licences.types import Registered
from hub.people.permissions import Permission
from hub.web.pages.ask import UNPROCESSABLE
from hub.web.pages.form import Form
from hub.web.pages.frame import HEADERS, Console, Visitor
from hub.web.session import actor_of

_TOKEN_BYTES = 16
_TEXT = 4000
_PDF = "application/pdf"
ISSUED = "/licences/issued"
ACTS: Mapping[str, Act] = {act.value: act for act in Act if act is not Act.EXPIRE}


@dataclass(frozen=True, slots=True)
class Filled:
    """The form of a licence as it was filled in, with what is wrong by place."""

    token: str
    values: Mapping[str, str] = field(default_factory=dict)
    case: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)

    def asked(self, code: str) -> Asked:
        """What is asked for; raises ``ValidationError``."""
        parts: dict[str, dict[str, str]] = {"metadata": {}, "items": {}}
        for place, value in self.values.items():
            part, _, name = place.partition(".")
            if value:
                parts[part][name] = value
        given = {"type": code, "token": self.token, "case": self.case or None, **parts}
        return Asked.model_validate(given)


def licence_issuing_pages(console: Console) -> APIRouter:
    """The routes; register them before the public page, which takes any one code."""
    routes = console.routes()
    _listing_pages(console, routes)
    _issuing_pages(console, routes)
    _acting_pages(console, routes)
    return routes


def _listing_pages(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get(ISSUED)
    async def listing(request: Request) -> Response:
        visitor, department = steward_of(console, request)
        asked = request.query_params
        chosen = (asked.get("type", ""), asked.get("status", ""))
        found = issued_licences(
            hub.reading, department, hub.clock(), type_=chosen[0], status=chosen[1]
        )
        return console.page(
            request,
            visitor,
            "licences_issued.html",
            types=issued_types(hub.reading, department),
            found=found,
            statuses=tuple(Status),
            chosen=chosen,
        )

    @routes.get(f"{ISSUED}/{{licence}}")
    async def one(request: Request, licence: str) -> Response:
        visitor, department = steward_of(console, request)
        return licence_page(console, request, visitor, hub.office.show(licence, department))


def _issuing_pages(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/licences/issue/{code}")
    async def fill(request: Request, code: str) -> Response:
        visitor, department = steward_of(console, request)
        registered = _type(console, department, code)
        # Asked twice under one token, it is issued once: a form sent again issues nothing new.
        empty = Filled(b64u(random_bytes(_TOKEN_BYTES)))
        return _form(console, request, visitor, registered, empty)

    @routes.post("/licences/issue/{code}")
    async def issue(request: Request, code: str) -> Response:
        visitor, department = steward_of(console, request)
        form = await console.form(request, visitor)
        registered = _type(console, department, code)
        filled = _read(form, registered)
        wrong: dict[str, str] = {}
        try:
            done = hub.office.issue(actor_of(visitor.person), filled.asked(code))
            return console.redirect(f"{ISSUED}/{done.licence}")
        except ValidationError as error:
            raise Unprocessable(why="form") from error
        except LicenceRefused as error:
            wrong = dict(reversed(error.faults))
        except Conflict as error:
            if error.facts["why"] != "licence-number":
                raise
            wrong = {"metadata.number": "licence-number"}
        again = Filled(filled.token, filled.values, filled.case, wrong)
        return _form(console, request, visitor, registered, again)


def _acting_pages(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.post(f"{ISSUED}/{{licence}}/paper")
    async def paper(request: Request, licence: str) -> Response:
        visitor, _ = steward_of(console, request)
        await console.form(request, visitor)
        actor = actor_of(visitor.person)
        draft = hub.papers.prepare(actor, licence, visitor.language)
        # A print takes a second, most of it for the font.
        data = await asyncio.to_thread(draft.pdf)
        hub.papers.enter(actor, licence, draft, data)
        headers = {**HEADERS, "content-disposition": f'attachment; filename="{licence}.pdf"'}
        return Response(data, headers=headers, media_type=_PDF)

    @routes.post(f"{ISSUED}/{{licence}}/{{act}}")
    async def act(request: Request, licence: str, act: str) -> Response:
        visitor, _ = steward_of(console, request)
        form = await console.form(request, visitor)
        if act not in ACTS:
            raise NotFound(what="route")
        hub.office.act(
            actor_of(visitor.person),
            licence,
            ACTS[act],
            note=form.text("note"),
            version=form.number("version") or 0,
        )
        return console.redirect(f"{ISSUED}/{licence}")


def licence_page(
    console: Console,
    request: Request,
    visitor: Visitor,
    shown: Mapping[str, Json],
    wrong_key: Sequence[tuple[str, str]] = (),
) -> Response:
    """The page of a licence as ``Office.show`` tells it; ``wrong_key`` are faults of a holder's."""
    hub = console.hub
    types = issued_types(hub.reading, visitor.person.department or "")
    return console.page(
        request,
        visitor,
        "licence_one.html",
        UNPROCESSABLE if wrong_key else 200,
        shown=shown,
        standing=Status(str(shown["status"])),
        kind=types[str(shown["type"])].kind if shown["type"] in types else None,
        acts=[act for name, act in ACTS.items() if name in _names(shown["acts"])],
        explained={Act.OTHER},
        printable=hub.settings.licences.font is not None,
        credentials=made_of(hub.reading, str(shown["licence"])),
        most_credentials=MAX_CREDENTIALS,
        credential_days=hub.settings.licences.credential_days,
        wrong_key=wrong_key,
    )


def steward_of(console: Console, request: Request) -> tuple[Visitor, str]:
    """A steward and the department; raises as ``Console.visitor`` does."""
    visitor = console.visitor(request, Permission.MANAGE_LICENCES)
    if visitor.person.department is None:
        raise Forbidden(what=Permission.MANAGE_LICENCES.value)
    return visitor, visitor.person.department


def _type(console: Console, department: str, code: str) -> Registered:
    """A type that the department may issue now; raises ``NotFound``."""
    found = issued_types(console.hub.reading, department).get(code)
    if found is None or not found.active or not found.kind.issued_here:
        raise NotFound(what="licence-type")
    return found


def _fields(registered: Registered) -> tuple[list[Item], list[Item]]:
    """What is to be filled in: metadata that the hub does not write, and the type's own items."""
    return (
        [item for code, item in metadata().items() if code not in OURS],
        list(registered.kind.items),
    )


def _read(form: Form, registered: Registered) -> Filled:
    data, items = _fields(registered)
    places = [f"metadata.{one.code}" for one in data] + [f"items.{one.code}" for one in items]
    values = {place: form.text(place)[:_TEXT] for place in places}
    return Filled(form.one("token"), values, form.one("case"))


def _form(
    console: Console, request: Request, visitor: Visitor, registered: Registered, filled: Filled
) -> Response:
    data, items = _fields(registered)
    allowed = {one == "person" for one in registered.kind.holders}
    return console.page(
        request,
        visitor,
        "licence_form.html",
        UNPROCESSABLE if filled.wrong else 200,
        kind=registered.kind,
        data=data,
        items=items,
        filled=filled,
        wrong=defaultdict(str, filled.wrong),
        holder_type=HOLDER_TYPE,
        holder_types=[one for one in HolderType if one.person in allowed],
    )


def _names(value: object) -> set[str]:
    return {str(one) for one in value} if isinstance(value, list) else set()

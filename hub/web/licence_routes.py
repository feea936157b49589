"""The routes of licences: issued and changed by departments, credentials checked by anybody.

What a connector may do, a steward of the same department may too, by a session.
"""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from catalog.errors import LicenceRefused
from catalog.licences.licence_type import bundled
from catalog.licences.status import Act, acts
from certs.canonical import Json, canonical
from certs.encoding import rfc3339
from certs.status_list import CONTENT_TYPE
from hub.errors import Forbidden, NotFound, Unprocessable
from hub.ledger.change import Actor
from hub.ledger.openable import opened_at
from hub.licences import types
from hub.licences.issuing import Asked, Case, CredentialOrder
from hub.licences.lists import MAX_AGE
from hub.licences.office import Done
from hub.licences.papers import Seen
from hub.licences.types import Issuer
from hub.lookup.receipt import PROBLEM
from hub.lookup.refusals import problem
from hub.people.permissions import Permission, require
from hub.runtime import Hub
from hub.web.front import address_of, read_body
from hub.web.json_body import answer, read_body_as
from hub.web.person_request import Line, Slug, Strict, allowed, given
from hub.web.problems import status_of_error
from hub.web.session import actor_of, person_of
from hub.web.signed import signed_call

PDF = "application/pdf"
_DEPTH = 8
_PUBLIC = 4096
"""Bytes of a body from strangers that is no file."""
_Id = Annotated[str, Path(pattern=r"^l-[0-9a-f]{32}$")]
_Number = Annotated[int, Path(ge=1, lt=1 << 31)]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ActBody(Strict):
    """What goes with an act: an explanation, the version that was seen, the case."""

    note: Annotated[str, StringConstraints(max_length=1000)] = ""
    version: Annotated[int, Field(strict=True, ge=1)] | None = None
    case: Case | None = None


class PaperBody(Strict):
    """In which language to print."""

    language: Literal["zh", "en"] = "zh"


class IssuerBody(Strict):
    """A department as it stands on what it issues."""

    name: Line
    uscc: Line


class TypeBody(Strict):
    """A type to register: one that comes along, by its code, or a definition in TOML."""

    bundled: Slug | None = None
    definition: Annotated[str, StringConstraints(max_length=types.MAX_DEFINITION)] | None = None
    issuers: dict[Slug, IssuerBody]


class TypeChangeBody(Strict):
    """A new status, other issuers, or both."""

    status: Literal["active", "suspended"] | None = None
    issuers: dict[Slug, IssuerBody] | None = None


class FileBody(BaseModel):
    """The digest of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: _Sha256


def licence_routes(hub: Hub) -> APIRouter:
    """All of them but the page (``pages/licence.py``)."""
    routes = APIRouter()
    _department_routes(hub, routes)
    _type_routes(hub, routes)
    _public_routes(hub, routes)
    return routes


def _department_routes(hub: Hub, routes: APIRouter) -> None:
    read = {"max_bytes": hub.settings.limits.body_bytes, "max_depth": _DEPTH}
    office = hub.office

    @routes.post("/v1/licences")
    async def issue(request: Request) -> Response:
        actor, body = await _issuer(request, hub)
        try:
            done = office.issue(actor, read_body_as(Asked, body, **read))
        except LicenceRefused as error:
            return _refused(error)
        return answer(_done(done), 201 if done.new else 200)

    @routes.post("/v1/licences/{licence}/credential")
    async def credential(request: Request, licence: _Id) -> Response:
        actor, body = await _issuer(request, hub)
        order = read_body_as(CredentialOrder, body, **read)
        return answer(_done(office.credential(actor, licence, order)), 201)

    @routes.post("/v1/licences/{licence}/paper")
    async def paper(request: Request, licence: _Id) -> Response:
        actor, body = await _issuer(request, hub)
        asked = read_body_as(PaperBody, body, **read)
        document = hub.papers.prepare(actor, licence, asked.language)
        # A print takes a second, most of it for the font.
        data = await asyncio.to_thread(document.pdf)
        entry = hub.papers.enter(actor, licence, document, data)
        headers = {
            "cache-control": "no-store",
            "content-disposition": f'attachment; filename="{licence}.pdf"',
            "x-content-type-options": "nosniff",
            "yifen-entry": str(entry),
        }
        return Response(data, media_type=PDF, headers=headers)

    @routes.post("/v1/licences/{licence}/{act}")
    async def do(request: Request, licence: _Id, act: Act) -> Response:
        actor, body = await _issuer(request, hub)
        asked = read_body_as(ActBody, body or b"{}", **read)
        done = office.act(
            actor, licence, act, note=asked.note, version=asked.version, case=asked.case
        )
        return answer(_done(done))

    @routes.get("/v1/licences/{licence}")
    async def show(request: Request, licence: _Id) -> Response:
        actor, _ = await _issuer(request, hub)
        return answer(office.show(licence, actor.department))


def _type_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/v1/licence-types")
    async def register(request: Request) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, TypeBody)
        entry = types.register(hub.changes, actor, _definition(asked), _issuers(asked.issuers))
        return answer({"entry": entry}, 201)

    @routes.get("/v1/licence-types")
    async def listing(request: Request) -> Response:
        person_of(request, hub)
        found: list[Json] = [*types.listing(hub.reading)]
        return answer({"types": found})

    @routes.put("/v1/licence-types/{code}")
    async def change(request: Request, code: str) -> Response:
        actor = allowed(request, hub, Permission.ADMIT)
        asked = await given(request, hub, TypeChangeBody)
        issuers = None if asked.issuers is None else _issuers(asked.issuers)
        entry = types.change_type(hub.changes, actor, code, status=asked.status, issuers=issuers)
        return answer({"entry": entry})


def _public_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.get("/licences/status/{number}")
    async def status_list(request: Request, number: _Number) -> Response:
        published = hub.office.lists.publish(number)
        tag = f'"{published.version}-{published.issued}"'
        headers = {
            "access-control-allow-origin": "*",
            "cache-control": f"public, max-age={MAX_AGE}",
            "etag": tag,
            "x-content-type-options": "nosniff",
        }
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(published.token, media_type=CONTENT_TYPE, headers=headers)

    @routes.get("/licences/status/{number}/entry")
    async def status_entry(number: _Number) -> Response:
        opened = opened_at(hub.reading, hub.office.lists.position(number))
        if opened is None:
            raise NotFound(what="status-list")
        return answer(opened.told(), headers={"access-control-allow-origin": "*"})

    @routes.post("/licences/check")
    async def check(request: Request) -> Response:
        address = address_of(request.scope)
        hub.door.enter(address)
        if request.headers.get("content-type", "").partition(";")[0].strip() == PDF:
            body = await read_body(request.receive, hub.settings.limits.body_bytes)
            found = hub.papers.look(body)
        else:
            body = await read_body(request.receive, _PUBLIC)
            asked = read_body_as(FileBody, body, max_bytes=_PUBLIC, max_depth=2)
            found = hub.papers.look_by_digest(bytes.fromhex(asked.sha256))
        if found is None:
            hub.attempts.failed(address, "licence-paper-unknown")
            return answer({"printed_here": False})
        return answer({"printed_here": True, **seen_told(found)})


def seen_told(seen: Seen) -> dict[str, Json]:
    """What a stranger is shown, for programs."""
    label = seen.status.label
    return {
        "minimum": dict(seen.shown),
        "printed": rfc3339(seen.printed),
        "status": seen.status.value,
        "status_title": {"en": label.en, "zh": label.zh},
        "type": {
            "code": seen.kind.type_code,
            "en": seen.kind.name_en,
            "zh": seen.kind.name_zh,
        },
    }


async def _issuer(request: Request, hub: Hub) -> tuple[Actor, bytes]:
    """Whose connector signed the request, or else whose steward is signed in; and the body."""
    if "signature-input" in request.headers:
        call = await signed_call(request, hub)
        return call.actor, call.body
    person = person_of(request, hub)
    require(person, Permission.MANAGE_LICENCES)
    if person.department is None:
        raise Forbidden(what="licences")
    return actor_of(person), await read_body(request.receive, hub.settings.limits.body_bytes)


def _definition(asked: TypeBody) -> bytes:
    if (asked.bundled is None) == (asked.definition is None):
        raise Unprocessable(why="member definition")
    if asked.definition is not None:
        return asked.definition.encode()
    if asked.bundled not in bundled():
        raise NotFound(what="licence-type")
    return types.bundled_source(str(asked.bundled))


def _issuers(told: dict[str, IssuerBody]) -> dict[str, Issuer]:
    return {code: Issuer(one.name, one.uscc) for code, one in told.items()}


def _done(done: Done) -> dict[str, Json]:
    return {
        "acts": [one.value for one in acts(done.status) if one is not Act.EXPIRE],
        "credential": done.credential,
        "entry": done.entry,
        "identifier": done.identifier,
        "licence": done.licence,
        "status": done.status.value,
        "version": done.version,
    }


def _refused(error: LicenceRefused) -> Response:
    """The problem document with every fault: nobody corrects one and is told of the next."""
    status = status_of_error(error)
    faults: list[Json] = [{"place": place, "why": why} for place, why in error.faults]
    body = canonical({**problem(error.code, status, error.facts), "faults": faults})
    return Response(body, status, {"cache-control": "no-store"}, media_type=PROBLEM)

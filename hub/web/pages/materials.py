"""Materials 共享材料 on the console: found by holder, each view with an entry and a receipt.

Viewing is three steps: the view is asked and entered, its page shows what the receipt binds, and
the file is fetched under it with one more POST. Nothing of an answer is kept, so the page brings it
along. A picture is shown in a window that may do nothing; every other kind is saved.
"""

import base64
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from catalog.material import MEDIA_TYPES, NUMBER
from certs.canonical import Json, canonical, parse
from certs.errors import MalformedJson, YifenError
from certs.tokens import new_session_id
from hub.errors import NotFound, StorageRefused, Unprocessable
from hub.lookup.ask import request_id_of
from hub.lookup.identify import Caller, from_session
from hub.lookup.views import Viewed, ViewedLicence
from hub.people.permissions import Permission, may
from hub.web.pages.ask import UNPROCESSABLE
from hub.web.pages.finding import Answered, Sought, offers_of, put, read_sought
from hub.web.pages.form import Form
from hub.web.pages.frame import HEADERS, Console, Visitor
from hub.web.pages.offers import Offer

SHOWN = frozenset({"image/jpeg", "image/png"})
"""Kinds that a browser shows by itself, without anything in them that acts."""
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
"""Nothing runs, nothing is fetched; the style is the browser's own around a picture."""
_SOURCE = "materials"
_LIMIT, _DEPTH = 64 * 1024, 8
_log = logging.getLogger("hub.web")


def material_pages(console: Console) -> APIRouter:
    """The routes of finding and viewing."""
    routes = console.routes()
    _finding_pages(console, routes)
    _viewing_pages(console, routes)
    return routes


def _finding_pages(console: Console, routes: APIRouter) -> None:
    @routes.get("/materials")
    async def fill(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        return _form(console, request, visitor, Sought(new_session_id()))

    @routes.post("/materials")
    async def find(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        form = await console.form(request, visitor)
        offered = offers_of(console, visitor, _SOURCE)
        sought = read_sought(form, offered, "lookup")
        if sought.wrong:
            return _form(console, request, visitor, sought)
        offer = next(one for one in offered if one.dataset.code == sought.dataset)
        items: list[Json] = [item.code for item, _ in offer.items("lookup")]
        answered = await put(console, visitor, "lookup", sought, items=items)
        viewable = sought.purpose in {one["code"] for one in offer.purposes_of("view")}
        return console.page(
            request,
            visitor,
            "materials_found.html",
            answered.reply.status,
            offer=offer,
            sought=sought,
            answered=answered,
            number=NUMBER,
            masks={item.code: mask for item, mask in offer.items("lookup")},
            viewable=viewable,
            seed=new_session_id(),
            evidence=answered.evidence,
        )


def _viewing_pages(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.post("/materials/view")
    async def view(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        form = await console.form(request, visitor)
        sought = read_sought(form, offers_of(console, visitor, _SOURCE), "view")
        if sought.wrong:
            raise Unprocessable(why="form")
        answered = await put(console, visitor, "view", sought, material=form.one("material"))
        material = cast("Mapping[str, Json] | None", answered.result.get("material"))
        sent = canonical(cast("Json", dict(answered.result))).decode()
        members = sought.members(visitor.person.account, material=form.one("material"))
        return console.page(
            request,
            visitor,
            "material_view.html",
            answered.reply.status,
            offer=next(
                one
                for one in offers_of(console, visitor, _SOURCE)
                if one.dataset.code == sought.dataset
            ),
            sought=sought,
            answered=answered,
            material=material,
            thumbnail=await _thumbnail(console, answered, str(members["request_id"]), material),
            ending=MEDIA_TYPES.get(str(material["media_type"])) if material else None,
            shown=material is not None and material["media_type"] in SHOWN,
            request_id=members["request_id"],
            result=sent,
            evidence=answered.evidence,
        )

    @routes.post("/materials/file")
    async def file(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        form = await console.form(request, visitor)
        result = result_of(form)
        caller = from_session(visitor.person.department or "", b"", hub.clock())
        wanted = request_id_of(form.one("request"))
        viewed = hub.views.open(caller, wanted, result)
        if not isinstance(viewed, Viewed):
            raise NotFound(what="view")  # a licence's file has a page of its own
        material = cast("Mapping[str, Json]", result["material"])
        kind = str(material["media_type"])
        how = "inline" if kind in SHOWN else "attachment"
        name = f"{material['material_no']}.{MEDIA_TYPES[kind]}"
        headers = {
            **HEADERS,
            "content-disposition": f'{how}; filename="{name}"',
            "content-length": str(viewed.size),
            "content-security-policy": SANDBOX,
        }
        pieces = pieces_of(console, caller, wanted, result, viewed)
        return StreamingResponse(pieces, headers=headers, media_type=kind)


async def pieces_of(
    console: Console,
    caller: Caller,
    wanted: str,
    result: Mapping[str, Json],
    viewed: Viewed | ViewedLicence,
) -> AsyncIterator[bytes]:
    """The file; each piece is decided on anew, so what was revoked ends on its way."""
    for number in range(viewed.pieces):
        try:
            if number:
                viewed = console.hub.views.open(caller, wanted, cast("Json", dict(result)))
            piece = await viewed.piece(number)
        except YifenError as error:
            # The head has gone: that its length is not reached tells the browser.
            _log.warning("a file that was viewed was broken off: %s", error.code)
            return
        yield piece


async def _thumbnail(
    console: Console, answered: Answered, wanted: str, material: Mapping[str, Json] | None
) -> str:
    """The thumbnail in base64, under the same view; empty where there is none."""
    if material is None or not material["thumbnail_sha256"]:
        return ""
    result = cast("Json", dict(answered.result))
    try:
        viewed = console.hub.views.open(answered.caller, wanted, result)
        data = await viewed.thumbnail()
    except (NotFound, StorageRefused):
        return ""
    return base64.b64encode(data).decode("ascii")


def result_of(form: Form) -> dict[str, Json]:
    """The answer to a view, as the page brought it; what it must be, the entry's digest says."""
    try:
        value = parse(form.one("result").encode(), max_bytes=_LIMIT, max_depth=_DEPTH)
    except MalformedJson as error:
        raise Unprocessable(why="form") from error
    if not isinstance(value, dict):
        raise Unprocessable(why="form")
    return value


def _form(console: Console, request: Request, visitor: Visitor, sought: Sought) -> Response:
    offered = offers_of(console, visitor, _SOURCE)
    return console.page(
        request,
        visitor,
        "materials.html",
        UNPROCESSABLE if sought.wrong else 200,
        offered=offered,
        purposes=_purposes(offered),
        sought=sought,
        wrong=defaultdict(str, sought.wrong or {}),
        may_file=may(visitor.person, Permission.FILE_MATERIALS),
    )


def _purposes(offered: list[Offer]) -> list[Mapping[str, str]]:
    found = {one["code"]: one for offer in offered for one in offer.purposes_of("lookup")}
    return [found[code] for code in sorted(found)]

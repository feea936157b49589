"""The files of licences on the console: viewed under a grant, each view with entry and receipt.

As for materials: the view is asked and entered, its page shows what the receipt binds, and the file
is fetched under it with one more POST, to be saved.
"""

from collections.abc import Mapping
from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from catalog.messages import LANGUAGES
from certs.canonical import Json, canonical
from hub.access.standing import Source, Standing
from hub.errors import NotFound, Unprocessable
from hub.lookup.ask import request_id_of
from hub.lookup.decide import gives_file
from hub.lookup.identify import from_session
from hub.lookup.views import ViewedLicence
from hub.people.permissions import Permission
from hub.web.pages.finding import offers_of, put, read_sought
from hub.web.pages.frame import HEADERS, Console
from hub.web.pages.materials import SANDBOX, pieces_of, result_of
from hub.web.pages.offers import Offer

_SOURCE = "licences"


def licence_viewing_pages(console: Console) -> APIRouter:
    """The routes of viewing and saving."""
    routes = console.routes()
    hub = console.hub

    @routes.post("/licences/view")
    async def view(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        form = await console.form(request, visitor)
        offered = offers_of(console, visitor, _SOURCE)
        sought = read_sought(form, offered, "view")
        language = form.one("language")
        if sought.wrong or language not in LANGUAGES:
            raise Unprocessable(why="form")
        more: dict[str, Json] = {"language": language, "licence": form.one("licence")}
        answered = await put(console, visitor, "view", sought, **more)
        members = sought.members(visitor.person.account, **more)
        return console.page(
            request,
            visitor,
            "licence_view.html",
            answered.reply.status,
            offer=next(one for one in offered if one.dataset.code == sought.dataset),
            sought=sought,
            answered=answered,
            licence=answered.result.get("licence"),
            stands=answered.result.get("status"),
            request_id=members["request_id"],
            result=canonical(cast("Json", dict(answered.result))).decode(),
            evidence=answered.evidence,
        )

    @routes.post("/licences/view/file")
    async def file(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        form = await console.form(request, visitor)
        result = result_of(form)
        caller = from_session(visitor.person.department or "", b"", hub.clock())
        wanted = request_id_of(form.one("request"))
        viewed = hub.views.open(caller, wanted, result)
        if not isinstance(viewed, ViewedLicence):
            raise NotFound(what="view")
        # Printed before the head goes, for what cannot be had again is told as a page.
        await viewed.piece(0)
        licence = cast("Mapping[str, Json]", result["licence"])
        headers = {
            **HEADERS,
            "content-disposition": f'attachment; filename="{licence["identifier"]}.pdf"',
            "content-length": str(viewed.size),
            "content-security-policy": SANDBOX,
        }
        pieces = pieces_of(console, caller, wanted, result, viewed)
        return StreamingResponse(pieces, headers=headers, media_type=str(licence["media_type"]))

    return routes


def viewable(offer: Offer, source: Source, standing: Standing, purpose: str) -> bool:
    """Whether some grant gives files for a purpose; each question is decided anew."""
    return any(
        purpose in grant.purposes and gives_file(grant, source, standing)
        for grant in offer.among("view")
    )

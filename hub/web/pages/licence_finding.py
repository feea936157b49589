"""Licences on the console: found by holder or identifier under a grant, and files verified."""

from collections import defaultdict
from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.licence_record import IDENTIFIER, NOTE, STATUS
from catalog.licences.status import Status
from certs.canonical import Json
from certs.tokens import new_session_id
from hub.errors import Unprocessable
from hub.licences.checking import Checked, check_file
from hub.materials.records import today_of
from hub.people.permissions import Permission, may
from hub.web.front import address_of
from hub.web.pages.ask import UNPROCESSABLE
from hub.web.pages.finding import Sought, offers_of, put, read_sought
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.licence import early_of, rows_of
from hub.web.pages.licence_viewing import viewable
from hub.web.pages.scan_form import open_upload

_SOURCE = "licences"
AT_THE_FILE = frozenset({"file-missing", "file-too-large", "cut-off"})


def licence_finding_pages(console: Console) -> APIRouter:
    """The routes of finding and verifying."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/licences")
    async def fill(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK, Permission.MANAGE_LICENCES)
        return _form(console, request, visitor, Sought(new_session_id()))

    @routes.post("/licences")
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
        standing = hub.book.refresh()
        source = standing.source(sought.dataset)
        return console.page(
            request,
            visitor,
            "licences_found.html",
            answered.reply.status,
            offer=offer,
            sought=sought,
            answered=answered,
            masks={item.code: mask for item, mask in offer.items("lookup")},
            status_item=STATUS,
            note_item=NOTE,
            good=Status.IN_FORCE.value,
            verifiable="verify" in offer.operations,
            viewable=source is not None and viewable(offer, source, standing, sought.purpose),
            identifier=IDENTIFIER,
            seed=new_session_id(),
            evidence=answered.evidence,
        )

    @routes.post("/licences/file")
    async def check(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK, Permission.MANAGE_LICENCES)
        hub.door.enter(address_of(request.scope))
        sent = await open_upload(console, request, visitor, hub.settings.limits.body_bytes)
        try:
            checked = await check_file(hub.papers, sent.chunks())
        except Unprocessable as error:
            why = str(error.facts["why"])
            if why not in AT_THE_FILE:
                raise
            return _form(console, request, visitor, Sought(new_session_id()), wrong_file=why)
        return _checked(console, request, visitor, checked)

    return routes


def _checked(console: Console, request: Request, visitor: Visitor, checked: Checked) -> Response:
    if checked.seen is None:
        console.hub.attempts.failed(address_of(request.scope), "licence-paper-unknown")
    return console.page(
        request,
        visitor,
        "licence_checked.html",
        checked=checked,
        rows=[] if checked.seen is None else rows_of(checked.seen, visitor.language),
        good=checked.seen is not None and checked.seen.status is Status.IN_FORCE,
        early=checked.seen is not None and early_of(checked.seen, today_of(console.hub.clock())),
    )


def _form(
    console: Console, request: Request, visitor: Visitor, sought: Sought, *, wrong_file: str = ""
) -> Response:
    asks = may(visitor.person, Permission.ASK)
    offered = offers_of(console, visitor, _SOURCE) if asks else []
    purposes: dict[str, Mapping[str, str]] = {
        one["code"]: one for offer in offered for one in offer.purposes_of("lookup")
    }
    return console.page(
        request,
        visitor,
        "licences.html",
        UNPROCESSABLE if sought.wrong or wrong_file else 200,
        asks=asks,
        offered=offered,
        purposes=[purposes[code] for code in sorted(purposes)],
        sought=sought,
        wrong=defaultdict(str, sought.wrong or {}),
        wrong_file=wrong_file,
        manages=may(visitor.person, Permission.MANAGE_LICENCES),
        most=console.hub.settings.limits.body_bytes >> 10,
    )

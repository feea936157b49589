"""Credentials (SD-JWT, RFC 9901) of a licence: made for its holder, shown once, saved as a file.

The hub keeps none, so the page on which one is shown brings it along for the file. What comes back
is given out only if this hub signed it for this very licence. It stands in no address and no log;
nor does the key that was pasted, which no page shows again.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from certs.canonical import Json
from hub.errors import Conflict
from hub.licences.credentials import require_of
from hub.licences.errors import HolderKeyRefused
from hub.licences.holder_key import read_holder_key
from hub.licences.issuing import CredentialOrder
from hub.licences.office import MAX_CREDENTIALS
from hub.licences.square import LONGEST, square
from hub.web.pages.frame import HEADERS, Console
from hub.web.pages.licence_issuing import ISSUED, licence_page, steward_of
from hub.web.session import actor_of

MEDIA_TYPE = "application/dc+sd-jwt"
"""Of a digital credential (SD-JWT VC, §2.1)."""
MOST_SENT_BACK = 100_000
"""Characters of a credential that a page can bring along: a form has 128 KiB."""


def licence_credential_pages(console: Console) -> APIRouter:
    """The routes; register them before the one that takes any act of a licence."""
    routes = console.routes()
    hub = console.hub

    @routes.post(f"{ISSUED}/{{licence}}/credential")
    async def make(request: Request, licence: str) -> Response:
        visitor, department = steward_of(console, request)
        form = await console.form(request, visitor)
        shown = hub.office.show(licence, department)
        if shown["status"] != "01":
            raise Conflict(why="licence-not-in-force")
        try:
            key = read_holder_key(form.text("holder_key"))
        except HolderKeyRefused as error:
            return licence_page(console, request, visitor, shown, error.faults)
        order = CredentialOrder(holder_key=key)
        # Sent once more by the browser, the version is another one, and no second one is made.
        done = hub.office.credential(
            actor_of(visitor.person), licence, order, form.number("version") or 0
        )
        token = str(done.credential)
        return console.page(
            request,
            visitor,
            "licence_credential.html",
            licence=licence,
            token=token,
            bound=key is not None,
            entry=done.entry,
            left=MAX_CREDENTIALS - _count(shown) - 1,
            square=square(token),
            longest=LONGEST,
            sent_back=len(token) <= MOST_SENT_BACK,
        )

    @routes.post(f"{ISSUED}/{{licence}}/credential/file")
    async def file(request: Request, licence: str) -> Response:
        visitor, department = steward_of(console, request)
        form = await console.form(request, visitor)
        hub.office.show(licence, department)
        token, origin = form.one("credential"), hub.settings.public_origin
        require_of(hub.reading, hub.ring, origin, licence, token, hub.clock())
        name = f'attachment; filename="{licence}.sd-jwt"'
        headers = {**HEADERS, "content-disposition": name}
        return Response(token.encode("ascii"), headers=headers, media_type=MEDIA_TYPE)

    return routes


def _count(shown: dict[str, Json]) -> int:
    found = shown["credentials"]
    return found if isinstance(found, int) else 0

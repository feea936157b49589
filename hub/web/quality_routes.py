"""The quality of publications, for the dataset's own department: its connectors and stewards."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from certs.canonical import Json
from certs.encoding import rfc3339
from hub.errors import Forbidden, NotFound
from hub.people.permissions import Permission, require
from hub.publish.quality import kept
from hub.publish.quality.kept import Checked
from hub.runtime import Hub
from hub.web.json_body import answer
from hub.web.session import person_of
from hub.web.signed import signed_call

MOST = 100


def quality_routes(hub: Hub) -> APIRouter:
    """One publication's quality, and how a dataset's has changed."""
    routes = APIRouter(prefix="/v1")

    @routes.get("/publications/{publication}/quality")
    async def of_publication(request: Request, publication: str) -> Response:
        department = await _department(request, hub)
        row = hub.reading.execute(
            "SELECT d.department FROM publications p JOIN datasets d ON d.code = p.dataset"
            " WHERE p.id = ?",
            (publication,),
        ).fetchone()
        if row is None:
            raise NotFound(what="publication")
        if row[0] != department:
            raise Forbidden(what="publication")
        found = kept.checked(hub.reading, publication)
        if found is None:
            raise NotFound(what="profile")
        return answer(_shown(hub, found))

    @routes.get("/datasets/{code}/quality")
    async def of_dataset(
        request: Request, code: str, last: Annotated[int, Query(ge=1, le=MOST)] = 10
    ) -> Response:
        department = await _department(request, hub)
        row = hub.reading.execute(
            "SELECT department FROM datasets WHERE code = ?", (code,)
        ).fetchone()
        if row is None or row[0] != department:
            # Whether another department has such a dataset is nobody's business.
            raise NotFound(what="dataset")
        found = kept.trend(hub.reading, code, last)
        publications: list[Json] = [_shown(hub, one) for one in found]
        return answer({"dataset": hub.settings.full(code), "publications": publications})

    return routes


async def _department(request: Request, hub: Hub) -> str:
    """Whose connector signed the request, or else whose steward is signed in."""
    if "signature-input" in request.headers:
        return (await signed_call(request, hub)).caller.department
    person = person_of(request, hub)
    require(person, Permission.READ_PUBLICATIONS)
    return person.department or ""


def _shown(hub: Hub, found: Checked) -> dict[str, Json]:
    return {
        "dataset": hub.settings.full(found.dataset),
        "findings": [*found.findings],
        "profile": found.profile.to_json(),
        "publication": found.publication,
        "state": found.state,
        "time": rfc3339(found.time),
    }

"""The figure, for heads, administrators and auditors."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hub.people.permissions import Permission, require
from hub.reuse.figure import figure_apart, told
from hub.runtime import Hub
from hub.web.json_body import answer
from hub.web.session import person_of

_Month = Annotated[str | None, Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
_From = Annotated[str | None, Query(alias="from", pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]


def reuse_routes(hub: Hub, routes: APIRouter) -> None:
    """What need not be brought; a head sees the own department's."""

    @routes.get("/reuse")
    async def reuse(request: Request, since: _From = None, to: _Month = None) -> Response:
        person = person_of(request, hub)
        require(person, Permission.READ_REUSE)
        whose = person.department
        found = await figure_apart(hub.folder, department=whose, since=since, until=to)
        return answer(told(found))

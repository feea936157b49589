"""What waits for whom, for signed-in people and their programs."""

from fastapi import APIRouter, Request, Response

from certs.canonical import Json
from hub.duties.waiting import waiting
from hub.runtime import Hub
from hub.usage.duties import source as grant_source
from hub.web.json_body import answer
from hub.web.session import person_of


def duty_routes(hub: Hub, routes: APIRouter) -> None:
    """One list for each person, empty for whoever has nothing to do."""

    @routes.get("/duties")
    async def list_duties(request: Request) -> Response:
        found = waiting(
            hub.reading, person_of(request, hub), hub.clock(), grant_source(hub.settings.grants)
        )
        told: list[Json] = [duty.to_json() for duty in found]
        return answer({"duties": told})

"""Acts of signed-in people on things that stand: the shape that their JSON routes share.

Who may is asked first, then the body is read strictly; the act is done on the version that the
person saw, and the thing is told as it stands then.
"""

from collections.abc import Callable
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import Field

from certs.canonical import Json
from hub.applications.application import Reason
from hub.ledger.change import Actor
from hub.people.permissions import Permission
from hub.runtime import Hub
from hub.web.json_body import Body, answer
from hub.web.person_request import Strict, allowed, given

Thing = TypeVar("Thing")
Act = Callable[[Actor, str, Body], Thing]
Version = Annotated[int, Field(ge=1, le=10**9)]


class VersionBody(Strict):
    """The version that the person saw."""

    version: Version


class ReasonBody(Strict):
    """A reason, or an outcome."""

    version: Version
    reason: Reason


class Acts(Generic[Thing]):
    """The acts on one kind of thing, which the path of each names."""

    def __init__(
        self, hub: Hub, routes: APIRouter, shown: Callable[[Hub, Thing], dict[str, Json]]
    ) -> None:
        self._hub = hub
        self._routes = routes
        self._shown = shown

    def on(
        self, method: Literal["POST", "PUT"], path: str, permission: Permission, kind: type[Body]
    ) -> Callable[[Act[Body, Thing]], Act[Body, Thing]]:
        """Give a route to an act, which gets the actor, the thing's name and the body."""

        def route(act: Act[Body, Thing]) -> Act[Body, Thing]:
            async def done(request: Request) -> Response:
                actor = allowed(request, self._hub, permission)
                asked = await given(request, self._hub, kind)
                (name,) = request.path_params.values()
                return answer(self._shown(self._hub, act(actor, name, asked)))

            self._routes.add_api_route(path, done, methods=[method], name=act.__name__)
            return act

        return route

"""What the JSON routes of signed-in people share: strict bodies, and who may."""

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from hub.ledger.change import Actor
from hub.people.permissions import Permission, require
from hub.runtime import Hub
from hub.web.front import read_body
from hub.web.json_body import Body, read_body_as
from hub.web.session import actor_of, person_of

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Strict(BaseModel):
    """A body without unknown members."""

    model_config = ConfigDict(extra="forbid", frozen=True)


async def given(request: Request, hub: Hub, kind: type[Body]) -> Body:
    """The request's body; raises ``MalformedJson``, ``Unprocessable`` or ``TooLarge``."""
    limits = hub.settings.limits
    body = await read_body(request.receive, limits.body_bytes)
    return read_body_as(kind, body, max_bytes=limits.body_bytes, max_depth=limits.json_depth)


def allowed(request: Request, hub: Hub, permission: Permission) -> Actor:
    """The signed-in person as one who changes something; raises ``Forbidden`` without the right."""
    person = person_of(request, hub)
    require(person, permission)
    return actor_of(person)

"""JSON in and out of the routes: canonical out, strict in."""

from collections.abc import Mapping
from typing import TypeVar

from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from certs.canonical import Json, canonical, parse
from hub.errors import Unprocessable

Body = TypeVar("Body", bound=BaseModel)


class CanonicalResponse(JSONResponse):
    """A response in canonical JSON (RFC 8785)."""

    def render(self, content: Json) -> bytes:
        """The bytes to send."""
        return canonical(content)


def answer(
    content: Json, status: int = 200, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A JSON response that no cache keeps."""
    return CanonicalResponse(content, status, {"cache-control": "no-store", **(headers or {})})


def empty(status: int = 204) -> Response:
    """A response without a body."""
    return Response(status_code=status, headers={"cache-control": "no-store"})


def read_body_as(kind: type[Body], body: bytes, *, max_bytes: int, max_depth: int) -> Body:
    """The body as ``kind``; raises ``MalformedJson``, or ``Unprocessable`` with the member."""
    value = parse(body, max_bytes=max_bytes, max_depth=max_depth)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Unprocessable(why=f"member {place[:64]}") from error

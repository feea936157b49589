"""The console's one style sheet; its address changes with its content."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.web.pages.frame import HEADERS, Console


def style_sheet(console: Console) -> APIRouter:
    """The route of the style sheet."""
    routes = console.routes()

    @routes.get("/static/console.css")
    async def style(_: Request) -> Response:
        headers = {**HEADERS, "cache-control": "public, max-age=31536000, immutable"}
        return Response(console.style, headers=headers, media_type="text/css")

    return routes

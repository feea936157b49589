"""Calls of the hub's API as a signed-in person, or as nobody yet."""

from collections.abc import Mapping

import httpx2 as httpx

from catalog.messages import Language
from certs.canonical import Json, canonical, parse
from certs.errors import Malformed
from hub.errors import HubError, Unavailable

_LIMIT = 64 << 20
_DEPTH = 32
_SECONDS = 60.0


class CallRefused(HubError):
    """The hub answered with a problem document."""

    code = "call-refused"

    def __init__(self, status: int, problem: Mapping[str, Json]) -> None:
        super().__init__(status=status)
        self._problem = problem

    def told(self, language: Language) -> str:
        """Title and detail as the hub gave them."""
        return "\n".join(_text(self._problem.get(name), language) for name in ("title", "detail"))


class Api:
    """The hub's JSON routes for people."""

    def __init__(self, address: str, token: str | None) -> None:
        self._client = httpx.Client(base_url=address, timeout=_SECONDS, trust_env=False)
        self._token = token

    def call(self, method: str, path: str, body: Mapping[str, Json] | None = None) -> Json:
        """One call; raises ``CallRefused``, or ``Unavailable`` if nobody answers."""
        headers = {"content-type": "application/json", **self._headers()}
        content = b"" if body is None else canonical(body)
        try:
            response = self._client.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(why="no-answer") from error
        try:
            value = parse(response.content, max_bytes=_LIMIT, max_depth=_DEPTH)
        except Malformed:
            value = None
        if response.status_code >= 400:  # noqa: PLR2004 RFC 9110: 4xx and 5xx
            raise CallRefused(response.status_code, value if isinstance(value, dict) else {})
        return value

    def download(self, path: str) -> bytes:
        """A file; raises as ``call`` does."""
        try:
            response = self._client.get(path, headers=self._headers())
        except httpx.HTTPError as error:
            raise Unavailable(why="no-answer") from error
        if response.status_code >= 400:  # noqa: PLR2004 RFC 9110: 4xx and 5xx
            raise CallRefused(response.status_code, _problem(response.content))
        return response.content

    def _headers(self) -> dict[str, str]:
        return {} if self._token is None else {"authorization": f"Bearer {self._token}"}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _problem(content: bytes) -> dict[str, Json]:
    try:
        value = parse(content, max_bytes=_LIMIT, max_depth=_DEPTH)
    except Malformed:
        return {}
    return value if isinstance(value, dict) else {}


def rows_of(value: Json, name: str) -> list[Mapping[str, Json]]:
    """The list of objects under ``name`` in an answer."""
    rows = value.get(name) if isinstance(value, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _text(value: Json, language: Language) -> str:
    if isinstance(value, dict):
        chosen = value.get(language)
        return chosen if isinstance(chosen, str) else ""
    return ""

"""Signed calls that are no questions: grants, definitions, publications, marks.

Only questions have receipts. What comes back here is believed as far as the connection is.
"""

import secrets
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from certs.canonical import Json, canonical, parse
from certs.errors import Malformed
from connectors.clock import Sleep
from connectors.errors import HubUnintelligible, HubUnreachable, Problem, Refused
from connectors.home import Identity
from connectors.transport import JSON_TYPE, MAX_ANSWER, Prepared, Response, Transport

TRIES = 4
"""Attempts at one request, in all (interface, *Retries*)."""
_FIRST_PAUSE = 0.2
_DEPTH = 12
_RANDOM = secrets.SystemRandom()
_REPEATABLE = frozenset({"GET", "PUT"})
_Model = TypeVar("_Model", bound=BaseModel)


class Calls:
    """Signs with the connector's key, repeats what may be repeated, raises what was refused."""

    def __init__(self, transport: Transport, identity: Identity, sleep: Sleep) -> None:
        self._transport = transport
        self._identity = identity
        self._sleep = sleep

    def sign(
        self, method: str, path: str, body: bytes = b"", content_type: str = JSON_TYPE
    ) -> Prepared:
        """Sign one attempt under a fresh nonce."""
        identity = self._identity
        return self._transport.sign(
            identity.key, identity.certificate.keyid, method, path, body, content_type
        )

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        content_type: str = JSON_TYPE,
        limit: int = MAX_ANSWER,
    ) -> Response:
        """Call and give the answer; raises ``Refused`` or ``HubError``.

        A lost connection is repeated only where doing it twice is the same as once.
        """
        for left in reversed(range(TRIES)):
            try:
                answer = self._transport.send(
                    self.sign(method, path, body, content_type), limit=limit
                )
            except HubUnreachable:
                if left == 0 or method not in _REPEATABLE:
                    raise
            else:
                if answer.status != HTTPStatus.SERVICE_UNAVAILABLE or left == 0:
                    break
            self.pause(TRIES - left)
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise Refused(read_problem(answer))
        return answer

    def post(self, path: str, value: Json) -> Response:
        """Post ``value`` as canonical JSON."""
        return self.call("POST", path, canonical(value))

    def pause(self, tried: int) -> None:
        """Wait before the next attempt: longer each time, and never all connectors at once."""
        self._sleep(pause_before(tried))


def pause_before(tried: int) -> float:
    """Seconds before the next attempt after ``tried`` ones."""
    return _FIRST_PAUSE * 2.0 ** (tried - 1) * _RANDOM.uniform(0.5, 1.5)


def read_model(answer: Response, model: type[_Model]) -> _Model:
    """The answer's JSON as ``model``; raises ``HubUnintelligible``."""
    try:
        parse(answer.body, max_bytes=MAX_ANSWER, max_depth=_DEPTH)
        return model.model_validate_json(answer.body)
    except (Malformed, ValidationError) as error:
        raise HubUnintelligible(why="form") from error


def read_problem(answer: Response) -> Problem:
    """The problem document of a refusal; anything else is told by its HTTP status alone."""
    try:
        value = parse(answer.body, max_bytes=MAX_ANSWER, max_depth=_DEPTH)
    except Malformed:
        value = None
    code = value.get("code") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(code, str):
        return Problem(f"http-{answer.status}", answer.status)
    facts = value.get("facts")
    return Problem(
        code=code,
        status=answer.status,
        title=_texts(value.get("title")),
        detail=_texts(value.get("detail")),
        facts=facts if isinstance(facts, dict) else {},
    )


def _texts(value: Json) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str)}

"""The routes of objections 校核, for connectors and signed-in people alike.

A connector acts for its department on either side; of people, what the role may do stands in
``hub/people/permissions.py`` and ``hub/objections/seeing.py``.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import StringConstraints

from certs.canonical import Json
from hub.calendar.corrections import working_days
from hub.errors import Forbidden, Unprocessable
from hub.ledger.change import Actor
from hub.objections import answering, opening, raising, register
from hub.objections.objection import Claim, Objection, Outcome, Reason, Status
from hub.objections.seeing import Act, acts, sees
from hub.people.permissions import Permission, require
from hub.people.sessions import Person
from hub.runtime import Hub
from hub.web.front import read_body
from hub.web.json_body import Body, answer, read_body_as
from hub.web.person_request import Strict
from hub.web.session import actor_of, person_of
from hub.web.signed import signed_call

_Publication = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class AnswerBody(Strict):
    """The provider's answer; ``publication`` is the one that corrected the value."""

    outcome: Outcome
    reason: Reason
    publication: _Publication | None = None


class Nothing(Strict):
    """An act that needs no word."""


class _Call:
    """A verified request: who acts, and with which body."""

    def __init__(self, hub: Hub, actor: Actor, person: Person | None, body: bytes) -> None:
        self._hub = hub
        self.actor = actor
        self.person = person
        self._body = body

    @property
    def seen(self) -> str | None:
        """The department whose objections are seen; None for all."""
        return self.actor.department if self.person is None else sees(self.person)

    def given(self, kind: type[Body]) -> Body:
        """The body; raises ``MalformedJson`` or ``Unprocessable``."""
        limits = self._hub.settings.limits
        return read_body_as(
            kind, self._body, max_bytes=limits.body_bytes, max_depth=limits.json_depth
        )

    def may(self, objection: str, act: Act) -> None:
        """Raise ``NotFound`` or ``Forbidden`` unless the caller may do this with an objection."""
        found = register.find(self._hub.reading, objection, self.seen)
        if self.person is None or act in acts(self.person, found):
            return
        # What has ended is told by the act itself.
        if found.status == "open" or act == "open":
            raise Forbidden(what="objection")


def objection_routes(hub: Hub) -> APIRouter:
    """Raising, reading, opening, answering and withdrawing."""
    routes = APIRouter(prefix="/v1")
    desk = hub.objections
    answers, raises = Permission.ANSWER_OBJECTIONS, Permission.RAISE_OBJECTIONS

    @routes.post("/datasets/{code}/objections")
    async def raise_objection(request: Request, code: str) -> Response:
        call = await _call(request, hub, raises)
        claim = call.given(Claim)
        raised = raising.raise_objection(desk, call.actor, code, claim)
        return answer(_shown(hub, raised), 201)

    @routes.get("/objections")
    async def list_objections(
        request: Request, status: Annotated[Status | None, Query()] = None
    ) -> Response:
        call = await _call(request, hub)
        found = register.listing(hub.reading, call.seen, status=status)
        calendar, now = working_days(hub.reading), hub.clock()
        told: list[Json] = [register.shown(one, calendar, now) for one in found]
        return answer({"objections": told})

    @routes.get("/objections/{objection}")
    async def one_objection(request: Request, objection: str) -> Response:
        call = await _call(request, hub)
        return answer(_shown(hub, register.find(hub.reading, objection, call.seen)))

    @routes.post("/objections/{objection}/content")
    async def content(request: Request, objection: str) -> Response:
        call = await _call(request, hub, raises, answers)
        call.may(objection, "open")
        call.given(Nothing)
        return answer(_opened(hub, opening.open_objection(desk, call.actor, objection)))

    @routes.post("/objections/{objection}/answer")
    async def answer_objection(request: Request, objection: str) -> Response:
        call = await _call(request, hub, answers)
        call.may(objection, "answer")
        given = call.given(AnswerBody)
        if (given.outcome == "corrected") != (given.publication is not None):
            raise Unprocessable(
                why="publication-missing" if given.publication is None else "publication-idle"
            )
        answered = answering.answer(
            desk, call.actor, objection, given.outcome, given.reason, given.publication
        )
        return answer(_shown(hub, answered))

    @routes.post("/objections/{objection}/withdraw")
    async def withdraw(request: Request, objection: str) -> Response:
        call = await _call(request, hub, raises)
        call.may(objection, "withdraw")
        call.given(Nothing)
        return answer(_shown(hub, answering.withdraw(desk, call.actor, objection)))

    return routes


async def _call(request: Request, hub: Hub, *permissions: Permission) -> _Call:
    """Whose connector signed the request, or else who is signed in and holds a permission."""
    if "signature-input" in request.headers:
        call = await signed_call(request, hub)
        return _Call(hub, call.actor, None, call.body)
    person = person_of(request, hub)
    if permissions:
        require(person, *permissions)
    body = b""
    if request.method == "POST":
        body = await read_body(request.receive, hub.settings.limits.body_bytes)
    return _Call(hub, actor_of(person), person, body)


def _shown(hub: Hub, objection: Objection) -> dict[str, Json]:
    return register.shown(objection, working_days(hub.reading), hub.clock())


def _opened(hub: Hub, opened: opening.OpenedObjection) -> dict[str, Json]:
    """The state with what was said; ``entry`` is where this opening stands in the log."""
    said: dict[str, Json] = opened.claim.model_dump(mode="json")
    told: dict[str, Json] = {
        "answer_reason": opened.reason,
        "entry": opened.entry,
        "objection": _shown(hub, opened.objection),
        "said": said,
    }
    return told

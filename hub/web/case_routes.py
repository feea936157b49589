"""The routes of cases: acts by a department's connector; states for the people who may see them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from certs.canonical import Json
from hub.cases import acts, commitments, kept
from hub.cases.answering import answer_of, concluded, summary
from hub.cases.asked import Given, Opening, Parties
from hub.cases.desk import Handler
from hub.cases.listing import listed
from hub.cases.opening import Opened, open_case
from hub.cases.seeing import sees
from hub.runtime import Hub
from hub.web.json_body import answer, read_body_as
from hub.web.session import person_of
from hub.web.signed import SignedCall, signed_call

CREATED = 201
_Officer = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")
]
_Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]


class ActBody(BaseModel):
    """An act: who does it, on the version that was seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(strict=True, ge=1, le=10**9)]
    officer: _Officer


class SupplementBody(ActBody):
    """Parties and fields that are added or replaced."""

    parties: Parties = {}
    given: Given = {}


class RequiredBody(BaseModel):
    """One material of one service."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: _Code
    material: _Code


class BroughtBody(ActBody):
    """A required material, and what it was filed as; null where its type cannot be filed."""

    required: RequiredBody
    filed: Annotated[str, StringConstraints(pattern=r"^m-[0-9a-f]{32}$")] | None = None


class CommitBody(ActBody):
    """Materials that the applicant promises."""

    materials: Annotated[tuple[RequiredBody, ...], Field(min_length=1, max_length=100)]


class OutcomeBody(ActBody):
    """What became of a commitment."""

    outcome: commitments.Outcome


class ConcludeBody(ActBody):
    """How the case ends, and why."""

    result: Literal["accepted", "refused"]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


def case_routes(hub: Hub) -> APIRouter:
    """Cases of departments, through their connectors; and their states for people."""
    routes = APIRouter(prefix="/v1")
    _deciding_routes(hub, routes)
    _acting_routes(hub, routes)
    _reading_routes(hub, routes)
    return routes


def _deciding_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/cases")
    async def open_(request: Request) -> Response:
        call = await signed_call(request, hub)
        asked = read_body_as(Opening, call.body, **_read(hub))
        opened = open_case(hub.cases, _handler(call, asked.officer), asked)
        return _told(hub, call, opened, status=200 if opened.position is None else CREATED)

    @routes.post("/cases/{case}/supplement")
    async def supplement(request: Request, case: str) -> Response:
        call = await signed_call(request, hub)
        asked = read_body_as(SupplementBody, call.body, **_read(hub))
        handler = _handler(call, asked.officer)
        done = acts.supplement(hub.cases, handler, case, asked.version, asked.parties, asked.given)
        return _reviewed(hub, call, done)

    @routes.post("/cases/{case}/review")
    async def review(request: Request, case: str) -> Response:
        call = await signed_call(request, hub)
        asked = read_body_as(ActBody, call.body, **_read(hub))
        handler = _handler(call, asked.officer)
        return _reviewed(hub, call, acts.review(hub.cases, handler, case, asked.version))

    @routes.post("/cases/{case}/conclude")
    async def conclude(request: Request, case: str) -> Response:
        call = await signed_call(request, hub)
        asked = read_body_as(ConcludeBody, call.body, **_read(hub))
        handler = _handler(call, asked.officer)
        conclusion = acts.Conclusion(asked.result, asked.reason)
        done = acts.conclude(hub.cases, handler, case, asked.version, conclusion)
        return _reviewed(hub, call, done)


def _acting_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/cases/{case}/materials")
    async def brought(request: Request, case: str) -> Response:
        call = await signed_call(request, hub)
        asked = read_body_as(BroughtBody, call.body, **_read(hub))
        handler = _handler(call, asked.officer)
        required = (asked.required.service, asked.required.material)
        done = acts.bring(hub.cases, handler, case, asked.version, required, asked.filed)
        return _told(hub, call, done)

    @routes.post("/cases/{case}/commitments")
    async def commit(request: Request, case: str) -> Response:
        call = await signed_call(request, hub)
        asked = read_body_as(CommitBody, call.body, **_read(hub))
        handler = _handler(call, asked.officer)
        promised = [(one.service, one.material) for one in asked.materials]
        done = commitments.commit(hub.cases, handler, case, asked.version, promised)
        return _told(hub, call, done, status=CREATED)

    @routes.post("/cases/{case}/commitments/{number}")
    async def settle(request: Request, case: str, number: int) -> Response:
        call = await signed_call(request, hub)
        asked = read_body_as(OutcomeBody, call.body, **_read(hub))
        handler = _handler(call, asked.officer)
        done = commitments.settle(hub.cases, handler, case, asked.version, number, asked.outcome)
        return _told(hub, call, done)

    @routes.post("/cases/{case}/withdraw")
    async def withdraw(request: Request, case: str) -> Response:
        call = await signed_call(request, hub)
        asked = read_body_as(ActBody, call.body, **_read(hub))
        handler = _handler(call, asked.officer)
        return _told(hub, call, acts.withdraw(hub.cases, handler, case, asked.version))


class ReadBody(BaseModel):
    """Who reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    officer: _Officer


def _reading_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/cases/{case}/read")
    async def read(request: Request, case: str) -> Response:
        call = await signed_call(request, hub)
        asked = read_body_as(ReadBody, call.body, **_read(hub))
        return _told(hub, call, acts.read(hub.cases, _handler(call, asked.officer), case))

    @routes.get("/cases")
    async def list_cases(
        request: Request,
        status: Annotated[Literal["open", "concluded", "withdrawn"] | None, Query()] = None,
        before: Annotated[str | None, Query(max_length=64)] = None,
    ) -> Response:
        seen = await _sees(request, hub)
        page = listed(hub.reading, seen, status=status, before=before)
        found: list[Json] = [summary(one) for one in page.cases]
        return answer({"cases": found, "more": page.more})

    @routes.get("/cases/{case}")
    async def one_case(request: Request, case: str) -> Response:
        seen = await _sees(request, hub)
        return answer(summary(kept.state_of(hub.reading, case, seen)))


async def _sees(request: Request, hub: Hub) -> str | None:
    """The department whose cases are seen: a connector's own, or a person's; None for all.

    Raises ``Forbidden``.
    """
    if "signature-input" in request.headers:
        return (await signed_call(request, hub)).caller.department
    return sees(person_of(request, hub))


def _read(hub: Hub) -> dict[str, int]:
    limits = hub.settings.limits
    return {"max_bytes": limits.body_bytes, "max_depth": limits.json_depth}


def _handler(call: SignedCall, officer: str) -> Handler:
    return Handler(call.caller, call.actor, officer)


def _told(hub: Hub, call: SignedCall, opened: Opened, *, status: int = 200) -> Response:
    return answer(answer_of(hub.cases, opened, call.caller.asker), status)


def _reviewed(hub: Hub, call: SignedCall, done: acts.Reviewed) -> Response:
    told: Mapping[str, Json] = answer_of(hub.cases, done.opened, call.caller.asker)
    return answer({**told, **concluded(done.fallen, done.lacking)})

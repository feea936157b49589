"""The JSON routes of a grant's life: dispositions, reviews, disposal, and emergency stops."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from certs.canonical import Json
from hub.access import reviews
from hub.access.grant import Instant, Terms
from hub.access.reason import Reason, Statement
from hub.access.reviews import Outcome as ReviewOutcome
from hub.access.standing_stops import What
from hub.calendar.corrections import working_days
from hub.people.permissions import Permission, require
from hub.runtime import Hub
from hub.usage import disposals, dispositions, stops
from hub.usage.disposals import Stated
from hub.usage.dispositions import Days, Outcome
from hub.usage.life import department_of, ended_without_disposal, life_of
from hub.web.json_body import answer
from hub.web.person_request import Strict, allowed, given
from hub.web.session import person_of

Version = Annotated[int, Field(ge=0, le=10**9)]


class RequestBody(Strict):
    """Why the provider asks for a disposition."""

    reason: Reason


class SuspensionBody(Strict):
    """Why a grant is suspended, what is to be put right, and in how many working days."""

    reason: Reason
    rectify: Statement
    days: Days | None = None


class ReportBody(Strict):
    """What was put right."""

    version: Version
    text: Statement


class VersionBody(Strict):
    """The version that the person saw."""

    version: Version


class OutcomeBody(Strict):
    """What comes of a disposition, and why."""

    version: Version
    outcome: Outcome
    reason: Reason


class ReviewBody(Strict):
    """What a review came to; ``terms`` if the grant is narrowed."""

    version: Version
    outcome: ReviewOutcome
    review_by: Instant | None = None
    terms: Terms | None = None


class StopBody(Strict):
    """What is to be stopped, and why."""

    what: What
    code: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Reason


def life_routes(hub: Hub, routes: APIRouter) -> None:
    """Between a grant's issue and its end, for signed-in people of all sides."""
    _reading_routes(hub, routes)
    _disposition_routes(hub, routes)
    _end_routes(hub, routes)
    _stop_routes(hub, routes)


def _reading_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.get("/grants/{grant_id}/life")
    async def life(request: Request, grant_id: str) -> Response:
        person = person_of(request, hub)
        require(person, Permission.READ_USAGE)
        return answer(life_of(hub.reading, hub.settings.grants, person, grant_id, hub.clock()))

    @routes.get("/ended-grants")
    async def ended(request: Request) -> Response:
        allowed(request, hub, Permission.READ_ALL_GRANTS)
        found: list[Json] = [*ended_without_disposal(hub.reading, hub.settings.grants, hub.clock())]
        return answer({"grants": found})


def _disposition_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/grants/{grant_id}/disposition/request")
    async def ask(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.ASK_FOR_DISPOSITION)
        asked = await given(request, hub, RequestBody)
        return answer(dispositions.ask(hub.changes, actor, grant_id, asked.reason).state(), 201)

    @routes.post("/grants/{grant_id}/disposition")
    async def suspend(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.CHANGE_GRANTS)
        asked = await given(request, hub, SuspensionBody)
        opened = dispositions.suspend(
            hub.changes,
            actor,
            grant_id,
            reason=asked.reason,
            rectify=asked.rectify,
            days=asked.days or hub.settings.grants.rectify_days,
            calendar=working_days(hub.reading),
        )
        return answer(opened.state(), 201)

    @routes.put("/grants/{grant_id}/disposition/report")
    async def report(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.ACCOUNT_FOR_USE)
        asked = await given(request, hub, ReportBody)
        found = dispositions.report(hub.changes, actor, grant_id, asked.version, asked.text)
        return answer(found.state())

    @routes.post("/grants/{grant_id}/disposition/report/sign")
    async def sign_report(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.SIGN_ACCOUNTS)
        asked = await given(request, hub, VersionBody)
        found = dispositions.sign_report(hub.changes, actor, grant_id, asked.version)
        return answer(found.state())

    @routes.post("/grants/{grant_id}/disposition/outcome")
    async def conclude(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.CHANGE_GRANTS)
        asked = await given(request, hub, OutcomeBody)
        found = dispositions.conclude(
            hub.changes, actor, grant_id, asked.version, asked.outcome, asked.reason
        )
        return answer(found.state())


def _end_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/grants/{grant_id}/review")
    async def review(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.CHANGE_GRANTS)
        asked = await given(request, hub, ReviewBody)
        found = reviews.review(
            hub.changes,
            actor,
            grant_id,
            asked.version,
            outcome=asked.outcome,
            review_by=asked.review_by,
            terms=asked.terms,
        )
        return answer(found.state())

    @routes.put("/grants/{grant_id}/disposal")
    async def dispose(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.ACCOUNT_FOR_USE)
        asked = await given(request, hub, Stated)
        found = disposals.draft(hub.changes, actor, hub.reading, grant_id, asked)
        return answer(found.state())

    @routes.post("/grants/{grant_id}/disposal/sign")
    async def sign_disposal(request: Request, grant_id: str) -> Response:
        actor = allowed(request, hub, Permission.SIGN_ACCOUNTS)
        asked = await given(request, hub, VersionBody)
        found = disposals.sign(hub.changes, actor, hub.reading, grant_id, asked.version)
        return answer(found.state())


def _stop_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.get("/stops")
    async def list_stops(request: Request) -> Response:
        person = person_of(request, hub)
        require(person, Permission.READ_STOPS)
        every = request.query_params.get("all") == "yes"
        found = stops.listing(hub.reading, department_of(person), all_=every)
        told: list[Json] = [one.state() for one in found]
        return answer({"stops": told})

    @routes.post("/stops")
    async def stop(request: Request) -> Response:
        actor = allowed(request, hub, Permission.STOP)
        asked = await given(request, hub, StopBody)
        made = stops.stop(hub.changes, actor, asked.what, asked.code, asked.reason)
        return answer(made.state(), 201)

    @routes.post("/stops/{stop_id}/lift")
    async def lift(request: Request, stop_id: str) -> Response:
        actor = allowed(request, hub, Permission.STOP)
        asked = await given(request, hub, RequestBody)
        return answer(stops.lift(hub.changes, actor, stop_id, asked.reason).state())

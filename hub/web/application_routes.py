"""The JSON routes of applications and of the calendar by which their times are reckoned."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from catalog.masks import Mask
from certs.canonical import Json
from hub.access.grant import Slug as Code
from hub.applications import answering, applying, register
from hub.applications.application import Application, Elements, Extension, Gap, Reason
from hub.applications.seeing import sees
from hub.calendar import corrections
from hub.calendar.statutory import day_of
from hub.errors import Unprocessable
from hub.ledger.change import Actor
from hub.people.permissions import Permission
from hub.runtime import Hub
from hub.web.acts import Acts, ReasonBody, Version, VersionBody
from hub.web.json_body import answer
from hub.web.person_request import Line, Slug, Strict, allowed, given
from hub.web.session import person_of


class DraftBody(Strict):
    """A new application."""

    dataset: Slug
    elements: Elements


class AmendBody(Strict):
    """What is stated from now on, in place of what was in ``version``."""

    version: Version
    elements: Elements


class GapsBody(Strict):
    """All that an application lacks, in the provider's eyes."""

    version: Version
    gaps: Annotated[tuple[Gap, ...], Field(min_length=1, max_length=100)]


class ReplyBody(Strict):
    """Each wanted item with its mask, or refused with the reason."""

    version: Version
    items: Annotated[dict[Code, Mask], Field(max_length=500)]
    refused: dict[Code, Reason] = Field(default_factory=dict, max_length=500)


class TimeBody(Strict):
    """How many working days more, and why."""

    version: Version
    days: Annotated[int, Field(ge=1, le=10)]
    reason: Reason


class DayBody(Strict):
    """Whether a day is worked; null: as announced again."""

    working: bool | None
    basis: Line


def application_routes(hub: Hub, routes: APIRouter) -> None:
    """Applications, for signed-in people of both sides and for administrators."""
    _reading_routes(hub, routes)
    acts = Acts(hub, routes, _shown)
    _applicant_routes(hub, routes, acts)
    _provider_routes(hub, acts)
    _authority_routes(hub, acts)
    _calendar_routes(hub, routes)


def _reading_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.get("/applications")
    async def list_applications(request: Request) -> Response:
        seen = sees(person_of(request, hub))
        found = register.listing(hub.reading, seen)
        calendar, now = corrections.working_days(hub.reading), hub.clock()
        told: list[Json] = [register.shown(one, calendar, now) for one in found]
        return answer({"applications": told})

    @routes.get("/applications/{application}")
    async def one_application(request: Request, application: str) -> Response:
        seen = sees(person_of(request, hub))
        return answer(_shown(hub, register.find(hub.reading, application, seen)))


def _applicant_routes(hub: Hub, routes: APIRouter, acts: Acts[Application]) -> None:
    @routes.post("/applications")
    async def draft(request: Request) -> Response:
        actor = allowed(request, hub, Permission.APPLY)
        asked = await given(request, hub, DraftBody)
        drafted, lacking = applying.draft(hub.changes, actor, asked.dataset, asked.elements)
        return answer({**_shown(hub, drafted), "gaps": _gaps(lacking)}, 201)

    @routes.put("/applications/{application}")
    async def amend(request: Request, application: str) -> Response:
        actor = allowed(request, hub, Permission.APPLY)
        asked = await given(request, hub, AmendBody)
        amended, lacking = applying.amend(
            hub.changes, actor, application, asked.version, asked.elements
        )
        return answer({**_shown(hub, amended), "gaps": _gaps(lacking)})

    @acts.on("POST", "/applications/{application}/sign", Permission.SIGN_APPLICATIONS, VersionBody)
    def sign(actor: Actor, application: str, asked: VersionBody) -> Application:
        calendar = corrections.working_days(hub.reading)
        return applying.sign(hub.changes, actor, application, asked.version, calendar)

    @acts.on("POST", "/applications/{application}/withdraw", Permission.APPLY, VersionBody)
    def withdraw(actor: Actor, application: str, asked: VersionBody) -> Application:
        return applying.withdraw(hub.changes, actor, application, asked.version)

    @acts.on("POST", "/applications/{application}/dispute", Permission.APPLY, ReasonBody)
    def dispute(actor: Actor, application: str, asked: ReasonBody) -> Application:
        return applying.dispute(hub.changes, actor, application, asked.version, asked.reason)


def _provider_routes(hub: Hub, acts: Acts[Application]) -> None:
    @acts.on("POST", "/applications/{application}/return", Permission.REPLY, GapsBody)
    def give_back(actor: Actor, application: str, asked: GapsBody) -> Application:
        return answering.give_back(hub.changes, actor, application, asked.version, asked.gaps)

    @acts.on("PUT", "/applications/{application}/reply", Permission.REPLY, ReplyBody)
    def prepare(actor: Actor, application: str, asked: ReplyBody) -> Application:
        return answering.prepare(
            hub.changes, actor, application, asked.version, asked.items, asked.refused
        )

    @acts.on("POST", "/applications/{application}/reply/sign", Permission.SIGN_REPLIES, VersionBody)
    def sign_reply(actor: Actor, application: str, asked: VersionBody) -> Application:
        calendar = corrections.working_days(hub.reading)
        return answering.sign_reply(hub.changes, actor, application, asked.version, calendar)

    @acts.on("POST", "/applications/{application}/extension", Permission.REPLY, TimeBody)
    def ask_for_time(actor: Actor, application: str, asked: TimeBody) -> Application:
        extension = Extension(reason=asked.reason, days=asked.days)
        return answering.ask_for_time(hub.changes, actor, application, asked.version, extension)

    @acts.on("POST", "/applications/{application}/delivery", Permission.REPLY, VersionBody)
    def deliver(actor: Actor, application: str, asked: VersionBody) -> Application:
        return answering.deliver(hub.changes, actor, application, asked.version)


def _authority_routes(hub: Hub, acts: Acts[Application]) -> None:
    @acts.on(
        "POST",
        "/applications/{application}/extension/consent",
        Permission.CONSENT_TO_TIME,
        VersionBody,
    )
    def consent_to_time(actor: Actor, application: str, asked: VersionBody) -> Application:
        calendar = corrections.working_days(hub.reading)
        return answering.consent_to_time(hub.changes, actor, application, asked.version, calendar)

    @acts.on(
        "POST",
        "/applications/{application}/dispute/settlement",
        Permission.SETTLE_DISPUTES,
        ReasonBody,
    )
    def settle(actor: Actor, application: str, asked: ReasonBody) -> Application:
        return answering.settle(hub.changes, actor, application, asked.version, asked.reason)


def _calendar_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.get("/calendar")
    async def list_days(request: Request) -> Response:
        person_of(request, hub)
        days: list[Json] = [*corrections.listing(hub.reading)]
        return answer({"days": days})

    @routes.put("/calendar/{day}")
    async def correct(request: Request, day: str) -> Response:
        actor = allowed(request, hub, Permission.CORRECT_CALENDAR)
        asked = await given(request, hub, DayBody)
        entry = corrections.correct(
            hub.changes,
            actor,
            _day(day),
            working=asked.working,
            basis=asked.basis,
            today=day_of(hub.clock()),
        )
        return answer({"entry": entry})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Unprocessable(why="day") from error


def _shown(hub: Hub, application: Application) -> dict[str, Json]:
    return register.shown(application, corrections.working_days(hub.reading), hub.clock())


def _gaps(lacking: tuple[Gap, ...]) -> list[Json]:
    return [{"where": gap.where, "why": gap.why} for gap in lacking]

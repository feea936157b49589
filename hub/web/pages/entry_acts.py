"""The acts on a catalogue entry: a button, a reason, or the few fields that the act needs."""

from collections.abc import Callable
from typing import TypeAlias

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from hub.applications.application import REASON, Gap
from hub.calendar.corrections import working_days
from hub.catalogue import closing, deciding, drafting
from hub.catalogue.acts import NEEDS, Act
from hub.catalogue.entry import MOST_DAYS, Approval, Assessment, Extension, Status
from hub.errors import Unprocessable
from hub.ledger.change import Actor
from hub.runtime import Hub
from hub.web.pages.entries import PLACES
from hub.web.pages.form import Form
from hub.web.pages.frame import Console
from hub.web.session import actor_of

Doing: TypeAlias = Callable[[Hub, Actor, str, int, Form], object]


def entry_act_pages(console: Console) -> APIRouter:
    """The routes of acts; each is for whom ``NEEDS`` says."""
    routes = console.routes()
    for act, doing in _ACTS.items():
        _act(console, routes, act, doing)
    return routes


def _act(console: Console, routes: APIRouter, act: Act, doing: Doing) -> None:
    @routes.post(f"/entries/{{code}}/{act}")
    async def perform(request: Request, code: str) -> Response:
        visitor = console.visitor(request, NEEDS[act])
        form = await console.form(request, visitor)
        doing(console.hub, actor_of(visitor.person), code, form.number("version") or 0, form)
        return console.redirect(f"/entries/{code}")


def _assess(hub: Hub, actor: Actor, code: str, version: int, form: Form) -> object:
    secrecy, privacy = (_assessment(form, name) for name in ("secrecy", "privacy"))
    return drafting.assess(hub.changes, actor, code, version, secrecy=secrecy, privacy=privacy)


def _assessment(form: Form, name: str) -> Assessment | None:
    """An assessment as filled in; None where nothing is. Raises ``Unprocessable``."""
    given = {one: form.one(f"{name}.{one}") for one in ("result", "reference", "day")}
    if not any(given.values()):
        return None
    try:
        return Assessment.model_validate(given)
    except ValidationError as error:
        raise Unprocessable(why=f"assessment-{error.errors()[0]['loc'][0]}") from error


def _change(hub: Hub, actor: Actor, code: str, version: int, form: Form) -> object:
    calendar = working_days(hub.reading)
    return drafting.note_change(hub.changes, actor, code, version, _reason(form), calendar)


def _extension(hub: Hub, actor: Actor, code: str, version: int, form: Form) -> object:
    days = form.number("days") or 0
    if not 1 <= days <= MOST_DAYS:
        raise Unprocessable(why="days")
    asked = Extension(reason=_reason(form), days=days)
    return drafting.ask_for_time(hub.changes, actor, code, version, asked)


def _discard(hub: Hub, actor: Actor, code: str, version: int, _: Form) -> object:
    return drafting.discard(hub.changes, actor, code, version)


def _approve(hub: Hub, actor: Actor, code: str, version: int, form: Form) -> object:
    reference = form.one("reference")
    try:
        Approval(reference=reference, signed=None)
    except ValidationError as error:
        raise Unprocessable(why="reference") from error
    calendar = working_days(hub.reading)
    return deciding.approve(hub.changes, actor, code, version, reference, calendar)


def _return(hub: Hub, actor: Actor, code: str, version: int, form: Form) -> object:
    given = form.beginning("gap.")
    reasons = [Gap(where=place, why=given[place][:500]) for place in PLACES if given.get(place)]
    return deciding.give_back(hub.changes, actor, code, version, reasons)


def _review(hub: Hub, actor: Actor, code: str, version: int, _: Form) -> object:
    return deciding.review(hub.changes, actor, code, version)


def _publish(hub: Hub, actor: Actor, code: str, version: int, _: Form) -> object:
    return deciding.publish(hub.changes, actor, code, version)


def _consent(hub: Hub, actor: Actor, code: str, version: int, _: Form) -> object:
    calendar = working_days(hub.reading)
    return deciding.consent_to_time(hub.changes, actor, code, version, calendar)


def _closing(status: Status) -> Doing:
    def close(hub: Hub, actor: Actor, code: str, version: int, form: Form) -> object:
        return closing.close(hub.changes, actor, code, version, status, _reason(form))

    return close


_ACTS: dict[Act, Doing] = {
    "assessments": _assess,
    "change": _change,
    "extension": _extension,
    "discard": _discard,
    "approve": _approve,
    "return": _return,
    "review": _review,
    "publish": _publish,
    "consent": _consent,
    "suspend": _closing("suspended"),
    "resume": _closing("published"),
    "withdraw": _closing("withdrawn"),
}


def _reason(form: Form) -> str:
    reason = form.text("reason")
    if len(reason) not in REASON:
        raise Unprocessable(why="reason")
    return reason

"""The acts on an application that need no page of their own: one button, at most with a reason."""

from collections.abc import Callable
from typing import TypeAlias

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.applications import answering, applying
from hub.applications.acts import NEEDS, Act
from hub.applications.application import REASON, Extension
from hub.calendar.corrections import working_days
from hub.errors import Unprocessable
from hub.ledger.change import Actor
from hub.runtime import Hub
from hub.web.pages.form import Form
from hub.web.pages.frame import Console
from hub.web.session import actor_of

MOST_DAYS = 10
"""Working days by which a reply's period may be extended (政务数据共享条例, Art 21)."""

Doing: TypeAlias = Callable[[Hub, Actor, str, int, Form], object]


def application_act_pages(console: Console) -> APIRouter:
    """The routes of acts; each is for whom ``NEEDS`` says."""
    routes = console.routes()
    for act, doing in _ACTS.items():
        _act(console, routes, act, doing)
    return routes


def _act(console: Console, routes: APIRouter, act: Act, doing: Doing) -> None:
    @routes.post(f"/applications/{{application}}/{act}")
    async def perform(request: Request, application: str) -> Response:
        visitor = console.visitor(request, NEEDS[act])
        form = await console.form(request, visitor)
        actor, version = actor_of(visitor.person), form.number("version") or 0
        doing(console.hub, actor, application, version, form)
        return console.redirect(f"/applications/{application}")


def _sign(hub: Hub, actor: Actor, application: str, version: int, _: Form) -> object:
    return applying.sign(hub.changes, actor, application, version, working_days(hub.reading))


def _withdraw(hub: Hub, actor: Actor, application: str, version: int, _: Form) -> object:
    return applying.withdraw(hub.changes, actor, application, version)


def _dispute(hub: Hub, actor: Actor, application: str, version: int, form: Form) -> object:
    return applying.dispute(hub.changes, actor, application, version, _reason(form))


def _sign_reply(hub: Hub, actor: Actor, application: str, version: int, _: Form) -> object:
    calendar = working_days(hub.reading)
    return answering.sign_reply(hub.changes, actor, application, version, calendar)


def _extension(hub: Hub, actor: Actor, application: str, version: int, form: Form) -> object:
    days = form.number("days") or 0
    if not 1 <= days <= MOST_DAYS:
        raise Unprocessable(why="days")
    asked = Extension(reason=_reason(form), days=days)
    return answering.ask_for_time(hub.changes, actor, application, version, asked)


def _consent(hub: Hub, actor: Actor, application: str, version: int, _: Form) -> object:
    calendar = working_days(hub.reading)
    return answering.consent_to_time(hub.changes, actor, application, version, calendar)


def _deliver(hub: Hub, actor: Actor, application: str, version: int, _: Form) -> object:
    return answering.deliver(hub.changes, actor, application, version)


def _settle(hub: Hub, actor: Actor, application: str, version: int, form: Form) -> object:
    return answering.settle(hub.changes, actor, application, version, _reason(form))


_ACTS: dict[Act, Doing] = {
    "sign": _sign,
    "withdraw": _withdraw,
    "dispute": _dispute,
    "sign-reply": _sign_reply,
    "extension": _extension,
    "consent": _consent,
    "delivery": _deliver,
    "settlement": _settle,
}


def _reason(form: Form) -> str:
    reason = form.text("reason")
    if len(reason) not in REASON:
        raise Unprocessable(why="reason")
    return reason

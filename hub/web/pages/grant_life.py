"""A grant between its issue and its end: the acts on its page, and the list of what has ended."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from certs.encoding import rfc3339
from hub.access import grants, reviews
from hub.access.grant import Terms
from hub.access.reviews import Outcome as ReviewOutcome
from hub.calendar.corrections import working_days
from hub.errors import Unprocessable
from hub.ledger.change import Actor
from hub.people.permissions import Permission
from hub.runtime import Hub
from hub.usage import disposals, dispositions
from hub.usage.disposals import Stated
from hub.usage.dispositions import Outcome
from hub.usage.life import ended_without_disposal
from hub.web.pages.form import Form
from hub.web.pages.frame import Console
from hub.web.pages.grants import register_of
from hub.web.pages.words import end_of_day, start_of_day
from hub.web.pages.written import model, reason, statement
from hub.web.session import actor_of

Doing: TypeAlias = Callable[[Hub, Actor, str, Form], object]
_OUTCOMES: Mapping[str, Outcome] = {
    "declined": "declined",
    "resumed": "resumed",
    "terminated": "terminated",
}
_LONGEST_DAYS = 250


def grant_life_pages(console: Console) -> APIRouter:
    """The routes of acts; register them before those that take any act of a grant."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/grants/ended")
    async def ended(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_ALL_GRANTS)
        return console.page(
            request,
            visitor,
            "grants_ended.html",
            register=register_of(hub),
            found=list(ended_without_disposal(hub.reading, hub.settings.grants, hub.clock())),
        )

    for path, (permission, doing) in _ACTS.items():
        _act(console, routes, path, permission, doing)
    return routes


def _act(
    console: Console, routes: APIRouter, act: str, permission: Permission, doing: Doing
) -> None:
    @routes.post(f"/grants/{{grant_id}}/{act}")
    async def perform(request: Request, grant_id: str) -> Response:
        visitor = console.visitor(request, permission)
        form = await console.form(request, visitor)
        doing(console.hub, actor_of(visitor.person), grant_id, form)
        return console.redirect(f"/grants/{grant_id}")


def _request(hub: Hub, actor: Actor, grant_id: str, form: Form) -> object:
    return dispositions.ask(hub.changes, actor, grant_id, reason(form))


def _disposition(hub: Hub, actor: Actor, grant_id: str, form: Form) -> object:
    days = form.number("days") or 0
    if not 1 <= days <= _LONGEST_DAYS:
        raise Unprocessable(why="days")
    return dispositions.suspend(
        hub.changes,
        actor,
        grant_id,
        reason=reason(form),
        rectify=statement(form, "rectify"),
        days=days,
        calendar=working_days(hub.reading),
    )


def _report(hub: Hub, actor: Actor, grant_id: str, form: Form) -> object:
    written = statement(form, "text")
    return dispositions.report(hub.changes, actor, grant_id, form.number("version") or 0, written)


def _sign_report(hub: Hub, actor: Actor, grant_id: str, form: Form) -> object:
    return dispositions.sign_report(hub.changes, actor, grant_id, form.number("version") or 0)


def _outcome(hub: Hub, actor: Actor, grant_id: str, form: Form) -> object:
    outcome = _OUTCOMES.get(form.one("outcome"))
    if outcome is None:
        raise Unprocessable(why="outcome")
    version = form.number("version") or 0
    return dispositions.conclude(hub.changes, actor, grant_id, version, outcome, reason(form))


def _review(hub: Hub, actor: Actor, grant_id: str, form: Form) -> object:
    """Kept if nothing was taken from it; what is not ticked any more is taken from it."""
    grant = grants.find(hub.reading, grant_id)
    terms, outcome = None, form.one("outcome")
    kept: ReviewOutcome = "ended" if outcome == "ended" else "kept"
    if outcome not in {"kept", "ended"}:
        raise Unprocessable(why="outcome")
    if kept == "kept":
        items = {code: grant.items[code] for code in form.many("item") if code in grant.items}
        purposes = frozenset(form.many("purpose")) & grant.purposes
        if len(items) < len(grant.items) or purposes < grant.purposes:
            kept = "narrowed"
            state = grant.terms().model_dump()
            terms = model(Terms, {**state, "items": items, "purposes": purposes})
    next_one = end_of_day(form.one("review_by")) if form.one("review_by") else None
    if form.one("review_by") and next_one is None:
        raise Unprocessable(why="date")
    return reviews.review(
        hub.changes,
        actor,
        grant_id,
        form.number("version") or 0,
        outcome=kept,
        review_by=None if next_one is None else rfc3339(next_one),
        terms=terms,
    )


def _disposal(hub: Hub, actor: Actor, grant_id: str, form: Form) -> object:
    done = start_of_day(form.one("at"))
    if done is None:
        raise Unprocessable(why="date")
    stated = model(
        Stated,
        {
            "how": form.one("how"),
            "basis": form.one("basis"),
            "method": form.text("method"),
            "scope": form.text("scope"),
            "count": form.number("count"),
            "at": rfc3339(done),
        },
    )
    return disposals.draft(hub.changes, actor, hub.reading, grant_id, stated)


def _sign_disposal(hub: Hub, actor: Actor, grant_id: str, form: Form) -> object:
    version = form.number("version") or 0
    return disposals.sign(hub.changes, actor, hub.reading, grant_id, version)


_ACTS: Mapping[str, tuple[Permission, Doing]] = {
    "disposition/request": (Permission.ASK_FOR_DISPOSITION, _request),
    "disposition": (Permission.CHANGE_GRANTS, _disposition),
    "disposition/report": (Permission.ACCOUNT_FOR_USE, _report),
    "disposition/sign": (Permission.SIGN_ACCOUNTS, _sign_report),
    "disposition/outcome": (Permission.CHANGE_GRANTS, _outcome),
    "review": (Permission.CHANGE_GRANTS, _review),
    "disposal": (Permission.ACCOUNT_FOR_USE, _disposal),
    "disposal/sign": (Permission.SIGN_ACCOUNTS, _sign_disposal),
}

"""The provider's two forms: what is missing, all at once; and the reply, item by item."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.definition import Dataset
from catalog.masks import Mask
from hub.applications import answering, register
from hub.applications.application import REASON, Application, Gap
from hub.applications.seeing import sees
from hub.errors import Conflict, NotFound, Unprocessable
from hub.people.permissions import Permission
from hub.people.sessions import Person
from hub.runtime import Hub
from hub.web.pages.applications import definition_of, in_order
from hub.web.pages.elements import at_fields
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.grants import register_of
from hub.web.pages.terms import choices
from hub.web.session import actor_of

REFUSE = "refuse"
"""In place of a mask: the item is refused."""
PLACES = (
    "basis",
    "scenario",
    "scope",
    "method",
    "valid_until",
    "items",
    "purposes",
    "operations",
    "channels",
)
"""Where something may be missing, in the order in which pages show it."""
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """What somebody chose for each item: a mask, ``refuse``, or nothing yet; and the reasons."""

    answers: dict[str, str]
    reasons: dict[str, str]
    version: int

    @classmethod
    def of(cls, application: Application) -> "ReplyForm":
        """The reply as it was prepared, or an empty one."""
        reply = application.reply
        if reply is None:
            return cls({}, {}, application.version)
        answers = {**reply.items, **dict.fromkeys(reply.refused, REFUSE)}
        return cls(answers, dict(reply.refused), application.version)

    @classmethod
    def read(cls, form: Form) -> "ReplyForm":
        """The form as sent; raises ``Unprocessable``."""
        answers = {code: value for code, value in form.beginning("item.").items() if value}
        reasons = {code: value for code, value in form.beginning("reason.").items() if value}
        return cls(answers, reasons, form.number("version") or 0)

    def faults(self, wanted: tuple[str, ...], definition: Dataset) -> tuple[Gap, ...]:
        """Every item that is not answered as it must be."""
        found: list[Gap] = []
        for code in wanted:
            answer, reason = self.answers.get(code), self.reasons.get(code, "")
            item = definition.by_code.get(code)
            offered = () if item is None else choices(item)
            if answer is None or (answer != REFUSE and answer not in offered):
                found.append(Gap(where=code, why="item-not-answered"))
            elif answer == REFUSE and len(reason) not in REASON:
                found.append(Gap(where=code, why="reason"))
            elif answer != REFUSE and reason:
                found.append(Gap(where=code, why="reason-idle"))
        return tuple(found)

    def items(self, wanted: tuple[str, ...], definition: Dataset) -> dict[str, Mask]:
        """The granted items with their masks."""
        return {
            code: mask
            for code in wanted
            for mask in choices(definition.by_code[code])
            if self.answers.get(code) == mask
        }

    def refused(self, wanted: tuple[str, ...]) -> dict[str, str]:
        """The refused items with their reasons."""
        return {code: self.reasons[code] for code in wanted if self.answers[code] == REFUSE}


def answering_pages(console: Console) -> APIRouter:
    """The routes of the provider's forms; all for stewards."""
    routes = console.routes()
    _reply_routes(console, routes)
    _return_routes(console, routes)
    return routes


def _reply_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/applications/{application}/reply")
    async def fill(request: Request, application: str) -> Response:
        visitor = console.visitor(request, Permission.REPLY)
        found = _received(hub, visitor.person, application)
        return _reply_form(console, request, visitor, found, ReplyForm.of(found), ())

    @routes.post("/applications/{application}/reply")
    async def prepare(request: Request, application: str) -> Response:
        visitor = console.visitor(request, Permission.REPLY)
        form = await console.form(request, visitor)
        found = _received(hub, visitor.person, application)
        definition = definition_of(register_of(hub), found)
        filled, wanted = ReplyForm.read(form), found.elements.items
        faults = filled.faults(wanted, definition)
        if faults:
            return _reply_form(console, request, visitor, found, filled, faults)
        answering.prepare(
            hub.changes,
            actor_of(visitor.person),
            application,
            filled.version,
            filled.items(wanted, definition),
            filled.refused(wanted),
        )
        return console.redirect(f"/applications/{application}")


def _reply_form(
    console: Console,
    request: Request,
    visitor: Visitor,
    application: Application,
    filled: ReplyForm,
    faults: tuple[Gap, ...],
) -> Response:
    known = register_of(console.hub)
    definition = definition_of(known, application)
    return console.page(
        request,
        visitor,
        "application_reply.html",
        UNPROCESSABLE if faults else 200,
        register=known,
        application=application,
        definition=definition,
        wanted=in_order(application.elements.items, definition),
        choices={item.code: choices(item) for item in definition.items},
        filled=filled,
        faults=at_fields(faults, visitor.language),
    )


def _return_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/applications/{application}/return")
    async def fill(request: Request, application: str) -> Response:
        visitor = console.visitor(request, Permission.REPLY)
        found = _received(hub, visitor.person, application)
        if found.returned:
            raise Conflict(why="returned-before")
        known = register_of(hub)
        return console.page(
            request,
            visitor,
            "application_return.html",
            register=known,
            application=found,
            definition=definition_of(known, found),
            places=PLACES,
        )

    @routes.post("/applications/{application}/return")
    async def give_back(request: Request, application: str) -> Response:
        visitor = console.visitor(request, Permission.REPLY)
        form = await console.form(request, visitor)
        _received(hub, visitor.person, application)
        told = {place: form.text(f"gap.{place}") for place in PLACES}
        if any(len(why) >= REASON.stop for why in told.values()):
            raise Unprocessable(why="reason")
        lacking = [Gap(where=place, why=why) for place, why in told.items() if why]
        version = form.number("version") or 0
        answering.give_back(hub.changes, actor_of(visitor.person), application, version, lacking)
        return console.redirect(f"/applications/{application}")


def _received(hub: Hub, person: Person, application: str) -> Application:
    """An application that the own department has to answer.

    Raises ``NotFound``, also on the applicant's side, and ``Conflict``.
    """
    found = register.find(hub.reading, application, sees(person))
    if found.provider != person.department:
        raise NotFound(what="application")
    if found.status != "submitted":
        raise Conflict(why=f"application-{found.status}")
    return found

"""Drafting a delegation: the form, and what is wrong with it."""

from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from certs.encoding import rfc3339
from hub.delegation import acts, register
from hub.delegation.delegation import Delegation, Terms
from hub.delegation.seeing import sees
from hub.errors import Conflict, HubError, NotFound, Unprocessable
from hub.people.permissions import Permission
from hub.people.sessions import Person
from hub.runtime import Hub
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.grants import register_of
from hub.web.pages.words import day, end_of_day, last_day, start_of_day
from hub.web.session import actor_of

NEW = "/delegations/new"
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class TermsForm:
    """The form as filled in."""

    to: str = ""
    services: str = ""
    purposes: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    items: str = ""
    channels: tuple[str, ...] = ("connector", "console")
    begins: str = ""
    ends: str = ""
    cap: str = ""
    basis: str = ""
    version: int = 0

    @classmethod
    def read(cls, form: Form) -> "TermsForm":
        """The form as sent."""
        return cls(
            to=form.one("to"),
            services=form.text("services"),
            purposes=form.many("purpose"),
            datasets=form.many("dataset"),
            items=form.text("items"),
            channels=form.many("channel"),
            begins=form.one("valid_from"),
            ends=form.one("valid_until"),
            cap=form.one("daily_cap"),
            basis=form.text("basis"),
            version=form.number("version") or 0,
        )

    @classmethod
    def of(cls, found: Delegation) -> "TermsForm":
        """The form that gives what a draft states."""
        return cls(
            to=found.to,
            services="\n".join(found.services),
            purposes=found.purposes,
            datasets=found.datasets,
            items="\n".join(found.items),
            channels=found.channels,
            begins=day(found.begins),
            ends=last_day(found.ends),
            cap="" if found.daily_cap is None else str(found.daily_cap),
            basis=found.basis,
            version=found.version,
        )

    def terms(self) -> Terms:
        """What is stated; raises ``ValidationError``."""
        begins, ends = start_of_day(self.begins), end_of_day(self.ends)
        cap = int(self.cap) if self.cap.isascii() and self.cap.isdigit() else self.cap or None
        return Terms.model_validate(
            {
                "to": self.to,
                "services": tuple(self.services.split()),
                "purposes": self.purposes,
                "datasets": self.datasets,
                "items": tuple(self.items.split()),
                "channels": self.channels,
                "valid_from": "" if begins is None else rfc3339(begins),
                "valid_until": "" if ends is None else rfc3339(ends),
                "daily_cap": cap,
                "basis": self.basis,
            }
        )


def delegating_pages(console: Console) -> APIRouter:
    """The routes of drafting and amending; all for stewards."""
    routes = console.routes()
    hub = console.hub
    most = hub.settings.delegation_days

    @routes.get(NEW)
    async def new(request: Request) -> Response:
        visitor = console.visitor(request, Permission.DRAFT_DELEGATIONS)
        return _form(console, request, visitor, TermsForm(begins=day(hub.clock())), None)

    @routes.post(NEW)
    async def draft(request: Request) -> Response:
        visitor = console.visitor(request, Permission.DRAFT_DELEGATIONS)
        filled = TermsForm.read(await console.form(request, visitor))
        try:
            found = acts.draft(hub.changes, actor_of(visitor.person), filled.terms(), most)
        except (ValidationError, Unprocessable, NotFound) as error:
            return _form(console, request, visitor, filled, None, error)
        return console.redirect(f"/delegations/{found.id}")

    @routes.get("/delegations/{delegation}/edit")
    async def edit(request: Request, delegation: str) -> Response:
        visitor = console.visitor(request, Permission.DRAFT_DELEGATIONS)
        found = _editable(hub, visitor.person, delegation)
        return _form(console, request, visitor, TermsForm.of(found), found)

    @routes.post("/delegations/{delegation}/edit")
    async def amend(request: Request, delegation: str) -> Response:
        visitor = console.visitor(request, Permission.DRAFT_DELEGATIONS)
        form = await console.form(request, visitor)
        found = _editable(hub, visitor.person, delegation)
        filled = TermsForm.read(form)
        actor = actor_of(visitor.person)
        try:
            acts.amend(hub.changes, actor, found.id, filled.version, filled.terms(), most)
        except (ValidationError, Unprocessable, NotFound) as error:
            return _form(console, request, visitor, filled, found, error)
        return console.redirect(f"/delegations/{found.id}")

    return routes


def _editable(hub: Hub, person: Person, delegation: str) -> Delegation:
    """A draft of the own department; raises ``NotFound`` or ``Conflict``."""
    found = register.find(hub.reading, delegation, sees(person))
    if found.department != person.department:
        raise NotFound(what="delegation")
    if found.status != "draft":
        raise Conflict(why=f"delegation-{found.status}")
    return found


def _form(
    console: Console,
    request: Request,
    visitor: Visitor,
    filled: TermsForm,
    delegation: Delegation | None,
    error: ValidationError | HubError | None = None,
) -> Response:
    return console.page(
        request,
        visitor,
        "delegation_form.html",
        200 if error is None else UNPROCESSABLE,
        register=register_of(console.hub),
        filled=filled,
        delegation=delegation,
        faults=_faults(error),
        own=visitor.person.department,
        most=console.hub.settings.delegation_days,
    )


def _faults(error: ValidationError | HubError | None) -> tuple[str, ...]:
    """The fields that are wrong, or the reason that the act gave."""
    if error is None:
        return ()
    if isinstance(error, ValidationError):
        places = (str(one["loc"][0]) if one["loc"] else "valid_until" for one in error.errors())
        return tuple(dict.fromkeys(places))
    return (str(error.facts.get("why") or error.facts.get("what")),)

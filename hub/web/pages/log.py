"""The auditor's pages: who looked at whom, and one entry opened with its proof.

Searching and opening are POSTs: what is searched for stands in no address, and each leaves an
entry of its own, which a GET must not.
"""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from certs.encoding import b64u
from hub.audit.entry import open_entry
from hub.audit.rows import told_by
from hub.audit.search import Filters
from hub.errors import Unprocessable
from hub.people.permissions import Permission
from hub.web.pages.form import Form
from hub.web.pages.frame import Console
from hub.web.pages.grants import register_of
from hub.web.pages.words import end_of_day, start_of_day
from hub.web.session import actor_of

KINDS = (
    "lookup",
    "verify",
    "view",
    "material",
    "case",
    "service",
    "rules",
    "licence",
    "licence-type",
    "status-list",
    "feed",
    "grant",
    "delegation",
    "publication",
    "mark",
    "objection",
    "objection-refused",
    "notice",
    "person",
    "department",
    "connector",
    "certificate",
    "dataset",
    "purpose",
    "audit-read",
    "attempts",
    "key",
    "erasure",
    "destruction",
    "hold",
    "operator",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The search form as filled in."""

    subject: str = ""
    officer: str = ""
    department: str = ""
    dataset: str = ""
    kind: str = ""
    delegation: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def read(cls, form: Form) -> "Wanted":
        """The form as sent."""
        return cls(**{name: form.one(name) for name in cls.__slots__})

    def fields(self) -> list[tuple[str, str]]:
        """Names and values, for the form that turns the page."""
        return [(name, getattr(self, name)) for name in self.__slots__]

    def filters(self, before: int | None) -> Filters:
        """What to search for; raises ``Unprocessable`` for a date that is none."""
        since = start_of_day(self.since) if self.since else None
        until = end_of_day(self.until) if self.until else None
        if (self.since and since is None) or (self.until and until is None):
            raise Unprocessable(why="date")
        return Filters(
            subject=self.subject or None,
            officer=self.officer.lower() or None,
            department=self.department or None,
            dataset=self.dataset or None,
            kind=self.kind or None,
            delegation=self.delegation or None,
            since=since,
            until=until,
            before=before,
        )


def log_pages(console: Console) -> APIRouter:
    """The routes of the log."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/log")
    async def ask(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_LOG)
        return console.page(
            request,
            visitor,
            "log.html",
            wanted=Wanted(),
            page=None,
            coverage=hub.coverage,
            register=register_of(hub),
            kinds=KINDS,
        )

    @routes.post("/log")
    async def search(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_LOG)
        form = await console.form(request, visitor)
        wanted = Wanted.read(form)
        filters = wanted.filters(form.number("before"))
        await hub.audit.catch_up()
        page = hub.audit.search(hub.changes, actor_of(visitor.person), filters)
        return console.page(
            request,
            visitor,
            "log.html",
            wanted=wanted,
            page=page,
            coverage=hub.coverage,
            register=register_of(hub),
            kinds=KINDS,
        )

    @routes.post("/log/entry")
    async def entry(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_LOG)
        form = await console.form(request, visitor)
        position = form.number("position")
        if position is None:
            raise Unprocessable(why="number")
        actor = actor_of(visitor.person)
        opened = open_entry(hub.changes, actor, hub.reading, hub.persons, position)
        inclusion = opened.inclusion
        return console.page(
            request,
            visitor,
            "entry.html",
            entry=opened,
            told=told_by(str(opened.leaf["kind"]), opened.control),
            path_hashes=[] if inclusion is None else [b64u(node) for node in inclusion.path],
            root="" if inclusion is None else b64u(inclusion.root),
            register=register_of(hub),
            kinds=KINDS,
        )

    return routes

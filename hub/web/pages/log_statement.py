"""The auditor's statement for the person concerned: what to tell, the paper, and the file.

All are POSTs: whom it is about stands in no address, and each makes an entry of its own.
"""

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.messages import Language
from certs.encoding import digest
from hub.audit.statement import MOST, Asked, Statement, Statements
from hub.audit.statement_file import MEDIA_TYPE, Signed, write_file
from hub.audit.statement_lines import Line, erased_months, lines_of
from hub.errors import Unprocessable
from hub.keys.listing import log_keys
from hub.people.permissions import Permission
from hub.web.pages.form import Form
from hub.web.pages.frame import HEADERS, Console, Visitor
from hub.web.pages.grants import Register, register_of
from hub.web.pages.words import end_of_day, start_of_day, title
from hub.web.session import actor_of

QUESTIONS = frozenset({"lookup", "verify", "view", "feed"})
"""Kinds of entries with which somebody received something, or wanted to."""
_NUMBER = 15
"""Digits of a position at most."""


def log_statement_pages(console: Console) -> APIRouter:
    """The routes of statements."""
    routes = console.routes()
    hub = console.hub
    statements = Statements(hub.audit, hub.changes, hub.reading, hub.persons)

    @routes.post("/log/statement")
    async def draft(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_LOG)
        form = await console.form(request, visitor)
        asked = _asked(form)
        await hub.audit.catch_up()
        found = await statements.draft(actor_of(visitor.person), asked)
        return console.page(
            request,
            visitor,
            "log_statement.html",
            form=form,
            draft=found,
            lines=lines_of(hub.audit, hub.reading, found.entries),
            most=MOST,
            register=register_of(hub),
        )

    @routes.post("/log/statement/paper")
    async def paper(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_LOG)
        form = await console.form(request, visitor)
        asked, below = _asked(form), form.number("below")
        if below is None:
            raise Unprocessable(why="number")
        await hub.audit.catch_up()
        made = await statements.make(
            actor_of(visitor.person),
            asked,
            below,
            _positions(form.many("omit")),
            count_told=form.one("count_told") == "yes",
        )
        return _paper(console, request, visitor, made)

    @routes.post("/log/statement/file")
    async def file(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_LOG)
        form = await console.form(request, visitor)
        entry = form.number("entry")
        if entry is None:
            raise Unprocessable(why="number")
        await hub.audit.catch_up()
        statement = await statements.reopen(entry)
        signed = Signed(
            hub=hub.settings.name,
            origin=hub.origin,
            root=hub.authority.root_pem,
            keys=log_keys(hub.ring.refresh().register, hub.origin),
            head=hub.coverage.cosigned() if hub.coverage.witnesses else hub.proofs.checkpoint(),
        )
        body = await write_file(hub.reading, signed, statement, statements.opened(entry))
        statements.hand_over(actor_of(visitor.person), statement)
        headers = {
            **HEADERS,
            "content-disposition": f'attachment; filename="statement-{entry}.json"',
        }
        return Response(body, headers=headers, media_type=MEDIA_TYPE)

    return routes


def _paper(console: Console, request: Request, visitor: Visitor, made: Statement) -> Response:
    hub = console.hub
    lines, register = lines_of(hub.audit, hub.reading, made.entries), register_of(hub)
    return console.page(
        request,
        visitor,
        "log_statement_paper.html",
        made=made,
        asking=[line for line in lines if line.row.kind in QUESTIONS],
        others=[line for line in lines if line.row.kind not in QUESTIONS],
        first=_first(lines),
        erased=erased_months(hub.reading),
        most=MOST,
        origin=hub.settings.public_origin,
        root=digest(hub.authority.root_der),
        register=register,
        titles=_titles(register, visitor.language),
    )


def _titles(register: Register, language: Language) -> dict[str, dict[str, str]]:
    """What the items of each dataset are called."""
    return {
        code: {item.code: title(item, language) for item in definition.items}
        for code, definition in register.definitions.items()
    }


def _first(lines: Iterable[Line]) -> int | None:
    """When the oldest entry was made that is told."""
    return next((line.row.time for line in lines), None)


def _asked(form: Form) -> Asked:
    """The request; raises ``Unprocessable`` for a date that is none."""
    given = form.one("since"), form.one("until")
    since, until = start_of_day(given[0]), end_of_day(given[1])
    if (given[0] and since is None) or (given[1] and until is None):
        raise Unprocessable(why="date")
    return Asked(form.one("subject"), form.one("basis"), since, until)


def _positions(written: Iterable[str]) -> list[int]:
    found = list(written)
    if any(not (one.isascii() and one.isdigit()) or len(one) > _NUMBER for one in found):
        raise Unprocessable(why="number")
    return [int(one) for one in found]

"""Reading catalogue entries 数据目录: the list by state, and one with its editions and clocks."""

from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.comparison import differences
from catalog.definition import Dataset, load
from hub.access import departments
from hub.access.document import Gap
from hub.calendar.corrections import working_days
from hub.catalogue import register
from hub.catalogue.acts import acts
from hub.catalogue.entry import MOST_DAYS, Edition, EntryState, Status
from hub.catalogue.gaps import gaps_of
from hub.catalogue.seeing import READING, sees
from hub.errors import NotFound
from hub.people.permissions import Permission, may
from hub.runtime import Hub
from hub.web.entry_routes import edition_of
from hub.web.pages.elements import at_fields
from hub.web.pages.frame import Console

PLACES = ("secrecy", "privacy", "approval", "classification", "items", "sharing", "level", "other")
"""What the authority may find wanting, in the order in which pages show it."""


def entry_pages(console: Console) -> APIRouter:
    """The routes of reading entries."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/entries")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, *READING)
        seen = sees(visitor.person)
        status = request.query_params.get("status", "")
        chosen = status if status in get_args(Status) else ""
        found = [one for one in register.listing(hub.reading, seen) if chosen in {"", one.status}]
        calendar, now = working_days(hub.reading), hub.clock()
        urgency = {one.code: register.standing(one, calendar, now) for one in found}
        order = {"overdue": 0, "near": 1, "on-time": 2, None: 3}
        found.sort(key=lambda one: (order[urgency[one.code]], one.due or "", one.code))
        return console.page(
            request,
            visitor,
            "entries.html",
            entries=found,
            titles={one.code: definition_of(hub, one.newest) for one in found},
            departments=_departments(hub),
            all_departments=seen is None,
            statuses=get_args(Status),
            chosen=chosen,
            urgency=urgency,
            may_draft=may(visitor.person, Permission.DRAFT_ENTRIES),
        )

    @routes.get("/entries/{code}")
    async def one(request: Request, code: str) -> Response:
        visitor = console.visitor(request, *READING)
        found = register.find(hub.reading, code, sees(visitor.person))
        wanted = request.query_params.get("edition", "")
        edition = edition_of(found, wanted) if wanted else found.newest
        if edition is None and wanted:
            raise NotFound(what="edition")
        definition = definition_of(hub, edition)
        before = None if edition is None else edition_of(found, str(edition.number - 1))
        earlier = definition_of(hub, before)
        lacking: tuple[Gap, ...] = ()
        if definition is not None and edition is not None and edition == found.next:
            lacking = tuple(gaps_of(hub.reading, edition, definition, hub.clock()))
        offered = acts(visitor.person, found, hub.clock())
        return console.page(
            request,
            visitor,
            "entries_one.html",
            entry=found,
            edition=edition,
            dataset=definition,
            differences=differences(earlier, definition) if earlier and definition else (),
            before=before if earlier else None,
            lacking=at_fields(lacking, visitor.language, "entry.gap."),
            offered=offered - ({"approve"} if lacking else set()),
            urgency=register.standing(found, working_days(hub.reading), hub.clock()),
            departments=_departments(hub),
            most_days=MOST_DAYS,
            places=PLACES,
        )

    return routes


def definition_of(hub: Hub, edition: Edition | None) -> Dataset | None:
    """The definition of an edition."""
    if edition is None:
        return None
    return load(register.definition_of(hub.reading, edition.definition), "definition")


def text_of(hub: Hub, entry: EntryState) -> str:
    """The TOML of the newest edition, to be changed."""
    edition = entry.newest
    if edition is None:
        return ""
    return register.definition_of(hub.reading, edition.definition).decode("utf-8")


def _departments(hub: Hub) -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in departments.listing(hub.reading)}

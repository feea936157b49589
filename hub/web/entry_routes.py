"""The JSON routes of catalogue entries: read, draft, assess, approve, review, publish, close."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from catalog.comparison import differences
from catalog.definition import load
from certs.canonical import Json
from hub.applications.application import Gap, Reason
from hub.calendar import corrections
from hub.catalogue import closing, deciding, drafting, register
from hub.catalogue.entry import (
    MOST_DAYS,
    Assessment,
    Edition,
    EntryState,
    Extension,
    Reference,
    Status,
)
from hub.catalogue.files import head_of, write_file
from hub.catalogue.gaps import gaps_of
from hub.catalogue.register import MAX_DEFINITION
from hub.catalogue.seeing import sees
from hub.errors import NotFound
from hub.ledger.change import Actor
from hub.people.permissions import Permission
from hub.runtime import Hub
from hub.web.acts import Acts, ReasonBody, Version, VersionBody
from hub.web.json_body import answer
from hub.web.person_request import Strict, allowed, given
from hub.web.session import person_of

TOML = "application/toml"
Definition = Annotated[str, StringConstraints(max_length=MAX_DEFINITION)]


class BeginBody(Strict):
    """The first draft of an entry."""

    definition: Definition


class DraftBody(Strict):
    """A draft in place of the one that stood in ``version``, or the first of a next edition."""

    version: Version
    definition: Definition


class AssessmentsBody(Strict):
    """One assessment or both; what is not given stays."""

    version: Version
    secrecy: Assessment | None = None
    privacy: Assessment | None = None


class TimeBody(Strict):
    """How many working days more, and why."""

    version: Version
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    reason: Reason


class ApprovalBody(Strict):
    """The reference of the document by which the head approves."""

    version: Version
    reference: Reference


class ReturnBody(Strict):
    """All reasons for which an edition goes back."""

    version: Version
    gaps: Annotated[tuple[Gap, ...], Field(min_length=1, max_length=100)]


class ClosingBody(Strict):
    """What is to stand from now on, and why."""

    version: Version
    status: Literal["published", "suspended", "withdrawn"]
    reason: Reason


def entry_routes(hub: Hub, routes: APIRouter) -> None:
    """Entries, for people of their provider and for the authority."""
    _reading_routes(hub, routes)
    acts = Acts(hub, routes, _shown)
    _steward_routes(hub, routes, acts)
    _deciding_routes(hub, acts)


def _reading_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.get("/entries")
    async def list_entries(request: Request) -> Response:
        seen = sees(person_of(request, hub))
        calendar, now = corrections.working_days(hub.reading), hub.clock()
        found = register.listing(hub.reading, seen)
        told: list[Json] = [register.shown(one, calendar, now) for one in found]
        return answer({"entries": told})

    @routes.get("/entries/{code}")
    async def one_entry(request: Request, code: str) -> Response:
        seen = sees(person_of(request, hub))
        return answer(_shown(hub, register.find(hub.reading, code, seen)))

    @routes.get("/entries/{code}/editions/{number}")
    async def one_edition(request: Request, code: str, number: str) -> Response:
        entry, edition = _edition(hub, request, code, number)
        definition = register.definition_of(hub.reading, edition.definition)
        body = write_file(head_of(entry, edition), definition)
        headers = {"cache-control": "no-store"}
        return Response(body, 200, headers, f"{TOML}; charset=utf-8")

    @routes.get("/entries/{code}/editions/{number}/differences")
    async def differences_of(request: Request, code: str, number: str) -> Response:
        entry, edition = _edition(hub, request, code, number)
        before = edition_of(entry, str(edition.number - 1))
        earlier, later = (
            load(register.definition_of(hub.reading, one.definition), code)
            for one in (before or edition, edition)
        )
        found: list[Json] = [one.to_json() for one in differences(earlier, later)]
        return answer({"differences": found})


def _steward_routes(hub: Hub, routes: APIRouter, acts: Acts[EntryState]) -> None:
    @routes.post("/entries")
    async def begin(request: Request) -> Response:
        actor = allowed(request, hub, Permission.DRAFT_ENTRIES)
        asked = await given(request, hub, BeginBody)
        return answer(
            _shown(hub, drafting.begin(hub.changes, actor, asked.definition.encode())), 201
        )

    @acts.on("PUT", "/entries/{code}/draft", Permission.DRAFT_ENTRIES, DraftBody)
    def redraft(actor: Actor, code: str, asked: DraftBody) -> EntryState:
        return drafting.redraft(
            hub.changes,
            actor,
            code,
            asked.version,
            asked.definition.encode(),
            corrections.working_days(hub.reading),
        )

    @acts.on("PUT", "/entries/{code}/assessments", Permission.DRAFT_ENTRIES, AssessmentsBody)
    def assess(actor: Actor, code: str, asked: AssessmentsBody) -> EntryState:
        return drafting.assess(
            hub.changes,
            actor,
            code,
            asked.version,
            secrecy=asked.secrecy,
            privacy=asked.privacy,
        )

    @acts.on("POST", "/entries/{code}/change", Permission.DRAFT_ENTRIES, ReasonBody)
    def note_change(actor: Actor, code: str, asked: ReasonBody) -> EntryState:
        calendar = corrections.working_days(hub.reading)
        return drafting.note_change(hub.changes, actor, code, asked.version, asked.reason, calendar)

    @acts.on("POST", "/entries/{code}/extension", Permission.DRAFT_ENTRIES, TimeBody)
    def ask_for_time(actor: Actor, code: str, asked: TimeBody) -> EntryState:
        extension = Extension(reason=asked.reason, days=asked.days)
        return drafting.ask_for_time(hub.changes, actor, code, asked.version, extension)

    @acts.on("POST", "/entries/{code}/discard", Permission.DRAFT_ENTRIES, VersionBody)
    def discard(actor: Actor, code: str, asked: VersionBody) -> EntryState:
        return drafting.discard(hub.changes, actor, code, asked.version)


def _deciding_routes(hub: Hub, acts: Acts[EntryState]) -> None:
    @acts.on("POST", "/entries/{code}/approve", Permission.APPROVE_ENTRIES, ApprovalBody)
    def approve(actor: Actor, code: str, asked: ApprovalBody) -> EntryState:
        calendar = corrections.working_days(hub.reading)
        return deciding.approve(hub.changes, actor, code, asked.version, asked.reference, calendar)

    @acts.on("POST", "/entries/{code}/return", Permission.REVIEW_ENTRIES, ReturnBody)
    def give_back(actor: Actor, code: str, asked: ReturnBody) -> EntryState:
        return deciding.give_back(hub.changes, actor, code, asked.version, asked.gaps)

    @acts.on("POST", "/entries/{code}/review", Permission.REVIEW_ENTRIES, VersionBody)
    def review(actor: Actor, code: str, asked: VersionBody) -> EntryState:
        return deciding.review(hub.changes, actor, code, asked.version)

    @acts.on("POST", "/entries/{code}/publish", Permission.REVIEW_ENTRIES, VersionBody)
    def publish(actor: Actor, code: str, asked: VersionBody) -> EntryState:
        return deciding.publish(hub.changes, actor, code, asked.version)

    @acts.on("POST", "/entries/{code}/extension/consent", Permission.CONSENT_TO_TIME, VersionBody)
    def consent(actor: Actor, code: str, asked: VersionBody) -> EntryState:
        calendar = corrections.working_days(hub.reading)
        return deciding.consent_to_time(hub.changes, actor, code, asked.version, calendar)

    @acts.on("PUT", "/entries/{code}/status", Permission.REVIEW_ENTRIES, ClosingBody)
    def close(actor: Actor, code: str, asked: ClosingBody) -> EntryState:
        status: Status = asked.status
        return closing.close(hub.changes, actor, code, asked.version, status, asked.reason)


def edition_of(entry: EntryState, number: str) -> Edition | None:
    """An edition by its number; ``next`` is the one on its way, ``standing`` the published one."""
    named = {str(one.number): one for one in (*entry.editions, entry.next) if one is not None}
    return {**named, "next": entry.next, "standing": entry.standing}.get(number)


def _edition(hub: Hub, request: Request, code: str, number: str) -> tuple[EntryState, Edition]:
    entry = register.find(hub.reading, code, sees(person_of(request, hub)))
    edition = edition_of(entry, number)
    if edition is None:
        raise NotFound(what="edition")
    return entry, edition


def _shown(hub: Hub, entry: EntryState) -> dict[str, Json]:
    """An entry, and all that still stands against its edition on the way."""
    calendar, now = corrections.working_days(hub.reading), hub.clock()
    lacking: list[Json] = []
    if entry.next is not None:
        definition = register.definition_of(hub.reading, entry.next.definition)
        found = gaps_of(hub.reading, entry.next, load(definition, entry.code), now)
        lacking = [{"where": gap.where, "why": gap.why} for gap in found]
    return {**register.shown(entry, calendar, now), "gaps": lacking}

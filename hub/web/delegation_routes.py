"""The JSON routes of delegations, for signed-in people of both sides and for administrators."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from certs.canonical import Json
from hub.delegation import acts, register
from hub.delegation.delegation import Delegation, Reason, Terms
from hub.delegation.seeing import sees
from hub.ledger.change import Actor
from hub.people.permissions import Permission, may, require
from hub.runtime import Hub
from hub.web.acts import Version, VersionBody
from hub.web.json_body import answer
from hub.web.person_request import Strict, allowed, given
from hub.web.session import actor_of, person_of

_Before = Annotated[int | None, Query(ge=0, lt=1 << 62)]


class TermsBody(Strict):
    """A new delegation."""

    terms: Terms


class AmendBody(Strict):
    """What is stated from now on, in place of what was in ``version``."""

    version: Version
    terms: Terms


class EndBody(Strict):
    """The version that the person saw, and why it ends."""

    version: Version
    reason: Reason


def delegation_routes(hub: Hub, routes: APIRouter) -> None:
    """Delegations: reading, drafting, signing, accepting, ending."""
    _reading_routes(hub, routes)
    _acting_routes(hub, routes)


def _reading_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.get("/delegations")
    async def list_delegations(request: Request) -> Response:
        seen = sees(person_of(request, hub))
        found = register.listing(hub.reading, seen)
        told: list[Json] = [_shown(hub, one) for one in found]
        return answer({"delegations": told})

    @routes.get("/delegations/{delegation}")
    async def one_delegation(request: Request, delegation: str) -> Response:
        seen = sees(person_of(request, hub))
        return answer(_shown(hub, register.find(hub.reading, delegation, seen)))

    @routes.get("/delegations/{delegation}/asked")
    async def asked_under(request: Request, delegation: str, before: _Before = None) -> Response:
        seen = sees(person_of(request, hub))
        found = register.find(hub.reading, delegation, seen)
        entries = register.asked_under(hub.reading, found, before)
        return answer({"entries": [entry.told() for entry in entries]})


def _acting_routes(hub: Hub, routes: APIRouter) -> None:
    most = hub.settings.delegation_days

    @routes.post("/delegations")
    async def draft(request: Request) -> Response:
        actor = allowed(request, hub, Permission.DRAFT_DELEGATIONS)
        asked = await given(request, hub, TermsBody)
        return answer(_shown(hub, acts.draft(hub.changes, actor, asked.terms, most)), 201)

    @routes.put("/delegations/{delegation}")
    async def amend(request: Request, delegation: str) -> Response:
        actor = allowed(request, hub, Permission.DRAFT_DELEGATIONS)
        asked = await given(request, hub, AmendBody)
        found = acts.amend(hub.changes, actor, delegation, asked.version, asked.terms, most)
        return answer(_shown(hub, found))

    @routes.post("/delegations/{delegation}/sign")
    async def sign(request: Request, delegation: str) -> Response:
        actor = allowed(request, hub, Permission.DELEGATE)
        asked = await given(request, hub, VersionBody)
        return answer(_shown(hub, acts.sign(hub.changes, actor, delegation, asked.version, most)))

    @routes.post("/delegations/{delegation}/accept")
    async def accept(request: Request, delegation: str) -> Response:
        actor = allowed(request, hub, Permission.DELEGATE)
        asked = await given(request, hub, VersionBody)
        return answer(_shown(hub, acts.accept(hub.changes, actor, delegation, asked.version)))

    @routes.post("/delegations/{delegation}/revoke")
    async def revoke(request: Request, delegation: str) -> Response:
        actor, authority = _ender(request, hub)
        asked = await given(request, hub, EndBody)
        found = acts.revoke(
            hub.changes, actor, delegation, asked.version, asked.reason, authority=authority
        )
        return answer(_shown(hub, found))


def _ender(request: Request, hub: Hub) -> tuple[Actor, bool]:
    """Who ends a delegation, and whether as an administrator."""
    person = person_of(request, hub)
    require(person, Permission.DELEGATE, Permission.END_DELEGATIONS)
    return actor_of(person), may(person, Permission.END_DELEGATIONS)


def _shown(hub: Hub, delegation: Delegation) -> dict[str, Json]:
    return register.shown(hub.reading, delegation, hub.clock())

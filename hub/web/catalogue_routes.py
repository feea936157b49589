"""The JSON routes of the catalogue, and the catalogue as DCAT-AP for others to harvest."""

import asyncio
from collections.abc import Iterable

from fastapi import APIRouter, Request, Response

from catalog.entry import Entry
from catalog.item import Item
from certs.canonical import Json
from certs.encoding import rfc3339
from hub.catalogue.asked import read_name, read_wanted
from hub.catalogue.shelf import Shelf
from hub.errors import NotFound
from hub.runtime import Hub
from hub.web.json_body import answer
from hub.web.session import person_of

TURTLE, JSON_LD = "text/turtle", "application/ld+json"
FORMS = {"ttl": TURTLE, "jsonld": JSON_LD}
"""By the suffix of an address."""
MOST = 200
"""Entries in one answer; the rest is told as a number."""


def catalogue_routes(hub: Hub, shelf: Shelf, routes: APIRouter) -> None:
    """For signed-in people and their programs, of whatever role."""

    @routes.get("/catalogue")
    async def find(request: Request) -> Response:
        person_of(request, hub)
        hits = (await shelf.finder()).find(read_wanted(request.query_params))
        found: list[Json] = [shown(hit.entry) for hit in hits[:MOST]]
        return answer({"count": len(hits), "entries": found})

    @routes.get("/catalogue/{code}")
    async def entry(request: Request, code: str) -> Response:
        person_of(request, hub)
        return answer(whole(await shelf.entry(code)))

    @routes.get("/catalogue-items")
    async def holders(request: Request) -> Response:
        person_of(request, hub)
        found = (await shelf.finder()).holders(read_name(request.query_params))
        told: list[Json] = [
            {"dataset": entry.dataset.code, "provider": entry.provider.code, **_item(item)}
            for entry, item in found[:MOST]
        ]
        return answer({"count": len(found), "items": told})


async def harvested(hub: Hub, shelf: Shelf, form: str) -> Response:
    """The whole catalogue as DCAT-AP in one of ``FORMS``; raises ``NotFound`` for another."""
    if form not in FORMS.values():
        raise NotFound(what="page")
    return _response(form, await shelf.written(form, lambda entries: _dcat(hub, entries, form)))


async def harvested_one(hub: Hub, entry: Entry, form: str) -> Response:
    """One entry in the same forms; raises ``NotFound`` for another."""
    if form not in FORMS.values():
        raise NotFound(what="page")
    return _response(form, await asyncio.to_thread(_dcat, hub, [entry], form))


def _dcat(hub: Hub, entries: Iterable[Entry], form: str) -> bytes:
    # The library takes a third of a second to load, and most processes never need it.
    from catalog.dcat import DcatGraph  # noqa: PLC0415 as above

    name = hub.settings.name
    graph = DcatGraph(hub.settings.public_origin, f"{name} 数据目录", f"Catalogue of {name}")
    graph.add(entries)
    return graph.turtle() if form == TURTLE else graph.json_ld()


def _response(form: str, body: bytes) -> Response:
    return Response(body, 200, {"cache-control": "no-store"}, f"{form}; charset=utf-8")


def shown(entry: Entry) -> dict[str, Json]:
    """An entry in a list."""
    dataset = entry.dataset
    return {
        "as_of": None if entry.as_of is None else rfc3339(entry.as_of),
        "classification": dataset.classification,
        "code": dataset.code,
        "family": dataset.family,
        "provider": entry.provider.code,
        "sharing": dataset.sharing,
        "summary_en": dataset.summary_en,
        "summary_zh": dataset.summary_zh,
        "title_en": dataset.title_en,
        "title_zh": dataset.title_zh,
    }


def whole(entry: Entry) -> dict[str, Json]:
    """An entry with every element of Art 13."""
    dataset = entry.dataset
    items: list[Json] = [_item(item) for item in dataset.items]
    methods: list[Json] = [*dataset.methods]
    return {
        **shown(entry),
        "conditions_en": dataset.conditions_en,
        "conditions_zh": dataset.conditions_zh,
        "cycle": dataset.cycle,
        "format": dataset.format,
        "items": items,
        "legal_basis": dataset.legal_basis,
        "level": dataset.level,
        "level_scheme": dataset.level_scheme,
        "methods": methods,
        "sharing_basis": dataset.sharing_basis,
    }


def _item(item: Item) -> dict[str, Json]:
    return {
        "code": item.code,
        "sensitivity": item.sensitivity,
        "sharing": item.sharing,
        "sharing_basis": item.sharing_basis,
        "standard": item.standard,
        "title_en": item.title_en,
        "title_zh": item.title_zh,
        "type": item.type,
    }

"""Every route × every role × own and other department, from one table; no route is missing in it.

Whoever may call a route gets past the door: what comes back is neither 401 nor 403, and where the
route speaks of an application, not 404 either. Everybody else is turned away: 403, or 404 where
the thing is not there for them. Those who may are called with a version of the application that
nobody has seen, so that nothing changes; those who may not with the right one, so that only the
guard stands between them and the deed.
"""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from fastapi.routing import iter_route_contexts
from world.everyone import APPLICANT, NOBODY, PEOPLE, PROVIDER, THIRD, Everyone, of
from world.town import open_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.town import Town

ANYONE = frozenset({*PEOPLE, NOBODY})
SIGNED_IN = frozenset(PEOPLE)
CONNECTOR: frozenset[str] = frozenset()
"""Signed by a connector: no person's token opens it."""
ADMINISTRATOR = of("administrator")
AUDITOR = of("auditor")
BOTH = ADMINISTRATOR | AUDITOR
OFFICERS, STEWARDS, HEADS = of("officer"), of("steward"), of("head")
SEES_ALL_SIDES = BOTH | {
    f"{side}.{role}" for side in (APPLICANT, PROVIDER) for role in ("head", "steward")
}
APPLICANTS = frozenset({f"{APPLICANT}.steward"})
APPLICANTS_HEAD = frozenset({f"{APPLICANT}.head"})
PROVIDERS = frozenset({f"{PROVIDER}.steward"})
PROVIDERS_HEAD = frozenset({f"{PROVIDER}.head"})
EITHER_HEAD = APPLICANTS_HEAD | PROVIDERS_HEAD
SEE_THE_GRANT = BOTH | {f"{PROVIDER}.steward", f"{THIRD}.steward", f"{THIRD}.officer"}
"""The town's grant lets ``nrb`` ask about the residents of ``psb``."""

ELEMENTS = {"basis": "别的依据"}
REPLY = {"items": {"name": "full"}, "refused": {"address": "登记不需要住址"}}
REPLY_FIELDS = {
    "item.name": "full",
    "item.address": "refuse",
    "reason.address": "登记不需要住址",
}
REASON = {"reason": "需要核实"}
UNSEEN = 999


@dataclass(frozen=True)
class Row:
    """Who may call a route; ``on`` is the application that it is called with."""

    who: frozenset[str]
    on: str = ""
    body: dict[str, object] = field(default_factory=dict)


def row(who: frozenset[str], on: str = "", **body: object) -> Row:
    return Row(who, on, body)


PUBLIC = {
    "GET /.well-known/yifen": row(ANYONE),
    "GET /.well-known/jwks.json": row(ANYONE),
    "GET /ledger/checkpoint": row(ANYONE),
    "GET /ledger/cosigned": row(ANYONE),
    "GET /ledger/tile/{path:path}": row(ANYONE),
    "GET /ledger/proof/{index}": row(ANYONE),
    "GET /ledger/inclusion": row(ANYONE),
    "GET /ledger/origins": row(ANYONE),
    "GET /ledger/consistency": row(ANYONE),
    "GET /healthz": row(ANYONE),
    "GET /readyz": row(ANYONE),
    "GET /openapi.json": row(ANYONE),
    "POST /v1/session": row(ANYONE),
    "GET /sign-in": row(ANYONE),
    "POST /sign-in": row(ANYONE),
    "GET /static/console.css": row(ANYONE),
}
CONNECTORS = {
    "POST /v1/enrolment": row(CONNECTOR, token="AAAA", csr="-"),
    "POST /v1/renewal": row(CONNECTOR),
    "GET /v1/ledger/opened": row(CONNECTOR),
    "GET /v1/grants": row(CONNECTOR),
    "GET /v1/datasets/{code}": row(CONNECTOR),
    "POST /v1/datasets/{code}/lookup": row(CONNECTOR),
    "POST /v1/datasets/{code}/verify": row(CONNECTOR),
    "POST /v1/datasets/{code}/batch": row(CONNECTOR),
    "POST /v1/joint": row(CONNECTOR),
    "GET /v1/receipts/{request_id}": row(CONNECTOR),
    "GET /v1/datasets/{code}/standing": row(CONNECTOR),
    "DELETE /v1/publications/{publication}": row(CONNECTOR),
    "GET /v1/publications/{publication}/chunks": row(CONNECTOR),
    "POST /v1/datasets/{code}/publications": row(CONNECTOR),
    "PUT /v1/publications/{publication}/chunks/{number}": row(CONNECTOR),
    "POST /v1/publications/{publication}/complete": row(CONNECTOR),
    "GET /v1/publications/{publication}": row(CONNECTOR),
    "GET /v1/publications/{publication}/rejections": row(CONNECTOR),
    "POST /v1/datasets/{code}/marks": row(CONNECTOR),
}
PROGRAMS = {
    "GET /v1/session": row(SIGNED_IN),
    "PUT /v1/session/password": row(SIGNED_IN),
    "DELETE /v1/session": row(SIGNED_IN),
    "POST /v1/departments": row(ADMINISTRATOR),
    "GET /v1/departments": row(SIGNED_IN),
    "PUT /v1/departments/{code}/status": row(ADMINISTRATOR),
    "POST /v1/invitations": row(ADMINISTRATOR),
    "GET /v1/connectors": row(ADMINISTRATOR),
    "PUT /v1/connectors/{urn}/status": row(ADMINISTRATOR),
    "DELETE /v1/certificates/{keyid}": row(ADMINISTRATOR),
    "POST /v1/datasets": row(ADMINISTRATOR),
    "GET /v1/datasets": row(SIGNED_IN),
    "PUT /v1/datasets/{code}/status": row(ADMINISTRATOR),
    "POST /v1/purposes": row(ADMINISTRATOR),
    "GET /v1/purposes": row(SIGNED_IN),
    "PUT /v1/purposes/{code}/status": row(ADMINISTRATOR),
    "POST /v1/people": row(ADMINISTRATOR),
    "GET /v1/people": row(ADMINISTRATOR),
    "PUT /v1/people/{account}/status": row(ADMINISTRATOR),
    "PUT /v1/people/{account}/roles": row(ADMINISTRATOR),
    "POST /v1/people/{account}/password": row(ADMINISTRATOR),
    "DELETE /v1/people/{account}/sessions": row(ADMINISTRATOR),
    "GET /v1/keys": row(ADMINISTRATOR),
    "POST /v1/keys/{use}/rotation": row(ADMINISTRATOR),
    "PUT /v1/keys/{key_id}/status": row(ADMINISTRATOR),
    "POST /v1/grants": row(ADMINISTRATOR),
    "GET /v1/all-grants": row(BOTH),
    "PUT /v1/grants/{grant_id}": row(ADMINISTRATOR),
    "PUT /v1/grants/{grant_id}/status": row(ADMINISTRATOR),
    "POST /v1/publications/{publication}/release": row(PROVIDERS),
    "POST /v1/publications/{publication}/discard": row(PROVIDERS),
    "GET /v1/retention": row(BOTH),
    "POST /v1/retention/erasures": row(ADMINISTRATOR),
    "POST /v1/holds": row(BOTH),
    "GET /v1/holds": row(BOTH),
    "PUT /v1/holds/{hold}/status": row(AUDITOR),
    "POST /v1/applications": row(STEWARDS),
    "GET /v1/applications": row(STEWARDS | HEADS | BOTH),
    "GET /v1/duties": row(SIGNED_IN),
    "GET /v1/applications/{application}": row(SEES_ALL_SIDES, "submitted"),
    "PUT /v1/applications/{application}": row(APPLICANTS, "returned", elements=ELEMENTS),
    "POST /v1/applications/{application}/sign": row(APPLICANTS_HEAD, "draft"),
    "POST /v1/applications/{application}/withdraw": row(APPLICANTS, "submitted"),
    "POST /v1/applications/{application}/return": row(
        PROVIDERS, "submitted", gaps=[{"where": "scope", "why": "不清楚"}]
    ),
    "PUT /v1/applications/{application}/reply": row(PROVIDERS, "submitted", **REPLY),
    "POST /v1/applications/{application}/reply/sign": row(PROVIDERS_HEAD, "prepared"),
    "POST /v1/applications/{application}/extension": row(PROVIDERS, "submitted", days=5, **REASON),
    "POST /v1/applications/{application}/extension/consent": row(ADMINISTRATOR, "asked"),
    "POST /v1/applications/{application}/delivery": row(PROVIDERS, "answered"),
    "POST /v1/applications/{application}/dispute": row(APPLICANTS, "answered", **REASON),
    "POST /v1/applications/{application}/dispute/settlement": row(
        EITHER_HEAD | ADMINISTRATOR, "disputed", **REASON
    ),
    "GET /v1/calendar": row(SIGNED_IN),
    "GET /v1/catalogue": row(SIGNED_IN),
    "GET /v1/catalogue/{code}": row(SIGNED_IN),
    "GET /v1/catalogue-items": row(SIGNED_IN),
    # Of connectors too: the own department's, whoever asks.
    "GET /v1/publications/{publication}/quality": row(PROVIDERS),
    "GET /v1/datasets/{code}/quality": row(PROVIDERS),
    "PUT /v1/calendar/{day}": row(ADMINISTRATOR),
}
PAGES = {
    "GET /": row(SIGNED_IN),
    "POST /sign-out": row(SIGNED_IN),
    "GET /password": row(SIGNED_IN),
    "POST /password": row(SIGNED_IN, old="x", new="seven paper lanterns", again="other"),
    "GET /ask": row(OFFICERS),
    "GET /ask/{dataset}/{operation}": row(frozenset({f"{THIRD}.officer"})),
    "POST /ask/{dataset}/{operation}": row(frozenset({f"{THIRD}.officer"})),
    "GET /dossier": row(OFFICERS),
    "POST /dossier": row(OFFICERS),
    "GET /grants": row(OFFICERS | STEWARDS | BOTH),
    "GET /grants/{grant_id}": row(SEE_THE_GRANT),
    "GET /grants/new": row(ADMINISTRATOR),
    "POST /grants/new": row(ADMINISTRATOR),
    "GET /grants/{grant_id}/change": row(ADMINISTRATOR),
    "POST /grants/{grant_id}/change": row(ADMINISTRATOR),
    "GET /grants/{grant_id}/{act}": row(ADMINISTRATOR),
    "POST /grants/{grant_id}/{act}": row(ADMINISTRATOR),
    "GET /publications": row(STEWARDS),
    "GET /publications/{publication}": row(PROVIDERS),
    "POST /publications/{publication}/{act}": row(PROVIDERS),
    "GET /log": row(AUDITOR),
    "POST /log": row(AUDITOR),
    "POST /log/entry": row(AUDITOR),
    "GET /applications": row(STEWARDS | HEADS | BOTH),
    "GET /applications/{application}": row(SEES_ALL_SIDES, "submitted"),
    "GET /applications/new": row(STEWARDS),
    "POST /applications/new": row(STEWARDS),
    "GET /applications/{application}/edit": row(APPLICANTS, "returned"),
    "POST /applications/{application}/edit": row(APPLICANTS, "returned", **ELEMENTS),
    "POST /applications/{application}/sign": row(APPLICANTS_HEAD, "draft"),
    "POST /applications/{application}/withdraw": row(APPLICANTS, "submitted"),
    "POST /applications/{application}/dispute": row(APPLICANTS, "answered", **REASON),
    "GET /applications/{application}/return": row(PROVIDERS, "submitted"),
    "POST /applications/{application}/return": row(
        PROVIDERS, "submitted", **{"gap.scope": "不清楚"}
    ),
    "GET /applications/{application}/reply": row(PROVIDERS, "submitted"),
    "POST /applications/{application}/reply": row(PROVIDERS, "submitted", **REPLY_FIELDS),
    "POST /applications/{application}/sign-reply": row(PROVIDERS_HEAD, "prepared"),
    "POST /applications/{application}/extension": row(PROVIDERS, "submitted", days=5, **REASON),
    "POST /applications/{application}/consent": row(ADMINISTRATOR, "asked"),
    "POST /applications/{application}/delivery": row(PROVIDERS, "answered"),
    "POST /applications/{application}/settlement": row(
        EITHER_HEAD | ADMINISTRATOR, "disputed", **REASON
    ),
    "GET /calendar": row(SIGNED_IN),
    "GET /catalogue": row(SIGNED_IN),
    "GET /catalogue/{code}": row(SIGNED_IN),
    "GET /catalogue.{suffix}": row(SIGNED_IN),
    "GET /catalogue/{code}.{suffix}": row(SIGNED_IN),
    "POST /calendar": row(ADMINISTRATOR),
}
ROUTES = {**PUBLIC, **CONNECTORS, **PROGRAMS, **PAGES}
QUESTIONS = {
    "POST /v1/datasets/{code}/batch",
    "POST /v1/joint",
    "POST /v1/datasets/{code}/lookup",
    "POST /v1/datasets/{code}/verify",
}
"""Answered by ``hub/web/front.py`` before any route."""
ABSENT = {
    "account": "ghost",
    "act": "suspend",
    "code": "resident",
    "day": "2026-10-09",
    "hold": "H-0",
    "index": "0",
    "key_id": "ghost",
    "keyid": "ghost",
    "number": "0",
    "path:path": "0/000",
    "request_id": "AAAAAAAAAAAAAAAAAAAAAA",
    "urn": "urn:yifen:connector:demo.yifen:psb:ghost",
    "use": "master",
    "dataset": "resident",
    "operation": "lookup",
    "publication": "resident-1",
    "suffix": "ttl",
}


@pytest.fixture(scope="module")
def everyone(town: "Town", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Everyone]":
    with open_world(town, tmp_path_factory.mktemp("everyone") / "hub") as world:
        yield Everyone.of(world)


def filled(everyone: Everyone, route: str, on: str) -> tuple[str, str]:
    """Method and path with something in place of each parameter."""
    method, _, path = route.partition(" ")
    given = {**ABSENT, "grant_id": everyone.world.grant.id}
    if on:
        given["application"] = everyone.applications[on].id
    for name, value in given.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, path
    return method, path


def called(everyone: Everyone, who: str, route: str) -> int:
    """The status of a call; 401 also for a browser that is led to sign in."""
    asked = ROUTES[route]
    method, path = filled(everyone, route, asked.on)
    body = dict(asked.body)
    if asked.on:
        seen = who not in asked.who
        body["version"] = everyone.applications[asked.on].version if seen else UNSEEN
    if route in PAGES:
        fields = urlencode(body).encode()
        answer = everyone.browse(who, method, path, fields)
        if answer.headers.get("location", "").startswith("/sign-in?"):
            return 401
    else:
        data = b"" if method in {"GET", "DELETE"} else json.dumps(body).encode()
        answer = everyone.call(who, method, path, data)
    assert answer.status < 500, (who, route, answer.body[:500])
    return answer.status


def test_the_table_has_every_route_and_no_other(everyone: Everyone) -> None:
    application = everyone.world.front._routes
    found: set[str] = set()
    for context in iter_route_contexts(application.routes):  # type: ignore[attr-defined]
        found |= {
            f"{method} {context.path}" for method in context.methods or () if method != "HEAD"
        }
    assert len(ROUTES) == len(PUBLIC) + len(CONNECTORS) + len(PROGRAMS) + len(PAGES)
    assert set(ROUTES) == found | QUESTIONS


@pytest.mark.parametrize("route", PUBLIC)
def test_anyone(everyone: Everyone, route: str) -> None:
    for who in (NOBODY, f"{THIRD}.officer"):
        assert called(everyone, who, route) != 403


@pytest.mark.parametrize("route", CONNECTORS)
def test_attack_a_person_in_place_of_a_connector(everyone: Everyone, route: str) -> None:
    for who in (NOBODY, *PEOPLE):
        assert called(everyone, who, route) in {401, 403}, who


@pytest.mark.parametrize("route", [*PROGRAMS, *PAGES])
def test_whoever_may_and_nobody_else(everyone: Everyone, route: str) -> None:
    asked = ROUTES[route]
    entries = everyone.world.entries()
    assert called(everyone, NOBODY, route) == 401
    for who in sorted(SIGNED_IN - asked.who):
        assert called(everyone, who, route) in {403, 404}, who
    assert everyone.world.entries() == entries
    for who in sorted(asked.who):
        refused = {401, 403, 404} if asked.on else {401, 403}
        assert called(everyone, who, route) not in refused, who

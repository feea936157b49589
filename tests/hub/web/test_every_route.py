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
from world.entering import CODE, PERMITS
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
SIDES = BOTH | {f"{side}.{role}" for side in (PROVIDER, THIRD) for role in ("head", "steward")}
SEE_THE_GRANT = SIDES | {f"{THIRD}.officer"}
"""The town's grant lets ``nrb`` ask about the residents of ``psb``."""

USER, USERS_HEAD = frozenset({f"{THIRD}.steward"}), frozenset({f"{THIRD}.head"})
"""Of the town's grant; its provider is the applications' too."""
DISPOSAL = {
    "how": "destroyed",
    "method": "逐表删除",
    "scope": "业务库全部结果",
    "at": "2026-01-01T00:00:00.000Z",
}
STATED = dict.fromkeys(("scenario", "process", "effect", "storage", "destruction"), "如实记录")
STOPPING = {"what": "dataset", "code": "ghost", "reason": "需要核实"}
OBJECTORS = frozenset({f"{THIRD}.officer", f"{THIRD}.steward"})
"""Who may raise what the town's grant covers, and see what their department has raised."""
OPEN_THE_OBJECTION = OBJECTORS | PROVIDERS
READ_OBJECTIONS = OFFICERS | STEWARDS | HEADS | BOTH
SEE_THE_OBJECTION = frozenset(who for who in READ_OBJECTIONS if not who.startswith(APPLICANT))

SEE_THE_ENTRY = BOTH | PROVIDERS | PROVIDERS_HEAD
DRAFT = PERMITS.replace(CODE, "permit_1").replace("sensitivity = 3", "sensitivity = 2")
ASSESSED = {"result": "passed", "reference": "评〔2026〕2号", "day": "2026-01-05"}
ELEMENTS = {"basis": "别的依据"}
REPLY = {"items": {"name": "full"}, "refused": {"address": "登记不需要住址"}}
REPLY_FIELDS = {
    "item.name": "full",
    "item.address": "refuse",
    "reason.address": "登记不需要住址",
}
REASON = {"reason": "需要核实"}
DELEGATION_SIDES = (APPLICANT, THIRD)
"""``mrb`` delegates to ``nrb``: its own grants, which the third department's window uses."""
SEE_DELEGATIONS = BOTH | {
    f"{side}.{role}" for side in DELEGATION_SIDES for role in ("head", "officer", "steward")
}
DELEGATION_HEADS = frozenset(f"{side}.head" for side in DELEGATION_SIDES)
DELEGATION_TERMS: dict[str, object] = {
    "to": THIRD,
    "services": ["11370800MB285591843370117002011"],
    "purposes": ["real_estate_registration"],
    "channels": ["connector"],
    "valid_from": "2026-09-01T00:00:00.000Z",
    "valid_until": "2027-01-01T00:00:00.000Z",
    "basis": "窗口委托函",
}
UNSEEN = 999


@dataclass(frozen=True)
class Row:
    """Who may call a route; ``on`` is the application or the entry that it is called with."""

    who: frozenset[str]
    on: str = ""
    body: dict[str, object] = field(default_factory=dict)


def row(who: frozenset[str], on: str = "", **body: object) -> Row:
    return Row(who, on, body)


PUBLIC = {
    "GET /.well-known/yifen": row(ANYONE),
    "GET /.well-known/jwks.json": row(ANYONE),
    "GET /.well-known/jwt-vc-issuer": row(ANYONE),
    "GET /licences/status/{number}": row(ANYONE),
    "GET /licences/status/{number}/entry": row(ANYONE),
    "GET /licences/{code}": row(ANYONE),
    "POST /licences/check": row(ANYONE, sha256="0" * 64),
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
    "POST /v1/datasets/{code}/view": row(CONNECTOR),
    "POST /v1/datasets/{code}/batch": row(CONNECTOR),
    "POST /v1/datasets/{code}/materials": row(CONNECTOR),
    "PUT /v1/uploads/{upload}/pieces/{number}": row(CONNECTOR),
    "GET /v1/uploads/{upload}": row(CONNECTOR),
    "POST /v1/uploads/{upload}/complete": row(CONNECTOR),
    "DELETE /v1/uploads/{upload}": row(CONNECTOR),
    "PUT /v1/materials/{material}/status": row(CONNECTOR),
    "POST /v1/materials/piece": row(CONNECTOR),
    "POST /v1/datasets/{code}/feed": row(CONNECTOR),
    "POST /v1/joint": row(CONNECTOR),
    "POST /v1/cases": row(CONNECTOR),
    "POST /v1/cases/{case}/supplement": row(CONNECTOR),
    "POST /v1/cases/{case}/review": row(CONNECTOR),
    "POST /v1/cases/{case}/conclude": row(CONNECTOR),
    "POST /v1/cases/{case}/materials": row(CONNECTOR),
    "POST /v1/cases/{case}/commitments": row(CONNECTOR),
    "POST /v1/cases/{case}/commitments/{number}": row(CONNECTOR),
    "POST /v1/cases/{case}/withdraw": row(CONNECTOR),
    "POST /v1/cases/{case}/read": row(CONNECTOR),
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
    "GET /v1/connectors": row(BOTH),
    "PUT /v1/connectors/{urn}/status": row(ADMINISTRATOR),
    "DELETE /v1/certificates/{keyid}": row(ADMINISTRATOR),
    "POST /v1/datasets": row(ADMINISTRATOR),
    "GET /v1/datasets": row(SIGNED_IN),
    "PUT /v1/datasets/{code}/status": row(ADMINISTRATOR),
    "POST /v1/purposes": row(ADMINISTRATOR),
    "GET /v1/purposes": row(SIGNED_IN),
    "PUT /v1/purposes/{code}/status": row(ADMINISTRATOR),
    "POST /v1/people": row(ADMINISTRATOR),
    "GET /v1/people": row(BOTH),
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
    "GET /v1/ended-grants": row(BOTH),
    "GET /v1/grant-matrix": row(BOTH | STEWARDS | HEADS),
    "GET /v1/grant-matrix.{suffix}": row(BOTH | STEWARDS | HEADS),
    "GET /v1/grants/{grant_id}/life": row(SIDES),
    "GET /v1/grants/{grant_id}/usage": row(SIDES),
    "GET /v1/grants/{grant_id}/usage.xlsx": row(SIDES),
    "POST /v1/grants/{grant_id}/usage": row(USER, version=5, stated=STATED),
    "POST /v1/grants/{grant_id}/disposition/request": row(PROVIDERS_HEAD, reason="需要核实"),
    "POST /v1/grants/{grant_id}/disposition": row(ADMINISTRATOR),
    "PUT /v1/grants/{grant_id}/disposition/report": row(USER, version=1, text="已改正"),
    "POST /v1/grants/{grant_id}/disposition/report/sign": row(USERS_HEAD, version=1),
    "POST /v1/grants/{grant_id}/disposition/outcome": row(ADMINISTRATOR),
    "POST /v1/grants/{grant_id}/review": row(ADMINISTRATOR),
    "PUT /v1/grants/{grant_id}/disposal": row(USER, **DISPOSAL),
    "POST /v1/grants/{grant_id}/disposal/sign": row(USERS_HEAD, version=1),
    # A head may stop what is the own department's; this is nobody's.
    "POST /v1/stops": row(ADMINISTRATOR | HEADS, **STOPPING),
    "GET /v1/stops": row(BOTH | STEWARDS | HEADS),
    "POST /v1/stops/{stop_id}/lift": row(ADMINISTRATOR | HEADS, reason="需要核实"),
    "POST /v1/publications/{publication}/release": row(PROVIDERS),
    "POST /v1/publications/{publication}/discard": row(PROVIDERS),
    "GET /v1/retention": row(BOTH),
    "POST /v1/retention/erasures": row(ADMINISTRATOR),
    "GET /v1/retention/contents": row(BOTH),
    "POST /v1/retention/destructions": row(ADMINISTRATOR),
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
    "GET /v1/cases": row(OFFICERS | STEWARDS | HEADS | AUDITOR),
    "GET /v1/cases/{case}": row(OFFICERS | STEWARDS | HEADS | AUDITOR),
    "POST /v1/services": row(STEWARDS | ADMINISTRATOR),
    "PUT /v1/services/{code}": row(STEWARDS | ADMINISTRATOR),
    "GET /v1/services": row(SIGNED_IN),
    "GET /v1/services/{code}": row(SIGNED_IN),
    "PUT /v1/services/{code}/status": row(STEWARDS | ADMINISTRATOR),
    "PUT /v1/rule-sets/{code}": row(ADMINISTRATOR),
    "GET /v1/rule-sets": row(SIGNED_IN),
    "GET /v1/rule-sets/{code}": row(SIGNED_IN),
    "PUT /v1/rule-sets/{code}/status": row(ADMINISTRATOR),
    "GET /v1/reuse": row(HEADS | BOTH),
    # Of connectors too, of both sides.
    "POST /v1/datasets/{code}/objections": row(OFFICERS | STEWARDS),
    "GET /v1/objections": row(READ_OBJECTIONS),
    "GET /v1/objections/{objection}": row(SEE_THE_OBJECTION),
    "POST /v1/objections/{objection}/content": row(OPEN_THE_OBJECTION),
    "POST /v1/objections/{objection}/answer": row(PROVIDERS),
    "POST /v1/objections/{objection}/withdraw": row(OBJECTORS, more="than nothing"),
    "GET /v1/entries": row(STEWARDS | HEADS | BOTH),
    "POST /v1/entries": row(STEWARDS, definition="-"),
    "GET /v1/entries/{code}": row(SEE_THE_ENTRY, "entry-draft"),
    "GET /v1/entries/{code}/editions/{number}": row(SEE_THE_ENTRY, "entry-draft"),
    "GET /v1/entries/{code}/editions/{number}/differences": row(SEE_THE_ENTRY, "entry-draft"),
    "PUT /v1/entries/{code}/draft": row(PROVIDERS, "entry-draft", definition=DRAFT),
    "PUT /v1/entries/{code}/assessments": row(PROVIDERS, "entry-draft", secrecy=ASSESSED),
    "POST /v1/entries/{code}/change": row(PROVIDERS, "entry-published", **REASON),
    "POST /v1/entries/{code}/extension": row(PROVIDERS, "entry-updating", days=5, **REASON),
    "POST /v1/entries/{code}/extension/consent": row(ADMINISTRATOR, "entry-asked"),
    "POST /v1/entries/{code}/discard": row(PROVIDERS, "entry-draft"),
    "POST /v1/entries/{code}/approve": row(PROVIDERS_HEAD, "entry-assessed", reference="批2"),
    "POST /v1/entries/{code}/return": row(
        ADMINISTRATOR, "entry-approved", gaps=[{"where": "level", "why": "偏低"}]
    ),
    "POST /v1/entries/{code}/review": row(ADMINISTRATOR, "entry-approved"),
    "POST /v1/entries/{code}/publish": row(ADMINISTRATOR, "entry-reviewed"),
    "PUT /v1/entries/{code}/status": row(
        ADMINISTRATOR, "entry-published", status="suspended", **REASON
    ),
    "GET /v1/calendar": row(SIGNED_IN),
    "GET /v1/catalogue": row(SIGNED_IN),
    "GET /v1/catalogue/{code}": row(SIGNED_IN),
    "GET /v1/catalogue-items": row(SIGNED_IN),
    "GET /v1/delegations": row(STEWARDS | HEADS | OFFICERS | BOTH),
    "POST /v1/delegations": row(STEWARDS, terms=DELEGATION_TERMS),
    "GET /v1/delegations/{delegation}": row(SEE_DELEGATIONS, "delegation-signed"),
    "GET /v1/delegations/{delegation}/asked": row(SEE_DELEGATIONS, "delegation-signed"),
    "PUT /v1/delegations/{delegation}": row(APPLICANTS, "delegation-draft", terms=DELEGATION_TERMS),
    "POST /v1/delegations/{delegation}/sign": row(APPLICANTS_HEAD, "delegation-draft"),
    "POST /v1/delegations/{delegation}/accept": row(
        frozenset({f"{THIRD}.head"}), "delegation-signed"
    ),
    "POST /v1/delegations/{delegation}/revoke": row(
        DELEGATION_HEADS | ADMINISTRATOR, "delegation-signed", **REASON
    ),
    # Of connectors too: the own department's, whoever asks.
    "GET /v1/publications/{publication}/quality": row(PROVIDERS),
    "GET /v1/datasets/{code}/quality": row(PROVIDERS),
    "POST /v1/licences": row(STEWARDS),
    "GET /v1/licences/{licence}": row(STEWARDS),
    "POST /v1/licences/{licence}/credential": row(STEWARDS),
    "POST /v1/licences/{licence}/paper": row(STEWARDS),
    "POST /v1/licences/{licence}/{act}": row(STEWARDS),
    "POST /v1/licence-types": row(ADMINISTRATOR),
    "GET /v1/licence-types": row(SIGNED_IN),
    "PUT /v1/licence-types/{code}": row(ADMINISTRATOR),
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
    "GET /cases": row(OFFICERS | STEWARDS | HEADS | AUDITOR),
    "GET /cases/{case}": row(OFFICERS | STEWARDS | HEADS | AUDITOR),
    "GET /cases/new": row(OFFICERS),
    "POST /cases/new": row(OFFICERS),
    "GET /cases/{case}/notice": row(OFFICERS),
    "POST /cases/{case}/notice": row(OFFICERS),
    **{
        f"POST /cases/{{case}}/{act}": row(OFFICERS)
        for act in (
            "content",
            "supplement",
            "review",
            "materials",
            "commitments",
            "outcome",
            "conclude",
            "withdraw",
        )
    },
    "GET /cases/{case}/scan": row(OFFICERS),
    "POST /cases/{case}/scan": row(OFFICERS),
    "POST /cases/{case}/scan/bring": row(OFFICERS),
    "GET /materials": row(OFFICERS),
    "POST /materials": row(OFFICERS),
    "GET /materials/new": row(OFFICERS),
    "POST /materials/new": row(OFFICERS),
    "POST /materials/view": row(OFFICERS),
    "POST /materials/file": row(OFFICERS),
    "GET /licences": row(OFFICERS | STEWARDS),
    "POST /licences": row(OFFICERS),
    "POST /licences/file": row(OFFICERS | STEWARDS),
    "POST /licences/view": row(OFFICERS),
    "POST /licences/view/file": row(OFFICERS),
    "GET /licences/issued": row(STEWARDS),
    "GET /licences/issued/{licence}": row(STEWARDS),
    "GET /licences/issue/{code}": row(STEWARDS),
    "POST /licences/issue/{code}": row(STEWARDS),
    "POST /licences/issued/{licence}/paper": row(STEWARDS),
    "POST /licences/issued/{licence}/credential": row(STEWARDS),
    "POST /licences/issued/{licence}/credential/file": row(STEWARDS),
    "POST /licences/issued/{licence}/{act}": row(STEWARDS),
    "GET /reuse": row(HEADS | BOTH),
    "GET /reuse.{suffix}": row(HEADS | BOTH),
    "GET /grants": row(OFFICERS | STEWARDS | HEADS | BOTH),
    "GET /grants/ended": row(BOTH),
    "GET /grants/matrix": row(BOTH | STEWARDS | HEADS),
    "GET /grants/matrix.{suffix}": row(BOTH | STEWARDS | HEADS),
    "GET /grants/{grant_id}/usage": row(SIDES),
    "GET /grants/{grant_id}/usage.xlsx": row(SIDES),
    "POST /grants/{grant_id}/usage": row(USER, version=5, **STATED),
    "POST /grants/{grant_id}/disposition/request": row(PROVIDERS_HEAD, reason="需要核实"),
    "POST /grants/{grant_id}/disposition": row(ADMINISTRATOR),
    "POST /grants/{grant_id}/disposition/report": row(USER, version=1, text="已改正"),
    "POST /grants/{grant_id}/disposition/sign": row(USERS_HEAD, version=1),
    "POST /grants/{grant_id}/disposition/outcome": row(ADMINISTRATOR),
    "POST /grants/{grant_id}/review": row(ADMINISTRATOR),
    "POST /grants/{grant_id}/disposal": row(USER, **DISPOSAL | {"at": "2026-01-01"}),
    "POST /grants/{grant_id}/disposal/sign": row(USERS_HEAD, version=1),
    "GET /stops": row(BOTH | STEWARDS | HEADS),
    "POST /stops": row(ADMINISTRATOR | HEADS, thing="dataset/ghost", reason="需要核实"),
    "POST /stops/{stop_id}/lift": row(ADMINISTRATOR | HEADS, reason="需要核实"),
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
    "GET /people": row(BOTH),
    "POST /people": row(ADMINISTRATOR),
    "GET /people/{account}": row(BOTH),
    **{
        f"POST /people/{{account}}/{act}": row(ADMINISTRATOR)
        for act in ("roles", "status", "sessions", "password")
    },
    "GET /departments": row(BOTH),
    "POST /departments": row(ADMINISTRATOR),
    "GET /departments/{code}": row(BOTH),
    "POST /departments/{code}/status": row(ADMINISTRATOR),
    "POST /departments/{code}/invitations": row(ADMINISTRATOR),
    "POST /departments/{code}/connectors/{name}/status": row(ADMINISTRATOR),
    "POST /departments/{code}/connectors/{name}/revoke": row(ADMINISTRATOR),
    "GET /purposes": row(BOTH),
    "POST /purposes": row(ADMINISTRATOR),
    "GET /purposes/{code}": row(BOTH),
    "POST /purposes/{code}/status": row(ADMINISTRATOR),
    "GET /log": row(AUDITOR),
    "POST /log": row(AUDITOR),
    "POST /log/entry": row(AUDITOR),
    "POST /log/statement": row(AUDITOR),
    "POST /log/statement/paper": row(AUDITOR),
    "POST /log/statement/file": row(AUDITOR),
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
    "GET /delegations": row(STEWARDS | HEADS | OFFICERS | BOTH),
    "GET /delegations/{delegation}": row(SEE_DELEGATIONS, "delegation-signed"),
    "GET /delegations/new": row(STEWARDS),
    "POST /delegations/new": row(STEWARDS),
    "GET /delegations/{delegation}/edit": row(APPLICANTS, "delegation-draft"),
    "POST /delegations/{delegation}/edit": row(APPLICANTS, "delegation-draft"),
    "POST /delegations/{delegation}/sign": row(APPLICANTS_HEAD, "delegation-draft"),
    "POST /delegations/{delegation}/accept": row(frozenset({f"{THIRD}.head"}), "delegation-signed"),
    "POST /delegations/{delegation}/revoke": row(
        DELEGATION_HEADS | ADMINISTRATOR, "delegation-signed", **REASON
    ),
    "GET /objections": row(READ_OBJECTIONS),
    "GET /objections/{objection}": row(SEE_THE_OBJECTION),
    "GET /objections/new/{dataset}": row(OBJECTORS),
    "POST /objections/new/{dataset}": row(OBJECTORS),
    "POST /objections/{objection}/content": row(OPEN_THE_OBJECTION),
    "POST /objections/{objection}/answer": row(PROVIDERS),
    "POST /objections/{objection}/withdraw": row(OBJECTORS),
    "GET /entries": row(STEWARDS | HEADS | BOTH),
    "GET /entries/new": row(STEWARDS),
    "POST /entries/new": row(STEWARDS),
    "GET /entries/{code}": row(SEE_THE_ENTRY, "entry-draft"),
    "GET /entries/{code}/draft": row(PROVIDERS, "entry-draft"),
    "POST /entries/{code}/draft": row(PROVIDERS, "entry-draft", definition=DRAFT),
    "POST /entries/{code}/assessments": row(
        PROVIDERS, "entry-draft", **{f"secrecy.{name}": one for name, one in ASSESSED.items()}
    ),
    "POST /entries/{code}/change": row(PROVIDERS, "entry-published", **REASON),
    "POST /entries/{code}/extension": row(PROVIDERS, "entry-updating", days=5, **REASON),
    "POST /entries/{code}/consent": row(ADMINISTRATOR, "entry-asked"),
    "POST /entries/{code}/discard": row(PROVIDERS, "entry-draft"),
    "POST /entries/{code}/approve": row(PROVIDERS_HEAD, "entry-assessed", reference="批2"),
    "POST /entries/{code}/return": row(ADMINISTRATOR, "entry-approved", **{"gap.level": "偏低"}),
    "POST /entries/{code}/review": row(ADMINISTRATOR, "entry-approved"),
    "POST /entries/{code}/publish": row(ADMINISTRATOR, "entry-reviewed"),
    "POST /entries/{code}/suspend": row(ADMINISTRATOR, "entry-published", **REASON),
    "POST /entries/{code}/resume": row(ADMINISTRATOR, "entry-published", **REASON),
    "POST /entries/{code}/withdraw": row(ADMINISTRATOR, "entry-published", **REASON),
    "GET /retention": row(BOTH),
    "POST /retention/{what}": row(ADMINISTRATOR),
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
    "POST /v1/datasets/{code}/view",
    "POST /v1/datasets/{code}/feed",
    "POST /v1/joint",
    "POST /v1/datasets/{code}/lookup",
    "POST /v1/datasets/{code}/verify",
}
"""Answered by ``hub/web/front.py`` before any route."""
ABSENT = {
    "case": "C-0000000000000000",
    "account": "ghost",
    "act": "suspend",
    "code": "resident",
    "day": "2026-10-09",
    "hold": "H-0",
    "index": "0",
    "key_id": "ghost",
    "keyid": "ghost",
    "name": "ghost",
    "number": "1",
    "path:path": "0/000",
    "request_id": "AAAAAAAAAAAAAAAAAAAAAA",
    "urn": "urn:yifen:connector:demo.yifen:psb:ghost",
    "use": "master",
    "dataset": "resident",
    "operation": "lookup",
    "publication": "resident-1",
    "licence": "l-00112233445566778899aabbccddeeff",
    "material": "m-00112233445566778899aabbccddeeff",
    "upload": "m-00112233445566778899aabbccddeeff",
    "stop_id": "S-0",
    "suffix": "ttl",
    "what": "case",
}


@pytest.fixture(scope="module")
def everyone(town: "Town", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Everyone]":
    with open_world(town, tmp_path_factory.mktemp("everyone") / "hub") as world:
        everyone = Everyone.of(world)
        everyone.objection = everyone.raised()
        yield everyone


def filled(everyone: Everyone, route: str, on: str) -> tuple[str, str]:
    """Method and path with something in place of each parameter."""
    method, _, path = route.partition(" ")
    given = {**ABSENT, "grant_id": everyone.world.grant.id, "objection": everyone.objection}
    if on in everyone.entries:
        given["code"] = everyone.entries[on].code
    elif on:
        given |= dict.fromkeys(("application", "delegation"), everyone.of_route(on).id)
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
        version = {**everyone.applications, **everyone.delegations, **everyone.entries}[
            asked.on
        ].version
        body["version"] = version if seen else UNSEEN
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

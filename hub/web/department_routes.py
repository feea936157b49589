"""The routes of connectors: enrolment, renewal, grants, receipts, publications, marks."""

import asyncio
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, StrictInt, StringConstraints

from catalog.identifiers import check_any
from certs.canonical import Json
from certs.errors import YifenError
from hub.access import connectors, grants
from hub.errors import Forbidden, NotFound, Unavailable, Unprocessable
from hub.lookup.receipt import JSON, PROBLEM
from hub.lookup.stored import stored_entries
from hub.objections import answering
from hub.runtime import Hub
from hub.web.front import address_of, read_body
from hub.web.json_body import answer, empty, read_body_as
from hub.web.signed import SignedCall, signed_call
from hub.web.upload_routes import upload_routes

_Pem = Annotated[str, StringConstraints(max_length=8192)]
_Digest = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
_Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
_Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
REJECTIONS_PAGE = 10_000
MAX_ENROLMENT = 16 * 1024
OK = 200


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnrolmentBody(_Strict):
    """A token with a certificate signing request."""

    token: Annotated[str, StringConstraints(max_length=128)]
    csr: _Pem


class RenewalBody(_Strict):
    """A certificate signing request."""

    csr: _Pem


class PublicationBody(_Strict):
    """What is about to come."""

    columns: list[_Code]
    source_rows: int | None = None
    mode: Literal["full", "changes"] = "full"
    sequence: StrictInt | None = None
    token: _Token | None = None


class CompleteBody(_Strict):
    """What has come."""

    chunks: int
    digest: _Digest


class SubjectBody(_Strict):
    """Whom a record is about."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    type: _Code


class MarkBody(_Strict):
    """A dispute, a repair, or the end of either; ``row`` is the record's row key."""

    kind: Literal["disputed", "repaired", "cleared"]
    subject: SubjectBody
    row: Annotated[str, StringConstraints(max_length=4096)]


def department_routes(hub: Hub) -> APIRouter:
    """The routes that connectors call."""
    routes = APIRouter(prefix="/v1")
    limits = hub.settings.limits
    read = {"max_bytes": limits.body_bytes, "max_depth": limits.json_depth}

    _certificate_routes(hub, routes)

    @routes.get("/grants")
    async def held(request: Request) -> Response:
        call = await signed_call(request, hub)
        found = grants.listing(hub.reading, department=call.caller.department)
        return answer({"grants": [grant.state() for grant in found]})

    @routes.get("/datasets/{code}")
    async def definition(request: Request, code: str) -> Response:
        call = await signed_call(request, hub)
        source = hub.book.refresh().source(code)
        granted = grants.listing(hub.reading, department=call.caller.department, dataset=code)
        if source is None or (source.department != call.caller.department and not granted):
            raise NotFound(what="dataset")
        # Its own department sends rows by what is published, others read what stands by it.
        own = source.department == call.caller.department
        dataset = source.published if own else source.dataset
        return answer(
            {
                "definition": orjson.loads(dataset.model_dump_json()),
                "department": hub.settings.full(source.department),
            }
        )

    @routes.get("/receipts/{request_id}")
    async def receipt(request: Request, request_id: str) -> Response:
        call = await signed_call(request, hub)
        found = stored_entries(hub.reading, hub.persons, call.caller, request_id)
        token = hub.receipts.issue(
            call.caller._replace(request=found.request),
            found.entered,
            status=found.status,
            content_type=JSON if found.status == OK else PROBLEM,
            body=None,
        )
        body = b'{"openings":[%b]}' % found.opened
        headers = {"hub-receipt": token, "cache-control": "no-store"}
        return Response(body, media_type=JSON, headers=headers)

    _publication_routes(hub, routes)

    @routes.post("/datasets/{code}/marks")
    async def mark(request: Request, code: str) -> Response:
        call = await signed_call(request, hub)
        given = read_body_as(MarkBody, call.body, **read)
        source = hub.book.refresh().source(code)
        if source is None or source.department != call.caller.department:
            raise Forbidden
        checked = check_any((given.subject.type,), given.subject.id)
        kinds = source.dataset.subject_item.kinds
        if given.subject.type not in kinds or not checked.acceptable:
            raise Unprocessable(why="subject")
        pseudonym = hub.records.pseudonym(source, checked.value, given.row)
        subject = (given.subject.type, given.subject.id)
        entry = answering.mark(hub.objections, call.actor, code, pseudonym, given.kind, subject)
        return answer({"entry": entry})

    return routes


def _certificate_routes(hub: Hub, routes: APIRouter) -> None:
    limits = hub.settings.limits

    @routes.post("/enrolment")
    async def enrol(request: Request) -> Response:
        address = address_of(request.scope)
        hub.attempts.allow(address)
        try:
            body = await read_body(request.receive, MAX_ENROLMENT)
            given = read_body_as(EnrolmentBody, body, max_bytes=MAX_ENROLMENT, max_depth=2)
            token, csr = given.token, given.csr.encode()
            enrolled = connectors.enrolled_before(hub.reading, token, csr, hub.clock())
            if enrolled is None:
                enrolled = connectors.enrol(hub.changes, hub.trust, token, csr)
        except Unavailable:
            raise
        except YifenError:
            hub.attempts.failed(address, "enrolment")
            raise
        return answer(
            {
                "certificate": enrolled.pem.decode(),
                "connector": enrolled.connector,
                "department": hub.settings.full(enrolled.department),
                "hub": hub.settings.name,
                "issuing": hub.authority.issuing_pem.decode(),
                "root": hub.authority.root_pem.decode(),
            },
            201,
        )

    @routes.post("/renewal")
    async def renew(request: Request) -> Response:
        call = await signed_call(request, hub)
        given = read_body_as(
            RenewalBody, call.body, max_bytes=limits.body_bytes, max_depth=limits.json_depth
        )
        keyid = call.caller.keyid or ""
        enrolled = connectors.renew(hub.changes, hub.trust, keyid, given.csr.encode())
        return answer({"certificate": enrolled.pem.decode()}, 201)


def _publication_routes(hub: Hub, routes: APIRouter) -> None:
    limits = hub.settings.limits

    @routes.post("/datasets/{code}/publications")
    async def begin(request: Request, code: str) -> Response:
        call = await signed_call(request, hub)
        given = read_body_as(
            PublicationBody, call.body, max_bytes=limits.body_bytes, max_depth=limits.json_depth
        )
        begun = hub.publications.begin(
            code,
            given.columns,
            given.source_rows,
            connector=call.connector,
            keyid=call.caller.keyid or "",
            department=call.caller.department,
            mode=given.mode,
            sequence=given.sequence,
            token=given.token,
        )
        told: dict[str, Json] = {
            "chunk_bytes": begun.chunk_bytes,
            "publication": begun.publication,
            "sequence": begun.sequence,
            "state": begun.state,
        }
        return answer(told, 201 if begun.new else OK)

    @routes.get("/datasets/{code}/standing")
    async def standing(request: Request, code: str) -> Response:
        call = await signed_call(request, hub)
        return answer(hub.publications.standing(code, department=call.caller.department))

    @routes.delete("/publications/{publication}")
    async def withdraw(request: Request, publication: str) -> Response:
        call = await signed_call(request, hub)
        hub.publications.withdraw(publication, connector=call.connector)
        return empty()

    @routes.put("/publications/{publication}/chunks/{number}")
    async def receive(request: Request, publication: str, number: int) -> Response:
        call = await signed_call(request, hub, limit=limits.chunk_bytes)
        # Off the loop: making a chunk durable takes some 15 ms.
        received = await asyncio.to_thread(
            hub.publications.receive, publication, number, call.body, connector=call.connector
        )
        return answer({"received": received})

    upload_routes(hub, routes)

    @routes.post("/publications/{publication}/complete")
    async def complete(request: Request, publication: str) -> Response:
        call = await signed_call(request, hub)
        given = read_body_as(CompleteBody, call.body, max_bytes=4096, max_depth=2)
        hub.publications.complete(publication, given.chunks, given.digest, connector=call.connector)
        return empty(202)

    @routes.get("/publications/{publication}")
    async def status(request: Request, publication: str) -> Response:
        call = await signed_call(request, hub)
        return answer(hub.publications.status(publication, department=call.caller.department))

    @routes.get("/publications/{publication}/rejections")
    async def rejections(
        request: Request,
        publication: str,
        after: Annotated[int, Query(ge=0)] = 0,
        severity: Literal["reject", "warn"] = "reject",
    ) -> Response:
        call: SignedCall = await signed_call(request, hub)
        found = hub.publications.rejections(
            publication,
            after,
            REJECTIONS_PAGE,
            department=call.caller.department,
            warnings=severity == "warn",
        )
        lines = b"".join(orjson.dumps(row) + b"\n" for row in found)
        return Response(lines, media_type="application/x-ndjson")

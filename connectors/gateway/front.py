"""The door: who asks, whether they may, and what they get. Bare ASGI, as the hub's own.

Order of a question: the key; the route; the body; the rate; what the key may ask; the alarms; a
free place; and only then anything is written or sent. Nothing waits for a place: whoever finds none
is told at once to come again.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TypeAlias, cast

from certs.canonical import canonical
from certs.encoding import rfc3339
from certs.errors import YifenError
from connectors.clock import monotonic
from connectors.errors import Dishonest, HubError, ReceiptUnknown, Refused
from connectors.gateway import answers
from connectors.gateway.documents import Health, StandingAlarm
from connectors.gateway.errors import (
    BodyLate,
    BodyTooLarge,
    DatasetRefused,
    GatewayBusy,
    GatewayStopped,
    HubBusy,
    HubDeclined,
    MediaRefused,
    PurposeRefused,
    RouteUnknown,
)
from connectors.gateway.gateway import Gateway
from connectors.gateway.keys import Key
from connectors.gateway.openapi import openapi
from connectors.gateway.problems import JSON, Reply, reply_of, reply_to_anything
from connectors.question import Operation, Question, is_request_id
from connectors.receipts.alarms import stops
from connectors.receipts.store import Kept, KeptQuestion, ReceiptStore

Scope: TypeAlias = "MutableMapping[str, object]"
Event: TypeAlias = "MutableMapping[str, object]"
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]

BODY_SECONDS = 5.0
"""How long a body may take to arrive: it comes from this machine, or from next door."""
_QUESTION = re.compile(rb"/(lookup|verify)/([a-z][a-z0-9_-]{0,63})\Z")
_RECEIPTS = re.compile(rb"/receipts/([A-Za-z0-9_-]{22})\Z")
_log = logging.getLogger("yifen.gateway")


class Front:
    """The ASGI application."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._limits = gateway.settings.gateway
        self._on_the_way = 0
        self._recovering = asyncio.Semaphore(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of ASGI."""
        if scope["type"] != "http":
            return
        begun = monotonic()
        waited: list[float] = []
        try:
            reply = await self._answer(scope, receive, waited)
        except YifenError as error:
            reply = reply_of(error)
        except Exception:  # noqa: BLE001 told as a bare 500, whatever it is
            # Without its traceback: a value of somebody's may stand in it.
            _log.error("a request failed")
            reply = reply_to_anything()
        await _respond(send, reply, monotonic() - begun, sum(waited))

    async def _answer(self, scope: Scope, receive: Receive, waited: list[float]) -> Reply:
        path, method = cast("bytes", scope["raw_path"]), cast("str", scope["method"])
        plain = not scope["query_string"]
        # Without a key: whether somebody is there, and how to speak to them
        if method == "GET" and path == b"/healthz":
            return self._sign_of_life()
        if method == "GET" and path == b"/openapi.json":
            return Reply(200, JSON, openapi())
        # 1 Whose key
        headers = cast("list[tuple[bytes, bytes]]", scope["headers"])
        key = self._gateway.keys.find(_only(headers, b"authorization"))
        # 2 Which route
        question = _QUESTION.match(path)
        if question is not None and method == "POST" and plain:
            return await self._question(question, key, headers, receive, waited)
        receipts = _RECEIPTS.match(path)
        if receipts is not None and method == "GET" and plain:
            return await self._receipts(receipts[1].decode("ascii"), key)
        if path == b"/health" and method == "GET":
            return self._health()
        raise RouteUnknown

    async def _question(
        self,
        match: "re.Match[bytes]",
        key: Key,
        headers: list[tuple[bytes, bytes]],
        receive: Receive,
        waited: list[float],
    ) -> Reply:
        operation = cast("Operation", match[1].decode("ascii"))
        dataset = match[2].decode("ascii")
        # 3 The body
        if _only(headers, b"content-type").partition(";")[0].strip().lower() != JSON:
            raise MediaRefused
        body = await _read_body(receive, self._limits.body_bytes)
        # 4 The rate; what cannot be read counts too
        self._gateway.rates.spend(key)
        asked = answers.read_question(operation, dataset, body, self._limits.body_bytes)
        # 5 What this key may ask
        if key.datasets is not None and dataset not in key.datasets:
            raise DatasetRefused(dataset=dataset)
        if asked.purpose not in key.purposes:
            raise PurposeRefused(purpose=asked.purpose)
        try:
            return await self._ask(asked, key, waited)
        except YifenError as error:
            self._count(error)
            return reply_of(error, request_id=asked.request_id)

    async def _ask(self, asked: Question, key: Key, waited: list[float]) -> Reply:
        gateway = self._gateway
        counts = gateway.condition.counts
        # 6 No alarm stands that stops answering
        gateway.condition.check()
        # 7 A free place
        if self._on_the_way >= self._limits.questions:
            raise GatewayBusy(limit=self._limits.questions)
        self._on_the_way += 1
        try:
            outcome = await gateway.ask(asked, key.name, waited)
        except Dishonest:
            await gateway.look()
            raise
        finally:
            self._on_the_way -= 1
        # 8 An alarm that came meanwhile holds back this answer too
        gateway.condition.check()
        reply = answers.reply_of(outcome, asked)
        if outcome.problem is None:
            counts.answered += 1
        else:
            counts.declined += 1
        return reply

    async def _receipts(self, request_id: str, key: Key) -> Reply:
        """The receipts of a question of this key; one whose answer was lost is fetched again."""
        if not is_request_id(request_id):
            raise ReceiptUnknown

        def reading(store: ReceiptStore) -> tuple[KeptQuestion, list[Kept]]:
            return store.question(request_id), store.of_question(request_id)

        question, kept = await self._gateway.writer.do(reading)
        if question.asker != key.name:
            raise ReceiptUnknown
        if not kept:
            if self._recovering.locked():
                raise GatewayBusy(limit=1)
            async with self._recovering:
                await self._recover(request_id)
            question, kept = await self._gateway.writer.do(reading)
        return answers.receipts_of(question, kept)

    async def _recover(self, request_id: str) -> None:
        try:
            await asyncio.to_thread(self._gateway.recover, request_id)
        except Refused as error:
            if error.problem.status != 404:  # noqa: PLR2004 the hub has no such entry
                told = error.problem
                raise HubDeclined(hub_code=told.code[:64], hub_status=told.status) from error

    def _sign_of_life(self) -> Reply:
        status = self._gateway.condition.status
        code = 503 if status == "stopped" else 200
        return Reply(code, "text/plain; charset=utf-8", f"{status}\n".encode())

    def _health(self) -> Reply:
        gateway, condition = self._gateway, self._gateway.condition
        counts, receipts = condition.counts, condition.receipts
        at = condition.proofs_at
        health = Health.model_validate(
            {
                "status": condition.status,
                "hub": gateway.settings.hub,
                "connector": gateway.settings.connector,
                "certificate_until": rfc3339(gateway.identity.certificate.not_after),
                "renewal": condition.renewal,
                "proofs": condition.proofs,
                "proofs_at": None if at is None else rfc3339(at),
                "received": receipts.get("received", 0),
                "proven": receipts.get("proven", 0),
                "overdue": receipts.get("alarm", 0),
                "on_the_way": self._on_the_way,
                "limit": self._limits.questions,
                "answered": counts.answered,
                "declined": counts.declined,
                "failed": counts.failed,
                "turned_away": counts.turned_away,
                "alarms": [
                    StandingAlarm(
                        alarm=one.id,
                        time=rfc3339(one.time),
                        code=one.code,
                        why=one.why,
                        request_id=one.request_id,
                        stops=stops(one),
                    )
                    for one in condition.alarms
                ],
            }
        )
        return Reply(200, JSON, canonical(health.model_dump()))

    def _count(self, error: YifenError) -> None:
        counts = self._gateway.condition.counts
        if isinstance(error, GatewayBusy | GatewayStopped):
            counts.turned_away += 1
        elif isinstance(error, HubError | HubBusy | HubDeclined | Dishonest):
            counts.failed += 1


def _only(headers: list[tuple[bytes, bytes]], name: bytes) -> str:
    """The value of a header that stands once; empty for none, and for two."""
    values = [value for given, value in headers if given == name]
    return values[0].decode("latin-1") if len(values) == 1 else ""


async def _read_body(receive: Receive, limit: int) -> bytes:
    """The whole body; raises ``BodyTooLarge`` or ``BodyLate`` as soon as that is so."""
    event = await receive()
    body = cast("bytes", event.get("body", b""))
    if event.get("more_body"):
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while event.get("more_body") and len(body) <= limit:
                    event = await receive()
                    body += cast("bytes", event.get("body", b""))
        except TimeoutError as error:
            raise BodyLate(seconds=round(BODY_SECONDS)) from error
    if len(body) > limit:
        raise BodyTooLarge(limit=limit)
    return body


async def _respond(send: Send, reply: Reply, total: float, waited: float) -> None:
    """Send a reply; ``Server-Timing`` (in ms) tells what of its time was the hub's."""
    timing = f"total;dur={total * 1000:.3f}, hub;dur={waited * 1000:.3f}"
    headers = [
        (b"content-type", reply.content_type.encode("ascii")),
        (b"content-length", b"%d" % len(reply.body)),
        (b"cache-control", b"no-store"),
        (b"server-timing", timing.encode("ascii")),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})

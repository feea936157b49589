"""One question through the gateway: written down, sent, verified, kept, and only then told.

The steps are those of ``connectors/asking.py``, for many questions at once in one event loop.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import count

from certs.errors import Malformed, ReceiptInvalid
from certs.signatures import Message
from connectors.asking import RECEIPT_HEADER, RECEIPTED, evidence_of, to_keep, trust_of
from connectors.calls import TRIES, pause_before, read_problem
from connectors.clock import Clock, monotonic
from connectors.errors import (
    AnswerRefused,
    HubError,
    HubUnintelligible,
    HubUnreachable,
    LedgerRestored,
    Problem,
)
from connectors.gateway.errors import HubBusy, HubDeclined
from connectors.gateway.http import Pool
from connectors.home import Identity
from connectors.jwks import MAX_SET, PATH, ReceiptKey, read_key_set, receipt_kid
from connectors.later import restored
from connectors.question import Question
from connectors.receipts.store import ReceiptStore
from connectors.receipts.writer import ReceiptWriter
from connectors.settings import Settings, check_address
from connectors.transport import (
    JSON_TYPE,
    MAX_ANSWER,
    Prepared,
    Response,
    Transport,
    prepare,
    tls_context,
)
from connectors.verify import Asked, Checked, check_answer

LATER = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})
"""What the hub says when it would answer another time."""
_log = logging.getLogger("yifen.gateway")


@dataclass(frozen=True, slots=True)
class Outcome:
    """An exit that proves itself; ``problem`` is the hub's, if it said no."""

    checked: Checked
    problem: Problem | None


@dataclass(slots=True)
class Waiting:
    """Seconds that one question has waited for the hub: the rest is the gateway's own."""

    seconds: float = 0.0


class GatewayAsking:
    """Asks the hub for all calling systems."""

    def __init__(self, identity: Identity, writer: ReceiptWriter, clock: Clock) -> None:
        """Raises ``SettingsBroken`` if the settings' TLS roots cannot be read."""
        self._address = check_address(identity.settings.address)
        self._pool = Pool(self._address, _tls(identity.settings, self._address))
        self._writer = writer
        self._clock = clock
        self._keys: dict[str, ReceiptKey] = {}
        self._seconds = identity.settings.gateway.seconds
        self.use(identity)

    def use(self, identity: Identity) -> None:
        """Sign with this identity from the next attempt on; the last one's holds until it ends."""
        self.identity = identity
        self._trust = trust_of(identity)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    async def ask(self, question: Question, asker: str, waiting: Waiting) -> Outcome:
        """The exit of ``question``, proven and kept.

        Raises ``QuestionTaken``, ``HubBusy``, ``HubDeclined``, ``AnswerRefused`` (the alarm is on
        record), ``HubError`` if nothing came, ``StoreError`` if it cannot be made durable.
        """
        # 1 Sign, write down, send; again under a new nonce if nothing came
        until = monotonic() + self._seconds
        identity, prepared, response, again = await self._send(question, asker, until, waiting)
        # 2 What comes from before the entry has no receipt; everything else must have one
        token = response.headers.get(RECEIPT_HEADER)
        if token is None and response.status not in RECEIPTED:
            raise _unproven(response)
        # 3 Verify, or keep what came as evidence and raise the alarm
        try:
            checked = check_answer(
                Asked(question, prepared.signed, again=again),
                response,
                token=token or "",
                keys=await self._keys_for(token, until, waiting),
                trust=self._trust,
                now=self._clock(),
            )
            # 4 Keep the receipt before the answer is handed on
            kept = to_keep(checked, question)
            await self._writer.do(lambda store: store.write_receipt(kept))
        except AnswerRefused as error:
            await self._explain(error)
            evidence = evidence_of(error, question, prepared, response, identity.certificate)
            await self._alarm(error, evidence, question.request_id)
            raise
        # 5 A refusal that proves itself is an exit too
        declined = response.status != HTTPStatus.OK
        return Outcome(checked, read_problem(response) if declined else None)

    async def _send(
        self, question: Question, asker: str, until: float, waiting: Waiting
    ) -> tuple[Identity, Prepared, Response, bool]:
        """Send until something comes; True if an earlier attempt may have been entered."""
        body = question.body()
        message = Message("POST", self._address + question.path, {"content-type": JSON_TYPE})
        for tried in range(1, TRIES + 1):
            identity, now = self.identity, self._clock()
            keyid = identity.certificate.keyid
            prepared = prepare(identity.key, keyid, message, question.path, body, now)
            writing = partial(_write, question, prepared, identity, now, asker)
            known = await self._writer.do(writing)
            pause = pause_before(tried)
            last = tried == TRIES or monotonic() + pause >= until
            try:
                response = await self._exchange(prepared, until, waiting)
            except HubUnreachable:
                if last:
                    raise
            else:
                if response.status != HTTPStatus.SERVICE_UNAVAILABLE or last:
                    break
            await asyncio.sleep(pause)
            waiting.seconds += pause
        return identity, prepared, response, known or tried > 1

    async def _exchange(self, prepared: Prepared, until: float, waiting: Waiting) -> Response:
        begun = monotonic()
        try:
            return await self._pool.send(
                prepared.method,
                prepared.path,
                prepared.headers,
                prepared.body,
                limit=MAX_ANSWER,
                seconds=until - begun,
            )
        finally:
            waiting.seconds += monotonic() - begun

    async def _keys_for(
        self, token: str | None, until: float, waiting: Waiting
    ) -> dict[str, ReceiptKey]:
        if token is None:
            raise AnswerRefused(why="receipt-missing")
        begun = monotonic()
        try:
            if receipt_kid(token) not in self._keys:
                self._keys = await self._fetch_keys(until)
                waiting.seconds += monotonic() - begun
        except (ReceiptInvalid, Malformed) as error:
            raise AnswerRefused(why="receipt-form") from error
        except HubError as error:
            # The answer is here: a hub that hides its keys must not get out of the alarm.
            raise AnswerRefused(why="receipt-keys") from error
        return self._keys

    async def _fetch_keys(self, until: float) -> dict[str, ReceiptKey]:
        """The hub's receipt keys; a hub that starts again has until the question's end."""
        for tried in count(1):
            try:
                answer = await self._pool.get(PATH, limit=MAX_SET, seconds=until - monotonic())
                if answer.status == HTTPStatus.OK:
                    return read_key_set(answer.body)
                raise HubUnintelligible(why="key-set")
            except HubError:
                pause = pause_before(tried)
                if monotonic() + pause >= until:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError  # the count has no end

    async def _explain(self, error: AnswerRefused) -> None:
        """Raise ``LedgerRestored`` in place of a refusal for the ledger's name, if that is why."""
        if error.facts.get("why") != "origin":
            return
        settings, clock = self.identity.settings, self._clock

        def asking() -> LedgerRestored | None:
            with Transport.of(settings, clock) as transport:
                return restored(transport, settings.ledger.origin)

        later = await asyncio.to_thread(asking)
        if later is not None:
            raise later from error

    async def _alarm(self, error: AnswerRefused, evidence: bytes, request_id: str) -> None:
        why, now = str(error.facts.get("why", "")), self._clock()

        def writing(store: ReceiptStore) -> None:
            store.write_alarm(error.code, why, evidence, now, request_id=request_id)

        await self._writer.do(writing)
        _log.error("answer refused: %s, request %s", why, request_id)


def _write(
    question: Question,
    prepared: Prepared,
    identity: Identity,
    now: int,
    asker: str,
    store: ReceiptStore,
) -> bool:
    """Note an attempt; True if the question had one before."""
    return store.write_attempt(question, prepared.signed, identity.certificate, now, asker=asker)


def _unproven(response: Response) -> HubBusy | HubDeclined:
    """What the hub, or somebody on the way, said without a receipt."""
    problem = read_problem(response)
    kind = HubBusy if response.status in LATER else HubDeclined
    return kind(hub_code=problem.code[:64], hub_status=response.status)


def _tls(settings: Settings, address: str) -> ssl.SSLContext | None:
    if address.startswith("http://"):
        return None
    return tls_context(settings) or ssl.create_default_context()

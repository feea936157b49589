"""HTTP to the one hub: signed, bounded, without redirects, proxies or cookies.

Signing and sending are two steps, so that a question can be written down before it leaves.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx2

from certs.keys import Signer
from certs.signatures import NONCE_BYTES, Message, Signed, sign_request
from connectors.clock import Clock, monotonic
from connectors.errors import HubUnintelligible, HubUnreachable, SettingsBroken
from connectors.settings import Settings, check_address

TIMEOUT = 10.0
"""Seconds to connect, and between two pieces of an answer."""
DEADLINE = 60.0
"""Seconds for a whole answer, or a hub that drips could hold a counter for ever."""
LIFETIME = 120
"""Seconds that a signature of ours is good for; the hub takes 300 at most."""
MAX_ANSWER = 4 * 1024 * 1024
"""Bytes of an ordinary answer; ours have some kilobytes."""
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signed request that has not been sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    signed: Signed


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; ``headers`` by lower-case name, ``body`` as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Transport:
    """Sends requests to one hub and reads bounded answers."""

    def __init__(
        self,
        address: str,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        http: httpx2.BaseTransport | None = None,
    ) -> None:
        self._address = check_address(address)
        self._clock = clock
        self._http = httpx2.Client(
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            verify=True if tls is None else tls,
            transport=http,
            headers={"accept-encoding": "identity", "user-agent": "yifen-connector"},
        )

    @classmethod
    def of(
        cls, settings: Settings, clock: Clock, http: httpx2.BaseTransport | None = None
    ) -> "Transport":
        """The transport to the hub of ``settings``; raises ``SettingsBroken`` for its roots."""
        return cls(settings.address, clock, tls=tls_context(settings), http=http)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def sign(
        self,
        signer: Signer,
        keyid: str,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = JSON_TYPE,
    ) -> Prepared:
        """Sign a request under a fresh nonce."""
        message = Message(method, self._address + path, {"content-type": content_type})
        return prepare(signer, keyid, message, path, body, self._clock())

    def send(self, prepared: Prepared, *, limit: int = MAX_ANSWER) -> Response:
        """Send a signed request; raises ``HubUnreachable`` or ``HubUnintelligible``."""
        return self._exchange(
            prepared.method, prepared.path, prepared.headers, prepared.body, limit
        )

    def get(self, path: str, *, limit: int = MAX_ANSWER) -> Response:
        """Fetch something public, unsigned; raises as ``send`` does."""
        return self._exchange("GET", path, {}, b"", limit)

    def post(self, path: str, body: bytes) -> Response:
        """Post JSON without a signature, as only enrolment does; raises as ``send`` does."""
        return self._exchange("POST", path, {"content-type": JSON_TYPE}, body, MAX_ANSWER)

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, limit: int
    ) -> Response:
        try:
            with self._http.stream(
                method, self._address + path, headers=dict(headers), content=body or None
            ) as answer:
                content = _read(answer, limit)
        except httpx2.TimeoutException as error:
            raise HubUnreachable(why="timeout") from error
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            raise HubUnreachable(why="connection") from error
        except httpx2.InvalidURL as error:
            raise HubUnintelligible(why="address") from error
        # A cookie of somebody's making must not ride along on the next request.
        self._http.cookies.clear()
        return Response(
            status=answer.status_code,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=content,
        )


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """What verifies the hub's TLS certificate if the settings name authorities for it.

    Raises ``SettingsBroken`` if they cannot be read.
    """
    if settings.tls_roots is None:
        return None
    try:
        return ssl.create_default_context(cafile=settings.tls_roots)
    except OSError as error:
        raise SettingsBroken(file=settings.tls_roots.name, place="tls_roots") from error


def prepare(
    signer: Signer, keyid: str, message: Message, path: str, body: bytes, now: int
) -> Prepared:
    """Sign ``message`` under a fresh nonce at ``now`` (ms); without a body it has no type."""
    headers = message.headers if body else {}
    created = now // 1000
    added, signed = sign_request(
        signer,
        keyid,
        message._replace(headers=headers),
        body,
        created=created,
        expires=created + LIFETIME,
        nonce=os.urandom(NONCE_BYTES),
    )
    return Prepared(message.method, path, {**headers, **added}, body, signed)


def _read(answer: httpx2.Response, limit: int) -> bytes:
    """The bytes as sent; raises ``HubUnintelligible`` for too many, or for a content coding."""
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise HubUnintelligible(why="content-coding")
    until = monotonic() + DEADLINE
    content = bytearray()
    for piece in answer.iter_raw():
        content += piece
        if len(content) > limit:
            raise HubUnintelligible(why="too-large")
        if monotonic() > until:
            raise HubUnreachable(why="timeout")
    return bytes(content)

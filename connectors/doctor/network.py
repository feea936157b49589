"""The way to the hub: its name, its TLS certificate, and what it says of itself."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.encoding import from_rfc3339
from certs.errors import Malformed
from certs.signatures import SKEW
from connectors.clock import Clock
from connectors.doctor.finding import Finding, bad, good, met, tried, warn
from connectors.errors import HubUnintelligible
from connectors.settings import Settings
from connectors.transport import Transport, tls_context

SECONDS = 5.0
TLS_DAYS = 14
"""Days of the hub's TLS certificate below which its people should be told."""
CLOSE = SKEW // 3
"""Seconds of difference that are well: the hub refuses at ``SKEW``."""
_DAY = 86_400


class _About(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    hub: str
    time: str


def network(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Name and TLS; ends at the first that does not work."""
    parts = urlsplit(settings.address)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        yield bad("dns", "unknown", host=host)
        return
    yield good("dns", host=host, address=str(found[0][4][0]))
    if parts.scheme == "http":
        yield good("tls")
        return
    yield tried("tls", lambda: _tls(settings, host, port, clock))


def hub(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """What the hub says of itself, unsigned: its name and its clock."""
    try:
        with Transport.of(settings, clock) as transport:
            answer = transport.get("/.well-known/yifen", limit=1 << 16)
        about = _About.model_validate_json(answer.body)
        there = from_rfc3339(about.time)
    except (ValidationError, Malformed):
        yield met("hub", HubUnintelligible(why="form"))
        return
    if about.hub != settings.hub:
        yield bad("hub", "other", hub=settings.hub, found=about.hub[:64])
        return
    yield good("hub", hub=about.hub)
    # Half a round trip is not worth measuring against whole seconds.
    off = round((clock() - there) / 1000)
    if abs(off) >= SKEW:
        yield bad("clock", "wrong", seconds=off, limit=SKEW)
    elif abs(off) > CLOSE:
        yield warn("clock", "off", seconds=off, limit=SKEW)
    else:
        yield good("clock", seconds=off)


def _tls(settings: Settings, host: str, port: int, clock: Clock) -> Finding:
    context = tls_context(settings) or ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            shown = connection.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return bad("tls", "untrusted", why=error.verify_message)
    except OSError:
        return bad("tls", "unreachable", host=host, port=port)
    ends = ssl.cert_time_to_seconds(str(shown.get("notAfter", "")))
    days = int(ends - clock() / 1000) // _DAY
    return warn("tls", "ending", days=days) if days < TLS_DAYS else good("tls", days=days)

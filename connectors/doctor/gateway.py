"""The gateway of this folder: its keys, its port, and whether it answers."""

import http.client
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from certs.errors import YifenError
from certs.keys import read_secret
from connectors.doctor.finding import Finding, bad, good, met, warn
from connectors.gateway.keys import FILE, read_keys
from connectors.gateway.settings import GatewaySettings, split_listen
from connectors.grants import Grant

SECONDS = 3.0
SIGNS = frozenset({"ok", "alarm", "stopped"})


def gateway(path: Path, settings: GatewaySettings, grants: list[Grant]) -> Iterator[Finding]:
    """Keys, what they may ask that no grant gives, and the port."""
    try:
        if settings.tls_key is not None:
            read_secret(settings.tls_key)
        keys = read_keys(path / FILE)
    except (YifenError, OSError) as error:
        if isinstance(error, YifenError):
            yield met("keys", error)
        else:
            yield bad("keys", "tls")
        return
    granted = {purpose for grant in grants for purpose in grant.purposes}
    idle = sorted({purpose for key in keys for purpose in key.purposes} - granted)
    if not keys:
        yield warn("keys", "none")
    elif grants and idle:
        yield warn("keys", "idle", purposes=", ".join(idle))
    else:
        yield good("keys", count=len(keys))
    yield _port(settings)


def _port(settings: GatewaySettings) -> Finding:
    host, port = split_listen(settings.listen)
    facts = {"listen": settings.listen}
    try:
        with closing(_connection(settings, host, port)) as connection:
            connection.request("GET", "/healthz")
            said = connection.getresponse().read(64).decode("ascii", "replace").strip()
    except (ConnectionRefusedError, TimeoutError):
        return good("port", **facts, state="-")
    except (OSError, http.client.HTTPException):
        said = ""
    if said not in SIGNS:
        return bad("port", "foreign", **facts)
    if said == "stopped":
        return bad("port", "stopped", **facts)
    return good("port", **facts, state=said)


def _connection(settings: GatewaySettings, host: str, port: int) -> http.client.HTTPConnection:
    if settings.tls_key is None:
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    # Our own certificate, at our own address: whose it is, is not the question here.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)

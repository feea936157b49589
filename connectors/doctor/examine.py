"""All that a doctor looks at, in the order in which one thing stands on another."""

from collections.abc import Iterator
from pathlib import Path

from certs.errors import YifenError
from connectors.client import Connector
from connectors.clock import Clock, system_clock
from connectors.doctor import exchange, network
from connectors.doctor.finding import Finding, good, met
from connectors.doctor.folder import certificate, folder
from connectors.doctor.gateway import gateway
from connectors.grants import Grant
from connectors.home import Home
from connectors.home import read as read_home


def examine(path: Path, *, clock: Clock = system_clock) -> Iterator[Finding]:
    """Look at everything; goes on after what is bad as far as that makes sense."""
    yield from folder(path)
    try:
        identity = read_home(path)
    except YifenError as error:
        yield met("settings", error)
        return
    settings = identity.settings
    yield good("settings")
    yield from certificate(Home(path), identity, clock)
    reached = True
    for finding in network.network(settings, clock):
        reached = reached and finding.verdict != "bad"
        yield finding
    grants: list[Grant] = []
    if reached:
        try:
            yield from network.hub(settings, clock)
            with Connector.open(path, clock=clock) as connector:
                yield from exchange.exchange(connector, grants)
                yield from exchange.receipts(connector)
        except YifenError as error:
            yield met("hub", error)
    yield from gateway(path, settings.gateway, grants)

"""A real connector before a real hub in one process, with one clock to move: no socket between."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation
from hub.access import connectors
from world.town import ADMINISTRATOR, World


@dataclass
class Bridge(httpx2.BaseTransport):
    """Hands requests to a world's application; what it gives back may be told otherwise."""

    world: World
    seen: list[str] = field(default_factory=list)
    lies: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    """By path, what becomes of an answer's body on the way."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.seen.append(path)
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        answer = self.world.raw(request.method, request.url.raw_path, headers, [request.read()])
        body = self.lies.get(path, lambda told: told)(answer.body)
        kept = {k: v for k, v in answer.headers.items() if k != "content-length"}
        # As it would come from a socket: not yet read.
        return httpx2.Response(answer.status, headers=kept, stream=httpx2.ByteStream(body))


def enrolled(world: World, home: Path, name: str = "window") -> tuple[Bridge, Connector]:
    """A connector of the department that has the grant."""
    bridge = Bridge(world)
    text = connectors.invite(world.hub.changes, ADMINISTRATOR, world.hub.trust, "nrb", name)
    enrol(read_invitation(text), home, clock=world.time, http=bridge)
    bridge.seen.clear()
    return bridge, opened(world, home, bridge)


def opened(world: World, home: Path, bridge: Bridge) -> Connector:
    """The connector in a folder, opened as another process would."""
    return Connector.open(home, clock=world.time, sleep=lambda _: None, http=bridge)

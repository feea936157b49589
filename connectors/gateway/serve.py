"""Serving: one process on one socket, until a signal."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import uvicorn

from certs.keys import read_secret
from connectors.clock import Clock, system_clock
from connectors.errors import StoreError
from connectors.gateway.errors import ListenRefused
from connectors.gateway.front import Front
from connectors.gateway.gateway import Gateway
from connectors.gateway.protocol import BoundedProtocol
from connectors.gateway.settings import GatewaySettings, split_listen
from connectors.gateway.upkeep import Upkeep
from connectors.home import Identity

BACKLOG = 1024
LOOK_SECONDS = 1.0
"""Between two looks at the alarms: so long an acknowledged one may go on stopping."""
SWITCH_SECONDS = 0.0005
"""How long a thread may hold the interpreter that another waits for: the default, 5 ms, is longer
than a whole answer takes, and the thread that writes waits for it after every sync."""
COLLECT_AFTER = 50_000
"""Objects made before the collector looks at the youngest, as in the hub: what stands, stays."""
GRACE_SECONDS = 20
"""For questions that are on their way when the end comes: one takes ``seconds`` at most."""


def serve(path: Path, *, told: Callable[[str], None], clock: Clock = system_clock) -> None:
    """Serve the gateway of an enrolled folder; ``told`` hears where, once it listens.

    Raises ``HomeError``, ``StoreError``, ``ListenRefused`` or ``InsecureKeyFile`` before that.
    """
    with closing(Gateway.open(path, clock=clock)) as gateway:
        settings = gateway.settings.gateway
        if settings.tls_key is not None:
            read_secret(settings.tls_key)
        bound = bind(settings.listen)
        scheme = "http" if settings.tls_key is None else "https"
        host, _ = split_listen(settings.listen)
        shown = f"[{host}]" if ":" in host else host
        address = f"{scheme}://{shown}:{bound.getsockname()[1]}"
        config = _config(settings, Front(gateway))
        server = uvicorn.Server(config)
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 20, 50)
        # The server takes signals over while it runs, and afterwards sends them on to these.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        try:
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(_serve(gateway, server, bound, lambda: told(address)))
        finally:
            gc.unfreeze()


def bind(listen: str) -> socket.socket:
    """A listening socket; raises ``ListenRefused`` if there cannot be one."""
    host, port = split_listen(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            # On Windows REUSEADDR would let another program take over the port, keys and all.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # type: ignore[attr-defined,unused-ignore]
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise ListenRefused(listen=listen) from error
    return bound


async def _serve(
    gateway: Gateway, server: uvicorn.Server, bound: socket.socket, ready: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()

    def use(identity: Identity) -> None:
        loop.call_soon_threadsafe(gateway.use, identity)

    upkeep = Upkeep(gateway, use)
    upkeep.start()
    looking = loop.create_task(_look(gateway))
    try:
        ready()
        await server.serve(sockets=[bound])
    finally:
        looking.cancel()
        await asyncio.to_thread(upkeep.stop)


async def _look(gateway: Gateway) -> None:
    """Look at the alarms again and again: other commands raise and acknowledge them too."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with suppress(StoreError):  # what cannot be read cannot be written: nobody is answered
            await gateway.look()


def _config(settings: GatewaySettings, application: Front) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=BoundedProtocol,
        limit_concurrency=settings.connections,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )

"""Signed requests of connectors on the JSON routes: identified, and their nonce reserved."""

import secrets
from dataclasses import dataclass

from fastapi import Request

from hub.errors import Replayed
from hub.ledger.change import Actor
from hub.lookup.attempts import named_connector
from hub.lookup.identify import Caller, identify_now, still_stands
from hub.runtime import Hub
from hub.web.front import UNIDENTIFIED, address_of, message_of, read_body


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A connector's verified request."""

    caller: Caller
    body: bytes

    @property
    def actor(self) -> Actor:
        """The connector as one who changes something."""
        return Actor(
            "connector", connector=self.caller.connector, department=self.caller.department
        )

    @property
    def connector(self) -> str:
        """The connector's URN."""
        return self.caller.connector or ""


async def signed_call(request: Request, hub: Hub, *, limit: int | None = None) -> SignedCall:
    """Verify a signed request and reserve its nonce, durably.

    Raises errors of the signature and certificate families, ``Replayed``, or ``TooLarge``.
    """
    address = address_of(request.scope)
    hub.attempts.allow(address)
    message = message_of(request.scope, hub.settings.public_origin)
    try:
        body = await read_body(request.receive, limit or hub.settings.limits.body_bytes)
        caller, _ = identify_now(message, body, hub.book, hub.clock())
        if caller.nonce is None:
            raise Replayed
        epoch = hub.committer.reserve(caller.nonce, secrets.randbits(63))
        if epoch is None:
            raise Replayed
        if epoch != hub.book.current().epoch:
            still_stands(caller, hub.book.refresh(), hub.clock())
    except UNIDENTIFIED as error:
        known = named_connector(message, hub.book.current())
        hub.attempts.failed(address, error.code, known)
        raise
    return SignedCall(caller, body)

"""Step 7: sign what was answered, and put the reply together."""

from typing import NamedTuple, Protocol

from certs.encoding import b64u, digest
from certs.receipts import Receipt, ReceiptSigner, leaves_digest
from hub.clock import Clock
from hub.ledger.attempt import EnteredBatch
from hub.lookup.identify import Caller

JSON = "application/json"
PROBLEM = "application/problem+json"


class Reply(NamedTuple):
    """What leaves the hub; ``receipt`` is None for what has no entry."""

    status: int
    content_type: str
    body: bytes
    receipt: str | None = None


def opening(control: bytes, control_salt: bytes, leaf: bytes, person_salt: bytes) -> bytes:
    """One member of ``openings``: leaf, control with its salt, and the *person* part's salt."""
    return b'{"control":%b,"control_salt":"%b","leaf":%b,"person_salt":"%b"}' % (
        control,
        b64u(control_salt).encode("ascii"),
        leaf,
        b64u(person_salt).encode("ascii"),
    )


def answer_body(result: bytes, opened: bytes) -> bytes:
    """The body of an answer, canonical JSON."""
    return b'{"openings":[%b],"results":[%b]}' % (opened, result)


class Signing(Protocol):
    """What knows the key of receipts (``hub/keys/ring.py``)."""

    @property
    def receipt(self) -> ReceiptSigner:
        """Who signs now: the key of the epoch at which this process last decided."""


class Receipts:
    """Issues the receipts of this hub."""

    def __init__(self, signing: Signing, hub: str, origin: str, clock: Clock) -> None:
        self._signing = signing
        self._hub = hub
        self._clock = clock
        self._origin = origin

    def issue(
        self,
        caller: Caller,
        entered: EnteredBatch,
        *,
        status: int,
        content_type: str,
        body: bytes | None,
    ) -> str:
        """The receipt of contiguous entries; ``body`` is None when it is fetched without them.

        One that is fetched later is issued then: its key may be younger than the entry.
        """
        issued = entered.time if body is not None else max(entered.time, self._clock())
        return self._signing.receipt.issue(
            Receipt(
                issuer=self._hub,
                audience=caller.asker,
                issued=issued // 1000,
                request=caller.request,
                status=status,
                content_type=content_type,
                body=None if body is None else digest(body),
                origin=self._origin,
                first=entered.first,
                entries=len(entered.hashes),
                leaves=leaves_digest(entered.hashes),
            )
        )

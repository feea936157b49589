"""Showing one checkpoint to one witness (C2SP ``tlog-witness``, ``add-checkpoint``).

    old <size that the witness cosigned last>
    <consistency proof from there, standard base64, one hash a line>

    <the checkpoint, a signed note>

A witness that knows another size says which (409), and is asked again from there.
"""

import asyncio
import re
import ssl
from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus

import httpx2

from certs.cosignature import Cosignature, cosignatures
from certs.errors import CheckpointInvalid
from certs.note import Note, read_signatures
from certs.tree import consistency_proof
from hub.errors import WitnessTroubled
from hub.ledger.checkpoint import node_of
from hub.settings import WitnessPin
from hub.storage.sqlite import Connection

SECONDS = 5.0
"""That a witness has for everything that is asked of it about one checkpoint."""
TRIES = 3
"""Requests about one checkpoint: the size that we know, the one that it tells, and another if two
hubs of one folder should ask at once."""
MAX_ANSWER = 16 * 1024
"""Bytes of an answer; some signature lines."""

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,17})\n\Z")
_WHY: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "form",
    HTTPStatus.FORBIDDEN: "key",
    HTTPStatus.NOT_FOUND: "unknown-log",
    HTTPStatus.UNPROCESSABLE_ENTITY: "refused",
}


@dataclass(frozen=True, slots=True)
class Head:
    """The checkpoint to be shown: its note as the log signed it, and its size."""

    note: Note
    size: int


class WitnessClient:
    """HTTP to the witnesses: bounded, without redirects, proxies or cookies; for one event loop."""

    def __init__(
        self,
        connection: Connection,
        tls: ssl.SSLContext | None = None,
        http: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = connection
        self._http = httpx2.AsyncClient(
            timeout=SECONDS,
            follow_redirects=False,
            trust_env=False,
            verify=True if tls is None else tls,
            transport=http,
            headers={"accept-encoding": "identity", "user-agent": "yifen-hub"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def submit(self, pin: WitnessPin, head: Head, known: int) -> Cosignature:
        """The witness's verified cosignature on a checkpoint.

        ``known`` is the size that it cosigned last, as far as we know. Raises ``WitnessTroubled``.
        """
        try:
            async with asyncio.timeout(SECONDS):
                return await self._submit(pin, head, min(known, head.size))
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise WitnessTroubled(name=pin.name, why="timeout") from error
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError) as error:
            raise WitnessTroubled(name=pin.name, why="connection") from error

    async def _submit(self, pin: WitnessPin, head: Head, old: int) -> Cosignature:
        for _ in range(TRIES):
            status, body = await self._post(pin, self._request(head, old))
            if status == HTTPStatus.OK:
                return _read(pin, head, body)
            if status != HTTPStatus.CONFLICT:
                raise WitnessTroubled(name=pin.name, why=_WHY.get(status, "status"))
            told = _SIZE.match(body)
            if told is None:
                raise WitnessTroubled(name=pin.name, why="form")
            old = int(told[1])
            if old > head.size:
                # It has seen more of this log than we have: entries were lost, or there are two.
                raise WitnessTroubled(name=pin.name, why="ahead")
        raise WitnessTroubled(name=pin.name, why="conflict")

    def _request(self, head: Head, old: int) -> bytes:
        proof: list[bytes] = []
        if old:
            proof = consistency_proof(old, head.size, self._node)
        lines = [f"old {old}", *(b64encode(one).decode("ascii") for one in proof), ""]
        return ("\n".join(lines) + "\n" + head.note.written).encode()

    async def _post(self, pin: WitnessPin, content: bytes) -> tuple[int, bytes]:
        body = bytearray()
        async with self._http.stream(
            "POST", f"{pin.url}/add-checkpoint", content=content
        ) as answer:
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > MAX_ANSWER:
                    raise WitnessTroubled(name=pin.name, why="form")
        # A cookie of somebody's making must not ride along on the next request.
        self._http.cookies.clear()
        return answer.status_code, bytes(body)

    def _node(self, level: int, index: int) -> bytes:
        return node_of(self._connection, level, index)


def _read(pin: WitnessPin, head: Head, body: bytes) -> Cosignature:
    """The cosignature in an answer; signatures of other keys are passed over."""
    try:
        signatures = read_signatures(body.decode("utf-8"))
        (made,) = cosignatures(head.note.text, signatures, [pin.witness])
    except (CheckpointInvalid, ValueError) as error:
        raise WitnessTroubled(name=pin.name, why="signature") from error
    return made

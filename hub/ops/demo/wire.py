"""A signed request sent by hand: by a department's own system, or by who listens on the wire.

The department's own key signs it once; whoever recorded it has the bytes and not the key.
"""

import os
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import orjson
from pydantic import BaseModel, ConfigDict

from certs.canonical import Json, canonical
from certs.certificates import read_certificate
from certs.encoding import b64u
from certs.keys import PrivateKey
from certs.signatures import NONCE_BYTES, Message, sign_request
from hub.clock import Clock
from hub.errors import Unavailable

_SECONDS = 30.0
LIFETIME = 120
"""Seconds that the recorded request could have been fresh for."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it went over the wire."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The status, the problem's code if there is one, and the entry if one was made."""

    status: int
    problem: str
    entry: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """The status and the body of an answer to a department's own system."""

    status: int
    body: bytes

    @property
    def problem(self) -> str:
        """The problem's code; empty where there is none."""
        return _Told.model_validate_json(self.body).code


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str = ""


class _Promise(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    first: int


def record(
    home: Path, address: str, path: str, question: Mapping[str, Json], clock: Clock
) -> Recorded:
    """Sign a question with the connector's key in ``home``; it is not sent."""
    body = canonical({**question, "request_id": b64u(os.urandom(16))})
    return _signed(home, address, path, body, clock)


def call(home: Path, address: str, path: str, body: Mapping[str, Json], clock: Clock) -> Said:
    """Sign and send what is no question of one subject; raises ``Unavailable``."""
    response = _sent(_signed(home, address, path, canonical(body), clock))
    return Said(response.status_code, response.content)


def _signed(home: Path, address: str, path: str, body: bytes, clock: Clock) -> Recorded:
    headers = {"content-type": "application/json"}
    message = Message("POST", address + path, headers)
    keyid = read_certificate((home / "certificate.pem").read_bytes()).keyid
    created = clock() // 1000
    added, _ = sign_request(
        PrivateKey.load(home / "key.pem"),
        keyid,
        message,
        body,
        created=created,
        expires=created + LIFETIME,
        nonce=os.urandom(NONCE_BYTES),
    )
    return Recorded(message.target_uri, {**headers, **added}, body)


def send(recorded: Recorded) -> Reply:
    """Send the bytes as they are; raises ``Unavailable``."""
    response = _sent(recorded)
    receipt = response.headers.get("hub-receipt")
    return Reply(
        response.status_code,
        _Told.model_validate_json(response.content).code,
        None if receipt is None else _promised(receipt),
    )


def _sent(recorded: Recorded) -> httpx.Response:
    headers = dict(recorded.headers)
    try:
        with httpx.Client(trust_env=False, timeout=_SECONDS) as client:
            return client.post(recorded.url, content=recorded.body, headers=headers)
    except httpx.HTTPError as error:
        raise Unavailable(why="no-answer") from error


def _promised(receipt: str) -> int:
    """The entry that a receipt promises; what it proves is the connectors' business."""
    claims = receipt.split(".")[1]
    return _Promise.model_validate(orjson.loads(urlsafe_b64decode(claims + "=="))).first

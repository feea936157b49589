"""E-licences from the issuing department's side: issue, change, credentials, print.

The token of an issue is made from what is asked for, so the same file asked twice is issued once,
whether its first answer came or was lost.
"""

import hashlib
import re
from collections.abc import Mapping
from io import BufferedReader

from pydantic import BaseModel, ConfigDict

from catalog.licences.status import Act, Status
from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, sha256
from certs.errors import Malformed
from connectors.calls import Calls, read_model
from connectors.errors import ConnectorError

LICENCE = re.compile(r"l-[0-9a-f]{32}\Z", re.ASCII)
LARGEST = 1 << 20
"""Bytes of a file that says what is to be issued."""
LARGEST_PAPER = 16 << 20
_DEPTH = 4
_TOKEN = 16
_MEMBERS = frozenset({"items", "metadata", "type"})


class LicenceUnreadable(ConnectorError):
    """What is to be issued, or done to what, cannot be read; fact ``why`` is a slug."""

    code = "licence-unreadable"


class LicenceDone(BaseModel):
    """A licence after a change; ``acts`` may follow, ``credential`` if one was made."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    licence: str
    identifier: str
    status: str
    version: int
    acts: list[str]
    entry: int | None
    credential: str | None


class LicenceShown(BaseModel):
    """How a licence stands, without anything that is on it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    licence: str
    type: str
    status: str
    version: int
    issued: str
    valid_until: str | None
    acts: list[str]
    credentials: int
    papers: int
    replaces: str | None = None
    replaced_by: str | None = None


class LicenceChecked(BaseModel):
    """What a hub says of a file 核验文件; without a receipt, as to any stranger who holds it.

    ``minimum`` is what the type shows to strangers, ``status`` that of now, ``printed`` when it
    was made. All of them are None for a file that was not printed there.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    printed_here: bool
    status: str | None = None
    printed: str | None = None
    minimum: dict[str, str] | None = None

    @property
    def good(self) -> bool:
        """Whether exactly this was printed there, and what it shows is in force now."""
        return self.printed_here and self.status == Status.IN_FORCE.value


def digest_of(file: BufferedReader) -> str:
    """The SHA-256 of a file, read in pieces; what is in it goes nowhere."""
    return hashlib.file_digest(file, "sha256").hexdigest()


def read_order(data: bytes) -> dict[str, Json]:
    """What is to be issued: a JSON object with ``type``, ``metadata`` and ``items``."""
    return _object(data, _MEMBERS)


def read_key(data: bytes) -> dict[str, Json]:
    """A holder's public key: a JSON Web Key of P-256 without anything else."""
    return _object(data, frozenset({"crv", "kty", "x", "y"}))


class Licences:
    """What the own department does to licences; raises ``Refused`` or ``HubError``."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def issue(
        self,
        order: Mapping[str, Json],
        *,
        case: str | None = None,
        credential: bool = False,
        holder_key: Mapping[str, Json] | None = None,
        replaces: str | None = None,
    ) -> LicenceDone:
        """Issue a licence, or find the one that was issued by the same order.

        ``replaces``: the licence of ours in whose place it is issued, which ends with that 换证.
        """
        ordered = {**order}
        if replaces is not None:
            _path(replaces)
            ordered["replaces"] = replaces
        token = b64u(sha256(canonical(ordered))[:_TOKEN])
        body: dict[str, Json] = {**ordered, "case": case, "token": token}
        if credential:
            body["credential"] = _ordered(holder_key)
        return read_model(self._calls.call("POST", "/v1/licences", canonical(body)), LicenceDone)

    def act(
        self,
        licence: str,
        act: Act,
        *,
        note: str = "",
        version: int | None = None,
        case: str | None = None,
    ) -> LicenceDone:
        """Suspend … reinstate; effective at once."""
        body: Json = {"case": case, "note": note, "version": version}
        return self._done(licence, act.value, body)

    def credential(self, licence: str, holder_key: Mapping[str, Json] | None = None) -> LicenceDone:
        """Another credential of a licence that is in force."""
        return self._done(licence, "credential", _ordered(holder_key))

    def paper(self, licence: str, language: str) -> bytes:
        """A print: a PDF."""
        path = f"{_path(licence)}/paper"
        body = canonical({"language": language})
        return self._calls.call("POST", path, body, limit=LARGEST_PAPER).body

    def check(self, sha256: str) -> LicenceChecked:
        """Whether a file of this digest (hexadecimal) was printed there, and what holds now."""
        body = canonical({"sha256": sha256})
        return read_model(self._calls.call("POST", "/licences/check", body), LicenceChecked)

    def show(self, licence: str) -> LicenceShown:
        """How a licence of ours stands."""
        return read_model(self._calls.call("GET", _path(licence)), LicenceShown)

    def _done(self, licence: str, what: str, body: Json) -> LicenceDone:
        path = f"{_path(licence)}/{what}"
        return read_model(self._calls.call("POST", path, canonical(body)), LicenceDone)


def _ordered(holder_key: Mapping[str, Json] | None) -> Json:
    return {"holder_key": None if holder_key is None else {**holder_key}}


def _path(licence: str) -> str:
    if LICENCE.match(licence) is None:
        raise LicenceUnreadable(why="licence")
    return f"/v1/licences/{licence}"


def _object(data: bytes, members: frozenset[str]) -> dict[str, Json]:
    try:
        value = parse(data, max_bytes=LARGEST, max_depth=_DEPTH)
    except Malformed as error:
        raise LicenceUnreadable(why="json") from error
    if not isinstance(value, dict) or value.keys() != members:
        raise LicenceUnreadable(why="members")
    return value

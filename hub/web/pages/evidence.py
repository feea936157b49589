"""What an answer on a page proves, and what it does not: its entry, its receipt, their digests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import orjson

from certs.canonical import Json, canonical
from certs.encoding import b64u, unb64u
from certs.tree import leaf_hash
from hub.lookup.identify import Caller
from hub.lookup.receipt import Reply

HUB_SESSION = "hub-session"
"""The weaker class of evidence: the question rests on the hub's own session (design, *Two kinds
of evidence*)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The entry and receipt of one answer; hashes base64url, ``sent`` is what B covers."""

    position: int
    last: int
    """Of a request with several entries the last one; what else is told is the first one's."""
    origin: str
    time: str
    leaf: str
    leaf_hash: str
    repeats: int | None
    request: str
    answer: str
    body: str
    audience: str
    sent: str
    receipt: str
    kid: str
    grade: str = HUB_SESSION


def evidence_of(reply: Reply, body: Mapping[str, Json], caller: Caller) -> Evidence | None:
    """The evidence of a reply, None for one without an entry."""
    openings = body.get("openings")
    if reply.receipt is None or not isinstance(openings, list):
        return None
    opening = cast("dict[str, dict[str, Json]]", openings[0])
    leaf = canonical(opening["leaf"])
    control = opening["control"]
    head, claims = (_part(reply.receipt, place) for place in (0, 1))
    repeats = control["repeats"]
    return Evidence(
        position=cast("int", claims["first"]),
        last=cast("int", claims["first"]) + cast("int", claims["count"]) - 1,
        origin=str(claims["origin"]),
        time=str(opening["leaf"]["time"]),
        leaf=leaf.decode("utf-8"),
        leaf_hash=b64u(leaf_hash(leaf)),
        repeats=repeats if isinstance(repeats, int) else None,
        request=caller.request,
        answer=str(control["a"]),
        body=str(claims["B"]),
        audience=str(claims["aud"]),
        sent=reply.body.decode("utf-8"),
        receipt=reply.receipt,
        kid=str(head["kid"]),
    )


def _part(token: str, place: int) -> dict[str, Json]:
    return cast("dict[str, Json]", orjson.loads(unb64u(token.split(".")[place])))

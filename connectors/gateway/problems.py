"""The one table from errors to the problem documents (RFC 9457) that calling systems get.

An error stands under its own class or the nearest base in the table; what the table does not know
is a bare 500 that tells nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.errors import MessageCatalogueBroken
from catalog.messages import both
from certs.canonical import Json, canonical
from certs.errors import MalformedJson, YifenError
from connectors.errors import (
    Dishonest,
    HubError,
    QuestionRefused,
    QuestionTaken,
    ReceiptUnknown,
    StoreError,
)
from connectors.gateway.errors import (
    BodyLate,
    BodyMalformed,
    BodyTooLarge,
    GatewayBusy,
    GatewayStopped,
    HubBusy,
    HubDeclined,
    KeyRefused,
    KeysBroken,
    MediaRefused,
    OutsideKey,
    RateSpent,
    RouteUnknown,
)

STATUS: Mapping[type[YifenError], int] = {
    MalformedJson: 400,
    KeyRefused: 401,
    OutsideKey: 403,
    RouteUnknown: 404,
    ReceiptUnknown: 404,
    BodyLate: 408,
    QuestionTaken: 409,
    BodyTooLarge: 413,
    MediaRefused: 415,
    BodyMalformed: 422,
    QuestionRefused: 422,
    RateSpent: 429,
    Dishonest: 502,
    HubError: 502,
    HubDeclined: 502,
    HubBusy: 503,
    GatewayBusy: 503,
    GatewayStopped: 503,
    KeysBroken: 503,
    StoreError: 503,
}
RETRY = frozenset({RateSpent, HubBusy, GatewayBusy})
"""Errors after which the same may be asked again soon."""
RETRY_SECONDS = 1
JSON = "application/json"
PROBLEM = "application/problem+json"
INTERNAL = "gateway-internal"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a calling system gets."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = ()


def reply_of(error: YifenError, *, request_id: str | None = None) -> Reply:
    """The problem document of an error; ``request_id`` is that of the question, to ask again."""
    status = status_of(error)
    if status is None:
        return reply_to_anything()
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if type(error) in RETRY:
        headers = ((b"retry-after", b"%d" % RETRY_SECONDS),)
    elif isinstance(error, KeyRefused):
        headers = ((b"www-authenticate", b'Bearer realm="yifen"'),)
    members = document(error.code, status, error.facts)
    if request_id is not None:
        members["request_id"] = request_id
    return Reply(status, PROBLEM, canonical(members), headers)


def reply_to_anything() -> Reply:
    """The bare 500."""
    return Reply(500, PROBLEM, canonical(document(INTERNAL, 500, {})))


def status_of(error: YifenError) -> int | None:
    """The status of the nearest class in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), None)


def document(code: str, status: int, facts: Mapping[str, str | int]) -> dict[str, Json]:
    """The members that every problem document has, as those of the hub."""
    try:
        detail = both(f"problem.{code}.detail", **facts)
    except (MessageCatalogueBroken, KeyError):
        detail = {}
    return {
        "type": f"urn:yifen:problem:{code}",
        "code": code,
        "status": status,
        "title": {**both(f"problem.{code}.title")},
        "detail": {**detail},
        "facts": dict(facts),
    }

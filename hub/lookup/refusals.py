"""Refusals as problem documents (RFC 9457) that carry their result and opening."""

from catalog.messages import both
from certs.canonical import Json, canonical
from hub.lookup.decide import Refusal

STATUS = {
    "not-granted": 403,
    "operation-outside-grant": 403,
    "channel-outside-grant": 403,
    "purpose-outside-grant": 403,
    "items-outside-grant": 403,
    "file-outside-grant": 403,
    "case-required": 403,
    "feed-subject-masked": 403,
    "officer-unknown": 403,
    "request-id-conflict": 409,
    "repeats-spent": 409,
    "batch-too-large": 422,
    "cursor-refused": 422,
    "identifier-invalid": 422,
    "question-malformed": 422,
    "json-malformed": 400,
    "encoding-malformed": 422,
    "licence-not-printable": 422,
    "quota-spent": 429,
    "verify-throttled": 429,
}
"""HTTP status of each refusal that has an entry."""


def status_of(code: str) -> int:
    """The HTTP status of a refusal."""
    return STATUS[code]


def problem(code: str, status: int, facts: dict[str, str | int]) -> dict[str, Json]:
    """The members of a problem document that every error of ours has."""
    return {
        "code": code,
        "detail": {**both(f"problem.{code}.detail", **facts)},
        "facts": facts,
        "status": status,
        "title": {**both(f"problem.{code}.title")},
        "type": f"urn:yifen:problem:{code}",
    }


def problem_body(refusal: Refusal, status: int, result: bytes, opened: bytes) -> bytes:
    """A problem document with ``openings`` and ``results``."""
    members = canonical(problem(refusal.code, status, dict(refusal.facts)))
    return b'%b,"openings":[%b],"results":[%b]}' % (members[:-1], opened, result)

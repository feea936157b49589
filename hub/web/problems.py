"""The one table from errors to problem documents (RFC 9457).

An error stands under its own class or the nearest base in the table; what the table does not know
is a bare 500 that tells nothing.
"""

from collections.abc import Mapping

from catalog.errors import (
    DefinitionRefused,
    ExplanationMissing,
    LicenceRefused,
    SheetUnreadable,
    TransitionRefused,
)
from certs.canonical import canonical
from certs.errors import (
    CertificateError,
    Malformed,
    MalformedHeader,
    MalformedJson,
    RequestRefused,
    SignatureError,
    YifenError,
)
from hub.applications.errors import ApplicationIncomplete
from hub.catalogue.errors import EntryIncomplete
from hub.errors import (
    Busy,
    Conflict,
    ContentDestroyed,
    Forbidden,
    NotFound,
    NotIdentified,
    NotSignedIn,
    PersonErased,
    TooLarge,
    TooManyFailures,
    Unavailable,
    Unprocessable,
)
from hub.licences.errors import NotPrintable
from hub.lookup.receipt import PROBLEM, Reply
from hub.lookup.refusals import problem
from hub.objections.errors import ObjectionQuotaSpent, ObjectionThrottled

STATUS: Mapping[type[YifenError], int] = {
    MalformedJson: 400,
    MalformedHeader: 401,
    Malformed: 422,
    SignatureError: 401,
    RequestRefused: 422,
    CertificateError: 401,
    NotIdentified: 401,
    TooManyFailures: 429,
    NotSignedIn: 401,
    Forbidden: 403,
    NotFound: 404,
    PersonErased: 410,
    ContentDestroyed: 410,
    Conflict: 409,
    Unprocessable: 422,
    ApplicationIncomplete: 422,
    ObjectionQuotaSpent: 429,
    ObjectionThrottled: 429,
    EntryIncomplete: 422,
    DefinitionRefused: 422,
    ExplanationMissing: 422,
    LicenceRefused: 422,
    NotPrintable: 422,
    SheetUnreadable: 422,
    TransitionRefused: 409,
    TooLarge: 413,
    Busy: 503,
    Unavailable: 503,
}
TOO_LARGE = "too-large"
TOO_MANY_HEADERS = "too-many-headers"
INTERNAL = "internal"


def status_of_error(error: YifenError) -> int:
    """The status of the nearest class in the table; 500 for what it does not know."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


def reply_of(error: YifenError) -> Reply:
    """The problem document of an error, unsigned."""
    status = status_of_error(error)
    if isinstance(error, MalformedJson) and error.facts.get("why") == TOO_LARGE:
        return reply_to(TOO_LARGE, 413)
    if status == 500:  # noqa: PLR2004 the bare one
        return reply_to(INTERNAL, 500)
    return Reply(status, PROBLEM, canonical(problem(error.code, status, error.facts)))


def reply_to(code: str, status: int) -> Reply:
    """The problem document of a code without facts."""
    return Reply(status, PROBLEM, canonical(problem(code, status, {})))

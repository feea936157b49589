"""Errors of the exchange; they know no HTTP (``hub/web/problems.py`` has the one table).

YifenError
└── HubError
    ├── NotIdentified         no verified, fresh signature: answered unsigned, summed
    │   ├── UnknownCertificate
    │   ├── CertificateRevoked
    │   ├── Replayed
    │   └── TooManyFailures
    ├── NotSignedIn           no session, or one that has ended
    │   ├── WrongPassword
    │   └── SessionEnded
    ├── Forbidden             this person or connector may not do that
    ├── NotFound              nothing of that name for this caller
    ├── Conflict              it contradicts what stands
    ├── Unprocessable         the request is readable and makes no sense; fact ``why``
    ├── TooLarge              a body beyond the limit
    ├── Busy                  decided three times on changing ground
    ├── Unavailable           it cannot be made durable, or the hub must not serve
    │   ├── LedgerBehind
    │   └── StorageRefused
    └── SettingsRefused       the settings or the folder are not usable
"""

from certs.errors import YifenError


class HubError(YifenError):
    """Every error of the exchange."""

    code = "hub-error"


class NotIdentified(HubError):
    """The request has no verified, fresh signature of a connector in good standing."""

    code = "not-identified"


class UnknownCertificate(NotIdentified):
    """No certificate of that key id was issued here."""

    code = "certificate-unknown"


class CertificateRevoked(NotIdentified):
    """The certificate, its connector or its department no longer stands."""

    code = "certificate-revoked"


class Replayed(NotIdentified):
    """The nonce was used before."""

    code = "replayed"


class TooManyFailures(NotIdentified):
    """An address has failed too often in the last second."""

    code = "rate-limited"


class NotSignedIn(HubError):
    """There is no session."""

    code = "not-signed-in"


class WrongPassword(NotSignedIn):
    """Account and password do not go together, or the account is not active."""

    code = "wrong-password"


class SessionEnded(NotSignedIn):
    """The session has run out or was ended."""

    code = "session-ended"


class Forbidden(HubError):
    """The person or connector may not do that."""

    code = "forbidden"


class NotFound(HubError):
    """Nothing of that name for this caller; fact ``what``."""

    code = "not-found"


class Conflict(HubError):
    """It contradicts what stands; fact ``why``."""

    code = "conflict"


class Unprocessable(HubError):
    """Readable, and still not something that can be done; fact ``why``."""

    code = "unprocessable"


class TooLarge(HubError):
    """The body is larger than the hub takes."""

    code = "too-large"


class Busy(HubError):
    """Decided three times while the ground changed beneath it."""

    code = "busy"


class Unavailable(HubError):
    """It cannot be made durable now."""

    code = "unavailable"


class LedgerBehind(Unavailable):
    """The ledger is behind a checkpoint kept outside; facts ``size`` and ``kept``."""

    code = "ledger-behind"


class StorageRefused(Unavailable):
    """A database or file cannot be used; fact ``why``."""

    code = "storage-refused"


class SettingsRefused(HubError):
    """The settings or the hub's folder are not usable; facts ``file`` and ``why``."""

    code = "settings-refused"

"""Errors of the exchange; they know no HTTP (``hub/web/problems.py`` has the one table).

YifenError
└── HubError
    ├── NotIdentified         no verified, fresh signature: answered unsigned, summed
    │   ├── UnknownCertificate
    │   ├── CertificateRevoked
    │   ├── Replayed
    │   ├── SignedBeforeRestore
    │   └── TooManyFailures
    ├── NotSignedIn           no session, or one that has ended
    │   ├── WrongPassword
    │   └── SessionEnded
    ├── Forbidden             this person or connector may not do that
    ├── NotFound              nothing of that name for this caller
    ├── PersonErased          a *person* part is past its retention and gone; fact ``entry``
    ├── ContentDestroyed      a material or what was sealed of a case is gone; fact ``id``
    ├── Conflict              it contradicts what stands
    ├── Unprocessable         the request is readable and makes no sense; fact ``why``
    ├── TooLarge              a body beyond the limit
    ├── Busy                  decided three times on changing ground
    ├── Unavailable           it cannot be made durable, or the hub must not serve
    │   ├── LedgerBehind
    │   └── StorageRefused
    ├── WitnessTroubled       a witness did not cosign; facts ``name`` and ``why``
    ├── RestoreError          the log cannot be opened again under a new name
    │   ├── CheckpointUnknown
    │   ├── NoteUnusable
    │   ├── NotesContradict
    │   └── NotThisLog
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


class SignedBeforeRestore(NotIdentified):
    """Signed before the log was restored: its nonce may have been used; fact ``since``."""

    code = "signed-before-restore"


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


class PersonErased(HubError):
    """The *person* part of an entry was erased after its retention; fact ``entry``."""

    code = "person-erased"


class ContentDestroyed(HubError):
    """What was sealed was destroyed after its retention; what the log tells stays; fact ``id``."""

    code = "content-destroyed"


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


class RestoreError(HubError):
    """The log cannot be opened again under a new name."""

    code = "restore-error"


class CheckpointUnknown(RestoreError):
    """No checkpoint of this log is known: how far it once reached cannot be said."""

    code = "restore-checkpoint-unknown"


class NoteUnusable(RestoreError):
    """A file is no checkpoint that this hub signed; fact ``file``."""

    code = "restore-note-unusable"


class NotesContradict(RestoreError):
    """Two checkpoints of one size have two roots: the log was forked before; fact ``size``."""

    code = "restore-notes-contradict"


class NotThisLog(RestoreError):
    """The database is not the beginning of the log that a checkpoint tells of; fact ``size``."""

    code = "restore-not-this-log"


class SettingsRefused(HubError):
    """The settings or the hub's folder are not usable; facts ``file`` and ``why``."""

    code = "settings-refused"


class WitnessTroubled(HubError):
    """A witness did not cosign a checkpoint; facts ``name`` and ``why``."""

    code = "witness-troubled"

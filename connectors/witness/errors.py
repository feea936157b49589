"""Errors of a witness.

ConnectorError
└── WitnessError
    ├── WitnessMissing       no witness was made in this folder; fact path
    ├── WitnessExists        one was; fact path
    ├── WitnessRefused       a name, key or address that cannot be; fact why
    ├── SubmissionMalformed  a request that has not its form; fact why
    ├── SubmissionTooLarge   one that is longer than any can be
    ├── LogUnknown           a checkpoint of a log that is none of ours
    ├── CheckpointUnsigned   one that no key of its log signed; fact why
    ├── SizeConflict         the asker thinks of another size; fact size
    └── ConsistencyRefused   one that does not continue what we cosigned; fact why
"""

from connectors.errors import ConnectorError


class WitnessError(ConnectorError):
    """Something about a witness does not hold."""

    code = "witness-error"


class WitnessMissing(WitnessError):
    """No witness was made in this folder; fact ``path``."""

    code = "witness-missing"


class WitnessExists(WitnessError):
    """A witness was made in this folder; fact ``path``."""

    code = "witness-exists"


class WitnessRefused(WitnessError):
    """A name, key or address that a witness cannot have; fact ``why``."""

    code = "witness-refused"


class SubmissionMalformed(WitnessError):
    """A request for a cosignature has not its form; fact ``why``."""

    code = "submission-malformed"


class SubmissionTooLarge(WitnessError):
    """A request for a cosignature is longer than any can be."""

    code = "submission-too-large"


class LogUnknown(WitnessError):
    """The checkpoint is of a log that the witness does not know."""

    code = "witness-log-unknown"


class CheckpointUnsigned(WitnessError):
    """No key of its log signed the checkpoint, or one's signature fails; fact ``why``."""

    code = "witness-checkpoint-unsigned"


class SizeConflict(WitnessError):
    """The asker thinks of another size than the one cosigned last; fact ``size``."""

    code = "witness-size-conflict"


class ConsistencyRefused(WitnessError):
    """The checkpoint does not continue what was cosigned before; fact ``why``."""

    code = "witness-consistency-refused"

"""Errors of licences.

HubError
├── NotPrintable            a licence cannot be put on paper; fact why
└── Unprocessable
    └── HolderKeyRefused    what was pasted is no public key of a holder; facts place and why
"""

from collections.abc import Sequence

from hub.errors import HubError, Unprocessable


class NotPrintable(HubError):
    """A document cannot be printed; fact ``why``.

    ``font-unset`` (the settings name none), ``font-missing`` (no such file), ``font-unusable``,
    ``font-lacks`` (characters that it does not have), ``code-too-long`` (more than the square
    holds), ``too-long`` (more than ten pages), ``files-spent`` (printed anew for those who view it
    as often as may be).
    """

    code = "licence-not-printable"


class HolderKeyRefused(Unprocessable):
    """What was pasted is no public key that presentations can be bound to.

    ``faults`` are all of them, as pairs of member and reason (slugs); nothing of what was pasted
    is in them but names of members that are known here. Fact ``why`` of the first.
    """

    code = "holder-key-refused"

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__(why=self.faults[0][1])

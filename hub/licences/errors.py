"""Errors of licences.

HubError
└── NotPrintable     a licence cannot be put on paper; fact why
"""

from hub.errors import HubError


class NotPrintable(HubError):
    """A document cannot be printed; fact ``why``.

    ``font-unset`` (the settings name none), ``font-missing`` (no such file), ``font-unusable``,
    ``font-lacks`` (characters that it does not have), ``code-too-long`` (more than the square
    holds), ``too-long`` (more than ten pages).
    """

    code = "licence-not-printable"

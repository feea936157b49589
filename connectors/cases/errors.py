"""Errors of cases on the department's side.

ConnectorError
├── CaseElsewhere        this connector does not know on what a case is decided
├── CaseVersionUnknown   nor in which version it was seen
├── CaseAskedAgain       a case is asked for again whole, not by its receipt
└── CaseFileRefused      a file with parties, fields or a reason; facts file, why
"""

from connectors.errors import ConnectorError


class CaseElsewhere(ConnectorError):
    """Another connector, or the console, has opened the case; fact ``case``."""

    code = "case-elsewhere"


class CaseVersionUnknown(ConnectorError):
    """An act names the version that was seen, and none was; fact ``case``."""

    code = "case-version-unknown"


class CaseAskedAgain(ConnectorError):
    """The receipts of a case come with its answer, and with nothing else."""

    code = "case-asked-again"


class CaseFileRefused(ConnectorError):
    """A file of a command cannot be used; facts ``file`` and ``why`` (a slug)."""

    code = "case-file-refused"

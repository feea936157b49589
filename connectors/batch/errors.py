"""What ``connector batch`` refuses to do, and why."""

from connectors.errors import ConnectorError


class BatchRefused(ConnectorError):
    """A run cannot begin or go on; fact ``why`` says what is in the way."""

    code = "batch-refused"


class LineRefused(ConnectorError):
    """A line is wrong and the run is strict; facts ``line`` and ``why``."""

    code = "batch-line"

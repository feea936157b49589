"""What ``connector subscribe`` refuses to do, and why."""

from connectors.errors import ConnectorError


class FeedRefused(ConnectorError):
    """A subscription cannot begin or go on; fact ``why`` says what is in the way."""

    code = "feed-refused"

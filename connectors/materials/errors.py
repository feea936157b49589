"""What ``connector material`` refuses to do, and why."""

from connectors.errors import ConnectorError


class MaterialRefused(ConnectorError):
    """A material that is not filed, or not written down; fact ``why`` is a slug."""

    code = "material-refused"

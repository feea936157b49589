"""What can go wrong in a demonstration.

HubError
└── DemoError
    ├── FolderTaken         the folder is not one that a demonstration made; fact ``folder``
    ├── DemoRunning         another demonstration is using the folder; fact ``folder``
    ├── PortTaken           fact ``port``
    ├── CityTooSmall        nobody to tell the story about; fact ``role``
    ├── HubEnded            the hub's process ended by itself; facts ``status``, ``log``
    ├── ConnectorFailed     a connector's command failed; facts ``command``, ``why``
    └── Unexpected          an expectation did not hold; facts ``step``, ``expected``, ``seen``
"""

from hub.errors import HubError


class DemoError(HubError):
    """A demonstration cannot go on."""

    code = "demo-error"


class FolderTaken(DemoError):
    """The folder holds something that no demonstration made."""

    code = "demo-folder-taken"


class DemoRunning(DemoError):
    """Another demonstration is using the folder."""

    code = "demo-running"


class PortTaken(DemoError):
    """Somebody listens on the port that was asked for."""

    code = "demo-port-taken"


class CityTooSmall(DemoError):
    """The city has nobody in a role that the story needs."""

    code = "demo-city-too-small"


class HubEnded(DemoError):
    """The hub's process ended by itself."""

    code = "demo-hub-ended"


class ConnectorFailed(DemoError):
    """A connector's command ended otherwise than it may."""

    code = "demo-connector-failed"


class Unexpected(DemoError):
    """Something was not as expected."""

    code = "demo-unexpected"

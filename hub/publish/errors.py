"""What can go wrong with a publication as a whole."""

from hub.errors import HubError


class PublicationBroken(HubError):
    """It cannot be finished however often it is tried; fact ``why`` becomes its ``failure``."""

    code = "publication-broken"

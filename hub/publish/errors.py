"""What can go wrong with a publication as a whole."""

from hub.errors import Conflict, HubError, StorageRefused


class PublicationBroken(HubError):
    """It cannot be finished however often it is tried; fact ``why`` becomes its ``failure``."""

    code = "publication-broken"


class OutOfOrder(Conflict):
    """Its number does not follow what stands; facts ``why``, and ``sequence`` or ``expected``."""


class GenerationAltered(StorageRefused):
    """A generation's file is not what the ledger says that it is."""

    code = "generation-altered"

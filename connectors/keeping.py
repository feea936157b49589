"""What a connector does of itself, each minute: prove what was promised, follow what is opened."""

from certs.errors import YifenError
from connectors.client import Connector
from connectors.errors import Dishonest
from connectors.receipts.proofs import Progress


def keep_up(connector: Connector) -> tuple[Progress, int]:
    """Prove what is due, and follow; gives how far that came, and how many entries were opened.

    One does not keep the other from being done. Raises what either raised, an alarm before
    anything else.
    """
    failures: list[YifenError] = []
    progress, opened = Progress(0, 0), 0
    try:
        progress = connector.prove()
    except YifenError as error:
        failures.append(error)
    try:
        opened = connector.follow()
    except YifenError as error:
        failures.append(error)
    failures.sort(key=lambda error: not isinstance(error, Dishonest))
    if failures:
        raise failures[0]
    return progress, opened

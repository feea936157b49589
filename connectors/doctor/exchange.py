"""What only an enrolled connector can ask: a signed round trip, grants, proofs, alarms."""

from collections.abc import Iterator

from certs.encoding import from_rfc3339
from certs.errors import Malformed, YifenError
from connectors.client import Connector
from connectors.doctor.finding import Finding, bad, good, met, warn
from connectors.grants import Grant
from connectors.receipts.alarms import standing, stopping

DAY = 86_400_000
GRANT_DAYS = 21
"""Days before the end of a grant from which on it is told."""
LOST = 1000


def exchange(connector: Connector, grants: list[Grant]) -> Iterator[Finding]:
    """The signed round trip and the grants that it brings, which are put into ``grants``."""
    try:
        grants += connector.grants()
    except YifenError as error:
        yield met("signed", error)
        return
    yield good("signed")
    now = connector.clock()
    standing_now = [grant for grant in grants if _stands(grant, now)]
    ending = [grant.id for grant in standing_now if _ends_within(grant, now + GRANT_DAYS * DAY)]
    if not standing_now:
        yield warn("grants", "none", count=len(grants))
    elif ending:
        yield warn("grants", "ending", days=GRANT_DAYS, grants=", ".join(ending[:10]))
    else:
        yield good("grants", count=len(standing_now))


def receipts(connector: Connector) -> Iterator[Finding]:
    """The promises of the last receipts, and what did not prove itself."""
    store = connector.receipts
    try:
        progress = connector.prove()
    except YifenError as error:
        yield met("proofs", error)
    else:
        counts = store.counts()
        yield good("proofs", proven=counts["proven"], waiting=progress.waiting)
    alarms = standing(store)
    stop = stopping(alarms)
    if stop is not None:
        yield bad("alarms", "stopping", count=len(alarms), alarm=stop.id, why=stop.code)
    elif alarms:
        yield warn("alarms", "standing", count=len(alarms), alarm=alarms[0].id, why=alarms[0].code)
    else:
        yield good("alarms")
    lost = store.lost(limit=LOST)
    if lost:
        yield warn("lost", "some", count=len(lost), request_id=lost[0].request_id)
    else:
        yield good("lost")


def _stands(grant: Grant, now: int) -> bool:
    try:
        begins = from_rfc3339(grant.valid_from)
    except Malformed:
        return False
    return grant.status == "active" and begins <= now and not _ends_within(grant, now)


def _ends_within(grant: Grant, moment: int) -> bool:
    try:
        return grant.valid_until is not None and from_rfc3339(grant.valid_until) <= moment
    except Malformed:
        return True

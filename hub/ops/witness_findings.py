"""What ``hub doctor`` sees of the witnesses, from the database alone: nobody is asked."""

from collections.abc import Iterator

from hub.clock import Clock
from hub.errors import WitnessTroubled
from hub.ledger.coverage import Coverage
from hub.ledger.origin import current_origin
from hub.ops.finding import Finding
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.sqlite import connect


def witness_findings(folder: Folder, settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Each witness that was in trouble the last time, and whether a quorum covers the log.

    Nothing is worse than a warning: one witness alone is there to fail, and a hub that has stood
    still has entries that nobody has seen.
    """
    if not settings.witness.witnesses:
        return
    connection = connect(folder.control)
    try:
        origin = current_origin(connection, settings.name).text
        coverage = Coverage(connection, origin, settings.witness, clock)
        for one in coverage.standings():
            if one.trouble:
                error = WitnessTroubled(name=one.witness.name, why=one.trouble)
                yield Finding("witness", "warn", error)
        yield Finding("witnesses", "warn" if coverage.short else "good")
    finally:
        connection.close()

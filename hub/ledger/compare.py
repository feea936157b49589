"""The control plane's tables beside what the entries say they must hold, row by row.

Every entry of a change holds the whole new state (``protocol.md``, *Log outside*), so each table
is derived again in full. Names and password hashes of people are in no entry and cannot be
compared.
"""

from collections.abc import Iterator

from certs.errors import Malformed
from hub.ledger.replay import Replay
from hub.ledger.told.cases import CASES
from hub.ledger.told.grants import GRANTS
from hub.ledger.told.licences import LICENCES
from hub.ledger.told.parties import PARTIES
from hub.ledger.told.records import RECORDS
from hub.storage.sqlite import Connection

_TABLES = (*PARTIES, *GRANTS, *RECORDS, *CASES, *LICENCES)


def compare_tables(connection: Connection, replay: Replay) -> Iterator[str]:
    """The table of each kind whose rows are not those that the entries give."""
    for table in _TABLES:
        try:
            stored = {
                row[0]: row[1:]
                for row in map(table.stored, connection.execute(table.query).fetchall())
            }
            agrees = stored == table.derived(replay)
        except (Malformed, ValueError, TypeError, AttributeError, IndexError):
            agrees = False  # a value that nothing of ours can have written
        if not agrees:
            yield f"table-{table.kind}"


def live_generations(replay: Replay) -> list[tuple[str, int, str]]:
    """Of every dataset, generation and version that are live, and the digest of their rows."""
    return [
        (str(state.get("generation")), version, str(state.get("digest")))
        for state in replay.live.values()
        if isinstance(version := state.get("version"), int)
    ]

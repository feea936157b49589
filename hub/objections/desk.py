"""What the acts on objections need of one process."""

from dataclasses import dataclass

from hub.access.standing import StandingBook
from hub.audit.search import AuditIndex
from hub.clock import Clock
from hub.ledger.change import Changes
from hub.ledger.committer import Committer
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.lookup.read import Records
from hub.storage.sqlite import Connection


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of one process."""

    reading: Connection
    changes: Changes
    store: LedgerStore
    committer: Committer
    persons: PersonKeys
    book: StandingBook
    records: Records
    audit: AuditIndex
    clock: Clock

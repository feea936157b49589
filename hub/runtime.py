"""One process of a hub, put together: every part gets what it needs passed in."""

from dataclasses import dataclass
from pathlib import Path

from certs.authority import Authority
from certs.certificates import read_certificate
from certs.keys import PrivateKey, PublicKey
from certs.receipts import ReceiptSigner, key_thumbprint
from certs.sealing import MasterKey
from hub.access.connectors import Trust
from hub.access.standing import StandingBook
from hub.audit.search import AuditIndex
from hub.clock import Clock, system_clock
from hub.errors import SettingsRefused
from hub.ledger.change import Changes
from hub.ledger.checkpoint import Checkpointer
from hub.ledger.committer import Committer
from hub.ledger.group import GroupCommit
from hub.ledger.persons import PersonKeys
from hub.ledger.proofs import Proofs
from hub.ledger.start import check_head
from hub.ledger.store import LedgerStore
from hub.lookup.attempts import Attempts
from hub.lookup.exchange import Exchange
from hub.lookup.read import Records
from hub.lookup.receipt import Receipts
from hub.people.sessions import Sessions
from hub.publish.publications import Publications
from hub.settings import Settings, load
from hub.storage.create import require_newest
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import Connection, connect


@dataclass(frozen=True, slots=True)
class Hub:
    """The parts of one process."""

    settings: Settings
    folder: Folder
    clock: Clock
    store: LedgerStore
    reading: Connection
    changes: Changes
    committer: Committer
    persons: PersonKeys
    book: StandingBook
    records: Records
    exchange: Exchange
    receipts: Receipts
    receipt_certificates: tuple[bytes, ...]
    attempts: Attempts
    proofs: Proofs
    checkpointer: Checkpointer
    checkpoint_key: PublicKey
    authority: Authority
    sessions: Sessions
    publications: Publications
    audit: AuditIndex
    master: MasterKey
    serving: FileLock

    @property
    def trust(self) -> Trust:
        """What enrolment needs."""
        return Trust(self.authority, self.checkpoint_key, self.settings)

    def close(self) -> None:
        """Close databases and give up locks."""
        self.publications.close()
        self.audit.close()
        self.checkpointer.close()
        self.reading.close()
        self.store.close()
        self.serving.close()


def open_hub(root: Path, clock: Clock = system_clock) -> Hub:
    """Open the hub in a folder that ``hub init`` has made.

    Raises ``SettingsRefused``, ``LedgerBehind``, ``StorageRefused`` or an error of keys.
    """
    folder = Folder(root)
    settings = load(folder.settings)
    if not folder.control.exists():
        raise SettingsRefused(file=str(folder.control), why="no-database")
    serving = FileLock(folder.serving)
    serving.share()
    require_newest(folder)
    master = MasterKey.load(settings.master_key)
    authority = Authority.load(folder.keys)
    receipt_key = PrivateKey.load(folder.keys / "receipt.key")
    checkpoint_key = PrivateKey.load(folder.keys / "checkpoint.key")
    reading = connect(folder.control)
    reading.execute("PRAGMA query_only=ON")
    check_head(reading, settings, checkpoint_key.public)
    store = LedgerStore(folder, clock)
    persons = PersonKeys(reading, master)
    changes = Changes(store, persons)
    book = StandingBook(reading)
    committer = Committer(store, mismatches_per_hour=settings.limits.mismatches_per_hour)
    group = GroupCommit(committer, window_ms=settings.commit_window_ms)
    records = Records(folder, master, settings.name)
    signer = ReceiptSigner(receipt_key, key_thumbprint(receipt_key.public))
    receipts = Receipts(signer, settings)
    return Hub(
        settings=settings,
        folder=folder,
        clock=clock,
        store=store,
        reading=reading,
        changes=changes,
        committer=committer,
        persons=persons,
        book=book,
        records=records,
        exchange=Exchange(settings, clock, book, records, group, persons, store, receipts),
        receipts=receipts,
        receipt_certificates=_receipt_certificates(folder),
        attempts=Attempts(clock, per_second=settings.limits.failures_per_second),
        proofs=Proofs(reading),
        checkpointer=Checkpointer(store, reading, settings, folder, checkpoint_key),
        checkpoint_key=checkpoint_key.public,
        authority=authority,
        sessions=Sessions(
            folder.keys / "session.key", reading, clock, settings.name, settings.session_minutes
        ),
        publications=Publications(folder, settings, store, changes, master, clock),
        audit=AuditIndex(reading, persons, master, clock),
        master=master,
        serving=serving,
    )


def _receipt_certificates(folder: Folder) -> tuple[bytes, ...]:
    """Every receipt certificate of this hub, DER: they stay published for ever."""
    paths = sorted(folder.keys.glob("receipt*.pem"))
    return tuple(read_certificate(path.read_bytes()).der for path in paths)

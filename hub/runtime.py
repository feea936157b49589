"""One process of a hub, put together: every part gets what it needs passed in."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from certs.authority import Authority
from certs.keys import PublicKey
from hub.access.connectors import Trust
from hub.access.standing import StandingBook
from hub.audit.forgetting import Forgetting
from hub.audit.rows import Pseudonyms
from hub.audit.search import AuditIndex
from hub.cases.desk import Desk
from hub.cases.shelf import RuleShelf
from hub.clock import Clock, system_clock
from hub.destroying.destroying import Destructions
from hub.errors import SettingsRefused, StorageRefused
from hub.feeds.exchange import FeedExchange
from hub.feeds.opened import OpenedCases
from hub.keys.known import checkpoint_keys
from hub.keys.master import Master
from hub.keys.opening import OwnKeys, open_keys
from hub.keys.ring import KeyRing
from hub.ledger.bring_over import left_over
from hub.ledger.change import HUB, Changes
from hub.ledger.checkpoint import Checkpointer
from hub.ledger.committer import Committer
from hub.ledger.coverage import Coverage
from hub.ledger.erasure import Erasures
from hub.ledger.group import GroupCommit
from hub.ledger.month_keys import MonthKeys
from hub.ledger.origin import current_origin
from hub.ledger.persons import PersonKeys
from hub.ledger.proofs import Proofs
from hub.ledger.start import check_head
from hub.ledger.store import LedgerStore
from hub.ledger.witnesses import Submitter
from hub.licences.door import Door
from hub.licences.files import LicenceFiles
from hub.licences.named import LicenceNames
from hub.licences.office import Office
from hub.licences.papers import Papers
from hub.licences.records import LicenceRecords
from hub.licences.tags import LicenceTags
from hub.lookup.attempts import Attempts
from hub.lookup.batch import BatchExchange
from hub.lookup.exchange import Exchange
from hub.lookup.joint import JointExchange
from hub.lookup.means import Means
from hub.lookup.read import Records
from hub.lookup.receipt import Receipts
from hub.lookup.views import Views
from hub.materials.examining import Examining
from hub.materials.intake import Intake
from hub.materials.records import MaterialRecords
from hub.materials.store import open_objects
from hub.materials.tags import Tags
from hub.objections.desk import Desk as ObjectionDesk
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
    origin: str
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
    batches: BatchExchange
    feeds: FeedExchange
    joint: JointExchange
    receipts: Receipts
    attempts: Attempts
    proofs: Proofs
    checkpointer: Checkpointer
    coverage: Coverage
    submitter: Submitter
    authority: Authority
    sessions: Sessions
    materials: Intake
    cases: Desk
    views: Views
    office: Office
    papers: Papers
    files: LicenceFiles
    door: Door
    publications: Publications
    audit: AuditIndex
    erasures: Erasures
    destructions: Destructions
    forgetting: Forgetting
    master: Master
    keys: OwnKeys
    serving: FileLock
    objections: ObjectionDesk

    @property
    def ring(self) -> KeyRing:
        """The keys with which this process signs."""
        return self.keys.ring

    @property
    def checkpoint_key(self) -> PublicKey:
        """The newest key of checkpoints."""
        return self.keys.ring.checkpoint_key

    @property
    def trust(self) -> Trust:
        """What enrolment needs."""
        return Trust(self.authority, self.checkpoint_key, self.origin, self.settings)

    def close(self) -> None:
        """Close databases and give up locks."""
        self.files.close()
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
    try:
        return _open(folder, settings, clock, serving)
    except BaseException:
        serving.close()
        raise


def _open(folder: Folder, settings: Settings, clock: Clock, serving: FileLock) -> Hub:
    require_newest(folder)
    reading = connect(folder.control)
    reading.execute("PRAGMA query_only=ON")
    origin = current_origin(reading, settings.name).text
    # Read before the log is found sound: what stops it meanwhile is not what was looked at.
    (stopped,) = reading.execute("SELECT stopped FROM ledger_head").fetchone()
    check_head(reading, settings, origin, checkpoint_keys(reading, folder.keys))
    master = Master(settings.master_key, reading)
    authority = Authority.load(folder.keys)
    store = LedgerStore(folder, clock)
    if stopped:
        store.resume()
    months = MonthKeys(folder.keys, master)
    if next(left_over(reading, months, master), None) is not None:
        raise StorageRefused(why="run-hub-migrate")
    persons = PersonKeys(reading, months)
    changes = Changes(store, persons)
    keys = open_keys(
        folder, settings, clock, store, reading, changes, master, months, authority, HUB
    )
    book = StandingBook(reading, keys.ring.follow)
    coverage = Coverage(reading, origin, settings.witness, clock)
    committer = Committer(store, mismatches_per_hour=settings.limits.mismatches_per_hour)
    group = GroupCommit(committer, window_ms=settings.commit_window_ms)
    tags = Tags(keys.kept.key("marks"))
    objects = open_objects(settings, folder)
    licence_tags = LicenceTags(keys.kept.key("marks"))
    office = Office(settings, changes, reading, master, licence_tags, keys.ring, clock)
    records = Records(
        folder,
        master,
        settings.name,
        materials=MaterialRecords(reading, master, tags, clock),
        licences=LicenceRecords(reading, master, licence_tags, clock),
        marks=keys.kept.key("marks"),
        mismatches=keys.kept.key("mismatches"),
    )
    receipts = Receipts(keys.ring, settings.name, origin, clock)
    means = Means(
        settings=settings,
        clock=clock,
        book=book,
        records=records,
        group=group,
        persons=persons,
        store=store,
        receipts=receipts,
        coverage=coverage,
    )
    files = LicenceFiles(settings, changes, reading, master, licence_tags, clock)
    exchange = Exchange(means, files)
    joint = JointExchange(means, exchange)
    shelf = RuleShelf(reading, book)
    audit = AuditIndex(
        reading,
        persons,
        Pseudonyms(keys.kept.key("audit")),
        clock,
        LicenceNames(reading, master, licence_tags),
    )
    return Hub(
        settings=settings,
        origin=origin,
        folder=folder,
        clock=clock,
        store=store,
        reading=reading,
        changes=changes,
        committer=committer,
        persons=persons,
        book=book,
        records=records,
        exchange=exchange,
        batches=BatchExchange(means, exchange),
        feeds=FeedExchange(
            means,
            exchange,
            committer=committer,
            reading=reading,
            cases=OpenedCases(reading, master, shelf),
            key=keys.kept.key("feeds"),
            origin=origin,
        ),
        joint=joint,
        receipts=receipts,
        attempts=Attempts(clock, per_second=settings.limits.failures_per_second),
        proofs=Proofs(reading),
        checkpointer=Checkpointer(
            store, reading, origin, settings.checkpoint_copy, folder, keys.ring
        ),
        coverage=coverage,
        submitter=Submitter(store, reading, coverage, settings.witness),
        authority=authority,
        sessions=Sessions(keys.ring.sessions, reading, clock, settings.session_minutes),
        materials=Intake(
            settings,
            reading,
            changes,
            book,
            master,
            tags,
            objects,
            Examining(folder.root),
            clock,
        ),
        cases=Desk(
            settings,
            clock,
            book,
            reading,
            changes,
            joint,
            receipts,
            persons,
            master,
            tags,
            records,
            shelf,
        ),
        views=Views(book, clock, reading, master, objects, records, files),
        office=office,
        papers=Papers(settings, changes, reading, master, office, clock),
        files=files,
        door=Door(clock, per_minute=settings.licences.reads_per_minute),
        publications=Publications(folder, settings, store, changes, master, clock),
        audit=audit,
        erasures=Erasures(
            folder, clock, settings.retention, partial(_month_keys, folder, settings), store
        ),
        destructions=Destructions(
            folder,
            clock,
            settings,
            partial(_month_keys, folder, settings),
            partial(Master, settings.master_key),
            objects,
            store,
        ),
        forgetting=Forgetting(reading, persons, audit),
        master=master,
        keys=keys,
        serving=serving,
        objections=ObjectionDesk(
            reading, changes, store, committer, persons, book, records, audit, clock
        ),
    )


def _month_keys(folder: Folder, settings: Settings, connection: Connection) -> MonthKeys:
    """The month keys, for a thread that has a connection of its own."""
    return MonthKeys(folder.keys, Master(settings.master_key, connection))

"""A small exchange that officers ask through the console, and its auditor's index."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pytest
from world.on_record import ON_RECORD

from catalog import purposes as register
from certs.canonical import parse
from certs.encoding import unb64u
from certs.keys import generate
from certs.receipts import ReceiptSigner
from certs.sealing import MasterKey
from certs.tokens import new_session_id
from hub.access import departments, grants, purposes
from hub.access.grant import Grant, Terms
from hub.access.standing import StandingBook
from hub.audit.rows import Pseudonyms
from hub.audit.search import AuditIndex
from hub.catalogue import datasets
from hub.ledger.change import OPERATOR, Actor, Changes
from hub.ledger.checkpoint import Checkpointer
from hub.ledger.committer import Committer
from hub.ledger.coverage import Coverage
from hub.ledger.group import GroupCommit
from hub.ledger.month_keys import MonthKeys
from hub.ledger.origin import current_origin
from hub.ledger.persons import PersonKeys
from hub.ledger.signers import OneSigner
from hub.ledger.store import LedgerStore
from hub.licences.files import LicenceFiles
from hub.licences.records import LicenceRecords
from hub.licences.tags import LicenceTags
from hub.lookup.exchange import Exchange
from hub.lookup.means import Means
from hub.lookup.read import Records
from hub.lookup.receipt import Receipts
from hub.materials.records import MaterialRecords
from hub.materials.tags import Tags
from hub.people import accounts
from hub.people.passwords import PasswordHash, hash_password
from hub.settings import Settings
from hub.storage.create import create_control
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection, connect

NOW = 1_790_000_000_000
AUDITOR = Actor("console", account="audit.zhao")
KEY = b"k" * 32
ZHANG, LI = "11010519491231002X", "440524188001010014"


@dataclass(frozen=True)
class Signing:
    receipt: ReceiptSigner


@dataclass
class Time:
    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class World:
    """One process of a hub without a web."""

    folder: Folder
    store: LedgerStore
    reading: Connection
    changes: Changes
    persons: PersonKeys
    exchange: Exchange
    index: AuditIndex
    checkpointer: Checkpointer
    grant: Grant
    master: MasterKey
    time: Time = field(default_factory=Time)

    def ask(
        self,
        subject: str = ZHANG,
        *,
        officer: str = "hfc.wang",
        department: str = "hfc",
        case: str | None = "GJJ-1",
        purpose: str = "housing_fund_withdrawal",
    ) -> int:
        """Ask as an officer, and give the entry's position."""
        members = {
            "case": case,
            "items": ["name"],
            "officer": officer,
            "purpose": purpose,
            "request_id": new_session_id(),
            "subject": {"id": subject, "type": "resident_id"},
        }
        self.time.now += 1000
        reply, _ = asyncio.run(self.exchange.ask_console("lookup", "resident", department, members))
        assert reply.receipt is not None
        claims = reply.receipt.split(".")[1]
        body = parse(unb64u(claims), max_bytes=8192, max_depth=2)
        assert isinstance(body, dict)
        first = body["first"]
        assert isinstance(first, int)
        return first

    def another_index(self) -> AuditIndex:
        return AuditIndex(self.reading, self.persons, Pseudonyms(KEY), self.time)


@pytest.fixture(scope="session")
def hashed() -> PasswordHash:
    return hash_password("seven small lanterns", "nobody")


@pytest.fixture
def world(tmp_path: Path, hashed: PasswordHash) -> Iterator[World]:
    folder = Folder(tmp_path / "hub")
    folder.create()
    create_control(folder)
    time = Time()
    settings = Settings(
        name="demo.yifen",
        public_origin="http://127.0.0.1:8440",
        master_key=folder.keys / "master.key",
        checkpoint_copy=folder.root / "checkpoint.txt",
        commit_window_ms=0,
    )
    master = MasterKey.create(settings.master_key)
    store = LedgerStore(folder, time)
    reading = connect(folder.control)
    origin = current_origin(reading, settings.name).text
    persons = PersonKeys(reading, MonthKeys(folder.keys, master))
    changes = Changes(store, persons)
    for code, zh, en in (
        ("psb", "公安局", "Public security"),
        ("hfc", "住房公积金中心", "Housing fund"),
        ("tax", "税务局", "Taxation"),
    ):
        departments.admit(changes, OPERATOR, code, zh, en)
    definition = files("catalog.datasets").joinpath("resident.toml").read_bytes()
    datasets.register(changes, OPERATOR, "psb", definition, ON_RECORD)
    for purpose in register.bundled().values():
        purposes.register(changes, OPERATOR, purpose)
    accounts.enrol(changes, OPERATOR, "hfc.wang", "王", "hfc", ["officer"], hashed)
    accounts.enrol(changes, OPERATOR, "hfc.sun", "孙", "hfc", ["officer"], hashed)
    grant = grants.issue(
        changes,
        OPERATOR,
        Terms(
            department="hfc",
            dataset="resident",
            operations=frozenset({"lookup"}),
            channels=frozenset({"console"}),
            items={"name": "full"},
            purposes=frozenset({"housing_fund_withdrawal"}),
            valid_from="2026-01-01T00:00:00.000Z",
            valid_until="2030-01-01T00:00:00.000Z",
        ),
    )
    committer = Committer(store, mismatches_per_hour=5)
    group = GroupCommit(committer, window_ms=0)
    receipts = Receipts(Signing(ReceiptSigner(generate(), "kid")), settings.name, origin, time)
    checkpoint_key = generate("ed25519")
    records = Records(
        folder,
        master,
        settings.name,
        materials=MaterialRecords(reading, master, Tags(KEY), time),
        licences=LicenceRecords(reading, master, LicenceTags(KEY), time),
        marks=KEY,
        mismatches=KEY,
    )
    means = Means(
        settings=settings,
        clock=time,
        book=StandingBook(reading),
        records=records,
        group=group,
        persons=persons,
        store=store,
        receipts=receipts,
        coverage=Coverage(reading, origin, settings.witness, time),
    )
    world = World(
        folder=folder,
        store=store,
        reading=reading,
        changes=changes,
        persons=persons,
        exchange=Exchange(
            means, LicenceFiles(settings, changes, reading, master, LicenceTags(KEY), time)
        ),
        index=AuditIndex(reading, persons, Pseudonyms(KEY), time),
        checkpointer=Checkpointer(
            store, reading, origin, settings.checkpoint_copy, folder, OneSigner(checkpoint_key)
        ),
        grant=grant,
        master=master,
        time=time,
    )
    yield world
    world.index.close()
    world.checkpointer.close()
    reading.close()
    store.close()

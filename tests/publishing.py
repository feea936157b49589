"""A small real hub with one department, its connector, and datasets to publish."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from world.on_record import ON_RECORD

from catalog.definition import bundled
from catalog.identifiers.resident import check_character
from certs.canonical import Json
from certs.encoding import b64u
from certs.sealing import MasterKey
from hub.access import departments
from hub.catalogue import datasets
from hub.clock import system_clock
from hub.ledger.change import OPERATOR, Actor, Changes
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.publish.publications import Publications
from hub.settings import Settings, load
from hub.storage.create import create_control
from hub.storage.folder import Folder
from hub.storage.generation import GenerationKeys, GenerationReader
from hub.storage.tables import CertificateRow, ConnectorRow

DEPARTMENT = "psb"
CONNECTOR = "urn:yifen:connector:trial.yifen:psb:main"
KEYID = "the-key-id-of-that-connector"
STEWARD = Actor("console", account="steward", department=DEPARTMENT)
PATIENCE = 60.0


class StillClock:
    """A clock that stands still until it is moved, from now on: that of a job is the machine's."""

    def __init__(self) -> None:
        self.now = system_clock()

    def __call__(self) -> int:
        return self.now


@dataclass
class SmallHub:
    """A hub's folder and the parts that publications need."""

    folder: Folder
    settings: Settings
    store: LedgerStore
    changes: Changes
    master: MasterKey
    clock: StillClock
    publications: Publications

    def close(self) -> None:
        """Give everything up, as at the end of a process."""
        self.publications.close()
        self.store.close()

    def begin(
        self,
        dataset: str,
        columns: Sequence[str],
        rows: int | None = None,
        mode: str = "full",
        sequence: int | None = None,
    ) -> str:
        return self.publications.begin(
            dataset,
            columns,
            rows,
            connector=CONNECTOR,
            keyid=KEYID,
            department=DEPARTMENT,
            mode=mode,
            sequence=sequence,
        ).publication

    def send(self, publication: str, chunks: Iterable[bytes]) -> str:
        """Send chunks; the digest over them."""
        whole = sha256()
        for number, chunk in enumerate(chunks):
            self.publications.receive(publication, number, chunk, connector=CONNECTOR)
            whole.update(sha256(chunk).digest())
        return b64u(whole.digest())

    def complete(self, publication: str, chunks: Sequence[bytes]) -> None:
        self.publications.complete(
            publication, len(chunks), self.send(publication, chunks), connector=CONNECTOR
        )

    def publish(
        self, dataset: str, columns: Sequence[str], rows: Sequence[Sequence[str]], size: int = 1000
    ) -> str:
        """Publish rows in chunks of ``size`` rows and wait for the end; gives the id."""
        publication = self.begin(dataset, columns)
        self.complete(publication, as_chunks(rows, size))
        self.publications.wait(publication, PATIENCE)
        self.catch_up()
        return publication

    def change(
        self,
        dataset: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        sequence: int | None = None,
        size: int = 1000,
    ) -> str:
        """Publish a change set, of which each row begins with its operation; gives the id."""
        publication = self.begin(dataset, columns, mode="changes", sequence=sequence)
        self.complete(publication, as_chunks(rows, size))
        self.publications.wait(publication, PATIENCE)
        self.catch_up()
        return publication

    def catch_up(self) -> None:
        """Move the clock on to the machine's, by which jobs go."""
        self.clock.now = max(self.clock.now, system_clock())

    def status(self, publication: str) -> dict[str, Json]:
        return self.publications.status(publication, department=DEPARTMENT)

    def report(self, publication: str) -> dict[str, Json]:
        report = self.status(publication)["report"]
        assert isinstance(report, dict)
        return report

    def rejections(self, publication: str) -> list[dict[str, Json]]:
        return self.publications.rejections(publication, 0, 10**6, department=DEPARTMENT)

    def live(self, dataset: str) -> str | None:
        """The name of the live generation."""
        row = self.store.connection.execute(
            "SELECT generation FROM datasets WHERE code = ?", (dataset,)
        ).fetchone()
        name: str | None = row[0]
        return name

    def lookup(self, dataset: str, subject: str) -> list[list[str]]:
        """The rows of a subject in what is live."""
        name = self.live(dataset)
        if name is None:
            return []
        (version,) = self.store.connection.execute(
            "SELECT version FROM datasets WHERE code = ?", (dataset,)
        ).fetchone()
        (wrapped,) = self.store.connection.execute(
            "SELECT keys FROM generations WHERE name = ?", (name,)
        ).fetchone()
        full = self.settings.full(dataset)
        keys = GenerationKeys.unwrap(self.master, wrapped, full, name)
        reader = GenerationReader(self.folder.generation(name), full, name, keys)
        try:
            return reader.read(subject, version)
        finally:
            reader.close()

    def entries(self) -> list[tuple[str, dict[str, Json]]]:
        """Kind and state of every entry."""
        found = self.store.connection.execute("SELECT leaf, control FROM entries ORDER BY position")
        return [_entry(leaf, control) for leaf, control in found]

    def files(self) -> list[str]:
        """What lies in ``records`` and ``staging``."""
        return sorted(
            str(path.relative_to(self.folder.root))
            for place in (self.folder.records, self.folder.staging)
            for path in place.rglob("*")
            if path.is_file()
        )

    def generations(self) -> set[str]:
        """Of which generations there are files; a reader adds files of its own to one."""
        return {path.name.partition(".db")[0] for path in self.folder.records.iterdir()}

    def holds_in_the_clear(self, *texts: str) -> list[str]:
        """The files of the hub in which one of ``texts`` can be read."""
        forms = [form for text in texts for form in (text.encode(), text.encode("utf-16-le"))]
        return [
            path.name
            for path in self.folder.root.rglob("*")
            if path.is_file() and any(form in path.read_bytes() for form in forms)
        ]


def _entry(leaf: bytes, control: bytes) -> tuple[str, dict[str, Json]]:
    kind: str = json.loads(leaf)["kind"]
    state: dict[str, Json] = json.loads(control)["state"]
    return kind, state


def as_chunks(rows: Sequence[Sequence[str]], size: int = 1000) -> list[bytes]:
    """Rows as chunks of at most ``size`` rows, numbered from 1."""
    chunks: list[bytes] = []
    for start in range(0, len(rows), size):
        text = io.StringIO(newline="")
        csv.writer(text).writerows(
            [number, *row] for number, row in enumerate(rows[start : start + size], start + 1)
        )
        chunks.append(text.getvalue().encode())
    return chunks


def found_hub(root: Path) -> SmallHub:
    """A hub in an empty folder, with every bundled dataset of one department."""
    folder = Folder(root)
    folder.create()
    folder.settings.write_text(
        'name = "trial.yifen"\npublic_origin = "http://127.0.0.1:8440"\n'
        'master_key = "keys/master.key"\ncheckpoint_copy = "checkpoint.txt"\n',
        encoding="utf-8",
    )
    MasterKey.create(load(folder.settings).master_key)
    create_control(folder)
    hub = open_hub(root)
    for code in (DEPARTMENT, "tax"):
        departments.admit(hub.changes, OPERATOR, code, "部门", "Department")
    _enrol(hub)
    for code in bundled():
        source = files("catalog.datasets").joinpath(f"{code}.toml").read_bytes()
        datasets.register(hub.changes, OPERATOR, DEPARTMENT, source, ON_RECORD)
    return hub


def _enrol(hub: SmallHub) -> None:
    """Let the connector stand in the tables; nobody asks anything with its certificate."""
    with hub.changes.change(OPERATOR, moves_epoch=False) as change:
        change.session.add(ConnectorRow(urn=CONNECTOR, department=DEPARTMENT, status="active"))
        change.session.flush()
        change.session.add(
            CertificateRow(
                keyid=KEYID,
                connector=CONNECTOR,
                der=b"",
                line=KEYID,
                not_before=0,
                not_after=0,
                status="active",
            )
        )


def open_hub(root: Path) -> SmallHub:
    """The hub in a folder that ``found_hub`` has made."""
    folder = Folder(root)
    settings = load(folder.settings)
    master = MasterKey.load(settings.master_key)
    clock = StillClock()
    store = LedgerStore(folder, clock)
    persons = PersonKeys(store.connection, MonthKeys(folder.keys, master))
    changes = Changes(store, persons)
    publications = Publications(folder, settings, store, changes, master, clock)
    return SmallHub(folder, settings, store, changes, master, clock, publications)


COLUMNS = ("resident_id", "name", "sex", "birth_date", "status", "address")
_FIRST_DAY = date(1950, 1, 1)


def resident_id(number: int) -> str:
    """A sound number, another one for each ``number`` below 10 million."""
    born = _FIRST_DAY + timedelta(days=number % 10_000)
    body = f"530402{born:%Y%m%d}{number // 10_000:03d}"
    return body + check_character(body)


def resident(number: int, name: str = "", address: str = "云南省玉溪市红塔区") -> list[str]:
    """A sound row."""
    born = _FIRST_DAY + timedelta(days=number % 10_000)
    return [resident_id(number), name or f"居民{number}", "男", f"{born}", "1", address]


def residents(count: int, start: int = 0) -> list[list[str]]:
    """Sound rows with numbers from ``start`` on."""
    return [resident(number) for number in range(start, start + count)]

"""A small hub for the console's tests: departments, people, sealed records, grants.

``visited`` is one that is asked in-process, ``served`` one that a browser reaches on loopback.

Records are sealed by hand, so that the console's tests do not hang on the machinery of
publications; everything else goes the way that it goes in service.
"""

import asyncio
import json
import os
import queue
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pytest
import uvicorn
from httpx2 import Response
from starlette.testclient import TestClient
from world.browsing import browser, enter
from world.on_record import ON_RECORD
from world.standing_still import outside

from catalog.definition import Dataset, bundled
from certs.encoding import digest
from hub.access import departments, grants
from hub.access.grant import Grant, Terms
from hub.catalogue import datasets
from hub.clock import Clock, system_clock
from hub.ledger.change import HUB, OPERATOR, Change
from hub.ops.init import init
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.runtime import Hub, open_hub
from hub.storage.generation import ROW_KEY_SEPARATOR, GenerationKeys, GenerationWriter
from hub.storage.tables import DatasetRow, GenerationRow, PublicationRow
from hub.web.app import create_app

__all__ = ["browser", "enter"]

PASSWORD = "seven small lanterns"
PEOPLE = (
    ("hfc.wang", "王秀英", "hfc", ["officer"]),
    ("psb.zhou", "周建国", "psb", ["steward"]),
    ("audit.zhao", "赵敏", None, ["auditor"]),
    ("tax.chen", "陈静", "tax", ["officer"]),
    ("tax.liu", "刘洋", "tax", ["steward"]),
    ("tax.sun", "孙志强", "tax", ["head"]),
    ("psb.ma", "马建军", "psb", ["head"]),
)
DEPARTMENTS = (
    ("psb", "公安局", "Public Security Bureau"),
    ("hfc", "住房公积金中心", "Housing Fund Centre"),
    ("nrb", "自然资源局", "Natural Resources Bureau"),
    ("smb", "市场监管局", "Market Supervision Bureau"),
    ("tax", "税务局", "Taxation Bureau"),
)
DATASETS = (
    ("resident", "psb"),
    ("household", "psb"),
    ("real_estate", "nrb"),
    ("legal_entity", "smb"),
    ("credit_penalty", "smb"),
)
ZHANG = {
    "resident_id": "11010519491231002X",
    "name": "张伟",
    "sex": "1",
    "ethnicity": "01",
    "birth_date": "1949-12-31",
    "address": "北京市朝阳区幸福路 8 号",
}
LI = {"resident_id": "440524188001010014", "name": "李娜", "sex": "2"}


@dataclass
class House:
    """A hub and the grant that its officer asks under."""

    hub: Hub
    grant: Grant


@dataclass
class Visit:
    """A console asked in-process, as a browser without JavaScript would."""

    house: House
    client: TestClient
    origin: str
    fields: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> "Page":
        return Page(self.client.get(path, headers=headers, follow_redirects=False))

    def post(self, path: str, data: dict[str, object], **headers: str) -> "Page":
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"sec-fetch-site": "same-origin", "origin": self.origin} | given
        sent = {name: value for name, value in sent.items() if value}
        return Page(self.client.post(path, data=data, headers=sent, follow_redirects=False))

    def in_loop(self, change: Callable[..., object], *arguments: object) -> None:
        """Change something where the hub's own tasks run, so that none of them runs beside it."""
        portal = self.client.portal
        assert portal is not None
        portal.call(change, *arguments)

    def upload(self, path: str, fields: dict[str, str], name: str, data: bytes) -> "Page":
        """A form with a file, as a browser sends it: the fields in their order, the file last."""
        return Page(
            self.client.post(
                path,
                data=fields,
                files={"file": (name, data, "application/octet-stream")},
                headers={"sec-fetch-site": "same-origin"},
                follow_redirects=False,
            )
        )

    def sign_in(self, account: str, password: str = PASSWORD) -> "Page":
        self.client.cookies.clear()
        return self.post("/sign-in", {"account": account, "password": password, "next": "/"})

    def ask(self, **changes: object) -> "Page":
        """Look Zhang up as an officer, with some fields of the form changed."""
        form = self.get("/ask/resident/lookup")
        fields: dict[str, object] = {
            "form": form.value("form"),
            "seed": form.value("seed"),
            "subject": ZHANG["resident_id"],
            "purpose": "housing_fund_withdrawal",
            "case": "GJJ-1",
            "item": ["name", "sex"],
        }
        return self.post("/ask/resident/lookup", fields | changes)

    def entries(self) -> int:
        """How many entries the log has."""
        row = self.house.hub.reading.execute("SELECT next FROM ledger_head").fetchone()
        return int(row[0])

    def token(self, path: str = "/") -> str:
        """The secret of this session's forms."""
        return self.get(path).value("form")


@dataclass
class Page:
    """A response as pages are looked at."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return self.response.text

    @property
    def goes_to(self) -> str:
        return self.response.headers.get("location", "")

    def value(self, name: str) -> str:
        """The value of the first hidden field of a name."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found is not None, name
        return found[1]


ORIGIN = "https://hub.example"


def build(root: Path, origin: str, clock: Clock = system_clock) -> House:
    """Make a hub in ``root`` that is reached at ``origin``."""
    init(root, "demo.yifen", origin, clock, administrator=("admin", "孙丽", PASSWORD))
    hub = open_hub(root, clock)
    for code, zh, en in DEPARTMENTS:
        departments.admit(hub.changes, OPERATOR, code, zh, en)
    for code, department in DATASETS:
        toml = files("catalog.datasets").joinpath(f"{code}.toml").read_bytes()
        datasets.register(hub.changes, OPERATOR, department, toml, ON_RECORD)
    hashed = hash_password(PASSWORD, "nobody")
    for account, name, department, roles in PEOPLE:
        accounts.enrol(hub.changes, OPERATOR, account, name, department, roles, hashed)
    resident = bundled()["resident"]
    seal(hub, resident, [ZHANG, LI])
    held(hub, "resident")
    grant = grants.issue(hub.changes, OPERATOR, terms("hfc", resident))
    grants.issue(hub.changes, OPERATOR, terms("tax", bundled()["legal_entity"]))
    grants.issue(hub.changes, OPERATOR, terms("nrb", resident, "verify"))
    hub.checkpointer.step()
    return House(hub, grant)


def moved(founded: Path, root: Path, origin: str) -> House:
    """A copy of a founded hub, reached at another address."""
    shutil.copytree(founded, root)
    settings = root / "hub.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace(ORIGIN, origin), "utf-8")
    hub = open_hub(root)
    [grant] = grants.listing(hub.reading, department="hfc")
    return House(hub, grant)


def terms(department: str, dataset: Dataset, operation: str = "lookup") -> Terms:
    """The terms of a grant over the first items of a dataset."""
    names = [item.code for item in dataset.items if item.sharing != 3][:6]
    masks = dict.fromkeys(names, "full")
    if "resident_id" in masks:
        masks["resident_id"] = "identifier"
    return Terms.model_validate(
        {
            "department": department,
            "dataset": dataset.code,
            "operations": ["lookup", "verify"] if department == "hfc" else [operation],
            "channels": ["connector", "console"],
            "items": masks,
            "purposes": ["housing_fund_withdrawal", "tax_administration"],
            "valid_from": "2026-01-01T00:00:00.000Z",
            "valid_until": "2036-12-31T16:00:00.000Z",
            "daily_quota": 500,
            "case_required": True,
            "basis": "共享申请 2026-017",
        }
    )


def seal(hub: Hub, dataset: Dataset, rows: list[dict[str, str]]) -> None:
    """Make a live generation of these rows."""
    name, full = f"{dataset.code}-1", hub.settings.full(dataset.code)
    keys, wrapped = GenerationKeys.create(hub.master, full, name)
    writer = GenerationWriter(hub.folder.generation(name), full, name, keys)
    sealed = []
    for row in rows:
        values = [row.get(item.code, "") for item in dataset.items]
        row_key = ROW_KEY_SEPARATOR.join(row[code] for code in dataset.row_key)
        sealed.append(writer.seal(row[dataset.subject.item], row_key, values, 1))
    writer.insert(sealed)
    writer.index()
    writer.close()
    with hub.changes.change(HUB) as change:
        change.session.add(
            GenerationRow(
                name=name,
                dataset=dataset.code,
                keys=wrapped,
                row_count=len(rows),
                digest="",
                state="live",
                definition=definition_of(change, dataset.code),
            )
        )
        change.session.flush()
        point(change, dataset.code, name)


def definition_of(change: Change, code: str) -> str:
    """The digest of a dataset's definition."""
    row = change.session.get(DatasetRow, code)
    assert row is not None
    return digest(row.definition)


def point(change: Change, code: str, generation: str) -> None:
    """Move the pointer of a dataset."""
    row = change.session.get(DatasetRow, code)
    assert row is not None
    row.generation, row.version, row.as_of = generation, 1, change.time
    change.session.add(row)
    change.append("publication", {"dataset": code, "generation": generation, "state": "live"})


def held(hub: Hub, code: str) -> None:
    """A publication that waits for its steward."""
    report = {
        "read": 128_402,
        "accepted": 127_990,
        "warned": 31,
        "identical": 12,
        "rejected": {"check-digit": 388, "birth-date": 21, "required": 3},
        "standing": 128_377,
        "why_held": ["rejected-share"],
    }
    with hub.changes.change(HUB, moves_epoch=False) as change:
        change.session.add(
            PublicationRow(
                id="P-5f0c1a2b3c4d",
                dataset=code,
                connector="urn:yifen:connector:demo.yifen:psb:main",
                keyid="",
                columns="resident_id name",
                key=os.urandom(32),
                state="held",
                created=change.time,
                done=128_402,
                total=128_402,
                report=json.dumps(report),
            )
        )


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a hub to copy from: founding one is forty durable commits."""
    root = tmp_path_factory.mktemp("console") / "hub"
    build(root, ORIGIN).hub.close()
    return root


async def _this_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@pytest.fixture
def visited(founded: Path, tmp_path: Path) -> Iterator[Visit]:
    """A console that is asked in-process, over what stands for HTTPS."""
    house = moved(founded, tmp_path / "hub", ORIGIN)
    with TestClient(create_app(house.hub), base_url=ORIGIN) as client:
        portal = client.portal
        assert portal is not None
        house.hub = outside(house.hub, portal.call(_this_loop))
        yield Visit(house, client, ORIGIN)


@dataclass
class Served:
    """A console on loopback."""

    house: House
    address: str


@pytest.fixture
def served(founded: Path, tmp_path: Path) -> Iterator[Served]:
    """A console that a browser reaches."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    # From here on a browser that is quicker than the server waits in the queue.
    listening.listen()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    house = moved(founded, tmp_path / "hub", address)
    server = uvicorn.Server(
        uvicorn.Config(create_app(house.hub), http="httptools", log_level="warning", ws="none")
    )
    loops: queue.Queue[asyncio.AbstractEventLoop] = queue.Queue()

    async def serve() -> None:
        loops.put(asyncio.get_running_loop())
        await server.serve(sockets=[listening])

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        house.hub = outside(house.hub, loops.get(timeout=30))
        yield Served(house, address)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()

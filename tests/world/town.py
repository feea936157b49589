"""A town: departments, their datasets, connectors, people, grants and records.

Founding one takes half a second, mostly for durable commits; each test gets a copy of its folder.
"""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Literal

from catalog.definition import load
from catalog.identifiers.resident import check_character
from certs.canonical import Json, parse
from certs.certificates import read_certificate
from certs.encoding import digest, rfc3339, unb64u
from certs.enrolment import make_request
from certs.errors import YifenError
from certs.keys import PrivateKey, generate
from certs.receipts import key_thumbprint
from hub.access import connectors, departments, grants
from hub.access.grant import STANDING, Grant, Terms
from hub.catalogue import datasets
from hub.clock import Clock
from hub.ledger.change import Actor
from hub.ledger.verify import Findings
from hub.ops.init import init
from hub.ops.verify import verification
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.publish.digest import generation_digest
from hub.publish.flip import go_live
from hub.runtime import Hub, open_hub
from hub.storage.generation import ROW_KEY_SEPARATOR, GenerationKeys, GenerationWriter
from hub.storage.sqlite import connect
from hub.storage.tables import GenerationRow, PublicationRow
from hub.web.front import Front
from world.asking import Answer, Gateway, Sent
from world.on_record import ON_RECORD
from world.time import DAY, NOW, Time

HUB = "demo.yifen"
ADDRESS = "http://127.0.0.1:8440"
PASSWORD = "seven small lanterns"
PURPOSE = "real_estate_registration"
ADMINISTRATOR = Actor("console", account="admin")
DEPARTMENTS = {"psb": "公安局", "nrb": "自然资源局", "mrb": "市场监督管理局"}
DATASETS = {"resident": "psb", "real_estate": "nrb", "credit_penalty": "mrb"}
BIRTHDAY = "1990-01-01"


def resident_number(order: int) -> str:
    """A number that checks, born on 1990-01-01; ``order`` below 1000."""
    body = f"53040219900101{order:03d}"
    return body + check_character(body)


SUBJECTS = tuple(resident_number(order) for order in range(1, 21))
"""Whom the register of residents has; the first number that it has not is ``ABSENT``."""
ABSENT = resident_number(999)


@dataclass(frozen=True)
class Town:
    """A founded town, as a folder to copy from."""

    root: Path
    keys: dict[str, tuple[PrivateKey, str]]
    """Key and key id of each connector, by its department."""
    grant: Grant
    founded: int

    def copy(self, to: Path, address: str = ADDRESS) -> Path:
        """The same town in a folder of its own, reached at another address."""
        shutil.copytree(self.root, to)
        settings = to / "hub.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace(ADDRESS, address), encoding="utf-8")
        return to

    def gateway(self, department: str, clock: Clock, address: str = ADDRESS) -> Gateway:
        """The connector of a department."""
        key, keyid = self.keys[department]
        urn = f"urn:yifen:connector:{HUB}:{department}:gateway"
        return Gateway(urn, department, key, keyid, address, clock)


@dataclass
class World:
    """One process of a hub, its clock, and those who ask it."""

    root: Path
    town: Town
    hub: Hub
    time: Time
    _fronts: list[Front] = field(default_factory=list)

    @property
    def grant(self) -> Grant:
        return self.town.grant

    @property
    def nrb(self) -> Gateway:
        """The connector of the department that has the grant."""
        return self.gateway("nrb")

    def gateway(self, department: str) -> Gateway:
        return self.town.gateway(department, self.time)

    # -- asking -------------------------------------------------------------------------------
    def ask(self, sent: Sent) -> Answer:
        """Ask the exchange itself; raises what it raises before there is an entry."""
        return asyncio.run(self.ask_soon(sent))

    async def ask_soon(self, sent: Sent) -> Answer:
        """The same inside a running loop."""
        *_, code, operation = sent.path.split("/")
        asked: Literal["lookup", "verify"] = "verify" if operation == "verify" else "lookup"
        reply = await self.hub.exchange.ask_signed(asked, code, sent.message, sent.body)
        headers = {"content-type": reply.content_type}
        if reply.receipt is not None:
            headers["hub-receipt"] = reply.receipt
        return Answer(reply.status, headers, reply.body)

    def refused(self, sent: Sent) -> YifenError:
        """The error with which the exchange turns a request away unsigned."""
        try:
            answer = self.ask(sent)
        except YifenError as error:
            return error
        raise AssertionError(answer)

    def call(self, sent: Sent) -> Answer:
        """Send a signed request through the door, as a server would hand it in."""
        message = sent.message
        return self.http(message.method, sent.path, message.headers, sent.body)

    def http(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """One HTTP exchange over the application's own interface."""
        given = [(n.encode(), v.encode("latin-1")) for n, v in (headers or {}).items()]
        return self.raw(method, target.encode("latin-1"), given, [body])

    def raw(
        self,
        method: str,
        target: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        chunks: Sequence[bytes],
    ) -> Answer:
        """The same, with every byte in the caller's hand."""
        return asyncio.run(self._raw(method, target, headers, chunks))

    async def _raw(
        self,
        method: str,
        target: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        chunks: Sequence[bytes],
    ) -> Answer:
        path, _, query = target.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(headers),
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8440),
        }
        waiting = list(chunks)
        events: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            chunk = waiting.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

        async def send(event: object) -> None:
            assert isinstance(event, dict)
            events.append(event)

        await self.front(scope, receive, send)  # type: ignore[arg-type]
        start, *rest = events
        told = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}  # type: ignore[attr-defined]
        data = b"".join(event.get("body", b"") for event in rest)  # type: ignore[misc]
        return Answer(int(str(start["status"])), told, data)

    @property
    def front(self) -> Front:
        """The application, made when first needed."""
        if not self._fronts:
            from hub.web.app import create_app  # noqa: PLC0415 most tests need no routes

            self._fronts.append(create_app(self.hub))
        return self._fronts[0]

    # -- the hub's side -----------------------------------------------------------------------
    @property
    def receipt_kid(self) -> str:
        return key_thumbprint(self.receipt_key.public)

    @property
    def receipt_key(self) -> PrivateKey:
        return PrivateKey.load(self.hub.folder.keys / "receipt.key")

    def entries(self) -> int:
        """How many entries the ledger has."""
        row: tuple[int] = self.hub.store.connection.execute(
            "SELECT next FROM ledger_head"
        ).fetchone()
        return row[0]

    def entry(self, position: int = -1) -> tuple[str, Json, Json, Json]:
        """Kind, *control*, *person* and *internal* of an entry; by default of the last."""
        if position < 0:
            position += self.entries()
        leaf, control, internal, person, number = self.hub.store.connection.execute(
            "SELECT leaf, control, internal, person, person_key FROM entries WHERE position = ?",
            (position,),
        ).fetchone()
        members = _json(leaf)
        assert isinstance(members, dict)
        _, part = self.hub.persons.open(person, number, str(members["person"]))
        return str(members["kind"]), _json(control), _json(part), _json(internal)

    def used(self) -> int:
        """What the town's grant has paid, over all days."""
        row: tuple[int] = self.hub.reading.execute(
            "SELECT coalesce(sum(used), 0) FROM quotas WHERE grant_id = ?", (self.grant.id,)
        ).fetchone()
        return row[0]

    def regrant(self, **terms: object) -> Grant:
        """Give the town's grant other terms."""
        current = grants.find(self.hub.reading, self.grant.id)
        state: dict[str, object] = {**current.state()}
        for name in STANDING:
            del state[name]
        wanted = Terms.model_validate(state | terms)
        return grants.change(self.hub.changes, ADMINISTRATOR, current.id, wanted, current.version)

    def findings(self) -> Findings:
        """What ``hub ledger verify`` finds."""
        checked = verification(self.hub.folder, self.hub.settings, self.hub.reading)
        return checked.run(lambda _done, _all: None)

    def again(self) -> "World":
        """Another process of the same hub, as far as one test process can have one."""
        return replace(self, hub=open_hub(self.root, self.time), _fronts=[])


def _json(data: bytes) -> Json:
    return parse(data, max_bytes=1 << 20, max_depth=20)


def found_town(root: Path, now: int = NOW) -> Town:
    """Make a town whose papers hold from a day before ``now``."""
    clock = Time(now - DAY)
    init(root, HUB, ADDRESS, clock, administrator=("admin", "管理员", PASSWORD))
    hub = open_hub(root, clock)
    for code, title in DEPARTMENTS.items():
        departments.admit(hub.changes, ADMINISTRATOR, code, title, code.upper())
    for code, department in DATASETS.items():
        definition = files("catalog.datasets").joinpath(f"{code}.toml").read_bytes()
        datasets.register(hub.changes, ADMINISTRATOR, department, definition, ON_RECORD)
    hashed = hash_password(PASSWORD, "nobody")
    for code in DEPARTMENTS:
        for role in ("officer", "steward"):
            enrolled: list[Literal["officer", "steward"]] = [role]  # type: ignore[list-item]
            name = f"{code}.{role}"
            accounts.enrol(hub.changes, ADMINISTRATOR, name, name, code, enrolled, hashed)
    accounts.enrol(hub.changes, ADMINISTRATOR, "audit", "审计员", None, ["auditor"], hashed)
    keys = {code: _enrol(hub, code) for code in DEPARTMENTS}
    grant = grants.issue(hub.changes, ADMINISTRATOR, covering(now))
    rows = [_resident(number) for number in SUBJECTS]
    publish(hub, "resident", rows)
    hub.checkpointer.step()
    hub.close()
    return Town(root, keys, grant, now)


def covering(now: int, **terms: object) -> Terms:
    """The terms of the town's grant, with some changed."""
    return Terms.model_validate(
        {
            "department": "nrb",
            "dataset": "resident",
            "operations": {"lookup", "verify"},
            "channels": {"connector", "console"},
            "items": {
                "resident_id": "identifier",
                "name": "full",
                "former_name": "name",
                "sex": "full",
                "birth_date": "year",
                "employer_uscc": "present",
                "address": "full",
            },
            "purposes": {PURPOSE},
            "valid_from": rfc3339(now - DAY),
            "valid_until": rfc3339(now + 30 * DAY),
            **terms,
        }
    )


def publish(hub: Hub, code: str, rows: Sequence[dict[str, str]], name: str = "") -> str:
    """Seal ``rows`` into a new generation and move the dataset's pointer to it."""
    ((definition,),) = hub.store.connection.execute(
        "SELECT definition FROM datasets WHERE code = ?", (code,)
    ).fetchall()
    dataset, full = load(definition, code), f"{HUB}:{code}"
    name = name or f"{code}-1"
    keys, wrapped = GenerationKeys.create(hub.master, full, name)
    writer = GenerationWriter(hub.folder.generation(name), full, name, keys)
    writer.connection.execute("BEGIN")
    for row in rows:
        key = ROW_KEY_SEPARATOR.join(row[part] for part in dataset.row_key)
        values = [row.get(item.code, "") for item in dataset.items]
        writer.insert([writer.seal(row[dataset.subject.item], key, values, 1)])
    writer.connection.execute("COMMIT")
    writer.index()
    writer.close()
    _go_live(hub, code, name, wrapped, len(rows), digest(definition))
    return name


def _go_live(hub: Hub, code: str, name: str, wrapped: bytes, count: int, definition: str) -> None:
    """Move the pointer as a publication does that has been checked and sealed."""
    sealed = connect(hub.folder.generation(name))
    found = generation_digest(sealed)
    sealed.close()
    urn = f"urn:yifen:connector:{HUB}:{DATASETS[code]}:gateway"
    ((keyid,),) = hub.store.connection.execute(
        "SELECT keyid FROM certificates WHERE connector = ?", (urn,)
    ).fetchall()
    with hub.changes.change(Actor("hub")) as change:
        change.session.add(
            GenerationRow(
                name=name,
                dataset=code,
                keys=wrapped,
                row_count=count,
                digest=found,
                state="sealing",
                definition=definition,
            )
        )
        change.session.flush()
        change.session.add(
            PublicationRow(
                id=name,
                dataset=code,
                connector=urn,
                keyid=keyid,
                columns="",
                key=b"",
                state="checking",
                created=change.time,
                generation=name,
                definition=definition,
            )
        )
        change.session.flush()
        go_live(change, hub.settings, name, released_by=None)


def _resident(number: str) -> dict[str, str]:
    return {
        "resident_id": number,
        "name": "张三丰",
        "former_name": "张君宝",
        "sex": "1",
        "birth_date": BIRTHDAY,
        "employer_uscc": "91530000292020123N",
        "address": "云南省玉溪市红塔区",
        "status": "1",
    }


def _enrol(hub: Hub, department: str) -> tuple[PrivateKey, str]:
    text = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, department, "gateway")
    invitation = _json(unb64u(text))
    assert isinstance(invitation, dict)
    key = generate()
    request = make_request(key, str(invitation["connector"]))
    enrolled = connectors.enrol(hub.changes, hub.trust, str(invitation["token"]), request)
    return key, read_certificate(enrolled.pem).keyid


@contextmanager
def open_world(town: Town, root: Path, time: Time | None = None) -> Iterator[World]:
    """A copy of a town with its hub open at ``time``."""
    town.copy(root)
    clock = time or Time(town.founded)
    world = World(root, town, open_hub(root, clock), clock)
    try:
        yield world
    finally:
        world.hub.close()

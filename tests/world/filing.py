"""A town whose departments file and view materials."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from catalog.materials import source
from certs.canonical import Json, canonical
from certs.encoding import b64u
from connectors.client import Connector
from hub.access import grants
from hub.access.grant import Grant, Terms
from hub.catalogue import datasets
from hub.ledger.change import Actor
from hub.materials.metadata import Announced
from hub.materials.sealed import PIECE
from hub.materials.uploads import Sender
from world.asking import Answer, Gateway, Members
from world.bridge import Bridge, enrolled
from world.on_record import ON_RECORD
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, Town, World, covering, open_world

LEASE = "material_lease"
HOLDER = SUBJECTS[0]
ITEMS = (
    "material_no",
    "title",
    "issuer",
    "received_by",
    "file_name",
    "sha256",
    "status",
    "version",
)


@dataclass
class Filing:
    """A world with a type of material of ``mrb``, which ``nrb`` may look up and view."""

    world: World
    grant: Grant
    bridge: Bridge
    connector: Connector

    def add(self, path: Path, subject: str = HOLDER, **metadata: Json) -> str:
        """File as the department with the grant; gives the material's id."""
        ended = self.connector.file(LEASE, "resident_id", subject, path, metadata)
        assert ended.material is not None, ended
        return ended.material

    def begin(self, data: bytes, by: str = "nrb", **changed: Json) -> Answer:
        """Announce a file by hand."""
        body = announced(data) | changed
        return self.signed(by, "POST", f"/v1/datasets/{LEASE}/materials", canonical(body))

    def signed(self, by: str, method: str, path: str, body: bytes = b"") -> Answer:
        return self.world.call(self.world.gateway(by).sign(method, path, body))

    def uploaded(self, data: bytes, by: str = "nrb", **changed: Json) -> str:
        """Announce and send a whole file; gives the upload."""
        answer = self.begin(data, by, **changed)
        assert answer.status == 201, answer.body
        upload = str(answer.document["upload"])
        for number, start in enumerate(range(0, len(data), PIECE)):
            piece = data[start : start + PIECE]
            sent = self.signed(by, "PUT", f"/v1/uploads/{upload}/pieces/{number}", piece)
            assert sent.status == 200, sent.body
        return upload

    def completed(self, data: bytes, by: str = "nrb", **changed: Json) -> Members:
        """The same, and what becomes of it."""
        upload = self.uploaded(data, by, **changed)
        return self.signed(by, "POST", f"/v1/uploads/{upload}/complete", b"{}").document

    def stored(self) -> list[str]:
        """What lies in the store of objects."""
        root = self.world.hub.folder.objects
        return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())

    def again(self, **terms: object) -> Grant:
        """Give the grant over the materials other terms."""
        return grants.change(
            self.world.hub.changes,
            ADMINISTRATOR,
            self.grant.id,
            terms_of(self.world.town.founded, **terms),
            grants.find(self.world.hub.reading, self.grant.id).version,
        )

    def view(self, material: str, subject: str = HOLDER, by: Gateway | None = None) -> Answer:
        """Ask for a view by hand."""
        gateway = by or self.world.nrb
        body: Members = gateway.question(subject={"id": subject, "type": "resident_id"})
        del body["items"]
        sent = gateway.sign(
            "POST", f"/v1/datasets/{LEASE}/view", canonical(body | {"material": material})
        )
        self.request_id = str(body["request_id"])
        return self.world.call(sent)

    def piece(self, request_id: str, result: Json, by: str = "nrb", **changed: Json) -> Answer:
        body: Members = {"request_id": request_id, "result": result}
        return self.signed(by, "POST", "/v1/materials/piece", canonical(body | changed))


def announced(data: bytes, media_type: str = "application/pdf", subject: str = HOLDER) -> Members:
    return {
        "media_type": media_type,
        "metadata": {},
        "sha256": sha256(data).hexdigest(),
        "size": len(data),
        "subject": {"id": subject, "type": "resident_id"},
        "token": b64u(os.urandom(16)),
    }


def terms_of(now: int, **terms: object) -> Terms:
    return covering(
        now,
        **{
            "dataset": LEASE,
            "operations": {"lookup", "view"},
            "items": dict.fromkeys(ITEMS, "full"),
            "purposes": {PURPOSE},
            **terms,
        },
    )


@contextmanager
def filing(town: Town, folder: Path, settings: str = "") -> Iterator[Filing]:
    """A copy of a town with the type registered and granted; ``settings`` go to its own."""
    root = folder / "hub"
    if settings:
        town.copy(folder / "pattern")
        with (folder / "pattern" / "hub.toml").open("a", encoding="utf-8") as file:
            file.write(settings)
        town = Town(folder / "pattern", town.keys, town.grant, town.founded)
    with open_world(town, root) as world:
        grant = prepare(world)
        bridge, connector = enrolled(world, folder / "home")
        with connector:
            yield Filing(world, grant, bridge, connector)


def prepare(world: World) -> Grant:
    """Register the type for ``mrb`` and grant it to ``nrb``."""
    changes = world.hub.changes
    datasets.register(changes, ADMINISTRATOR, "mrb", source(LEASE), ON_RECORD)
    return grants.issue(changes, ADMINISTRATOR, terms_of(world.town.founded))


def file_one(
    world: World, data: bytes, subject: str = HOLDER, department: str = "nrb", **metadata: Json
) -> str:
    """File a small PDF past the routes; gives the material's id."""
    urn = f"urn:yifen:connector:demo.yifen:{department}:gateway"
    actor = Actor("connector", connector=urn, department=department)
    sender = Sender(actor, department, urn, None)
    body = announced(data, subject=subject) | {"metadata": metadata}
    token = str(body.pop("token"))

    async def deliver() -> str:
        intake = world.hub.materials
        begun = intake.begin(LEASE, Announced.model_validate(body), token, sender)
        await intake.receive(begun.upload, 0, data, sender)
        told = await intake.complete(begun.upload, sender)
        assert told["state"] == "filed", told
        return str(told["material"])

    return asyncio.run(deliver())

"""A town in which ``mrb`` issues licences, and ``nrb`` may look them up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from catalog.licences import dataset
from catalog.licences.licence_type import bundled
from catalog.licences.status import Act
from certs.canonical import Json, canonical
from certs.encoding import b64u
from hub.access import grants
from hub.access.grant import Grant, Terms
from hub.catalogue import datasets
from hub.ledger.change import Actor
from hub.licences import types
from hub.licences.document import Document
from hub.licences.files import Printed, Wanted
from hub.licences.issuing import Asked, CredentialOrder
from hub.licences.papers import Draft
from hub.licences.types import Issuer
from world.asking import Answer, Members
from world.on_record import ON_RECORD
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, Town, World, covering, open_world

BUSINESS, BIRTH = "business_licence", "birth_certificate"
LOOKED_UP = "licence_business_licence"
COMPANY = "91530000292020123N"
ISSUER = Issuer("示例市市场监督管理局（虚构）", "11530400015020004B")
ITEMS = ("licence_id", "number", "holder_name", "valid_until", "status", "status_note", "scope")


@dataclass
class Licensing:
    """A world with types of licences of ``mrb``."""

    world: World
    grant: Grant

    def signed(self, path: str, body: Json = None, by: str = "mrb", method: str = "POST") -> Answer:
        data = b"" if method == "GET" else canonical({} if body is None else body)
        return self.world.call(self.world.gateway(by).sign(method, path, data))

    def issue(self, by: str = "mrb", **changed: Json) -> Answer:
        return self.signed("/v1/licences", asked(**changed), by)

    def issued(self, **changed: Json) -> Members:
        answer = self.issue(**changed)
        assert answer.status == 201, answer.body
        return answer.document

    def act(self, licence: Json, act: str, by: str = "mrb", **body: Json) -> Answer:
        return self.signed(f"/v1/licences/{licence}/{act}", body, by)

    def lookup(self, subject: str = COMPANY, kind: str = "uscc", **members: Json) -> Answer:
        members = {"items": [*ITEMS], **members}
        about: Json = {"id": subject, "type": kind}
        return self.world.call(self.world.nrb.lookup(dataset=LOOKED_UP, subject=about, **members))

    def status(self, subject: str = COMPANY, kind: str = "uscc") -> list[Json]:
        """The status of each licence that a lookup tells."""
        records = self.lookup(subject, kind).result["records"]
        assert isinstance(records, list)
        return [one["items"]["status"] for one in records]  # type: ignore[index,call-overload]


def asked(**changed: Json) -> Members:
    """What the department asks for when it issues a business licence."""
    metadata: Members = {
        "holder_id": COMPANY,
        "holder_name": "玉溪小馆餐饮有限公司",
        "holder_type": "001",
        "issued_on": "2026-09-01",
        "number": "530400100000001",
        "valid_from": "2026-09-01",
        "valid_until": "2036-08-31",
    }
    items: Members = {
        "address": "云南省玉溪市红塔区",
        "capital": "50",
        "established_on": "2026-09-01",
        "form": "有限责任公司",
        "legal_representative": "张三丰",
        "scope": "餐饮服务",
    }
    told = changed.pop("metadata", {})
    assert isinstance(told, dict)
    body: Members = {
        "items": items,
        "metadata": metadata | told,
        "token": b64u(os.urandom(16)),
        "type": BUSINESS,
    }
    return body | changed


def birth(**changed: Json) -> Members:
    """The same of a birth certificate, which a person holds."""
    return {
        "items": {
            "born_on": "2026-09-01",
            "mother_id": SUBJECTS[1],
            "mother_name": "赵敏",
            "place": "玉溪市人民医院",
            "sex": "1",
        },
        "metadata": {
            "holder_id": SUBJECTS[0],
            "holder_name": "张无忌",
            "holder_type": "111",
            "issued_on": "2026-09-02",
            "number": "O530000001",
            "valid_until": "",
        },
        "type": BIRTH,
        **changed,
    }


def terms_of(now: int, **terms: object) -> Terms:
    return covering(
        now,
        **{
            "dataset": LOOKED_UP,
            "operations": {"lookup", "verify"},
            "items": dict.fromkeys((*ITEMS, "valid_from"), "full"),
            "purposes": {PURPOSE},
            **terms,
        },
    )


@contextmanager
def licensing(town: Town, folder: Path, settings: str = "") -> Iterator[Licensing]:
    """A copy of a town with the types registered and granted; ``settings`` go to its own."""
    pattern = town.copy(folder / "pattern")
    with (pattern / "hub.toml").open("a", encoding="utf-8") as file:
        file.write(settings)
    own = Town(pattern, town.keys, town.grant, town.founded)
    with open_world(own, folder / "hub") as world:
        yield Licensing(world, prepare(world))


def prepare(world: World) -> Grant:
    """Register the types for ``mrb``, their datasets, and a grant over the first to ``nrb``."""
    changes = world.hub.changes
    for code in (BUSINESS, BIRTH):
        kind = bundled()[code]
        source = types.bundled_source(code)
        types.register(changes, ADMINISTRATOR, source, {"mrb": ISSUER})
        datasets.register(changes, ADMINISTRATOR, "mrb", dataset.source(kind), ON_RECORD)
    return grants.issue(changes, ADMINISTRATOR, terms_of(world.town.founded))


def live(world: World) -> None:
    """Everything that the log tells of licences, past the routes: also prints, without a font."""
    prepare(world)
    office, papers = world.hub.office, world.hub.papers
    mrb = Actor("connector", department="mrb")
    for number in "12":
        order = asked(metadata={"number": number}, credential={})
        done = office.issue(mrb, Asked.model_validate(order))
        office.credential(mrb, done.licence, CredentialOrder())
        for _ in range(2):
            draft = Draft(EMPTY, Path(), os.urandom(16), world.time())
            papers.enter(mrb, done.licence, draft, os.urandom(16))
        epoch, shown = world.hub.book.refresh().epoch, Wanted(done.identifier, "zh")
        draft = Draft(EMPTY, Path(), os.urandom(16), world.time())
        assert world.hub.files.enter(Printed(shown, draft, os.urandom(16), 0), epoch, "")
        office.act(mrb, done.licence, Act.OTHER, note="待核实")


EMPTY = Document("", "", (), "", "", (), datetime.fromtimestamp(0, UTC))

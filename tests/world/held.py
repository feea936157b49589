"""Materials and licences that are followed: what is done to them, and what a lookup would show."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.licences import dataset as licence_datasets
from catalog.licences.licence_type import bundled
from catalog.licences.status import Act
from catalog.masks import apply
from certs.canonical import Json
from hub.access import grants, marks
from hub.access.grant import Grant, Terms
from hub.catalogue import datasets
from hub.ledger.change import Actor
from hub.licences import types
from hub.licences.issuing import Asked
from hub.materials import register
from hub.materials.metadata import Announced
from hub.materials.uploads import Sender
from hub.runtime import Hub
from world.asking import Members
from world.feeding import Follower
from world.filing import ITEMS as MATERIAL_ITEMS
from world.filing import LEASE, announced
from world.filing import prepare as prepare_materials
from world.licensing import BUSINESS, COMPANY, ISSUER, LOOKED_UP, asked
from world.on_record import ON_RECORD
from world.papers import pdf
from world.town import ADMINISTRATOR, HUB, SUBJECTS, World, covering

FOLLOWED = {"feed", "lookup"}
HOLDERS = SUBJECTS[:4]
COMPANIES = (COMPANY, "91310000132206289R", "91110000600001760P")
PROVIDER = Actor("connector", department="mrb")


@dataclass
class Leases:
    """Leases that two departments file; ``nrb`` follows them."""

    hub: Hub
    grant: Grant
    dataset: str = LEASE
    number: str = "material_no"
    kind: str = "resident_id"
    subjects: tuple[str, ...] = HOLDERS

    @classmethod
    def of(cls, world: World) -> "Leases":
        found = prepare_materials(world)
        items = dict.fromkeys((*MATERIAL_ITEMS, "holder_id", "valid_until"), "full")
        return cls(world.hub, granted(world, found, items))

    def file(self, subject: str, text: str = "Lease", by: str = "mrb", **metadata: Json) -> str:
        """File a paper, or say something else of one; gives the material."""
        urn = f"urn:yifen:connector:{HUB}:{by}:gateway"
        sender = Sender(Actor("connector", connector=urn, department=by), by, urn, None)
        data = pdf(text)
        body = announced(data, subject=subject) | {"metadata": metadata}
        token = str(body.pop("token"))

        async def deliver() -> str:
            intake = self.hub.materials
            begun = intake.begin(LEASE, Announced.model_validate(body), token, sender)
            await intake.receive(begun.upload, 0, data, sender)
            return str((await intake.complete(begun.upload, sender))["material"])

        return asyncio.run(deliver())

    def set(self, material: str, status: str) -> None:
        register.set_status(self.hub.changes, PROVIDER, material, status)

    def mark(self, row: "Sequence[str]", subject: str, kind: marks.MarkKind) -> None:
        """Mark a record by its row key."""
        mark(self.hub, self.dataset, (self.kind, subject), row, kind)


@dataclass
class Businesses:
    """Business licences of ``mrb``, which ``nrb`` follows."""

    hub: Hub
    grant: Grant
    dataset: str = LOOKED_UP
    number: str = "licence_id"
    kind: str = "uscc"
    subjects: tuple[str, ...] = COMPANIES

    @classmethod
    def of(cls, world: World) -> "Businesses":
        changes, kind = world.hub.changes, bundled()[BUSINESS]
        types.register(changes, ADMINISTRATOR, types.bundled_source(BUSINESS), {"mrb": ISSUER})
        source = licence_datasets.source(kind)
        datasets.register(changes, ADMINISTRATOR, "mrb", source, ON_RECORD)
        shown = ("licence_id", "holder_id", "holder_name", "valid_until", "status", "status_note")
        items = dict.fromkeys(shown, "full")
        terms = covering(world.town.founded, dataset=LOOKED_UP, items=items, operations=FOLLOWED)
        return cls(world.hub, grants.issue(changes, ADMINISTRATOR, terms))

    def issue(
        self, company: str, number: str, replaces: str | None = None, **metadata: Json
    ) -> tuple[str, str]:
        """Issue a licence, in the place of another if one is named; gives id and identifier."""
        told: Json = {"holder_id": company, "number": number, **metadata}
        order = asked(metadata=told, replaces=replaces)
        done = self.hub.office.issue(PROVIDER, Asked.model_validate(order))
        return done.licence, done.identifier

    def act(self, licence: str, act: Act, note: str = "") -> None:
        self.hub.office.act(PROVIDER, licence, act, note=note)

    def mark(self, row: "Sequence[str]", subject: str, kind: marks.MarkKind) -> None:
        """Mark a record by its row key."""
        mark(self.hub, self.dataset, (self.kind, subject), row, kind)


def granted(world: World, found: Grant, items: dict[str, str]) -> Grant:
    """Let a grant of lookups also be followed, with other items."""
    found = grants.find(world.hub.reading, found.id)
    changed = {"operations": FOLLOWED, "items": items}
    terms = Terms.model_validate(found.terms().model_dump() | changed)
    return grants.change(world.hub.changes, ADMINISTRATOR, found.id, terms, found.version)


def mark(
    hub: Hub, dataset: str, subject: tuple[str, str], row: Sequence[str], kind: marks.MarkKind
) -> None:
    """Mark a record as its provider."""
    source = hub.book.refresh().source(dataset)
    assert source is not None
    pseudonym = hub.records.pseudonym(source, subject[1], "\x1f".join(row))
    marks.set_mark(hub.changes, PROVIDER, dataset, pseudonym, kind, subject)


def looked_up(hub: Hub, held: Leases | Businesses, subjects: Sequence[str]) -> dict[str, Members]:
    """What lookups show of some subjects now, under the terms of the grant, by row key."""
    standing = hub.book.refresh()
    source = standing.source(held.dataset)
    assert source is not None
    items = grants.find(hub.reading, held.grant.id).items
    codes = [item.code for item in source.dataset.items]
    found: dict[str, Members] = {}
    for subject, records in zip(
        subjects, hub.records.read_many(source, subjects, standing), strict=True
    ):
        for record in records:
            values = dict(zip(codes, record.values, strict=True))
            shown: dict[str, Json] = {
                code: apply(mask, values[code]) for code, mask in items.items() if values[code]
            }
            key = "/".join(values[code] for code in source.dataset.row_key)
            found[key] = {
                "disputed": record.disputed,
                "items": shown,
                "subject": {"id": subject, "type": held.kind},
            }
    return found


def copied(follower: Follower, held: Leases | Businesses) -> dict[str, Members]:
    """What a follower holds, by row key."""
    found: dict[str, Members] = {}
    for one in follower.rows.values():
        items = one["items"]
        assert isinstance(items, dict)
        key = [str(items[held.number])]
        key += [str(items["received_by"])] if held.dataset == LEASE else []
        found["/".join(key)] = one
    assert len(found) == len(follower.rows)
    return found


def chosen(held: Leases | Businesses, subjects: Sequence[str]) -> Json:
    """Subjects as a question names them."""
    return [{"case": f"case-{one[-4:]}", "id": one, "type": held.kind} for one in subjects]

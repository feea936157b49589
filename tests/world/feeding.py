"""A followed dataset: published, changed, marked; and a follower who keeps a copy of it."""

import asyncio
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from publishing import resident_id
from sqlmodel import Session

from catalog.definition import Dataset, load
from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, digest, rfc3339
from certs.errors import YifenError
from certs.keys import PublicKey
from certs.leaf import check_part, read_leaf
from certs.receipts import Receipt, leaves_digest, verify_receipt
from certs.tree import leaf_hash
from hub.access import grants, marks
from hub.access.grant import STANDING, Grant, Terms
from hub.catalogue import datasets
from hub.ledger.change import HUB as ITSELF
from hub.ledger.change import Actor
from hub.publish import flip
from hub.publish.changing import ChangeWriter
from hub.publish.digest import RunningDigest
from hub.publish.fragments import VALUE_SEPARATOR
from hub.publish.orders import Order
from hub.publish.processes import take_lock
from hub.publish.target import places
from hub.publish.tidying import tidy_standing
from hub.runtime import Hub
from hub.storage.generation import GenerationKeys, GenerationWriter
from hub.storage.tables import GenerationRow, PublicationRow
from world.asking import Answer, Gateway, Members, Sent
from world.licences import DATASET, licence_definition
from world.on_record import ON_RECORD
from world.time import DAY
from world.town import ADMINISTRATOR, HUB, PURPOSE, World

PROVIDER = "psb"
SENDER = Actor("connector", department=PROVIDER)
Row = tuple[str, int, str]
"""Licence number, holder, note."""


def terms(now: int, **changed: object) -> Terms:
    """A grant to follow, and to look up, all of the trial licences."""
    return Terms.model_validate(
        {
            "department": "nrb",
            "dataset": DATASET,
            "operations": {"feed", "lookup"},
            "channels": {"connector"},
            "items": {"licence_no": "full", "holder": "full", "note": "full"},
            "purposes": {PURPOSE},
            "valid_from": rfc3339(now - DAY),
            "valid_until": rfc3339(now + 30 * DAY),
            **changed,
        }
    )


@dataclass
class Provider:
    """Who provides the dataset, without the uploads that lie before."""

    hub: Hub
    dataset: Dataset
    _count: int = 0

    @classmethod
    def of(cls, hub: Hub) -> "Provider":
        definition = licence_definition()
        datasets.register(hub.changes, ADMINISTRATOR, PROVIDER, definition, ON_RECORD)
        return cls(hub, load(definition, DATASET))

    def publish(self, rows: Sequence[Row]) -> None:
        """A full publication: a new generation."""
        self._count += 1
        hub, name, full = self.hub, f"licences-{self._count}-{b64u(os.urandom(4))}", self.full
        keys, wrapped = GenerationKeys.create(hub.master, full, name)
        path = hub.folder.generation(name)
        writer = GenerationWriter(path, full, name, keys)
        writer.connection.execute("BEGIN")
        running = RunningDigest()
        for number, holder, note in rows:
            values = [number, resident_id(holder), note]
            sealed = [writer.seal(resident_id(holder), number, values, 1)]
            writer.insert(sealed)
            running.add(sealed)
        writer.connection.execute("COMMIT")
        found = running.finish(writer.connection, [])
        writer.index()
        writer.close()
        with hub.changes.change(ITSELF) as change:
            change.session.add(
                GenerationRow(
                    name=name,
                    dataset=DATASET,
                    keys=wrapped,
                    row_count=len(rows),
                    digest=found,
                    state="sealing",
                    keyed=True,
                    definition=digest(licence_definition()),
                )
            )
            change.session.flush()
            self._begun(change.session, name, change.time, generation=name)
            flipped = flip.go_live(change, hub.settings, name, released_by=PROVIDER)
        if flipped.retired is not None:
            hub.folder.generation(flipped.retired).unlink()

    def change(self, upserts: Sequence[Row] = (), deletes: Sequence[str] = ()) -> None:
        """A change set: the next version."""
        self._count += 1
        with ExitStack() as work:
            self._change(f"changes-{self._count}-{b64u(os.urandom(4))}", upserts, deletes, work)

    def _change(
        self, publication: str, upserts: Sequence[Row], deletes: Sequence[str], work: ExitStack
    ) -> None:
        hub = self.hub
        with hub.changes.change(ITSELF, moves_epoch=False) as change:
            (number,) = hub.store.connection.execute(
                "SELECT sequence + 1 FROM datasets WHERE code = ?", (DATASET,)
            ).fetchone()
            # Under the lock, as an upload does: a process that comes up leaves alone what it sees.
            work.enter_context(_at_work(hub.folder.staging / publication))
            row = self._begun(change.session, publication, change.time)
            row.mode, row.sequence = "changes", number
            change.session.flush()
            standing, version = flip.begin_changing(change, publication)
            name, wrapped = standing.name, standing.keys
            rows, before = standing.row_count, standing.digest
        path = str(hub.folder.generation(name))
        keys = GenerationKeys.unwrap(hub.master, wrapped, self.full, name)
        order = Order(path, self.full, name, *places(self.dataset), version, rows, before)
        writer = ChangeWriter(order, keys)
        lines = [
            *([number, resident_id(holder), note, "upsert"] for number, holder, note in upserts),
            *([number, "", "", "delete"] for number in deletes),
        ]
        separated = [VALUE_SEPARATOR.join([*line, "0"]) for line in lines]
        writer.write("\x1e".join(separated).encode())
        written = writer.finish()
        writer.close()
        with hub.changes.change(ITSELF) as change:
            made = flip._change_set(
                change.session, flip.publication_in(change.session, publication)
            )
            made.row_count, made.digest = written.rows, written.digest
            change.session.add(made)
            change.session.flush()
            flip.go_live(change, hub.settings, publication, released_by=PROVIDER)
        tidy_standing(hub.folder, hub.store.connection, DATASET)

    def mark(self, row: Row, kind: marks.MarkKind) -> None:
        number, holder, _ = row
        source = self.hub.book.refresh().source(DATASET)
        assert source is not None
        subject = resident_id(holder)
        pseudonym = self.hub.records.pseudonym(source, subject, number)
        marks.set_mark(self.hub.changes, SENDER, DATASET, pseudonym, kind, ("resident_id", subject))

    @property
    def full(self) -> str:
        return f"{HUB}:{DATASET}"

    def _begun(
        self, session: Session, publication: str, time: int, generation: str | None = None
    ) -> PublicationRow:
        row = PublicationRow(
            id=publication,
            dataset=DATASET,
            connector=f"urn:yifen:connector:{HUB}:{PROVIDER}:gateway",
            keyid="",
            columns="",
            key=b"",
            state="checking",
            created=time,
            generation=generation,
            definition=digest(licence_definition()),
        )
        session.add(row)
        session.flush()
        return row


@contextmanager
def _at_work(staging: Path) -> Iterator[None]:
    """The folder of a publication whose job is running."""
    staging.mkdir(mode=0o700)
    lock = take_lock(staging)
    assert lock is not None
    try:
        yield
    finally:
        os.close(lock)
        shutil.rmtree(staging, ignore_errors=True)


def feed(gateway: Gateway, cursor: str | None = None, /, **members: Json) -> Sent:
    """A signed question for a page, with some members changed."""
    dataset = str(members.pop("dataset", DATASET))
    asked: Members = {
        "cursor": cursor,
        "most": 1000,
        "officer": f"{gateway.department}.officer",
        "purpose": PURPOSE,
        "request_id": b64u(os.urandom(16)),
        "subjects": None,
        "wait": 0,
        **members,
    }
    return gateway.sign("POST", f"/v1/datasets/{dataset}/feed", canonical(asked))


async def ask_soon(hub: Hub, sent: Sent) -> Answer:
    """Ask the exchange of feeds itself, inside a running loop."""
    *_, code, _ = sent.path.split("/")
    reply = await hub.feeds.ask_signed(code, sent.message, sent.body)
    headers = {"content-type": reply.content_type}
    if reply.receipt is not None:
        headers["hub-receipt"] = reply.receipt
    return Answer(reply.status, headers, reply.body)


def ask(world: World, sent: Sent) -> Answer:
    """The same, from outside a loop."""
    return asyncio.run(ask_soon(world.hub, sent))


def refused(world: World, sent: Sent) -> YifenError:
    """The error with which a request is turned away unsigned."""
    try:
        answer = ask(world, sent)
    except YifenError as error:
        return error
    raise AssertionError(answer)


def results(answer: Answer) -> list[Members]:
    found = answer.document["results"]
    assert isinstance(found, list)
    return [cast("Members", one) for one in found]


def page_of(answer: Answer) -> Members:
    return cast("Members", answer.document["page"])


def check_page(sent: Sent, answer: Answer, key: PublicKey, kid: str) -> Receipt:
    """Recompute all that the receipt binds; whom a change is about it says itself."""
    assert answer.receipt is not None
    receipt = verify_receipt(answer.receipt, {kid: key})
    question = parse(sent.body, max_bytes=1 << 20, max_depth=8)
    assert isinstance(question, dict)
    assert receipt.request == sent.signed.digest
    assert (receipt.status, receipt.body) == (answer.status, digest(answer.body))
    openings = cast("list[Members]", answer.document["openings"])
    leaves = [canonical(one["leaf"]) for one in openings]
    assert receipt.leaves == leaves_digest([leaf_hash(one) for one in leaves])
    assert receipt.entries == len(openings) == len(results(answer))
    for leaf, opened, result in zip(leaves, openings, results(answer), strict=True):
        person: Json = {
            "case": result.get("case"),
            "officer": question["officer"],
            "subject": result.get("subject"),
        }
        control = cast("Members", opened["control"])
        assert read_leaf(leaf).kind == "feed"
        check_part("control", read_leaf(leaf), str(opened["control_salt"]), control)
        check_part("person", read_leaf(leaf), str(opened["person_salt"]), person)
        assert control["R"] == sent.signed.digest
        assert control["a"] == digest(canonical(result))
    return receipt


@dataclass
class Follower:
    """Who keeps a copy by what the pages say; ``saved`` is what outlives its being killed."""

    gateway: Gateway
    most: int = 1000
    subjects: Json = None
    cursor: str | None = None
    rows: dict[str, Members] = field(default_factory=dict)
    named: set[str] | None = None
    """What an unfinished reset has named."""
    pages: int = 0
    dataset: str = DATASET

    def take(self, answer: Answer) -> None:
        """Take a page in, then its cursor."""
        page = page_of(answer)
        reset = cast("Members", page["reset"])
        if reset["begins"]:
            self.named = set()
        for one in results(answer):
            row = str(one.get("row"))
            if one["change"] == "upserted":
                self.rows[row] = {n: one[n] for n in ("disputed", "items", "subject")}
            elif one["change"] == "removed":
                self.rows.pop(row, None)
            if self.named is not None:
                self.named.add(row)
        if reset["ends"] and self.named is not None:  # else it had ended, and that page came again
            self.rows = {row: told for row, told in self.rows.items() if row in self.named}
            self.named = None
        self.cursor = str(page["cursor"])
        self.pages += 1

    def question(self) -> Sent:
        given: Members = {"most": self.most, "subjects": self.subjects}
        return feed(self.gateway, self.cursor, dataset=self.dataset, **given)

    def once(self, world: World) -> bool:
        """Ask for a page and take it in; False if there was nothing new."""
        sent = self.question()
        answer = ask(world, sent)
        if answer.status == 204:
            return False
        assert answer.status == 200, answer.body
        self.take(answer)
        return True

    def catch_up(self, world: World) -> int:
        """Follow to the end; gives the number of pages."""
        before = self.pages
        while self.once(world):
            assert self.pages < before + 10_000
        return self.pages - before

    def copy(self) -> "Follower":
        return replace(
            self, rows=dict(self.rows), named=None if self.named is None else set(self.named)
        )

    def items(self) -> dict[str, Members]:
        """What is held, by licence number."""
        return {str(cast("Members", one["items"])["licence_no"]): one for one in self.rows.values()}


def regrant(world: World, grant: Grant, **changed: object) -> Grant:
    """Give a grant other terms."""
    current = grants.find(world.hub.reading, grant.id)
    state: dict[str, object] = {**current.state()}
    for name in STANDING:
        del state[name]
    wanted = Terms.model_validate(state | changed)
    return grants.change(world.hub.changes, ADMINISTRATOR, current.id, wanted, current.version)

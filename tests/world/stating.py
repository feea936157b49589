"""Statements for the person concerned, made at a town's hub as its auditor makes them."""

import asyncio
import json
from dataclasses import dataclass
from typing import cast

from certs.canonical import Json
from hub.audit.statement import Asked, Statement, Statements
from hub.audit.statement_file import Signed, write_file
from hub.keys.listing import log_keys
from hub.ledger.change import Actor
from hub.runtime import Hub
from world.asking import Members

AUDITOR = Actor("console", account="audit")
BASIS = "告知申请〔2026〕3号"


@dataclass(frozen=True)
class Made:
    """A statement and its file, read to be changed."""

    statement: Statement
    file: Members

    @property
    def entries(self) -> list[Members]:
        entries = self.file["entries"]
        assert isinstance(entries, list)
        return [cast("Members", one) for one in entries]

    def with_entries(self, *entries: Members) -> Members:
        listed: list[Json] = [*entries]
        return self.file | {"entries": listed}

    def with_entry(self, place: int, **members: Json) -> Members:
        """The file with one entry's members changed."""
        entries = self.entries
        entries[place] = entries[place] | members
        return self.with_entries(*entries)

    def with_own(self, **members: Json) -> Members:
        """The file with members of the statement's own entry changed."""
        own = self.file["statement"]
        assert isinstance(own, dict)
        return self.file | {"statement": own | members}


def statements_of(hub: Hub) -> Statements:
    return Statements(hub.audit, hub.changes, hub.reading, hub.persons)


def made(hub: Hub, asked: Asked, *left_out: int, count_told: bool = False) -> Made:
    """Make a statement, have it covered by a checkpoint, and write its file."""
    statements = statements_of(hub)
    draft = asyncio.run(statements.draft(AUDITOR, asked))
    statement = asyncio.run(
        statements.make(AUDITOR, asked, draft.below, left_out, count_told=count_told)
    )
    hub.checkpointer.step()
    signed = Signed(
        hub=hub.settings.name,
        origin=hub.origin,
        root=hub.authority.root_pem,
        keys=log_keys(hub.ring.refresh().register, hub.origin),
        head=hub.proofs.checkpoint(),
    )
    own = statements.opened(statement.entry)
    data = asyncio.run(write_file(hub.reading, signed, statement, own))
    return Made(statement, json.loads(data))

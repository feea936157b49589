"""Control changes: grants, certificates, roles, publications and all else that is not a question.

A change takes the same lock as the answers, writes its tables and its entries in one transaction,
and moves the epoch when a decision could depend on it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool
from sqlmodel import Session

from certs.canonical import Json, canonical
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest
from certs.sealing import SealingKey
from hub.errors import Unavailable
from hub.ledger.openable import remember
from hub.ledger.persons import PersonKeys, seal_person
from hub.ledger.store import Head, LedgerStore
from hub.storage.sqlite import driver

Channel = Literal["console", "connector", "operator", "hub"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something: a signed-in person, a connector, an operator, or the hub itself."""

    channel: Channel
    account: str | None = None
    connector: str | None = None
    department: str | None = None


HUB = Actor("hub")
OPERATOR = Actor("operator")


class Change:
    """One change under way; use ``session`` for the tables and ``append`` for its entries."""

    def __init__(
        self,
        session: Session,
        head: Head,
        store: LedgerStore,
        key: tuple[int, SealingKey],
        actor: Actor,
        *,
        moves_epoch: bool,
    ) -> None:
        self.session = session
        self.time = head.time
        self.moves_epoch = moves_epoch
        self._head = head
        self._store = store
        self._key = key
        self._actor = actor
        if moves_epoch:
            head.epoch += 1

    @property
    def epoch(self) -> int:
        """The epoch that holds from this change on."""
        return self._head.epoch

    @property
    def position(self) -> int:
        """Where the next entry will stand."""
        return self._head.next

    def append(
        self,
        kind: str,
        state: Mapping[str, Json],
        *,
        subject: tuple[str, str] | None = None,
        case: str | None = None,
        reason: str = "",
    ) -> int:
        """Enter the whole new state of what changed; gives the entry's position.

        ``subject`` (type, id) stands in the *person* part only.
        """
        actor = self._actor
        control = canonical(
            {
                "channel": actor.channel,
                "connector": actor.connector,
                "department": actor.department,
                "epoch": self._head.epoch,
                "moves_epoch": self.moves_epoch,
                "state": state,
            }
        )
        internal = canonical({"reason": reason})
        control_salt, internal_salt, person_salt = (os.urandom(SALT_BYTES) for _ in range(3))
        person = seal_person(
            {
                "case": case,
                "officer": actor.account,
                "subject": None if subject is None else {"type": subject[0], "id": subject[1]},
            },
            person_salt,
            self._key,
        )
        leaf = leaf_bytes(
            kind,
            self._head.time,
            part_digest("control", control_salt, control),
            person.digest,
            part_digest("internal", internal_salt, internal),
        )
        position = self._head.next
        self._head.next += 1
        salts = control_salt + internal_salt
        row = (position, leaf, control, salts, internal, person.blob, person.key)
        self._store.insert([row])
        remember(self._store.connection, position, kind, state)
        return position


class Changes:
    """Makes changes over the ledger's one writing connection."""

    def __init__(self, store: LedgerStore, persons: PersonKeys) -> None:
        self._store = store
        self._persons = persons
        self._engine = create_engine(
            "sqlite://",
            module=driver,
            creator=lambda: store.connection,
            poolclass=StaticPool,
            # The transaction is the ledger's: SQLAlchemy neither begins nor ends it.
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_reset_on_return=None,
            # Errors of the driver would name the values that were to be written.
            hide_parameters=True,
        )
        # Connecting sets the isolation level, which would end a transaction under way.
        self._engine.connect().close()

    @contextmanager
    def change(self, actor: Actor, *, moves_epoch: bool = True) -> Iterator[Change]:
        """A change under the lock; an error inside undoes all of it.

        Raises ``Unavailable`` when it cannot be made durable.
        """
        # A new month's key is made in a transaction of its own, so before this one.
        key = self._persons.current("default", self._store.now(), self._store)
        with self._store.locked() as head, Session(self._engine, autoflush=False) as session:
            try:
                yield Change(session, head, self._store, key, actor, moves_epoch=moves_epoch)
                session.flush()
            except DBAPIError as error:
                self._store.judge(error.orig)
                raise Unavailable(why="database") from None

"""What steps 1 to 5 of a lookup know of the control plane, as it stands at one epoch.

Rows are read when first needed and kept until the epoch moves. A row read after the epoch was can
only be newer; then the epoch under the ledger's lock differs, and the lookup decides again.
Whatever is not found is not remembered: nobody can fill the memory with names that do not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from catalog.definition import Dataset, load
from certs.certificates import read_certificate
from certs.encoding import rfc3339
from certs.keys import PublicKey
from hub.access.grant import Grant, read_grant
from hub.ledger.origin import signed_from
from hub.storage.sqlite import Connection

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

KEPT = 50_000
"""Rows of one kind that are kept; beyond that the memory is emptied."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A connector's certificate in good standing; times in milliseconds."""

    keyid: str
    connector: str
    department: str
    public: PublicKey
    not_before: int
    not_after: int
    stands: bool


@dataclass(frozen=True, slots=True)
class Worker:
    """An enrolled person, as far as questions need: account, department, roles, active or not."""

    account: str
    department: str | None
    roles: frozenset[str]
    active: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset and what of it is live; ``generation`` is None before the first publication."""

    dataset: Dataset
    department: str
    active: bool
    generation: str | None
    version: int
    as_of: int
    marked: bool

    @property
    def told_as_of(self) -> str | None:
        """Since when what is live was true (RFC 3339), as answers say it; None before that."""
        return None if self.generation is None else rfc3339(self.as_of)


class Standing:
    """The control plane at one epoch.

    ``signed_from`` (milliseconds): signatures made before are not believed.
    """

    def __init__(self, connection: Connection, epoch: int) -> None:
        self.epoch = epoch
        self.signed_from = signed_from(connection)
        self._connection = connection
        self._credentials: dict[str, Credential] = {}
        self._workers: dict[str, Worker] = {}
        self._sources: dict[str, Source] = {}
        self._grants: dict[tuple[str, str], tuple[Grant, ...]] = {}
        self._purposes: dict[str, bool] = {}
        self._departments: dict[str, bool] = {}

    def credential(self, keyid: str) -> Credential | None:
        """The certificate of a key id, whatever its standing; None if none was issued."""
        found = self._credentials.get(keyid)
        if found is None:
            row = self._connection.execute(
                "SELECT c.der, c.connector, n.department, c.not_before, c.not_after,"
                " c.status = 'active' AND n.status = 'active' AND d.status = 'active'"
                " FROM certificates c JOIN connectors n ON n.urn = c.connector"
                " JOIN departments d ON d.code = n.department WHERE c.keyid = ?",
                (keyid,),
            ).fetchone()
            if row is None:
                return None
            der, connector, department, not_before, not_after, stands = row
            public = read_certificate(der).public
            found = Credential(
                keyid, connector, department, public, not_before, not_after, bool(stands)
            )
            _keep(self._credentials, keyid, found)
        return found

    def worker(self, account: str) -> Worker | None:
        """An enrolled person; None if there is none of this account."""
        found = self._workers.get(account)
        if found is None:
            row = self._connection.execute(
                "SELECT department, roles, status FROM people WHERE account = ?", (account,)
            ).fetchone()
            if row is None:
                return None
            found = Worker(account, row[0], frozenset(row[1].split()), row[2] == "active")
            _keep(self._workers, account, found)
        return found

    def source(self, code: str) -> Source | None:
        """A dataset; None if there is none of this code."""
        found = self._sources.get(code)
        if found is None:
            row = self._connection.execute(
                "SELECT department, definition, status, generation, version, as_of,"
                " EXISTS (SELECT 1 FROM marks WHERE dataset = code)"
                " FROM datasets WHERE code = ?",
                (code,),
            ).fetchone()
            if row is None:
                return None
            department, definition, status, generation, version, as_of, marked = row
            found = Source(
                dataset=load(definition, code),
                department=department,
                active=status == "active",
                generation=generation,
                version=version,
                as_of=as_of,
                marked=bool(marked),
            )
            _keep(self._sources, code, found)
        return found

    def grants(self, department: str, dataset: str) -> tuple[Grant, ...]:
        """All grants of a department over a dataset, newest first, whatever their standing."""
        found = self._grants.get((department, dataset))
        if found is None:
            rows = self._connection.execute(
                "SELECT state FROM grants WHERE department = ? AND dataset = ? ORDER BY rowid DESC",
                (department, dataset),
            ).fetchall()
            found = tuple(read_grant(state) for (state,) in rows)
            if found:
                _keep(self._grants, (department, dataset), found)
        return found

    def purpose(self, code: str) -> bool:
        """Whether there is an active purpose of this code."""
        if code not in self._purposes:
            row = self._connection.execute(
                "SELECT status FROM purposes WHERE code = ?", (code,)
            ).fetchone()
            if row is None:
                return False
            _keep(self._purposes, code, row[0] == "active")
        return self._purposes[code]

    def department(self, code: str) -> bool:
        """Whether there is an active department of this code."""
        if code not in self._departments:
            row = self._connection.execute(
                "SELECT status FROM departments WHERE code = ?", (code,)
            ).fetchone()
            if row is None:
                return False
            _keep(self._departments, code, row[0] == "active")
        return self._departments[code]

    def mark(self, pseudonym: bytes) -> str | None:
        """``disputed``, ``repaired`` or None for one record."""
        row = self._connection.execute(
            "SELECT kind FROM marks WHERE pseudonym = ?", (pseudonym,)
        ).fetchone()
        return None if row is None else str(row[0])

    def generation_keys(self, name: str) -> bytes | None:
        """The wrapped keys of a generation; None once it has gone."""
        row = self._connection.execute(
            "SELECT keys FROM generations WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else bytes(row[0])


class StandingBook:
    """Keeps the newest standing of one process.

    ``follow`` is told each new epoch before anything is decided by it: what else hangs on the
    epoch then follows, the keys of receipts for one.
    """

    def __init__(
        self, connection: Connection, follow: Callable[[int], None] = lambda _: None
    ) -> None:
        self._connection = connection
        self._follow = follow
        self._standing = Standing(connection, self._epoch())

    def current(self) -> Standing:
        """The standing as this process last knew it."""
        return self._standing

    def refresh(self) -> Standing:
        """The standing at the epoch that holds now."""
        epoch = self._epoch()
        if epoch != self._standing.epoch:
            self._follow(epoch)
            self._standing = Standing(self._connection, epoch)
        return self._standing

    def _epoch(self) -> int:
        row: tuple[int] = self._connection.execute("SELECT epoch FROM ledger_head").fetchone()
        return row[0]


def _keep(memory: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(memory) >= KEPT:
        memory.clear()
    memory[key] = value

"""What steps 1 to 5 of a lookup know of the control plane, as it stands at one epoch.

Rows are read when first needed and kept until the epoch moves. A row read after the epoch was can
only be newer; then the epoch under the ledger's lock differs, and the lookup decides again.
Whatever is not found is not remembered: nobody can fill the memory with names that do not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from catalog.comparison import same_layout
from catalog.definition import Dataset, load
from catalog.licences import licence_type
from catalog.licences.document import on_paper
from catalog.masks import Mask, suits
from certs.certificates import read_certificate
from certs.encoding import digest, rfc3339
from certs.keys import PublicKey
from hub.access.grant import Grant, read_grant
from hub.delegation.delegation import Delegation
from hub.errors import StorageRefused
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
    """A dataset and what of it is live; ``generation`` is None before the first publication.

    ``dataset`` is the definition that the rows stand in: places, types and the subject go by it.
    ``published`` is that of the catalogue. They differ from the publication of a definition with
    another layout until the next full publication of rows; then, what ``published`` has no more,
    or has otherwise than a mask needs it, is not shown (``shown``).
    """

    dataset: Dataset
    published: Dataset
    department: str
    active: bool
    generation: str | None
    version: int
    as_of: int
    marked: bool

    def shown(self, masks: dict[str, Mask]) -> dict[str, Mask]:
        """Of granted items those that can be shown from what stands, each with its mask."""
        if self.dataset is self.published:
            return masks
        stands, wanted = self.dataset.by_code, self.published.by_code
        return {
            code: mask
            for code, mask in masks.items()
            if code in wanted and code in stands and suits(mask, stands[code])
        }

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
        self._delegations: dict[str, Delegation] = {}
        self._papers: dict[str, frozenset[str]] = {}

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
                "SELECT d.department, d.definition, d.status, d.generation, d.version, d.as_of,"
                " EXISTS (SELECT 1 FROM marks WHERE dataset = d.code), g.definition, s.definition"
                " FROM datasets d LEFT JOIN generations g ON g.name = d.generation"
                " LEFT JOIN definitions s ON s.digest = g.definition WHERE d.code = ?",
                (code,),
            ).fetchone()
            if row is None:
                return None
            department, definition, status, generation, version, as_of, marked, *sealed = row
            published = load(definition, code)
            found = Source(
                dataset=published
                if generation is None
                else _standing_in(published, definition, *sealed),
                published=published,
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

    def delegation(self, name: str) -> Delegation | None:
        """A delegation, whatever its standing; None if there is none of this id."""
        found = self._delegations.get(name)
        if found is None:
            row = self._connection.execute(
                "SELECT state FROM delegations WHERE id = ?", (name,)
            ).fetchone()
            if row is None:
                return None
            found = Delegation.model_validate_json(row[0])
            _keep(self._delegations, name, found)
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

    def on_paper(self, type_code: str) -> frozenset[str] | None:
        """The items that the paper of a licence shows; None if there is no such type."""
        found = self._papers.get(type_code)
        if found is None:
            row = self._connection.execute(
                "SELECT code, definition FROM licence_types WHERE type_code = ?", (type_code,)
            ).fetchone()
            if row is None:
                return None
            code, definition = row
            found = frozenset(on_paper(licence_type.load(definition, code)))
            _keep(self._papers, type_code, found)
        return found

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


def _standing_in(
    published: Dataset, definition: bytes, name: str | None, sealed: bytes | None
) -> Dataset:
    """The definition that the rows stand in, which were sealed under the one of digest ``name``.

    Raises ``StorageRefused`` if that one is not there as it was: any other shows wrong values.
    """
    if sealed is not None and sealed == definition:
        return published
    if sealed is None or digest(sealed) != name:
        raise StorageRefused(why="definition-gone")
    stands = load(sealed, published.code)
    if same_layout(stands, published):
        return published
    # How long records of questions are kept goes by the catalogue at once.
    return stands.model_copy(update={"retention": published.retention})


def _keep(memory: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(memory) >= KEPT:
        memory.clear()
    memory[key] = value

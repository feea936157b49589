"""What must hold of a hub's folder after it was cut off, told from its files alone.

The database is read without writing to it: what the next hub recovers is what the last one left.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crash.clients import Ground
from crash.journal import Journals, Written
from crash.outside import Outside

from certs.encoding import b64u, unb64u
from certs.errors import ProofInvalid
from certs.tree import leaf_hash, verify_inclusion
from hub.ledger.proofs import Proofs
from hub.ledger.verify import Findings
from hub.ops.verify import verification
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection, DatabaseError, connect

QUESTIONS = ("lookup", "verify")


@dataclass
class Standing:
    """The findings of a run so far."""

    lost: set[Written] = field(default_factory=set)
    """Receipts that departments hold and the log does not."""
    forked: set[int] = field(default_factory=set)
    """Indexes for which there are receipts of two leaves."""
    problems: list[str] = field(default_factory=list)
    _leaves: dict[int, str] = field(default_factory=dict)

    def check(self, root: Path, receipts: Sequence[Written]) -> None:
        """Look for receipts in the log, and whether its indexes are without gaps."""
        for receipt in receipts:
            if self._leaves.setdefault(receipt.position, receipt.leaf_hash) != receipt.leaf_hash:
                self.forked.add(receipt.position)
        self.lost.update(lost(root, receipts))
        with reading(root) as connection:
            (following,) = connection.execute("SELECT next FROM ledger_head").fetchone()
            count, last = connection.execute(
                "SELECT count(*), max(position) FROM entries"
            ).fetchone()
        if not following == count == last + 1:
            self.problems.append(f"next {following}, {count} entries, the last at {last}")


@contextmanager
def reading(root: Path) -> Iterator[Connection]:
    """The database of a hub that does not run; its files stay as they are."""
    connection = connect(Folder(root).control, "ro")
    try:
        yield connection
    finally:
        connection.close()


def lost(root: Path, receipts: Sequence[Written]) -> list[Written]:
    """The receipts that departments hold and the log does not; a damaged log has none of them."""
    missing: list[Written] = []
    try:
        with reading(root) as connection:
            for receipt in receipts:
                row = connection.execute(
                    "SELECT leaf FROM entries WHERE position = ?", (receipt.position,)
                ).fetchone()
                if row is None or b64u(leaf_hash(row[0])) != receipt.leaf_hash:
                    missing.append(receipt)
    except DatabaseError:
        return list(receipts)
    return missing


def findings(root: Path) -> Findings:
    """Derive the whole log of a folder again."""
    folder = Folder(root)
    connection = connect(folder.control)
    try:
        checked = verification(folder, load(folder.settings), connection)
        return checked.run(lambda _done, _all: None)
    finally:
        connection.close()


def unproven(root: Path, receipts: Sequence[Written], outside: Outside) -> list[str]:
    """What has no inclusion proof that holds against the newest checkpoint that was shown."""
    size = outside.sizes[-1]
    told: list[str] = []
    with reading(root) as connection:
        proofs = Proofs(connection)
        for receipt in receipts:
            if receipt.position >= size:
                told.append(f"no checkpoint covers {receipt.position}")
                continue
            proof = proofs.inclusion(receipt.position, size)
            leaf = unb64u(receipt.leaf_hash)
            try:
                verify_inclusion(leaf, receipt.position, size, proof, outside.root(size))
            except ProofInvalid as error:
                told.append(f"{receipt.position} is not proven: {error}")
    return told


@dataclass(frozen=True)
class Entry:
    """A question of a client as it stands in the log."""

    position: int
    repeats: int | None
    outcome: str


def questions(ground: Ground, journals: Journals) -> list[str]:
    """Whether each answered question has one first entry, and its repetitions bear its index."""
    told: list[str] = []
    by_request: dict[str, Entry] = {}
    paid = 0
    with reading(ground.folder) as connection:
        for entry, request in _entries(ground, connection):
            if request in by_request:
                told.append(f"{entry.position} enters a request twice")
            if request not in journals.sent:
                told.append(f"{entry.position} answers what nobody asked")
            by_request[request] = entry
            paid += entry.repeats is None and entry.outcome != "busy"
        (used,) = connection.execute("SELECT coalesce(sum(used), 0) FROM quotas").fetchone()
    if used != paid:
        told.append(f"{paid} questions were to be paid for, and {used} were")
    told += _received(journals, by_request)
    of_question: dict[str, list[Entry]] = defaultdict(list)
    for request, entry in by_request.items():
        if entry.outcome != "busy":
            of_question[journals.sent.get(request, "")].append(entry)
    for entries in of_question.values():
        first, *others = sorted(entries, key=lambda entry: entry.position)
        if first.repeats is not None:
            told.append(f"{first.position} repeats {first.repeats}, and is the first")
        told += [
            f"{other.position} repeats {other.repeats}, and the first is {first.position}"
            for other in others
            if other.repeats != first.position
        ]
        told += [f"{one.position} is {one.outcome}" for one in entries if one.outcome != "answered"]
    return told


def _entries(ground: Ground, connection: Connection) -> Iterator[tuple[Entry, str]]:
    """The clients' questions in the log, each with its R."""
    urns = {connector.urn for connector in ground.connectors}
    for position, leaf, data in connection.execute(
        "SELECT position, leaf, control FROM entries ORDER BY position"
    ):
        if json.loads(leaf)["kind"] in QUESTIONS:
            control = json.loads(data)
            if control["connector"] in urns:
                entry = Entry(position, control["repeats"], str(control["outcome"]))
                yield entry, str(control["R"])


def _received(journals: Journals, by_request: dict[str, Entry]) -> Iterator[str]:
    """Receipts whose request has no entry, or another one."""
    for receipt in journals.receipts:
        entry = by_request.get(receipt.request)
        if entry is None or entry.position != receipt.position:
            yield f"the receipt of {receipt.position} belongs to no entry of its request"
        elif not receipt.fetched and entry.repeats != receipt.repeats:
            yield f"{receipt.position} repeats {entry.repeats}, and was told {receipt.repeats}"


def whole(ground: Ground, journals: Journals, outside: Outside) -> list[str]:
    """Everything that can be told from files at the end of a run."""
    told = questions(ground, journals) + unproven(ground.folder, journals.receipts, outside)
    with reading(ground.folder) as connection:
        ((verdict,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        told.append(f"the database is damaged: {verdict}")
    found = findings(ground.folder)
    told += [f"hub ledger verify: {fault}" for fault in found.faults]
    if found.answers < len({receipt.position for receipt in journals.receipts}):
        told.append(f"hub ledger verify counts {found.answers} answers")
    return told

"""The record of use of a grant (政务数据共享条例, Art 29), derived from the ledger when wanted.

Nothing of it is stored: it is counted from the entries that a checkpoint covers, so anybody who has
the *control* parts can count it again. Counts of questions and subjects come from *control* parts,
which are never erased; officers and cases stand in *person* parts and go with them.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from certs.canonical import Json
from certs.encoding import b64u
from hub.audit.search import AuditIndex, Counts, Used
from hub.errors import NotFound
from hub.ledger.proofs import Proofs

_FIRST = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Source:
    """What a record was derived from: the log's name, so many entries, and their root."""

    origin: str
    size: int
    root: str
    checkpoint: str
    """The signed note; empty before the first."""

    def told(self) -> dict[str, Json]:
        """As routes and sheets give it."""
        return {
            "checkpoint": self.checkpoint,
            "origin": self.origin,
            "root": self.root,
            "size": self.size,
        }


@dataclass(frozen=True, slots=True)
class Record:
    """The use of one grant, by day and kind of question, and over all."""

    grant: str
    source: Source
    rows: tuple[Used, ...]
    whole: Counts

    def told(self) -> dict[str, Json]:
        """As routes give it."""
        rows: list[Json] = [told_of(row) for row in self.rows]
        return {
            "grant": self.grant,
            "rows": rows,
            "source": self.source.told(),
            "whole": counts_told(self.whole),
        }


async def derive(index: AuditIndex, proofs: Proofs, origin: str, grant: str) -> Record:
    """Count the use of a grant up to the newest checkpoint; lets others in between."""
    try:
        newest = proofs.checkpoint()
    except NotFound:
        source = Source(origin, 0, "", "")
    else:
        source = Source(origin, newest.size, b64u(newest.root), newest.note)
    await index.catch_up()
    rows, whole = index.used(grant, below=source.size)
    return Record(grant, source, tuple(rows), whole)


def told_of(row: Used) -> dict[str, Json]:
    """One row as routes and sheets give it."""
    return {
        "channel": row.channel,
        "day": day_told(row.day),
        "delegation": row.delegation,
        "operation": row.operation,
        "outcome": row.outcome,
        "purpose": row.purpose,
        **counts_told(row.counts),
    }


def counts_told(counts: Counts) -> dict[str, Json]:
    """Counts as routes give them; null for officers and cases once some were erased."""
    erased = counts.unknown > 0
    return {
        "cases": None if erased else counts.cases,
        "erased": counts.unknown,
        "officers": None if erased else counts.officers,
        "questions": counts.questions,
        "repeats": counts.repeats,
        "subjects": counts.subjects,
    }


def day_told(day: int) -> str:
    """A day as ``2026-10-09``."""
    return (_FIRST + timedelta(days=day)).isoformat()

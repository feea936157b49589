"""What we know of the ledger beside our receipts: its names, and entries opened to us.

The tables lie in ``receipts.db``: what one transaction must hold together lies in one file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from certs.certificates import CertificateFacts
from connectors.receipts.kept import split_proof
from connectors.receipts.store import ReceiptStore

PROVEN, ALARM = "proven", "alarm"
NOTES = 1000
"""Notes that are looked through for one: a minute's proofs share one, so that is a day's."""


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """An entry that the hub opened to us, verified; ``leaf`` and ``control`` are canonical JSON."""

    origin: str
    entry: int
    kind: str
    time: int
    leaf: bytes
    control: bytes
    control_salt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """A receipt of ours, as far as a restore concerns it.

    ``checkpoint`` is the note that its proof leads to, empty while it has none.
    """

    entry: int
    origin: str
    request_id: str
    leaf_hash: bytes
    """That of each of its leaves, one after the other."""
    token: str
    checkpoint: str

    @property
    def leaf_hashes(self) -> tuple[bytes, ...]:
        """The hash of each of its leaves."""
        return split_proof(self.leaf_hash)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A later name of the ledger, as a person accepted it; ``accepted`` in milliseconds.

    Entries of ``previous``, and of the names before it, go on below the index ``kept``.
    """

    origin: str
    previous: str
    kept: int
    opening: bytes
    note: str
    accepted: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """The names of a ledger, the newest first; ``kept`` belongs to each step back.

    Entries of ``names[i + 1]`` below the index ``kept[i]`` go on as those of ``names[i]``.
    """

    names: tuple[str, ...]
    kept: tuple[int, ...] = ()

    def earlier(self) -> dict[str, int]:
        """The names before the newest, and below which index each goes on to this day."""
        return {name: min(self.kept[: i + 1]) for i, name in enumerate(self.names[1:])}

    def continues(self, origin: str, entry: int, later: str) -> bool:
        """Whether an entry of ``origin`` is the same entry of the same or a later name."""
        if origin not in self.names or later not in self.names:
            return False
        first, last = self.names.index(later), self.names.index(origin)
        return first <= last and all(entry < kept for kept in self.kept[first:last])


class KeptLog:
    """The names of the ledger and the entries opened to us, in the store of receipts."""

    def __init__(self, store: ReceiptStore) -> None:
        self._store = store

    def lineage(self, origin: str) -> Lineage:
        """The names that the ledger had before ``origin``, as far as we know."""
        names, kept = [origin], list[int]()
        while row := self._store.rows(
            "SELECT previous, kept FROM origins WHERE origin = ?", names[-1]
        ):
            names.append(str(row[0][0]))
            kept.append(int(row[0][1]))
        return Lineage(tuple(names), tuple(kept))

    def earlier(self, origin: str) -> dict[str, int]:
        """The names that the ledger had before ``origin``, and below which index each goes on."""
        return self.lineage(origin).earlier()

    def accept(self, name: Accepted) -> bool:
        """Keep a name; whether it is new. What was overdue and is lost waits for nobody now."""
        return (
            self._store.change(
                "INSERT OR IGNORE INTO origins VALUES (?, ?, ?, ?, ?, ?)",
                name.origin,
                name.previous,
                name.kept,
                name.opening,
                name.note,
                name.accepted,
            )
            == 1
        )

    def receipts(self, origins: Sequence[str], first: int, below: int) -> list[Held]:
        """Receipts of these ledgers with entries from ``first`` on that begin below ``below``."""
        found: list[Held] = []
        for origin in origins:
            rows = self._store.rows(
                "SELECT entry, origin, request_id, leaf_hash, token, coalesce(checkpoint, '')"
                " FROM receipts WHERE origin = ? AND entry + entries > ? AND entry < ?"
                " ORDER BY entry",
                origin,
                first,
                below,
            )
            found += [
                Held(
                    int(entry),
                    str(of),
                    str(request_id),
                    _data(leaf_hash),
                    str(token),
                    str(checkpoint),
                )
                for entry, of, request_id, leaf_hash, token, checkpoint in rows
            ]
        return found

    def checkpoints(self, origin: str, below: int) -> list[str]:
        """Notes that prove receipts of ours with entries below ``below``, those of the last ones.

        The largest that is not beyond ``below`` is among them: each proof was of its time.
        """
        rows = self._store.rows(
            "SELECT checkpoint FROM receipts WHERE origin = ? AND entry < ?"
            " AND checkpoint IS NOT NULL GROUP BY checkpoint ORDER BY max(entry) DESC LIMIT ?",
            origin,
            below,
            NOTES,
        )
        return [str(note) for (note,) in rows if str(note).startswith(f"{origin}\n")]

    def give_up(self, held: Held, overdue: str, note: str, now: int) -> None:
        """Let a receipt whose entry is lost wait for no proof, and its overdue alarm rest.

        ``overdue`` is the code of that alarm. One that has its proof keeps it.
        """
        self._store.change(
            "UPDATE receipts SET state = ? WHERE origin = ? AND entry = ? AND state <> ?",
            ALARM,
            held.origin,
            held.entry,
            PROVEN,
        )
        self._store.change(
            "INSERT OR IGNORE INTO acknowledged SELECT id, ?, ? FROM alarms"
            " WHERE code = ? AND request_id = ?",
            now,
            note,
            overdue,
            held.request_id,
        )

    def newest_opened(self, origin: str) -> OpenedEntry | None:
        """The last entry opened to us under ``origin``, or of what it kept of earlier names."""
        names = {origin: 1 << 62, **self.earlier(origin)}
        found = [
            entry
            for name, below in names.items()
            for entry in self._opened(
                "origin = ? AND entry < ? ORDER BY entry DESC LIMIT 1", name, below
            )
        ]
        return max(found, key=lambda entry: entry.entry, default=None)

    def opened(self, *, untold: bool, limit: int) -> list[OpenedEntry]:
        """Entries opened to us, the newest first; ``untold``: that nobody was shown yet."""
        return self._opened(
            "told <= ? ORDER BY time DESC, entry DESC LIMIT ?", 0 if untold else 1, limit
        )

    def opened_of(self, kind: str) -> list[OpenedEntry]:
        """Every entry of one kind that was opened to us."""
        return self._opened("kind = ? ORDER BY entry", kind)

    def write_opened(self, entry: OpenedEntry) -> None:
        """Keep a verified entry."""
        self._store.change(
            "INSERT OR IGNORE INTO opened VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            entry.origin,
            entry.entry,
            entry.kind,
            entry.time,
            entry.leaf,
            entry.control,
            entry.control_salt,
        )

    def told(self, entries: Sequence[OpenedEntry]) -> None:
        """Note that a person has been shown these."""
        with self._store.group():
            for entry in entries:
                self._store.change(
                    "UPDATE opened SET told = 1 WHERE origin = ? AND entry = ?",
                    entry.origin,
                    entry.entry,
                )

    def alarmed(self, code: str, why: str, entry: int) -> bool:
        """Whether there is an alarm of this kind about an entry already."""
        return bool(
            self._store.rows(
                "SELECT 1 FROM alarms WHERE code = ? AND why = ?"
                " AND json_extract(CAST(evidence AS TEXT), '$.entry') = ?",
                code,
                why,
                entry,
            )
        )

    def write_certificate(self, certificate: CertificateFacts) -> None:
        """Note a certificate of ours: one that is none of these was not issued to us."""
        insert = "INSERT OR IGNORE INTO certificates VALUES (?, ?)"
        self._store.change(insert, certificate.keyid, certificate.der)

    def certificates(self) -> dict[str, bytes]:
        """Our own certificates, DER by key id."""
        rows = self._store.rows("SELECT keyid, der FROM certificates")
        return {str(keyid): der for keyid, der in rows if isinstance(der, bytes)}

    def _opened(self, where: str, *values: str | int) -> list[OpenedEntry]:
        rows = self._store.rows(
            "SELECT origin, entry, kind, time, leaf, control, control_salt"  # noqa: S608 our own
            f" FROM opened WHERE {where}",
            *values,
        )
        return [
            OpenedEntry(
                str(origin),
                int(entry),
                str(kind),
                int(time),
                _data(leaf),
                _data(control),
                str(salt),
            )
            for origin, entry, kind, time, leaf, control, salt in rows
        ]


def _data(value: str | int | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""

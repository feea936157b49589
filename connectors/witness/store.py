"""``witness.db``: the logs that a witness knows, and the largest tree of each that it cosigned.

On disk when a call returns (WAL with ``synchronous=FULL``). Whoever compares with the kept
checkpoint and replaces it holds the database's write lock from before the first until after the
second, so no two requests see the same one, in whatever process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from certs.encoding import sha256
from certs.keys import PublicKey
from certs.note import parse_vkey
from connectors.errors import StoreUnreadable
from connectors.receipts.sqlite import Error, connect

SCHEMA = 1
MOST_REFUSED = 100
"""Refused checkpoints of one log that are kept for one reason: some prove all that many would."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The largest tree of a log that was cosigned, with its note; ``time`` in milliseconds."""

    size: int
    root: bytes
    note: str
    time: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A checkpoint that a log signed and that does not continue what it signed before."""

    origin: str
    size: int
    root: bytes
    why: str
    note: str
    kept: str
    time: int


class WitnessStore:
    """The store in one file; for one thread."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        try:
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                script = files("connectors.witness").joinpath("schema.sql").read_text("utf-8")
                self._connection.executescript(
                    f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {SCHEMA}; COMMIT;"
                )
            elif version != SCHEMA:
                raise StoreUnreadable(why="version")
        except Error as error:
            raise StoreUnreadable(why="open") from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, alone from its first look on; leaving it makes it durable.

        Raises ``StoreUnreadable`` when it does not reach the disk: then nothing may be answered.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except Error as error:
            self._roll_back()
            raise StoreUnreadable(why="write") from error
        except BaseException:
            self._roll_back()
            raise

    def add_key(self, origin: str, vkey: str) -> None:
        """Believe a key's signatures under checkpoints of ``origin``."""
        with self.writing():
            self._connection.execute("INSERT OR IGNORE INTO logs VALUES (?, ?)", (origin, vkey))

    def remove_key(self, origin: str, vkey: str) -> bool:
        """Believe a key no more; whether it was believed. What was cosigned is not forgotten."""
        with self.writing():
            gone = self._connection.execute(
                "DELETE FROM logs WHERE origin = ? AND vkey = ?", (origin, vkey)
            ).rowcount
        return gone == 1

    def keys(self, origin: str) -> list[tuple[str, PublicKey]]:
        """The names and keys of a log; none for one that we do not know."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT vkey FROM logs WHERE origin = ?", (origin,)
            ).fetchall()
        return [parse_vkey(vkey) for (vkey,) in rows]

    def logs(self) -> list[tuple[str, str]]:
        """Origin and verifier key of every log."""
        with self._reading():
            return self._connection.execute(
                "SELECT origin, vkey FROM logs ORDER BY origin, rowid"
            ).fetchall()

    def cosigned(self, origin: str) -> Cosigned | None:
        """What was cosigned last of a log; None if nothing was."""
        with self._reading():
            row = self._connection.execute(
                "SELECT size, root, note, time FROM checkpoints WHERE origin = ?", (origin,)
            ).fetchone()
        return None if row is None else Cosigned(*row)

    def note_of(self, origin_hash: str) -> str | None:
        """The newest note of the log whose origin has this SHA-256 in small hexadecimal."""
        with self._reading():
            rows = self._connection.execute("SELECT origin, note FROM checkpoints").fetchall()
        for origin, note in rows:
            if sha256(origin.encode()).hex() == origin_hash:
                return str(note)
        return None

    def replace(self, origin: str, cosigned: Cosigned) -> None:
        """Put a checkpoint in the place of the one before; only inside ``writing``."""
        self._connection.execute(
            "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)",
            (origin, cosigned.size, cosigned.root, cosigned.note, cosigned.time),
        )

    def keep_refused(self, refused: Refused) -> bool:
        """Keep a refused checkpoint, once; whether it is new. Raises ``StoreUnreadable``."""
        with self.writing():
            kept = self._connection.execute(
                "INSERT OR IGNORE INTO refused SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE"
                " (SELECT count(*) FROM refused WHERE origin = ?1 AND why = ?4) < ?8",
                (
                    refused.origin,
                    refused.size,
                    refused.root,
                    refused.why,
                    refused.note,
                    refused.kept,
                    refused.time,
                    MOST_REFUSED,
                ),
            ).rowcount
        return kept == 1

    def refused(self, origin: str) -> list[Refused]:
        """What was refused of a log, the newest first."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT origin, size, root, why, note, kept, time FROM refused WHERE origin = ?"
                " ORDER BY time DESC, size DESC",
                (origin,),
            ).fetchall()
        return [Refused(*row) for row in rows]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except Error as error:
            raise StoreUnreadable(why="read") from error

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

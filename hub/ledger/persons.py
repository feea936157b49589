"""*Person* parts, sealed with their salts under keys per retention class and month.

Each process makes its own: a key counts its seals in memory, so the count of one that several
processes used, or one process after another, would be nobody's. A row of ``person_keys`` holds it
wrapped by the key of its class and month (``month_keys.py``). Erasure of a whole month and class
destroys that one and all of these; of a single entry, its sealed part.
"""

import os
from typing import TypedDict

from certs.canonical import canonical
from certs.errors import SealBroken
from certs.leaf import SALT_BYTES, part_digest
from certs.sealing import KEY_BYTES, SealingKey
from hub.clock import HOUR, month
from hub.ledger.attempt import Sealed
from hub.ledger.month_keys import MonthKeys
from hub.ledger.store import LedgerStore
from hub.storage.sqlite import Connection

SEALS = 1 << 30
"""Seals after which a process goes on to another key: half of what a key may ever make."""


class Subject(TypedDict):
    """Who was asked about, exactly as in the question."""

    id: str
    type: str


class Person(TypedDict):
    """A *person* part: who was asked about, by whom, in which case."""

    case: str | None
    officer: str | None
    subject: Subject | None


class PersonKeys:
    """The keys of *person* parts: those of others read when first needed, one's own made.

    A new one is made by each process, in each month, and whenever one has sealed enough.
    """

    def __init__(self, connection: Connection, month_keys: MonthKeys) -> None:
        self._connection = connection
        self._month_keys = month_keys
        self._current: dict[str, tuple[int, tuple[int, SealingKey]]] = {}
        self._months: dict[int, str] = {}
        """The month of each key of our own, by number."""
        self._by_number: dict[int, SealingKey] = {}

    def current(self, retention: str, time: int, store: LedgerStore) -> tuple[int, SealingKey]:
        """The number and key for parts of ``retention`` at ``time``; made if there is none yet."""
        # Months begin at full hours: within one hour the key is the same.
        hour, found = self._current.get(retention, (-1, None))
        if found is None or hour != time // HOUR or found[1].sealed >= SEALS:
            if found is None or not self._serves(found, month(time)):
                found = self._make(retention, month(time), store)
            self._current[retention] = (time // HOUR, found)
        return found

    def numbered(self, number: int) -> SealingKey:
        """The key of a stored part; raises ``SealBroken`` if it was destroyed."""
        key = self._by_number.get(number)
        if key is None:
            row = self._connection.execute(
                "SELECT retention, month, wrapped FROM person_keys WHERE id = ?", (number,)
            ).fetchone()
            if row is None or row[2] is None:
                raise SealBroken
            month_key = self._month_keys.open(row[0], row[1])
            key = SealingKey(unwrap(month_key, row[2], row[0], row[1]))
            self._by_number[number] = key
        return key

    def open(self, blob: bytes, number: int, person_digest: str) -> tuple[bytes, bytes]:
        """Salt and canonical JSON of a sealed part; raises ``SealBroken``."""
        plain = self.numbered(number).open(blob, person_digest.encode("ascii"))
        return plain[:SALT_BYTES], plain[SALT_BYTES:]

    def has_month(self, retention: str, in_month: str) -> bool:
        """Whether there is a key of a class and month."""
        return self._month_keys.exists(retention, in_month)

    def forget_erased(self) -> None:
        """Drop every key that was erased since it was read, whoever erased it."""
        for (number,) in self._connection.execute(
            "SELECT id FROM person_keys WHERE wrapped IS NULL"
        ):
            self._by_number.pop(number, None)
            self._months.pop(number, None)
        self._current = {
            retention: (hour, key)
            for retention, (hour, key) in self._current.items()
            if key[0] in self._months
        }

    def _serves(self, key: tuple[int, SealingKey], in_month: str) -> bool:
        """Whether a key of our own is still the one to use: this month's, not spent, not erased."""
        if key[1].sealed >= SEALS or self._months[key[0]] != in_month:
            return False
        row = self._connection.execute(
            "SELECT wrapped NOT NULL FROM person_keys WHERE id = ?", (key[0],)
        ).fetchone()
        return row is not None and bool(row[0])

    def _make(self, retention: str, in_month: str, store: LedgerStore) -> tuple[int, SealingKey]:
        key = os.urandom(KEY_BYTES)
        with store.locked():
            month_key = self._month_keys.make(retention, in_month)
            (number,) = store.connection.execute(
                "INSERT INTO person_keys (retention, month, wrapped) VALUES (?, ?, ?) RETURNING id",
                (retention, in_month, wrap(month_key, key, retention, in_month)),
            ).fetchone()
        self._months[number] = in_month
        self._by_number[number] = made = SealingKey(key)
        return number, made


def seal_person(person: Person, salt: bytes, key: tuple[int, SealingKey]) -> Sealed:
    """Digest and seal a *person* part with its 32-byte ``salt``."""
    part = canonical(
        {"case": person["case"], "officer": person["officer"], "subject": _subject(person)}
    )
    digest = part_digest("person", salt, part)
    return Sealed(digest, key[1].seal(salt + part, digest.encode("ascii")), key[0])


def _subject(person: Person) -> dict[str, str] | None:
    subject = person["subject"]
    return None if subject is None else {"id": subject["id"], "type": subject["type"]}


def wrap(month_key: SealingKey, key: bytes, retention: str, in_month: str) -> bytes:
    """A process's key as its row holds it."""
    return month_key.seal(key, context_of(retention, in_month).encode("ascii"))


def unwrap(month_key: SealingKey, wrapped: bytes, retention: str, in_month: str) -> bytes:
    """A process's key from its row; raises ``SealBroken``."""
    return month_key.open(wrapped, context_of(retention, in_month).encode("ascii"))


def context_of(retention: str, in_month: str) -> str:
    """What a process's key is wrapped for."""
    return f"person/{retention}/{in_month}"

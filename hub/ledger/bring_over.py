"""Keys of *person* parts as releases before month keys left them: wrapped by the master key itself.

Such a part could be opened from any backup with the master key, for ever. So they are wrapped anew
under month keys before a hub serves (``hub migrate``), and their old bytes are overwritten.
"""

from collections.abc import Iterator

from certs.errors import SealBroken
from certs.sealing import SealingKey, Wrapping
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import context_of, unwrap, wrap
from hub.ledger.store import LedgerStore
from hub.storage.sqlite import Connection


def left_over(
    connection: Connection, month_keys: MonthKeys, master: Wrapping
) -> Iterator[tuple[int, str, str, bytes]]:
    """Number, class, month and key of every row that the master key itself opens.

    Raises ``InsecureKeyFile`` if others may read a month key.
    """
    opened: dict[tuple[str, str], SealingKey | None] = {}
    for number, retention, in_month, wrapped in connection.execute(
        "SELECT id, retention, month, wrapped FROM person_keys WHERE wrapped IS NOT NULL"
    ).fetchall():
        place = retention, in_month
        if place not in opened:
            opened[place] = _month_key(month_keys, retention, in_month)
        month_key = opened[place]
        if month_key is not None and _opens(month_key, wrapped, retention, in_month):
            continue
        try:
            yield (
                number,
                retention,
                in_month,
                master.unwrap(wrapped, context_of(retention, in_month)),
            )
        except SealBroken:
            continue  # Its month key is lost: nothing opens it any more.


def bring_over(store: LedgerStore, month_keys: MonthKeys, master: Wrapping) -> int:
    """Wrap such keys under month keys; gives how many there were.

    All in one transaction; cut off and called again it does what is left. The log of writes is the
    caller's to cut.
    """
    connection = store.connection
    connection.execute("PRAGMA secure_delete=ON")
    with store.locked():
        found = list(left_over(connection, month_keys, master))
        for number, retention, in_month, key in found:
            month_key = month_keys.make(retention, in_month)
            connection.execute(
                "UPDATE person_keys SET wrapped = ? WHERE id = ?",
                (wrap(month_key, key, retention, in_month), number),
            )
        if found:
            _rebuild(connection)
    return len(found)


def _rebuild(connection: Connection) -> None:
    """Move the table to pages of its own, and so overwrite the old ones.

    They may hold copies of rows in what is unused of them: releases before this one let SQLite
    split pages without overwriting what it had moved.
    """
    (schema,) = connection.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'person_keys'"
    ).fetchone()
    connection.execute(schema.replace("person_keys", "person_keys_anew", 1))
    connection.execute("INSERT INTO person_keys_anew SELECT * FROM person_keys")
    connection.execute("DROP TABLE person_keys")
    connection.execute("ALTER TABLE person_keys_anew RENAME TO person_keys")


def _month_key(month_keys: MonthKeys, retention: str, in_month: str) -> SealingKey | None:
    try:
        return month_keys.open(retention, in_month)
    except SealBroken:
        return None


def _opens(month_key: SealingKey, wrapped: bytes, retention: str, in_month: str) -> bool:
    try:
        unwrap(month_key, wrapped, retention, in_month)
    except SealBroken:
        return False
    return True

"""Copies of the hub's folder, changed as somebody could who has the files.

Twice the same wish, that less had to be brought than was: once in the table that is shown, once in
the ledger's own entry, with every digest in it made to fit.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from certs.canonical import canonical, parse
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest, read_leaf
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection, connect

Change = Callable[[Connection], None]
_LARGEST = 1 << 20
_DEPTH = 8
_LEFT_BEHIND = shutil.ignore_patterns("control.db*", "*.lock", "staging")
_BROUGHT, _CLAIMED = '"status":"must_bring"', '"status":"confirmed"'


@contextmanager
def tampered(hub: Path, target: Path, change: Change) -> Iterator[Path]:
    """A copy of a hub's folder with a change in it; afterwards it is gone."""
    try:
        # The folder first: a copy whose checkpoint is newer than its log would be caught for that.
        shutil.copytree(hub, target, ignore=_LEFT_BEHIND)
        source = connect(Folder(hub).control)
        source.execute("VACUUM INTO ?", (str(Folder(target).control),))
        source.close()
        copy = connect(Folder(target).control)
        change(copy)
        copy.close()
        yield target
    finally:
        shutil.rmtree(target, ignore_errors=True)


def in_the_table(connection: Connection) -> None:
    """Say in the table of cases that what had to be brought was confirmed."""
    connection.execute("UPDATE cases SET state = replace(state, ?, ?)", (_BROUGHT, _CLAIMED))


def in_the_ledger(connection: Connection) -> None:
    """Say so in the newest entry of every case that asked for a paper, and in the table."""
    rows = connection.execute(
        "SELECT c.entry, e.leaf, e.control, e.salts FROM cases c JOIN entries e"
        " ON e.position = c.entry WHERE instr(c.state, ?) > 0",
        (_BROUGHT,),
    ).fetchall()
    for position, data, control, salts in rows:
        said = canonical(
            parse(
                bytes(control).replace(_BROUGHT.encode(), _CLAIMED.encode()),
                max_bytes=_LARGEST,
                max_depth=_DEPTH,
            )
        )
        leaf = read_leaf(data)
        digest = part_digest("control", salts[:SALT_BYTES], said)
        forged = leaf_bytes(leaf.kind, leaf.time, digest, leaf.person, leaf.internal)
        connection.execute(
            "UPDATE entries SET control = ?, leaf = ? WHERE position = ?",
            (said, forged, position),
        )
    in_the_table(connection)

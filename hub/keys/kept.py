"""Keys that outlive master keys: pseudonyms hang on them, and must stay what they are.

    audit         pseudonyms of subjects in the auditors' index
    feeds         cursors of feeds, and how each department's followed rows are called
    marks         pseudonyms of disputed and repaired records (protocol, *Rows*)
    mismatches    under what failed verifications of a subject are counted

They stand in the register by their names like all others, so that the log tells if one was
exchanged. A hub from before they were kept had derived them from its master key; that value is
taken over.
"""

import os

from certs.errors import SealBroken
from certs.sealing import KEY_BYTES, MasterKey, Wrapping, fingerprint
from hub.errors import StorageRefused
from hub.keys.register import enter, registered
from hub.ledger.change import Change
from hub.storage.sqlite import Connection
from hub.storage.tables import KeptKeyRow, SigningKeyRow
from hub.storage.wrapped import kept_context

LABELS = ("audit", "feeds", "marks", "mismatches")


class KeptKeys:
    """The kept keys of one hub."""

    def __init__(self, connection: Connection, master: Wrapping) -> None:
        self._connection = connection
        self._master = master

    def key(self, label: str) -> bytes:
        """The 32 bytes under a label; raises ``StorageRefused`` or ``SealBroken``."""
        row: tuple[bytes] | None = self._connection.execute(
            "SELECT wrapped FROM kept_keys WHERE label = ?", (label,)
        ).fetchone()
        if row is None:
            raise StorageRefused(why=f"kept-key-{label}")
        return self._master.unwrap(row[0], kept_context(label))

    def name(self, label: str) -> str | None:
        """The name of the key under a label; None if there is none that opens."""
        try:
            return fingerprint(self.key(label))
        except (StorageRefused, SealBroken):
            return None


def lacking(connection: Connection) -> tuple[str, ...]:
    """The labels that the register does not know yet.

    One that it knows and that is gone is a fault: another in its place would be another key.
    """
    held = {key.use for key in registered(connection)}
    return tuple(label for label in LABELS if label not in held)


def keep(change: Change, master: MasterKey, label: str, *, derived: bool) -> None:
    """Keep a key: what ``master`` derives for its label, or for a new hub one of its own."""
    key = master.derive(label) if derived else os.urandom(KEY_BYTES)
    row = SigningKeyRow(id=fingerprint(key), use=label, status="active", since=change.time)
    enter(change, row)
    change.session.add(KeptKeyRow(label=label, wrapped=master.wrap(key, kept_context(label))))

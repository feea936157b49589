"""What a hub checks of its ledger before it serves: it must not be behind what left the house.

A database restored from an old backup would give positions a second time, and fork the log.
"""

from collections.abc import Iterable

from certs.keys import PublicKey
from certs.note import open_checkpoint
from certs.tree import root_at
from hub.errors import LedgerBehind
from hub.ledger.checkpoint import newest, node_of
from hub.settings import Settings
from hub.storage.sqlite import Connection


def check_head(
    connection: Connection, settings: Settings, origin: str, keys: Iterable[PublicKey]
) -> None:
    """Compare the ledger with the newest checkpoint kept outside the database.

    ``keys`` are all that ever signed for this hub: the newest may have been kept before the last
    rotation.

    Raises ``LedgerBehind`` if the ledger has fewer entries or another root, and
    ``CheckpointInvalid`` if the kept checkpoint is not signed by this hub.
    """
    if not settings.checkpoint_copy.exists():
        if newest(connection) is not None:
            raise LedgerBehind(size=0, kept=0)
        return
    text = settings.checkpoint_copy.read_text(encoding="utf-8")
    kept = open_checkpoint(text, [(origin, key) for key in keys])
    published = newest(connection)
    size = 0 if published is None else published.size
    if size < kept.size:
        raise LedgerBehind(size=size, kept=kept.size)
    root = root_at(kept.size, lambda level, index: node_of(connection, level, index))
    if root != kept.root:
        raise LedgerBehind(size=size, kept=kept.size)

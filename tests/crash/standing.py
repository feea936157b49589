"""What must hold of a hub's folder after it was cut off."""

from pathlib import Path

from crash.journal import Written

from certs.encoding import b64u
from certs.tree import leaf_hash
from hub.ledger.verify import Findings
from hub.ops.verify import verification
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.sqlite import connect


def findings(root: Path) -> Findings:
    """Derive the whole log of a folder again."""
    folder = Folder(root)
    connection = connect(folder.control)
    try:
        checked = verification(folder, load(folder.settings), connection)
        return checked.run(lambda _done, _all: None)
    finally:
        connection.close()


def lost(root: Path, written: list[Written]) -> list[Written]:
    """The receipts that departments hold and the log does not."""
    connection = connect(Folder(root).control)
    try:
        leaves = dict(connection.execute("SELECT position, leaf FROM entries").fetchall())
    finally:
        connection.close()
    return [
        receipt
        for receipt in written
        if receipt.position not in leaves
        or b64u(leaf_hash(leaves[receipt.position])) != receipt.leaf_hash
    ]

"""An entry of a change, opened: a certificate, connector, grant, key, or the restore of the log."""

from collections.abc import Mapping
from dataclasses import dataclass

from certs.canonical import Json, canonical
from certs.errors import LeafMismatch
from certs.leaf import Leaf, check_part, read_leaf
from certs.tree import leaf_hash

RESTORE = "restore"
"""``act`` of the operator's entry that opens a new name of the ledger."""


@dataclass(frozen=True, slots=True)
class OpenedChange:
    """An opened entry whose leaf binds its *control*; where it stands is still to be proven."""

    index: int
    leaf: Leaf
    leaf_bytes: bytes
    control: bytes
    control_salt: str
    state: Mapping[str, Json]

    @property
    def leaf_hash(self) -> bytes:
        """Its hash in the tree."""
        return leaf_hash(self.leaf_bytes)


def open_change(raw: Json) -> OpenedChange:
    """Recompute the leaf of ``{"index", "leaf", "control", "control_salt"}`` from its parts.

    Raises ``LeafMismatch``.
    """
    if not isinstance(raw, dict):
        raise LeafMismatch(why="opening")
    index, data, control, salt = (
        raw.get(name) for name in ("index", "leaf", "control", "control_salt")
    )
    if type(index) is not int or index < 0 or not isinstance(salt, str):
        raise LeafMismatch(why="opening")
    if not isinstance(data, dict) or not isinstance(control, dict):
        raise LeafMismatch(why="opening")
    leaf_bytes = canonical(data)
    leaf = read_leaf(leaf_bytes)
    check_part("control", leaf, salt, control)
    state = control.get("state")
    if not isinstance(state, dict):
        raise LeafMismatch(why="state")
    return OpenedChange(index, leaf, leaf_bytes, canonical(control), salt, state)

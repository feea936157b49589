"""Single entries of a receipt that has several."""

from certs.canonical import Json, canonical, parse
from certs.range_proof import inclusion_in_range
from connectors.errors import NotProven, StoreUnreadable
from connectors.receipts.kept import Kept

_DEPTH = 12


def openings_of(kept: Kept) -> list[Json]:
    """What the hub opened of each entry, in their order."""
    value = parse(kept.opening, max_bytes=len(kept.opening), max_depth=_DEPTH)
    found = list(value) if isinstance(value, list) else [value]
    if len(found) != kept.entries:
        raise StoreUnreadable(why="read")
    return found


def leaf_of(kept: Kept, index: int) -> bytes:
    """The leaf of one entry."""
    opening = openings_of(kept)[index - kept.entry]
    return canonical(opening["leaf"]) if isinstance(opening, dict) else b""


def path_of(kept: Kept, index: int) -> tuple[bytes, ...]:
    """The audit path of one entry under the checkpoint of its receipt; raises ``NotProven``."""
    if kept.proof is None or kept.checkpoint is None:
        raise NotProven(entry=index)
    if kept.entries == 1:
        return kept.proof
    size = int(kept.checkpoint.split("\n")[1])
    return tuple(inclusion_in_range(index, kept.leaf_hashes, kept.entry, size, kept.proof))

"""The Merkle tree of RFC 6962: hashes, proofs, their verification, and the growing edge.

Levels count from the leaves: the perfect subtree at ``(level, index)`` covers the leaves from
``index << level`` up to, not including, ``(index + 1) << level``. Whoever keeps those hashes (a
table, tiles, memory) hands them out through a ``NodeReader``; nothing here does I/O.

Hashes are 32 bytes. The verifiers follow RFC 9162 §2.1.3.2 and §2.1.4.2, which compute the trees
of RFC 6962. A tree of size 0 proves nothing, so it is refused wherever a proof is concerned.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from certs.errors import ProofInvalid

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]
"""``read(level, index)`` gives the hash of a perfect subtree; level 0 are the leaf hashes."""

_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf's bytes (RFC 6962 §2.1)."""
    return hashlib.sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children (RFC 6962 §2.1)."""
    return hashlib.sha256(_NODE + left + right).digest()


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ``ProofInvalid`` unless the leaf hash stands at ``index`` of the tree of ``size``."""
    _check_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofInvalid(why="range")
    result = leaf
    for left, sibling in _climb(index, size - 1, proof):
        result = node_hash(sibling, result) if left else node_hash(result, sibling)
    if result != root:
        raise ProofInvalid(why="root")


def verify_consistency(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Raise ``ProofInvalid`` unless the tree of ``size2`` begins with the tree of ``size1``."""
    if not 0 < size1 <= size2:
        raise ProofInvalid(why="range")
    if size1 == size2:
        if proof:
            raise ProofInvalid(why="length")
        if root1 != root2:
            raise ProofInvalid(why="root")
        return  # nothing is hashed, so nothing hangs on lengths
    _check_hashes(root1, root2, *proof)
    # A tree of 2^n leaves is itself the first node of the proof, which then leaves it out.
    path = [root1, *proof] if size1.bit_count() == 1 else list(proof)
    if not path:
        raise ProofInvalid(why="length")
    node, last = size1 - 1, size2 - 1
    while node & 1:
        node >>= 1
        last >>= 1
    older = newer = path[0]
    for left, sibling in _climb(node, last, path[1:]):
        if left:
            older = node_hash(sibling, older)
            newer = node_hash(sibling, newer)
        else:
            newer = node_hash(newer, sibling)
    if older != root1 or newer != root2:
        raise ProofInvalid(why="root")


def root_at(size: int, read: NodeReader) -> bytes:
    """The root of the first ``size`` leaves; ``EMPTY_ROOT`` for none."""
    if size < 0:
        raise ProofInvalid(why="range")
    return _range_root(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[bytes]:
    """The audit path of a leaf (RFC 6962 §2.1.1), from the leaf upwards.

    Raises ``ProofInvalid`` if there is no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise ProofInvalid(why="range")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(begin, middle, read))
            begin = middle
    path.reverse()
    return path


def consistency_proof(size1: int, size2: int, read: NodeReader) -> list[bytes]:
    """The proof that the first ``size1`` leaves begin the tree of ``size2`` (RFC 6962 §2.1.2).

    Raises ``ProofInvalid`` unless 0 < size1 <= size2.
    """
    if not 0 < size1 <= size2:
        raise ProofInvalid(why="range")
    path: list[bytes] = []
    begin, end = 0, size2
    # Down to the node where the older tree ends; whatever lies beside the way belongs to the proof.
    while end != size1:
        middle = begin + _split(end - begin)
        if size1 <= middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(begin, middle, read))
            begin = middle
    if begin:
        path.append(_range_root(begin, end, read))
    path.reverse()
    return path


class Frontier:
    """The growing edge of a tree: one hash for each perfect subtree, the largest first.

    It is all that appending needs, and has one node for every bit set in ``size``. Raises
    ``ProofInvalid`` if the nodes do not fit the size.
    """

    __slots__ = ("_nodes", "_size")

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(nodes) != size.bit_count():
            raise ProofInvalid(why="frontier")
        _check_hashes(*nodes)
        self._size = size
        self._nodes = list(nodes)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    @property
    def nodes(self) -> tuple[bytes, ...]:
        """The hashes of the perfect subtrees, the largest first."""
        return tuple(self._nodes)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf hash and return the perfect subtrees that it completes, from level 1 up.

        The hash at position ``n`` of the result is the node ``(n + 1, (size >> (n + 1)) - 1)``,
        with ``size`` as it is afterwards: exactly what a keeper of nodes has to store besides the
        leaf hash itself.
        """
        if len(leaf) != HASH_BYTES:
            raise ProofInvalid(why="hash")
        completed: list[bytes] = []
        node = leaf
        carry = self._size
        while carry & 1:
            node = node_hash(self._nodes.pop(), node)
            completed.append(node)
            carry >>= 1
        self._nodes.append(node)
        self._size += 1
        return completed

    def root(self) -> bytes:
        """The root over all leaves; ``EMPTY_ROOT`` for none."""
        return _fold(self._nodes) if self._nodes else EMPTY_ROOT


def _climb(node: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Each sibling on the way up from ``node``, and whether it stands on the left.

    ``last`` is the last node of the same level. Raises ``ProofInvalid`` if the proof is too long
    or too short for the way.
    """
    for sibling in proof:
        if last == 0:
            raise ProofInvalid(why="length")
        left = node & 1 == 1 or node == last
        yield left, sibling
        # A node at the right edge without a sibling rises unchanged to where it has one.
        while left and not node & 1:
            node >>= 1
            last >>= 1
        node >>= 1
        last >>= 1
    if last != 0:
        raise ProofInvalid(why="length")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise ProofInvalid(why="hash")


def _split(count: int) -> int:
    """The largest power of two smaller than ``count`` (RFC 6962 §2.1), for ``count`` > 1."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_root(begin: int, end: int, read: NodeReader) -> bytes:
    """The root over the leaves ``begin`` to ``end``, a range that some tree has as a node."""
    parts: list[bytes] = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        parts.append(read(level, begin >> level))
        begin += 1 << level
    return _fold(parts)


def _fold(nodes: Sequence[bytes]) -> bytes:
    """Join perfect subtrees, the largest first, into the root above them."""
    result = nodes[-1]
    for node in reversed(nodes[:-1]):
        result = node_hash(node, result)
    return result

"""Inclusion of leaves that stand behind one another, with one proof for all of them.

The proof of ``count`` leaves from ``first`` on in a tree of ``size`` holds the hashes of the
largest perfect or ragged subtrees of that tree (RFC 6962 §2.1) that have none of them, from left
to right. Together with the leaf hashes they make the root. For one leaf they are the hashes of its
audit path, in another order. The proofs of the first and of the last leaf hold them all, so a log
that gives proofs of single leaves gives these too.
"""

from collections.abc import Iterator, Sequence

from certs.errors import ProofInvalid
from certs.tree import HASH_BYTES, node_hash, verify_inclusion


def verify_range(
    leaves: Sequence[bytes], first: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ``ProofInvalid`` unless the leaf hashes stand from ``first`` on in the tree."""
    _Range(leaves, first, size, proof).check(root)


def join_proofs(
    leaves: Sequence[bytes],
    first: int,
    size: int,
    of_first: Sequence[bytes],
    of_last: Sequence[bytes],
    root: bytes,
) -> tuple[bytes, ...]:
    """The proof of a range from the audit paths of its first and of its last leaf.

    Raises ``ProofInvalid`` unless all leaf hashes between them stand there too.
    """
    last = first + len(leaves) - 1
    for leaf, index, path in ((leaves[0], first, of_first), (leaves[-1], last, of_last)):
        verify_inclusion(leaf, index, size, path, root)
    before = reversed(list(_beside(first, size, of_first)))
    lefts = [hashed for _, end, hashed in before if end <= first]
    rights = [hashed for begin, _, hashed in _beside(last, size, of_last) if begin > last]
    proof = (*lefts, *rights)
    verify_range(leaves, first, size, proof, root)
    return proof


def inclusion_in_range(
    index: int, leaves: Sequence[bytes], first: int, size: int, proof: Sequence[bytes]
) -> list[bytes]:
    """The audit path of one leaf of a range (RFC 6962 §2.1.1), from the leaf upwards.

    Raises ``ProofInvalid`` unless it is one of them and the proof is of this form.
    """
    if not first <= index < first + len(leaves):
        raise ProofInvalid(why="range")
    return _Range(leaves, first, size, proof).path(index)


class _Range:
    """The subtrees of a tree that are known from some of its leaves and a proof of them."""

    def __init__(
        self, leaves: Sequence[bytes], first: int, size: int, proof: Sequence[bytes]
    ) -> None:
        if not leaves or first < 0 or first + len(leaves) > size:
            raise ProofInvalid(why="range")
        if any(len(one) != HASH_BYTES for one in (*leaves, *proof)):
            raise ProofInvalid(why="hash")
        self._leaves = leaves
        self._first, self._last, self._size = first, first + len(leaves) - 1, size
        outer = list(self._outer(0, size))
        if len(outer) != len(proof):
            raise ProofInvalid(why="length")
        self._known = dict(zip(outer, proof, strict=True))

    def check(self, root: bytes) -> None:
        """Raise ``ProofInvalid`` unless ``root`` is above all that is known."""
        if self._hash(0, self._size) != root:
            raise ProofInvalid(why="root")

    def path(self, index: int) -> list[bytes]:
        """The audit path of one of the leaves."""
        path: list[bytes] = []
        begin, end = 0, self._size
        while end - begin > 1:
            middle = _middle(begin, end)
            if index < middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(begin, middle))
                begin = middle
        path.reverse()
        return path

    def _outer(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """The largest subtrees without any of the leaves, from left to right."""
        if end <= self._first or begin > self._last:
            yield begin, end
        elif end - begin > 1 and not (self._first <= begin and end - 1 <= self._last):
            middle = _middle(begin, end)
            yield from self._outer(begin, middle)
            yield from self._outer(middle, end)

    def _hash(self, begin: int, end: int) -> bytes:
        """The root of a subtree; it is kept, since paths of neighbours share most of theirs."""
        known = self._known.get((begin, end))
        if known is not None:
            return known
        if end - begin == 1:
            return self._leaves[begin - self._first]
        middle = _middle(begin, end)
        made = node_hash(self._hash(begin, middle), self._hash(middle, end))
        self._known[begin, end] = made
        return made


def _beside(index: int, size: int, path: Sequence[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """The subtrees beside the way from a leaf to the root, from the leaf upwards."""
    ways: list[tuple[int, int]] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = _middle(begin, end)
        ways.append((middle, end) if index < middle else (begin, middle))
        begin, end = (begin, middle) if index < middle else (middle, end)
    for (left, right), hashed in zip(reversed(ways), path, strict=True):
        yield left, right, hashed


def _middle(begin: int, end: int) -> int:
    """Where a tree of these leaves has its two halves: the largest power of two below its size."""
    return begin + (1 << ((end - begin - 1).bit_length() - 1))

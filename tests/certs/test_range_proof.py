"""One proof for leaves that stand behind one another, and what it must not prove."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.errors import ProofInvalid
from certs.range_proof import inclusion_in_range, join_proofs, verify_range
from certs.tree import inclusion_proof, node_hash, root_at, verify_inclusion

LEAVES = [hashlib.sha256(str(n).encode()).digest() for n in range(200)]


def read(level: int, index: int) -> bytes:
    if level == 0:
        return LEAVES[index]
    return node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))


@st.composite
def ranges(draw: st.DrawFn) -> tuple[int, int, int]:
    size = draw(st.integers(1, 200))
    first = draw(st.integers(0, size - 1))
    return first, draw(st.integers(first, size - 1)), size


def joined(first: int, last: int, size: int) -> tuple[bytes, ...]:
    paths = [inclusion_proof(index, size, read) for index in (first, last)]
    return join_proofs(LEAVES[first : last + 1], first, size, *paths, root_at(size, read))


@given(ranges())
def test_two_paths_prove_all_between_them(chosen: tuple[int, int, int]) -> None:
    first, last, size = chosen
    proof, root = joined(first, last, size), root_at(size, read)
    leaves = LEAVES[first : last + 1]
    verify_range(leaves, first, size, proof, root)
    for index in {first, (first + last) // 2, last}:
        path = inclusion_in_range(index, leaves, first, size, proof)
        assert path == inclusion_proof(index, size, read)
        verify_inclusion(LEAVES[index], index, size, path, root)


@given(ranges(), st.data())
def test_any_other_leaf_proof_or_place_is_refused(
    chosen: tuple[int, int, int], data: st.DataObject
) -> None:
    first, last, size = chosen
    proof, root = joined(first, last, size), root_at(size, read)
    leaves = LEAVES[first : last + 1]
    wrong = data.draw(st.integers(0, len(leaves) - 1))
    other = [*leaves[:wrong], bytes(32), *leaves[wrong + 1 :]]
    cases = [
        (other, first, proof),
        (leaves, first + 1, proof),
        (leaves[:-1], first, proof),
        (leaves, first, (*proof, bytes(32))),
        (leaves, first, proof[:-1]) if proof else ((), first, proof),
        ([leaf[:-1] for leaf in leaves], first, proof),
        (leaves, -1, proof),
    ]
    if len(leaves) > 1:
        cases.append(([leaves[1], leaves[0], *leaves[2:]], first, proof))
    for given_leaves, start, given_proof in cases:
        with pytest.raises(ProofInvalid):
            verify_range(given_leaves, start, size, given_proof, root)


def test_proof_of_the_ends_that_hides_a_changed_leaf_between_them() -> None:
    leaves = [*LEAVES[10:20], bytes(32), *LEAVES[21:30]]
    paths = [inclusion_proof(index, 200, read) for index in (10, 29)]
    with pytest.raises(ProofInvalid):
        join_proofs(leaves, 10, 200, *paths, root_at(200, read))

"""Merkle proofs: every published vector, and properties against a tree written as RFC 6962 does."""

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.errors import ProofInvalid
from certs.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)

MOST = 130
LEAVES = [leaf_hash(str(number).encode()) for number in range(MOST)]
sizes = st.integers(1, MOST)


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1, as it is written there."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_consistency(m: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962 §2.1.2, SUBPROOF."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*naive_consistency(m, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_consistency(m - k, leaves[k:], whole=False), naive_root(leaves[:k])]


class Nodes:
    """Perfect subtrees over ``LEAVES``; a read beyond ``size`` is a fault of the reader."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, level: int, index: int) -> bytes:
        begin, end = index << level, (index + 1) << level
        assert 0 <= begin < end <= self.size
        return naive_root(LEAVES[begin:end])


def published(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    files = sorted(folder.rglob("*.json"))
    found = [(str(file.relative_to(folder)), json.loads(file.read_bytes())) for file in files]
    assert any(not vector["wantErr"] for _, vector in found)
    return found


def proof_of(vector: dict[str, Any]) -> list[bytes]:
    return [b64decode(node) for node in vector["proof"] or []]


Arguments = ParamSpec("Arguments")


def refuses(
    verify: Callable[Arguments, None], *arguments: Arguments.args, **named: Arguments.kwargs
) -> bool:
    try:
        verify(*arguments, **named)
    except ProofInvalid:
        return True
    return False


def test_every_published_inclusion_vector(vectors: Path) -> None:
    found = published(vectors / "rfc6962" / "inclusion")
    wrong = [
        name
        for name, vector in found
        if vector["wantErr"]
        != refuses(
            verify_inclusion,
            b64decode(vector["leafHash"] or ""),
            vector["leafIdx"],
            vector["treeSize"],
            proof_of(vector),
            b64decode(vector["root"] or ""),
        )
    ]
    assert wrong == []
    assert len(found) >= 80


def test_every_published_consistency_vector(vectors: Path) -> None:
    found = published(vectors / "rfc6962" / "consistency")
    wrong = [
        name
        for name, vector in found
        if vector["wantErr"]
        != refuses(
            verify_consistency,
            vector["size1"],
            vector["size2"],
            proof_of(vector),
            b64decode(vector["root1"] or ""),
            b64decode(vector["root2"] or ""),
        )
    ]
    assert wrong == []
    assert len(found) >= 90


def test_hashes_are_those_of_rfc_6962() -> None:
    # SHA-256 of nothing, and of the single byte 0x00: the empty tree and the empty leaf.
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c149afbf4c8996fb924")
    assert leaf_hash(b"").hex().startswith("6e340b9cffb37a989ca544e6bb780a2c")


@given(size=st.integers(0, MOST))
def test_frontier_and_nodes_give_the_root(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    assert frontier.size == size
    assert frontier.root() == root_at(size, Nodes(size)) == naive_root(LEAVES[:size])


@given(size=st.integers(0, MOST), further=st.integers(0, 20))
def test_frontier_goes_on_from_its_stored_nodes(size: int, further: int) -> None:
    end = min(size + further, MOST)
    first = Frontier()
    for leaf in LEAVES[:size]:
        first.append(leaf)
    second = Frontier(first.size, first.nodes)
    for leaf in LEAVES[size:end]:
        second.append(leaf)
    assert second.root() == naive_root(LEAVES[:end])


def test_frontier_names_each_completed_node_once() -> None:
    stored = {}
    frontier = Frontier()
    for position, leaf in enumerate(LEAVES):
        stored[0, position] = leaf
        for level, node in enumerate(frontier.append(leaf), start=1):
            place = (level, (frontier.size >> level) - 1)
            assert place not in stored
            stored[place] = node
    nodes = Nodes(MOST)
    assert all(node == nodes(*place) for place, node in stored.items())
    assert set(stored) == {(level, index) for level in range(8) for index in range(MOST >> level)}
    assert root_at(MOST, lambda level, index: stored[level, index]) == naive_root(LEAVES)


@given(data=st.data(), size=sizes)
def test_inclusion_proofs_hold_and_nothing_else_does(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    root = naive_root(LEAVES[:size])
    proof = inclusion_proof(index, size, Nodes(size))
    assert proof == naive_path(index, LEAVES[:size])
    verify_inclusion(LEAVES[index], index, size, proof, root)

    other = data.draw(st.integers(0, MOST - 1).filter(lambda number: number != index))
    assert refuses(verify_inclusion, LEAVES[other], index, size, proof, root)
    assert refuses(verify_inclusion, LEAVES[index], other, size, proof, root)
    assert refuses(verify_inclusion, LEAVES[index], index, size, [*proof, root], root)
    assert refuses(verify_inclusion, LEAVES[index], index, size, proof, EMPTY_ROOT)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:place], bytes(32), *proof[place + 1 :]]
        assert refuses(verify_inclusion, LEAVES[index], index, size, changed, root)
        assert refuses(verify_inclusion, LEAVES[index], index, size, proof[:-1], root)
        assert refuses(verify_inclusion, LEAVES[index], index, size, proof[1:], root)


@given(data=st.data(), size2=sizes)
def test_consistency_proofs_hold_and_nothing_else_does(data: st.DataObject, size2: int) -> None:
    size1 = data.draw(st.integers(1, size2))
    root1, root2 = naive_root(LEAVES[:size1]), naive_root(LEAVES[:size2])
    proof = consistency_proof(size1, size2, Nodes(size2))
    assert proof == naive_consistency(size1, LEAVES[:size2])
    verify_consistency(size1, size2, proof, root1, root2)

    assert refuses(verify_consistency, size1, size2, [*proof, root1], root1, root2)
    assert refuses(verify_consistency, size1, size2, proof, EMPTY_ROOT, root2)
    assert refuses(verify_consistency, size1, size2, proof, root1, EMPTY_ROOT)
    other = data.draw(st.integers(1, size2).filter(lambda number: number != size1) | st.none())
    if other is not None and size1 != size2:
        assert (
            refuses(verify_consistency, size1, size2, proof, naive_root(LEAVES[:other]), root2)
            or naive_root(LEAVES[:other]) == root1
        )
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:place], bytes(32), *proof[place + 1 :]]
        assert refuses(verify_consistency, size1, size2, changed, root1, root2)
        assert refuses(verify_consistency, size1, size2, proof[:-1], root1, root2)


@given(st.integers(0, 2**64), st.integers(0, 2**64), st.lists(st.binary(min_size=32, max_size=32)))
def test_invented_proofs_are_refused_and_end(first: int, second: int, proof: list[bytes]) -> None:
    claim = leaf_hash(b"never in the log")
    if proof or second != 1:
        assert refuses(verify_inclusion, claim, first, second, proof, naive_root(LEAVES))
    if first != second:
        assert refuses(verify_consistency, first, second, proof, claim, naive_root(LEAVES))


def test_a_fork_has_no_consistency_proof() -> None:
    fork = [*LEAVES[:5], leaf_hash(b"rewritten"), *LEAVES[6:9]]
    proof = naive_consistency(7, fork)
    with pytest.raises(ProofInvalid):
        verify_consistency(7, 9, proof, naive_root(LEAVES[:7]), naive_root(fork))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3), (7, 3)])
def test_no_leaf_no_inclusion_proof(index: int, size: int) -> None:
    with pytest.raises(ProofInvalid):
        inclusion_proof(index, size, Nodes(MOST))


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 5), (5, 4), (-1, 4)])
def test_no_older_tree_no_consistency_proof(size1: int, size2: int) -> None:
    with pytest.raises(ProofInvalid):
        consistency_proof(size1, size2, Nodes(MOST))


def test_negative_size_has_no_root() -> None:
    with pytest.raises(ProofInvalid):
        root_at(-1, Nodes(MOST))


@pytest.mark.parametrize(
    ("size", "nodes"), [(0, [EMPTY_ROOT]), (3, [EMPTY_ROOT]), (1, [b"short"]), (-1, [])]
)
def test_frontier_refuses_nodes_that_do_not_fit(size: int, nodes: list[bytes]) -> None:
    with pytest.raises(ProofInvalid):
        Frontier(size, nodes)


def test_frontier_refuses_what_is_no_hash() -> None:
    frontier = Frontier()
    with pytest.raises(ProofInvalid):
        frontier.append(b"a leaf's bytes, not its hash")
    assert frontier.size == 0

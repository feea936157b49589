"""The file's own tree code: every published vector, and agreement with the product's."""

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs import tree

MOST = 70
LEAVES = [tree.leaf_hash(str(number).encode()) for number in range(MOST)]
sizes = st.integers(1, MOST)


def published(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    files = sorted(folder.rglob("*.json"))
    return [(str(file.relative_to(folder)), json.loads(file.read_bytes())) for file in files]


def refuses(module: ModuleType, verify: Callable[..., None], *arguments: object) -> bool:
    try:
        verify(*arguments)
    except module.Broken:
        return True
    return False


def proof_of(vector: dict[str, Any]) -> list[bytes]:
    return [b64decode(node) for node in vector["proof"] or []]


def test_every_published_inclusion_vector(verifier: ModuleType, vectors: Path) -> None:
    found = published(vectors / "rfc6962" / "inclusion")
    wrong = [
        name
        for name, vector in found
        if vector["wantErr"]
        != refuses(
            verifier,
            verifier.verify_inclusion,
            b64decode(vector["leafHash"] or ""),
            vector["leafIdx"],
            vector["treeSize"],
            proof_of(vector),
            b64decode(vector["root"] or ""),
        )
    ]
    assert wrong == []
    assert len(found) >= 80


def test_every_published_consistency_vector(verifier: ModuleType, vectors: Path) -> None:
    found = published(vectors / "rfc6962" / "consistency")
    wrong = [
        name
        for name, vector in found
        if vector["wantErr"]
        != refuses(
            verifier,
            verifier.verify_consistency,
            vector["size1"],
            vector["size2"],
            proof_of(vector),
            b64decode(vector["root1"] or ""),
            b64decode(vector["root2"] or ""),
        )
    ]
    assert wrong == []
    assert len(found) >= 80


def read(level: int, index: int) -> bytes:
    """A perfect subtree over ``LEAVES``, by the product's code."""
    nodes = LEAVES[index << level : (index + 1) << level]
    while len(nodes) > 1:
        nodes = [tree.node_hash(nodes[i], nodes[i + 1]) for i in range(0, len(nodes), 2)]
    return nodes[0]


@given(sizes, st.data())
def test_proofs_of_both_are_the_same(verifier: ModuleType, size: int, data: st.DataObject) -> None:
    older = data.draw(st.integers(1, size))
    proof = verifier.consistency_proof(older, size, read)
    assert proof == tree.consistency_proof(older, size, read)
    roots = tree.root_at(older, read), tree.root_at(size, read)
    verifier.verify_consistency(older, size, proof, *roots)
    assert verifier.range_root(0, size, read) == roots[1]


@given(sizes, st.data())
def test_a_proof_with_one_bit_changed_is_refused(
    verifier: ModuleType, size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = tree.inclusion_proof(index, size, read), tree.root_at(size, read)
    verifier.verify_inclusion(LEAVES[index], index, size, proof, root)
    parts = [LEAVES[index], root, *proof]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    changed = bytearray(parts[which])
    changed[bit // 8] ^= 1 << bit % 8
    parts[which] = bytes(changed)
    with pytest.raises(verifier.Broken):
        verifier.verify_inclusion(parts[0], index, size, parts[2:], parts[1])


@given(st.integers(0, MOST))
def test_the_growing_edge_gives_the_roots(verifier: ModuleType, size: int) -> None:
    edge = verifier.Edge()
    for leaf in LEAVES[:size]:
        edge.add(0, leaf)
    assert edge.root() == tree.root_at(size, read)
    whole = size // 8 * 8
    coarse = verifier.Edge()
    for index in range(whole // 8):
        coarse.add(3, read(3, index))
    for leaf in LEAVES[whole:size]:
        coarse.add(0, leaf)
    assert coarse.root() == edge.root()

"""What ``docs/ledger.md`` has an auditor do by hand holds for a real entry."""

from base64 import b64decode
from typing import cast

import pytest
from documents import ROOT, blocks
from world.town import World

from certs.canonical import Json
from hub.audit.entry import OpenedEntry, open_entry
from hub.ledger.change import Actor

AUDITOR = Actor("console", account="audit")


def by_hand() -> dict[str, object]:
    (block,) = (b for b in blocks(ROOT / "docs" / "ledger.md") if b.kind == "python")
    names: dict[str, object] = {}
    exec(compile(block.text, "docs/ledger.md", "exec"), names)  # noqa: S102 our own document
    return names


def opened(world: World) -> OpenedEntry:
    hub = world.hub
    for _ in range(3):
        answer = world.ask(world.nrb.lookup())
        assert answer.status == 200
    position = world.entries() - 2
    hub.checkpointer.step()
    return open_entry(hub.changes, AUDITOR, hub.reading, hub.persons, position)


def test_parts_leaf_and_root_come_out(world: World) -> None:
    names, entry = by_hand(), opened(world)
    part_digest, leaf_hash, root_of = (
        names[name] for name in ("part_digest", "leaf_hash", "root_of")
    )
    assert entry.inclusion is not None
    parts = {
        "control": (entry.control_salt, entry.control),
        "person": (entry.person_salt, entry.person),
        "internal": (entry.internal_salt, entry.internal),
    }
    for name, (salt, part) in parts.items():
        assert part_digest(name, salt, part) == entry.leaf[name]  # type: ignore[operator]
    leaf = leaf_hash(entry.leaf)  # type: ignore[operator]
    inclusion = entry.inclusion
    root = root_of(leaf, entry.position, inclusion.size, list(inclusion.path))  # type: ignore[operator]
    assert root == inclusion.root == b64decode(inclusion.note.split("\n")[2])


def test_a_changed_part_does_not(world: World) -> None:
    names, entry = by_hand(), opened(world)
    control = {**entry.control, "department": "demo.yifen:mrb"}
    made = names["part_digest"]("control", entry.control_salt, control)  # type: ignore[operator]
    assert made != entry.leaf["control"]


@pytest.mark.parametrize("size", range(1, 18))
def test_every_position_of_a_tree_leads_to_its_root(size: int) -> None:
    from certs.tree import Frontier, inclusion_proof, leaf_hash, node_hash  # noqa: PLC0415

    hashes = [leaf_hash(bytes([i])) for i in range(size)]
    frontier = Frontier()
    for one in hashes:
        frontier.append(one)

    def read(level: int, index: int) -> bytes:
        nodes = hashes[index << level : (index + 1) << level]
        while len(nodes) > 1:
            nodes = [node_hash(nodes[i], nodes[i + 1]) for i in range(0, len(nodes), 2)]
        return nodes[0]

    root_of = by_hand()["root_of"]
    for index in range(size):
        proof = inclusion_proof(index, size, read)
        assert root_of(hashes[index], index, size, proof) == frontier.root()  # type: ignore[operator]


def test_the_document_names_the_members_of_control(world: World) -> None:
    text = (ROOT / "docs" / "ledger.md").read_text("utf-8")
    control = cast("dict[str, Json]", opened(world).control)
    row = next(line for line in text.splitlines() if line.startswith("| *control* |"))
    for member in control:
        assert f"`{member}`" in row.split("|")[2]

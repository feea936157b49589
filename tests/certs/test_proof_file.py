"""Proofs as files: written and read to the byte, and every other byte refused."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace

import pytest

from certs.cosignature import Witness, cosign
from certs.encoding import sha256
from certs.errors import CheckpointInvalid, ProofInvalid
from certs.keys import PrivateKey, generate
from certs.note import Checkpoint, sign_checkpoint
from certs.proof_file import (
    MAX_EXTRA_BYTES,
    MAX_HASHES,
    ProofFile,
    read_proof,
    verify_proof,
    write_proof,
)
from certs.tree import inclusion_proof, leaf_hash, node_hash, root_at

ORIGIN = "demo.yifen/ledger/1"
LEAVES = [b"leaf %d" % n for n in range(7)]
NOW = 1_790_000_000_000

# tlog-proof, the example; its signatures are cut short there, so its checkpoint opens for nobody.
SPEC = """\
c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJw[...]1roloI=
"""


def node(level: int, index: int) -> bytes:
    if level == 0:
        return leaf_hash(LEAVES[index])
    return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))


@pytest.fixture(scope="module")
def log_key() -> PrivateKey:
    return generate("ed25519")


@pytest.fixture(scope="module")
def witness_key() -> PrivateKey:
    return generate("ed25519")


@pytest.fixture
def witness(witness_key: PrivateKey) -> Witness:
    return Witness("witness.example/w1", witness_key.public)


@pytest.fixture
def proof(log_key: PrivateKey, witness_key: PrivateKey) -> ProofFile:
    checkpoint = Checkpoint(ORIGIN, 7, root_at(7, node))
    note = sign_checkpoint(checkpoint, ORIGIN, log_key)
    note += cosign(checkpoint.text, "witness.example/w1", witness_key, NOW).line
    return ProofFile(4, tuple(inclusion_proof(4, 7, node)), note, LEAVES[4])


def why(text: str) -> object:
    with pytest.raises(ProofInvalid) as caught:
        read_proof(text)
    return caught.value.facts["why"]


def test_the_file_reads_byte_by_byte_as_c2sp_says(proof: ProofFile) -> None:
    hashes = "".join(b64encode(one).decode() + "\n" for one in proof.hashes)
    expected = f"c2sp.org/tlog-proof@v1\nextra bGVhZiA0\nindex 4\n{hashes}\n{proof.checkpoint}"
    assert write_proof(proof) == expected
    assert read_proof(expected) == proof


def test_the_example_of_the_specification_is_read() -> None:
    read = read_proof(SPEC)
    assert (read.index, len(read.hashes)) == (73894, 5)
    assert read.extra == b"age-v1.2.1-darwin-arm64.tar.gz"
    assert read.checkpoint.startswith("example.com/fancylog\n109482\n")
    assert write_proof(read) == SPEC


def test_a_proof_without_extra_or_hashes_comes_back(log_key: PrivateKey) -> None:
    checkpoint = Checkpoint(ORIGIN, 1, leaf_hash(LEAVES[0]))
    note = sign_checkpoint(checkpoint, ORIGIN, log_key)
    text = write_proof(ProofFile(0, (), note))
    assert text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note}"
    read = read_proof(text)
    trusted = [(ORIGIN, log_key.public)]
    assert verify_proof(read, leaf_hash(LEAVES[0]), origin=ORIGIN, trusted=trusted)


def test_a_proof_holds_offline(proof: ProofFile, log_key: PrivateKey, witness: Witness) -> None:
    read = read_proof(write_proof(proof))
    checkpoint, signed = verify_proof(
        read,
        leaf_hash(read.extra or b""),
        origin=ORIGIN,
        trusted=[(ORIGIN, log_key.public)],
        witnesses=[witness],
        quorum=1,
    )
    assert checkpoint.size == 7
    assert [(one.name, one.time) for one in signed] == [(witness.name, NOW)]


def test_another_leaf_index_log_or_witness_proves_nothing(
    proof: ProofFile, log_key: PrivateKey, witness: Witness
) -> None:
    trusted = [(ORIGIN, log_key.public)]
    leaf = leaf_hash(LEAVES[4])
    with pytest.raises(ProofInvalid):
        verify_proof(proof, leaf_hash(LEAVES[3]), origin=ORIGIN, trusted=trusted)
    with pytest.raises(ProofInvalid):
        verify_proof(replace(proof, index=5), leaf, origin=ORIGIN, trusted=trusted)
    with pytest.raises(CheckpointInvalid):
        verify_proof(proof, leaf, origin="demo.yifen/ledger/2", trusted=trusted)
    with pytest.raises(CheckpointInvalid):
        verify_proof(proof, leaf, origin=ORIGIN, trusted=[(ORIGIN, generate("ed25519").public)])
    other = Witness("witness.example/w2", generate("ed25519").public)
    with pytest.raises(CheckpointInvalid):
        verify_proof(
            proof, leaf, origin=ORIGIN, trusted=trusted, witnesses=[witness, other], quorum=2
        )


LINE = b64encode(sha256(b"")).decode() + "\n"
CHANGES: list[tuple[str, Callable[[str], str], str]] = [
    ("nothing", lambda _: "", "form"),
    ("another version", lambda text: text.replace("@v1", "@v2"), "form"),
    ("a word before", lambda text: " " + text, "form"),
    ("no checkpoint", lambda text: text.partition("\n\n")[0] + "\n", "form"),
    ("carriage returns", lambda text: text.replace("\n", "\r\n"), "form"),
    ("empty extra", lambda text: text.replace("extra bGVhZiA0", "extra "), "extra"),
    ("extra without padding", lambda text: text.replace("bGVhZiA0", "bGVhZiA"), "base64"),
    ("extra of another alphabet", lambda text: text.replace("bGVhZiA0", "bGVh_iA0"), "base64"),
    ("extra twice", lambda text: text.replace("extra", "extra bGVhZiA0\nextra", 1), "index"),
    (
        "extra too long",
        lambda text: text.replace("bGVhZiA0", b64encode(bytes(MAX_EXTRA_BYTES + 1)).decode()),
        "extra",
    ),
    ("no index", lambda text: text.replace("index 4\n", ""), "index"),
    ("index with a zero before it", lambda text: text.replace("index 4", "index 04"), "index"),
    ("index with a sign", lambda text: text.replace("index 4", "index +4"), "index"),
    ("index below nothing", lambda text: text.replace("index 4", "index -4"), "index"),
    ("index in other digits", lambda text: text.replace("index 4", "index ４"), "index"),
    ("index with a space after", lambda text: text.replace("index 4", "index 4 "), "index"),
    ("index with two spaces", lambda text: text.replace("index 4", "index  4"), "index"),
    ("huge index", lambda text: text.replace("index 4", f"index {'9' * 19}"), "index"),
    ("index before extra", lambda text: text.replace("extra", "index 4\nextra", 1), "base64"),
    ("short hash", lambda text: text.replace("index 4\n", "index 4\nAAAA\n"), "hash"),
    ("hash with a space", lambda text: text.replace("index 4\n", f"index 4\n {LINE}"), "base64"),
    (
        "too many hashes",
        lambda text: text.replace("index 4\n", "index 4\n" + LINE * MAX_HASHES),
        "hash",
    ),
    ("too long", lambda text: text + "x" * (1 << 20), "too-long"),
]


@pytest.mark.parametrize(("_", "change", "reason"), CHANGES, ids=[one[0] for one in CHANGES])
def test_malformed_files_are_refused(
    proof: ProofFile, _: str, change: Callable[[str], str], reason: str
) -> None:
    text = write_proof(proof)
    changed = change(text)
    assert changed != text
    assert why(changed) == reason


def test_every_flipped_bit_of_a_file_proves_nothing(
    proof: ProofFile, log_key: PrivateKey, witness: Witness
) -> None:
    """Anything but the extra data, for which nothing vouches."""
    text = write_proof(proof).replace("extra bGVhZiA0\n", "")
    data = text.encode()
    leaf = leaf_hash(LEAVES[4])
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises((ProofInvalid, CheckpointInvalid)):
            verify_proof(
                read_proof(changed.decode(errors="surrogateescape")),
                leaf,
                origin=ORIGIN,
                trusted=[(ORIGIN, log_key.public)],
                witnesses=[witness],
                quorum=1,
            )

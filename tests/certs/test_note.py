"""Signed notes: our checkpoints, another log's, and what is malformed."""

from base64 import b64decode, b64encode
from collections.abc import Sequence

import pytest

from certs.errors import CheckpointInvalid, KeyUnusable
from certs.keys import PrivateKey, PublicKey, generate
from certs.note import (
    MAX_SIGNATURES,
    Checkpoint,
    key_id,
    open_checkpoint,
    parse_vkey,
    sign_checkpoint,
    vkey,
)
from certs.tree import EMPTY_ROOT, leaf_hash

ORIGIN = "demo.yifen/ledger/1"
CHECKPOINT = Checkpoint(ORIGIN, 20852163, leaf_hash(b"a root"))

# The Go checksum database's published verifier key, and a tree head that it signed in 2026.
SUMDB_VKEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUMDB_NOTE = """go.sum database tree
65209736
5+uGFjx6xBZG8ip1+wi77v+grwbhhukIrxEUS8PXvRo=

— sum.golang.org Az3grnbssgK7ubgFX36gVETtNv0U23qxyAhAMai2QUfeGa3nB/akvkMdlUErfcZz7l/R3cVtYspg3dxXABkGZZKdsQ8=
"""  # noqa: E501 the format has no line breaks to offer
# The example key of Go's package note.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return generate("ed25519")


@pytest.fixture(scope="module")
def note(key: PrivateKey) -> str:
    return sign_checkpoint(CHECKPOINT, ORIGIN, key)


def signed(text: str, key: PrivateKey, name: str = ORIGIN) -> str:
    """Any text, rightly signed, so that only what is wrong in the text can be refused."""
    return f"{text}\n{signature_line(text, key, name)}"


def signature_line(text: str, key: PrivateKey, name: str = ORIGIN) -> str:
    signature = key_id(name, key.public) + key.sign(text.encode())
    return f"— {name} {b64encode(signature).decode()}\n"


def why(text: str, trusted: Sequence[tuple[str, PublicKey]]) -> object:
    with pytest.raises(CheckpointInvalid) as caught:
        open_checkpoint(text, trusted)
    return caught.value.facts["why"]


def test_a_checkpoint_comes_back(key: PrivateKey, note: str) -> None:
    assert open_checkpoint(note, [(ORIGIN, key.public)]) == CHECKPOINT


def test_the_note_reads_byte_by_byte_as_c2sp_says(key: PrivateKey, note: str) -> None:
    lines = note.split("\n")
    assert lines[:4] == [ORIGIN, "20852163", b64encode(CHECKPOINT.root).decode(), ""]
    dash, name, encoded = lines[4].split(" ")
    assert (dash.encode(), name) == (b"\xe2\x80\x94", ORIGIN)
    data = b64decode(encoded)
    assert data[:4] == key_id(ORIGIN, key.public)
    key.public.verify(data[4:], note.partition("\n\n")[0].encode() + b"\n")
    assert lines[5:] == [""]


def test_a_foreign_log_s_checkpoint_opens() -> None:
    name, public = parse_vkey(SUMDB_VKEY)
    checkpoint = open_checkpoint(SUMDB_NOTE, [(name, public)])
    assert (checkpoint.origin, checkpoint.size) == ("go.sum database tree", 65209736)
    assert why(SUMDB_NOTE.replace("65209736", "65209737"), [(name, public)]) == "signature"


@pytest.mark.parametrize("text", [GO_VKEY, SUMDB_VKEY])
def test_published_verifier_keys_come_back(text: str) -> None:
    assert vkey(*parse_vkey(text)) == text


def test_our_verifier_key_comes_back(key: PrivateKey) -> None:
    name, public = parse_vkey(vkey(ORIGIN, key.public))
    assert (name, public.der) == (ORIGIN, key.public.der)


def test_a_cut_or_changed_verifier_key_is_refused() -> None:
    length = len(GO_VKEY)
    pieces = [GO_VKEY[:end] for end in range(length)] + [GO_VKEY[start:] for start in range(1, 15)]
    changed = [
        GO_VKEY[:place] + chr(ord(GO_VKEY[place]) + 1) + GO_VKEY[place + 1 :]
        for place in range(length)
    ]
    for text in [*pieces, *changed, GO_VKEY + "\n", GO_VKEY.replace("+c7", "+C7")]:
        with pytest.raises(CheckpointInvalid):
            parse_vkey(text)


def test_an_unknown_witness_s_signature_is_skipped(key: PrivateKey, note: str) -> None:
    witness = generate("ed25519")
    body = note.partition("\n\n")[0] + "\n"
    more = note + signature_line(body, witness, "witness.example")
    assert open_checkpoint(more, [(ORIGIN, key.public)]) == CHECKPOINT
    assert open_checkpoint(more, [("witness.example", witness.public)]) == CHECKPOINT


def test_another_key_under_our_name_is_no_signature_of_ours(note: str) -> None:
    assert why(note, [(ORIGIN, generate("ed25519").public)]) == "unsigned"


def test_our_key_under_another_name_is_no_signature_of_ours(key: PrivateKey, note: str) -> None:
    assert why(note, [("other.yifen/ledger/1", key.public)]) == "unsigned"
    assert why(note, []) == "unsigned"


def test_a_failing_signature_of_a_known_key_spoils_the_note(key: PrivateKey, note: str) -> None:
    good = note.rpartition("\n\n")[2]
    bad = signature_line("another text\n", key)
    body = note.partition("\n\n")[0]
    assert why(f"{body}\n\n{good}{bad}", [(ORIGIN, key.public)]) == "signature"
    assert why(f"{body}\n\n{bad}{good}", [(ORIGIN, key.public)]) == "signature"


@pytest.mark.parametrize(
    ("old", "new"),
    [(ORIGIN + "\n", "demo.yifen/ledger/2\n"), ("20852163", "20852164"), ("\n\n", "\nmore\n\n")],
)
def test_a_changed_line_breaks_the_signature(
    key: PrivateKey, note: str, old: str, new: str
) -> None:
    assert why(note.replace(old, new, 1), [(ORIGIN, key.public)]) == "signature"


def test_every_flipped_byte_of_a_note_is_refused(key: PrivateKey, note: str) -> None:
    data = note.encode()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        text = changed.decode(errors="surrogateescape")
        with pytest.raises(CheckpointInvalid):
            open_checkpoint(text, [(ORIGIN, key.public)])


ROOT = b64encode(CHECKPOINT.root).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{ORIGIN}\n5\n", "lines"),
        (f"{ORIGIN}\n5\n{ROOT}\nextension\n", "lines"),
        (f"\n5\n{ROOT}\n", "origin"),
        (f"{ORIGIN}\n05\n{ROOT}\n", "size"),
        (f"{ORIGIN}\n+5\n{ROOT}\n", "size"),
        (f"{ORIGIN}\n-5\n{ROOT}\n", "size"),
        (f"{ORIGIN}\n ５\n{ROOT}\n", "size"),
        (f"{ORIGIN}\n５\n{ROOT}\n", "size"),
        (f"{ORIGIN}\n\n{ROOT}\n", "size"),
        (f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n", "size"),
        (f"{ORIGIN}\n5\n{ROOT[:-1]}\n", "base64"),
        (f"{ORIGIN}\n5\n{ROOT} \n", "base64"),
        (f"{ORIGIN}\n5\n{ROOT.replace('=', '')}\n", "base64"),
        (f"{ORIGIN}\n5\n{b64encode(bytes(31)).decode()}\n", "root"),
        (f"{ORIGIN}\n0\n{ROOT}\n", "empty-root"),
        (f"{ORIGIN}\n0\n{b64encode(EMPTY_ROOT).decode()}\n", "empty"),
        (f"{ORIGIN}\r\n5\n{ROOT}\n", "control-character"),
        (f"{ORIGIN}\t\n5\n{ROOT}\n", "control-character"),
    ],
)
def test_malformed_text_is_refused_though_rightly_signed(
    key: PrivateKey, text: str, reason: str
) -> None:
    assert why(signed(text, key), [(ORIGIN, key.public)]) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda note: note[:-1], "form"),
        (lambda note: note.replace("\n\n", "\n"), "form"),
        (lambda note: note.partition("\n\n")[0] + "\n\n", "form"),
        (lambda note: note + "\n", "form"),
        (lambda _: "", "form"),
        (lambda note: note.replace("— ", "-- "), "signature-line"),
        (lambda note: note.replace("— ", "—"), "signature-line"),
        (lambda note: note + "— name\n", "signature-line"),
        (lambda note: note + "— name AAAAAA==\n", "signature-line"),
        (lambda note: note + "—  AAAAAAA=\n", "key-name"),
        (lambda note: note + "— a+b AAAAAAA=\n", "key-name"),
        (lambda note: note + "— a\u3000b AAAAAAA=\n", "key-name"),
        (lambda note: note + "— name AAAAAAB=\n", "base64"),
        (lambda note: note + "— name AAAA AAA=\n", "base64"),
        (lambda note: note + "— name AAAAAAA=\n" * MAX_SIGNATURES, "too-many-signatures"),
        (lambda note: note + "x" * 200_000, "too-long"),
        (lambda note: note.replace(ORIGIN, "\udcff", 1), "utf-8"),
    ],
)
def test_malformed_notes_are_refused(
    key: PrivateKey, note: str, change: object, reason: str
) -> None:
    assert callable(change)
    assert why(change(note), [(ORIGIN, key.public)]) == reason


def test_sixteen_large_signatures_are_accepted(key: PrivateKey, note: str) -> None:
    line = f"— witness.example {b64encode(bytes(4900)).decode()}\n"
    assert open_checkpoint(note + line * 16, [(ORIGIN, key.public)]) == CHECKPOINT


def test_an_empty_log_is_taken_only_where_it_is_expected(key: PrivateKey) -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    text = sign_checkpoint(empty, ORIGIN, key)
    assert open_checkpoint(text, [(ORIGIN, key.public)], allow_empty=True) == empty
    assert why(text, [(ORIGIN, key.public)]) == "empty"


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("", 1, bytes(32)), ("a\nb", 1, bytes(32)), ("a", -1, bytes(32)), ("a", 1, bytes(20))],
)
def test_no_checkpoint_can_hold_what_no_note_could(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(CheckpointInvalid):
        Checkpoint(origin, size, root)


def test_only_ed25519_signs_and_is_trusted(note: str) -> None:
    other = generate("ecdsa-p256-sha256")
    with pytest.raises(KeyUnusable):
        sign_checkpoint(CHECKPOINT, ORIGIN, other)
    with pytest.raises(KeyUnusable):
        open_checkpoint(note, [(ORIGIN, other.public)])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b"])
def test_a_bad_key_name_signs_nothing(key: PrivateKey, name: str) -> None:
    with pytest.raises(CheckpointInvalid):
        sign_checkpoint(CHECKPOINT, name, key)

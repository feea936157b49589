"""Notes and cosignatures as the file reads them: those that are really out there, and forged ones.

Whatever the product's own reader says of a note, the file must say too.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from types import ModuleType

import pytest
from world.auditing import Witness, cosigned
from world.time import NOW

from certs.cosignature import parse_witness, verify_cosignatures
from certs.errors import CheckpointInvalid
from certs.keys import generate
from certs.note import Checkpoint, key_id, open_checkpoint, parse_vkey, sign_checkpoint, vkey
from certs.tree import EMPTY_ROOT

ORIGIN = "demo.yifen/ledger/1"
KEY = generate("ed25519")
LOG = vkey(ORIGIN, KEY.public)
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 5, bytes(range(32))), ORIGIN, KEY)
W1, W2 = Witness("witness.example/w1"), Witness("witness.example/w2")

# A checkpoint of a staging log of Certificate Transparency, with the log's own two signatures
# (types 0x05 and 0x01) and those of four witnesses. Their keys are published by their operators.
REAL_NOTE = """\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3\
urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI7\
5MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcq\
oXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u\
5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5\
XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TU\
FucgKi7lI7cUiOvKFYe/TmN9DAg==
"""
REAL_LOG = (
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
)
REAL_WITNESSES = (
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
)
REAL_TIME = 0x6A122120


def read(verifier: ModuleType, note: str | bytes, witnesses: tuple[str, ...] = ()) -> str:
    """What the file says of a note: nothing, or why not."""
    policy = verifier.make_policy([LOG], witnesses)
    try:
        data = note if isinstance(note, bytes) else note.encode()
        verifier.require_quorum(verifier.open_note(data, "note", policy), policy)
    except verifier.Broken as broken:
        return str(broken.why)
    return ""


def product_reads(note: str, witnesses: tuple[str, ...] = ()) -> bool:
    try:
        open_checkpoint(note, [parse_vkey(LOG)])
        if witnesses:
            verify_cosignatures(note, [parse_witness(one) for one in witnesses], len(witnesses))
    except CheckpointInvalid:
        return False
    return True


def test_a_checkpoint_that_is_really_out_there(verifier: ModuleType) -> None:
    policy = verifier.make_policy([REAL_LOG], REAL_WITNESSES)
    head = verifier.open_note(REAL_NOTE.encode(), "real", policy)
    assert (head.origin, head.size) == ("arche2025h1.staging.ct.transparency.dev", 1432088532)
    assert {name for name, _ in head.cosigners} == {one.split("+")[0] for one in REAL_WITNESSES}
    assert {moment for _, moment in head.cosigners} == {REAL_TIME}
    verifier.require_quorum(head, policy)


def test_of_that_one_any_other_body_is_refused(verifier: ModuleType) -> None:
    policy = verifier.make_policy([REAL_LOG], REAL_WITNESSES)
    with pytest.raises(verifier.Broken):
        verifier.open_note(REAL_NOTE.replace("1432088532", "1432088533").encode(), "x", policy)


def resigned(body: str) -> str:
    """Any body, rightly signed."""
    signature = key_id(ORIGIN, KEY.public) + KEY.sign(body.encode())
    return f"{body}\n— {ORIGIN} {b64encode(signature).decode()}\n"


def line(note: str) -> str:
    return note.splitlines(keepends=True)[-1]


ROOT = b64encode(bytes(32)).decode()
NOTES: list[tuple[str, str, str]] = [
    ("honest", NOTE, ""),
    ("another size", NOTE.replace("\n5\n", "\n6\n"), "note-signature"),
    ("no signature", NOTE.replace(line(NOTE), ""), "note-form"),
    ("no signature line", NOTE.split("\n\n", maxsplit=1)[0] + "\n\n", "note-form"),
    (
        "another's",
        sign_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)), ORIGIN, W1.key),
        "note-unsigned",
    ),
    ("another's too", NOTE + f"— {ORIGIN} {b64encode(bytes(68)).decode()}\n", ""),
    (
        "twice, once wrong",
        NOTE + line(NOTE).replace(line(NOTE)[-20:-5], "A" * 15),
        "note-signature",
    ),
    ("a control character", NOTE.replace("\n5\n", "\n5\r\n"), "note-form"),
    ("no newline at the end", NOTE[:-1], "note-form"),
    ("a hyphen for a dash", NOTE.replace("— ", "- "), "note-form"),
    ("an extension", resigned(f"{ORIGIN}\n5\n{ROOT}\nextension\n"), "note-form"),
    ("a leading zero", resigned(f"{ORIGIN}\n05\n{ROOT}\n"), "note-form"),
    ("a sign", resigned(f"{ORIGIN}\n+5\n{ROOT}\n"), "note-form"),
    ("no size", resigned(f"{ORIGIN}\n\n{ROOT}\n"), "note-form"),
    ("a short root", resigned(f"{ORIGIN}\n5\nAAAA\n"), "note-form"),
    ("another base64", resigned(f"{ORIGIN}\n5\n{ROOT[:-2]}B=\n"), "note-form"),
    ("two lines", resigned(f"{ORIGIN}\n5\n"), "note-form"),
    ("empty", resigned(f"{ORIGIN}\n0\n{b64encode(EMPTY_ROOT).decode()}\n"), "note-empty"),
    ("too long", NOTE + "— x AAAAAAA=\n" * 20_000, "note-form"),
    ("too many", NOTE + f"— x {b64encode(bytes(68)).decode()}\n" * 100, "note-form"),
]


@pytest.mark.parametrize(("note", "why"), [one[1:] for one in NOTES], ids=[o[0] for o in NOTES])
def test_a_note(verifier: ModuleType, note: str, why: str) -> None:
    assert read(verifier, note) == why
    assert product_reads(note) == (why == "")


def test_a_note_that_is_no_text(verifier: ModuleType) -> None:
    assert read(verifier, b"\xff" + NOTE.encode()) == "note-form"


def test_a_name_of_another_log(verifier: ModuleType) -> None:
    """Signed by a key that is believed, for a log that is not its own."""
    note = sign_checkpoint(Checkpoint("other.yifen/ledger/1", 5, bytes(32)), ORIGIN, KEY)
    assert read(verifier, note) == "note-origin"


def test_two_keys_of_one_log_while_they_change(verifier: ModuleType) -> None:
    other = generate("ed25519")
    both = sign_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)), ORIGIN, other, KEY)
    assert read(verifier, both) == ""
    policy = verifier.make_policy([LOG, vkey(ORIGIN, other.public)])
    assert verifier.open_note(both.encode(), "both", policy).size == 5
    alone = sign_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)), ORIGIN, other)
    assert verifier.open_note(alone.encode(), "new", policy).size == 5


# -- cosignatures ------------------------------------------------------------------------------
def patched(change: Callable[[bytes], bytes]) -> str:
    """A note with a cosignature whose bytes after the key id are changed."""
    note = cosigned(NOTE, [W1])
    name, encoded = line(note)[2:-1].split(" ")
    data = b64decode(encoded)
    changed = b64encode(data[:4] + change(data[4:])).decode()
    return note.replace(line(note), f"— {name} {changed}\n")


BOTH = (W1.vkey, W2.vkey)
COSIGNED: list[tuple[str, str, tuple[str, ...], str]] = [
    ("both", cosigned(NOTE, [W1, W2]), BOTH, ""),
    ("in the other order", cosigned(NOTE, [W2, W1]), BOTH, ""),
    ("one", cosigned(NOTE, [W1]), BOTH, "quorum"),
    ("one twice", cosigned(cosigned(NOTE, [W1]), [W1], NOW + 5000), BOTH, "quorum"),
    ("none", NOTE, BOTH, "quorum"),
    (
        "over another body",
        cosigned(NOTE, [W1, W2], over=NOTE.replace("\n5\n", "\n6\n")),
        BOTH,
        "cosignature",
    ),
    (
        "one over another body",
        cosigned(cosigned(NOTE, [W2], over=NOTE.replace("\n5\n", "\n6\n")), [W1]),
        BOTH,
        "cosignature",
    ),
    ("another time", patched(lambda d: (7).to_bytes(8, "big") + d[8:]), BOTH[:1], "cosignature"),
    ("no time", patched(lambda d: bytes(8) + d[8:]), BOTH[:1], "cosignature"),
    ("a time beyond all", patched(lambda d: b"\x80" + d[1:]), BOTH[:1], "cosignature"),
    ("cut", patched(lambda d: d[:-1]), BOTH[:1], "cosignature"),
    ("no more than a time", patched(lambda d: d[:8]), BOTH[:1], "cosignature"),
    ("longer", patched(lambda d: d + b"x"), BOTH[:1], "cosignature"),
]


@pytest.mark.parametrize(
    ("note", "witnesses", "why"), [one[1:] for one in COSIGNED], ids=[o[0] for o in COSIGNED]
)
def test_a_cosigned_note(
    verifier: ModuleType, note: str, witnesses: tuple[str, ...], why: str
) -> None:
    assert read(verifier, note, witnesses) == why
    assert product_reads(note, witnesses) == (why == "")


def test_a_log_s_plain_signature_by_a_witness_is_no_cosignature(verifier: ModuleType) -> None:
    """Of type 0x01 it says nothing of what the witness has seen before."""
    plain = key_id(W1.name, W1.key.public) + W1.key.sign(NOTE.partition("\n\n")[0].encode() + b"\n")
    note = NOTE + f"— {W1.name} {b64encode(plain).decode()}\n"
    assert read(verifier, note, BOTH[:1]) == "quorum"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        LOG[:-1],
        LOG.replace("+", "-"),
        LOG.replace(ORIGIN, "demo.yifen/ledger/2"),
        W1.vkey,
        f"{ORIGIN}+00000000+{LOG.split('+', 2)[2]}",
        LOG + "\n",
    ],
    ids=["empty", "word", "cut", "hyphens", "name", "witness", "id", "newline"],
)
def test_a_key_that_is_none(verifier: ModuleType, text: str) -> None:
    with pytest.raises(verifier.Unusable):
        verifier.read_vkey(text, verifier.LOG_KEY)

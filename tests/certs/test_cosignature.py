"""Witnesses' cosignatures: ours, those of witnesses that are really out there, and forged ones."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence

import pytest

from certs.cosignature import (
    Cosignature,
    Witness,
    cosign,
    cosignatures,
    parse_witness,
    verify_cosignatures,
)
from certs.encoding import sha256
from certs.errors import CheckpointInvalid, KeyUnusable
from certs.keys import PrivateKey, generate
from certs.note import (
    COSIGNATURE,
    Checkpoint,
    key_id,
    open_checkpoint,
    parse_vkey,
    read_note,
    sign_checkpoint,
    vkey,
)

ORIGIN = "demo.yifen/ledger/1"
CHECKPOINT = Checkpoint(ORIGIN, 5, bytes(range(32)))
NOW = 1_790_000_000_000

# tlog-cosignature, «Format» and «Ed25519 signed message»: no key of these is published.
SPEC_TEXT = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
"""
SPEC_LINE = (
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs"
    "X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="
)

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
ELSEWHERE = (
    "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G"
)
REAL_TIME = 0x6A122120 * 1000


@pytest.fixture(scope="module")
def log_key() -> PrivateKey:
    return generate("ed25519")


@pytest.fixture(scope="module")
def keys() -> list[PrivateKey]:
    return [generate("ed25519") for _ in range(3)]


@pytest.fixture
def witnesses(keys: list[PrivateKey]) -> list[Witness]:
    return [Witness(f"witness.example/w{n}", key.public) for n, key in enumerate(keys)]


@pytest.fixture
def note(log_key: PrivateKey) -> str:
    return sign_checkpoint(CHECKPOINT, ORIGIN, log_key)


Cosigned = Callable[..., str]


@pytest.fixture
def cosigned(note: str, keys: list[PrivateKey]) -> Cosigned:
    """The note with cosignatures of the witnesses of these numbers."""

    def add(*numbers: int, now: int = NOW) -> str:
        made = [
            cosign(CHECKPOINT.text, f"witness.example/w{n}", keys[n], now).line for n in numbers
        ]
        return note + "".join(made)

    return add


def why(note: str, witnesses: Sequence[Witness], quorum: int = 1) -> object:
    with pytest.raises(CheckpointInvalid) as caught:
        verify_cosignatures(note, witnesses, quorum)
    return caught.value.facts["why"]


# -- what others made -----------------------------------------------------------------------------
def test_cosignatures_of_real_witnesses_verify() -> None:
    real = [parse_witness(text) for text in REAL_WITNESSES]
    found = verify_cosignatures(REAL_NOTE, real, 3)
    assert [(one.name, one.time) for one in found] == [(one.name, REAL_TIME) for one in real]
    assert [one.vkey for one in real] == list(REAL_WITNESSES)
    log = open_checkpoint(REAL_NOTE, [parse_vkey(REAL_LOG)])
    assert (log.origin, log.size) == ("arche2025h1.staging.ct.transparency.dev", 1432088532)


def test_a_real_cosignature_covers_every_line_and_its_time() -> None:
    real = [parse_witness(text) for text in REAL_WITNESSES]
    for old, new in (("1432088532", "1432088533"), ("U7WM79", "U7WM78"), ("arche2025h1", "arche")):
        assert why(REAL_NOTE.replace(old, new, 1), real[:1]) == "cosignature"
    later = REAL_NOTE.replace("2net5wAAAABqEiEg", "2net5wAAAABqEiEh")
    assert later != REAL_NOTE
    assert why(later, real[:1]) == "cosignature"


def test_a_witness_that_did_not_sign_is_not_counted() -> None:
    real = [parse_witness(text) for text in (*REAL_WITNESSES, ELSEWHERE)]
    assert len(verify_cosignatures(REAL_NOTE, real, 3)) == 3
    assert why(REAL_NOTE, real, 4) == "cosignatures"


def test_the_line_of_the_specification_is_read_as_it_says() -> None:
    read = read_note(f"{SPEC_TEXT}\n{SPEC_LINE}\n")
    (signature,) = read.signatures
    assert signature.line == SPEC_LINE + "\n"
    assert signature.key_id.hex() == "8d66cf3f"
    assert int.from_bytes(signature.data[:8], "big") == 1679315147
    assert len(signature.data) == 8 + 64


# -- what we make ---------------------------------------------------------------------------------
def test_a_cosignature_is_byte_by_byte_what_c2sp_says(keys: list[PrivateKey]) -> None:
    name, key = "witness.example.com/w1", keys[0]
    line = cosign(SPEC_TEXT, name, key, 1679315147_999).line
    dash, told, encoded = line.removesuffix("\n").split(" ")
    assert (dash, told) == ("—", name)
    data = b64decode(encoded, validate=True)
    public = key.public.der[-32:]
    assert data[:4] == sha256(name.encode() + b"\n\x04" + public)[:4]
    assert data[4:12] == bytes.fromhex("000000006418 50cb".replace(" ", ""))
    message = (
        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    key.public.verify(data[12:], message.encode())


def test_who_signed_and_when_comes_back(cosigned: Cosigned, witnesses: list[Witness]) -> None:
    found = verify_cosignatures(cosigned(2, 0), witnesses, 2)
    assert [one.name for one in found] == ["witness.example/w0", "witness.example/w2"]
    assert {one.time for one in found} == {NOW}


def test_the_logs_signature_still_opens_a_cosigned_note(
    cosigned: Cosigned, log_key: PrivateKey
) -> None:
    assert open_checkpoint(cosigned(0, 1), [(ORIGIN, log_key.public)]) == CHECKPOINT


def test_extension_lines_are_covered(keys: list[PrivateKey], witnesses: list[Witness]) -> None:
    text = CHECKPOINT.text + "extension\n"
    line = cosign(text, witnesses[0].name, keys[0], NOW).line
    assert len(verify_cosignatures(f"{text}\n{line}", witnesses, 1)) == 1
    other = text.replace("extension", "extensiom")
    assert why(f"{other}\n{line}", witnesses) == "cosignature"


@pytest.mark.parametrize("now", [0, 999, -1])
def test_a_time_of_nothing_is_signed_by_nobody(keys: list[PrivateKey], now: int) -> None:
    with pytest.raises(CheckpointInvalid):
        cosign(CHECKPOINT.text, "w", keys[0], now)


def test_only_ed25519_cosigns() -> None:
    with pytest.raises(KeyUnusable):
        cosign(CHECKPOINT.text, "w", generate("ecdsa-p256-sha256"), NOW)


# -- the quorum -----------------------------------------------------------------------------------
def test_fewer_than_the_quorum_are_not_enough(cosigned: Cosigned, witnesses: list[Witness]) -> None:
    assert why(cosigned(0, 1), witnesses, 3) == "cosignatures"
    assert why(cosigned(), witnesses, 1) == "cosignatures"


def test_one_witness_that_signed_twice_counts_once(
    note: str, cosigned: Cosigned, witnesses: list[Witness]
) -> None:
    later = cosigned(0, now=NOW + 60_000).removeprefix(note)
    twice = cosigned(0) + later
    assert why(twice, witnesses, 2) == "cosignatures"
    (found,) = verify_cosignatures(twice, witnesses, 1)
    assert found.time == NOW + 60_000
    assert found.signature.line == later


def test_one_key_under_two_names_is_no_quorum(note: str, keys: list[PrivateKey]) -> None:
    doubled = [Witness(name, keys[0].public) for name in ("a.example", "b.example")]
    lines = [cosign(CHECKPOINT.text, one.name, keys[0], NOW).line for one in doubled]
    assert why(note + "".join(lines), doubled, 2) == "witness-twice"


def test_two_keys_under_one_name_are_no_quorum(note: str, keys: list[PrivateKey]) -> None:
    doubled = [Witness("a.example", key.public) for key in keys[:2]]
    lines = [cosign(CHECKPOINT.text, "a.example", key, NOW).line for key in keys[:2]]
    assert why(note + "".join(lines), doubled, 2) == "witness-twice"


@pytest.mark.parametrize("quorum", [-1, 0, 4])
def test_a_quorum_that_makes_no_sense_accepts_nothing(
    cosigned: Cosigned, witnesses: list[Witness], quorum: int
) -> None:
    assert why(cosigned(0, 1, 2), witnesses, quorum) == "quorum"


def test_nobody_is_no_quorum(cosigned: Cosigned) -> None:
    assert why(cosigned(0), [], 0) == "quorum"


# -- forgeries ------------------------------------------------------------------------------------
def test_a_failing_signature_of_a_known_witness_spoils_the_note(
    cosigned: Cosigned, keys: list[PrivateKey], witnesses: list[Witness]
) -> None:
    other = Checkpoint(ORIGIN, 6, CHECKPOINT.root)
    bad = cosign(other.text, witnesses[1].name, keys[1], NOW).line
    assert why(cosigned(0) + bad, witnesses) == "cosignature"


def test_a_log_signature_is_no_cosignature(
    note: str, keys: list[PrivateKey], witnesses: list[Witness]
) -> None:
    """The same key, under the key id of its other type, over the bare text."""
    name, key = witnesses[0].name, keys[0]
    data = key_id(name, key.public, COSIGNATURE) + bytes(7) + b"\x01"
    data += key.sign(CHECKPOINT.text.encode())
    line = f"— {name} {b64encode(data).decode()}\n"
    assert why(note + line, witnesses) == "cosignature"


def test_a_cosignature_is_no_log_signature(
    keys: list[PrivateKey], witnesses: list[Witness]
) -> None:
    name, key = witnesses[0].name, keys[0]
    text = f"{CHECKPOINT.text}\n{cosign(CHECKPOINT.text, name, key, NOW).line}"
    with pytest.raises(CheckpointInvalid) as caught:
        open_checkpoint(text, [(name, key.public)])
    assert caught.value.facts["why"] == "unsigned"


@pytest.mark.parametrize("seconds", [0, 1 << 63, (1 << 64) - 1])
def test_a_signed_time_that_none_may_have_is_refused(
    note: str, keys: list[PrivateKey], witnesses: list[Witness], seconds: int
) -> None:
    name, key = witnesses[0].name, keys[0]
    message = f"cosignature/v1\ntime {seconds}\n{CHECKPOINT.text}"
    data = key_id(name, key.public, COSIGNATURE) + seconds.to_bytes(8, "big")
    data += key.sign(message.encode())
    assert why(f"{note}— {name} {b64encode(data).decode()}\n", witnesses) == "cosignature"


def test_every_flipped_bit_of_a_cosignature_spoils_or_unnames_it(
    cosigned: Cosigned, witnesses: list[Witness]
) -> None:
    read = read_note(cosigned(0))
    whole = read.signatures[-1]
    raw = whole.key_id + whole.data
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        forged = whole._replace(key_id=changed[:4], data=changed[4:])
        note = read._replace(signatures=(*read.signatures[:-1], forged)).written
        assert why(note, witnesses) == ("cosignatures" if place < 4 else "cosignature")


@pytest.mark.parametrize("length", [5, 12, 75, 77])
def test_a_cosignature_of_another_length_is_refused(
    cosigned: Cosigned, witnesses: list[Witness], length: int
) -> None:
    read = read_note(cosigned(0))
    whole = read.signatures[-1]
    forged = whole._replace(data=(whole.data + bytes(20))[: length - 4])
    note = read._replace(signatures=(forged,)).written
    assert why(note, witnesses) == "cosignature"


# -- verifier keys --------------------------------------------------------------------------------
@pytest.mark.parametrize("text", [*REAL_WITNESSES, ELSEWHERE])
def test_a_published_verifier_key_comes_back(text: str) -> None:
    assert parse_witness(text).vkey == text


def test_a_logs_verifier_key_is_no_witnesses(keys: list[PrivateKey]) -> None:
    with pytest.raises(CheckpointInvalid):
        parse_witness(vkey("a.example", keys[0].public))
    with pytest.raises(CheckpointInvalid):
        parse_vkey(vkey("a.example", keys[0].public, COSIGNATURE))
    with pytest.raises(CheckpointInvalid):
        parse_witness(REAL_LOG)


def test_signatures_of_others_are_skipped(note: str, witnesses: list[Witness]) -> None:
    read = read_note(note + SPEC_LINE + "\n")
    found: tuple[Cosignature, ...] = cosignatures(read.text, read.signatures, witnesses)
    assert found == ()

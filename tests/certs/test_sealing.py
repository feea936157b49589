"""Sealing: nothing opens in another place, under another key, or changed; no nonce comes twice."""

import os
import stat
import threading
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.errors import InsecureKeyFile, KeyUnusable, MalformedEncoding, SealBroken, SealLimit
from certs.sealing import SEAL_LIMIT, BlindIndex, MasterKey, SealingKey, row_aad

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
TAG, ROW = bytes(16), bytes(range(16))
NONCE = 12


class Place(NamedTuple):
    dataset: str = "demo.yifen:resident"
    generation: str = "7"
    tag: bytes = TAG
    row: bytes = ROW
    version: int = 3


MOVED = {
    "dataset": Place(dataset="demo.yifen:household"),
    "generation": Place(generation="8"),
    "tag": Place(tag=bytes(15) + b"\x01"),
    "row": Place(row=bytes(16)),
    "version": Place(version=4),
}


def place() -> bytes:
    return row_aad(*Place())


@given(st.binary(max_size=600))
def test_what_was_sealed_opens_in_its_place(plaintext: bytes) -> None:
    key = SealingKey(KEY)
    blob = key.seal(plaintext, place())
    assert len(blob) == NONCE + len(plaintext) + 16
    assert SealingKey(KEY).open(blob, place()) == plaintext


@pytest.mark.parametrize("field", Place._fields)
def test_a_row_moved_to_another_place_does_not_open(field: str) -> None:
    key = SealingKey(KEY)
    blob = key.seal(b"{}", place())
    with pytest.raises(SealBroken):
        key.open(blob, row_aad(*MOVED[field]))


@given(st.tuples(st.text(max_size=4), st.text(max_size=4)), st.binary(max_size=4), st.data())
def test_no_two_places_are_written_alike(
    names: tuple[str, str], joined: bytes, data: st.DataObject
) -> None:
    text = "".join(names)
    cut = data.draw(st.integers(0, len(text)))
    other = (text[:cut], text[cut:])
    split, other_split = (data.draw(st.integers(0, len(joined))) for _ in range(2))
    one = (*names, joined[:split], joined[split:], 0)
    two = (*other, joined[:other_split], joined[other_split:], 0)
    assert (row_aad(*one) == row_aad(*two)) == (one == two)


def test_another_key_does_not_open() -> None:
    blob = SealingKey(KEY).seal(b"{}", place())
    with pytest.raises(SealBroken):
        SealingKey(OTHER).open(blob, place())


def test_every_flipped_bit_and_every_cut_is_refused() -> None:
    key = SealingKey(KEY)
    blob = key.seal(b"abc", place())
    for bit in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            key.open(bytes(changed), place())
    for length in range(len(blob)):
        with pytest.raises(SealBroken):
            key.open(blob[:length], place())


def test_the_limit_of_a_key_is_kept_across_restarts() -> None:
    key = SealingKey(KEY, sealed=SEAL_LIMIT - 1)
    blob = key.seal(b"last", b"")
    assert key.sealed == SEAL_LIMIT == 2**31
    for _ in range(2):
        with pytest.raises(SealLimit):
            key.seal(b"one too many", b"")
    assert key.open(blob, b"") == b"last"


def test_no_nonce_comes_twice_from_many_threads() -> None:
    key = SealingKey(KEY)
    found: list[bytes] = []

    def seal() -> None:
        found.extend(key.seal(b"", b"")[:NONCE] for _ in range(5_000))

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 20_000
    assert key.sealed == 20_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_draws_its_own_nonces() -> None:
    key = SealingKey(KEY)
    key.seal(b"", b"")  # fills the pool that a child would inherit
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"".join(key.seal(b"", b"")[:NONCE] for _ in range(300)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    theirs = {data[start : start + NONCE] for start in range(0, len(data), NONCE)}
    ours = {key.seal(b"", b"")[:NONCE] for _ in range(600)}
    assert len(theirs) == 300
    assert not theirs & ours


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_keys_of_another_length_are_refused(length: int) -> None:
    for kind in (SealingKey, BlindIndex, MasterKey):
        with pytest.raises(KeyUnusable):
            kind(bytes(length))


def test_blind_indexes_are_hmac_sha256_of_the_written_form() -> None:
    # Recomputed with another implementation of HMAC: the form must never change unnoticed.
    import hmac  # noqa: PLC0415 the peer of this one test

    index = BlindIndex(KEY)
    tag = index.tag("resident_id", "11010519491231002X")
    expected = hmac.digest(KEY, b"s11:resident_id11010519491231002X", "sha256")
    assert tag == expected[:16]
    expected = hmac.digest(KEY, "r户主|1".encode(), "sha256")
    assert index.row("户主|1") == expected[:16]


@given(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6), st.text(max_size=6))
def test_blind_indexes_tell_subjects_apart(a: str, b: str, c: str, d: str) -> None:
    index = BlindIndex(KEY)
    assert (index.tag(a, b) == index.tag(c, d)) == ((a, b) == (c, d))
    assert index.tag(a, b) != BlindIndex(OTHER).tag(a, b)


def test_a_subject_with_a_lone_surrogate_is_malformed_input() -> None:
    index = BlindIndex(KEY)
    with pytest.raises(MalformedEncoding):
        index.tag("resident_id", "\ud800")
    with pytest.raises(MalformedEncoding):
        index.row("\ud800")


def test_a_master_key_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    master = MasterKey.create(path)
    wrapped = master.wrap(KEY, "generation demo.yifen:resident/7")
    again = MasterKey.load(path)
    assert again.unwrap(wrapped, "generation demo.yifen:resident/7") == KEY
    assert again.derive("subject pseudonym") == master.derive("subject pseudonym")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_wrapped_key_opens_only_as_itself(tmp_path: Path) -> None:
    master = MasterKey.create(tmp_path / "master.key")
    wrapped = master.wrap(KEY, "generation 7")
    with pytest.raises(SealBroken):
        master.unwrap(wrapped, "generation 8")
    with pytest.raises(SealBroken):
        MasterKey.create(tmp_path / "other.key").unwrap(wrapped, "generation 7")
    with pytest.raises(SealBroken):
        master.unwrap(wrapped[:20], "generation 7")


def test_derived_keys_differ_by_label_and_are_not_the_wrapping_key() -> None:
    master = MasterKey(KEY)
    derived = {master.derive(label) for label in ("a", "b", "", "yifen/v1/wrap")}
    assert len(derived) == 4
    wrapped = master.wrap(OTHER, "context")
    for key in (*derived, KEY):
        with pytest.raises(SealBroken):
            SealingKey(key).open(wrapped, b"context")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_master_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    MasterKey.create(path)
    path.chmod(mode)
    with pytest.raises(InsecureKeyFile):
        MasterKey.load(path)


def test_a_master_key_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    MasterKey.create(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        MasterKey.create(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("change", [b"", b"\xff", b"no key at all\n", b"yifen-master-key-1:AAAA\n"])
def test_a_spoiled_master_key_file_is_refused(tmp_path: Path, change: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(change)
    path.chmod(0o600)
    with pytest.raises(KeyUnusable):
        MasterKey.load(path)


def test_no_key_shows_itself() -> None:
    for thing in (MasterKey(KEY), SealingKey(KEY), BlindIndex(KEY)):
        assert KEY.hex() not in repr(thing)
        assert str(KEY) not in repr(thing)

"""``add-checkpoint`` as C2SP tlog-witness has it: every status, and what is kept before it."""

import hashlib
import itertools
from base64 import b64encode
from dataclasses import replace

import pytest
from world.time import NOW, Time
from world.witnessing import House, SmallLog

from certs.cosignature import verify_cosignatures
from certs.keys import generate
from certs.note import open_checkpoint, read_note, sign_checkpoint
from certs.tree import EMPTY_ROOT, leaf_hash
from connectors.witness.folder import add_log
from connectors.witness.request import MAX_BODY_BYTES, MAX_PROOF_LINES

# A sigsum log with a published test key; three checkpoints of it, by another implementation.
SIGSUM = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
SIGSUM_KEY = bytes.fromhex("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f")
SIGSUM_1 = f"""\
{SIGSUM}
1
KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

— {SIGSUM} UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAm\
Q0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=
"""
SIGSUM_3 = f"""\
{SIGSUM}
3
RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=

— {SIGSUM} UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2a\
QYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=
"""
SIGSUM_5 = f"""\
{SIGSUM}
5
QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=

— {SIGSUM} UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtd\
vl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=
"""
SIGSUM_1_TO_3 = (
    "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nKgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
)
SIGSUM_1_TO_5 = (
    "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\n"
    "KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
)


def seen(witness: House, log: SmallLog, size: int) -> None:
    """The witness has cosigned ``size``."""
    kept = witness.cosigned(log.origin)
    assert witness.post(log.body(kept.size if kept else 0, size)).status == 200


def standing(witness: House, log: SmallLog) -> int | None:
    kept = witness.cosigned(log.origin)
    return None if kept is None else kept.size


# -- 200 ------------------------------------------------------------------------------------------
def test_the_first_checkpoint_is_taken_by_itself(witness: House, log: SmallLog) -> None:
    told = witness.post(log.body(0, 5))
    assert told.status == 200
    assert told.text.startswith(f"— {witness.public.name} ")
    assert told.text.count("\n") == 1
    (made,) = verify_cosignatures(log.note(5) + told.text, [witness.public], 1)
    assert made.time == NOW // 1000 * 1000
    assert standing(witness, log) == 5


def test_a_log_that_only_grows_is_cosigned_at_every_size(witness: House, log: SmallLog) -> None:
    log.grow(60)
    sizes = [0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 64, 67]
    for old, size in itertools.pairwise(sizes):
        told = witness.post(log.body(old, size))
        assert told.status == 200, (old, size, told)
        verify_cosignatures(log.note(size) + told.text, [witness.public], 1)


def test_the_same_checkpoint_is_cosigned_again(witness: House, log: SmallLog, clock: Time) -> None:
    first = witness.post(log.body(0, 5))
    clock.now += 60_000
    again = witness.post(log.body(5, 5))
    assert again.status == 200
    assert again.text != first.text
    (made,) = verify_cosignatures(log.note(5) + again.text, [witness.public], 1)
    assert made.time == NOW + 60_000


def test_an_empty_log_may_be_cosigned(witness: House) -> None:
    log = SmallLog("empty.example/log")
    add_log(witness.path, log.vkey)
    assert log.checkpoint().root == EMPTY_ROOT
    for _ in range(2):
        assert witness.post(log.body(0, 0)).status == 200
    log.grow(2)
    assert witness.post(log.body(0, 2)).status == 200


def test_checkpoints_of_another_implementation_are_cosigned(witness: House) -> None:
    identifier = hashlib.sha256(SIGSUM.encode() + b"\n\x01" + SIGSUM_KEY).hexdigest()[:8]
    key = b64encode(b"\x01" + SIGSUM_KEY).decode()
    add_log(witness.path, f"{SIGSUM}+{identifier}+{key}")
    assert witness.post(f"old 0\n\n{SIGSUM_1}".encode()).status == 200
    assert witness.post(f"old 1\n{SIGSUM_1_TO_5}\n{SIGSUM_5}".encode()).status == 200
    told = witness.post(f"old 1\n{SIGSUM_1_TO_3}\n{SIGSUM_3}".encode())
    assert (told.status, told.text) == (409, "5\n")


def test_extension_lines_are_cosigned_and_nothing_said_of_them(
    witness: House, log: SmallLog
) -> None:
    text = log.checkpoint(5).text + "extension\n"
    good = read_note(log.note(5))
    (signature,) = good.signatures
    signed = signature._replace(data=log.key.sign(text.encode()))
    note = good._replace(text=text, signatures=(signed,)).written
    told = witness.post(log.body(0, 5, note=note))
    assert told.status == 200
    verify_cosignatures(note + told.text, [witness.public], 1)


def test_a_clock_that_was_set_back_does_not_make_a_larger_tree_older(
    witness: House, log: SmallLog, clock: Time
) -> None:
    seen(witness, log, 3)
    clock.now -= 3_600_000
    told = witness.post(log.body(3, 5))
    (made,) = verify_cosignatures(log.note(5) + told.text, [witness.public], 1)
    assert made.time == NOW // 1000 * 1000


# -- 400 ------------------------------------------------------------------------------------------
LINE = b64encode(bytes(32)) + b"\n"
MALFORMED = {
    "nothing": lambda _: b"",
    "no old size": lambda body: body.partition(b"\n")[2],
    "another word": lambda body: body.replace(b"old ", b"new ", 1),
    "old size with a zero before it": lambda body: body.replace(b"old 3", b"old 03", 1),
    "old size with a sign": lambda body: body.replace(b"old 3", b"old +3", 1),
    "old size below nothing": lambda body: body.replace(b"old 3", b"old -3", 1),
    "huge old size": lambda body: body.replace(b"old 3", b"old " + b"9" * 19, 1),
    "old size in other digits": lambda body: body.replace(b"old 3", "old ３".encode(), 1),
    "two spaces": lambda body: body.replace(b"old 3", b"old  3", 1),
    "old size beyond the checkpoint": lambda body: body.replace(b"old 3", b"old 6", 1),
    "carriage returns": lambda body: body.replace(b"\n", b"\r\n"),
    "short hash": lambda body: body.replace(b"old 3\n", b"old 3\nAAAA\n", 1),
    "hash of another alphabet": lambda body: body.replace(
        b"old 3\n", b"old 3\n" + b"_" * 43 + b"=\n"
    ),
    "64 hashes": lambda body: body.replace(b"old 3\n", b"old 3\n" + LINE * 64, 1),
    "no checkpoint": lambda body: body.partition(b"\n\n")[0] + b"\n\n",
    "no signature": lambda body: body.rpartition(b"\n\n")[0] + b"\n",
    "not UTF-8": lambda body: body + b"\xff\n",
    "no newline at the end": lambda body: body[:-1],
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_request_is_told_so(witness: House, log: SmallLog, what: str) -> None:
    seen(witness, log, 3)
    body = log.body(3, 5)
    changed = MALFORMED[what](body)
    assert changed != body
    told = witness.post(changed)
    assert told.status == 400, told
    assert "— " not in told.text
    assert standing(witness, log) == 3


@pytest.mark.parametrize("line", ["05", "five", "-5", ""])
def test_a_signed_text_that_is_no_checkpoint_is_malformed(
    witness: House, log: SmallLog, line: str
) -> None:
    good = read_note(log.note(5))
    text = good.text.replace("\n5\n", f"\n{line}\n")
    (signature,) = good.signatures
    signed = signature._replace(data=log.key.sign(text.encode()))
    note = good._replace(text=text, signatures=(signed,)).written
    assert witness.post(log.body(0, 5, note=note)).status == 400
    assert standing(witness, log) is None


def test_63_hashes_are_read(witness: House, log: SmallLog) -> None:
    """As many as the protocol lets through; that they prove nothing is another matter."""
    assert witness.post(log.body(0, 5, proof=[bytes(32)] * MAX_PROOF_LINES)).status == 422


def test_a_body_longer_than_any_request_is_not_read(witness: House) -> None:
    assert witness.post(b"o" * (MAX_BODY_BYTES + 1)).status == 413


# -- 403, 404 -------------------------------------------------------------------------------------
def test_an_unknown_log_is_not_found(witness: House) -> None:
    other = SmallLog("other.example/log")
    other.grow(2)
    assert witness.post(other.body(0)).status == 404
    assert witness.cosigned(other.origin) is None


def test_a_checkpoint_of_another_key_is_forbidden(witness: House, log: SmallLog) -> None:
    thief = replace(log, key=generate("ed25519"))
    assert witness.post(thief.body(0, 5)).status == 403
    assert standing(witness, log) is None


def test_a_known_log_signed_by_another_known_logs_key_is_forbidden(
    witness: House, log: SmallLog
) -> None:
    other = SmallLog("other.example/log")
    add_log(witness.path, other.vkey)
    note = sign_checkpoint(log.checkpoint(5), other.origin, other.key)
    assert witness.post(log.body(0, 5, note=note)).status == 403


def test_a_failing_signature_beside_a_good_one_is_forbidden(witness: House, log: SmallLog) -> None:
    bad = log.note(4).rpartition("\n\n")[2]
    assert witness.post(log.body(0, 5, note=log.note(5) + bad)).status == 403
    assert standing(witness, log) is None


def test_a_changed_text_is_forbidden(witness: House, log: SmallLog) -> None:
    note = log.note(5).replace("\n5\n", "\n6\n")
    assert witness.post(log.body(0, 5, note=note)).status == 403


def test_signatures_of_strangers_are_passed_over_and_not_kept(
    witness: House, log: SmallLog
) -> None:
    stranger = sign_checkpoint(log.checkpoint(5), "stranger.example", generate("ed25519"))
    line = stranger.rpartition("\n\n")[2]
    assert witness.post(log.body(0, 5, note=log.note(5) + line)).status == 200
    kept = witness.cosigned(log.origin)
    assert kept is not None
    assert "stranger" not in kept.note


# -- 409 ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("old", [0, 1, 4])
def test_another_old_size_is_told_the_right_one(witness: House, log: SmallLog, old: int) -> None:
    seen(witness, log, 3)
    told = witness.post(log.body(old, 5))
    assert (told.status, told.text, told.content_type) == (409, "3\n", "text/x.tlog.size")
    assert standing(witness, log) == 3


def test_an_old_size_of_a_log_never_seen_is_told_nothing_is(witness: House, log: SmallLog) -> None:
    told = witness.post(log.body(3, 5))
    assert (told.status, told.text, told.content_type) == (409, "0\n", "text/x.tlog.size")


def test_a_smaller_checkpoint_never_takes_the_place_of_a_larger_one(
    witness: House, log: SmallLog
) -> None:
    seen(witness, log, 5)
    assert witness.post(log.body(3, 4)).status == 409
    assert witness.post(log.body(0, 4)).status == 409
    assert witness.post(log.body(5, 4, proof=[])).status == 400
    assert standing(witness, log) == 5


# -- 422 ------------------------------------------------------------------------------------------
def test_a_fork_at_the_same_size_is_refused_and_kept_as_evidence(
    witness: House, log: SmallLog
) -> None:
    seen(witness, log, 5)
    fork = log.fork(3)
    fork.grow(2, "another leaf")
    told = witness.post(fork.body(5))
    assert told.status == 422
    assert "— " not in told.text
    (refused,) = witness.refused(log.origin)
    assert refused.why == "root"
    # Two checkpoints of one size and two roots, both signed by the log: that convicts it.
    trusted = [(log.origin, log.key.public)]
    one, two = (open_checkpoint(note, trusted) for note in (refused.note, refused.kept))
    assert (one.size, one.origin) == (two.size, two.origin)
    assert one.root != two.root
    verify_cosignatures(refused.kept, [witness.public], 1)


@pytest.mark.parametrize("kept", [0, 2, 3, 4])
def test_a_fork_that_went_on_is_refused(witness: House, log: SmallLog, kept: int) -> None:
    seen(witness, log, 5)
    fork = log.fork(kept)
    fork.grow(20, "another leaf")
    assert witness.post(fork.body(5, 20)).status == 422
    assert standing(witness, log) == 5
    (refused,) = witness.refused(log.origin)
    assert refused.why == "consistency"


def test_a_proof_that_leads_elsewhere_is_refused(witness: House, log: SmallLog) -> None:
    seen(witness, log, 3)
    proof = log.proof(3, 6)
    for wrong in ([], proof[:-1], [*proof, bytes(32)], [proof[1], proof[0], *proof[2:]]):
        assert witness.post(log.body(3, 6, proof=wrong)).status == 422
    assert standing(witness, log) == 3
    assert witness.post(log.body(3, 6)).status == 200


def test_a_first_checkpoint_needs_no_proof_and_may_have_none(witness: House, log: SmallLog) -> None:
    assert witness.post(log.body(0, 5, proof=[bytes(32)])).status == 422
    assert standing(witness, log) is None


def test_a_proof_from_a_size_to_itself_is_refused(witness: House, log: SmallLog) -> None:
    seen(witness, log, 5)
    assert witness.post(log.body(5, 5, proof=[bytes(32)])).status == 422


@pytest.mark.parametrize("root", [bytes(32), leaf_hash(b"leaf")])
def test_an_empty_log_with_the_root_of_another_is_refused(
    witness: House, log: SmallLog, root: bytes
) -> None:
    good = read_note(log.note(5))
    text = f"{log.origin}\n0\n{b64encode(root).decode()}\n"
    (signature,) = good.signatures
    signed = signature._replace(data=log.key.sign(text.encode()))
    note = good._replace(text=text, signatures=(signed,)).written
    assert witness.post(log.body(0, 0, note=note)).status == 422
    assert standing(witness, log) is None
    seen(witness, log, 3)
    assert witness.post(log.body(0, 0, note=note)).status == 409
    assert witness.post(log.body(3, 3, proof=[], note=note)).status == 400


def test_evidence_is_kept_once_and_not_without_end(
    witness: House, log: SmallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.witness.store.MOST_REFUSED", 3)
    seen(witness, log, 2)
    for size in (3, 3, 4, 5, 6, 7):
        assert witness.post(log.body(2, size, proof=[])).status == 422
    assert len(witness.refused(log.origin)) == 3
    # What convicts by itself finds its place all the same.
    fork = log.fork(1)
    fork.grow(1, "another leaf")
    assert witness.post(fork.body(2)).status == 422
    assert [one.why for one in witness.refused(log.origin)].count("root") == 1

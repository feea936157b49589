"""Evidence whose receipt holds, and whose entry, answer or place in the ledger is a lie."""

from base64 import b64decode
from pathlib import Path

import pytest
from world.auditing import Members, Witness, cosigned, signer_of
from world.evidence import Evidence
from world.outsider import (
    YEAR,
    Outsider,
    note_of,
    only,
    proof_of,
    with_chain,
    with_note,
)
from world.time import NOW
from world.town import SUBJECTS

from certs.authority import Authority
from certs.encoding import b64u, digest, sha256
from certs.keys import generate
from certs.note import Checkpoint, sign_checkpoint, vkey
from certs.proof_file import ProofFile, write_proof
from hub.ledger.checkpoint import newest

W1 = Witness("witness.example/w1")
OTHER = "urn:yifen:connector:demo.yifen:mrb:gateway"


# -- the entry ---------------------------------------------------------------------------------
def test_an_entry_about_somebody_else(honest: Evidence, outsider: Outsider) -> None:
    for change in (
        {"subject": {"id": SUBJECTS[1], "type": "resident_id"}},
        {"officer": "psb.officer"},
        {"case": None},
    ):
        forged = honest.entered(person={**honest.person, **change})
        assert only(outsider.verify(forged)) == "person"


@pytest.mark.parametrize(
    ("control", "member"),
    [
        ({"department": "demo.yifen:mrb"}, "department"),
        ({"connector": OTHER}, "connector"),
        ({"connector": None, "channel": "console"}, "channel"),
        ({"dataset": "demo.yifen:real_estate"}, "dataset"),
        ({"dataset": None}, "dataset"),
        ({"purpose": "school_enrolment"}, "purpose"),
        ({"delegation": "demo.yifen:D-0123456789ab"}, "delegation"),
        ({"R": digest(b"other")}, "R"),
        ({"grant": None}, "grant"),
        ({"outcome": "perhaps"}, "outcome"),
        ({"kind": "verify"}, "kind"),
    ],
)
def test_an_entry_that_tells_another_story(
    honest: Evidence, outsider: Outsider, control: dict[str, str], member: str
) -> None:
    verdict = outsider.verify(honest.entered(**control))  # type: ignore[arg-type]
    assert only(verdict) == "control-says"
    (fault,) = verdict._all("faults")
    assert fault["facts"]["member"] == member  # type: ignore[index]


def test_a_control_part_exchanged(honest: Evidence, outsider: Outsider) -> None:
    control = honest.opening["control"]
    assert isinstance(control, dict)
    opening = honest.opening | {"control": control | {"grant_version": 7}}
    assert only(outsider.verify(honest.bundle | {"opening": opening})) == "control"


def test_a_leaf_that_the_receipt_does_not_promise(honest: Evidence, outsider: Outsider) -> None:
    forged = honest.entered() | {"receipt": honest.bundle["receipt"]}
    assert only(outsider.verify(forged)) == "leaves"


@pytest.mark.parametrize(
    "leaf", [{"v": 2}, {"time": "2026-13-01T00:00:00.000Z"}, {"kind": "LOOKUP"}, {"more": 1}]
)
def test_a_leaf_of_another_form(honest: Evidence, outsider: Outsider, leaf: Members) -> None:
    before = honest.opening["leaf"]
    assert isinstance(before, dict)
    opening = honest.opening | {"leaf": before | leaf}
    assert only(outsider.verify(honest.bundle | {"opening": opening})) == "leaf-form"


@pytest.mark.parametrize(
    ("late", "claims"), [(-3_600_000, None), (3_600_000, None), (0, {"issued": NOW // 1000 - 90})]
)
def test_an_entry_that_does_not_fit_its_time(
    honest: Evidence, outsider: Outsider, late: int, claims: dict[str, object] | None
) -> None:
    assert only(outsider.verify(honest.entered(late=late, claims=claims))) == "times"


# -- the answer --------------------------------------------------------------------------------
def test_an_answer_changed_on_its_way(honest: Evidence, outsider: Outsider) -> None:
    file = outsider.file("answer.json", honest.answer.replace("张".encode(), "章".encode()))
    assert file.read_bytes() != honest.answer
    assert only(outsider.verify(honest.bundle, "--answer", file)) == "answer-digest"


def test_a_receipt_over_another_answer(honest: Evidence, outsider: Outsider) -> None:
    file = outsider.file("answer.json", honest.answer)
    forged = honest.signed(body=digest(b"other"))
    assert only(outsider.verify(forged, "--answer", file)) == "answer-digest"
    again = honest.signed(body=None)
    assert only(outsider.verify(again, "--answer", file)) == "answer-unbound"


def test_an_entry_over_another_answer(honest: Evidence, outsider: Outsider) -> None:
    file = outsider.file("answer.json", honest.answer)
    forged = honest.entered(a=digest(b"other"))
    assert only(outsider.verify(forged, "--answer", file)) == "answer-result"


def test_an_answer_that_is_not_given_is_told(honest: Evidence, outsider: Outsider) -> None:
    assert "answer-not-given" in outsider.verify(honest.bundle).remarks


# -- the ledger --------------------------------------------------------------------------------
def test_a_promise_without_proof(honest: Evidence, outsider: Outsider) -> None:
    assert only(outsider.verify(honest.bundle | {"proof": None})) == "proof-missing"


def test_a_proof_for_another_index(honest: Evidence, outsider: Outsider) -> None:
    first = honest.receipt.first
    note, path = proof_of(honest, first - 1)
    hashes = [b64u(one) for one in path]
    forged = honest.bundle | {"proof": {"checkpoint": note, "hashes": hashes}}
    assert only(outsider.verify(forged)) == "inclusion"
    file = outsider.file("other.tlog-proof", write_proof(ProofFile(first - 1, path, note)))
    assert only(outsider.verify(honest.bundle, "--proof", file)) == "proof-index"


def test_a_checkpoint_under_another_key(honest: Evidence, outsider: Outsider) -> None:
    origin, size, root, *_ = note_of(honest).split("\n")
    checkpoint = Checkpoint(origin, int(size), sha256(root.encode()))
    forged = with_note(honest, sign_checkpoint(checkpoint, origin, generate("ed25519")))
    assert only(outsider.verify(forged)) == "note-unsigned"


def test_a_checkpoint_of_another_log(honest: Evidence, outsider: Outsider) -> None:
    sign = signer_of(honest.world.hub)
    published = newest(honest.world.hub.reading)
    assert published is not None
    forged = with_note(honest, sign(published.size, sha256(b"other")))
    assert only(outsider.verify(forged)) == "inclusion"


def test_a_witness_s_signature_over_another_body(honest: Evidence, outsider: Outsider) -> None:
    other = signer_of(honest.world.hub)(7, sha256(b"other"))
    forged = with_note(honest, cosigned(note_of(honest), [W1], over=other))
    assert only(outsider.verify(forged, "--witness", W1.vkey)) == "cosignature"


# -- keys of the log that follow one another ---------------------------------------------------
def test_a_key_that_leads_to_the_root_follows_the_pinned_one(
    honest: Evidence, outsider: Outsider
) -> None:
    authority, key = honest.world.hub.authority, generate("ed25519")
    pem = authority.issue_checkpoint(key.public, now=NOW, lifetime_ms=YEAR * 1000)
    forged = with_chain(honest, key, pem, authority.issuing_der)
    for pinned in (True, False):
        assert outsider.verify(forged, pinned=pinned).faults == []
    bare = forged | {"proof": {n: v for n, v in forged["proof"].items() if n != "chain"}}  # type: ignore[union-attr]
    assert only(outsider.verify(bare)) == "note-unsigned"


def test_a_key_of_the_log_that_does_not_lead_to_the_root(
    honest: Evidence, outsider: Outsider, tmp_path: Path
) -> None:
    authority, key = honest.world.hub.authority, generate("ed25519")
    lifetime = YEAR * 1000
    foreign = Authority.create(tmp_path / "foreign", "demo.yifen", NOW - 86_400_000)
    pem = foreign.issue_checkpoint(key.public, now=NOW, lifetime_ms=lifetime)
    forged = with_chain(honest, key, pem, foreign.issuing_der)
    assert only(outsider.verify(forged)) == "certificate-chain"

    gone = authority.issue_checkpoint(key.public, now=NOW - 86_000_000, lifetime_ms=60_000)
    forged = with_chain(honest, key, gone, authority.issuing_der)
    assert only(outsider.verify(forged)) == "certificate-time"

    receipt = authority.issue_receipt(honest.key.public, now=NOW, lifetime_ms=lifetime)
    forged = with_chain(honest, key, receipt, authority.issuing_der)
    assert only(outsider.verify(forged)) == "certificate-usage"


def test_the_log_s_key_is_no_witness_s(honest: Evidence, outsider: Outsider) -> None:
    """Also a key that only the certificates in the evidence name."""
    authority, key = honest.world.hub.authority, generate("ed25519")
    pem = authority.issue_checkpoint(key.public, now=NOW, lifetime_ms=YEAR * 1000)
    forged = with_chain(honest, key, pem, authority.issuing_der)
    twin = Witness("witness.example/twin", key)
    note = str(forged["proof"]["checkpoint"])  # type: ignore[index, call-overload]
    forged["proof"] = {**forged["proof"], "checkpoint": cosigned(note, [twin])}  # type: ignore[dict-item]
    assert outsider.verify(forged, "--witness", twin.vkey).status == 2


def test_a_log_that_goes_on_under_its_next_name(honest: Evidence, outsider: Outsider) -> None:
    """After a restore entries keep their places; a later name is believed, no earlier one."""
    hub = honest.world.hub
    _, size, root, *_ = note_of(honest).split("\n")
    for origin, ok in (
        ("demo.yifen/ledger/2", True),
        ("demo.yifen/ledger/0", False),
        ("other.yifen/ledger/2", False),
    ):
        note = signer_of(hub, origin)(int(size), b64decode(root))
        key = ("--log", vkey(origin, hub.checkpoint_key))
        verdict = outsider.verify(with_note(honest, note), *key)
        if ok:
            assert verdict.faults == []
            assert "origin-continued" in verdict.remarks
        else:
            assert only(verdict) == "proof-origin"

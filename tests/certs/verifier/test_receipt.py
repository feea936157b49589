"""An evidence file at an outsider's: honest, and each of a hub's lies about receipt and request."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from world.auditing import Members, Witness, cosigned
from world.evidence import Evidence, evidence_of
from world.outsider import (
    YEAR,
    Outsider,
    base_of,
    note_of,
    only,
    proof_of,
    with_note,
    with_request,
)
from world.time import NOW
from world.town import ADDRESS, World

from certs.authority import Authority
from certs.canonical import canonical
from certs.certificates import read_certificate
from certs.encoding import b64u, digest, sha256, unb64u
from certs.keys import generate
from certs.proof_file import ProofFile, write_proof
from certs.signatures import request_digest

W1, W2 = Witness("witness.example/w1"), Witness("witness.example/w2")
OTHER = "urn:yifen:connector:demo.yifen:mrb:gateway"


# -- what holds --------------------------------------------------------------------------------
def test_honest_evidence_holds(honest: Evidence, outsider: Outsider) -> None:
    answer = outsider.file("answer.json", honest.answer)
    verdict = outsider.verify(honest.bundle, "--answer", answer)
    assert verdict.faults == []
    assert verdict.status == 0
    assert verdict.passed == {
        "receipt-good",
        "question-good",
        "entry-good",
        "answer-good",
        "head",
        "inclusion-good",
    }


def test_the_fingerprint_in_hexadecimal(honest: Evidence, outsider: Outsider) -> None:
    plain = unb64u(outsider.root).hex()
    colons = ":".join(plain[i : i + 2] for i in range(0, 64, 2)).upper()
    for root in (plain, colons):
        assert outsider.verify(honest.bundle, root=root).faults == []


def test_what_is_forged_without_a_lie_holds(honest: Evidence, outsider: Outsider) -> None:
    assert outsider.verify(honest.signed()).faults == []
    assert outsider.verify(honest.entered()).faults == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda w: w.nrb.verify({"name": "李四"}),
        lambda w: w.nrb.lookup(purpose="school_enrolment"),
        lambda w: w.gateway("mrb").lookup(),
        lambda w: w.nrb.lookup(subject={"id": "x", "type": "resident_id"}),
        lambda w: w.nrb.lookup(nonsense=True),
    ],
    ids=["verify", "refused", "without-grant", "unprocessable", "malformed"],
)
def test_every_exit_has_evidence(
    place: World, outsider: Outsider, ask: Callable[[World], object]
) -> None:
    sent = ask(place)
    answer = place.ask(sent)  # type: ignore[arg-type]
    found = evidence_of(place, sent, answer)  # type: ignore[arg-type]
    file = outsider.file("answer.json", answer.body)
    verdict = outsider.verify(found.bundle, "--answer", file)
    assert verdict.faults == []


def test_the_proof_from_a_file(honest: Evidence, outsider: Outsider) -> None:
    note, path = proof_of(honest, honest.receipt.first)
    file = outsider.file(
        "entry.tlog-proof", write_proof(ProofFile(honest.receipt.first, path, note, b"leaf"))
    )
    bare = honest.bundle | {"proof": None}
    assert outsider.verify(bare, "--proof", file).faults == []


def test_witnesses_of_the_checkpoint(honest: Evidence, outsider: Outsider) -> None:
    trusted = ("--witness", W1.vkey, "--witness", W2.vkey, "--quorum", "1")
    assert only(outsider.verify(honest.bundle, *trusted)) == "quorum"
    both = with_note(honest, cosigned(note_of(honest), [W1, W2]))
    verdict = outsider.verify(both, *trusted)
    assert verdict.faults == []
    assert "no-witness" not in verdict.remarks


# -- the receipt and its key -------------------------------------------------------------------
def test_a_receipt_of_a_foreign_root(honest: Evidence, outsider: Outsider, tmp_path: Path) -> None:
    foreign = Authority.create(tmp_path / "foreign", "demo.yifen", NOW - 86_400_000)
    key = generate()
    pem = foreign.issue_receipt(key.public, now=NOW - 86_400_000, lifetime_ms=YEAR * 1000)
    forged = replace(honest, key=key, certificate=read_certificate(pem).der).signed()
    chain = forged["receipt_chain"]
    assert isinstance(chain, list)
    forged["receipt_chain"] = [chain[0], b64u(foreign.issuing_der)]
    assert only(outsider.verify(forged)) == "certificate-chain"
    assert only(outsider.verify(forged | {"root": foreign.root_pem.decode()})) == "root"


def test_a_receipt_under_a_connector_s_key(honest: Evidence, outsider: Outsider) -> None:
    key, keyid = honest.world.town.keys["nrb"]
    (der,) = honest.world.hub.reading.execute(
        "SELECT der FROM certificates WHERE keyid = ?", (keyid,)
    ).fetchone()
    forged = replace(honest, key=key, certificate=der)
    assert only(outsider.verify(forged.signed())) == "certificate-usage"


def test_a_receipt_whose_key_had_run_out(honest: Evidence, outsider: Outsider) -> None:
    late = honest.signed(issued=NOW // 1000 + 4 * YEAR)
    assert only(outsider.verify(late)) == "certificate-time"


def test_a_receipt_under_a_key_of_nobody(honest: Evidence, outsider: Outsider) -> None:
    forged = honest.bundle | {
        "receipt": replace(honest, key=generate()).signed()["receipt"],
    }
    assert only(outsider.verify(forged)) == "receipt-form"


@pytest.mark.parametrize("part", [1, 2])
def test_a_receipt_changed_after_it_was_signed(
    honest: Evidence, outsider: Outsider, part: int
) -> None:
    parts = str(honest.bundle["receipt"]).split(".")
    if part == 1:
        told = json.loads(unb64u(parts[1]))
        parts[1] = b64u(canonical(told | {"status": 404}))
    else:
        parts[2] = b64u(bytes(64))
    verdict = outsider.verify(honest.bundle | {"receipt": ".".join(parts)})
    assert only(verdict) == "receipt-signature"


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS256"}, {"typ": "JWT"}, {"crit": []}, {"kid": "x"}]
)
def test_a_header_that_would_choose_how_it_is_verified(
    honest: Evidence, outsider: Outsider, header: Members
) -> None:
    parts = str(honest.bundle["receipt"]).split(".")
    parts[0] = b64u(canonical(json.loads(unb64u(parts[0])) | header))
    verdict = outsider.verify(honest.bundle | {"receipt": ".".join(parts)})
    assert only(verdict) == "receipt-form"


@pytest.mark.parametrize("claims", [{"issuer": "other.yifen"}, {"audience": OTHER}, {"entries": 2}])
def test_a_receipt_for_others(
    honest: Evidence, outsider: Outsider, claims: dict[str, object]
) -> None:
    assert only(outsider.verify(honest.signed(**claims))) == "receipt-party"


def test_a_receipt_for_another_entry(honest: Evidence, outsider: Outsider) -> None:
    moved = honest.signed(first=honest.receipt.first + 1)
    assert only(outsider.verify(moved | {"entry": honest.receipt.first})) == "receipt-party"
    assert only(outsider.verify(moved)) == "inclusion"


# -- the request and its question --------------------------------------------------------------
def test_a_receipt_about_another_request(honest: Evidence, outsider: Outsider) -> None:
    assert only(outsider.verify(honest.signed(request=digest(b"other")))) == "request-digest"


def test_a_request_that_the_connector_did_not_sign(honest: Evidence, outsider: Outsider) -> None:
    forged = with_request(honest, base_of(honest), key="nobody's")
    assert only(outsider.verify(forged.entered(R=forged.receipt.request))) == "request-signature"


def test_another_question_than_the_one_that_was_signed(
    honest: Evidence, outsider: Outsider
) -> None:
    question = json.loads(str(honest.bundle["question"]))
    other = canonical(question | {"case": "2026-9999"}).decode()
    assert only(outsider.verify(honest.bundle | {"question": other})) == "question"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"{ADDRESS}/v1/datasets/resident/lookup", f"{ADDRESS}/v1/datasets/resident/verify"),
        (f"{ADDRESS}/v1/", f"{ADDRESS}/elsewhere/v1/"),
        ("lookup\n", "lookup?as=/v1/datasets/resident/lookup\n"),
        ('"@method": POST', '"@method": GET'),
        ('tag="yifen"', 'tag="other"'),
        ('keyid="', 'keyid="x'),
        ('"content-digest": ', '"x-digest": '),
        ('"content-digest" ', ""),
        (";created=", ";creation="),
    ],
)
def test_a_signature_over_something_else(
    honest: Evidence, outsider: Outsider, old: str, new: str
) -> None:
    """Signed by the connector, and no question of the exchange."""
    text = base_of(honest).decode()
    assert old in text
    forged = with_request(honest, text.replace(old, new, 1).encode())
    assert only(outsider.verify(forged.entered(R=forged.receipt.request))) == "request-form"


def test_a_question_signed_by_another_department(honest: Evidence, outsider: Outsider) -> None:
    other, keyid = honest.world.town.keys["mrb"]
    (der,) = honest.world.hub.reading.execute(
        "SELECT der FROM certificates WHERE keyid = ?", (keyid,)
    ).fetchone()
    base = base_of(honest)
    signature = other.sign(base)
    request = {"base": b64u(base), "signature": b64u(signature), "certificate": b64u(der)}
    forged = replace(honest, bundle=honest.bundle | {"request": request})
    told = forged.signed(request=request_digest(base, signature))
    assert only(outsider.verify(told)) == "receipt-party"


# -- unreadable --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"{",
        lambda b: canonical({**b, "v": 3}),
        lambda b: canonical({k: v for k, v in b.items() if k != "opening"}),
        lambda b: canonical({**b, "receipt_chain": []}),
        lambda b: canonical(b).replace(b'"entry":', b'"entry":0,"entry":', 1),
        lambda b: canonical(b).replace(b'"v":2', b'"v":2.0'),
        lambda _: b"x" * (1 << 21),
    ],
)
def test_what_is_no_evidence_file_is_no_verdict(
    honest: Evidence, outsider: Outsider, change: Callable[[Members], bytes]
) -> None:
    assert outsider.verify(change(honest.bundle)).status == 2


def test_evidence_of_an_old_connector_lacks_the_root(honest: Evidence, outsider: Outsider) -> None:
    old = {name: value for name, value in honest.bundle.items() if name != "root"} | {"v": 1}
    assert only(outsider.verify(old)) == "no-root"


@pytest.mark.parametrize("root", ["x", "A" * 42, "zz" * 32])
def test_a_fingerprint_that_is_none(honest: Evidence, outsider: Outsider, root: str) -> None:
    assert outsider.verify(honest.bundle, root=root).status == 2


def test_a_fingerprint_may_begin_with_a_dash(honest: Evidence, outsider: Outsider) -> None:
    """It is base64url: one hub in 64 has such a root, and it is no option."""
    assert only(outsider.verify(honest.bundle, root="-" + "A" * 42)) == "root"


@pytest.mark.parametrize("data", ["", "c2sp.org/tlog-proof@v1\nindex 01\n\n", "index 1\n\nx"])
def test_a_proof_file_that_is_none(honest: Evidence, outsider: Outsider, data: str) -> None:
    file = outsider.file("x.tlog-proof", data)
    assert outsider.verify(honest.bundle, "--proof", file).status == 2


def test_a_weak_key_holds_no_signature(verifier: ModuleType) -> None:
    """Under a point of small order anybody signs anything."""
    raw = (1).to_bytes(32, "little")
    text = "demo.yifen/ledger/1"
    identifier = sha256(text.encode() + b"\n\x01" + raw)[:4].hex()
    encoded = b64encode(b"\x01" + raw).decode()
    with pytest.raises(verifier.Unusable):
        verifier.read_vkey(f"{text}+{identifier}+{encoded}", verifier.LOG_KEY)

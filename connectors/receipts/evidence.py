"""An evidence file: one receipt with all that proves it, to be verified without asking anybody.

It names the subject and the officer, for without them nothing about them could be proven: handle
it like the case file that it belongs to.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from certs.canonical import Json, canonical, parse
from certs.certificates import CertificateFacts, verify_certificate
from certs.encoding import b64u, unb64u
from certs.errors import (
    CertificateError,
    CheckpointInvalid,
    LeafMismatch,
    Malformed,
    ProofInvalid,
    ReceiptInvalid,
    SignatureInvalid,
)
from certs.note import open_checkpoint
from certs.receipts import Receipt, leaves_digest
from certs.signatures import content_digest, request_digest
from certs.tree import HASH_BYTES, verify_inclusion
from connectors.errors import EvidenceBroken, ReceiptUnknown
from connectors.jwks import ReceiptKey, check_receipt, receipt_kid
from connectors.openings import Control, Opened
from connectors.receipts.store import Kept, ReceiptStore
from connectors.settings import LedgerPin
from connectors.verify import Trust

VERSION = 1
MAX_EVIDENCE = 1024 * 1024
_DEPTH = 12


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Request(_Part):
    base: str
    signature: str
    certificate: str


class _Proof(_Part):
    checkpoint: str
    hashes: list[str]


class _Evidence(_Part):
    v: int
    hub: str
    connector: str
    entry: int
    dataset: str
    operation: str
    question: str
    request: _Request
    receipt: str
    receipt_chain: Annotated[list[str], Field(min_length=2, max_length=2)]
    opening: dict[str, object]
    proof: _Proof | None


class Proven:
    """What an evidence file shows: the question, its exit, when and where it stands."""

    __slots__ = ("control", "entry", "in_ledger", "question", "receipt", "time")

    def __init__(
        self,
        *,
        entry: int,
        time: int,
        question: Json,
        control: Control,
        receipt: Receipt,
        in_ledger: int | None,
    ) -> None:
        self.entry = entry
        self.time = time
        self.question = question
        self.control = control
        self.receipt = receipt
        self.in_ledger = in_ledger
        """Size of the checkpoint that the proof leads to; None if only the receipt stands."""


def export(store: ReceiptStore, kept: Kept, trust: Trust) -> bytes:
    """The evidence file of a receipt, canonical JSON."""
    question = store.question(kept.request_id)
    attempts = [one for one in store.attempts(kept.request_id) if one.request == kept.request]
    if not attempts:
        raise ReceiptUnknown
    attempt = attempts[0]
    proof: Json = None
    if kept.proof is not None and kept.checkpoint is not None:
        proof = {"checkpoint": kept.checkpoint, "hashes": [b64u(one) for one in kept.proof]}
    return canonical(
        {
            "v": VERSION,
            "hub": trust.hub,
            "connector": trust.connector,
            "entry": kept.entry,
            "dataset": kept.dataset,
            "operation": kept.operation,
            "question": question.body.decode("utf-8"),
            "request": {
                "base": b64u(attempt.base),
                "signature": b64u(attempt.signature),
                "certificate": b64u(attempt.certificate),
            },
            "receipt": kept.token,
            "receipt_chain": [b64u(kept.key.certificate), b64u(kept.key.issuing)],
            "opening": parse(kept.opening, max_bytes=MAX_EVIDENCE, max_depth=_DEPTH),
            "proof": proof,
        }
    )


def verify_evidence(data: bytes, *, trust: Trust, ledger: LedgerPin) -> Proven:
    """What ``data`` proves to whoever pinned the root and the ledger's key.

    Raises ``EvidenceBroken``; fact ``why`` names the check. That our certificate stood at the
    time is in the ledger, not in the file: only its chain and its time are checked here.
    """
    try:
        return _verify(data, trust, ledger)
    except (ValidationError, Malformed) as error:
        raise EvidenceBroken(why="form") from error
    except ReceiptInvalid as error:
        raise EvidenceBroken(why=f"receipt-{error.facts.get('why', 'form')}") from error
    except LeafMismatch as error:
        raise EvidenceBroken(why=f"leaf-{error.facts.get('why', 'form')}") from error
    except SignatureInvalid as error:
        raise EvidenceBroken(why="signature") from error
    except CertificateError as error:
        raise EvidenceBroken(why="certificate") from error
    except CheckpointInvalid as error:
        raise EvidenceBroken(why="checkpoint") from error
    except ProofInvalid as error:
        raise EvidenceBroken(why="inclusion") from error


def _verify(data: bytes, trust: Trust, ledger: LedgerPin) -> Proven:
    raw = parse(data, max_bytes=MAX_EVIDENCE, max_depth=_DEPTH)
    evidence = _Evidence.model_validate(raw)
    if evidence.v != VERSION:
        raise EvidenceBroken(why="version")
    # 1 The receipt is the hub's, under the pinned root
    certificate, issuing = (unb64u(part) for part in evidence.receipt_chain)
    kid = receipt_kid(evidence.receipt)
    receipt, _ = check_receipt(
        evidence.receipt,
        {kid: ReceiptKey(kid, certificate, issuing)},
        root=trust.root,
        hub=trust.hub,
    )
    # 2 A connector of this hub signed the request that it is about
    base, signature = unb64u(evidence.request.base), unb64u(evidence.request.signature)
    signer = _signer(unb64u(evidence.request.certificate), issuing, trust.root, receipt)
    signer.public.verify(signature, base)
    if request_digest(base, signature) != receipt.request:
        raise EvidenceBroken(why="request")
    if not signer.urn == receipt.audience == evidence.connector:
        raise EvidenceBroken(why="audience")
    # 3 That request carried this question
    question = evidence.question.encode("utf-8")
    lines = base.decode("ascii", "replace").split("\n")
    if f'"content-digest": {content_digest(question)}' not in lines:
        raise EvidenceBroken(why="question")
    path = f"/v1/datasets/{evidence.dataset}/{evidence.operation}"
    if not any(x.startswith('"@target-uri": ') and x.endswith(path) for x in lines):
        raise EvidenceBroken(why="dataset")
    # 4 The entry is the one promised, and tells of this request and this question
    opening = raw["opening"] if isinstance(raw, dict) else None
    opened = Opened(opening)
    asked = parse(question, max_bytes=MAX_EVIDENCE, max_depth=_DEPTH)
    _check_opened(opened, receipt, evidence, asked)
    # 5 The ledger kept the promise
    size = None
    if evidence.proof is not None:
        size = _check_proof(evidence.proof, opened, receipt, ledger)
    return Proven(
        entry=evidence.entry,
        time=opened.leaf.time,
        question=asked,
        control=opened.control,
        receipt=receipt,
        in_ledger=size,
    )


def _signer(der: bytes, issuing: bytes, root: bytes, receipt: Receipt) -> CertificateFacts:
    """The connector's certificate, issued by the same authority as the receipt's."""
    return verify_certificate(der, issuing, root, now=receipt.issued * 1000, usage="connector")


def _check_opened(opened: Opened, receipt: Receipt, evidence: _Evidence, asked: Json) -> None:
    if receipt.entries != 1 or receipt.first != evidence.entry:
        raise EvidenceBroken(why="entry")
    if receipt.leaves != leaves_digest([opened.leaf_hash]):
        raise EvidenceBroken(why="leaves")
    if opened.control.request != receipt.request:
        raise EvidenceBroken(why="control-request")
    if opened.control.outcome == "malformed" or not isinstance(asked, dict):
        return
    opened.check_person({name: asked.get(name) for name in ("case", "officer", "subject")})


def _check_proof(proof: _Proof, opened: Opened, receipt: Receipt, ledger: LedgerPin) -> int:
    checkpoint = open_checkpoint(proof.checkpoint, ledger.keys())
    if checkpoint.origin != receipt.origin or receipt.origin != ledger.origin:
        raise EvidenceBroken(why="origin")
    hashes = [unb64u(text) for text in proof.hashes]
    if any(len(one) != HASH_BYTES for one in hashes):
        raise EvidenceBroken(why="inclusion")
    verify_inclusion(opened.leaf_hash, receipt.first, checkpoint.size, hashes, checkpoint.root)
    return checkpoint.size

"""An evidence file: one receipt with all that proves it, to be verified without asking anybody.

It names the subject and the officer, for without them nothing about them could be proven: handle
it like the case file that it belongs to.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from certs.canonical import Json, canonical, parse
from certs.certificates import CertificateFacts, connector_name, verify_certificate
from certs.cosignature import Cosignature
from certs.encoding import b64u, unb64u
from certs.errors import (
    CertificateError,
    CheckpointInvalid,
    LeafMismatch,
    Malformed,
    ProofInvalid,
    ReceiptInvalid,
    SignatureError,
)
from certs.keys import PublicKey
from certs.note import open_checkpoint
from certs.range_proof import verify_range
from certs.receipts import Receipt, leaves_digest
from certs.signatures import (
    LABEL,
    content_digest,
    read_signature,
    request_digest,
    round_request,
)
from certs.tree import HASH_BYTES, verify_inclusion
from connectors.batch.verify import UNFIT
from connectors.cases.rounds import MOST_ROUNDS
from connectors.errors import AnswerRefused, EvidenceBroken, ReceiptUnknown
from connectors.jwks import ReceiptKey, check_receipt, receipt_kid
from connectors.openings import Control, Opened
from connectors.receipts.log import Lineage
from connectors.receipts.log_keys import LogKeys, checkpoint_chain
from connectors.receipts.ranges import openings_of
from connectors.receipts.store import Kept, ReceiptStore
from connectors.receipts.stories import NAMED, SEVERAL, path_of, stories_of
from connectors.settings import LedgerPin
from connectors.verify import ANSWERED, NOBODY, Trust, check_names, check_person, check_time

VERSION = 2
"""Since 2 it brings the root's certificate (PEM), so that a fingerprint is all that is needed."""
SEVERAL_VERSION = 3
"""Of several entries: ``openings`` of all in place of ``opening``, and a proof of a range."""
_VERSIONS = (1, VERSION, SEVERAL_VERSION)
MAX_EVIDENCE = 8 * 1024 * 1024
_DEPTH = 12
_Openings = Sequence[Json]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Request(_Part):
    base: str
    signature: str
    certificate: str


class _Proof(_Part):
    checkpoint: str
    hashes: list[str]
    chain: Annotated[list[str], Field(min_length=2, max_length=2)] | None = None
    """Certificates of a key that signed the checkpoint, for those who pinned an older one."""


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
    root: str | None = None
    round: Annotated[int, Field(ge=0, le=MOST_ROUNDS)] | None = None
    """Of a case: which round of its questions this is; None of anything else."""
    opening: dict[str, object] | None = None
    openings: Annotated[list[dict[str, object]], Field(min_length=1)] | None = None
    proof: _Proof | None


class Proven:
    """What an evidence file shows: the question, its exit, when and where it stands."""

    __slots__ = (
        "control",
        "controls",
        "cosigned",
        "entry",
        "in_ledger",
        "question",
        "receipt",
        "time",
    )

    def __init__(
        self,
        *,
        entry: int,
        time: int,
        question: Json,
        controls: tuple[Control, ...],
        receipt: Receipt,
        in_ledger: int | None,
        cosigned: tuple[Cosignature, ...] = (),
    ) -> None:
        self.entry = entry
        self.time = time
        self.question = question
        self.control = controls[0]
        self.controls = controls
        """Of each entry; more than one for a batch."""
        self.receipt = receipt
        self.in_ledger = in_ledger
        """Size of the checkpoint that the proof leads to; None if only the receipt stands."""
        self.cosigned = cosigned
        """Who of the witnesses that we pinned cosigned that checkpoint."""


def export(store: ReceiptStore, kept: Kept, trust: Trust, keys: LogKeys) -> bytes:
    """The evidence file of a receipt, canonical JSON."""
    question = store.question(kept.request_id)
    attempts = [one for one in store.attempts(kept.request_id) if one.request == kept.request]
    if not attempts:
        raise ReceiptUnknown
    attempt = attempts[0]
    proof: Json = None
    if kept.proof is not None and kept.checkpoint is not None:
        proof = {"checkpoint": kept.checkpoint, "hashes": [b64u(one) for one in kept.proof]}
        chain = keys.chain_of(kept.checkpoint, kept.checkpoint.partition("\n")[0])
        if chain is not None:
            proof["chain"] = [b64u(one) for one in chain]
    return canonical(
        {
            "v": SEVERAL_VERSION if kept.operation in SEVERAL else VERSION,
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
            "root": trust.root.decode("ascii"),
            "proof": proof,
            **({"round": attempt.round} if kept.operation == "case" else {}),
            **_opened(kept),
        }
    )


def _opened(kept: Kept) -> dict[str, Json]:
    openings = openings_of(kept)
    return {"openings": openings} if kept.operation in SEVERAL else {"opening": openings[0]}


def verify_evidence(
    data: bytes,
    *,
    trust: Trust,
    ledger: LedgerPin,
    lineage: Lineage | None = None,
    known: Sequence[PublicKey] = (),
) -> Proven:
    """What ``data`` proves to whoever pinned the root and the ledger's key.

    ``lineage``: the names that the ledger had before, which are believed as far as they were kept.
    ``known``: its keys beside the pinned one; one whose chain the file brings is believed too.

    Raises ``EvidenceBroken``; fact ``why`` names the check. That our certificate stood at the
    time is in the ledger, not in the file: only its chain and its time are checked here.
    """
    try:
        return _verify(data, trust, ledger, lineage or Lineage((ledger.origin,)), known)
    except (ValidationError, Malformed) as error:
        raise EvidenceBroken(why="form") from error
    except ReceiptInvalid as error:
        raise EvidenceBroken(why=f"receipt-{error.facts.get('why', 'form')}") from error
    except LeafMismatch as error:
        raise EvidenceBroken(why=f"leaf-{error.facts.get('why', 'form')}") from error
    except AnswerRefused as error:
        raise EvidenceBroken(why=error.facts.get("why", "form")) from error
    except SignatureError as error:
        raise EvidenceBroken(why="signature") from error
    except CertificateError as error:
        raise EvidenceBroken(why="certificate") from error
    except CheckpointInvalid as error:
        raise EvidenceBroken(why="checkpoint") from error
    except ProofInvalid as error:
        raise EvidenceBroken(why="inclusion") from error


def _verify(
    data: bytes, trust: Trust, ledger: LedgerPin, lineage: Lineage, known: Sequence[PublicKey]
) -> Proven:
    raw = parse(data, max_bytes=MAX_EVIDENCE, max_depth=_DEPTH)
    evidence = _Evidence.model_validate(raw)
    if evidence.v not in _VERSIONS:
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
    entries = _entries(raw, evidence)
    opened = entries[0]
    base, signature = unb64u(evidence.request.base), unb64u(evidence.request.signature)
    signer = _signer(unb64u(evidence.request.certificate), issuing, trust.root, opened.leaf.time)
    signer.public.verify(signature, base)
    if (evidence.round is not None) != (evidence.operation == "case"):
        raise EvidenceBroken(why="round")
    if round_request(request_digest(base, signature), evidence.round or 0) != receipt.request:
        raise EvidenceBroken(why="request")
    if not signer.urn == receipt.audience == evidence.connector:
        raise EvidenceBroken(why="audience")
    if not trust.hub == receipt.issuer == evidence.hub:
        raise EvidenceBroken(why="issuer")
    # 3 That request carried this question
    question = evidence.question.encode("utf-8")
    created = _check_request(base, signature, evidence, question)
    # 4 The entries are those promised, and tell of this request and this question
    asked = parse(question, max_bytes=MAX_EVIDENCE, max_depth=_DEPTH)
    _check_entries(entries, receipt, evidence)
    _check_stories(entries, evidence, trust, asked, _openings(raw))
    # 5 They were made after the request was signed and before the receipt was
    issued = receipt.issued * 1000
    for one in entries:
        check_time(one.leaf.time, issued, created, now=issued)
    # 6 The ledger kept the promise
    size = None
    cosigned: tuple[Cosignature, ...] = ()
    if evidence.proof is not None:
        pinned = tuple(public for _, public in ledger.keys())  # noqa: SIM118 no mapping
        keys = (*pinned, *known, *_certified(evidence.proof, trust, opened.leaf.time))
        size = _check_proof(evidence.proof, entries, receipt, keys, lineage)
        cosigned = _check_witnesses(evidence.proof, ledger)
    return Proven(
        entry=evidence.entry,
        time=opened.leaf.time,
        question=asked,
        controls=tuple(one.control for one in entries),
        receipt=receipt,
        in_ledger=size,
        cosigned=cosigned,
    )


def _signer(der: bytes, issuing: bytes, root: bytes, time: int) -> CertificateFacts:
    """The connector's certificate, issued by the same authority as the receipt's.

    It held when the entry was made; a receipt that was fetched again may be much younger.
    """
    return verify_certificate(der, issuing, root, now=time, usage="connector")


def _certified(proof: _Proof, trust: Trust, time: int) -> tuple[PublicKey, ...]:
    """The key whose chain the file brings, if it held at some time after the entry was made."""
    if proof.chain is None:
        return ()
    certificate, issuing = (unb64u(part) for part in proof.chain)
    chain = checkpoint_chain(certificate, issuing, root=trust.root, hub=trust.hub)
    return (chain.at(max(time, chain.facts.not_before)).public,)


def _check_request(base: bytes, signature: bytes, evidence: _Evidence, question: bytes) -> int:
    """When the request was signed, in milliseconds; raises unless it carried ``question``."""
    lines = base.decode("ascii", "replace").split("\n")
    values = dict(line.partition(": ")[::2] for line in lines)
    if values.get('"content-digest"') != content_digest(question):
        raise EvidenceBroken(why="question")
    # The address of a hub may change with time; what stands after it is the interface's.
    path = re.escape(path_of(evidence.operation, evidence.dataset))
    if not re.fullmatch(rf"https?://[^/?#\s]+{path}", values.get('"@target-uri"', "")):
        raise EvidenceBroken(why="dataset")
    parameters = values.get('"@signature-params"', "")
    given = read_signature(
        {
            "signature-input": f"{LABEL}={parameters}",
            "signature": f"{LABEL}=:{b64encode(signature).decode('ascii')}:",
        },
        with_body=True,
    )
    return given.created * 1000


def _entries(raw: Json, evidence: _Evidence) -> list[Opened]:
    """The opened entries: one, or all of several in order."""
    several = evidence.operation in SEVERAL
    if (evidence.v == SEVERAL_VERSION) != several:
        raise EvidenceBroken(why="version")
    if not several:
        return [Opened(raw.get("opening") if isinstance(raw, dict) else None)]
    openings = _openings(raw)
    if not openings:
        raise EvidenceBroken(why="form")
    return [Opened(one) for one in openings]


def _openings(raw: Json) -> Sequence[Json]:
    """The members of ``openings``, as they stand in the file."""
    found = raw.get("openings") if isinstance(raw, dict) else None
    return found if isinstance(found, list) else ()


def _check_entries(entries: Sequence[Opened], receipt: Receipt, evidence: _Evidence) -> None:
    if receipt.entries != len(entries) or receipt.first != evidence.entry:
        raise EvidenceBroken(why="entry")
    if receipt.leaves != leaves_digest([one.leaf_hash for one in entries]):
        raise EvidenceBroken(why="leaves")
    for one in entries:
        if one.control.request != receipt.request:
            raise EvidenceBroken(why="control-request")


def _check_stories(
    entries: Sequence[Opened], evidence: _Evidence, trust: Trust, asked: Json, openings: _Openings
) -> None:
    """The checks of ``check_answer``, for whichever connector of the hub the file names."""
    name = connector_name(evidence.connector)
    theirs = replace(
        trust, department=f"{name.hub}:{name.department}", connector=evidence.connector
    )
    stories = stories_of(evidence.operation, evidence.dataset, asked, openings)
    if len(entries) != len(stories):
        # A body that the hub could not read as a question has one entry that names nobody.
        if len(entries) != 1 or entries[0].control.outcome != UNFIT:
            raise EvidenceBroken(why="subjects")
        entries[0].check_person(NOBODY)
        return
    for one, story in zip(entries, stories, strict=True):
        if one.leaf.kind != story.kind:
            raise EvidenceBroken(why="kind")
        check_names(
            one.control,
            theirs,
            dataset=story.dataset,
            purpose=story.purpose,
            delegation=story.delegation,
            answered=one.control.outcome in ANSWERED,
        )
        if evidence.operation in NAMED:
            one.check_person(story.person)
        else:
            check_person(one, story.person)


def _check_witnesses(proof: _Proof, ledger: LedgerPin) -> tuple[Cosignature, ...]:
    try:
        return ledger.cosigned(proof.checkpoint)
    except CheckpointInvalid as error:
        raise EvidenceBroken(why="cosignatures") from error


def _check_proof(
    proof: _Proof,
    entries: Sequence[Opened],
    receipt: Receipt,
    keys: Sequence[PublicKey],
    lineage: Lineage,
) -> int:
    named = [(name, public) for name in lineage.names for public in keys]
    checkpoint = open_checkpoint(proof.checkpoint, named)
    last = receipt.first + len(entries) - 1
    if not lineage.continues(receipt.origin, last, checkpoint.origin):
        raise EvidenceBroken(why="origin")
    hashes = [unb64u(text) for text in proof.hashes]
    if any(len(one) != HASH_BYTES for one in hashes):
        raise EvidenceBroken(why="inclusion")
    leaves, size, root = [one.leaf_hash for one in entries], checkpoint.size, checkpoint.root
    if len(leaves) == 1:
        verify_inclusion(leaves[0], receipt.first, size, hashes, root)
    else:
        verify_range(leaves, receipt.first, size, hashes, root)
    return checkpoint.size

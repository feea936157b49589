"""Somebody who pinned a hub's root and its log's key, and what they may be shown."""

from base64 import b64decode
from dataclasses import dataclass, replace
from pathlib import Path

from certs.canonical import canonical
from certs.certificates import read_certificate
from certs.encoding import b64u, unb64u
from certs.keys import PrivateKey
from certs.note import Checkpoint, sign_checkpoint
from certs.signatures import request_digest
from certs.tree import inclusion_proof
from hub.ledger.checkpoint import newest, node_of
from world.auditing import Auditor, Members, Verdict
from world.evidence import Evidence

YEAR = 365 * 86_400
"""In seconds."""


@dataclass(frozen=True)
class Outsider:
    """Somebody who pinned the root and the log's key."""

    auditor: Auditor
    folder: Path
    root: str
    log: str

    def verify(
        self, bundle: Members | bytes, *words: str | Path, root: str = "", pinned: bool = True
    ) -> Verdict:
        file = self.folder / "evidence.json"
        file.write_bytes(bundle if isinstance(bundle, bytes) else canonical(bundle))
        pins = ["--root", root or self.root, *(["--log", self.log] if pinned else [])]
        return self.auditor.verify("receipt", file, *pins, *words)

    def file(self, name: str, data: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path


def only(verdict: Verdict) -> object:
    """The one fault of a verdict."""
    assert verdict.status == 1, verdict
    ((why, _),) = verdict.faults
    return why


def proof_of(evidence: Evidence, index: int) -> tuple[str, tuple[bytes, ...]]:
    reading = evidence.world.hub.reading
    published = newest(reading)
    assert published is not None
    path = inclusion_proof(index, published.size, lambda level, i: node_of(reading, level, i))
    return published.note, tuple(path)


def proof_in(evidence: Evidence) -> Members:
    proof = evidence.bundle["proof"]
    assert isinstance(proof, dict)
    return proof


def note_of(evidence: Evidence) -> str:
    return str(proof_in(evidence)["checkpoint"])


def with_note(evidence: Evidence, note: str) -> Members:
    return evidence.bundle | {"proof": proof_in(evidence) | {"checkpoint": note}}


def with_request(evidence: Evidence, base: bytes, *, key: object = None) -> Evidence:
    """The evidence with another request, signed by the connector unless another key is given."""
    own, _ = evidence.world.town.keys["nrb"]
    signature = own.sign(base) if key is None else bytes(64)
    request = evidence.bundle["request"]
    assert isinstance(request, dict)
    changed = request | {"base": b64u(base), "signature": b64u(signature)}
    told = request_digest(base, signature)
    return replace(
        evidence,
        bundle=evidence.bundle | {"request": changed},
        receipt=evidence.receipt._replace(request=told),
    )


def base_of(evidence: Evidence) -> bytes:
    request = evidence.bundle["request"]
    assert isinstance(request, dict)
    return unb64u(str(request["base"]))


def with_chain(evidence: Evidence, key: PrivateKey, pem: bytes, issuing: bytes) -> Members:
    """The evidence under a checkpoint of another key, whose certificates it brings."""
    origin, size, root, *_ = note_of(evidence).split("\n")
    note = sign_checkpoint(Checkpoint(origin, int(size), b64decode(root)), origin, key)
    chain = [b64u(read_certificate(pem).der), b64u(issuing)]
    return evidence.bundle | {"proof": proof_in(evidence) | {"checkpoint": note, "chain": chain}}

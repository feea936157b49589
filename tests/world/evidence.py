"""Evidence files of a town's answers, as ``connector receipts export`` writes them, and forged.

The forger is the hub with all its keys: whatever it changes it enters and signs again, so that only
the one lie is left to be found.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from certs.canonical import Json, canonical, parse
from certs.certificates import read_certificate
from certs.encoding import b64u
from certs.keys import PrivateKey
from certs.leaf import leaf_bytes, part_digest, read_leaf
from certs.receipts import Receipt, ReceiptSigner, key_thumbprint, leaves_digest, verify_receipt
from certs.tree import Frontier, inclusion_proof, leaf_hash
from hub.ledger.checkpoint import newest, node_of
from world.asking import Answer, Members, Sent
from world.auditing import signer_of
from world.town import HUB, World


@dataclass(frozen=True)
class Evidence:
    """One question with all that proves its answer; ``receipt`` is read, to be changed."""

    world: World
    bundle: Members
    receipt: Receipt
    answer: bytes
    key: PrivateKey
    certificate: bytes
    """DER, of the key that signs the receipt."""
    person: Mapping[str, Json] = field(default_factory=dict)

    @property
    def opening(self) -> Members:
        opening = self.bundle["opening"]
        assert isinstance(opening, dict)
        return opening

    def signed(self, **claims: object) -> Members:
        """The evidence with a receipt of other claims, signed again."""
        receipt = self.receipt._replace(**claims)
        token = ReceiptSigner(self.key, key_thumbprint(self.key.public)).issue(receipt)
        _, issuing = self._chain()
        return self.bundle | {
            "receipt": token,
            "receipt_chain": [b64u(self.certificate), issuing],
            "entry": receipt.first,
        }

    def entered(
        self,
        *,
        kind: str = "",
        late: int = 0,
        person: Mapping[str, Json] | None = None,
        claims: Mapping[str, object] | None = None,
        **control: Json,
    ) -> Members:
        """The evidence with another entry, the last of its log, and everything signed again."""
        opening = self.opening
        before = opening["control"]
        assert isinstance(before, dict)
        leaf = read_leaf(canonical(opening["leaf"]))
        salts = [os.urandom(32) for _ in range(3)]
        members = before | control
        data = leaf_bytes(
            kind or leaf.kind,
            leaf.time + late,
            part_digest("control", salts[0], canonical(members)),
            part_digest("person", salts[1], canonical(dict(person or self.person))),
            part_digest("internal", salts[2], b'{"reason":""}'),
        )
        hashed = leaf_hash(data)
        told = {"leaves": leaves_digest([hashed])} | dict(claims or {})
        proof, note = self._logged(hashed)
        return self.signed(**told) | {
            "opening": {
                "control": members,
                "control_salt": b64u(salts[0]),
                "leaf": _object(data),
                "person_salt": b64u(salts[1]),
            },
            "proof": {"checkpoint": note, "hashes": [b64u(one) for one in proof]},
        }

    def _chain(self) -> tuple[str, str]:
        chain = self.bundle["receipt_chain"]
        assert isinstance(chain, list)
        return str(chain[0]), str(chain[1])

    def _logged(self, hashed: bytes) -> tuple[list[bytes], str]:
        """Proof and checkpoint of a log in which the entry has this hash."""
        first = self.receipt.first
        rows = self.world.hub.reading.execute(
            "SELECT leaf FROM entries WHERE position < ? ORDER BY position", (first,)
        ).fetchall()
        frontier, nodes = Frontier(), {}
        for index, one in enumerate([*(leaf_hash(row[0]) for row in rows), hashed]):
            nodes[0, index] = one
            for level, node in enumerate(frontier.append(one), start=1):
                nodes[level, index >> level] = node
        proof = inclusion_proof(first, first + 1, lambda level, index: nodes[level, index])
        return proof, signer_of(self.world.hub)(first + 1, frontier.root())


def _object(data: bytes) -> Members:
    value = parse(data, max_bytes=1 << 20, max_depth=8)
    assert isinstance(value, dict)
    return value


def evidence_of(world: World, sent: Sent, answer: Answer) -> Evidence:
    """The evidence of an answer of the town, whose entry is in the newest checkpoint by now."""
    world.hub.checkpointer.step()
    published = newest(world.hub.reading)
    assert published is not None
    assert answer.receipt is not None
    key = world.receipt_key
    receipt = verify_receipt(answer.receipt, {key_thumbprint(key.public): key.public})
    *_, dataset, operation = sent.path.split("/")
    certificate = read_certificate((world.hub.folder.keys / "receipt.pem").read_bytes()).der
    question = sent.body.decode()
    asked = _object(sent.body)
    proof = inclusion_proof(
        receipt.first,
        published.size,
        lambda level, index: node_of(world.hub.reading, level, index),
    )
    (der,) = world.hub.reading.execute(
        "SELECT der FROM certificates WHERE keyid = ?", (sent.signed.keyid,)
    ).fetchone()
    bundle: Members = {
        "v": 2,
        "hub": HUB,
        "connector": receipt.audience,
        "entry": receipt.first,
        "dataset": dataset,
        "operation": operation,
        "question": question,
        "request": {
            "base": b64u(sent.signed.base),
            "signature": b64u(sent.signed.signature),
            "certificate": b64u(der),
        },
        "receipt": answer.receipt,
        "receipt_chain": [b64u(certificate), b64u(world.hub.authority.issuing_der)],
        "root": world.hub.authority.root_pem.decode(),
        "opening": answer.opening,
        "proof": {"checkpoint": published.note, "hashes": [b64u(one) for one in proof]},
    }
    return Evidence(
        world=world,
        bundle=bundle,
        receipt=receipt,
        answer=answer.body,
        key=key,
        certificate=certificate,
        person={name: asked[name] for name in ("case", "officer", "subject")},
    )

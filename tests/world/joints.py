"""Joint questions as a department's connector sends them, and all that their receipt must bind."""

import asyncio
import os
from collections.abc import Sequence

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, digest
from certs.keys import PublicKey
from certs.leaf import Leaf, check_part, read_leaf
from certs.receipts import Receipt, leaves_digest, verify_receipt
from certs.tree import leaf_hash
from world.asking import Answer, Gateway, Members, Sent
from world.batches import many
from world.town import PURPOSE, SUBJECTS, World


def part(dataset: str = "resident", **members: Json) -> Members:
    """One question that the town's grant covers, with some members changed."""
    asked: Members = {
        "case": None,
        "dataset": dataset,
        "items": ["name", "sex"],
        "operation": "lookup",
        "purpose": PURPOSE,
        "subject": {"id": SUBJECTS[0], "type": "resident_id"},
    }
    if "claims" in members:
        asked["operation"] = "verify"
        del asked["items"]
    return asked | members


def joint(gateway: Gateway, parts: Sequence[Json], /, **members: Json) -> Sent:
    """A signed request of these parts."""
    asked: Members = {
        "officer": f"{gateway.department}.officer",
        "parts": list(parts),
        "request_id": b64u(os.urandom(16)),
    }
    return gateway.sign("POST", "/v1/joint", canonical(asked | members))


def ask(world: World, sent: Sent) -> Answer:
    """Ask the exchange of joint questions itself."""
    reply = asyncio.run(world.hub.joint.ask_signed(sent.message, sent.body))
    headers = {"content-type": reply.content_type}
    if reply.receipt is not None:
        headers["hub-receipt"] = reply.receipt
    return Answer(reply.status, headers, reply.body)


def check_joint(sent: Sent, answer: Answer, key: PublicKey, kid: str) -> tuple[Receipt, list[Leaf]]:
    """Recompute from the request all that the receipt binds, part by part."""
    assert answer.receipt is not None
    receipt = verify_receipt(answer.receipt, {kid: key})
    asked = parse(sent.body, max_bytes=1 << 20, max_depth=8)
    assert isinstance(asked, dict)
    results, openings, parts = many(answer, "results"), many(answer, "openings"), asked["parts"]
    assert isinstance(parts, list)
    assert receipt.request == sent.signed.digest
    assert (receipt.status, receipt.body) == (answer.status, digest(answer.body))
    assert receipt.entries == len(parts) == len(results) == len(openings)
    leaves = [canonical(one["leaf"]) for one in openings]
    assert receipt.leaves == leaves_digest([leaf_hash(one) for one in leaves])
    read = [read_leaf(one) for one in leaves]
    for leaf, opened, result, one in zip(read, openings, results, parts, strict=True):
        assert isinstance(one, dict)
        control = opened["control"]
        assert isinstance(control, dict)
        person: Json = {
            "case": one["case"],
            "officer": asked["officer"],
            "subject": one["subject"],
        }
        check_part("control", leaf, str(opened["control_salt"]), control)
        check_part("person", leaf, str(opened["person_salt"]), person)
        assert leaf.kind == one["operation"]
        assert control["R"] == sent.signed.digest
        assert control["a"] == digest(canonical(result))
        assert str(control["dataset"]).endswith(f":{one['dataset']}")
        assert control["purpose"] == one["purpose"]
    assert len({leaf.time for leaf in read}) == 1
    return receipt, read

"""Batches as a department's connector sends them, and all that their receipt must bind."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from certs.canonical import Json, canonical, parse
from certs.encoding import digest
from certs.keys import PublicKey
from certs.leaf import Leaf, check_part, read_leaf
from certs.receipts import Receipt, leaves_digest, verify_receipt
from certs.tree import leaf_hash
from world.asking import Answer, Gateway, Members, Sent
from world.town import World


def subject(number: str, case: str | None = None, kind: str = "resident_id") -> Members:
    return {"case": case, "id": number, "type": kind}


def batch(
    gateway: Gateway,
    subjects: "Sequence[str | Members]",
    /,
    *,
    dataset: str = "resident",
    **members: Json,
) -> Sent:
    """A signed batch that the town's grant covers, with some members changed."""
    asked = gateway.question()
    del asked["subject"], asked["case"]
    asked["subjects"] = [subject(one) if isinstance(one, str) else one for one in subjects]
    path = f"/v1/datasets/{dataset}/batch"
    return gateway.sign("POST", path, canonical(asked | members))


async def ask_soon(world: World, sent: Sent) -> Answer:
    """Ask the exchange of batches itself, inside a running loop."""
    *_, code, _ = sent.path.split("/")
    reply = await world.hub.batches.ask_signed(code, sent.message, sent.body)
    headers = {"content-type": reply.content_type}
    if reply.receipt is not None:
        headers["hub-receipt"] = reply.receipt
    return Answer(reply.status, headers, reply.body)


def ask(world: World, sent: Sent) -> Answer:
    """The same, from outside a loop."""
    return asyncio.run(ask_soon(world, sent))


def fewer_at_once(world: World, **limits: int) -> None:
    """Let the exchange of batches go by other limits than the rest of the hub."""
    settings = world.hub.settings
    settings = settings.model_copy(update={"limits": settings.limits.model_copy(update=limits)})
    batches = world.hub.batches
    batches._means = replace(batches._means, settings=settings)


def many(answer: Answer, name: str) -> list[Members]:
    """``results`` or ``openings``."""
    found = answer.document[name]
    assert isinstance(found, list)
    return [cast("Members", one) for one in found]


def controls(answer: Answer) -> list[Members]:
    return [cast("Members", one["control"]) for one in many(answer, "openings")]


def check_batch(sent: Sent, answer: Answer, key: PublicKey, kid: str) -> tuple[Receipt, list[Leaf]]:
    """Recompute from the question all that the receipt binds, subject by subject."""
    assert answer.receipt is not None
    receipt = verify_receipt(answer.receipt, {kid: key})
    question = parse(sent.body, max_bytes=1 << 20, max_depth=8)
    assert isinstance(question, dict)
    results, openings = many(answer, "results"), many(answer, "openings")
    subjects = question["subjects"]
    assert isinstance(subjects, list)
    assert receipt.request == sent.signed.digest
    assert (receipt.status, receipt.body) == (answer.status, digest(answer.body))
    assert receipt.content_type == answer.headers["content-type"]
    assert receipt.entries == len(subjects) == len(results) == len(openings)
    leaves = [canonical(one["leaf"]) for one in openings]
    assert receipt.leaves == leaves_digest([leaf_hash(one) for one in leaves])
    read = [read_leaf(one) for one in leaves]
    for leaf, opened, result, asked in zip(read, openings, results, subjects, strict=True):
        assert isinstance(asked, dict)
        person: Json = {
            "case": asked["case"],
            "officer": question["officer"],
            "subject": {"id": asked["id"], "type": asked["type"]},
        }
        control = opened["control"]
        assert isinstance(control, dict)
        check_part("control", leaf, str(opened["control_salt"]), control)
        check_part("person", leaf, str(opened["person_salt"]), person)
        assert control["R"] == sent.signed.digest
        assert control["a"] == digest(canonical(result))
    assert len({leaf.time for leaf in read}) == 1
    return receipt, read

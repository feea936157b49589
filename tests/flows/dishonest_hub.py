"""A hub with valid keys that lies: ``python dishonest_hub.py FOLDER PORT LIE``.

It answers what was asked and enters in its ledger, and signs in its receipt, that somebody else
asked, or was asked about. Everything that it needs for that an operator has: the keys, the ledger,
the records. It is built from the hub's own steps; only between deciding and entering it lies.
"""

import asyncio
import secrets
import sys
from pathlib import Path
from typing import cast

import uvicorn

from certs.canonical import canonical
from hub.ledger.attempt import Entered
from hub.lookup.ask import Question, read_question
from hub.lookup.decide import Permit, decide
from hub.lookup.identify import Caller, identify
from hub.lookup.receipt import JSON, Reply, answer_body, opening
from hub.lookup.record import Exit, attempt_of
from hub.lookup.reveal import reveal
from hub.runtime import Hub, open_hub
from hub.web.app import create_app
from hub.web.front import Receive, Scope, Send, message_of, read_body, respond

SUBJECT = "53040219900101001X"


def lie(name: str, caller: Caller, question: Question) -> tuple[Caller, Question]:
    """Who asked about whom, as this hub would have it."""
    if name == "officer":
        return caller, question._replace(officer="mrb.officer")
    if name == "subject":
        return caller, question._replace(subject_id=SUBJECT)
    if name == "case":
        return caller, question._replace(case="C-1")
    if name == "department":
        return caller._replace(department="mrb"), question
    if name == "purpose":
        return caller, question._replace(purpose="tax_administration")
    return caller, question


def answer(hub: Hub, name: str, scope: Scope, body: bytes) -> Reply:
    """Answer a lookup of the resident register, and enter a lie."""
    standing = hub.book.refresh()
    message = message_of(scope, hub.settings.public_origin)
    caller, _ = identify(message, body, standing, hub.clock())
    question = read_question(body, "lookup", "resident", max_bytes=1 << 20, max_depth=8)
    permit = decide(caller, question, standing, hub.clock())
    assert isinstance(permit, Permit)
    records = hub.records.read(permit, standing)
    revealed = reveal(permit, question, records, hub.settings.full("resident"))
    told_caller, told = lie(name, caller, question)
    result = canonical(revealed.result)
    exit_ = Exit("lookup", "resident", told, permit, revealed, result)
    key = hub.persons.current("default", hub.clock(), hub.store)
    attempt, salt = attempt_of(
        secrets.randbits(63), told_caller, exit_, standing, hub.settings, key
    )
    (entered,) = hub.committer.commit([attempt])
    assert isinstance(entered, Entered)
    sent = answer_body(result, opening(entered.control, attempt.control_salt, entered.leaf, salt))
    receipt = hub.receipts.issue(caller, entered.as_batch, status=200, content_type=JSON, body=sent)
    return Reply(200, JSON, sent, receipt)


def main() -> None:
    """Serve until a signal."""
    folder, port, name = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    hub = open_hub(folder)
    honest = create_app(hub)

    async def dishonest(scope: Scope, receive: Receive, send: Send) -> None:
        path = cast("str", scope.get("path", ""))
        if scope["type"] == "http" and path.endswith("/lookup"):
            body = await read_body(receive, 1 << 20)
            await respond(send, answer(hub, name, scope, body))
        else:
            await honest(scope, receive, send)

    config = uvicorn.Config(dishonest, host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()

"""Finding materials or licences of a holder: one lookup of all that is granted of one type.

The identifier travels in the body of a POST and in no address, as for single questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from catalog.identifiers import check_any
from certs.canonical import Json, canonical
from certs.encoding import b64u, sha256
from hub.access.grant import Operation
from hub.lookup.identify import Caller
from hub.lookup.receipt import Reply
from hub.web.pages.ask import OK
from hub.web.pages.evidence import Evidence, evidence_of
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.offers import Offer, offers
from hub.web.pages.words import told

_REQUEST_ID_BYTES = 16
_TEXT = 128


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, as somebody filled it in, and what is wrong with each field."""

    seed: str
    dataset: str = ""
    subject: str = ""
    kind: str = ""
    purpose: str = ""
    case: str = ""
    wrong: Mapping[str, str] | None = None

    def members(self, officer: str, **more: Json) -> dict[str, Json]:
        """A question as the exchange takes it; the same form again is the same question."""
        members: dict[str, Json] = {
            "case": self.case or None,
            "officer": officer,
            "purpose": self.purpose,
            "subject": {"id": self.subject, "type": self.kind},
            **more,
        }
        whole = canonical({**members, "dataset": self.dataset, "seed": self.seed})
        return {**members, "request_id": b64u(sha256(whole)[:_REQUEST_ID_BYTES])}


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, or a refusal in words; ``caller`` is who asked."""

    reply: Reply
    caller: Caller
    result: Mapping[str, Json]
    refusal: tuple[str, str]
    evidence: Evidence | None

    @property
    def records(self) -> list[Mapping[str, Json]]:
        """The records that were found, if it was a lookup."""
        return cast("list[Mapping[str, Json]]", self.result.get("records", []))


def offers_of(console: Console, visitor: Visitor, source: str) -> list[Offer]:
    """What the department may look up of a kind of source, ``materials`` or ``licences``."""
    hub = console.hub
    found = offers(hub.reading, hub.book, visitor.person.department or "", hub.clock())
    return [
        offer for offer in found if offer.dataset.source == source and "lookup" in offer.operations
    ]


def read_sought(form: Form, offered: Sequence[Offer], operation: Operation) -> Sought:
    """The fields, each checked before anything is asked: a slip of the hand is no question."""
    wrong: dict[str, str] = {}
    dataset, raw = form.one("dataset"), form.one("subject")
    offer = next((one for one in offered if one.dataset.code == dataset), None)
    kind, subject = "", raw[:_TEXT]
    purpose, case = form.one("purpose"), form.one("case")
    if offer is None:
        wrong["dataset"] = "find-dataset"
    else:
        checked = check_any(offer.dataset.subject.kinds, raw)
        if not checked.acceptable or not 0 < len(raw) <= _TEXT:
            wrong["subject"] = checked.reason or "form"
        else:
            kind, subject = checked.kind, checked.value
        if purpose not in {known["code"] for known in offer.purposes_of(operation)}:
            wrong["purpose"] = "purpose-missing"
        if offer.among(operation) and offer.case_required(operation) and not case:
            wrong["case"] = "case-missing"
    if len(case) > _TEXT or not case.isprintable():
        wrong["case"] = "form"
    seed = form.one("seed")[:_TEXT]
    return Sought(seed, dataset, subject, kind, purpose, case[:_TEXT], wrong)


async def put(
    console: Console, visitor: Visitor, operation: Operation, sought: Sought, **more: Json
) -> Answered:
    """Put a question to the exchange; raises as ``Exchange.ask_console`` does."""
    members = sought.members(visitor.person.account, **more)
    reply, caller = await console.hub.exchange.ask_console(
        operation, sought.dataset, visitor.person.department or "", members
    )
    body = cast("dict[str, Json]", orjson.loads(reply.body))
    refusal = ("", "")
    if reply.status != OK:
        facts = cast("dict[str, str | int]", body["facts"])
        refusal = told(str(body["code"]), visitor.language, facts)
    result = cast("list[Mapping[str, Json]]", body["results"])[0]
    return Answered(reply, caller, result, refusal, evidence_of(reply, body, caller))

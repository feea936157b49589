"""Step 5: only granted items leave, masked as the grant says; verify compares and says yes or no.

Every answer carries 128 random bits, so that no digest of a yes or no can be guessed.
"""

from typing import NamedTuple

from catalog.masks import apply
from catalog.material import EXPIRED, NUMBER
from catalog.values import check_value
from certs.canonical import Json
from certs.encoding import b64u
from certs.entropy import random_bytes
from hub.lookup.ask import Question
from hub.lookup.decide import Permit, Refusal
from hub.lookup.read import Record

NONCE_BYTES = 16
MALFORMED = frozenset({"identifier-invalid", "json-malformed", "question-malformed"})
"""Refusals of a question that could not be understood; their outcome class is ``malformed``."""


class Answer(NamedTuple):
    """A result A of ``protocol.md`` with its outcome class; ``matched`` only after verify."""

    result: dict[str, Json]
    outcome: str
    matched: bool | None = None


def reveal(permit: Permit, question: Question, records: list[Record], dataset: str) -> Answer:
    """The answer to a permitted question; ``dataset`` is the full name."""
    source = permit.source
    result: dict[str, Json] = {
        "as_of": source.told_as_of,
        "dataset": dataset,
        "generation": source.generation,
        "nonce": b64u(random_bytes(NONCE_BYTES)),
        "version": source.version,
    }
    if question.operation == "verify":
        agreeing = _agreeing(permit, question, records)
        matched = bool(agreeing)
        result["match"] = matched
        if matched and all(record.disputed for record in agreeing):
            result["disputed"] = True
        if permit.grant.existence:
            result["exists"] = bool(records)
        return Answer(result, "answered", matched)
    if question.operation == "view":
        material = _material(permit, question.material, records)
        result["found"] = material is not None
        result["material"] = material
        return Answer(result, "empty" if material is None else "answered")
    shown: list[Json] = []
    items = source.dataset.items
    chosen = [(i, item.code) for i, item in enumerate(items) if item.code in permit.masks]
    for record in records:
        values: dict[str, Json] = {
            code: apply(permit.masks[code], record.values[place])
            for place, code in chosen
            if record.values[place]
        }
        shown.append({"disputed": record.disputed, "items": values})
    result["found"] = bool(shown)
    result["records"] = shown
    return Answer(result, "answered" if shown else "empty")


def refuse(refusal: Refusal) -> Answer:
    """The result of a refusal: nothing but its code and 128 random bits."""
    result: dict[str, Json] = {"nonce": b64u(random_bytes(NONCE_BYTES)), "problem": refusal.code}
    if refusal.code in MALFORMED:
        return Answer(result, "malformed")
    return Answer(result, "busy" if refusal.code == "busy" else "refused")


def _material(permit: Permit, wanted: str, records: list[Record]) -> Json:
    """What a view is given: the file's digest and length, and what warns of it; None for none.

    Whatever the items' masks are, whoever may see the file may know these of it.
    """
    place = {item.code: at for at, item in enumerate(permit.source.dataset.items)}
    if NUMBER not in place:
        return None  # of a dataset of rows there is nothing to view
    mine = [record for record in records if record.values[place[NUMBER]] == wanted]
    if not mine:
        return None
    values = mine[0].values
    return {
        "disputed": any(record.disputed for record in mine),
        # Past its validity only if nobody who has filed it says otherwise.
        "expired": all(record.values[place["status"]] == EXPIRED for record in mine),
        "material_no": wanted,
        "media_type": values[place["media_type"]],
        "sha256": values[place["sha256"]],
        "size": int(values[place["size_bytes"]]),
        "thumbnail_sha256": values[place["thumbnail_sha256"]] or None,
    }


def _agreeing(permit: Permit, question: Question, records: list[Record]) -> list[Record]:
    """The records that agree with every claim, compared in the form of the wire.

    A disputed record still compares: its dispute is settled by the provider, not by silence. The
    answer says so where no other one agrees.
    """
    items = permit.source.dataset.items
    places = [
        (place, check_value(item, question.claims[item.code]).value)
        for place, item in enumerate(items)
        if item.code in question.claims
    ]
    # A blank claim would ask whether a value is absent, which equality does not tell.
    if not all(claim for _, claim in places):
        return []
    return [
        record
        for record in records
        if all(record.values[place] == claim for place, claim in places)
    ]

"""Step 5: only granted items leave, masked as the grant says; verify compares and says yes or no.

Every answer carries 128 random bits, so that no digest of a yes or no can be guessed.
"""

from typing import NamedTuple

from catalog.licence_record import IDENTIFIER, STATUS
from catalog.licences.status import Status
from catalog.masks import apply
from catalog.material import EXPIRED, NUMBER
from catalog.values import check_value
from certs.canonical import Json
from certs.encoding import b64u
from certs.entropy import random_bytes
from hub.licences.files import MEDIA_TYPE, File
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
    result = _begun(permit, dataset)
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
    items = permit.source.dataset.items
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


class Named(NamedTuple):
    """The licence that a view names, as its subject has it: its status, and what warns of it."""

    identifier: str
    status: str
    disputed: bool

    @property
    def given(self) -> bool:
        """Whether its file is given: only while it is in force."""
        return self.status == Status.IN_FORCE.value


def licence_of(permit: Permit, identifier: str, records: list[Record]) -> Named | None:
    """The licence of an identifier among the subject's records; None if it is not one of them."""
    place = {item.code: at for at, item in enumerate(permit.source.dataset.items)}
    for record in records:
        if record.values[place[IDENTIFIER]] == identifier:
            return Named(identifier, record.values[place[STATUS]], record.disputed)
    return None


def reveal_file(
    permit: Permit, question: Question, named: Named | None, file: File | None, dataset: str
) -> Answer:
    """The answer to a view of a licence; ``file`` is None for one that is not given.

    One that is there and not in force is told by its status, if the grant gives that.
    """
    result = _begun(permit, dataset)
    told: Json = None
    if named is not None and file is not None:
        told = {
            "disputed": named.disputed,
            "identifier": named.identifier,
            "language": question.language,
            "media_type": MEDIA_TYPE,
            "sha256": file.sha256.hex(),
            "size": file.size,
        }
    gives_status = permit.grant.items.get(STATUS) == "full"
    result["found"] = told is not None
    result["licence"] = told
    result["status"] = named.status if named is not None and gives_status else None
    return Answer(result, "empty" if told is None else "answered")


def _begun(permit: Permit, dataset: str) -> dict[str, Json]:
    """What every answer has."""
    source = permit.source
    return {
        "as_of": source.told_as_of,
        "dataset": dataset,
        "generation": source.generation,
        "nonce": b64u(random_bytes(NONCE_BYTES)),
        "version": source.version,
    }


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

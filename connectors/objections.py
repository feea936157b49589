"""Objections 校核: raised against what we received, and answered for what we provide.

Calls, not questions: there are no receipts. Who is corrected is told by an entry that is opened to
us and proven (``connectors/receipts/notices.py``).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from certs.canonical import Json
from connectors.calls import Calls, read_model
from connectors.errors import QuestionRefused
from connectors.question import is_code

Outcome = Literal["confirmed", "corrected", "rejected"]
Status = Literal["open", "confirmed", "corrected", "rejected", "withdrawn"]
OUTCOMES: tuple[Outcome, ...] = ("confirmed", "corrected", "rejected")
STATUSES: tuple[Status, ...] = ("open", "confirmed", "corrected", "rejected", "withdrawn")
_ID = re.compile(r"O-[0-9a-f]{12}\Z", re.ASCII)


class Objection(BaseModel):
    """An objection as it stands; times are RFC 3339. Nothing in it names a person."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    status: str
    department: str
    """Who raised it."""
    dataset: str
    provider: str
    items: tuple[str, ...]
    raised: str
    due: str | None
    urgency: str | None
    """``on-time``, ``near``, ``overdue``; None once it is answered."""
    ended: str | None
    publication: str | None
    told: str | None
    notices: int


class _Subject(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    type: str
    id: str = Field(repr=False)


class Said(BaseModel):
    """What was raised, opened; its ``repr`` tells nothing about a person."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    subject: _Subject = Field(repr=False)
    items: tuple[str, ...]
    reason: str = Field(repr=False)
    match: Mapping[str, str] = Field(repr=False)
    values: Mapping[str, str] = Field(repr=False)
    evidence: str = Field(repr=False)


class Opened(BaseModel):
    """An objection with what was said and answered; that it was opened is ``entry``."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    objection: Objection
    said: Said = Field(repr=False)
    answer_reason: str | None = Field(repr=False)
    entry: int


class _Objections(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    objections: tuple[Objection, ...]


class Objections:
    """The objections of one connector's department, on either side."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def listing(self, status: Status | None = None) -> tuple[Objection, ...]:
        """Those that we raised and those that we have received, the newest first."""
        query = "" if status is None else f"?status={status}"
        answer = self._calls.call("GET", f"/v1/objections{query}")
        return read_model(answer, _Objections).objections

    def find(self, objection: str) -> Objection:
        """One of them; raises ``Refused`` for another's."""
        return read_model(self._calls.call("GET", _path(objection)), Objection)

    def open(self, objection: str) -> Opened:
        """One of them with what was said: an entry of the ledger, with whom it is about."""
        return read_model(self._calls.post(f"{_path(objection)}/content", {}), Opened)

    def raise_(
        self,
        dataset: str,
        subject_type: str,
        subject_id: str,
        *,
        items: Sequence[str],
        reason: str,
        match: Mapping[str, str] | None = None,
        values: Mapping[str, str] | None = None,
        evidence: str = "",
    ) -> Objection:
        """Object to values that we received; raises ``Refused`` or ``QuestionRefused``.

        ``match``: values of granted items that name the record where a subject has several;
        ``values``: what we think right, by item.
        """
        if not is_code(dataset):
            raise QuestionRefused(why="dataset")
        claim: dict[str, Json] = {
            "evidence": evidence,
            "items": [*items],
            "match": {**(match or {})},
            "reason": reason,
            "subject": {"id": subject_id, "type": subject_type},
            "values": {**(values or {})},
        }
        return read_model(self._calls.post(f"/v1/datasets/{dataset}/objections", claim), Objection)

    def answer(
        self, objection: str, outcome: Outcome, reason: str, publication: str | None = None
    ) -> Objection:
        """Answer an objection to our data; ``publication`` is the one that corrected the value."""
        body: dict[str, Json] = {
            "outcome": outcome,
            "publication": publication,
            "reason": reason,
        }
        return read_model(self._calls.post(f"{_path(objection)}/answer", body), Objection)

    def withdraw(self, objection: str) -> Objection:
        """Take back what we raised."""
        return read_model(self._calls.post(f"{_path(objection)}/withdraw", {}), Objection)


def _path(objection: str) -> str:
    """The path of an objection: nothing else may get into an address."""
    if not _ID.match(objection):
        raise QuestionRefused(why="objection")
    return f"/v1/objections/{objection}"

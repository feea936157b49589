"""What calling systems send and get, as models: the OpenAPI page is made of the same ones.

Questions refuse unknown members, so that nothing that somebody meant is silently left out.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.question import ITEMS_LIMIT, TEXT_LIMIT, VALUE_LIMIT, Asking

_Text = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$")]
_Value = Annotated[str, Field(min_length=1, max_length=VALUE_LIMIT)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Subject(_Given):
    """Whom a question is about."""

    type: Code
    id: Annotated[_Text, Field(repr=False)]


class _Question(_Given):
    subject: Subject
    purpose: Code
    officer: _Text
    case: _Text | None = None
    delegation: Annotated[str, Field(pattern=r"^D-[0-9a-f]{12}$")] | None = None
    request_id: RequestId | None = None


class LookupQuestion(_Question):
    """What to look up about somebody."""

    items: Annotated[list[Code], Field(min_length=1, max_length=ITEMS_LIMIT)]


class VerifyQuestion(_Question):
    """What to compare with what is on file."""

    claims: Annotated[dict[Code, _Value], Field(min_length=1, max_length=ITEMS_LIMIT, repr=False)]


class Receipt(_Told):
    """The entry that an answer rests on."""

    request_id: str
    ledger: str
    entry: int
    time: str


class Record(_Told):
    """One record, masked as the grant says; absent values are left out."""

    disputed: bool
    items: Annotated[dict[str, str], Field(repr=False)]


class _Answer(_Told):
    dataset: str
    generation: str | None
    version: int
    as_of: str | None
    receipt: Receipt


class LookupAnswer(_Answer):
    """What is on file."""

    found: bool
    records: list[Record]


class VerifyAnswer(_Answer):
    """Whether it agrees; ``exists`` only if the grant tells it."""

    match: bool
    exists: bool | None = None


class KeptReceipt(Receipt):
    """A receipt as the gateway keeps it."""

    status: int
    outcome: Literal["answered", "empty", "refused", "malformed", "busy"]
    state: Literal["received", "proven", "alarm"]
    receipt: str


class Receipts(_Told):
    """All receipts of one question."""

    request_id: str
    operation: Asking
    dataset: str
    asked: str
    receipts: list[KeptReceipt]


class Problem(_Told):
    """Why there is no answer (RFC 9457)."""

    type: str
    code: str
    status: int
    title: Mapping[str, str]
    detail: Mapping[str, str]
    facts: Mapping[str, str | int | bool | None]
    request_id: str | None = None
    receipt: Receipt | None = None


class StandingAlarm(_Told):
    """An alarm that stands."""

    alarm: int
    time: str
    code: str
    why: str
    request_id: str | None
    stops: bool


class Health(_Told):
    """How the gateway is."""

    status: Literal["ok", "alarm", "stopped"]
    hub: str
    connector: str
    certificate_until: str
    renewal: str | None
    proofs: str | None
    proofs_at: str | None
    received: int
    proven: int
    overdue: int
    on_the_way: int
    limit: int
    answered: int
    declined: int
    failed: int
    turned_away: int
    alarms: list[StandingAlarm]

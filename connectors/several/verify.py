"""What every answer with several entries must be, whatever was asked.

The steps of ``connectors/verify.py``, for results and entries that stand in one order. Each kind of
question calls them, and adds between them whom and what its entries must name: steps 6, 7 and 10.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from certs.canonical import Json, canonical, parse
from certs.encoding import digest
from certs.receipts import Receipt, leaves_digest
from connectors.errors import AnswerRefused
from connectors.jwks import ReceiptKey, check_receipt
from connectors.openings import Opened
from connectors.transport import Response
from connectors.verify import DEPTH, Trust, check_bytes, check_parties, check_time

MAX_SEVERAL = 64 * 1024 * 1024
"""Bytes of one answer: the most that a hub's settings allow, with its openings."""


class Made(Protocol):
    """What a receipt is about: a request as it was signed, or one that it stands for."""

    @property
    def digest(self) -> str:
        """R."""

    @property
    def created(self) -> int:
        """When it was signed, in seconds."""


@dataclass(frozen=True, slots=True)
class Several:
    """Results and opened entries in one order, under one receipt; ``document`` is all that came.

    Of an answer that was lost there are no results.
    """

    document: Json
    results: Sequence[Mapping[str, Json]]
    token: str
    receipt: Receipt
    key: ReceiptKey
    opened: Sequence[Opened]
    openings: Sequence[Mapping[str, Json]]

    @property
    def entry(self) -> int:
        """The index of the first entry in the ledger."""
        return self.receipt.first

    @property
    def code(self) -> Json:
        """The code of a problem document; None of an answer."""
        return self.document.get("code") if isinstance(self.document, dict) else None


def arrived(
    signed: Made, response: Response, *, token: str, keys: Mapping[str, ReceiptKey], trust: Trust
) -> Several:
    """Steps 1 to 5 of an answer to ``signed``; raises ``AnswerRefused`` and what its parts raise.

    Left to the caller: whom and what the entries name, ``check_bound``, and what results say.
    """
    # 1 The receipt is signed by a key of this hub that leads to the pinned root
    receipt, key = check_receipt(token, keys, root=trust.root, hub=trust.hub)
    # 2 It is for us, about this very request, in the ledger that we know
    check_parties(receipt, trust)
    if receipt.request != signed.digest:
        raise AnswerRefused(why="request")
    # 3 It binds the answer as it arrived
    check_bytes(receipt, response)
    # 4 The answer is as many results as opened entries
    document = parse(response.body, max_bytes=MAX_SEVERAL, max_depth=DEPTH)
    results, openings = _all(document, "results"), _all(document, "openings")
    if len(results) != len(openings):
        raise AnswerRefused(why="results")
    # 5 The entries are those that the receipt promises, and no others
    return Several(document, results, token, receipt, key, _opened(openings, receipt), openings)


def arrived_again(
    requests: frozenset[str],
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
) -> Several:
    """The same of a receipt whose answer was lost (``GET /v1/receipts/{request_id}``).

    ``requests`` are the digests R of every attempt that left. There are no results, so nothing but
    the entries may be taken from it.
    """
    # 1 The receipt is this hub's, for us, about one of our attempts
    receipt, key = check_receipt(token, keys, root=trust.root, hub=trust.hub)
    if receipt.request not in requests:
        raise AnswerRefused(why="request")
    check_parties(receipt, trust)
    # 2 The entries are those that it promises, and each is of that attempt
    document = parse(response.body, max_bytes=MAX_SEVERAL, max_depth=DEPTH)
    openings = _all(document, "openings")
    opened = _opened(openings, receipt)
    if any(one.control.request != receipt.request for one in opened):
        raise AnswerRefused(why="control-request")
    return Several(document, (), token, receipt, key, opened, openings)


def check_own(several: Several, signed: Made, outcomes: frozenset[str], *, again: bool) -> None:
    """Step 7 but for names: each entry is of our request, ended so, and repeats what it may.

    ``again``: an earlier attempt had left; else nobody can have used our random identifier.
    """
    first = several.opened[0].control.repeats
    for place, one in enumerate(several.opened):
        if one.control.request != signed.digest:
            raise AnswerRefused(why="control-request")
        if one.control.outcome not in outcomes:
            raise AnswerRefused(why="outcome")
        if one.control.repeats is not None and not again:
            raise AnswerRefused(why="repeats")
        if one.control.repeats != (None if first is None else first + place):
            raise AnswerRefused(why="repeats")


def check_bound(several: Several, signed: Made, now: int) -> None:
    """Steps 8 and 9; ``now`` is in milliseconds."""
    receipt = several.receipt
    for one, result in zip(several.opened, several.results, strict=True):
        # 8 It binds the result at its place
        if one.control.answer != digest(canonical(result)):
            raise AnswerRefused(why="result-digest")
        # 9 It was made after we asked, and not in the future
        check_time(one.leaf.time, receipt.issued * 1000, signed.created * 1000, now)


def check_kinds(several: Several, kind: str) -> None:
    """Raise ``AnswerRefused`` unless every entry is of ``kind``."""
    if any(one.leaf.kind != kind for one in several.opened):
        raise AnswerRefused(why="kind")


def _all(document: Json, name: str) -> list[Mapping[str, Json]]:
    """The objects of a list that is not empty."""
    members = document.get(name) if isinstance(document, dict) else None
    if not isinstance(members, list) or not members:
        raise AnswerRefused(why=name)
    found: list[Mapping[str, Json]] = [one for one in members if isinstance(one, dict)]
    if len(found) != len(members):
        raise AnswerRefused(why=name)
    return found


def _opened(openings: Sequence[Json], receipt: Receipt) -> list[Opened]:
    """The entries, if they are those that a receipt promises."""
    opened = [Opened(one) for one in openings]
    if receipt.first < 0 or receipt.entries != len(opened):
        raise AnswerRefused(why="count")
    if receipt.leaves != leaves_digest([one.leaf_hash for one in opened]):
        raise AnswerRefused(why="leaves")
    return opened

"""Whether an answer is the one to our question: the department's one security-critical check.

``check_answer`` believes nothing in the answer that it does not rebuild from the question, the
request that was sent, or what was pinned at enrolment. It leaves to its caller: keeping evidence,
raising the alarm, and asking the ledger later for the proof that the receipt promises.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from certs.canonical import Json, canonical, parse
from certs.encoding import digest
from certs.errors import LeafMismatch, Malformed, ReceiptInvalid
from certs.receipts import Receipt, leaves_digest
from certs.signatures import SKEW, Signed
from connectors.errors import AnswerRefused
from connectors.jwks import ReceiptKey, check_receipt
from connectors.openings import Control, Opened
from connectors.question import Question
from connectors.transport import JSON_TYPE, MAX_ANSWER, Response

PROBLEM_TYPE = "application/problem+json"
OK = 200
CHANNEL = "connector"
DEPTH = 12
ANSWERED = frozenset({"answered", "empty"})
UNREAD = "malformed"
"""The outcome of what the hub may not have been able to read as a question."""
DECLINED = frozenset({"refused", "malformed", "busy"})
NOBODY: dict[str, Json] = {"case": None, "officer": None, "subject": None}


@dataclass(frozen=True, slots=True)
class Trust:
    """What was pinned at enrolment; ``root`` is PEM, ``department`` and ``connector`` are ours."""

    hub: str
    department: str
    connector: str
    root: bytes
    origin: str

    def full(self, dataset: str) -> str:
        """A local dataset's full name."""
        return f"{self.hub}:{dataset}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was sent; ``again`` if an earlier attempt had already left."""

    question: Question
    signed: Signed
    again: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer that stands. ``result`` is A; ``document`` the whole body."""

    result: Mapping[str, Json]
    document: Mapping[str, Json]
    token: str
    receipt: Receipt
    key: ReceiptKey
    opened: Opened
    opening: Mapping[str, Json]

    @property
    def entry(self) -> int:
        """The index of the answer's entry in the ledger."""
        return self.receipt.first


def check_answer(
    asked: Asked,
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
    now: int,
) -> Checked:
    """The answer, if every check of ``protocol.md`` holds; ``now`` is in milliseconds.

    Raises ``AnswerRefused``; fact ``why`` names the check.
    """
    with refusing():
        # 1 The receipt is signed by a key of this hub that leads to the pinned root
        receipt, key = check_receipt(token, keys, root=trust.root, hub=trust.hub)
        # 2 It is for us, about this very request, in the ledger that we know
        check_parties(receipt, trust)
        if receipt.request != asked.signed.digest:
            raise AnswerRefused(why="request")
        # 3 It binds the answer as it arrived
        check_bytes(receipt, response)
        # 4 The answer is one result with one opened entry
        document = parse(response.body, max_bytes=MAX_ANSWER, max_depth=DEPTH)
        result, opening = _only(document, "results"), _only(document, "openings")
        # 5 The entry is the one that the receipt promises
        opened = Opened(opening)
        _check_entry(receipt, opened, asked.question)
        # 6 Its control part names our department, connector, dataset, purpose and request
        _check_control(opened.control, asked, trust, status=response.status)
        # 7 Its person part is whom we asked about, rebuilt from our own question
        check_person(opened, asked.question.person())
        # 8 It binds the result itself
        if opened.control.answer != digest(canonical(result)):
            raise AnswerRefused(why="result-digest")
        # 9 It was made after we asked, and not in the future
        check_time(opened.leaf.time, receipt.issued * 1000, asked.signed.created * 1000, now)
        # 10 The result speaks about what was asked, and as its entry says
        _check_result(result, document, opened.control, asked, trust, response.status)
    return Checked(
        result=result,
        document=document if isinstance(document, dict) else {},
        token=token,
        receipt=receipt,
        key=key,
        opened=opened,
        opening=opening,
    )


def check_receipt_again(
    question: Question,
    requests: frozenset[str],
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
) -> Checked:
    """The receipt of a question whose answer was lost (``GET /v1/receipts/{request_id}``).

    ``requests`` are the digests R of every attempt that left. There is no result to check, so
    nothing but the entry may be taken from it. Raises ``AnswerRefused``.
    """
    with refusing():
        # 1 The receipt is this hub's, for us, about one of our attempts
        receipt, key = check_receipt(token, keys, root=trust.root, hub=trust.hub)
        if receipt.request not in requests:
            raise AnswerRefused(why="request")
        check_parties(receipt, trust)
        # 2 The entry is the one that it promises
        document = parse(response.body, max_bytes=MAX_ANSWER, max_depth=DEPTH)
        opening = _only(document, "openings")
        opened = Opened(opening)
        _check_entry(receipt, opened, question)
        # 3 The entry tells of that attempt and of our question
        if opened.control.request != receipt.request:
            raise AnswerRefused(why="control-request")
        check_names(
            opened.control,
            trust,
            dataset=question.dataset,
            purpose=question.purpose,
            delegation=question.delegation,
            answered=opened.control.outcome in ANSWERED,
        )
        check_person(opened, question.person())
    return Checked({}, {}, token, receipt, key, opened, opening)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the parts of an answer raise into the one refusal of the whole."""
    try:
        yield
    except ReceiptInvalid as error:
        raise AnswerRefused(why=f"receipt-{error.facts.get('why', 'form')}") from error
    except LeafMismatch as error:
        raise AnswerRefused(why=f"leaf-{error.facts.get('why', 'form')}") from error
    except Malformed as error:
        raise AnswerRefused(why="body") from error


def check_parties(receipt: Receipt, trust: Trust) -> None:
    """Raise ``AnswerRefused`` unless a receipt is of our hub, for us, in the ledger we know."""
    if receipt.issuer != trust.hub:
        raise AnswerRefused(why="issuer")
    if receipt.audience != trust.connector:
        raise AnswerRefused(why="audience")
    if receipt.origin != trust.origin:
        raise AnswerRefused(why="origin")


def check_bytes(receipt: Receipt, response: Response) -> None:
    """Raise ``AnswerRefused`` unless a receipt binds the answer as it arrived."""
    if receipt.status != response.status:
        raise AnswerRefused(why="status")
    if receipt.content_type != response.content_type:
        raise AnswerRefused(why="content-type")
    if response.content_type != (JSON_TYPE if response.status == OK else PROBLEM_TYPE):
        raise AnswerRefused(why="content-type")
    if receipt.body != digest(response.body):
        raise AnswerRefused(why="body-digest")


def _only(document: Json, name: str) -> Mapping[str, Json]:
    members = document.get(name) if isinstance(document, dict) else None
    if not isinstance(members, list) or len(members) != 1 or not isinstance(members[0], dict):
        raise AnswerRefused(why=name)
    return members[0]


def _check_entry(receipt: Receipt, opened: Opened, question: Question) -> None:
    if receipt.entries != 1 or receipt.first < 0:
        raise AnswerRefused(why="count")
    if receipt.leaves != leaves_digest([opened.leaf_hash]):
        raise AnswerRefused(why="leaves")
    if opened.leaf.kind != question.operation:
        raise AnswerRefused(why="kind")


def _check_control(control: Control, asked: Asked, trust: Trust, *, status: int) -> None:
    if control.request != asked.signed.digest:
        raise AnswerRefused(why="control-request")
    if control.outcome not in (ANSWERED if status == OK else DECLINED):
        raise AnswerRefused(why="outcome")
    if control.repeats is not None and not asked.again:
        # Nobody else can have used our random identifier.
        raise AnswerRefused(why="repeats")
    question = asked.question
    check_names(
        control,
        trust,
        dataset=question.dataset,
        purpose=question.purpose,
        delegation=question.delegation,
        answered=status == OK,
    )


def check_names(
    control: Control,
    trust: Trust,
    *,
    dataset: str,
    purpose: str,
    delegation: str | None,
    answered: bool,
) -> None:
    """Raise ``AnswerRefused`` unless *control* names the connector of ``trust`` and what it asked.

    ``dataset`` and ``delegation`` are local. A refusal may leave out what the hub does not know; an
    answer names everything. A delegation stands there if we named it, and else none does.
    """
    if control.department != trust.department:
        raise AnswerRefused(why="control-department")
    if control.connector != trust.connector:
        raise AnswerRefused(why="control-connector")
    if control.channel != CHANNEL:
        raise AnswerRefused(why="control-channel")
    unknown = () if answered else (None,)
    if control.dataset not in (trust.full(dataset), *unknown):
        raise AnswerRefused(why="control-dataset")
    if control.purpose not in (purpose, *unknown):
        raise AnswerRefused(why="control-purpose")
    named = None if delegation is None else trust.full(delegation)
    if control.delegation != named and (control.delegation, control.outcome) != (None, UNREAD):
        raise AnswerRefused(why="control-delegation")
    if answered and (control.grant is None or control.grant_version is None):
        raise AnswerRefused(why="control-grant")


def check_person(opened: Opened, person: Json) -> None:
    """Raise ``LeafMismatch`` unless the entry's *person* is ``person``.

    A body that the hub could not read as a question names nobody; it gets no data either.
    """
    try:
        opened.check_person(person)
    except LeafMismatch:
        if opened.control.outcome != "malformed":
            raise
        opened.check_person(NOBODY)


def check_time(entry: int, issued: int, created: int, now: int) -> None:
    """Raise ``AnswerRefused`` unless the entry came after the request and before its receipt.

    Times are milliseconds; a request's and a receipt's have whole seconds only.
    """
    skew = SKEW * 1000
    if not created - skew <= entry <= now + skew:
        raise AnswerRefused(why="time")
    if not entry - 1000 <= issued <= now + skew:
        raise AnswerRefused(why="time")


def _check_result(
    result: Mapping[str, Json],
    document: Json,
    control: Control,
    asked: Asked,
    trust: Trust,
    status: int,
) -> None:
    question = asked.question
    if status != OK:
        code = document.get("code") if isinstance(document, dict) else None
        if result.get("problem") != code or result.get("status", status) != status:
            raise AnswerRefused(why="problem")
        return
    if result.get("dataset") != trust.full(question.dataset):
        raise AnswerRefused(why="result-dataset")
    if question.operation == "verify":
        if type(result.get("match")) is not bool:
            raise AnswerRefused(why="result-form")
        return
    if question.operation == "view":
        if question.licence:
            _check_file(result, control.outcome, question.licence, question.language)
        else:
            _check_viewed(result, control.outcome, question.material)
        return
    check_records(result, control.outcome, question.items)


def _check_viewed(result: Mapping[str, Json], outcome: str, material: str) -> None:
    """Raise ``AnswerRefused`` unless a result tells of the material that was asked for, or none."""
    found, told = result.get("found"), result.get("material")
    if type(found) is not bool or found != (told is not None):
        raise AnswerRefused(why="result-form")
    if found != (outcome == "answered"):
        raise AnswerRefused(why="outcome")
    if found and (not isinstance(told, dict) or told.get("material_no") != material):
        raise AnswerRefused(why="result-material")


def _check_file(
    result: Mapping[str, Json], outcome: str, licence: str, language: str | None
) -> None:
    """Raise ``AnswerRefused`` unless a result tells of the file that was asked for, or of none."""
    found, told = result.get("found"), result.get("licence")
    if type(found) is not bool or found != (told is not None):
        raise AnswerRefused(why="result-form")
    if found != (outcome == "answered"):
        raise AnswerRefused(why="outcome")
    if not found:
        return
    if not isinstance(told, dict) or told.get("identifier") != licence:
        raise AnswerRefused(why="result-licence")
    if language is not None and told.get("language") != language:
        raise AnswerRefused(why="result-licence")


def check_records(result: Mapping[str, Json], outcome: str, items: Sequence[str]) -> None:
    """Raise ``AnswerRefused`` unless a result has records of ``items``, as its outcome says."""
    found, records = result.get("found"), result.get("records")
    if type(found) is not bool or not isinstance(records, list) or bool(records) != found:
        raise AnswerRefused(why="result-form")
    if found != (outcome == "answered"):
        raise AnswerRefused(why="outcome")
    wanted = set(items)
    for record in records:
        shown = record.get("items") if isinstance(record, dict) else None
        if not isinstance(shown, dict) or not set(shown) <= wanted:
            raise AnswerRefused(why="result-items")
        if not all(isinstance(value, str) for value in shown.values()):
            raise AnswerRefused(why="result-items")

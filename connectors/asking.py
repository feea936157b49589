"""One question from signing to a verified answer, as numbered steps.

Nothing leaves that is not written down, and nothing is handed on that is not verified and kept.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple, TypeAlias, TypeVar

from certs.canonical import Json, canonical
from certs.certificates import CertificateFacts
from certs.encoding import b64u
from certs.errors import Malformed, ReceiptInvalid
from certs.signatures import Signed
from connectors.batch.question import BatchQuestion
from connectors.batch.verify import (
    AskedBatch,
    check_batch,
    check_batch_again,
)
from connectors.calls import TRIES, Calls, read_problem
from connectors.cases.question import CaseQuestion
from connectors.clock import Clock
from connectors.errors import (
    AnswerRefused,
    EntryTwice,
    HubError,
    HubUnreachable,
    ReceiptUnknown,
    Refused,
)
from connectors.feed.question import FeedQuestion
from connectors.feed.verify import AskedPage, CheckedPage, check_page, check_page_again
from connectors.home import Identity
from connectors.joint.question import JointQuestion
from connectors.joint.verify import AskedJoint, check_joint, check_joint_again
from connectors.jwks import KeyRing, ReceiptKey
from connectors.later import restored
from connectors.question import Question
from connectors.receipts.store import Kept, ReceiptStore
from connectors.several.keeping import question_of, several_to_keep
from connectors.several.verify import MAX_SEVERAL, Several
from connectors.transport import MAX_ANSWER, Prepared, Response, Transport
from connectors.verify import Asked, Checked, Trust, check_answer, check_receipt_again

RECEIPT_HEADER = "hub-receipt"
KEY_TRIES = 6
"""Attempts at the hub's receipt keys, over some six seconds, while an answer waits for them."""
RECEIPTED = frozenset(
    {
        HTTPStatus.OK,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""What a hub says only after it has made an entry; others may come before, or from a proxy."""

Signable: TypeAlias = Question | BatchQuestion | FeedQuestion | JointQuestion | CaseQuestion
_Checked = TypeVar("_Checked")
_log = logging.getLogger("yifen.connector")


class Sent(NamedTuple):
    """A question that was sent, with what came back; ``again``: an earlier attempt had left."""

    signed: Signed
    response: Response
    token: str
    again: bool


class Asking:
    """Asks the hub and verifies what it answers."""

    def __init__(
        self,
        transport: Transport,
        calls: Calls,
        identity: Identity,
        store: ReceiptStore,
        clock: Clock,
    ) -> None:
        self._transport = transport
        self._calls = calls
        self._identity = identity
        self._store = store
        self._clock = clock
        self._ring = KeyRing(transport)
        self.trust = trust_of(identity)

    def ask(self, question: Question) -> Checked:
        """The verified answer to ``question``.

        Raises ``Refused`` if the hub said no, ``AnswerRefused`` if the answer does not prove
        itself, ``HubError`` if none came.
        """

        def check(sent: Sent) -> tuple[Checked, Kept]:
            asked = Asked(question, sent.signed, again=sent.again)
            checked = check_answer(
                asked,
                sent.response,
                token=sent.token,
                keys=self.keys(sent.token),
                trust=self.trust,
                now=self._clock(),
            )
            return checked, to_keep(checked, question)

        return self._ask(question, check, MAX_ANSWER)

    def ask_batch(self, question: BatchQuestion, *, before: bool = False) -> Several:
        """The verified answer to a batch; raises as ``ask`` does.

        ``before``: an earlier run may have sent it already.
        """

        def check(sent: Sent) -> tuple[Several, Kept]:
            asked = AskedBatch(question, sent.signed, again=sent.again or before)
            checked = check_batch(
                asked,
                sent.response,
                token=sent.token,
                keys=self.keys(sent.token),
                trust=self.trust,
                now=self._clock(),
            )
            return checked, several_to_keep(checked, question)

        return self._ask(question, check, MAX_SEVERAL)

    def ask_joint(self, question: JointQuestion, *, before: bool = False) -> Several:
        """The verified answer to joint questions; raises as ``ask`` does.

        ``before``: an earlier run may have sent it already.
        """

        def check(sent: Sent) -> tuple[Several, Kept]:
            asked = AskedJoint(question, sent.signed, again=sent.again or before)
            checked = check_joint(
                asked,
                sent.response,
                token=sent.token,
                keys=self.keys(sent.token),
                trust=self.trust,
                now=self._clock(),
            )
            return checked, several_to_keep(checked, question)

        return self._ask(question, check, MAX_SEVERAL)

    def ask_page(self, question: FeedQuestion) -> CheckedPage | None:
        """The verified next page of a feed, None if there is nothing new; raises as ``ask`` does.

        That nothing is new has no entry and proves nothing; whoever asks stays where they are.
        """

        def check(sent: Sent) -> tuple[CheckedPage, Kept]:
            checked = check_page(
                AskedPage(question, sent.signed, again=sent.again),
                sent.response,
                token=sent.token,
                keys=self.keys(sent.token),
                trust=self.trust,
                now=self._clock(),
            )
            return checked, several_to_keep(checked.several, question)

        sent = self.send(question, MAX_SEVERAL)
        if sent[1].status == HTTPStatus.NO_CONTENT:
            self._store.forget_question(question.request_id)
            return None
        return self._take(question, check, *sent)

    def _ask(
        self, question: Signable, check: "Callable[[Sent], tuple[_Checked, Kept]]", limit: int
    ) -> _Checked:
        # 1 Sign, write down, send; again under a new nonce if nothing came
        return self._take(question, check, *self.send(question, limit))

    def _take(
        self,
        question: Signable,
        check: "Callable[[Sent], tuple[_Checked, Kept]]",
        prepared: Prepared,
        response: Response,
        again: bool,  # noqa: FBT001 as ``send`` gives it
    ) -> _Checked:
        # 2 A refusal from before the entry has no receipt; everything else must have one
        token = response.headers.get(RECEIPT_HEADER)
        if token is None and response.status not in RECEIPTED:
            raise Refused(read_problem(response))
        # 3 Verify, or keep what came as evidence and raise the alarm
        try:
            if token is None:
                raise AnswerRefused(why="receipt-missing")
            checked, to_be_kept = check(Sent(prepared.signed, response, token, again=again))
            # 4 Keep the receipt before the answer is handed on
            self._store.write_receipt(to_be_kept)
        except AnswerRefused as error:
            self.alarm(error, question, prepared, response)
            self.explain(error)
            raise
        # 5 A refusal that proves itself is a refusal still
        if response.status != HTTPStatus.OK:
            raise Refused(read_problem(response), entry=to_be_kept.entry)
        return checked

    def recover(self, request_id: str) -> Kept:
        """The receipt of a question whose answer was lost, fetched, verified and kept.

        Raises ``ReceiptUnknown`` if we never asked it, ``Refused`` if the hub has no such entry,
        ``CaseAskedAgain`` for a case.
        """
        before = self._store.question(request_id)
        question = question_of(before)
        attempts = frozenset(one.request for one in self._store.attempts(request_id))
        prepared = self._calls.sign("GET", f"/v1/receipts/{request_id}")
        response = self._transport.send(prepared, limit=MAX_SEVERAL)
        token = response.headers.get(RECEIPT_HEADER)
        if response.status != HTTPStatus.OK:
            raise Refused(read_problem(response))
        try:
            if token is None:
                raise AnswerRefused(why="receipt-missing")
            to_be_kept = self._check_again(question, attempts, response, token)
            self._store.write_receipt(to_be_kept)
        except AnswerRefused as error:
            self.alarm(error, question, prepared, response)
            self.explain(error)
            raise
        entry = to_be_kept.entry
        found = [one for one in self._store.of_question(request_id) if one.entry == entry]
        if not found:
            raise ReceiptUnknown
        return found[0]

    def _check_again(
        self,
        question: Question | BatchQuestion | FeedQuestion | JointQuestion,
        attempts: frozenset[str],
        response: Response,
        token: str,
    ) -> Kept:
        keys, trust = self.keys(token), self.trust
        if isinstance(question, BatchQuestion):
            batch = check_batch_again(
                question, attempts, response, token=token, keys=keys, trust=trust
            )
            return several_to_keep(batch, question)
        if isinstance(question, FeedQuestion):
            page = check_page_again(
                question, attempts, response, token=token, keys=keys, trust=trust
            )
            return several_to_keep(page.several, question)
        if isinstance(question, JointQuestion):
            joint = check_joint_again(
                question, attempts, response, token=token, keys=keys, trust=trust
            )
            return several_to_keep(joint, question)
        checked = check_receipt_again(
            question, attempts, response, token=token, keys=keys, trust=trust
        )
        return to_keep(checked, question)

    def send(
        self, question: Signable, limit: int, *, written: bool = True
    ) -> tuple[Prepared, Response, bool]:
        """Send until something comes; True if an earlier attempt may have been entered.

        What is not ``written`` down can have no receipt.
        """
        body = question.body()
        for tried in range(1, TRIES + 1):
            prepared = self._calls.sign("POST", question.path, body)
            if written:
                self._store.write_attempt(
                    question, prepared.signed, self._identity.certificate, self._clock()
                )
            try:
                response = self._transport.send(prepared, limit=limit)
            except HubUnreachable:
                if tried == TRIES:
                    raise
            else:
                if response.status != HTTPStatus.SERVICE_UNAVAILABLE or tried == TRIES:
                    break
            self._calls.pause(tried)
        return prepared, response, tried > 1

    def keys(self, token: str) -> dict[str, ReceiptKey]:
        """The hub's receipt keys, the one of ``token`` among them; raises ``AnswerRefused``."""
        for tried in range(1, KEY_TRIES + 1):
            try:
                return dict(self._ring.for_token(token))
            except (ReceiptInvalid, Malformed) as error:
                raise AnswerRefused(why="receipt-form") from error
            except HubError as error:
                if tried == KEY_TRIES:
                    # The answer is here: a hub that hides its keys must not get out of the alarm.
                    raise AnswerRefused(why="receipt-keys") from error
            # Restarted, or cut off for a moment: until the keys come the answer is not believed.
            self._calls.pause(tried)
        raise AssertionError  # the last try returns or raises

    def explain(self, error: AnswerRefused) -> None:
        """Raise ``LedgerRestored`` in place of a refusal for the ledger's name, if that is why."""
        if error.facts.get("why") == "origin":
            later = restored(self._transport, self.trust.origin)
            if later is not None:
                raise later from error

    def alarm(
        self, error: AnswerRefused, question: Signable, prepared: Prepared, response: Response
    ) -> None:
        """Keep what shows why an answer was refused."""
        evidence = evidence_of(error, question, prepared, response, self._identity.certificate)
        why = str(error.facts.get("why", ""))
        self._store.write_alarm(
            error.code, why, evidence, self._clock(), request_id=question.request_id
        )
        _log.error("answer refused: %s, request %s", why, question.request_id)


def trust_of(identity: Identity) -> Trust:
    """What ``identity`` pinned at its enrolment."""
    settings = identity.settings
    return Trust(
        hub=settings.hub,
        department=settings.department,
        connector=settings.connector,
        root=identity.root,
        origin=settings.ledger.origin,
    )


def evidence_of(
    error: AnswerRefused,
    question: Signable,
    prepared: Prepared,
    response: Response,
    certificate: CertificateFacts,
) -> bytes:
    """What shows why an answer was refused: the question as sent, and all that came back."""
    signed = prepared.signed
    kept: Json = None
    if isinstance(error, EntryTwice):
        kept = {"receipt": error.receipt, "request_id": error.request_id}
    return canonical(
        {
            "kept": kept,
            "question": question.body().decode("utf-8"),
            "request": {
                "base": b64u(signed.base),
                "signature": b64u(signed.signature),
                "certificate": b64u(certificate.der),
            },
            "response": {
                "status": response.status,
                "content_type": response.headers.get("content-type", ""),
                "receipt": response.headers.get(RECEIPT_HEADER),
                "body": b64u(response.body),
            },
        }
    )


def to_keep(checked: Checked, question: Question) -> Kept:
    """What the store keeps of a verified answer: its evidence without its values."""
    opened = checked.opened
    return Kept(
        entry=checked.entry,
        origin=checked.receipt.origin,
        request=checked.receipt.request,
        request_id=question.request_id,
        token=checked.token,
        status=checked.receipt.status,
        outcome=opened.control.outcome,
        leaf=opened.leaf_bytes,
        leaf_hash=opened.leaf_hash,
        opening=canonical(checked.opening),
        time=opened.leaf.time,
        state="received",
        proof=None,
        checkpoint=None,
        key=checked.key,
        operation=question.operation,
        dataset=question.dataset,
    )

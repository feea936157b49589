"""Cases as a department's connector opens and handles them: each answer verified, then kept.

with Connector.open(home) as connector:
    case = connector.cases.open(said, officer="…")
    case = connector.cases.bring(case.told.case, ("lease_record", "sketch"), officer="…")
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict

from certs.canonical import Json
from connectors.asking import Asking
from connectors.calls import Calls, read_model
from connectors.cases import question as asks
from connectors.cases.answer import (
    ON_PAPER,
    CaseStatus,
    CaseTold,
    Outcome,
    Result,
    State,
)
from connectors.cases.errors import CaseElsewhere, CaseVersionUnknown
from connectors.cases.exchange import Done, Exchange
from connectors.cases.memory import Memory, Remembered
from connectors.cases.question import Party, Said
from connectors.cases.verify import CheckedCase, Expected, concluded_as
from connectors.clock import Clock
from connectors.errors import QuestionRefused
from connectors.receipts.store import ReceiptStore

Name = tuple[str, str]
"""A required material: its service and its code."""


class Page(BaseModel):
    """Cases as they stand, the newest first; ``more`` is the case before which others come."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    cases: tuple[State, ...]
    more: str | None = None


class Cases:
    """The cases of one connector's department; raises ``Refused``, ``AnswerRefused``, ``HubError``.

    ``version`` is the one that the officer saw; without it the newest that we were told.
    """

    def __init__(self, asking: Asking, calls: Calls, store: ReceiptStore, clock: Clock) -> None:
        self._calls = calls
        self._memory = Memory(store)
        self._exchange = Exchange(asking, store, self._memory, clock)

    # -- what has a case decided --------------------------------------------------------------
    def open(self, said: Said, *, officer: str) -> CheckedCase:
        """Open a case; one whose answer was lost is asked for again under the same identity."""
        said = replace(said, services=asks.services_of(said.services))
        lost = self._memory.lost(said, officer)
        question = asks.opening(said, officer=officer, request_id=lost)

        def expected(status: int) -> Expected:
            # Only a request that may have been there before can find a case that it has opened.
            known = status == HTTPStatus.OK
            return Expected(
                case=None,
                version=None if known else 1,
                at_least=1,
                services=said.services,
                bases=self._memory.bases(self._memory.by_request(question.request_id)),
                these={question.request_id},
                decides=not known,
                done=lambda told: known or told.status == "open",
            )

        return self._exchange.decide(question, "", officer, said, expected)

    def supplement(
        self,
        case: str,
        *,
        officer: str,
        parties: Mapping[str, Party | None] | None = None,
        given: Mapping[str, str] | None = None,
        version: int | None = None,
    ) -> CheckedCase:
        """Add or replace parties and fields (an empty one is taken out), and decide anew."""
        more, entered = dict(parties or {}), dict(given or {})
        asks.check_parties(more)
        asks.check_given(entered)
        members: dict[str, Json] = {"given": {**entered}, "parties": asks.parties_json(more)}
        before = self._before(case, officer, None)
        said = before.said.supplemented(more, entered)
        return self._anew(
            case, "supplement", officer, before, said, version, _stays_open, **members
        )

    def review(
        self, case: str, *, officer: str, version: int | None = None, said: Said | None = None
    ) -> CheckedCase:
        """Decide anew on what is on file now.

        ``said``: on what, of a case that this connector did not open.
        """
        before = self._before(case, officer, said)
        return self._anew(case, "review", officer, before, before.said, version, _stays_open)

    def conclude(
        self,
        case: str,
        result: Result,
        reason: str,
        *,
        officer: str,
        version: int | None = None,
        said: Said | None = None,
    ) -> CheckedCase:
        """Decide anew and end the case; it stays open while something is lacking for that."""
        asks.check_reason(reason)
        before = self._before(case, officer, said)

        def done(told: CaseTold) -> bool:
            return concluded_as(told, result)

        members: dict[str, Json] = {"reason": reason, "result": result}
        return self._anew(case, "conclude", officer, before, before.said, version, done, **members)

    # -- what leaves the decision as it was ---------------------------------------------------
    def bring(
        self,
        case: str,
        required: Name,
        *,
        officer: str,
        filed: str | None = None,
        version: int | None = None,
    ) -> CheckedCase:
        """Say that a material was handed in; ``filed`` None only where it cannot be filed."""
        asks.check_filed(filed)
        named = asks.check_required(*required)
        brought = ON_PAPER if filed is None else filed

        def done(told: CaseTold) -> bool:
            found = told.by_name.get(required)
            return found is not None and found.brought == brought

        return self._act(case, "materials", officer, version, done, filed=filed, required=named)

    def commit(
        self, case: str, promised: Sequence[Name], *, officer: str, version: int | None = None
    ) -> CheckedCase:
        """Take commitments for materials that may follow."""
        materials: list[Json] = [asks.check_required(*one) for one in promised]
        if not materials:
            raise QuestionRefused(why="required")

        def done(told: CaseTold) -> bool:
            taken = {(one.service, one.material) for one in told.commitments}
            return set(promised) <= taken

        return self._act(case, "commitments", officer, version, done, materials=materials)

    def settle(
        self,
        case: str,
        number: int,
        outcome: Outcome,
        *,
        officer: str,
        version: int | None = None,
    ) -> CheckedCase:
        """Say what became of a commitment."""

        def done(told: CaseTold) -> bool:
            return any((one.number, one.status) == (number, outcome) for one in told.commitments)

        return self._act(case, f"commitments/{number}", officer, version, done, outcome=outcome)

    def withdraw(self, case: str, *, officer: str, version: int | None = None) -> CheckedCase:
        """End a case that the applicant takes back."""
        return self._act(
            case, "withdraw", officer, version, lambda told: told.status == "withdrawn"
        )

    def read(self, case: str, *, officer: str) -> CheckedCase:
        """A case with its content: an entry of the ledger, which names the officer."""
        return self._exchange.read(case, officer)

    def show(self, case: str) -> State:
        """How a case of our department stands; nothing of anybody."""
        asks.check_case(case)
        return read_model(self._calls.call("GET", f"{asks.PATH}/{case}"), State)

    def listing(self, status: CaseStatus | None = None, before: str | None = None) -> Page:
        """The cases of our department, the newest first, those before ``before``."""
        if before is not None:
            asks.check_case(before)
        wanted = {"status": status, "before": before}
        query = "&".join(f"{name}={said}" for name, said in wanted.items() if said is not None)
        path = f"{asks.PATH}?{query}" if query else asks.PATH
        return read_model(self._calls.call("GET", path), Page)

    # -- how ----------------------------------------------------------------------------------
    def _before(self, case: str, officer: str, said: Said | None) -> Remembered:
        """What a case was decided on last; what was lost of that is found out first.

        Raises ``CaseElsewhere`` for a case that was not opened here, unless ``said`` says it.
        """
        asks.check_case(case)
        remembered = self._memory.of(case)
        if remembered and remembered[-1].version == 0:
            self._exchange.read(case, officer)
            remembered = self._memory.of(case)
        answered = [one for one in remembered if one.version > 0]
        if said is not None:
            asks.check_said(said)
            version = answered[-1].version if answered else 0
            given = replace(said, services=asks.services_of(said.services))
            return Remembered("", case, officer, given, version)
        if not answered:
            raise CaseElsewhere(case=case)
        return answered[-1]

    def _anew(
        self,
        case: str,
        what: str,
        officer: str,
        before: Remembered,
        said: Said,
        version: int | None,
        done: Done,
        **members: Json,
    ) -> CheckedCase:
        seen = version or before.version
        if seen == 0:
            raise CaseVersionUnknown(case=case)
        question = asks.act(case, what, officer=officer, version=seen, **members)

        def expected(_: int) -> Expected:
            return Expected(
                case=case,
                version=seen + 1,
                at_least=1,
                services=said.services,
                bases=self._memory.bases(self._memory.by_request(question.request_id)),
                these={question.request_id},
                decides=True,
                done=done,
            )

        return self._exchange.decide(question, case, officer, said, expected)

    def _act(
        self,
        case: str,
        what: str,
        officer: str,
        version: int | None,
        done: Done,
        **members: Json,
    ) -> CheckedCase:
        asks.check_case(case)
        known = [one.version for one in self._memory.of(case)]
        seen = version or max(known, default=0)
        if seen == 0:
            raise CaseVersionUnknown(case=case)
        question = asks.act(case, what, officer=officer, version=seen, **members)
        return self._exchange.told(question, case, seen + 1, done)


def _stays_open(told: CaseTold) -> bool:
    return told.status == "open"

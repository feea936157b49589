"""One request about a case from signing to a verified answer, as numbered steps.

Nothing leaves that is not written down, and nothing is handed on that is not verified and kept.
"""

from collections.abc import Callable
from http import HTTPStatus

from certs.signatures import round_request
from connectors.asking import Asking
from connectors.calls import read_problem
from connectors.cases.answer import CaseTold
from connectors.cases.memory import Memory
from connectors.cases.question import CaseQuestion, Said, act
from connectors.cases.rounds import Rounds, to_be_kept
from connectors.cases.verify import CheckedCase, Expected, check_case
from connectors.clock import Clock
from connectors.errors import AnswerRefused, Refused
from connectors.receipts.store import ReceiptStore
from connectors.several.keeping import several_to_keep
from connectors.several.verify import MAX_SEVERAL
from connectors.transport import Response

Done = Callable[[CaseTold], bool]
"""Whether what was asked for stands in a case."""


class Exchange:
    """Asks the hub about cases and verifies what it answers."""

    def __init__(self, asking: Asking, store: ReceiptStore, memory: Memory, clock: Clock) -> None:
        self._asking = asking
        self._store = store
        self._memory = memory
        self._clock = clock

    def decide(
        self,
        question: CaseQuestion,
        case: str,
        officer: str,
        said: Said,
        expected: Callable[[int], Expected],
    ) -> CheckedCase:
        """The answer to what has a case decided; ``expected`` by the status that came.

        ``case`` is empty for an opening. Raises ``Refused``, ``AnswerRefused``, ``HubError``.
        """
        # 1 Write down on what it is to be decided, sign, write down, send
        self._memory.write(question, case, officer, said)
        prepared, response, again = self._asking.send(question, MAX_SEVERAL)
        again = again or len(self._store.attempts(question.request_id)) > 1
        # 2 A refusal has no receipt; of an attempt before it the case itself tells
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            refused = Refused(read_problem(response))
            if again and case and _is_other_version(refused):
                return self._done_before(question, case, officer, refused)
            if not again and response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                self._memory.forget(question.request_id)
            raise refused
        # 3 Verify, or keep what came as evidence and raise the alarm
        try:
            if not case and (response.status == HTTPStatus.OK) > again:
                raise AnswerRefused(why="status")
            checked = self._check(expected(response.status), response)
            # 4 Keep the receipts before the answer is handed on
            self._keep(checked.rounds)
        except AnswerRefused as error:
            self._asking.alarm(error, question, prepared, response)
            self._asking.explain(error)
            raise
        self._memory.answered(question.request_id, checked.told.case, checked.told.version)
        return checked

    def _done_before(
        self, question: CaseQuestion, case: str, officer: str, refused: Refused
    ) -> CheckedCase:
        """The case as an attempt of ours has left it whose answer was lost; else raises."""
        checked = self.read(case, officer)
        if checked.rounds is None or checked.rounds.basis.request_id != question.request_id:
            raise refused
        return checked

    def read(self, case: str, officer: str) -> CheckedCase:
        """A case with its content: an entry of the ledger, which names the officer."""
        return self.told(act(case, "read", officer=officer), case, None, lambda _: True)

    def told(
        self,
        question: CaseQuestion,
        case: str,
        version: int | None,
        done: Done,
    ) -> CheckedCase:
        """The answer to what decides nothing: it rests on our newest decision, and no older one."""
        prepared, response, again = self._asking.send(question, MAX_SEVERAL, written=False)
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            refused = Refused(read_problem(response))
            if again and version is not None and _is_other_version(refused):
                return self._done_unseen(question, case, version, done, refused)
            raise refused
        remembered = self._memory.of(case)
        answered = [place for place, one in enumerate(remembered) if one.version > 0]
        newest = remembered[answered[-1] if answered else 0 :]
        expected = Expected(
            case=case,
            version=version,
            at_least=newest[0].version if newest else 1,
            services=None,
            bases=self._memory.bases(remembered),
            these={one.request_id for one in newest},
            decides=False,
            done=done,
        )
        try:
            checked = self._check(expected, response)
            self._keep(checked.rounds)
        except AnswerRefused as error:
            self._asking.alarm(error, question, prepared, response)
            self._asking.explain(error)
            raise
        if checked.rounds is not None:
            basis = checked.rounds.basis
            self._memory.answered(basis.request_id, case, checked.told.version)
        return checked

    def _done_unseen(
        self,
        question: CaseQuestion,
        case: str,
        version: int,
        done: Done,
        refused: Refused,
    ) -> CheckedCase:
        """The case, if what we did to it stands in it although no answer came; else raises."""
        checked = self.read(case, str(question.members["officer"]))
        if checked.told.version != version or not done(checked.told):
            raise refused
        return checked

    def _check(self, expected: Expected, response: Response) -> CheckedCase:
        return check_case(
            expected,
            response,
            keys=self._asking.keys,
            kept=self._memory.openings,
            trust=self._asking.trust,
            now=self._clock(),
        )

    def _keep(self, rounds: Rounds | None) -> None:
        if rounds is None:
            return
        basis = rounds.basis
        question = CaseQuestion(basis.request_id, basis.target, {})
        with self._store.group():
            for one in rounds.rounds:
                request = round_request(basis.request, one.number)
                if one.number:
                    self._store.write_round(basis.request, one.number, request)
                self._store.write_receipt(several_to_keep(to_be_kept(one, basis), question))


def _is_other_version(refused: Refused) -> bool:
    problem = refused.problem
    return problem.code == "conflict" and problem.facts.get("why") == "version"

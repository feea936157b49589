"""What a case asks, in rounds: joint questions under grants, each with its entry and its receipt.

Round 0 has R of the signed request, round n > 0 has R_n = H("yifen/v1/round" ‖ 0x00 ‖ R ‖ n as
8 bytes, big-endian), so that no R stands twice in the log at different times. All rounds of one
decision stand under one epoch, or nothing comes of them (``deciding.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.evidence.holding import Answer, Answers, Missing, Need
from certs.canonical import Json, parse
from certs.signatures import round_request
from hub.access.standing import StandingBook
from hub.cases.asked import Asked
from hub.cases.finding import Asker, Put, found, put
from hub.cases.shelf import InForce
from hub.clock import Clock
from hub.delegation.covering import Footing
from hub.lookup.ask import QuestionMalformed
from hub.lookup.decide import Permit
from hub.lookup.identify import Caller
from hub.lookup.joint import JointExchange, Settled
from hub.lookup.joint_ask import MOST_PARTS
from hub.lookup.receipt import JSON, Receipts, answer_body

_LARGEST = 16 << 20
_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Round:
    """One round as it is handed on: results and receipt as they were signed."""

    request: str
    first: int
    count: int
    questions: tuple[Mapping[str, Json], ...]
    results: bytes
    openings: bytes
    receipt: str

    def kept(self) -> dict[str, Json]:
        """What is kept of it; openings are made again from the entries, while those stand."""
        return {
            "count": self.count,
            "first": self.first,
            "questions": [dict(one) for one in self.questions],
            "receipt": self.receipt,
            "request": self.request,
            "results": _listed(self.results),
        }

    def told(self) -> dict[str, Json]:
        """The same with the openings."""
        return {**self.kept(), "openings": _listed(self.openings)}


class Rounds:
    """The rounds of one decision. ``begin`` is the number of the first one."""

    def __init__(
        self,
        joint: JointExchange,
        receipts: Receipts,
        book: StandingBook,
        clock: Clock,
        caller: Caller,
        footings: Mapping[str, Footing],
        asked: Asked,
        in_force: InForce,
        begin: int,
    ) -> None:
        self._joint = joint
        self._receipts = receipts
        self._book = book
        self._clock = clock
        # The request's nonce was reserved when it came in.
        self._caller = caller._replace(nonce=None)
        self._footings = footings
        self._asked = asked
        self.in_force = in_force
        self._next = begin
        self.rounds: list[Round] = []
        self.positions: dict[Need, int] = {}
        """Where the entry of each need that was put stands."""

    @property
    def used(self) -> int:
        """The number that the next round would have."""
        return self._next

    def fetch(self, needs: Sequence[Need]) -> Answers:
        """Answer needs; raises what joint questions raise."""
        answers: dict[Need, Answer] = {}
        puts: list[Put] = []
        for need in needs:
            one = self._put(need)
            if isinstance(one, Missing):
                answers[need] = one
            else:
                puts.append(one)
        for start in range(0, len(puts), MOST_PARTS):
            answers |= self._ask(puts[start : start + MOST_PARTS])
        return answers

    def _put(self, need: Need) -> Put | Missing:
        footing = self._footings[need.department]
        asker = Asker(self._caller, footing, self._book.current(), self._clock())
        try:
            return put(need, self._asked, self.in_force, asker)
        except QuestionMalformed:
            return Missing("unavailable")  # a value that can be claimed of nothing

    def _ask(self, puts: Sequence[Put]) -> Answers:
        request = round_request(self._caller.request, self._next)
        self._next += 1
        named = self._caller._replace(request=request)
        settled = self._joint.settle(named, [one.question for one in puts], None)
        self.rounds.append(self._round(named, puts, settled))
        answers: dict[Need, Answer] = {}
        for one, exit_, entered in zip(puts, settled.exits, settled.entered, strict=True):
            self.positions[one.need] = entered.position
            decision = exit_.decision
            masks = decision.masks if isinstance(decision, Permit) else {}
            answers[one.need] = found(one, exit_.answer.result, entered.position, masks)
        return answers

    def _round(self, caller: Caller, puts: Sequence[Put], settled: Settled) -> Round:
        body = answer_body(settled.results, settled.opened)
        receipt = self._receipts.issue(
            caller, settled.as_batch, status=200, content_type=JSON, body=body
        )
        return Round(
            request=caller.request,
            first=settled.entered[0].position,
            count=len(settled.entered),
            questions=tuple(_question(one) for one in puts),
            results=settled.results,
            openings=settled.opened,
            receipt=receipt,
        )


def _question(one: Put) -> dict[str, Json]:
    """A question in the words of the case: parties by role, claims by field."""
    told: dict[str, Json] = {
        "about": one.need.about,
        "dataset": one.question.dataset,
        "delegation": one.question.delegation,
        "department": one.need.department,
        "operation": one.question.operation,
    }
    if one.need.claims:
        claims: dict[str, Json] = dict(one.need.claims)
        return {**told, "claims": claims}
    return {**told, "items": [*one.question.items]}


def _listed(members: bytes) -> list[Json]:
    value = parse(b"[%b]" % members, max_bytes=_LARGEST, max_depth=_DEPTH)
    return value if isinstance(value, list) else []

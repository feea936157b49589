"""The decision of a case: of each material the first way that is satisfied, and why.

Pure: what is on file is asked for through ``holdings``, time and calendar are passed in. More
evidence never asks for more papers: each way looks only for something that is there, never for
something that is not.

A caller that answers by question and grant asks in rounds, so that nothing is asked that does not
matter and nothing twice: ``wanted`` says what is needed next, given what is known, until it is
empty; then ``decide``. ``settle`` does both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from catalog.evidence.decision import Decision, Follow, Piece, Tried
from catalog.evidence.form import merged_form
from catalog.evidence.holding import Answer, Answers, Found, Holdings, Missing, Need
from catalog.evidence.judging import Asking, Given, Judge, barred
from catalog.evidence.pieces import merged, piece_of, satisfied
from catalog.evidence.reason import Reason
from catalog.evidence.rule import Commitment
from catalog.evidence.rules import Plan, Planned, Rules, Step
from catalog.services.material import DEFERRABLE, OPTIONAL, Material
from catalog.services.service import AGENT, APPLICANT, SUBJECT, Service
from catalog.working_days import WorkingDays

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOST_ROUNDS = 100
Fetch = Callable[[Sequence[Need]], Answers]
"""Answers all of some needs."""


class Circumstances(NamedTuple):
    """What is peculiar to a case, beside what is on file.

    ``given``: what the applicant has entered, by field. ``parties``: who takes part; None stands
    for applicant, subject and every required party. ``may_commit``: false for an applicant who has
    broken a promise before.
    """

    given: Given = MappingProxyType({})
    parties: frozenset[str] | None = None
    may_commit: bool = True
    calendar: WorkingDays = WorkingDays()


USUAL = Circumstances()


def needs(services: Iterable[Service], rules: Rules) -> tuple[Need, ...]:
    """All that could be asked for these services, each once with all its items."""
    return tuple(_questions([rules.plan(one) for one in _sorted(services)]).values())


def wanted(
    services: Iterable[Service],
    rules: Rules,
    answers: Answers,
    now: int,
    circumstances: Circumstances = USUAL,
) -> tuple[Need, ...]:
    """What must be asked next; empty once the case can be decided. ``now`` is in milliseconds."""
    case = _Case(services, rules, now, circumstances, answers.get)
    case.run()
    return tuple(case.open.values())


def decide(
    services: Iterable[Service],
    rules: Rules,
    holdings: Holdings | Answers,
    now: int,
    circumstances: Circumstances = USUAL,
) -> Decision:
    """Decide a case; ``now`` is in milliseconds.

    ``holdings`` is asked only what matters, each question once. Of answers gathered before, one
    that is missing counts as ``unavailable``: it satisfies nothing.
    """
    if isinstance(holdings, Mapping):
        known = holdings

        def ask(need: Need) -> Answer | None:
            return known.get(need, _UNAVAILABLE)
    else:
        asked: dict[Need, Answer] = {}
        live = holdings

        def ask(need: Need) -> Answer | None:
            if need not in asked:
                asked[need] = live.ask(need)
            return asked[need]

    case = _Case(services, rules, now, circumstances, ask)
    return case.run()


def settle(
    services: Iterable[Service],
    rules: Rules,
    fetch: Fetch,
    now: int,
    circumstances: Circumstances = USUAL,
) -> Decision:
    """Ask in rounds and decide; what ``fetch`` does not answer counts as ``unavailable``."""
    listed = tuple(services)
    answers: dict[Need, Answer] = {}
    for _ in range(MOST_ROUNDS):
        open_needs = wanted(listed, rules, answers, now, circumstances)
        if not open_needs:
            break
        fetched = fetch(open_needs)
        answers |= {need: fetched.get(need, _UNAVAILABLE) for need in open_needs}
    return decide(listed, rules, answers, now, circumstances)


_UNAVAILABLE = Missing("unavailable")
_NOT_APPLICABLE, _OPTIONAL = Reason("not-applicable"), Reason("optional")
_NO_RULE, _NO_WAY_LEFT, _OPEN = Reason("no-rule"), Reason("no-way-left"), Reason("unavailable")


class _Case:
    """One run over all services; ``open`` gathers what could not be answered yet."""

    def __init__(
        self,
        services: Iterable[Service],
        rules: Rules,
        now: int,
        circumstances: Circumstances,
        ask: Callable[[Need], Answer | None],
    ) -> None:
        self._services = _sorted(services)
        self._rules = rules
        self._plans = [rules.plan(service) for service in self._services]
        self._questions = _questions(self._plans)
        self._ask_outside = ask
        self._circumstances = circumstances
        self._parties = _parties(self._services, circumstances.parties)
        self._day = day_of(now)
        self._judge = Judge(self._day, circumstances.given)
        self._due: dict[int, tuple[date, bool]] = {}
        self._answered: dict[int, Answer | None] = {}
        self.open: dict[Need, Need] = {}

    def run(self) -> Decision:
        """Decide every material, then the form."""
        pieces: dict[tuple[str, str], list[Piece]] = {}
        for plan in self._plans:
            for planned in plan.materials:
                key = (planned.material.type, planned.material.of)
                pieces.setdefault(key, []).append(self._piece(planned))
        return Decision(
            day=self._day,
            services=self._services,
            rules=self._rules.versions,
            digest=self._rules.digest,
            materials=tuple(merged(found) for found in pieces.values()),
            form=merged_form(self._plans, self._ask, self._judge, self._parties),
        )

    def _ask(self, need: Need) -> Answer | None:
        # Equal questions are one object in plans, so its id is the quickest key.
        if id(need) in self._answered:
            return self._answered[id(need)]
        question = self._questions[need]
        answer = self._answered[id(need)] = self._ask_outside(question)
        if answer is None:
            self.open[question] = question
        return answer

    def _piece(self, planned: Planned) -> Piece:
        """The first way that is satisfied; each earlier one says why it is not."""
        if not self._applies(planned.material):
            return piece_of(planned, "not_needed", _NOT_APPLICABLE)
        tried: list[Tried] = []
        for step in planned.steps:
            if isinstance(step.way, Commitment):
                done = self._commitment(planned, step, step.way, tried)
            else:
                done = self._asked(planned, step, step.way, tried)
            if done is not None:
                return done
        if planned.material.necessity == OPTIONAL:
            return piece_of(planned, "not_needed", _OPTIONAL, tried)
        return piece_of(planned, "must_bring", _NO_WAY_LEFT if planned.rule else _NO_RULE, tried)

    def _asked(self, planned: Planned, step: Step, way: Asking, tried: list[Tried]) -> Piece | None:
        """What is found for a way. While an answer is not known, no later way is looked at."""
        for need in step.needs:
            reason = self._hindrance(need)
            if reason is None:
                answer = self._ask(need)
                if answer is None:
                    return piece_of(planned, "must_bring", _OPEN)
                if isinstance(answer, Missing):
                    reason = Reason(answer.reason)
                else:
                    found = self._judge.first(way, answer)
                    if isinstance(found, Found):
                        return satisfied(planned, step, need, found, tried)
                    reason = found
            tried.append(Tried(step.number, way.way, need.source, reason))
        return None

    def _commitment(
        self, planned: Planned, step: Step, way: Commitment, tried: list[Tried]
    ) -> Piece | None:
        material = planned.material
        reason = barred(
            way,
            excluded=bool(planned.service.excluded),
            deferrable=material.necessity == DEFERRABLE,
            may_commit=self._circumstances.may_commit,
        )
        if reason is not None:
            tried.append(Tried(step.number, way.way, way.kind, reason))
            return None
        if material.necessity == OPTIONAL:
            return None  # nobody promises what need not be brought
        due, certain = self._due_after(way.due_days)
        follow = Follow(
            way.kind,
            due,
            certain,
            way.text_zh,
            way.text_en,
            way.liability_zh,
            way.liability_en,
        )
        why = Reason(f"by-{way.kind}", {"date": due.isoformat(), "days": way.due_days})
        return piece_of(planned, "may_follow", why, tried, step.number, follow=follow)

    def _hindrance(self, need: Need) -> Reason | None:
        """Why a question need not be put at all."""
        if need.about not in self._parties:
            return Reason("not-present")
        for _, field in need.claims:
            if not self._circumstances.given.get(field):
                return Reason("field-not-given", {"field": field})
        return None

    def _applies(self, material: Material) -> bool:
        condition = material.only_if
        if condition is None:
            return True
        if condition.party:
            return condition.party in self._parties
        said = self._circumstances.given.get(condition.field, "")
        # As long as nobody has said otherwise it is asked for.
        return not said or said in condition.values

    def _due_after(self, days: int) -> tuple[date, bool]:
        found = self._due.get(days)
        if found is None:
            calendar = self._circumstances.calendar
            due = calendar.after(self._day, days)
            found = self._due[days] = (due, calendar.certain(self._day, due))
        return found


def day_of(now: int) -> date:
    """The day in Asia/Shanghai of a moment in milliseconds."""
    return datetime.fromtimestamp(now / 1000, UTC).astimezone(SHANGHAI).date()


def _sorted(services: Iterable[Service]) -> tuple[Service, ...]:
    """Each service once, by code: the order in which they were named means nothing."""
    return tuple(one for _, one in sorted({one.code: one for one in services}.items()))


def _questions(plans: Sequence[Plan]) -> dict[Need, Need]:
    """Each question once, with all items that any service asks of it."""
    items: dict[Need, frozenset[str]] = {}
    for plan in plans:
        for need, wanted_items in plan.items.items():
            known = items.get(need)
            items[need] = wanted_items if known is None else known | wanted_items
    return {
        need: replace(need, items=tuple(sorted(found))) if found else need
        for need, found in items.items()
    }


def _parties(services: Sequence[Service], named: frozenset[str] | None) -> frozenset[str]:
    if named is not None:
        return named - {AGENT} if not any(one.agent for one in services) else named
    required = (party.code for one in services for party in one.parties if party.required)
    return frozenset({APPLICANT, SUBJECT, *required})

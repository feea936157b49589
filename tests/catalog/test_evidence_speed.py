"""1,000 rules and 200 services decide a case in under 50 ms."""

import gc
import statistics
import time
from collections.abc import Sequence

from services import (
    HELD,
    IDENTITY,
    LATER,
    LICENCE,
    LOOKUP,
    NOW,
    Holding,
    found,
    material,
    rule,
    rules,
    service,
)

from catalog.evidence.engine import decide, needs, settle
from catalog.evidence.holding import Answer, Missing, Need
from catalog.evidence.rules import Rules
from catalog.services.service import Service

SERVICES, MATERIALS, RULES = 200, 5, 1000
DEPARTMENTS = ("mrb", "psb", "nrb", "frb")
FIELDS = [
    {
        "code": f"f{number}",
        "title_zh": "栏",
        "title_en": "Field",
        "type": "text",
        "prefill": [
            {"dataset": "resident", "item": "name"},
            {"dataset": "household", "item": "address"},
        ],
    }
    for number in range(5)
]


def large() -> tuple[list[Service], Rules]:
    known = [
        service(
            f"s{number}",
            *(
                material(
                    f"m{number}_{one}", type=f"p{(number * MATERIALS + one) % 300}", necessity=3
                )
                for one in range(MATERIALS)
            ),
            fields=FIELDS,
            department=DEPARTMENTS[number % len(DEPARTMENTS)],
        )
        for number in range(SERVICES)
    ]
    ways = [LICENCE, LOOKUP, {**LOOKUP, "dataset": "household", "items": ["address"]}, HELD, LATER]
    listed = [
        rule(f"s{number}/m{number}_{one}", *ways)
        for number in range(SERVICES)
        for one in range(MATERIALS)
    ]
    return known, rules(known, *listed)


class Fetching:
    """What a hub has gathered: of some sources something, of the rest nothing."""

    def __call__(self, asked: Sequence[Need]) -> dict[Need, Answer]:
        return {need: self._answer(need) for need in asked}

    def _answer(self, need: Need) -> Answer:
        if need.kind == "licence" and need.department == "mrb":
            return (found(),)
        if need.kind == "lookup" and need.department == "psb":
            return (found(values=dict.fromkeys(need.items, "某")),)
        if need.kind == "material" and len(need.source) % 2:
            return (found(sighted=True),)
        return Missing("absent")


def test_a_thousand_rules_and_two_hundred_services_decide_within_fifty_milliseconds() -> None:
    """The bound at p95, of the processor's time: other people's work on the machine is not ours.

    The case of the largest possible kind, all services at once, and a case of three services.
    """
    known, bound = large()
    assert sum(len(one.rules) for one in bound.sets) == RULES
    answers = Fetching()(needs(known, bound))
    few = known[:3]
    decision = decide(known, bound, answers, NOW)
    assert len(decision.pieces()) == SERVICES * MATERIALS
    assert {paper.status for paper in decision.materials} == {"confirmed", "on_file", "may_follow"}
    gc.collect()
    gc.freeze()  # as the hub's worker does with what stands at its start
    try:
        for asked, bound_ms in ((known, 50), (few, 5)):
            took: list[float] = []
            for _ in range(40):
                begun = time.process_time()
                decide(asked, bound, answers, NOW)
                took.append(time.process_time() - begun)
            assert statistics.quantiles(took, n=20)[18] * 1000 < bound_ms, sorted(took)[-5:]
    finally:
        gc.unfreeze()


def test_a_case_asks_each_dataset_once_of_each_department() -> None:
    known, bound = large()
    asked: list[Need] = []

    def fetch(wanted: Sequence[Need]) -> dict[Need, Answer]:
        asked.extend(wanted)
        return Fetching()(wanted)

    settle(known, bound, fetch, NOW)
    lookups = [(need.department, need.source) for need in asked if need.kind == "lookup"]
    assert sorted(lookups) == sorted(
        (department, source) for department in DEPARTMENTS for source in ("resident", "household")
    )
    live = Holding({("licence", IDENTITY): (found(),)})
    decide(known, bound, live, NOW)
    assert len(live.asked) == len(set(live.asked))

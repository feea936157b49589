"""What holds of every case: more evidence never asks for more, order means nothing."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from services import (
    HELD,
    IDENTITY,
    LATER,
    LICENCE,
    LOOKUP,
    NOW,
    PROMISE,
    TODAY,
    Holding,
    found,
    material,
    rule,
    rules,
    service,
)

from catalog.evidence import figure
from catalog.evidence.decision import STATUSES, Decision
from catalog.evidence.engine import decide, settle
from catalog.evidence.holding import Answer, Found, Missing, Need
from catalog.evidence.rules import Rules
from catalog.services.service import Service

PAPERS = ("p", "q", "r", "s")
WAYS = (LOOKUP, LICENCE, HELD, {**HELD, "sighted": True}, {**LOOKUP, "fresh_days": 5})
PLACES = (("lookup", "resident"), ("licence", IDENTITY), *(("material", one) for one in PAPERS))
findings = st.builds(
    Found,
    reference=st.sampled_from("123"),
    dated=st.sampled_from([None, TODAY, TODAY.replace(month=1)]),
    valid_until=st.sampled_from([None, TODAY.replace(month=1)]),
    values=st.sampled_from([{"name": "某"}, {"name": ""}, {}]),
    standing=st.sampled_from(["sound", "sound", "disputed", "revoked", "repaired"]),
    sighted=st.booleans(),
)
answers = st.dictionaries(
    st.sampled_from(PLACES),
    st.one_of(st.just(Missing("not-granted")), st.lists(findings, max_size=3).map(tuple)),
)


@st.composite
def services_and_rules(draw: st.DrawFn) -> tuple[list[Service], Rules]:
    """Some services of some papers, with rules for some of them and a substitute."""
    known = []
    for number in range(draw(st.integers(1, 4))):
        excluded = draw(st.sampled_from([(), ("health",)]))
        listed = draw(st.lists(st.sampled_from(PAPERS), max_size=4, unique=True))
        necessities = (1, 2) if excluded else (1, 2, 3)
        papers = [
            material(
                one,
                necessity=draw(st.sampled_from(necessities)),
                kind=draw(st.integers(1, 3)),
                copies=draw(st.integers(0, 3)),
            )
            for one in listed
        ]
        department = draw(st.sampled_from(["mrb", "psb"]))
        known.append(service(f"s{number}", *papers, excluded=excluded, department=department))
    listed_rules = []
    for one in draw(st.lists(st.sampled_from(PAPERS), unique=True)):
        ways = draw(st.lists(st.sampled_from(WAYS), min_size=1, max_size=4, unique_by=str))
        ways += draw(st.sampled_from([[], [LATER], [PROMISE]]))
        listed_rules.append(rule(one, *ways))
    substitute = {"type": "p", "accepts": ["q"], "basis": "《办法》第一条"}
    equivalents = [substitute] if draw(st.booleans()) else []
    return known, rules(known, *listed_rules, equivalents=equivalents)


Bound = tuple[list[Service], Rules]
Held = Mapping[tuple[str, str], Answer]
many = settings(max_examples=150, deadline=None)


def case(bound: Bound, held: Held) -> Decision:
    return decide(*bound, Holding(held), NOW)


def burden(decision: Decision) -> dict[tuple[str, str], int]:
    """How much each service's materials burden the applicant: papers to bring weigh most."""
    weight = {status: len(STATUSES) - at for at, status in enumerate(STATUSES)}
    return {
        (piece.service.code, piece.material.code): weight[piece.status]
        if piece.status in {"must_bring", "may_follow"}
        else 0
        for piece in decision.pieces()
    }


@given(services_and_rules(), answers, st.sampled_from(PLACES), findings)
@many
def test_more_evidence_never_asks_for_more(
    bound: Bound, held: Held, place: tuple[str, str], more: Found
) -> None:
    before = burden(case(bound, held))
    known = held.get(place, ())
    added = (*(() if isinstance(known, Missing) else known), more)
    after = burden(case(bound, {**held, place: added}))
    assert all(after[key] <= before[key] for key in before)


@given(services_and_rules(), answers, st.randoms(use_true_random=False))
@many
def test_the_order_of_services_and_of_answers_changes_nothing(
    bound: Bound, held: Held, random: Random
) -> None:
    known, of = bound
    shuffled = list(known)
    random.shuffle(shuffled)
    turned = {
        place: answer if isinstance(answer, Missing) else tuple(reversed(answer))
        for place, answer in held.items()
    }
    one, other = case(bound, held), case((shuffled + shuffled[:1], of), turned)
    assert one.materials == other.materials or _same(one, other)
    assert one.state() == other.state()
    assert [paper.type for paper in one.materials] == [paper.type for paper in other.materials]


def _same(one: Decision, other: Decision) -> bool:
    """Findings of one day and one reference are the same to everybody: only their order differs."""
    return all(
        replace(a, pieces=()) == replace(b, pieces=())
        for a, b in zip(one.materials, other.materials, strict=True)
    )


@given(services_and_rules(), answers)
@many
def test_an_excluded_category_never_lets_anything_follow(bound: Bound, held: Held) -> None:
    for piece in case(bound, held).pieces():
        if piece.service.excluded:
            assert piece.status != "may_follow"


@given(services_and_rules(), answers)
@many
def test_nothing_unsound_is_ever_evidence(bound: Bound, held: Held) -> None:
    unsound = {
        place: tuple(
            replace(one, standing="disputed") for one in (() if isinstance(a, Missing) else a)
        )
        for place, a in held.items()
    }
    assert all(piece.evidence is None for piece in case(bound, unsound).pieces())


@given(services_and_rules(), answers)
@many
def test_every_material_stands_in_one_paper_and_says_why(bound: Bound, held: Held) -> None:
    decision = case(bound, held)
    asked = {(one.code, each.code) for one in bound[0] for each in one.materials}
    pieces = decision.pieces()
    assert {(one.service.code, one.material.code) for one in pieces} == asked
    assert len(pieces) == len(asked)
    for piece in pieces:
        assert piece.why.code
        assert (piece.evidence is not None) == (piece.status in {"confirmed", "on_file"})
        assert (piece.follow is not None) == (piece.status == "may_follow")
        assert [one.way for one in piece.tried] == sorted(one.way for one in piece.tried)
    for cell, one in figure.tally(decision).items():
        assert one.listed == one.covered + one.brought + one.later + one.promised, cell
        total = one.listed + one.optional + one.not_asked
        assert total == len([piece for piece in pieces if piece.service.code == cell.service])


@given(services_and_rules(), answers)
@many
def test_asking_in_rounds_decides_the_same(bound: Bound, held: Held) -> None:
    rounds = Holding(held)
    assert settle(*bound, rounds.fetch, NOW) == case(bound, held)
    assert len(set(rounds.asked)) == len(rounds.asked)


def test_a_question_is_a_question_once() -> None:
    need = Need("lookup", "mrb", "resident", "subject")
    assert Holding({("lookup", "resident"): (found(),)}).fetch([need]) == {need: (found(),)}

"""A case is decided: the first way that is satisfied, and why each earlier one is not."""

from datetime import date, timedelta

import pytest
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

from catalog.evidence.decision import Piece
from catalog.evidence.engine import Circumstances, day_of, decide, needs, settle, wanted
from catalog.evidence.holding import Answer, Found, Missing, Need
from catalog.evidence.reason import reason_words
from catalog.messages import LANGUAGES

FIELDS = [{"code": "f", "title_zh": "栏", "title_en": "F", "type": "text"}]
NAME = found(values={"name": "某"})
KEYS = {
    "lookup": ("lookup", "resident"),
    "licence": ("licence", IDENTITY),
    "material": ("material", "x"),
    "verify": ("verify", "resident"),
    "own": ("own", "resident"),
}
VERIFY = {"way": "verify", "dataset": "resident", "claims": {"name": "f"}}
OWN = {"way": "own", "dataset": "resident", "number": "resident_id", "field": "f"}


def decided(
    way: dict[str, object],
    answer: Answer,
    circumstances: Circumstances | None = None,
    **other: object,
) -> Piece:
    """What one way makes of one answer, for a material that nothing else satisfies."""
    one = service("a", material("x", **other), fields=FIELDS)
    bound = rules([one], rule("x", way))
    given = circumstances or Circumstances(given={"f": "某"})
    holding = Holding({KEYS[str(way["way"])]: answer})
    (piece,) = decide([one], bound, holding, NOW, given).pieces()
    return piece


def why_not(way: dict[str, object], answer: Answer, **other: object) -> str:
    piece = decided(way, answer, **other)  # type: ignore[arg-type]
    assert piece.status == "must_bring"
    assert piece.why.code == "no-way-left"
    (tried,) = piece.tried
    for language in LANGUAGES:
        words = reason_words(tried.reason, language)
        assert words not in {"", tried.reason.code}
        assert "{" not in words
    return tried.reason.code


def test_the_day_is_that_of_shanghai() -> None:
    assert day_of(NOW) == TODAY
    midnight = 1_783_958_400_000  # 2026-07-13T16:00Z
    assert day_of(midnight) == day_of(midnight - 1) + timedelta(days=1)


@pytest.mark.parametrize(
    ("way", "status", "why"),
    [
        (LOOKUP, "confirmed", "by-lookup"),
        (VERIFY, "confirmed", "by-verify"),
        (OWN, "confirmed", "by-own"),
        (LICENCE, "on_file", "by-licence"),
        (HELD, "on_file", "by-material"),
    ],
)
def test_each_way_satisfies(way: dict[str, object], status: str, why: str) -> None:
    piece = decided(way, (NAME,))
    assert (piece.status, piece.why.code, piece.way) == (status, why, 1)
    assert (piece.rule, piece.rule_version, piece.tried) == ("x", 1, ())
    evidence = piece.evidence
    assert evidence is not None
    assert (evidence.reference, evidence.provider, evidence.dated) == ("7", "psb", TODAY)
    assert (evidence.kind, evidence.about) == (way["way"], "subject")


@pytest.mark.parametrize("way", [LOOKUP, VERIFY, OWN, LICENCE, HELD])
@pytest.mark.parametrize(
    "standing",
    [
        "disputed",
        "repaired",
        "expired",
        "suspended",
        "revoked",
        "cancelled",
        "withdrawn",
        "transferred",
        "other",
    ],
)
def test_attack_what_is_not_sound_is_evidence(way: dict[str, object], standing: str) -> None:
    answer = (found(values={"name": "某"}, standing=standing),)
    assert why_not(way, answer) == standing


@pytest.mark.parametrize("way", [LOOKUP, VERIFY, OWN, LICENCE, HELD])
def test_attack_what_is_out_of_its_time_is_evidence(way: dict[str, object]) -> None:
    values = {"name": "某"}
    past = found(values=values, valid_until=TODAY - timedelta(days=1))
    coming = found(values=values, valid_from=TODAY + timedelta(days=1))
    last = found(values=values, valid_from=TODAY, valid_until=TODAY)
    assert why_not(way, (past,)) == "expired-on"
    assert why_not(way, (coming,)) == "not-yet-valid"
    assert decided(way, (last,)).evidence is not None


@pytest.mark.parametrize(
    "reason",
    [
        "absent",
        "no-identifier",
        "not-present",
        "not-granted",
        "not-own",
        "field-not-given",
        "quota-spent",
        "dataset-suspended",
        "unavailable",
    ],
)
def test_what_is_missing_says_why(reason: str) -> None:
    assert why_not(LOOKUP, Missing(reason)) == reason  # type: ignore[arg-type]


def test_nothing_found_is_absent() -> None:
    assert why_not(LOOKUP, ()) == "absent"


def test_every_item_must_be_granted_and_filled() -> None:
    two = {**LOOKUP, "items": ["name", "sex"]}
    assert why_not(two, (NAME,)) == "item-not-granted"
    assert why_not(two, (found(values={"name": "某", "sex": ""}),)) == "item-empty"


def where(test: str, item: str = "status", **other: object) -> dict[str, object]:
    return {**LOOKUP, "where": [{"item": item, "test": test, **other}]}


@pytest.mark.parametrize(
    ("way", "value", "met"),
    [
        (where("in", values=["1"]), "1", True),
        (where("in", values=["1"]), "2", False),
        (where("in", values=["1"]), "", False),
        (where("not_in", values=["2"]), "1", True),
        (where("not_in", values=["2"]), "2", False),
        (where("not_in", values=["2"]), "", False),
        (where("filled"), "1", True),
        (where("filled"), "", False),
    ],
)
def test_a_condition(way: dict[str, object], value: str, met: bool) -> None:  # noqa: FBT001
    answer = (found(values={"name": "某", "status": value}),)
    if met:
        assert decided(way, answer).status == "confirmed"
    else:
        assert why_not(way, answer) == "condition-not-met"


@pytest.mark.parametrize(
    ("value", "met"),
    [("2026-07-13", False), ("2026-07-14", True), ("", True), ("2027-01-01", True)],
)
def test_a_date_that_has_not_passed(value: str, met: bool) -> None:  # noqa: FBT001
    way = where("not_past", "deceased_on")
    answer = (found(values={"name": "某", "deceased_on": value}),)
    assert (decided(way, answer).status == "confirmed") is met


def test_a_value_compared_with_what_was_entered() -> None:
    way = where("same_as", "address", field="f")
    values = {"name": "某", "address": "凤麓街道 １ 号"}
    entered = Circumstances(given={"f": "凤麓街道1号"})
    assert decided(way, (found(values=values),), entered).status == "confirmed"
    other = Circumstances(given={"f": "凤麓街道2号"})
    assert why_not(way, (found(values=values),), circumstances=other) == "differs"
    assert why_not(way, (found(values=values),), circumstances=Circumstances()) == "field-not-given"


def test_data_must_be_fresh_enough() -> None:
    way = {**LOOKUP, "fresh_days": 30}
    values = {"name": "某"}
    assert decided(way, (found(values=values, dated=TODAY - timedelta(days=30)),)).evidence
    assert why_not(way, (found(values=values, dated=TODAY - timedelta(days=31)),)) == "too-old"
    assert why_not(way, (found(values=values, dated=None),)) == "date-unknown"
    verify = {**VERIFY, "fresh_days": 30}
    assert why_not(verify, (found(dated=date(2020, 1, 1)),)) == "too-old"
    assert why_not({**HELD, "max_age_days": 30}, (found(dated=date(2020, 1, 1)),)) == "too-old"


def test_what_does_not_agree_proves_nothing() -> None:
    for way in (VERIFY, OWN):
        assert why_not(way, (found(agrees=False),)) == "does-not-agree"


def test_nothing_is_verified_that_nobody_has_entered() -> None:
    for way in (VERIFY, OWN):
        assert why_not(way, (NAME,), circumstances=Circumstances()) == "field-not-given"


def test_an_original_that_must_have_been_sighted() -> None:
    way = {**HELD, "sighted": True}
    assert why_not(way, (found(sighted=False),)) == "not-sighted"
    assert decided(way, (found(sighted=True),)).status == "on_file"


def test_of_several_the_newest_sound_one_counts_in_whatever_order_they_come() -> None:
    old = found("1", values={"name": "某"}, dated=TODAY - timedelta(days=9))
    new = found("2", values={"name": "某"})
    spoilt = found("3", values={"name": "某"}, standing="disputed")
    for answer in ((old, new, spoilt), (spoilt, new, old), (new, spoilt, old)):
        piece = decided(LOOKUP, answer)
        assert piece.evidence is not None
        assert piece.evidence.reference == "2"


EQUIVALENT = {"type": "x", "accepts": ["y"], "basis": "《办法》第一条"}


def held(equivalents: list[dict[str, object]], way: dict[str, object], source: str) -> Piece:
    one = service("a", material("x"))
    bound = rules([one], rule("x", way), equivalents=equivalents)
    (piece,) = decide([one], bound, Holding({("material", source): (found(),)}), NOW).pieces()
    return piece


def test_a_recognised_substitute_stands_in() -> None:
    piece = held([EQUIVALENT], HELD, "y")
    assert (piece.status, piece.why.code) == ("on_file", "by-equivalent")
    assert piece.evidence is not None
    assert (piece.evidence.source, piece.evidence.stands_for) == ("y", "x")
    assert [one.source for one in piece.tried] == ["x"]


def test_a_substitute_only_where_it_is_recognised() -> None:
    assert held([{**EQUIVALENT, "departments": ["psb"]}], HELD, "y").status == "must_bring"
    assert held([{**EQUIVALENT, "departments": ["mrb"]}], HELD, "y").status == "on_file"
    assert held([EQUIVALENT], {**HELD, "equivalents": False}, "y").status == "must_bring"


def test_attack_a_substitute_of_a_substitute() -> None:
    chain = [EQUIVALENT, {**EQUIVALENT, "type": "y", "accepts": ["z"]}]
    assert held(chain, HELD, "z").status == "must_bring"


def test_what_may_follow_is_due_in_working_days() -> None:
    one = service("a", material("x", necessity=3))
    (piece,) = decide([one], rules([one], rule("x", LATER)), Holding(), NOW).pieces()
    assert (piece.status, piece.why.code) == ("may_follow", "by-later")
    assert piece.follow is not None
    assert (piece.follow.due, piece.follow.certain) == (date(2026, 7, 28), True)


def test_a_promise_stands_in_and_is_checked() -> None:
    one = service("a", material("x"))
    decision = decide([one], rules([one], rule("x", PROMISE)), Holding(), NOW)
    (paper,) = decision.materials
    assert (paper.status, paper.until) == ("may_follow", date(2026, 7, 28))
    follow = paper.pieces[0].follow
    assert follow is not None
    assert (follow.kind, follow.liability_en) == ("promise", "Revocation")


def commitment(way: dict[str, object], barred: str, **other: object) -> None:
    necessity = 1 if way is PROMISE else 3
    if barred == "not-deferrable":
        necessity = 1
    excluded = ["ecology"] if barred == "category-excluded" else []
    necessity = 1 if excluded else necessity
    one = service("a", material("x", necessity=necessity), excluded=excluded)
    (piece,) = decide(
        [one],
        rules([one], rule("x", way)),
        Holding(),
        NOW,
        Circumstances(**other),  # type: ignore[arg-type]
    ).pieces()
    assert piece.status == "must_bring"
    assert [tried.reason.code for tried in piece.tried] == [barred]


def test_attack_a_commitment_where_life_is_at_stake() -> None:
    """The rule is for the type of paper, so nothing refuses it before the case."""
    commitment(PROMISE, "category-excluded")
    commitment(LATER, "category-excluded")


def test_what_the_list_does_not_defer_may_not_follow() -> None:
    commitment(LATER, "not-deferrable")


def test_attack_who_has_broken_a_promise_makes_another() -> None:
    commitment(PROMISE, "applicant-barred", may_commit=False)
    commitment(LATER, "applicant-barred", may_commit=False)


def test_without_a_rule_the_applicant_brings_it() -> None:
    one = service("a", material("x"))
    (piece,) = decide([one], rules([one]), Holding(), NOW).pieces()
    assert (piece.status, piece.why.code, piece.rule) == ("must_bring", "no-rule", "")


def test_what_is_optional_need_not_be_brought() -> None:
    one = service("a", material("x", necessity=2))
    for bound in (rules([one]), rules([one], rule("x", LOOKUP)), rules([one], rule("x", PROMISE))):
        (piece,) = decide([one], bound, Holding(), NOW).pieces()
        assert (piece.status, piece.why.code) == ("not_needed", "optional")


def test_what_the_case_does_not_ask_for() -> None:
    agent = material("x", of="agent", only_if={"party": "agent"})
    lease = material("y", only_if={"field": "f", "values": ["leased"]})
    one = service("a", agent, lease, agent=True, fields=FIELDS)
    bound = rules([one])

    def asked(**other: object) -> list[str]:
        case = Circumstances(**other)  # type: ignore[arg-type]
        return [each.type for each in decide([one], bound, Holding(), NOW, case).of("must_bring")]

    assert asked() == ["y"]  # nobody has said that it is not leased
    assert asked(given={"f": "owned"}) == []
    with_agent = frozenset({"subject", "applicant", "agent"})
    assert asked(given={"f": "leased"}, parties=with_agent) == ["x", "y"]


def test_nobody_is_looked_up_who_takes_no_part() -> None:
    party = {"code": "mother", "title_zh": "母", "title_en": "M", "kinds": ["person"]}
    one = service("a", material("x", of="mother"), parties=[{**party, "required": False}])
    holding = Holding({("lookup", "resident"): (NAME,)})
    (piece,) = decide([one], rules([one], rule("x", LOOKUP)), holding, NOW).pieces()
    assert [tried.reason.code for tried in piece.tried] == ["not-present"]
    assert holding.asked == []


def test_a_later_way_is_not_asked_if_an_earlier_one_is_satisfied() -> None:
    one = service("a", material("x"))
    bound = rules([one], rule("x", LICENCE, LOOKUP, HELD))
    holding = Holding({("lookup", "resident"): (NAME,), ("material", "x"): (found(),)})
    (piece,) = decide([one], bound, holding, NOW).pieces()
    assert (piece.way, [tried.way for tried in piece.tried]) == (2, [1])
    assert [need.kind for need in holding.asked] == ["licence", "lookup"]


def test_no_question_is_asked_twice_and_each_with_all_its_items() -> None:
    field = {**FIELDS[0], "prefill": [{"dataset": "resident", "item": "sex"}]}
    one = service("a", material("x"), material("y"), fields=[field])
    two = service("b", material("z"))
    status = where("in", values=["1"])
    bound = rules([one, two], rule("x", LOOKUP), rule("y", status), rule("z", LOOKUP))
    holding = Holding({("lookup", "resident"): (NAME,)})
    decide([one, two], bound, holding, NOW)
    (asked,) = holding.asked
    assert asked.items == ("name", "sex", "status")
    assert [need.items for need in needs([one, two], bound)] == [asked.items]


def test_each_departments_grant_is_asked_by_itself() -> None:
    one, two = service("a", material("x")), service("b", material("x"), department="psb")
    holding = Holding()
    decide([one, two], rules([one, two], rule("x", LOOKUP)), holding, NOW)
    assert [need.department for need in holding.asked] == ["mrb", "psb"]


def test_asking_in_rounds_asks_only_what_matters_and_decides_the_same() -> None:
    one = service("a", material("x"), material("y"))
    bound = rules([one], rule("x", LICENCE, LOOKUP), rule("y", HELD, LOOKUP))
    holding = Holding({("licence", IDENTITY): (found(),)})
    first = wanted([one], bound, {}, NOW)
    assert {need.kind for need in first} == {"licence", "material"}
    answers = holding.fetch(first)
    second = wanted([one], bound, answers, NOW)
    assert {need.kind for need in second} == {"lookup"}
    answers |= holding.fetch(second)
    assert wanted([one], bound, answers, NOW) == ()
    decision = decide([one], bound, answers, NOW)
    assert decision == decide([one], bound, Holding(holding.answers), NOW)
    assert decision == settle([one], bound, Holding(holding.answers).fetch, NOW)


def test_what_was_not_answered_is_evidence_of_nothing() -> None:
    one = service("a", material("x"))
    bound = rules([one], rule("x", LOOKUP))
    for decision in (
        decide([one], bound, {}, NOW),
        settle([one], bound, lambda _: {}, NOW),
    ):
        assert decision.pieces()[0].tried[0].reason.code == "unavailable"


def test_one_paper_for_several_services() -> None:
    one = service("a", material("x", kind=3, copies=2, necessity=3), department="psb")
    two = service("b", material("x", kind=2))
    bound = rules([one, two], rule("x", LOOKUP, LATER))
    (paper,) = decide([two, one], bound, Holding(), NOW).materials
    assert [piece.service.code for piece in paper.pieces] == ["a", "b"]
    assert [piece.status for piece in paper.pieces] == ["may_follow", "must_bring"]
    assert (paper.status, paper.until) == ("must_bring", None)
    assert (paper.kind, paper.copies, paper.necessity) == (2, 2, 1)


def test_the_same_paper_of_two_parties_is_two() -> None:
    one = service("a", material("x"), material("y", type="x", of="applicant"))
    assert len(decide([one], rules([one]), Holding(), NOW).materials) == 2


def test_versions_are_recorded() -> None:
    one = service("a", material("x"), version=4)
    bound = rules([one], rule("x", LOOKUP, version=9))
    holding = Holding({("lookup", "resident"): (NAME,)})
    state = decide([one], bound, holding, NOW).state()
    assert state["rules"] == [{"set": "test", "version": 3}]
    assert state["digest"] == bound.digest
    assert state["services"] == [{"service": "a", "version": 4, "department": "mrb"}]
    (piece,) = state["materials"]  # type: ignore[misc]
    assert (piece["rule"], piece["version"], piece["way"]) == ("x", 9, 1)  # type: ignore[index, call-overload]


def test_attack_something_of_a_person_in_what_is_entered() -> None:
    secret = "李不可说"
    one = service("a", material("x"), fields=FIELDS)
    holding = Holding({("lookup", "resident"): (Found(secret, values={"name": secret}),)})
    case = Circumstances(given={"f": secret})
    decision = decide([one], rules([one], rule("x", LOOKUP)), holding, NOW, case)
    assert decision.materials[0].status == "confirmed"
    assert secret not in str(decision.state())


def test_needs_that_differ_only_in_items_are_one_question() -> None:
    one = Need("lookup", "mrb", "resident", "subject", (), ("name",))
    assert one == Need("lookup", "mrb", "resident", "subject", (), ("sex",))
    assert one != Need("lookup", "mrb", "resident", "applicant", (), ("name",))

"""The one-time notice, the merged form and the figure; and the product's own story."""

from dataclasses import replace

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

from catalog.definition import bundled
from catalog.evidence import reading
from catalog.evidence.decision import STATUSES, Decision
from catalog.evidence.engine import Circumstances, decide
from catalog.evidence.figure import Cell, Tally, by, figures, papers, tally
from catalog.evidence.form import Filled
from catalog.evidence.holding import Answer, Missing
from catalog.evidence.notice import Codes, Words
from catalog.evidence.notice_json import to_json
from catalog.evidence.told import WholeNotice, Why
from catalog.messages import LANGUAGES, Language
from catalog.services import reading as services_reading
from catalog.services.service import Service
from certs.canonical import canonical

RESIDENT, HOUSEHOLD = ("lookup", "resident"), ("lookup", "household")


def field(*prefill: tuple[str, str], **other: object) -> dict[str, object]:
    sources = [{"dataset": dataset, "item": item} for dataset, item in prefill]
    table = {"code": "f", "title_zh": "栏", "title_en": "Field", "type": "text"}
    return {**table, "prefill": sources, **other}


TWO = field(("resident", "name"), ("household", "member_name"))


def filled(
    answers: dict[tuple[str, str], Answer], *services: Service, given: str = ""
) -> tuple[Filled, ...]:
    listed = services or (service("a", fields=[TWO]),)
    case = Circumstances(given={"f": given})
    return decide(listed, rules(listed), Holding(answers), NOW, case).form


def said(item: str, value: str, **other: object) -> tuple[Answer, ...]:
    return (found(values={item: value}, **other),)  # type: ignore[return-value]


def test_a_value_is_prefilled_with_its_source() -> None:
    (one,) = filled({RESIDENT: said("name", "甲"), HOUSEHOLD: said("member_name", " 甲 ")})
    assert one.value is not None
    assert one.value[:5] == ("甲", "mrb", "resident", "name", "subject")
    assert [each.dataset for each in one.same] == ["household"]
    assert (one.others, one.conflicting, one.why.code) == ((), False, "prefilled")


def test_sources_that_differ_are_shown_and_the_first_wins() -> None:
    (one,) = filled({RESIDENT: said("name", "甲"), HOUSEHOLD: said("member_name", "乙")})
    assert one.value is not None
    assert (one.value.value, [each.value for each in one.others]) == ("甲", ["乙"])
    assert (one.conflicting, one.why.code) == (True, "first-of-conflicting")
    assert one.why.facts == {"dataset": "resident", "item": "name"}


def test_a_field_that_other_order_has_is_filled_by_the_other() -> None:
    turned = service("a", fields=[field(("household", "member_name"), ("resident", "name"))])
    answers: dict[tuple[str, str], Answer] = {
        RESIDENT: said("name", "甲"),
        HOUSEHOLD: said("member_name", "乙"),
    }
    (one,) = filled(answers, turned)
    assert one.value is not None
    assert one.value.value == "乙"


def test_what_the_applicant_entered_is_kept_apart() -> None:
    (one,) = filled({RESIDENT: said("name", "甲")}, given="丙")
    assert one.value is not None
    assert (one.value.value, one.given, one.conflicting) == ("甲", "丙", True)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (said("name", "甲", standing="disputed"), "disputed"),
        (said("name", "甲", standing="repaired"), "repaired"),
        (said("name", "甲", valid_until=TODAY.replace(month=1)), "expired-on"),
        (said("name", ""), "item-empty"),
        (said("sex", "1"), "item-not-granted"),
        (Missing("not-granted"), "not-granted"),
        ((), "absent"),
    ],
)
def test_attack_an_unsound_value_in_the_form(answer: Answer, why: str) -> None:
    (one,) = filled({RESIDENT: answer})
    assert one.value is None
    assert one.unused[0].reason.code == why
    assert one.why.code == "not-prefilled"


def test_a_value_that_does_not_fit_its_field_is_not_filled_in() -> None:
    born = service("a", fields=[field(("resident", "birth_date"), type="date")])
    (one,) = filled({RESIDENT: said("birth_date", "2026-02-31")}, born)
    assert (one.value, one.unused[0].reason.code) == (None, "value-unfit")


def test_a_field_of_several_services_stands_once() -> None:
    one = service("a", fields=[TWO])
    two = service("b", fields=[{**TWO, "required": True}], department="psb")
    (merged,) = filled({RESIDENT: said("name", "甲")}, two, one)
    assert (merged.services, merged.required, merged.key) == (("a", "b"), True, "f")
    departments = [each.department for each in (merged.value, *merged.same) if each]
    assert departments == ["mrb", "psb"]


def test_fields_of_one_code_and_two_meanings_stand_apart() -> None:
    one, two = service("a", fields=[field()]), service("b", fields=[field(type="date")])
    merged = filled({}, two, one)
    assert [each.key for each in merged] == ["f~a~text", "f~b~date"]


def whole() -> Decision:
    """A case with something of every status."""
    one = service(
        "a",
        material("bring"),
        material("later", necessity=3),
        material("promise"),
        material("held"),
        material("licence"),
        material("lookup"),
        material("optional", necessity=2),
        material("agent", of="agent", only_if={"party": "agent"}),
        agent=True,
        fields=[TWO],
        conditions=[{"zh": "条件一", "en": "Condition one"}],
        process=[{"zh": "受理"}],
    )
    bound = rules(
        [one],
        rule("later", LATER),
        rule("promise", PROMISE),
        rule("held", HELD),
        rule("licence", LICENCE),
        rule("lookup", LICENCE, {**LOOKUP, "about": "applicant"}),
    )
    answers: dict[tuple[str, str], Answer] = {
        ("material", "held"): (found("m-1"),),
        RESIDENT: said("name", "甲"),
        HOUSEHOLD: said("member_name", "乙"),
    }
    decision = decide([one], bound, Holding(answers), NOW)
    assert {each.status for each in decision.materials} == set(STATUSES)
    return decision


def test_the_notice_as_json() -> None:
    told = to_json(whole())
    assert canonical(told)  # no floats, nothing foreign
    groups = told["materials"]
    assert isinstance(groups, dict)
    listed = {status: [one["type"] for one in group] for status, group in groups.items()}
    assert listed == {
        "must_bring": ["bring", "licence"],
        "may_follow": ["later", "promise"],
        "confirmed": ["lookup"],
        "on_file": ["held"],
        "not_needed": ["optional", "agent"],
    }
    (confirmed,) = groups["confirmed"]
    (piece,) = confirmed["for"]
    assert piece["evidence"]["source"] == "resident"
    assert [one["why"]["code"] for one in piece["tried"]] == ["absent"]
    (head,) = told["services"]  # type: ignore[misc]
    assert (head["statutory_days"], head["promised_days"]) == (20, 5)  # type: ignore[index, call-overload]
    (form,) = told["form"]  # type: ignore[misc]
    assert form["value"]["value"] == "甲"  # type: ignore[index, call-overload]
    assert [one["value"] for one in form["others"]] == ["乙"]  # type: ignore[index, call-overload, union-attr]


class Titled(Codes):
    """One who knows the datasets of the catalogue."""

    def dataset(self, code: str) -> str:
        return bundled()[code].title_zh

    def item(self, dataset: str, code: str) -> str:
        return bundled()[dataset].by_code[code].title_zh

    def source(self, kind: str, code: str) -> str | None:  # type: ignore[override]
        return self.dataset(code) if kind == "lookup" else None


def told(decision: Decision) -> WholeNotice:
    return WholeNotice.model_validate(to_json(decision))


def test_a_notice_is_read_back_as_it_was_told() -> None:
    notice = told(whole())
    assert [paper.status for paper in notice.papers()] == sorted(
        (paper.status for paper in notice.papers()), key=STATUSES.index
    )
    assert {paper.status for paper in notice.papers()} == set(STATUSES)
    (field,) = notice.form
    assert field.value is not None
    assert (field.value.value, [one.value for one in field.others]) == ("甲", ["乙"])
    assert "甲" not in repr(notice)
    assert "乙" not in repr(notice)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("titles", [Codes(), Titled()])
def test_the_notice_in_words(language: Language, titles: Codes) -> None:
    notice = told(whole())
    words = Words(notice, language, titles)
    pieces = [piece for paper in notice.papers() for piece in paper.pieces]
    lines = [words.reason(piece.why) for piece in pieces]
    lines += [words.tried(one) for piece in pieces for one in piece.tried]
    lines += [words.reason(one.why, one.value.dataset if one.value else "") for one in notice.form]
    assert len(lines) > len(pieces)
    assert all("{" not in line and "evidence." not in line for line in lines)
    known = isinstance(titles, Titled)
    assert any("人口基础信息" in line for line in lines) is known
    assert any("resident" in line for line in lines) is not known
    parties = {paper.of: words.party(paper.of) for paper in notice.papers()}
    assert parties["agent"] == ("代办人" if language == "zh" else "Agent")


def test_codes_of_a_newer_hub_are_shown_as_they_are() -> None:
    """A connector may be older than the hub that it asks."""
    words = Words(told(whole()), "zh", Codes())
    assert words.kind(7) == "7"
    assert words.commitment("lottery") == "lottery"
    assert words.service("none") == "none"
    assert words.label("9", {}) == "9"
    assert words.reason(Why(code="because-of-the-moon")) == "because-of-the-moon"


def test_the_figure_counts_commitments_and_optional_ones_apart() -> None:
    ((cell, one),) = tally(whole()).items()
    assert cell == Cell("mrb", "a", "2026-07")
    assert one == Tally(1, 6, 2, 2, 1, 1, 1, 1)
    assert (one.share, one.reached) == (3333, False)


def test_attack_promises_make_the_figure() -> None:
    one = service("a", *(material(f"m{number}") for number in range(10)))
    bound = rules([one], *(rule(f"m{number}", PROMISE) for number in range(10)))
    ((_, told),) = tally(decide([one], bound, Holding(), NOW)).items()
    assert (told.promised, told.brought, told.share, told.reached) == (10, 0, 0, False)


def test_a_paper_brought_for_two_services_flatters_neither() -> None:
    known = [service("a", material("x")), service("b", material("x"))]
    decision = decide(known, rules(known), Holding(), NOW)
    assert papers(decision) == 1
    assert [one.brought for one in tally(decision).values()] == [1, 1]


def test_the_target_is_exact() -> None:
    assert Tally(listed=10, covered=7).reached is True
    assert Tally(listed=1000, covered=699).reached is False
    assert Tally(listed=3, covered=2).share == 6666
    assert (Tally().share, Tally().reached) == (None, None)
    assert all(isinstance(one, int) for one in Tally(listed=3).state().values())


def test_tallies_add_up_by_department_service_and_month() -> None:
    decision = whole()
    later = replace(decision, day=TODAY.replace(month=8))
    cells = figures([decision, later, decision])
    assert [cell.month for cell in cells] == ["2026-07", "2026-08"]
    assert by("month", cells)["2026-07"].cases == 2
    assert (
        by("service", cells)["a"] == by("department", cells)["mrb"] == sum(cells.values(), Tally())
    )


SOUND = {
    "name": "某",
    "status": "1",
    "location": "凤麓街道1号",
    "address": "凤麓街道1号",
    "registered_address": "凤麓街道1号",
}


class City(Holding):
    """Everything that a city's departments have, but no paper that somebody must write."""

    def ask(self, need: object) -> Answer:
        self.asked.append(need)  # type: ignore[arg-type]
        kind, source = need.kind, need.source  # type: ignore[attr-defined]
        if kind == "lookup":
            items = need.items  # type: ignore[attr-defined]
            values = {item: SOUND.get(item, "x") for item in items}
            return (found(values=values, dated=TODAY.replace(day=1)),)
        if kind == "licence" and source != IDENTITY:
            return (found("licence"),)
        return self.answers.get((kind, source), Missing("absent"))


def story(*codes: str, held: tuple[str, ...] = ()) -> Decision:
    known = services_reading.bundled()
    answers: dict[tuple[str, str], Answer] = {
        ("material", one): (found(sighted=True),) for one in held
    }
    case = Circumstances(given={"premises_address": "凤麓街道1号"})
    chosen = [known[code] for code in codes]
    return decide(chosen, reading.bundled(), City(answers), NOW, case)


def brought(decision: Decision) -> list[str]:
    return [one.type for one in decision.of("must_bring")]


def test_the_restaurants_first_step_files_the_lease_for_the_next_ones() -> None:
    first = story("enterprise_opening")
    assert brought(first) == ["material_lease"]
    assert [one.type for one in first.of("may_follow")] == ["articles_of_association"]


def test_the_restaurants_next_steps_ask_for_no_paper_that_a_department_has() -> None:
    next_steps = story("food_business_licence", "fire_safety_check", held=("material_lease",))
    written_by_the_owner = {
        "fire_safety_commitment",
        "fire_safety_plan",
        "fire_floor_plan",
        "food_premises_layout",
        "food_safety_rules",
    }
    assert set(brought(next_steps)) == written_by_the_owner
    assert next_steps.of("may_follow") == ()
    shares = {cell.service: one.share for cell, one in tally(next_steps).items()}
    assert shares == {"food_business_licence": 6000, "fire_safety_check": 2500}


def test_a_newborn_is_registered_insured_and_gets_a_card() -> None:
    all_three = ("newborn_registration", "newborn_insurance", "social_security_card")
    assert brought(story(*all_three)) == ["material_birth_certificate"]
    after = story(*all_three[1:], held=("material_birth_certificate",))
    assert brought(after) == []
    assert all(one.reached for one in tally(after).values())

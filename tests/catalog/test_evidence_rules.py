"""Rules are read strictly, and bound to services and datasets without contradiction."""

from collections.abc import Mapping
from importlib.resources import files

import pytest
from services import BASIS, HELD, LATER, LICENCE, LOOKUP, PROMISE, material, rule, rules, service

from catalog import definition
from catalog.errors import RulesRefused
from catalog.evidence import reading
from catalog.evidence.reading import load
from catalog.services import reading as services_reading


def refused(*listed: Mapping[str, object], **other: object) -> list[tuple[str, str]]:
    one = service(
        "a",
        material("x", necessity=3),
        material("y"),
        fields=[{"code": "f", "title_zh": "栏", "title_en": "F", "type": "text"}],
    )
    health = service("h", material("x"), excluded=["health"])
    with pytest.raises(RulesRefused) as told:
        rules([one, health], *listed, **other)  # type: ignore[arg-type]
    return [(fault.place, fault.why) for fault in told.value.faults]


def test_the_products_rules_hold() -> None:
    bound = reading.bundled()
    assert bound.versions == (("story", 1),)
    assert len(bound.digest) == 64
    for one in services_reading.bundled().values():
        for each in one.materials:
            found = bound.rule_for(one, each)
            assert found is None or one.excluded == () or found.ways[-1].way != "commitment"


def test_a_rule_for_the_material_wins_over_one_for_its_type() -> None:
    one, other = service("a", material("x")), service("b", material("x"))
    bound = rules([one, other], rule("x", LOOKUP), rule("a/x", LICENCE))
    assert bound.rule_for(one, one.materials[0]) == bound.plan(one).materials[0].rule
    assert [bound.rule_for(each, each.materials[0]).ways[0].way for each in (one, other)] == [  # type: ignore[union-attr]
        "licence",
        "lookup",
    ]


@pytest.mark.parametrize(
    ("target", "ways", "place", "why"),
    [
        ("z/x", [LOOKUP], "service", "service-missing"),
        ("a/z", [LOOKUP], "material", "material-missing"),
        ("h/x", [PROMISE], "ways[1]", "category-excluded"),
        ("a/y", [LATER], "ways[1]", "not-deferrable"),
        ("a/x", [LATER, LOOKUP], "ways[2]", "way-unreachable"),
        ("a/x", [LOOKUP, LOOKUP], "ways[2]", "way-twice"),
        ("x", [{**LOOKUP, "dataset": "z"}], "ways[1].dataset", "dataset-missing"),
        ("x", [{**LOOKUP, "items": ["z"]}], "ways[1].items[z]", "item-missing"),
        ("a/x", [{**LOOKUP, "about": "z"}], "ways[1].about", "party-missing"),
        (
            "x",
            [{**LOOKUP, "where": [{"item": "z", "test": "filled"}]}],
            "ways[1].where[z]",
            "item-missing",
        ),
        (
            "x",
            [{**LOOKUP, "where": [{"item": "status", "test": "in", "values": ["77"]}]}],
            "ways[1].where[status]",
            "value-not-in-codes",
        ),
        (
            "x",
            [{**LOOKUP, "where": [{"item": "name", "test": "not_past"}]}],
            "ways[1].where[name]",
            "not-a-date",
        ),
        (
            "a/x",
            [{"way": "verify", "dataset": "resident", "claims": {"name": "z"}}],
            "ways[1].claims.z",
            "field-missing",
        ),
        (
            "a/x",
            [{"way": "verify", "dataset": "resident", "claims": {"z": "f"}}],
            "ways[1].claims[z]",
            "item-missing",
        ),
        (
            "a/x",
            [{"way": "own", "dataset": "resident", "number": "z", "field": "f"}],
            "ways[1].number[z]",
            "item-missing",
        ),
        (
            "x",
            [{**LICENCE, "where": [{"item": "status", "test": "filled"}]}],
            "ways[1].where[status]",
            "item-not-asked",
        ),
    ],
)
def test_a_contradiction(target: str, ways: list[object], place: str, why: str) -> None:
    named = target.replace("/", "__")
    assert refused(rule(target, *ways)) == [(f"rules[{named}].{place}", why)]  # type: ignore[arg-type]


def test_an_item_that_is_not_shared_is_asked_of_nobody() -> None:
    text = files("catalog.datasets").joinpath("resident.toml").read_text("utf-8")
    kept = 'code = "name"\nsharing = 3\nsharing_basis = "《办法》第一条"'
    resident = definition.load(text.replace('code = "name"', kept).encode())
    known = {**definition.bundled(), "resident": resident}
    found = refused(rule("x", LOOKUP), datasets=known)
    assert found == [("rules[x].ways[1].items[name]", "not-shared")]


def test_two_rules_for_one_target() -> None:
    again = {**rule("x", LICENCE), "code": "other"}
    assert refused(rule("x", LOOKUP), again) == [("rules[other]", "rule-twice")]
    assert ("rules[x]", "code-twice") in refused(rule("x", LOOKUP), rule("x", LOOKUP))


def equivalent(type_code: str, *accepts: str) -> dict[str, object]:
    return {"type": type_code, "accepts": list(accepts), "basis": BASIS}


@pytest.mark.parametrize(
    "listed",
    [
        [equivalent("x", "x")],
        [equivalent("x", "y"), equivalent("y", "x")],
        [equivalent("x", "y"), equivalent("y", "z"), equivalent("z", "w", "x")],
    ],
)
def test_equivalents_form_no_cycle(listed: list[dict[str, object]]) -> None:
    found = refused(rule("x", HELD), equivalents=listed)
    assert {why for _, why in found} == {"equivalents-cycle"}
    assert len(found) == len(listed)


def test_an_equivalent_stands_once() -> None:
    listed = [equivalent("x", "y"), equivalent("x", "z")]
    assert refused(equivalents=listed) == [("equivalents[x]", "equivalent-twice")]


SOUND = """
code = "s"
version = 1
[[rules]]
code = "r"
version = 1
type = "x"
basis = "《办法》第一条"
[[rules.ways]]
way = "lookup"
dataset = "resident"
items = ["name"]
"""


@pytest.mark.parametrize(
    ("old", "new", "place", "why"),
    [
        ('type = "x"', 'type = "x"\nservice = "a"', "rules[r]", "target-unclear"),
        ('type = "x"', 'material = "a"', "rules[r]", "target-unclear"),
        ('items = ["name"]', "items = []", "rules[r].ways[1].items", "too-short"),
        ('way = "lookup"', 'way = "guess"', "rules[r].ways[1]", "union-tag-invalid"),
        ("《办法》第一条", "无", "rules[r].basis", "basis-missing"),
        (
            'items = ["name"]',
            'items = ["name"]\nwhere = [{item = "name", test = "in"}]',
            "rules[r].ways[1].where[1]",
            "values-unclear",
        ),
        (
            'items = ["name"]',
            'items = ["name"]\nwhere = [{item = "name", test = "same_as"}]',
            "rules[r].ways[1].where[1]",
            "field-unclear",
        ),
        ("version = 1\n[[", "version = 0\n[[", "version", "greater-than-equal"),
        ("[[rules.ways]]", "colour = 1\n[[rules.ways]]", "rules[r].colour", "extra-forbidden"),
    ],
)
def test_a_file_is_read_strictly(old: str, new: str, place: str, why: str) -> None:
    assert load(SOUND.encode()).code == "s"
    with pytest.raises(RulesRefused) as told:
        load(SOUND.replace(old, new, 1).encode(), "s.toml")
    (fault,) = told.value.faults
    assert fault == ("s.toml", place, why)


def test_a_promise_states_the_liability() -> None:
    text = """
way = "commitment"
kind = "promise"
due_days = 5
text_zh = "诺"
text_en = "Promise"
"""
    lookup = 'way = "lookup"\ndataset = "resident"\nitems = ["name"]\n'
    with pytest.raises(RulesRefused) as told:
        load(SOUND.replace(lookup, text).encode())
    assert [fault.why for fault in told.value.faults] == ["liability-missing"]


def test_what_rules_say_is_in_their_digest() -> None:
    one = service("a", material("x"))
    assert rules([one], rule("x", LOOKUP)).digest == rules([one], rule("x", LOOKUP)).digest
    assert rules([one], rule("x", LOOKUP)).digest != rules([one], rule("x", LICENCE)).digest

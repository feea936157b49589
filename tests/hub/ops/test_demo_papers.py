"""The demonstration judges its own promise, and its grants are no wider than needed."""

import tomllib
from importlib.resources import files

import pytest

from catalog.evidence.reading import bundled_sets
from catalog.evidence.rule import Commitment
from hub.ops.demo.counter import Matter, Notice, Paper, Piece, Told, Why, Words
from hub.ops.demo.having import OWN, had
from hub.ops.demo.services import PURPOSES, wanted

HOLDER = "530402199001010018"
MATTER = Matter("1", ("s",), "p", {"subject": ("resident_id", HOLDER), "agent": None}, {})
ISSUED, OTHER = 20, 99


def case(type_: str, source: int, *, of: str = "subject", status: str = "must_bring") -> Told:
    """A case that asks for one paper."""
    piece = Piece(
        service="s",
        material="m",
        source=source,
        status=status,
        why=Why(code="no-rule"),
        evidence=None,
        tried=(),
    )
    title = Words(zh="甲", en="A")
    paper = Paper.model_validate(
        {"type": type_, "of": of, "title": title, "status": status, "until": None, "for": (piece,)}
    )
    return Told(
        case="C-1",
        version=1,
        status="open",
        result=None,
        department="mrb",
        materials=(),
        notice=Notice(materials={status: (paper,)}),
        form=(),
        rounds=(),
    )


def test_what_the_applicant_alone_can_write_nobody_has() -> None:
    assert had(case("plan", OWN), MATTER, ()) == []
    assert had(case("plan", OWN, of="agent"), MATTER, {("material_plan", HOLDER)}) == []
    assert had(case("plan", OWN), MATTER, {("material_plan", "another")}) == []


@pytest.mark.parametrize("source", [ISSUED, OTHER])
@pytest.mark.parametrize("status", ["must_bring", "may_follow"])
def test_attack_a_paper_that_a_department_has_issued_is_asked_for(source: int, status: str) -> None:
    assert had(case("licence", source, status=status), MATTER, ()) == ["licence"]


@pytest.mark.parametrize("type_", ["plan", "material_plan"])
def test_attack_a_paper_that_was_filed_is_asked_for_again(type_: str) -> None:
    assert had(case(type_, OWN), MATTER, {("material_plan", HOLDER)}) == [type_]


def test_what_is_confirmed_is_not_asked_for() -> None:
    assert had(case("licence", ISSUED, status="confirmed"), MATTER, ()) == []


def named(service: str) -> dict[str, set[str]]:
    """The items that a service's form, and any rule, name of each dataset; read from the TOML."""
    found: dict[str, set[str]] = {}
    source = files("catalog.services.bundled").joinpath(f"{service}.toml").read_bytes()
    for field in tomllib.loads(source.decode())["fields"]:
        for one in field.get("prefill", ()):
            found.setdefault(one["dataset"], set()).add(one["item"])
    for rule in (rule for rules in bundled_sets() for rule in rules.rules):
        for way in rule.ways:
            if not isinstance(way, Commitment) and way.way == "lookup":
                items = {*way.items, *(one.item for one in way.where)}
                found.setdefault(way.dataset, set()).update(items)
    return found


def test_no_grant_of_the_story_shows_an_item_that_nothing_names() -> None:
    paper = {"material_no", "received_by", "received_on", "sighted_on"}
    licence = {"issuer_uscc", "issued_on"}
    of_both = {"status", "valid_from", "valid_until"}
    for one in wanted():
        services = [code for code, purpose in PURPOSES.items() if purpose == one.purpose]
        allowed = set[str]().union(*(named(code).get(one.dataset, set()) for code in services))
        if one.dataset.startswith("material_"):
            allowed = paper | of_both
        elif one.dataset.startswith("licence_"):
            allowed = licence | of_both
        assert set(one.items) <= allowed, one


def test_each_department_is_granted_for_its_own_services_alone() -> None:
    assert {(one.department, one.purpose) for one in wanted()} == {
        ("mrb", "enterprise_opening"),
        ("mrb", "food_business_licence"),
        ("frb", "fire_safety_check"),
        ("psb", "newborn_registration"),
        ("hsb", "newborn_benefits"),
        ("hrb", "newborn_benefits"),
    }

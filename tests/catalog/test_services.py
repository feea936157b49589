"""Services are read strictly: every fault at once, each with its place."""

import re
from importlib.resources import files

import pytest
import services
from services import BODY, material, service, service_table

from catalog import definition
from catalog.errors import ServiceRefused
from catalog.messages import LANGUAGES, catalogue
from catalog.services import reading
from catalog.services.item_code import check_handling, check_item
from catalog.services.reading import build, contradictions, fault_words, load, register


def refused(table: dict[str, object]) -> list[tuple[str, str]]:
    with pytest.raises(ServiceRefused) as told:
        build(table, "x.toml")
    assert {fault.file for fault in told.value.faults} == {"x.toml"}
    return [(fault.place, fault.why) for fault in told.value.faults]


def test_the_products_services_hold() -> None:
    known = reading.bundled()
    assert register(known.values(), definition.bundled()) == known
    for code, one in known.items():
        assert not list(contradictions(one))
        assert one.title_en
        assert all(each.title_en for each in one.materials), code
    assert {one.department for one in known.values()} >= {"mrb", "frb", "psb", "hsb"}
    excluded = {code: one.excluded for code, one in known.items() if one.excluded}
    assert excluded == {
        "fire_safety_check": ("public_safety",),
        "food_business_licence": ("health",),
    }


def test_a_file_is_named_after_its_service() -> None:
    for entry in files("catalog.services.bundled").iterdir():
        if entry.name.endswith(".toml"):
            assert load(entry.read_bytes(), entry.name).code == entry.name.removesuffix(".toml")


def test_every_fault_is_told_at_once() -> None:
    table = service_table(
        "a",
        material("one", title_zh="其他材料", legal_basis="无"),
        material("two", kind=4, colour="red"),
        department="Market",
    )
    del table["category"]
    assert set(refused(table)) == {
        ("department", "string-pattern-mismatch"),
        ("category", "missing"),
        ("materials[one].title_zh", "catch-all"),
        ("materials[one].legal_basis", "basis-missing"),
        ("materials[two].kind", "less-than-equal"),
        ("materials[two].colour", "extra-forbidden"),
    }


@pytest.mark.parametrize(
    "basis",
    [
        "",
        "无",
        " - ",
        "/",
        "——",
        "暂无",
        "N/A",
        "none",
        "同上",
        "有关规定",
        "根据国家有关法律法规的规定",
        "《规章》",
        "相关法律法规",
        "略",
    ],
)
def test_attack_a_basis_that_is_none(basis: str) -> None:
    (fault,) = refused(service_table("a", material("one", legal_basis=basis)))
    assert fault == ("materials[one].legal_basis", "basis-missing")


def test_attack_the_english_name_is_the_catch_all() -> None:
    assert refused(service_table("a", material("one", title_en="Other documents"))) == [
        ("materials[one]", "catch-all")
    ]


@pytest.mark.parametrize(
    ("other", "place", "why"),
    [
        ({"item_code": BODY}, "item_code", "item-code"),
        ({"item_code": f"{BODY[:17]}I0000000000001"}, "item_code", "item-code"),
        ({"handling_code": f"{BODY}000000000000201"}, "file", "handling-code"),
        ({"promised_days": 21}, "file", "promised-longer"),
        ({"excluded": ["health", "health"]}, "file", "value-twice"),
        ({"excluded": ["money"]}, "excluded[1]", "literal-error"),
        ({"department": "1234"}, "department", "string-pattern-mismatch"),
        ({"statutory_days": "20"}, "statutory_days", "int-type"),
    ],
)
def test_a_fault_of_the_service(other: dict[str, object], place: str, why: str) -> None:
    assert refused(service_table("a", material("one"), **other)) == [(place, why)]


@pytest.mark.parametrize(
    ("one", "place", "why"),
    [
        ({"e_licence": True}, "materials[one]", "licence-type-missing"),
        ({"licence_type": services.IDENTITY}, "materials[one]", "not-a-licence"),
        ({"licence_type": "123"}, "materials[one].licence_type", "licence-type"),
        ({"of": "uncle"}, "materials[one].of", "party-missing"),
        ({"source": 30}, "materials[one].source", "literal-error"),
        ({"only_if": {}}, "materials[one].only_if", "only-if-unclear"),
        ({"only_if": {"field": "x"}}, "materials[one].only_if", "only-if-unclear"),
        (
            {"only_if": {"field": "x", "values": ["1"]}},
            "materials[one].only_if.field",
            "field-missing",
        ),
        ({"only_if": {"party": "uncle"}}, "materials[one].only_if.party", "party-missing"),
    ],
)
def test_a_fault_of_a_material(one: dict[str, object], place: str, why: str) -> None:
    assert refused(service_table("a", material("one", **one))) == [(place, why)]


def test_an_excluded_category_lets_nothing_follow() -> None:
    table = service_table("a", material("one", necessity=3), excluded=["energy"])
    assert refused(table) == [("materials[one].necessity", "category-excluded")]


def test_an_agents_paper_is_asked_for_only_if_there_is_one() -> None:
    table = service_table("a", material("one", of="agent"), agent=True)
    assert refused(table) == [("materials[one].only_if", "agent-not-always")]


def test_codes_stand_once() -> None:
    table = service_table("a", material("one"), material("one"))
    assert refused(table) == [("materials[one]", "code-twice")]
    table = service_table("a", material("one"), material("two", type="one"))
    assert refused(table) == [("materials[two]", "type-twice")]


def field(**other: object) -> dict[str, object]:
    return {"code": "f", "title_zh": "栏", "title_en": "Field", "type": "text", **other}


@pytest.mark.parametrize(
    ("one", "place", "why"),
    [
        (field(type="colour"), "fields[f]", "type-unknown"),
        (field(type="code"), "fields[f]", "codes-missing"),
        (
            field(prefill=[{"dataset": "resident", "item": "name"}] * 2),
            "fields[f]",
            "prefill-twice",
        ),
        (
            field(prefill=[{"dataset": "resident", "item": "name", "about": "uncle"}]),
            "fields[f].prefill[1].about",
            "party-missing",
        ),
    ],
)
def test_a_fault_of_a_field(one: dict[str, object], place: str, why: str) -> None:
    assert refused(service_table("a", fields=[one])) == [(place, why)]


@pytest.mark.parametrize(
    ("one", "place", "why"),
    [
        (field(prefill=[{"dataset": "x", "item": "name"}]), "dataset", "dataset-missing"),
        (field(prefill=[{"dataset": "resident", "item": "x"}]), "item", "item-missing"),
        (
            field(type="date", prefill=[{"dataset": "resident", "item": "name"}]),
            "item",
            "type-differs",
        ),
    ],
)
def test_a_source_of_prefilling_must_be_there(one: dict[str, object], place: str, why: str) -> None:
    with pytest.raises(ServiceRefused) as told:
        register([service("a", fields=[one])], definition.bundled())
    (fault,) = told.value.faults
    assert (fault.place, fault.why) == (f"fields[f].prefill[1].{place}", why)


def test_services_stand_once() -> None:
    other = service("b", item_code=service("a").item_code)
    with pytest.raises(ServiceRefused) as told:
        register([service("a"), service("a"), other], definition.bundled())
    assert {fault.why for fault in told.value.faults} == {"service-twice", "item-code-twice"}


def test_the_codes_of_items() -> None:
    """The published example of ``domain.md`` §5."""
    code = "11370800MB285591843370117002011"
    assert check_item(code).verdict == "valid"
    assert check_item(" １１３７０８００mb285591843370117002011 ").value == code
    assert check_item(code[:30]).reason == "form"
    assert check_item(f"{code[:17]}0{code[18:]}").verdict == "warn"
    assert check_handling(f"{code}01", code).verdict == "valid"
    assert check_handling(f"{code}01", code[:30] + "2").reason == "other-item"


def test_what_is_no_toml_is_refused_as_such() -> None:
    for data, why in ((b"code = ", "not-toml"), (b"\xff", "not-utf-8")):
        with pytest.raises(ServiceRefused) as told:
            load(data, "x.toml")
        assert told.value.faults[0].why == why


def test_every_reason_of_ours_has_its_words() -> None:
    """A reason is a literal in the code; pydantic's own share one text."""
    found = set[str]()
    for room in ("services", "evidence"):
        for entry in files(f"catalog.{room}").iterdir():
            if entry.name.endswith(".py"):
                text = entry.read_text("utf-8")
                found |= set(re.findall(r'ValueError\(\s*"([a-z-]+)"', text))
                found |= set(re.findall(r'yield [^\n]*, "([a-z]+(?:-[a-z]+)+)"', text))
    assert len(found) > 30
    assert {why for why in found if f"services.why.{why}" not in catalogue()} == set()


def test_a_fault_is_told_in_both_languages() -> None:
    with pytest.raises(ServiceRefused) as told:
        build(service_table("a", material("one", title_zh="其他材料", kind=9)), "x.toml")
    for language in LANGUAGES:
        words = [fault_words(fault, language) for fault in told.value.faults]
        assert any("materials[one].title_zh" in one for one in words)
        assert all("{" not in one for one in words)

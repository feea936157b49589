import re
from pathlib import Path

import pytest

from catalog import definition
from catalog.errors import DefinitionRefused

SOUND = """
code = "parking_permit"
title_zh = "停车证"
title_en = "Parking permits"
summary_zh = "停车证"
summary_en = "Parking permits"
family = "natural_person"
sharing = 2
methods = ["service"]
conditions_zh = ""
conditions_en = ""
format = 3
cycle = 2
level = 1
level_scheme = "四级"
legal_basis = "《办法》第一条"
subject = "holder"
row_key = ["number"]
cardinality = "many"

[[items]]
code = "number"
title_zh = "证号"
title_en = "Number"
type = "text"
sensitivity = 1
required = true
pattern = "[0-9]{4}"

[[items]]
code = "holder"
title_zh = "持有人"
title_en = "Holder"
type = "identifier:resident_id|uscc"
sensitivity = 2
required = true
aliases = ["持证人"]

[[items]]
code = "zone"
title_zh = "区域"
title_en = "Zone"
type = "code"
sensitivity = 1

[items.codes]
1 = { zh = "甲", en = "A" }
2 = { zh = "乙", en = "B" }
"""


def test_nine_datasets_come_with_the_product() -> None:
    assert set(definition.bundled()) == {
        "resident",
        "household",
        "legal_entity",
        "credit_approval",
        "credit_penalty",
        "credit_list",
        "e_licence",
        "real_estate",
        "shared_material",
    }


def test_six_families_are_covered() -> None:
    families = {dataset.family for dataset in definition.bundled().values()}
    assert len(families) == 6


def test_credit_datasets_have_the_retention_of_credit() -> None:
    credit = {code for code, one in definition.bundled().items() if one.retention == "credit"}
    assert credit == {"credit_approval", "credit_penalty", "credit_list"}


def test_file_is_named_after_its_dataset() -> None:
    folder = Path(definition.__file__).parent / "datasets"
    for path in folder.glob("*.toml"):
        assert definition.load(path).code == path.stem


def test_approval_carries_every_field_of_the_standard() -> None:
    fields = """XK_XDR_MC XK_XDR_SHXYM XK_XKWS XK_WSH XK_XKLB XK_XKZS XK_XKBH XK_NR XK_JDRQ XK_YXQZ
        XK_YXQZI XK_XKJG XK_XKJGDM XK_ZT XK_LYDW XK_LYDWDM BZ"""
    dataset = definition.bundled()["credit_approval"]
    assert {item.standard for item in dataset.items} == set(fields.split())


def test_sound_definition_is_read_with_what_items_take_from_their_dataset() -> None:
    dataset = definition.load(SOUND.encode())
    assert dataset.subject.item == "holder"
    assert dataset.subject.kinds == ("resident_id", "uscc")
    assert dataset.by_code["zone"].sharing == 2
    assert dataset.by_code["zone"].empty == ("",)


def test_column_is_found_by_code_title_alias_and_sloppy_heading() -> None:
    dataset = definition.load(SOUND.encode())
    for name in ("holder", "HOLDER", "持有人", " 持有人 ", "持证人", "Holder"):
        found = dataset.column(name)
        assert found is not None
        assert found.code == "holder"
    assert dataset.column("车牌") is None


@pytest.mark.parametrize(
    ("old", "new", "place", "why"),
    [
        (
            'code = "parking_permit"',
            'code = "parking_permit"\ncolour = 1',
            "colour",
            "extra-forbidden",
        ),
        (
            "required = true\npattern",
            "mandatory = true\npattern",
            "items[number].mandatory",
            "extra-forbidden",
        ),
        ('en = "A" }', 'en = "A", fr = "A" }', "items[zone].codes.1.fr", "extra-forbidden"),
        ('title_zh = "停车证"\n', "", "title_zh", "missing"),
        ('type = "text"', 'type = "string"', "items[number].type", "type-unknown"),
        ("resident_id|uscc", "resident_id|iban", "items[holder].type", "type-unknown"),
        ("resident_id|uscc", "uscc|uscc", "items[holder].type", "kind-twice"),
        ("[0-9]{4}", "[0-9{4}", "items[number].pattern", "pattern-broken"),
        ("[0-9]{4}", "(?=A)[0-9]", "items[number].pattern", "pattern-not-portable"),
        ("[0-9]{4}", "(a)\\\\1", "items[number].pattern", "pattern-not-portable"),
        ("[0-9]{4}", "[0-9]{,4}", "items[number].pattern", "pattern-not-portable"),
        ("[0-9]{4}", "[0-9]{1001}", "items[number].pattern", "pattern-not-portable"),
        ('subject = "holder"', 'subject = "owner"', "subject", "item-missing"),
        ('subject = "holder"', 'subject = "number"', "subject", "not-an-identifier"),
        (
            'subject = "holder"',
            'subject = { item = "holder", kinds = ["uscc"] }',
            "subject",
            "kinds-differ",
        ),
        ('row_key = ["number"]', 'row_key = ["serial"]', "row_key[serial]", "item-missing"),
        ('row_key = ["number"]', 'row_key = ["zone"]', "row_key[zone]", "row-key-not-required"),
        ('row_key = ["number"]', 'row_key = ["number", "number"]', "row_key", "item-twice"),
        ('row_key = ["number"]', "row_key = []", "row_key", "too-short"),
        ('cardinality = "many"', 'cardinality = "one"', "cardinality", "contradicts-row-key"),
        ('row_key = ["number"]', 'row_key = ["holder"]', "cardinality", "contradicts-row-key"),
        ('code = "zone"', 'code = "number"', "items[number]", "item-twice"),
        ('aliases = ["持证人"]', 'aliases = ["证号"]', "items[holder]", "heading-twice"),
        ('code = "zone"', 'code = "Zone"', "items[Zone].code", "string-pattern-mismatch"),
        ('zh = "乙"', 'zh = "甲"', "items[zone]", "code-title-twice"),
        ('zh = "乙"', 'zh = "1"', "items[zone]", "code-title-twice"),
        ("sharing = 2", "sharing = 4", "sharing", "literal-error"),
        ("sharing = 2", "sharing = 3", "items[number]", "sharing-basis-missing"),
        ("level = 1", "level = 5", "level", "less-than-equal"),
        (
            "sensitivity = 1\nrequired",
            'sensitivity = "1"\nrequired',
            "items[number].sensitivity",
            "int-type",
        ),
        ('family = "natural_person"', 'family = "people"', "family", "literal-error"),
    ],
)
def test_contradictory_definition_is_refused(old: str, new: str, place: str, why: str) -> None:
    assert old in SOUND
    with pytest.raises(DefinitionRefused) as refused:
        definition.load(SOUND.replace(old, new, 1).encode(), "parking.toml")
    assert refused.value.facts == {"file": "parking.toml", "place": place, "why": why}


def test_code_list_that_is_empty_or_missing_is_refused() -> None:
    for codes in ("", "[items.codes]\n"):
        text = SOUND[: SOUND.index("[items.codes]")] + codes
        with pytest.raises(DefinitionRefused) as refused:
            definition.load(text.encode())
        assert refused.value.facts["why"] == "codes-missing"


def test_subject_that_may_be_absent_is_refused() -> None:
    text = re.sub(r'(type = "identifier.*\nsensitivity = 2\n)required = true\n', r"\1", SOUND)
    with pytest.raises(DefinitionRefused) as refused:
        definition.load(text.encode())
    assert refused.value.facts["why"] == "subject-not-required"


@pytest.mark.parametrize("text", [b"code = ", b"\xff", b"code = 1\ncode = 2", b"", b"items = 3"])
def test_file_that_is_no_definition_is_refused(text: bytes) -> None:
    with pytest.raises(DefinitionRefused):
        definition.load(text, "broken.toml")

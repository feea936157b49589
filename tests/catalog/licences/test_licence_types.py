"""The register of types: what comes with the product, and what is no sound type."""

from importlib.resources import files

import pytest

from catalog import definition
from catalog.errors import DefinitionRefused
from catalog.identifiers import uscc
from catalog.licences.licence_type import bundled, by_type_code, load
from catalog.licences.metadata import HolderType, claim_names, metadata

SOUND = (
    files("catalog.licences.bundled").joinpath("business_licence.toml").read_text(encoding="utf-8")
)
PERSON = (
    files("catalog.licences.bundled").joinpath("birth_certificate.toml").read_text(encoding="utf-8")
)


def refused(text: str) -> tuple[str, str]:
    with pytest.raises(DefinitionRefused) as caught:
        load(text.encode(), "x.toml")
    assert caught.value.facts["file"] == "x.toml"
    return str(caught.value.facts["place"]), str(caught.value.facts["why"])


def test_types_that_come_with_the_product() -> None:
    types = bundled()
    assert set(types) == {
        "birth_certificate",
        "business_licence",
        "food_business_licence",
        "lease_filing",
        "real_estate_certificate",
        "resident_identity_card",
    }
    assert types["business_licence"].type_code == "11100000MB0143028R001"
    assert types["resident_identity_card"].type_code == "11100000000013127D001"
    assert [code for code, one in types.items() if not one.issued_here] == [
        "resident_identity_card"
    ]


def test_only_a_code_that_is_cited_stands_under_a_national_body() -> None:
    for one in bundled().values():
        assert uscc.check(one.defined_by.code).verdict == "valid"
        if one.code_source == "example":
            assert one.defined_by.level != "national"
            assert "示例" in one.code_note
            assert "虚构" in one.defined_by.name
            assert one.type_code[18:].startswith("X")


def test_a_type_is_found_by_its_code_with_others() -> None:
    found = by_type_code(bundled())
    assert found["11100000MB0143028R001"].code == "business_licence"
    one = bundled()["business_licence"]
    with pytest.raises(DefinitionRefused, match="type-twice"):
        by_type_code({"a": one, "b": one})


def test_all_that_is_not_in_the_minimum_is_the_holders_to_show() -> None:
    for one in bundled().values():
        assert set(one.minimum) | set(one.selective) == {*metadata(), *one.by_code}
        assert not set(one.minimum) & set(one.selective)


def test_the_minimum_of_a_persons_licence_names_nobody() -> None:
    for one in bundled().values():
        if "person" in one.holders:
            assert not set(one.minimum) & {"holder_name", "holder_id", "licence_id", "number"}


@pytest.mark.parametrize(
    ("old", "new", "place", "why"),
    [
        ('code = "business_licence"', 'code = "Business"', "code", "string-pattern-mismatch"),
        ('name_zh = "营业执照"\n', "", "name_zh", "missing"),
        ("R001", "R01", "type_code", "string-pattern-mismatch"),
        ("R001", "R0011", "type_code", "string-pattern-mismatch"),
        ('code_source = "cited"', 'code_source = "guess"', "code_source", "literal-error"),
        ('0143028R", level', '0143", level', "defined_by.code", "not-a-credit-code"),
        ('MB0143028R", l', '000013127D", l', "type_code", "not-of-its-authority"),
        ('level = "national"', 'level = "world"', "defined_by.level", "literal-error"),
        ('holders = ["body"]', "holders = []", "holders", "too-short"),
        ('holders = ["body"]', 'holders = ["body", "body"]', "holders", "holder-twice"),
        ('validity = "either"', 'validity = "unlimited"\nmonths = 12', "months", "has-no-end"),
        ('validity = "either"', 'validity = "limited"\nmonths = 0', "months", "greater-than-equal"),
        ('validity = "either"', 'validity = "limited"\nmonths = 1.5', "months", "int-type"),
        ('"either"', '"either"\nissued_here = "no"', "issued_here", "bool-type"),
        ('validity = "either"', 'validity = "either"\nnote = "x"', "note", "extra-forbidden"),
        ('"issuer", ', "", "minimum[issuer]", "always-shown"),
        ('"valid_from", ', "", "minimum[valid_from]", "always-shown"),
        ('"form"]', '"form", "form"]', "minimum", "item-twice"),
        ('"form"]', '"form", "colour"]', "minimum[colour]", "item-missing"),
        ('"form"]', '"form", "holder_id"]', "minimum[holder_id]", "too-sensitive"),
        ('"form"]', '"form", "status"]', "minimum[status]", "item-missing"),
        ('code = "capital"', 'code = "scope"', "items", "item-twice"),
        ('code = "capital"', 'code = "issuer"', "items[issuer]", "is-metadata"),
        ('type = "decimal"', 'type = "money"', "items[capital].type", "type-unknown"),
        ('"decimal"', '"decimal"\ncolour = 1', "items[capital].colour", "extra-forbidden"),
        ("sensitivity = 1", "sensitivity = 5", "items[form].sensitivity", "less-than-equal"),
    ],
)  # fmt: skip
def test_type_that_is_not_sound(old: str, new: str, place: str, why: str) -> None:
    assert SOUND.count(old) >= 1
    assert refused(SOUND.replace(old, new, 1)) == (place, why)


def test_person_named_in_the_minimum() -> None:
    for code in ("holder_name", "licence_id"):
        text = PERSON.replace('"valid_until"]', f'"valid_until", "{code}"]')
        assert refused(text) == (f"minimum[{code}]", "names-a-person")


def test_no_toml_and_no_utf_8() -> None:
    assert refused("x = ")[1] == "not-toml"
    with pytest.raises(DefinitionRefused, match="not-utf-8"):
        load(SOUND.encode("gb18030"), "x.toml")


def test_metadata_are_those_of_the_dataset_of_licences() -> None:
    codes = definition.bundled()["e_licence"].by_code
    assert set(codes) - set(metadata()) == {"status", "status_note"}
    assert claim_names()["name"] == "certificateName"
    assert claim_names()["issuer_uscc"] == "certificateIssuingAuthorityCode"
    assert len(set(claim_names().values())) == len(metadata())


def test_holder_types_are_those_of_the_dataset() -> None:
    codes = definition.bundled()["e_licence"].by_code["holder_type"].codes or {}
    assert set(HolderType) == set(codes)
    assert {one for one in HolderType if not one.person} == {"001", "099"}
    assert (HolderType.RESIDENT_ID.kind, HolderType.OTHER_PERSON.kind) == ("resident_id", "text")
    assert HolderType.ORDINARY_PASSPORT.label.zh == "普通护照"

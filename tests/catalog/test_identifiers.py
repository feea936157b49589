import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from catalog.errors import IdentifierRefused
from catalog.identifiers import check, check_any, licence, organisation, resident, uscc

PUBLIC_BODIES = ["11100000MB0143028R", "11100000000013127D", "11100000MB03271699"]
ISSUED_WITH_A_WRONG_CHECK_DIGIT = [
    "91350100M0001TGQXM",
    "91350211M0000XUF46",
    "91350203M0001FUE2P",
]
PUBLISHED_LICENCE = "11100000000013338W009.11330105002500287C.2025052201.002.0"
# The specimen of GB 11643-1999 itself, appendix: order 001 and check character X.
SPECIMEN = "11010519491231002X"


def numbered(area: str, birth: str, order: int) -> str:
    body = f"{area}{birth}{order:03d}"
    return body + resident.check_character(body)


resident_ids = st.builds(
    numbered,
    st.sampled_from(["530402", "330113", "110105", "810000", "820000", "830000", "911124"]),
    st.dates().filter(lambda day: 1900 <= day.year <= 2100).map(lambda day: f"{day:%Y%m%d}"),
    st.integers(0, 999),
)
usccs = st.builds(
    lambda head, area, tail: (body := f"{head}{area:06d}{tail}") + uscc.check_character(body),
    st.sampled_from(["11", "12", "51", "52", "91", "92", "93", "A1", "G1", "Y1"]),
    st.integers(100000, 829999),
    st.text(uscc.ALPHABET, min_size=9, max_size=9),
)


def test_specimen_of_the_standard_is_valid() -> None:
    assert check("resident_id", SPECIMEN).verdict == "valid"


@pytest.mark.parametrize(
    "raw",
    [
        "11010519491231002x",
        "  11010519491231002X\t",
        "110105 19491231 002X",
        "１１０１０５１９４９１２３１００２Ｘ",  # full-width digits
        "11010519491231002ｘ",  # full-width lower-case x
        "\ufeff11010519491231002X\u3000",
    ],
)
def test_ways_of_typing_a_number_come_out_as_one(raw: str) -> None:
    checked = check("resident_id", raw)
    assert (checked.value, checked.verdict) == (SPECIMEN, "valid")


def test_first_generation_number_warns_and_becomes_the_number_that_belongs_to_it() -> None:
    checked = check("resident_id", "110105491231002")
    assert checked.verdict == "warn"
    assert checked.reason == "first-generation"
    assert checked.value == SPECIMEN


@pytest.mark.parametrize(
    "area", ["810000", "820000", "830000", "911124", "941156", "330113", "330114"]
)
def test_permits_and_new_counties_are_valid(area: str) -> None:
    assert check("resident_id", numbered(area, "19900101", 12)).verdict == "valid"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "empty"),
        ("\u3000 ", "empty"),
        ("1101051949123100", "form"),
        ("1101051949123100２X1", "form"),
        ("1101051949123l002X", "form"),
        ("11010519491231-002X", "form"),
        (numbered("160105", "19491231", 2), "area"),
        (numbered("110105", "19490229", 2), "birth-date"),
        (numbered("110105", "17991231", 2), "birth-date"),
        ("110105490231002", "birth-date"),
        ("110105194912310021", "check-digit"),
    ],
)
def test_what_is_wrong_with_a_resident_number_is_named(raw: str, reason: str) -> None:
    checked = check("resident_id", raw)
    assert (checked.verdict, checked.reason) == ("invalid", reason)


@given(resident_ids)
def test_check_character_is_that_of_iso_7064(number: str) -> None:
    assert number[17] == mod_11_2.calc_check_digit(number[:17])
    assert check("resident_id", number).verdict == "valid"


@given(resident_ids, st.integers(0, 17), st.sampled_from(string.digits))
def test_no_single_change_of_a_resident_number_stays_valid(
    number: str, place: int, digit: str
) -> None:
    changed = number[:place] + digit + number[place + 1 :]
    assert (check("resident_id", changed).verdict == "valid") == (changed == number)


@given(resident_ids, st.integers(0, 16))
def test_no_swap_of_neighbours_in_a_resident_number_stays_valid(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert (check("resident_id", swapped).verdict == "valid") == (swapped == number)


@pytest.mark.parametrize("code", PUBLIC_BODIES)
def test_codes_of_public_bodies_are_valid(code: str) -> None:
    assert check("uscc", code).verdict == "valid"
    assert check("uscc", code.lower()).value == code


@pytest.mark.parametrize("code", ISSUED_WITH_A_WRONG_CHECK_DIGIT)
def test_codes_issued_with_a_wrong_check_digit_only_warn(code: str) -> None:
    checked = check("uscc", code)
    assert (checked.verdict, checked.reason, checked.value) == ("warn", "check-digit", code)


@pytest.mark.parametrize(
    "raw",
    [
        "321284000018350",
        "3206911100272",
        "9111000O000016731Q",
        "11100000MB0143028I",
        "1110000AMB0143028R",
    ],
)
def test_what_is_no_credit_code_is_invalid(raw: str) -> None:
    checked = check("uscc", raw)
    assert (checked.verdict, checked.reason) == ("invalid", "form")


def test_unknown_department_of_a_credit_code_warns() -> None:
    body = "01100000MB0143028"
    checked = check("uscc", body + uscc.check_character(body))
    assert (checked.verdict, checked.reason) == ("warn", "department")


@given(usccs, st.integers(0, 17), st.sampled_from(uscc.ALPHABET))
def test_no_single_change_of_a_credit_code_stays_valid(code: str, place: int, new: str) -> None:
    changed = code[:place] + new + code[place + 1 :]
    assert (check("uscc", changed).verdict == "valid") == (changed == code)


@pytest.mark.parametrize("code", PUBLIC_BODIES)
def test_organisation_code_inside_a_credit_code_is_valid(code: str) -> None:
    inside = code[8:17]
    assert check("organisation_code", inside).verdict == "valid"
    hyphened = f"{inside[:8]}-{inside[8]}"
    assert check("organisation_code", hyphened).value == inside


@given(st.text(string.digits + "ABCDEFGH", min_size=8, max_size=8), st.sampled_from("0123456789X"))
def test_wrong_check_character_of_an_organisation_code_warns(body: str, last: str) -> None:
    expected = "valid" if last == organisation.check_character(body) else "warn"
    assert check("organisation_code", body + last).verdict == expected


def test_published_licence_is_valid_with_and_without_its_root() -> None:
    with_root = licence.ROOT + PUBLISHED_LICENCE
    assert check("licence_id", PUBLISHED_LICENCE) == check("licence_id", with_root)
    assert check("licence_id", with_root).verdict == "valid"
    assert check("licence_id", PUBLISHED_LICENCE).value == with_root


# All three as they stand in public code of connected systems.
PUBLISHED_LICENCES = [
    PUBLISHED_LICENCE,
    "11100000000013338W011.11430000006122244L.20230000403.002.S",
    "11100000000013338W032.11220000013544541J.2430599.001.F",
]


@pytest.mark.parametrize("published", PUBLISHED_LICENCES)
def test_licence_built_is_the_one_published(published: str) -> None:
    parts = published.split(".")
    assert licence.build(*parts[:4]) == licence.ROOT + published
    assert licence.split(licence.ROOT + published) == tuple(parts[:4])
    assert check("licence_id", published).verdict == "valid"


@pytest.mark.parametrize(
    ("place", "value", "part"),
    [
        (0, "11100000000013338W09", "type_code"),
        (0, "11100000000013338w009", "type_code"),
        (1, "11330105002500287I", "issuer"),
        (1, "", "issuer"),
        (2, "", "serial"),
        (2, "2025.01", "serial"),
        (2, "号1", "serial"),
        (2, "1" * 65, "serial"),
        (3, "02", "version"),
        (3, "002\n", "version"),
    ],
)
def test_licence_of_broken_parts_is_not_built(place: int, value: str, part: str) -> None:
    parts = PUBLISHED_LICENCE.split(".")[:4]
    parts[place] = value
    with pytest.raises(IdentifierRefused) as refused:
        licence.build(*parts)
    assert refused.value.facts == {"part": part}


def test_what_is_no_licence_identifier_is_not_split() -> None:
    with pytest.raises(IdentifierRefused):
        licence.split("1.2.3")


def test_licence_with_a_foreign_check_character_warns_and_a_broken_one_is_invalid() -> None:
    assert check("licence_id", PUBLISHED_LICENCE[:-1] + "1").verdict == "warn"
    assert check("licence_id", PUBLISHED_LICENCE[:-2]).verdict == "invalid"
    assert check("licence_id", PUBLISHED_LICENCE.replace("W009", "I009")).verdict == "invalid"


def test_unknown_kind_is_a_verdict_and_no_crash() -> None:
    assert check("passport_of_atlantis", "1").reason == "kind"


def test_plain_key_keeps_its_case_and_refuses_control_characters() -> None:
    assert check("text", " 5304-aB ").value == "5304-aB"
    assert check("text", "5304\x00").verdict == "invalid"


def test_mistyped_resident_number_does_not_pass_as_a_credit_code_that_warns() -> None:
    number = numbered("530402", "19850412", 301)
    wrong = number[:17] + ("1" if number[17] != "1" else "2")
    assert check("uscc", wrong).verdict == "warn"
    for kinds in (("resident_id", "uscc"), ("uscc", "resident_id")):
        checked = check_any(kinds, wrong)
        assert (checked.kind, checked.verdict) == ("resident_id", "invalid")


@given(st.one_of(resident_ids, usccs))
def test_owner_of_either_kind_is_found_valid(value: str) -> None:
    assert check_any(("resident_id", "uscc"), value).verdict == "valid"


@given(st.text())
def test_no_text_crashes_a_check_and_no_check_changes_its_own_result(raw: str) -> None:
    for kind in ("resident_id", "uscc", "organisation_code", "licence_id", "text"):
        once = check(kind, raw)
        if once.acceptable:
            again = check(kind, once.value)
            assert again.value == once.value
            assert again.acceptable

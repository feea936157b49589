"""What stands on a licence, and what its credential says of it."""

from datetime import UTC, datetime

import pytest

from catalog.errors import LicenceRefused
from catalog.identifiers import licence as identifiers
from catalog.identifiers import resident
from catalog.licences.credential import Terms, claims_of, credential_type
from catalog.licences.document import Licence, read
from catalog.licences.licence_type import bundled
from catalog.licences.metadata import HolderType
from certs.canonical import canonical
from certs.keys import generate
from certs.sd_jwt import choices, issue, present, verify
from certs.status_list import Reference, reference

ISSUER_USCC = "11530400015020004B"
FOOD = bundled()["food_business_licence"]
BIRTH = bundled()["birth_certificate"]
HUB = "https://hub.example"
SECOND = 1_790_000_000
"""2026-09-21."""
STATUS = Reference(f"{HUB}/licences/status/1", 7)


def metadata(**more: str) -> dict[str, str]:
    return {
        "licence_id": identifiers.build(FOOD.type_code, ISSUER_USCC, "2026000001", "001"),
        "number": "JY25304020000017",
        "holder_name": "玉溪云上餐饮有限公司",
        "holder_id": "91530400MA6K0000X5",
        "holder_type": "001",
        "issuer": "示例市市场监督管理局",
        "issuer_uscc": ISSUER_USCC,
        "issued_on": "2026-09-01",
        "valid_from": "2026-09-01",
        "valid_until": "2031-08-31",
        **more,
    }


def items(**more: str) -> dict[str, str]:
    return {
        "legal_representative": "某甲",
        "address": "玉溪市红塔区某路1号",
        "premises": "玉溪市红塔区某路1号一层",
        "business_form": "餐饮服务经营者",
        "items_allowed": "热食类食品制售",
        **more,
    }


def made(**more: str) -> Licence:
    return read(FOOD, metadata(**more), items())


def faults(of: dict[str, str], own: dict[str, str]) -> tuple[tuple[str, str], ...]:
    with pytest.raises(LicenceRefused) as caught:
        read(FOOD, of, own)
    assert caught.value.facts["count"] == len(caught.value.faults)
    return caught.value.faults


def terms(issued: int = SECOND, lifetime: int = 86_400) -> Terms:
    return Terms(HUB, issued, lifetime, STATUS)


def seconds(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp())  # type: ignore[arg-type]


def test_a_licence_holds_every_code_and_evened_out_values() -> None:
    licence = made(issued_on="2026年9月1日", holder_id=" 91530400ma6k0000x5 ")
    assert licence.value("issued_on") == "2026-09-01"
    assert licence.value("holder_id") == "91530400MA6K0000X5"
    assert licence.value("name") == "食品经营许可证"
    assert licence.value("type_code") == FOOD.type_code
    assert licence.value("complaints") == ""
    assert licence.holder == (HolderType.CREDIT_CODE, "91530400MA6K0000X5")
    assert licence.identifier.startswith("1.2.156.3005.2.")
    with pytest.raises(TypeError):
        licence.metadata["number"] = "x"  # type: ignore[index]


def test_all_faults_are_told_at_once() -> None:
    found = faults(
        metadata(issued_on="2026-13-01", holder_id="1", number="", colour="red", valid_until=""),
        items(premises="", taste="sour"),
    )
    assert set(found) == {
        ("metadata.colour", "unknown"),
        ("metadata.number", "required"),
        ("metadata.issued_on", "date"),
        ("metadata.holder_id", "form"),
        ("metadata.valid_until", "end-missing"),
        ("items.taste", "unknown"),
        ("items.premises", "required"),
    }


@pytest.mark.parametrize(
    ("change", "place", "why"),
    [
        ({"type_code": "11100000MB0143028R001"}, "type_code", "not-of-its-type"),
        (
            {"holder_type": "111", "holder_id": "11010519491231002X"},
            "holder_type",
            "holder-not-allowed",
        ),
        ({"holder_type": "000"}, "holder_type", "code"),
        ({"holder_id": ""}, "holder_id", "required"),
        ({"valid_until": "2026-08-31"}, "valid_until", "ends-before-it-begins"),
        ({"valid_from": "", "valid_until": "2026-08-31"}, "valid_until", "ends-before-it-begins"),
        ({"valid_until": ""}, "valid_until", "end-missing"),
        ({"issuer_uscc": "1153040001503000XG"}, "licence_id", "not-of-its-issuer"),
        ({"licence_id": "1.2.3"}, "licence_id", "form"),
        (
            {"licence_id": identifiers.build("11100000MB0143028R001", ISSUER_USCC, "1", "001")},
            "licence_id",
            "not-of-its-type",
        ),
    ],
)  # fmt: skip
def test_licence_that_contradicts_itself(change: dict[str, str], place: str, why: str) -> None:
    assert faults(metadata(**change), items()) == ((f"metadata.{place}", why),)


def test_licence_of_a_newborn_who_has_no_number_yet() -> None:
    mother = "53040219900101002"
    own = {
        "sex": "女",
        "born_on": "2026-09-10",
        "place": "示例市妇幼保健院",
        "mother_name": "某乙",
        "mother_id": mother + resident.check_character(mother),
    }
    given = {
        "licence_id": identifiers.build(BIRTH.type_code, "1153040001503000XG", "V530000001", "001"),
        "number": "V530000001",
        "holder_name": "某丙",
        "holder_type": "999",
        "holder_id": "V530000001",
        "issuer": "示例市妇幼保健院",
        "issuer_uscc": "1153040001503000XG",
        "issued_on": "2026-09-12",
    }
    licence = read(BIRTH, given, own)
    assert licence.holder == (HolderType.OTHER_PERSON, "V530000001")
    assert licence.value("sex") == "2"
    shown = claims_of(licence, terms())
    assert "nbf" not in shown.claims
    assert shown.claims["exp"] == SECOND + 86_400
    with pytest.raises(LicenceRefused, match="has-no-end"):
        read(BIRTH, {**given, "valid_until": "2030-01-01"}, own)


def test_what_others_issue_is_not_issued_here() -> None:
    with pytest.raises(LicenceRefused) as caught:
        read(bundled()["resident_identity_card"], {}, {})
    assert caught.value.faults[0] == ("type", "not-issued-here")


def test_a_stranger_sees_the_minimum_and_nothing_more() -> None:
    claims = claims_of(made(), terms())
    key = generate()
    token = issue(claims.claims, claims.hidden, key, "k1", decoys=2)
    seen = verify(present(token, []), {"k1": key.public}, SECOND * 1000, issuer=HUB)
    assert set(seen.claims) == {
        "vct", "iss", "iat", "exp", "nbf", "status",
        "certificateName", "certificateTypeCode", "certificateHolderName",
        "certificateIssuingAuthorityName", "certificateIssuingAuthorityCode",
        "certificateIssuedDate", "certificateEffectiveDate", "certificateExpiringDate",
        "items",
    }  # fmt: skip
    assert set(seen.claims["items"]) == {"premises", "business_form", "items_allowed"}  # type: ignore[arg-type]
    assert reference(seen) == STATUS
    text = canonical({name: str(value) for name, value in seen.claims.items()}).decode()
    for secret in ("某甲", "JY25304020000017", "91530400MA6K0000X5", "1.2.156.3005.2"):
        assert secret not in text


def test_the_holder_shows_what_is_chosen() -> None:
    claims = claims_of(made(), terms())
    key = generate()
    token = issue(claims.claims, claims.hidden, key, "k1")
    assert set(choices(token)) == set(claims.hidden)
    assert {path[0] for path in claims.hidden} == {
        "certificateIdentifier", "certificateNumber", "certificateHolderCode",
        "certificateHolderType", "items",
    }  # fmt: skip
    shown = present(token, [("certificateNumber",), ("items", "legal_representative")])
    seen = verify(shown, {"k1": key.public}, SECOND * 1000, issuer=HUB)
    assert seen.claims["certificateNumber"] == "JY25304020000017"
    assert seen.claims["items"]["legal_representative"] == "某甲"  # type: ignore[index,call-overload]
    assert "certificateHolderCode" not in seen.claims


def test_every_type_tells_its_minimum_openly_and_hides_the_rest() -> None:
    for kind in bundled().values():
        assert {*kind.minimum, *kind.selective} >= {"name", "number"}
        assert credential_type(HUB, kind) == f"{HUB}/licences/types/{kind.type_code}"


def test_credential_ends_with_the_last_day_in_beijing_or_before() -> None:
    assert claims_of(made(), terms()).claims["exp"] == SECOND + 86_400
    long = terms(lifetime=20 * 366 * 86_400)
    assert claims_of(made(), long).claims["exp"] == seconds(2031, 8, 31, 16)
    assert claims_of(made(), long).claims["nbf"] == seconds(2026, 8, 31, 16)


def test_credential_of_a_licence_that_has_ended_is_not_issued() -> None:
    over = seconds(2031, 8, 31, 16)
    assert claims_of(made(), terms(issued=over - 1)).claims["exp"] == over
    with pytest.raises(LicenceRefused, match="over"):
        claims_of(made(), terms(issued=over))

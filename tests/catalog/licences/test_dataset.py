"""The dataset of a type of licence: made from the type, and refused if it has anything other."""

import pytest

from catalog.definition import load
from catalog.errors import DefinitionRefused
from catalog.identifiers import check_any
from catalog.identifiers.licence import build
from catalog.licence_record import FIRST, LAST, REQUIRED, STATUSES
from catalog.licences import dataset
from catalog.licences.licence_type import bundled
from catalog.licences.metadata import metadata
from catalog.licences.status import Status

SOURCE = dataset.source(bundled()["business_licence"])
IDENTIFIER = build("11100000MB0143028R001", "11530400015020004B", "000000001", "001")


def test_what_every_licence_has_stands_once() -> None:
    """The constants that definitions are held to are those of the metadata and the states."""
    assert tuple(FIRST) == tuple(metadata())
    assert {code for code, item in metadata().items() if item.required} == REQUIRED - set(LAST)
    assert tuple(status.value for status in Status) == STATUSES


def test_each_type_that_is_issued_here_has_one() -> None:
    kinds = [one for one in bundled().values() if one.issued_here]
    assert set(dataset.bundled()) == {dataset.code_of(one) for one in kinds}
    for kind in kinds:
        made = dataset.bundled()[dataset.code_of(kind)]
        assert made.licence_type == kind.type_code
        assert tuple(made.by_code) == (*FIRST, *kind.by_code, *LAST)
        for code, item in kind.by_code.items():
            assert made.by_code[code].sensitivity == item.sensitivity
            assert made.by_code[code].codes == item.codes


def test_a_licence_is_asked_for_by_its_own_number_too() -> None:
    kinds = load(SOURCE).subject.kinds
    assert kinds == ("resident_id", "uscc", "licence_id", "text")
    assert load(SOURCE).subject_item.kinds == ("resident_id", "uscc", "text")
    assert check_any(kinds, "g1234567").kind == "text"
    assert check_any(kinds, IDENTIFIER).kind == "licence_id"


@pytest.mark.parametrize(
    ("find", "replace", "place", "why"),
    [
        ('licence_type = "11100000MB0143028R001"', "", "licence_type", "licence-type-missing"),
        ("11100000MB0143028R001", "11100000MB0143028R", "licence_type", "string-pattern-mismatch"),
        ('source = "licences"', "", "licence_type", "not-of-licences"),
        ('row_key = ["licence_id"]', 'row_key = ["number"]', "row_key", "licence-items"),
        ('subject = "holder_id"', 'subject = "issuer_uscc"', "subject", "licence-items"),
        ('code = "status_note"', 'code = "status_why"', "items", "licence-items"),
        ('"07" = ', '"08" = ', "items[status]", "licence-item"),
        ("identifier:resident_id|uscc|text", "identifier:uscc", "items[holder_id]", "licence-item"),
    ],
)
def test_another_form_is_refused(find: str, replace: str, place: str, why: str) -> None:
    changed = SOURCE.decode().replace(find, replace, 1)
    assert changed != SOURCE.decode()
    with pytest.raises(DefinitionRefused) as refused:
        load(changed.encode())
    assert refused.value.facts == {"file": "", "place": place, "why": why}

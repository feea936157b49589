"""A question is what its signed body says, and nothing that no hub could answer leaves."""

import json

import pytest

from certs.canonical import canonical
from connectors.errors import QuestionRefused
from connectors.question import kept, lookup, verify

SUBJECT = "110101199001011237"
ASKED = {"items": ["name"], "purpose": "real_estate_registration", "officer": "li.wei"}


def test_body_is_canonical_and_complete() -> None:
    question = lookup("resident", "resident_id", SUBJECT, **ASKED, case="C-1")
    body = json.loads(question.body())
    assert body == {
        "case": "C-1",
        "items": ["name"],
        "officer": "li.wei",
        "purpose": "real_estate_registration",
        "request_id": question.request_id,
        "subject": {"id": SUBJECT, "type": "resident_id"},
    }
    assert canonical(body) == question.body()
    assert question.path == "/v1/datasets/resident/lookup"
    assert SUBJECT not in question.path


def test_verification_carries_claims() -> None:
    question = verify(
        "resident", "resident_id", SUBJECT, claims={"name": "张三"}, purpose="p", officer="o"
    )
    body = json.loads(question.body())
    assert body["claims"] == {"name": "张三"}
    assert "items" not in body


def test_every_question_has_its_own_identity() -> None:
    ids = {lookup("resident", "resident_id", SUBJECT, **ASKED).request_id for _ in range(100)}
    assert len(ids) == 100
    assert {len(one) for one in ids} == {22}


def test_question_prints_nobody() -> None:
    assert SUBJECT not in repr(lookup("resident", "resident_id", SUBJECT, **ASKED))
    assert "li.wei" not in repr(lookup("resident", "resident_id", SUBJECT, **ASKED))


def test_kept_question_is_the_same() -> None:
    question = lookup("resident", "resident_id", SUBJECT, **ASKED)
    assert kept("lookup", "resident", question.body()) == question


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"dataset": "../admin"}, "dataset"),
        ({"dataset": "Resident"}, "dataset"),
        ({"dataset": ""}, "dataset"),
        ({"subject_type": "a b"}, "subject-type"),
        ({"subject_id": " "}, "subject-id"),
        ({"subject_id": "x" * 129}, "subject-id"),
        ({"subject_id": "1\n2"}, "subject-id"),
        ({"subject_id": "\ud800"}, "text"),
        ({"items": []}, "items"),
        ({"items": ["name", "name"]}, "items"),
        ({"items": ["na me"]}, "items"),
        ({"purpose": ""}, "purpose"),
        ({"officer": ""}, "officer"),
        ({"case": ""}, "case"),
    ],
)
def test_question_that_makes_no_sense_is_not_sent(changes: dict[str, object], why: str) -> None:
    asked = {"dataset": "resident", "subject_type": "resident_id", "subject_id": SUBJECT}
    with pytest.raises(QuestionRefused) as refused:
        lookup(**{**asked, **ASKED, **changes})
    assert refused.value.facts["why"] == why
    assert SUBJECT not in str(refused.value)


@pytest.mark.parametrize("claims", [{}, {"name": ""}, {"name": "x" * 4001}, {"n m": "x"}])
def test_claims_that_make_no_sense_are_not_sent(claims: dict[str, str]) -> None:
    with pytest.raises(QuestionRefused):
        verify("resident", "resident_id", SUBJECT, claims=claims, purpose="p", officer="o")

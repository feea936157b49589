"""What a permitted question is answered: granted items, masked; marked records; yes and no."""

import pytest
from world.asking import Answer, Members, check_receipt
from world.time import DAY
from world.town import (
    ABSENT,
    ADMINISTRATOR,
    HUB,
    SUBJECTS,
    World,
    covering,
    publish,
    resident_number,
)

from certs.encoding import rfc3339
from hub.access import grants, marks
from hub.ledger.change import Actor

OWNER = Actor("connector", department="psb")
ALL = ["resident_id", "name", "former_name", "sex", "birth_date", "employer_uscc", "address"]


def subject(number: str) -> Members:
    return {"id": number, "type": "resident_id"}


def test_each_item_stands_under_its_mask(world: World) -> None:
    sent = world.nrb.lookup(items=ALL)  # type: ignore[arg-type]
    answer = world.ask(sent)
    assert answer.status == 200
    assert answer.items == {
        "resident_id": f"5304{'*' * 12}{SUBJECTS[0][-2:]}",
        "name": "张三丰",
        "former_name": "张**",
        "sex": "1",
        "birth_date": "1990",
        "employer_uscc": "present",
        "address": "云南省玉溪市红塔区",
    }
    check_receipt(sent, answer, world.receipt_key.public, world.receipt_kid)


def test_only_what_was_asked_for_leaves(world: World) -> None:
    answer = world.ask(world.nrb.lookup(items=["sex"]))
    assert answer.items == {"sex": "1"}


def test_a_value_that_is_not_there_is_left_out(world: World) -> None:
    world.regrant(items={"name": "full", "household_no": "full", "marital_status": "present"})
    asked = world.nrb.lookup(items=["name", "household_no", "marital_status"])
    assert world.ask(asked).items == {"name": "张三丰"}


def test_an_answer_names_what_it_comes_from(world: World) -> None:
    result = world.ask(world.nrb.lookup()).result
    assert {n: result[n] for n in ("dataset", "generation", "version", "found", "as_of")} == {
        "dataset": f"{HUB}:resident",
        "generation": "resident-1",
        "version": 1,
        "found": True,
        "as_of": rfc3339(world.time() - DAY),
    }


def test_nobody_found_is_an_answer_of_its_own(world: World) -> None:
    sent = world.nrb.lookup(subject=subject(ABSENT))
    answer = world.ask(sent)
    assert answer.status == 200
    assert (answer.result["found"], answer.result["records"]) == (False, [])
    assert answer.control["outcome"] == "empty"
    check_receipt(sent, answer, world.receipt_key.public, world.receipt_kid)


def test_a_dataset_that_was_never_published_is_empty(world: World) -> None:
    terms: Members = {"dataset": "real_estate", "items": {"certificate_no": "full"}}
    grants.issue(world.hub.changes, ADMINISTRATOR, covering(world.time(), **terms))
    answer = world.ask(world.nrb.lookup(dataset="real_estate", items=["certificate_no"]))
    assert (answer.status, answer.result["found"]) == (200, False)
    assert answer.result["generation"] is None


def test_two_answers_never_have_one_digest(world: World) -> None:
    twice = [world.ask(world.nrb.verify({"name": "张三丰"})) for _ in range(2)]
    assert twice[0].control["a"] != twice[1].control["a"]
    assert twice[0].result["nonce"] != twice[1].result["nonce"]


SPELLINGS = {
    "as it is": SUBJECTS[0],
    "full-width": "".join(chr(ord(c) + 0xFEE0) for c in SUBJECTS[0]),
    "blanks around": f"　{SUBJECTS[0]} ",
    "fifteen digits": SUBJECTS[0][:6] + SUBJECTS[0][8:17],
}


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_subject_is_found_however_the_number_is_spelled(world: World, how: str) -> None:
    asked = subject(SPELLINGS[how])
    sent = world.nrb.lookup(subject=asked)
    answer = world.ask(sent)
    assert answer.items["name"] == "张三丰"
    check_receipt(sent, answer, world.receipt_key.public, world.receipt_kid)
    person = world.entry()[2]
    assert isinstance(person, dict)
    assert person["subject"] == asked, "the entry says what was asked, not what it was taken for"


def test_a_lower_case_check_character_is_taken(world: World) -> None:
    ending_in_x = next(n for n in map(resident_number, range(1, 900)) if n.endswith("X"))
    row = {"resident_id": ending_in_x, "name": "李", "sex": "2", "birth_date": "1990-01-01"}
    publish(world.hub, "resident", [row | {"status": "1"}], "resident-2")
    asked = subject(ending_in_x.lower())
    assert world.ask(world.nrb.lookup(subject=asked)).items == {"name": "李", "sex": "2"}


def test_a_new_generation_is_read_at_once_and_whole(world: World) -> None:
    world.ask(world.nrb.lookup())
    row = {"resident_id": SUBJECTS[0], "name": "新", "sex": "2", "birth_date": "1990-01-01"}
    publish(world.hub, "resident", [row | {"status": "1"}], "resident-2")
    answer = world.ask(world.nrb.lookup())
    assert answer.items == {"name": "新", "sex": "2"}
    assert answer.result["generation"] == "resident-2"
    gone = world.ask(world.nrb.lookup(subject=subject(SUBJECTS[1])))
    assert gone.result["found"] is False


# -- marks ----------------------------------------------------------------------------------------
def mark(world: World, number: str, kind: str) -> None:
    source = world.hub.book.refresh().source("resident")
    assert source is not None
    pseudonym = world.hub.records.pseudonym(source, number, number)
    marks.set_mark(
        world.hub.changes,
        OWNER,
        "resident",
        pseudonym,
        kind,  # type: ignore[arg-type]
        ("resident_id", number),
    )


def test_a_disputed_record_is_returned_marked_and_its_neighbour_is_not(world: World) -> None:
    mark(world, SUBJECTS[0], "disputed")
    disputed = world.ask(world.nrb.lookup())
    assert disputed.result["records"][0]["disputed"] is True  # type: ignore[index, call-overload]
    assert disputed.items["name"] == "张三丰"
    other = world.ask(world.nrb.lookup(subject=subject(SUBJECTS[1])))
    assert other.result["records"][0]["disputed"] is False  # type: ignore[index, call-overload]


def test_a_repaired_record_is_never_returned(world: World) -> None:
    mark(world, SUBJECTS[0], "repaired")
    answer = world.ask(world.nrb.lookup())
    assert (answer.result["found"], answer.result["records"]) == (False, [])
    assert world.ask(world.nrb.verify({"name": "张三丰"})).result["match"] is False
    assert world.ask(world.nrb.lookup(subject=subject(SUBJECTS[1]))).result["found"] is True


def test_a_repair_outlives_the_generation(world: World) -> None:
    mark(world, SUBJECTS[0], "repaired")
    row = {"resident_id": SUBJECTS[0], "name": "新", "sex": "2", "birth_date": "1990-01-01"}
    publish(world.hub, "resident", [row | {"status": "1"}], "resident-2")
    assert world.ask(world.nrb.lookup()).result["found"] is False


def test_a_cleared_mark_marks_nothing(world: World) -> None:
    for kind in ("disputed", "cleared"):
        mark(world, SUBJECTS[0], kind)
    answer = world.ask(world.nrb.lookup())
    assert answer.result["records"][0]["disputed"] is False  # type: ignore[index, call-overload]


# -- verify ---------------------------------------------------------------------------------------
def verdict(answer: Answer) -> object:
    assert answer.status == 200
    return answer.result["match"]


def test_every_claim_must_agree(world: World) -> None:
    yes = world.nrb.verify({"name": "张三丰", "sex": "1"})
    answer = world.ask(yes)
    assert verdict(answer) is True
    check_receipt(yes, answer, world.receipt_key.public, world.receipt_kid)
    assert verdict(world.ask(world.nrb.verify({"name": "张三丰", "sex": "2"}))) is False


@pytest.mark.parametrize(
    ("claims", "match"),
    [
        ({"name": "张三丰"}, True),
        ({"name": " 张三丰　"}, True),
        ({"name": "张三"}, False),
        ({"name": "张三丰\u0301"}, False),
        ({"name": "%"}, False),
        ({"name": "*"}, False),
        ({"birth_date": "1990-01-01"}, True),
        ({"birth_date": "1990年1月1日"}, True),
        ({"birth_date": "1990"}, False),
        ({"resident_id": SUBJECTS[0].lower()}, True),
        ({"former_name": "张**"}, False),
        ({"former_name": "张君宝"}, True),
    ],
)
def test_claims_compare_for_equality_in_the_form_of_the_wire(
    world: World, claims: Members, *, match: bool
) -> None:
    world.regrant(items=dict.fromkeys(["name", "birth_date", "resident_id", "former_name"], "full"))
    assert verdict(world.ask(world.nrb.verify(claims))) is match


@pytest.mark.parametrize("claims", [{"birth_date": "1990-01-01"}, {"former_name": "张君宝"}])
def test_what_is_masked_cannot_be_guessed_by_verifying(world: World, claims: Members) -> None:
    assert world.ask(world.nrb.verify(claims)).code == "items-outside-grant"


@pytest.mark.parametrize("blank", [" ", "\u3000", "\ufeff"])
def test_a_blank_claim_does_not_tell_whether_a_value_is_absent(world: World, blank: str) -> None:
    assert world.ask(world.nrb.verify({"name": ""})).code == "question-malformed"
    world.regrant(items={"name": "full", "household_no": "full"})
    assert verdict(world.ask(world.nrb.verify({"household_no": blank}))) is False
    assert verdict(world.ask(world.nrb.verify({"household_no": blank, "name": "张三丰"}))) is False


def test_an_absent_subject_and_a_mismatch_look_alike(world: World) -> None:
    absent = world.ask(world.nrb.verify({"name": "x"}, subject=subject(ABSENT)))
    differs = world.ask(world.nrb.verify({"name": "x"}))
    assert absent.result.keys() == differs.result.keys()
    for name in set(absent.result) - {"nonce"}:
        assert absent.result[name] == differs.result[name]
    for name in set(absent.control) - {"R", "a"}:
        assert absent.control[name] == differs.control[name]
    assert len(absent.body) == len(differs.body)
    assert "exists" not in absent.result


def test_who_may_know_of_existence_is_told_it(world: World) -> None:
    world.regrant(existence=True)
    absent = world.ask(world.nrb.verify({"name": "x"}, subject=subject(ABSENT)))
    differs = world.ask(world.nrb.verify({"name": "x"}))
    assert (absent.result["exists"], absent.result["match"]) == (False, False)
    assert (differs.result["exists"], differs.result["match"]) == (True, False)


def test_a_verification_tells_no_value(world: World) -> None:
    answer = world.ask(world.nrb.verify({"name": "张三丰"}))
    assert answer.result.keys() == {"as_of", "dataset", "generation", "match", "nonce", "version"}
    assert "张三丰".encode() not in answer.body


def test_claims_of_two_records_do_not_make_one_match(world: World) -> None:
    """The claims must agree with one record, not each with some record."""
    rows = [
        {
            "certificate_no": f"C-{number}",
            "unit_no": f"U-{number}",
            "owner_name": "甲",
            "owner_id": SUBJECTS[0],
        }
        for number in (1, 2)
    ]
    publish(world.hub, "real_estate", rows)
    terms = covering(
        world.time(),
        dataset="real_estate",
        items={"certificate_no": "full", "unit_no": "full", "owner_name": "full"},
    )
    grants.issue(world.hub.changes, ADMINISTRATOR, terms)

    def claims(certificate: str, name: str) -> Answer:
        given: Members = {"certificate_no": certificate, "owner_name": name}
        return world.ask(world.nrb.verify(given, dataset="real_estate"))

    assert verdict(claims("C-2", "甲")) is True
    assert verdict(claims("C-3", "甲")) is False
    both: Members = {"certificate_no": "C-1", "unit_no": "U-2"}
    assert verdict(world.ask(world.nrb.verify(both, dataset="real_estate"))) is False
    found = world.ask(world.nrb.lookup(dataset="real_estate", items=["certificate_no"]))
    records = found.result["records"]
    assert isinstance(records, list)
    shown = sorted(str(record["items"]["certificate_no"]) for record in records)  # type: ignore[index, call-overload]
    assert shown == ["C-1", "C-2"]

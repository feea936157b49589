"""Attacks on objections, named after what is tried."""

import pytest
from plaintext import Plaintext
from world.asking import Answer
from world.disputing import REASON, Dispute, claim
from world.town import ABSENT, SUBJECTS

from hub.catalogue import datasets
from hub.ledger.change import Actor


def objections(dispute: Dispute) -> int:
    row: tuple[int] = dispute.world.hub.reading.execute(
        "SELECT count(*) FROM objections"
    ).fetchone()
    return row[0]


def told(answer: Answer) -> tuple[int, str, object]:
    return answer.status, answer.code, answer.document["facts"]


def absent() -> dict[str, object]:
    return {"subject": {"type": "resident_id", "id": ABSENT}}


# -- who may raise, and what may be learned by it --------------------------------------------------
def test_attack_raising_without_a_grant_and_for_nobody_look_alike(dispute: Dispute) -> None:
    without = dispute.objects("mrb")
    assert told(without)[:2] == (403, "objection-refused")
    for tried in (
        dispute.objects(**absent()),
        dispute.objects(items=["status"]),
        dispute.objects(match={"name": "李四"}),
        dispute.objects(match={"birth_date": "1990-01-01"}),
        dispute.send("nrb", "POST", "/v1/datasets/no_such/objections", claim()),
        dispute.send("nrb", "POST", "/v1/datasets/real_estate/objections", claim()),
    ):
        assert told(tried) == told(without)
        assert tried.body == without.body
    assert objections(dispute) == 0
    assert not dispute.disputed()


def test_each_that_is_not_taken_up_is_an_entry_that_tells_why_inside_only(
    dispute: Dispute,
) -> None:
    dispute.objects(**absent())
    kind, control, person, internal = dispute.world.entry()
    assert kind == "objection-refused"
    assert control["state"] == {"dataset": "resident", "department": "nrb"}  # type: ignore[call-overload,index]
    assert person["subject"] == {"type": "resident_id", "id": ABSENT}  # type: ignore[call-overload,index]
    assert internal == {"reason": "nothing-fits"}
    dispute.objects("mrb")
    assert dispute.world.entry()[3] == {"reason": "not-granted"}


@pytest.mark.parametrize(
    "terms",
    [
        {"operations": {"verify"}},
        {"channels": {"console"}},
        {"valid_until": "2026-09-21T00:00:00.000Z"},
    ],
    ids=["only verify", "only in the console", "out of time"],
)
def test_attack_raising_beyond_the_grant(dispute: Dispute, terms: dict[str, object]) -> None:
    dispute.world.regrant(**terms)
    assert told(dispute.objects())[:2] == (403, "objection-refused")
    assert objections(dispute) == 0


def test_attack_raising_over_a_suspended_dataset(dispute: Dispute) -> None:
    datasets.set_status(dispute.world.hub.changes, Actor("operator"), "resident", "suspended")
    assert dispute.objects().code == "objection-refused"


def test_attack_the_objection_as_an_oracle_of_existence(dispute: Dispute) -> None:
    """Who may only verify learns by objecting what a verification tells, and no more."""
    dispute.world.regrant(operations={"verify"}, existence=False)
    present, missing = dispute.objects(), dispute.objects(**absent())
    assert present.body == missing.body
    wrong = dispute.objects(match={"name": "李四"})
    nobody = dispute.objects(match={"name": "李四"}, **absent())
    assert wrong.body == nobody.body
    assert dispute.objects(match={"name": "张三丰"}, items=["address"]).status == 201


def test_a_grant_that_tells_existence_needs_no_match(dispute: Dispute) -> None:
    dispute.world.regrant(operations={"verify"}, existence=True)
    assert dispute.objects().status == 201


def test_attack_guessing_values_by_matching(dispute: Dispute) -> None:
    """A miss counts as a failed verification, and verifications count here."""
    verify = dispute.world.nrb.verify
    for name in ("李一", "李二", "李三"):
        assert dispute.objects(match={"name": name}).status == 403
    for name in ("李四", "李五"):
        assert dispute.world.call(verify({"name": name})).status == 200
    assert told(dispute.objects(match={"name": "李六"}))[:2] == (429, "verify-throttled")
    # The right one is refused too, or the refusals would tell which are wrong.
    assert told(dispute.objects(match={"name": "张三丰"}))[:2] == (429, "verify-throttled")
    assert dispute.world.call(verify({"name": "张三丰"})).code == "verify-throttled"
    assert objections(dispute) == 0
    assert dispute.objects(subject={"type": "resident_id", "id": SUBJECTS[1]}).status == 201


def test_attack_asking_for_everyone_by_objecting(dispute: Dispute) -> None:
    """Each costs the day's quota, whether it fits or not."""
    dispute.world.regrant(daily_quota=2)
    assert dispute.objects(**absent()).status == 403
    assert dispute.objects().status == 201
    tried = dispute.objects(subject={"type": "resident_id", "id": SUBJECTS[1]})
    assert told(tried)[:2] == (429, "quota-spent")
    assert objections(dispute) == 1
    assert dispute.world.entry()[3] == {"reason": "quota-spent"}


def test_attack_matching_what_is_masked(dispute: Dispute) -> None:
    """The number is granted with its middle hidden, and the year of birth alone."""
    for match in ({"resident_id": SUBJECTS[0]}, {"birth_date": "1990-01-01"}):
        assert dispute.objects(match=match).code == "objection-refused"
    assert dispute.objects(match={"name": "张三丰", "sex": "男"}).status == 201


def test_attack_matching_blanks(dispute: Dispute) -> None:
    assert dispute.objects(match={"name": " "}).code == "objection-refused"


def test_attack_flooding_with_the_same_objection(dispute: Dispute) -> None:
    dispute.raised()
    again = dispute.objects()
    assert told(again) == (409, "conflict", {"why": "objection-open"})
    assert dispute.objects(items=["address"]).status == 201


def test_attack_objecting_to_the_own_data(dispute: Dispute) -> None:
    assert dispute.objects("psb").code == "objection-refused"


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": {"type": "resident_id", "id": "1"}},
        {"subject": {"type": "uscc", "id": "91530000292020123N"}},
        {"values": {"address": "别处"}},
        {"items": []},
        {"reason": " "},
        {"reason": "长" * 2001},
        {"extra": 1},
    ],
    ids=["number", "kind", "value of another item", "no items", "no reason", "long", "member"],
)
def test_what_makes_no_sense_is_told_to_who_has_a_grant(
    dispute: Dispute, changed: dict[str, object]
) -> None:
    assert dispute.objects(**changed).status == 422
    assert objections(dispute) == 0


# -- who may answer --------------------------------------------------------------------------------
ANSWER: dict[str, object] = {"outcome": "confirmed", "reason": "核实无误"}


@pytest.mark.parametrize("department", ["nrb", "mrb"])
def test_attack_another_department_answers(dispute: Dispute, department: str) -> None:
    raised = dispute.raised()
    assert told(dispute.act(department, raised, "answer", **ANSWER))[:2] == (404, "not-found")
    assert dispute.disputed()


@pytest.mark.parametrize("department", ["psb", "mrb"])
def test_attack_another_department_withdraws(dispute: Dispute, department: str) -> None:
    raised = dispute.raised()
    assert dispute.act(department, raised, "withdraw").status == 404
    assert dispute.disputed()


def test_attack_a_third_department_reads(dispute: Dispute) -> None:
    raised = dispute.raised()
    path = f"/v1/objections/{raised['id']}"
    unknown = dispute.send("mrb", "GET", "/v1/objections/O-000000000000")
    assert dispute.send("mrb", "GET", path).body == unknown.body
    assert dispute.act("mrb", raised, "content").status == 404
    assert dispute.send("mrb", "GET", "/v1/objections").document == {"objections": []}


@pytest.mark.parametrize("end", ["confirmed", "withdrawn", "repaired"])
def test_attack_answering_twice(dispute: Dispute, end: str) -> None:
    raised = dispute.raised()
    if end == "confirmed":
        dispute.answered(raised, "confirmed")
    elif end == "withdrawn":
        dispute.act("nrb", raised, "withdraw")
    else:
        dispute.mark("repaired")
    entries = dispute.world.entries()
    for act, department in (("answer", "psb"), ("withdraw", "nrb")):
        again = dispute.act(department, raised, act, **(ANSWER if act == "answer" else {}))
        assert again.status == 409
    assert dispute.world.entries() == entries


def test_attack_naming_a_publication_for_what_was_not_corrected(dispute: Dispute) -> None:
    raised = dispute.raised()
    after = dispute.published("resident-2")
    tried = dispute.act("psb", raised, "answer", **ANSWER, publication=after)
    assert tried.status == 422


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("psb.clerk", 403),
        ("psb.head", 403),
        ("nrb.keeper", 404),
        ("mrb.keeper", 404),
        ("authority", 403),
        ("inspector", 403),
    ],
)
def test_attack_a_person_without_the_right_answers(dispute: Dispute, who: str, status: int) -> None:
    raised = dispute.raised()
    answer = dispute.call(who, "POST", f"/v1/objections/{raised['id']}/answer", ANSWER)
    assert answer.status in {status, 403}
    assert dispute.disputed()


# -- who reads what is sealed ----------------------------------------------------------------------
@pytest.mark.parametrize("who", ["psb.clerk", "psb.head", "nrb.head", "authority", "inspector"])
def test_attack_reading_the_content_where_only_the_state_is_theirs(
    dispute: Dispute, who: str
) -> None:
    """They see that it is there and how it stands, and nothing of whom it is about."""
    raised = dispute.raised()
    path = f"/v1/objections/{raised['id']}"
    assert dispute.call(who, "POST", f"{path}/content", {}).status == 403
    seen = dispute.call(who, "GET", path)
    assert seen.status == 200
    for secret in (SUBJECTS[0], REASON, "张三丰"):
        assert secret.encode() not in seen.body


def test_attack_reading_the_sealed_content_in_the_database(dispute: Dispute) -> None:
    """Nothing of it stands in any file of the folder, and not in the log's open parts."""
    thought, evidence, answer = "张三风之更名", "户口簿档案号 530402-17", "经调阅户籍底册核对无误"
    raised = dispute.raised(match={"name": "张三丰"}, values={"name": thought}, evidence=evidence)
    dispute.objects(reason="查无此人者的说明文字", **absent())
    dispute.act("psb", raised, "content")
    dispute.answered(raised, "confirmed", reason=answer)
    dispute.world.hub.store.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    secrets = [SUBJECTS[0], ABSENT, REASON, thought, evidence, answer, "查无此人者的说明文字"]
    assert Plaintext(secrets).in_folder(dispute.world.root) == []


def test_the_content_is_gone_with_its_months_key(dispute: Dispute) -> None:
    raised = dispute.raised()
    world = dispute.world
    world.hub.store.connection.execute("UPDATE person_keys SET wrapped = NULL")
    world.hub.persons.forget_erased()
    opened = dispute.act("psb", raised, "content")
    assert (opened.status, opened.document["facts"]) == (409, {"why": "erased"})
    dispute.answered(raised, "confirmed")
    assert not dispute.disputed()


# -- the ground moves ------------------------------------------------------------------------------
def test_attack_the_grant_revoked_while_the_records_are_read(
    dispute: Dispute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was decided at one epoch is not written at another."""
    read = dispute.world.hub.records.read

    def slowly(*arguments: object) -> object:
        found = read(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(dispute.world.hub.records, "read", read)
        dispute.world.regrant(items={"sex": "full"})
        return found

    monkeypatch.setattr(dispute.world.hub.records, "read", slowly)
    assert dispute.objects().code == "objection-refused"
    assert objections(dispute) == 0


def test_a_notice_names_entries_of_its_department_alone(dispute: Dispute) -> None:
    dispute.looked_up()
    raised = dispute.raised()
    after = dispute.published("resident-2", name="张三风")
    dispute.answered(raised, "corrected", publication=after)
    dispute.told()
    (notice,) = dispute.notices("nrb")
    entries = notice["entries"]
    assert isinstance(entries, list)
    for position in entries:
        _, control, _, _ = dispute.world.entry(int(str(position)))
        assert control["department"].endswith(":nrb")  # type: ignore[call-overload,index,union-attr]

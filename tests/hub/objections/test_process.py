"""An objection from the moment it is raised until everyone who had the value has been told."""

import pytest
from world.disputing import REASON, Dispute, claim
from world.time import DAY
from world.town import SUBJECTS

from certs.encoding import from_rfc3339
from hub.calendar.corrections import working_days
from hub.calendar.statutory import due
from hub.objections.telling import untold


def test_the_record_is_disputed_from_the_next_question_and_no_other_is(dispute: Dispute) -> None:
    assert not dispute.disputed()
    raised = dispute.raised()
    assert (raised["status"], raised["department"], raised["provider"]) == ("open", "nrb", "psb")
    assert dispute.disputed()
    assert not dispute.disputed(SUBJECTS[1])


def test_the_mark_outlives_the_next_publication(dispute: Dispute) -> None:
    dispute.raised()
    dispute.published("resident-2")
    assert dispute.disputed()


@pytest.mark.parametrize("outcome", ["confirmed", "rejected"])
def test_the_mark_goes_with_the_answer(dispute: Dispute, outcome: str) -> None:
    raised = dispute.raised()
    answered = dispute.answered(raised, outcome)
    assert (answered["status"], answered["due"]) == (outcome, None)
    assert not dispute.disputed()
    assert dispute.told() == 0


def test_the_mark_goes_with_the_last_of_two_objections(dispute: Dispute) -> None:
    first = dispute.raised()
    second = dispute.raised(items=["address"])
    dispute.answered(first, "confirmed")
    assert dispute.disputed()
    dispute.answered(second, "confirmed")
    assert not dispute.disputed()


def test_who_raised_it_may_withdraw(dispute: Dispute) -> None:
    raised = dispute.raised()
    assert dispute.act("nrb", raised, "withdraw").document["status"] == "withdrawn"
    assert not dispute.disputed()


def test_the_period_is_ten_working_days(dispute: Dispute) -> None:
    raised = dispute.raised()
    ends = due(working_days(dispute.world.hub.reading), from_rfc3339(str(raised["raised"])), 10)
    assert from_rfc3339(str(raised["due"])) == ends


def test_the_period_is_shown_warned_of_and_escalated(dispute: Dispute) -> None:
    raised = dispute.raised()

    def waits(who: str) -> list[object]:
        dispute.tokens.clear()
        duties = dispute.call(who, "GET", "/v1/duties").document["duties"]
        assert isinstance(duties, list)
        return [
            (duty["what"], duty["urgency"])
            for duty in duties
            if isinstance(duty, dict) and duty["about"] == "objection"
        ]

    assert waits("psb.keeper") == [("answer-objection", "on-time")]
    assert waits("psb.head") == waits("authority") == waits("nrb.keeper") == []
    dispute.world.time.now = from_rfc3339(str(raised["due"])) - DAY
    assert waits("psb.head") == [("answer-objection", "near")]
    assert waits("authority") == []
    dispute.world.time.now = from_rfc3339(str(raised["due"]))
    assert waits("authority") == waits("psb.head") == [("answer-objection", "overdue")]


def test_a_correction_needs_a_publication_that_went_live_since(dispute: Dispute) -> None:
    before = dispute.published("resident-2")
    raised = dispute.raised()
    told = {"outcome": "corrected", "reason": "已更正"}
    for named, why in ((before, "publication-before"), ("p-none", "publication-unknown")):
        answer = dispute.act("psb", raised, "answer", **told, publication=named)
        assert (answer.status, answer.document["facts"]) == (409, {"why": why})
    assert dispute.act("psb", raised, "answer", **told).status == 422
    after = dispute.published("resident-3", name="张三风")
    assert dispute.answered(raised, "corrected", publication=after)["status"] == "corrected"
    assert not dispute.disputed()


def test_another_datasets_publication_corrects_nothing(dispute: Dispute) -> None:
    raised = dispute.raised()
    connection = dispute.world.hub.store.connection
    dispute.published("resident-2")
    connection.execute("UPDATE publications SET dataset = 'real_estate' WHERE id = 'resident-2'")
    answer = dispute.act(
        "psb", raised, "answer", outcome="corrected", reason="已更正", publication="resident-2"
    )
    assert answer.document["facts"] == {"why": "publication-unknown"}


def test_everyone_who_received_the_value_is_told_of_the_own_entries(dispute: Dispute) -> None:
    first = dispute.world.entries()
    dispute.looked_up()
    dispute.looked_up(SUBJECTS[1])
    second = dispute.world.entries()
    dispute.looked_up()
    raised = dispute.raised()
    after = dispute.published("resident-2", name="张三风")
    dispute.looked_up()
    dispute.answered(raised, "corrected", publication=after)
    assert dispute.told() == 1
    assert dispute.notices("nrb") == [
        {
            "dataset": "resident",
            "department": "nrb",
            "entries": [first, second],
            "objection": raised["id"],
            "outcome": "corrected",
            "provider": "psb",
        }
    ]
    assert dispute.notices("mrb") == dispute.notices("psb") == []
    seen = dispute.send("nrb", "GET", f"/v1/objections/{raised['id']}").document
    assert (seen["notices"], seen["told"] is not None) == (1, True)
    assert dispute.told() == 0


def test_what_was_refused_is_not_received(dispute: Dispute) -> None:
    dispute.world.call(dispute.world.gateway("mrb").lookup())
    raised = dispute.raised()
    after = dispute.published("resident-2", name="张三风")
    dispute.answered(raised, "corrected", publication=after)
    assert dispute.told() == 0
    assert dispute.notices("mrb") == []


def test_a_long_list_is_told_in_several_notices(
    dispute: Dispute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.objections.telling.MOST_ENTRIES", 2)
    for _ in range(5):
        dispute.looked_up()
    raised = dispute.raised()
    after = dispute.published("resident-2", name="张三风")
    dispute.answered(raised, "corrected", publication=after)
    assert dispute.told() == 3
    sizes = [len(one["entries"]) for one in dispute.notices("nrb")]  # type: ignore[arg-type]
    assert sizes == [2, 2, 1]


def test_two_processes_tell_once(dispute: Dispute) -> None:
    dispute.looked_up()
    raised = dispute.raised()
    after = dispute.published("resident-2", name="张三风")
    dispute.answered(raised, "corrected", publication=after)
    other = dispute.world.again()
    assert Dispute(other).told() == 1
    assert dispute.told() == 0
    other.hub.close()


def test_a_process_that_looked_before_another_told_tells_nothing(
    dispute: Dispute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked into the log; the second finds under the lock that it is done."""
    dispute.looked_up()
    raised = dispute.raised()
    after = dispute.published("resident-2", name="张三风")
    dispute.answered(raised, "corrected", publication=after)
    waiting = untold(dispute.world.hub.objections)
    assert dispute.told() == 1
    monkeypatch.setattr("hub.objections.telling.untold", lambda _: waiting)
    assert dispute.told() == 0
    assert len(dispute.notices("nrb")) == 1


def test_the_providers_repair_ends_the_objection_and_everyone_is_told(dispute: Dispute) -> None:
    dispute.looked_up()
    raised = dispute.raised()
    assert dispute.mark("repaired").status == 200
    seen = dispute.send("nrb", "GET", f"/v1/objections/{raised['id']}").document
    assert (seen["status"], seen["publication"]) == ("corrected", None)
    assert dispute.told() == 1
    assert dispute.looked_up().result["found"] is False


def test_the_provider_cannot_clear_what_is_objected_to(dispute: Dispute) -> None:
    dispute.raised()
    answer = dispute.mark("cleared")
    assert (answer.status, answer.document["facts"]) == (409, {"why": "objection-open"})
    assert dispute.disputed()


def test_the_providers_own_dispute_outlives_the_answer(dispute: Dispute) -> None:
    dispute.mark("disputed")
    raised = dispute.raised()
    dispute.answered(raised, "rejected")
    assert dispute.disputed()
    assert dispute.mark("cleared").status == 200
    assert not dispute.disputed()


def test_both_sides_open_the_content_and_each_opening_is_an_entry(dispute: Dispute) -> None:
    raised = dispute.raised(values={"name": "张三风"}, evidence="户口簿第 3 页")
    for department in ("psb", "nrb"):
        entries = dispute.world.entries()
        opened = dispute.act(department, raised, "content").document
        said = opened["said"]
        assert isinstance(said, dict)
        assert (said["reason"], said["values"]) == (REASON, {"name": "张三风"})
        assert opened["entry"] == entries
        kind, control, person, _ = dispute.world.entry(entries)
        assert (kind, control["state"]) == ("audit-read", {"objection": raised["id"]})  # type: ignore[call-overload,index]
        assert person["subject"]["id"] == SUBJECTS[0]  # type: ignore[call-overload,index]


def test_who_raised_it_reads_why(dispute: Dispute) -> None:
    raised = dispute.raised()
    dispute.answered(raised, "confirmed", reason="与户籍档案一致")
    assert dispute.act("nrb", raised, "content").document["answer_reason"] == "与户籍档案一致"


def test_an_officer_raises_in_the_console_and_a_steward_answers(dispute: Dispute) -> None:
    answer = dispute.call("nrb.clerk", "POST", "/v1/datasets/resident/objections", claim())
    assert answer.status == 201, answer.body
    path = f"/v1/objections/{answer.document['id']}"
    body = {"outcome": "confirmed", "reason": "无误"}
    assert dispute.call("psb.clerk", "POST", f"{path}/answer", body).status == 403
    assert dispute.call("psb.keeper", "POST", f"{path}/answer", body).status == 200
    kind, control, person, _ = dispute.world.entry()
    assert (kind, control["state"]["status"]) == ("objection", "confirmed")  # type: ignore[call-overload,index]
    assert person["officer"] == "psb.keeper"  # type: ignore[call-overload,index]


def test_the_log_agrees_with_the_tables(dispute: Dispute) -> None:
    dispute.looked_up()
    dispute.raised(items=["sex"])
    raised = dispute.raised()
    after = dispute.published("resident-2", name="张三风")
    dispute.answered(raised, "corrected", publication=after)
    dispute.told()
    dispute.world.hub.checkpointer.step()
    assert not dispute.world.findings().faults

"""暂停 → 整改 → 终止 (Art 27): who suspends, who puts right, who resumes or ends."""

import pytest
from world.living import ADMINISTRATOR, REASON, SUSPENSION, Life

from hub.ledger.change import OPERATOR
from hub.people import accounts

REPORT = {"text": "已逐条核对，误查 3 条已登记"}


def test_suspended_put_right_and_resumed(life: Life) -> None:
    assert life.outcome() == "answered"
    opened = life.suspended()
    assert (opened["status"], opened["version"]) == ("open", 1)
    assert life.outcome() == "refused"
    assert life.duties("nrb.writer") == [("rectify", "on-time")]
    assert life.duties(ADMINISTRATOR) == []
    path = f"{life.path}/disposition"
    written = life.done("nrb.writer", "PUT", f"{path}/report", {"version": 1, **REPORT})
    assert life.duties("nrb.head") == [("sign-rectification", "on-time")]
    # The provider does not see what is not signed; the user does.
    for who, there in (("nrb.writer", True), ("psb.writer", False)):
        (seen,) = life.life(who)["dispositions"]  # type: ignore[misc]
        assert (seen["report"] is not None) == there  # type: ignore[index,call-overload]
    life.done("nrb.head", "POST", f"{path}/report/sign", {"version": written["version"]})
    assert life.duties(ADMINISTRATOR) == [("judge-rectification", None)]
    ended = life.done(
        ADMINISTRATOR, "POST", f"{path}/outcome", {"version": 3, "outcome": "resumed", **REASON}
    )
    assert ended["status"] == "resumed"
    assert life.outcome() == "answered"
    assert life.duties(ADMINISTRATOR) == []
    assert life.world.findings().faults == ()


def test_what_is_not_put_right_is_told_and_terminated(life: Life) -> None:
    life.suspended()
    life.later(25)  # ten working days, with National Day among them
    assert ("rectify", "overdue") in life.duties("nrb.head")
    assert ("rectify", "overdue") in life.duties(ADMINISTRATOR)
    path = f"{life.path}/disposition"
    body = {"version": 1, "outcome": "terminated", **REASON}
    life.done(ADMINISTRATOR, "POST", f"{path}/outcome", body)
    assert life.life()["grant"]["status"] == "revoked"  # type: ignore[index,call-overload]
    assert life.life()["ended"]["why"] == "revoked"  # type: ignore[index,call-overload]
    assert life.outcome() == "refused"
    assert life.world.findings().faults == ()


def test_the_provider_asks_and_the_authority_decides(life: Life) -> None:
    path = f"{life.path}/disposition"
    assert life.call("mrb.head", "POST", f"{path}/request", REASON).status == 404
    assert life.call("nrb.head", "POST", f"{path}/request", REASON).status == 404
    asked = life.done("psb.head", "POST", f"{path}/request", REASON)
    assert asked["status"] == "requested"
    assert life.outcome() == "answered"
    assert life.duties(ADMINISTRATOR) == [("judge-request", None)]
    assert life.call("psb.head", "POST", f"{path}/request", REASON).status == 409
    opened = life.suspended()
    assert (opened["id"], opened["version"]) == (asked["id"], 2)
    body = {"version": 2, "outcome": "resumed", **REASON}
    life.done(ADMINISTRATOR, "POST", f"{path}/outcome", body)
    life.done("psb.head", "POST", f"{path}/request", REASON)
    body = {"version": 1, "outcome": "terminated", **REASON}
    assert life.call(ADMINISTRATOR, "POST", f"{path}/outcome", body).status == 409
    body["outcome"] = "declined"
    life.done(ADMINISTRATOR, "POST", f"{path}/outcome", body)
    assert life.outcome() == "answered"


@pytest.mark.parametrize("who", ["psb.head", "psb.writer"])
def test_attack_a_provider_ends_or_suspends_a_grant_alone(life: Life, who: str) -> None:
    before = life.world.entries()
    for method, path, body in (
        ("PUT", f"{life.path}/status", {"status": "revoked"}),
        ("PUT", f"{life.path}/status", {"status": "suspended"}),
        ("POST", f"{life.path}/disposition", SUSPENSION),
        ("POST", f"{life.path}/review", {"version": 1, "outcome": "ended"}),
        ("PUT", f"{life.path}/disposal", life.disposal()),
        ("POST", f"{life.path}/disposal/sign", {"version": 1}),
    ):
        assert life.call(who, method, path, body).status in {403, 404}, path
    assert life.world.entries() == before
    assert life.outcome() == "answered"


def test_attack_whoever_wrote_the_report_signs_it(life: Life) -> None:
    accounts.set_roles(life.world.hub.changes, OPERATOR, "nrb.writer", ["head", "steward"])
    life.suspended()
    path = f"{life.path}/disposition/report"
    life.done("nrb.writer", "PUT", path, {"version": 1, **REPORT})
    assert life.call("nrb.writer", "POST", f"{path}/sign", {"version": 2}).status == 403
    life.done("nrb.head", "POST", f"{path}/sign", {"version": 2})
    # What is signed is not written again.
    assert life.call("nrb.writer", "PUT", path, {"version": 3, **REPORT}).status == 409


def test_a_suspended_grant_is_resumed_changed_and_reviewed_by_its_outcome_alone(
    life: Life,
) -> None:
    life.suspended()
    terms = life.world.grant.terms().model_dump(mode="json")
    for method, path, body in (
        ("PUT", f"{life.path}/status", {"status": "active"}),
        ("PUT", f"{life.path}/status", {"status": "revoked"}),
        ("PUT", life.path, {"version": 2, "terms": terms}),
        ("POST", f"{life.path}/review", {"version": 2, "outcome": "kept"}),
        ("POST", f"{life.path}/disposition", SUSPENSION),
    ):
        answer = life.call(ADMINISTRATOR, method, path, body)
        assert answer.status == 409, answer.body
    assert life.outcome() == "refused"


def test_attack_a_residents_number_in_a_reason(life: Life) -> None:
    body = {**SUSPENSION, "reason": "张三 53040219900101001X 被误查"}
    before = life.world.entries()
    life.done(ADMINISTRATOR, "GET", "/v1/session")
    assert life.call(ADMINISTRATOR, "POST", f"{life.path}/disposition", body).status == 422
    assert life.world.entries() == before

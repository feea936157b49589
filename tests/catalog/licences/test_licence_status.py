"""The states of a licence: every way that there is, and none beside."""

import pytest

from catalog import definition
from catalog.errors import ExplanationMissing, TransitionRefused
from catalog.licences.status import LIST_BITS, LIST_STATUS, Act, Status, acts, after
from certs.status_list import Status as Listed
from certs.status_list import StatusList

WAYS = {
    ("01", "suspend", "02"), ("99", "suspend", "02"),
    ("02", "resume", "01"), ("99", "resume", "01"),
    ("01", "withdraw", "03"), ("02", "withdraw", "03"), ("99", "withdraw", "03"),
    ("01", "revoke", "07"), ("02", "revoke", "07"), ("99", "revoke", "07"),
    ("01", "expire", "05"), ("02", "expire", "05"), ("99", "expire", "05"),
    ("01", "cancel", "04"), ("02", "cancel", "04"), ("03", "cancel", "04"),
    ("05", "cancel", "04"), ("07", "cancel", "04"), ("99", "cancel", "04"),
    ("01", "transfer", "06"), ("99", "transfer", "06"),
    ("03", "reinstate", "01"), ("07", "reinstate", "01"),
    ("01", "other", "99"), ("02", "other", "99"),
}  # fmt: skip


def test_every_way_leads_where_it_should_and_there_is_no_other() -> None:
    found = set()
    for status in Status:
        for act in acts(status):
            found.add((str(status), str(act), str(after(status, act, "说明"))))
        for act in set(Act) - set(acts(status)):
            with pytest.raises(TransitionRefused) as refused:
                after(status, act, "说明")
            assert refused.value.facts == {"status": str(status), "act": str(act)}
    assert found == WAYS


def test_cancelled_and_transferred_are_the_end() -> None:
    assert {status for status in Status if status.final} == {Status.CANCELLED, Status.TRANSFERRED}


def test_revoked_licence_is_not_put_back_in_force_by_resuming() -> None:
    for status in (Status.REVOKED, Status.WITHDRAWN, Status.EXPIRED, Status.CANCELLED):
        with pytest.raises(TransitionRefused):
            after(status, Act.RESUME)


def test_other_state_has_to_be_explained() -> None:
    for note in ("", " \n"):
        with pytest.raises(ExplanationMissing):
            after(Status.IN_FORCE, Act.OTHER, note)
    assert after(Status.IN_FORCE, Act.OTHER, "地址变更中") is Status.OTHER


def test_states_are_those_of_the_dataset_with_its_titles() -> None:
    codes = definition.bundled()["e_licence"].by_code["status"].codes or {}
    assert set(Status) == set(codes)
    assert (Status.REVOKED.label.zh, Status.REVOKED.label.en) == ("吊销", "Revoked")
    assert (Act.REVOKE.label.zh, Act.REVOKE.label.en) == ("吊销", "Revoke by penalty")
    assert all(act.label.zh and act.label.en for act in Act)


def test_only_a_licence_in_force_is_valid_to_the_outside() -> None:
    assert set(LIST_STATUS) == set(Status)
    assert [one for one, listed in LIST_STATUS.items() if listed == Listed.VALID] == ["01"]
    assert LIST_STATUS[Status.SUSPENDED] is Listed.SUSPENDED
    assert LIST_STATUS[Status.OTHER] is Listed.APPLICATION
    assert {LIST_STATUS[Status(code)] for code in ("03", "04", "05", "06", "07")} == {
        Listed.INVALID
    }
    every = StatusList.blank(8, LIST_BITS).changed(dict(enumerate(LIST_STATUS.values())))
    assert [every[place] for place in range(8)] == list(LIST_STATUS.values())

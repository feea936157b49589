"""The first page: what waits for whom, what the head is warned of, what reaches the authority."""

import re
from typing import TYPE_CHECKING

import pytest
from world.everyone import APPLICANT, PROVIDER, THIRD, WRITERS, Everyone, actor
from world.town import open_world

from certs.encoding import from_rfc3339
from hub.applications import applying

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.town import Town

STEWARD, HEAD = f"{PROVIDER}.steward", f"{PROVIDER}.head"
# From 21 September 2026 ten working days end with 12 October; two are left on the 9th.
NEAR, OVERDUE = "2026-10-09T02:00:00.000Z", "2026-10-12T16:00:00.000Z"


@pytest.fixture
def everyone(town: "Town", tmp_path: "Path") -> "Iterator[Everyone]":
    """Only what was submitted still waits for an answer."""
    with open_world(town, tmp_path / "hub") as world:
        found = Everyone.of(world)
        changes = world.hub.changes
        for state in ("draft", "prepared", "asked", "returned"):
            one = found.applications[state]
            applying.withdraw(changes, actor(WRITERS[0]), one.id, one.version)
        yield found


def duties(everyone: Everyone, who: str) -> list[str]:
    """What the first page says waits in applications, each as plain words."""
    page = everyone.browse(who, "GET", "/", b"").body.decode()
    rows = re.findall(r'<li class="duty.*?</li>', page, re.DOTALL)
    own = [row for row in rows if 'href="/applications/' in row]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in own]


def test_what_is_due_is_shown_then_warned_of_then_escalated(everyone: Everyone) -> None:
    for who in ("auditor", f"{APPLICANT}.officer", f"{THIRD}.steward"):
        assert duties(everyone, who) == [], who
    answer = "拟定答复 市场监督管理局 → 人口基础信息 最后一日 2026-10-12"
    dispute = "记录争议处理结果 市场监督管理局 → 人口基础信息"
    notice = "提请关注：应由公安局办理"
    assert duties(everyone, STEWARD) == [f"{answer} 期限内"]
    assert duties(everyone, HEAD) == [dispute]
    assert duties(everyone, "administrator") == []
    everyone.world.time.now = from_rfc3339(NEAR)
    assert duties(everyone, STEWARD) == [f"{answer} 将到期"]
    assert duties(everyone, HEAD) == [f"{answer} 将到期 {notice}", dispute]
    assert duties(everyone, "administrator") == []
    everyone.world.time.now = from_rfc3339(OVERDUE)
    assert duties(everyone, STEWARD) == [f"{answer} 已逾期"]
    assert duties(everyone, HEAD) == [f"{answer} 已逾期 {notice}", dispute]
    assert duties(everyone, "administrator") == [f"{answer} 已逾期 {notice}"]

"""The quality of publications on the console's pages, over HTTP."""

import re
from typing import TYPE_CHECKING

from kept_profiles import NEWEST, year_of_profiles

from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password

if TYPE_CHECKING:
    from conftest import Visit

OLDEST = NEWEST[:-1] + "0"


def test_the_page_has_no_style_or_script_of_its_own(visited: "Visit") -> None:
    year_of_profiles(visited.house.hub)
    visited.sign_in("psb.zhou")
    page = visited.get(f"/publications/{NEWEST}")
    assert page.status == 200
    assert "<svg" in page.text
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", page.text)
    assert "unsafe" not in page.response.headers["content-security-policy"]


def test_the_trend_ends_with_the_publication_that_is_looked_at(visited: "Visit") -> None:
    year_of_profiles(visited.house.hub)
    visited.sign_in("psb.zhou")
    for publication, count in ((NEWEST, 10), (OLDEST, 1)):
        page = visited.get(f"/publications/{publication}").text
        history = page.partition('id="trend"')[2]
        linked = re.findall(r'href="/publications/(p-[0-9a-f]+)"', history)
        assert (linked[0], len(linked)) == (publication, count)


def test_a_publication_without_a_profile_has_its_page_all_the_same(visited: "Visit") -> None:
    visited.sign_in("psb.zhou")
    page = visited.get("/publications/P-5f0c1a2b3c4d")
    assert page.status == 200
    assert "发现的问题" not in page.text


def test_where_nothing_stands_out_the_page_says_so(visited: "Visit") -> None:
    hub = visited.house.hub
    year_of_profiles(hub)
    with hub.changes.change(OPERATOR, moves_epoch=False):
        hub.store.connection.execute(
            "UPDATE publications SET report = json_set(report, '$.findings', json('[]'))"
            " WHERE id = ?",
            (NEWEST,),
        )
    visited.sign_in("psb.zhou")
    assert "没有发现异常" in visited.get(f"/publications/{NEWEST}").text


def test_another_departments_steward_sees_nothing_of_it(visited: "Visit") -> None:
    hub = visited.house.hub
    year_of_profiles(hub)
    hashed = hash_password("seven small lanterns", "nobody")
    accounts.enrol(hub.changes, OPERATOR, "smb.gao", "高", "smb", ["steward"], hashed)
    visited.sign_in("smb.gao")
    assert visited.get(f"/publications/{NEWEST}").status == 404

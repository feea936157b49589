"""People, departments with their connectors, and purposes: through a browser."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page
from world.admitting import ACTS, FIRST
from world.shots import NARROWEST, Shots

from catalog.purposes import bundled
from certs.encoding import unb64u
from certs.enrolment import make_request
from certs.keys import generate
from hub.access import connectors

if TYPE_CHECKING:
    from conftest import Served

pytestmark = pytest.mark.browser


def test_a_person_is_enrolled_works_and_is_closed(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots, admin = Shots(tmp_path, NARROWEST), enter("admin")
    shots.take(admin, "home")
    admin.click("nav >> text=人员")
    shots.take(admin, "people")
    admin.click("summary:text('登记人员')")
    admin.fill("#account", "hfc.lin")
    admin.fill("#name", "林晓")
    admin.select_option("#of", "hfc")
    admin.check("input[name=role][value=officer]")
    admin.fill("#password", "short but long")
    admin.fill("#again", "another one entirely")
    shots.take(admin, "enrol")
    admin.click("button:text('登记人员')")
    # What was written is there again, the password is not.
    assert "两次输入的新密码不同" in admin.inner_text("[role=alert]")
    assert admin.input_value("#account") == "hfc.lin"
    assert admin.input_value("#password") == ""
    assert admin.is_checked("input[name=role][value=officer]")
    shots.take(admin, "enrol-wrong")
    admin.fill("#password", FIRST)
    admin.fill("#again", FIRST)
    admin.click("button:text('登记人员')")
    assert admin.url == f"{served.address}/people/hfc.lin"
    assert "尚未更改初始密码" in admin.inner_text("main")
    shots.take(admin, "person")
    for place in ("调整角色", "重设初始密码", "停用账号", "结束全部会话"):
        admin.click(f"summary:text('{place}')")
    shots.take(admin, "person-acts")
    admin.check("form[action$=roles] input[value=steward]")
    admin.click("button:text('调整角色')")
    assert "数据管家" in admin.inner_text("dl")
    admin.click("summary:text('停用账号')")
    admin.click("button:text('停用账号')")
    assert "已停用" in admin.inner_text("main")
    shots.take(admin, "closed")
    auditor = enter("audit.zhao", "en")
    auditor.goto(f"{served.address}/people?role=steward&status=suspended")
    assert auditor.locator("tbody tr").count() == 1
    shots.take(auditor, "people-en")
    auditor.click("tbody a")
    assert auditor.locator("main form").count() == 0
    shots.take(auditor, "person-en")


def test_a_department_is_admitted_and_its_connector_invited(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots, admin = Shots(tmp_path, NARROWEST), enter("admin")
    admin.click("nav >> text=部门与连接器")
    shots.take(admin, "departments")
    admin.click("summary:text('接入部门')")
    admin.fill("#code", "psb")
    admin.fill("#title_zh", "教育局")
    admin.fill("#title_en", "Education Bureau")
    admin.click("button:text('接入部门')")
    assert "已有此代码的部门" in admin.inner_text("[role=alert]")
    shots.take(admin, "admit-wrong")
    admin.fill("#code", "edu")
    admin.click("button:text('接入部门')")
    assert admin.url == f"{served.address}/departments/edu"
    admin.click("summary:text('邀请连接器')")
    admin.fill("#name", "gateway")
    shots.take(admin, "department")
    admin.click("button:text('邀请连接器')")
    invitation = json.loads(unb64u(admin.inner_text("#invitation")))
    assert invitation["connector"] == "urn:yifen:connector:demo.yifen:edu:gateway"
    shots.take(admin, "invitation")
    admin.click("a:text('已保存，返回部门')")
    assert "邀请待用" in admin.inner_text("main")
    assert invitation["token"] not in admin.content()
    hub = served.house.hub
    request = make_request(generate(), invitation["connector"])
    connectors.enrol(hub.changes, hub.trust, invitation["token"], request)
    admin.reload()
    assert "邀请待用" not in admin.inner_text("main")
    shots.take(admin, "enrolled")
    admin.click("summary:text('暂停连接器')")
    admin.click("button:text('暂停连接器')")
    admin.click("summary:text('暂停部门')")
    admin.click("button:text('暂停部门')")
    assert admin.locator("main .tag-suspended").count() == 2
    admin.click("summary:text('吊销')")
    shots.take(admin, "revoking")
    admin.click("button:text('吊销')")
    assert "已吊销" in admin.inner_text("main")
    admin.click("summary:text('恢复部门')")
    admin.click("button:text('恢复部门')")
    auditor = enter("audit.zhao", "en")
    auditor.goto(f"{served.address}/departments/edu")
    assert auditor.locator("main form, main details").count() == 0
    shots.take(auditor, "department-en")


def test_a_purpose_is_added_and_ended(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots, admin = Shots(tmp_path, NARROWEST), enter("admin")
    admin.click("nav >> text=用途")
    assert admin.locator("tbody tr").count() == len(bundled())
    shots.take(admin, "purposes")
    admin.click("summary:text('登记用途')")
    for name, value in ACTS["/purposes"].items():
        if name == "kind":
            admin.select_option("#kind", str(value))
        else:
            admin.fill(f"#{name}", str(value))
    shots.take(admin, "add")
    admin.click("button:text('登记用途')")
    assert admin.url == f"{served.address}/purposes/school_entry"
    admin.goto(f"{served.address}/purposes/housing_fund_withdrawal")
    assert served.house.grant.id in admin.inner_text("table")
    admin.click("summary:text('终止用途')")
    shots.take(admin, "purpose")
    admin.click("button:text('终止用途')")
    assert "终止时间" in admin.inner_text("main")
    auditor = enter("audit.zhao", "en")
    auditor.goto(f"{served.address}/purposes/housing_fund_withdrawal")
    assert "Ended" in auditor.inner_text("main")
    assert auditor.locator("main form").count() == 0
    shots.take(auditor, "purpose-en")

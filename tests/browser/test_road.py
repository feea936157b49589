"""From an application to an answer, and to its end, through the pages: two departments."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page
from world.serving import environment
from world.shots import Shots

from connectors.enrolment import enrol, read_invitation
from hub.access import connectors, purposes
from hub.ledger.change import OPERATOR

if TYPE_CHECKING:
    from conftest import Served

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
ZHANG = "11010519491231002X"


def drafts_with_gaps(page: Page, shots: Shots) -> str:
    """The steward of the tax office; gives the application's address."""
    page.click("nav >> text=共享申请")
    page.click("text=新建申请")
    shots.take(page, "pick")
    page.click("a[href$='dataset=resident']")
    page.fill("#basis", "查")
    page.check("input[name=item][value=name]")
    page.click("form.card button")
    written = {page.inner_text(f"#{name}-fault") for name in ("basis", "scenario", "scope")}
    chosen = ("method", "valid_until", "purposes", "operations", "channels")
    assert written == {"未填写，或不足以说明"}
    assert {page.inner_text(f"#{name}-fault") for name in chosen} == {"未选择"}
    assert page.locator(".fault").count() == 8
    shots.take(page, "gaps")
    return page.url.removesuffix("/edit")


def completes(page: Page, shots: Shots) -> None:
    page.fill("#basis", "《中华人民共和国税收征收管理法》第六条")
    page.fill("#scenario", "办税服务厅受理个人所得税专项附加扣除时核对身份")
    page.fill("#scope", "征收管理科窗口人员，一事一查")
    page.select_option("#method", "service")
    page.fill("#valid_until", "2027-12-31")
    for code in ("sex", "address", "birth_date"):
        page.check(f"input[name=item][value={code}]")
    page.check("input[name=purpose][value=tax_administration]")
    page.check("input[name=channel][value=console]")
    page.check("input[name=operation][value=lookup]")
    page.click("form.card button")
    assert page.locator(".fault").count() == 0
    assert "等待本部门负责人签发" in page.inner_text("main")
    # Whoever writes does not sign.
    assert page.locator("button:text('签发申请')").count() == 0
    shots.take(page, "draft")


def signs(page: Page, shots: Shots) -> None:
    """The head of the tax office, who reads English: the reply's period begins."""
    shots.take(page, "head-home")
    page.click(".duties a")
    page.click("button:text('Sign the application')")
    assert "Last day to reply" in page.inner_text("main")
    shots.take(page, "submitted")


def answers_in_part(page: Page, shots: Shots) -> None:
    """The steward of the police, item by item."""
    shots.take(page, "provider-home")
    page.click(".duties a")
    page.click(".acts >> text=拟定答复")
    page.select_option("#item-name", "full")
    page.select_option("#item-birth_date", "year")
    page.select_option("#item-address", "refuse")
    page.click("form.card button")
    # Everything that is not answered is told at once, and what was chosen is still there.
    assert page.locator(".fault").count() == 2
    assert page.input_value("#item-birth_date") == "year"
    shots.take(page, "reply-faults")
    page.select_option("#item-sex", "full")
    page.fill("#reason-address", "专项附加扣除不需要住址")
    page.click("form.card button")
    assert "尚未由提供方负责人签发" in page.inner_text("main")
    shots.take(page, "prepared")


def signs_the_reply(page: Page, shots: Shots) -> None:
    """The head of the police: there is a grant."""
    page.click(".duties a")
    page.click("button:text('签发答复')")
    assert page.inner_text(".head-row .tag") == "部分同意"
    shots.take(page, "answered")


def asks(page: Page, shots: Shots) -> None:
    """The officer is offered what was granted, as it was masked, and nothing else."""
    fields = page.locator("input[name=item]").all()
    offered = sorted(str(field.get_attribute("value")) for field in fields)
    assert offered == ["birth_date", "name", "sex"]
    page.fill("#subject", ZHANG)
    page.select_option("#purpose", "tax_administration")
    for code in offered:
        page.check(f"input[name=item][value={code}]")
    page.click("form.card button")
    values = page.inner_text("table.values")
    assert "张伟" in values
    assert "1949" in values
    assert "1949-12-31" not in values
    assert "幸福路" not in values
    shots.take(page, "answer")


def disputes(page: Page, shots: Shots, application: str) -> None:
    """The applicant's steward finds the grant from the application, the way back, and objects."""
    page.reload()
    page.click("dl.facts a[href^='/grants/']")
    page.click("dl.facts a[href^='/applications/']")
    assert page.url == application
    page.click("summary:text('提出争议')")
    page.fill("#dispute-reason", "住址用于判断管辖")
    shots.take(page, "dispute")
    page.click("button:text('提出争议')")
    assert "两部门协商" in page.inner_text("main")


def test_six_people_from_an_application_to_an_answer(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots = Shots(tmp_path)
    writer = enter("tax.liu")
    application = drafts_with_gaps(writer, shots)
    completes(writer, shots)
    assert writer.url == application
    signs(enter("tax.sun", "en"), shots)
    answers_in_part(enter("psb.zhou"), shots)
    signs_the_reply(enter("psb.ma"), shots)
    officer = enter("tax.chen")
    officer.goto(f"{served.address}/ask/resident/lookup")
    asks(officer, shots)
    disputes(writer, shots, application)
    admin = enter("admin", "en")
    admin.goto(f"{served.address}/applications")
    assert application.rsplit("/", 1)[1] in admin.inner_text("table")
    shots.take(admin, "list")


def objects(page: Page, shots: Shots) -> str:
    """The officer, from the answer itself; gives the objection's address."""
    page.click("text=结果有误？提出校核")
    page.check("input[name=item][value=name]")
    page.fill("#reason", "身份证载明为张玮")
    page.click("summary:text('认为正确的值')")
    page.fill("#value-name", "张玮")
    page.click("form.card button")
    assert page.inner_text(".head-row .tag") == "待答复"
    assert ZHANG not in page.content()
    shots.take(page, "objection")
    return page.url


def corrects(served: "Served", folder: Path) -> str:
    """The police publish what is right, by their own connector; gives the publication."""
    hub = served.house.hub
    invitation = connectors.invite(hub.changes, OPERATOR, hub.trust, "psb", "registry")
    enrol(read_invitation(invitation), folder / "connector")
    rows = folder / "residents.csv"
    header = "公民身份号码,姓名,性别,民族,出生日期,人员状态"
    rows.write_text(f"{header}\n{ZHANG},张玮,1,01,1949-12-31,1\n", encoding="utf-8")
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "connectors", "--home", str(folder / "connector"), "--json"),
            *("publish", "resident", str(rows), "--yes"),
        ],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    told = json.loads(ran.stdout)
    assert "publication" in told, told
    return str(told["publication"]["publication"])


def releases_and_answers(page: Page, shots: Shots, served: "Served", publication: str) -> None:
    """The steward of the police: half the register is gone, so it was held; then the answer."""
    page.goto(f"{served.address}/publications/{publication}")
    page.click("form[action$=release] button")
    page.goto(served.address)
    page.click(".duties a[href^='/objections/']")
    page.click("text=打开内容")
    page.check("input[name=outcome][value=corrected]")
    page.select_option("#publication", publication)
    page.fill("#reason", "户籍底册为张玮，已更正")
    shots.take(page, "correction")
    page.click("text=答复 >> nth=-1")
    assert page.inner_text(".head-row .tag") == "已更正"


def disposes(writer: Page, head: Page, shots: Shots, grant: str) -> None:
    """The purpose has ended: the steward writes down what became of the data, the head signs."""
    writer.goto(grant)
    writer.click("summary:text('登记数据处置')")
    writer.fill("#method", "逐表删除并覆写备份介质")
    writer.fill("#scope", "业务库中的全部结果")
    writer.click("button:text('登记数据处置')")
    head.goto(grant)
    head.click("button:text('Sign the disposal record')")
    assert "destroyed" in head.inner_text("main")
    shots.take(head, "disposed")


def test_the_whole_story_from_an_application_to_the_disposal(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    """As tests/flows/test_story.py has it through the API; purposes are ended by a command."""
    shots = Shots(tmp_path)
    writer, head = enter("tax.liu"), enter("tax.sun", "en")
    application = drafts_with_gaps(writer, shots)
    completes(writer, shots)
    head.reload()
    signs(head, shots)
    provider = enter("psb.zhou")
    answers_in_part(provider, shots)
    signs_the_reply(enter("psb.ma"), shots)
    writer.reload()
    writer.click("dl.facts a[href^='/grants/']")
    grant = writer.url
    officer = enter("tax.chen")
    officer.goto(f"{served.address}/ask/resident/lookup")
    asks(officer, shots)
    objection = objects(officer, shots)
    # One that has waited since the house was built: only one may be under way.
    provider.goto(f"{served.address}/publications/P-5f0c1a2b3c4d")
    provider.click("button.button-danger")
    releases_and_answers(provider, shots, served, corrects(served, tmp_path))
    # Whoever had received the value is told, by entries that name nobody.
    officer.goto(objection)
    assert "已更正" in officer.inner_text("main")
    officer.goto(f"{served.address}/ask/resident/lookup")
    officer.fill("#subject", ZHANG)
    officer.select_option("#purpose", "tax_administration")
    officer.check("input[name=item][value=name]")
    officer.click("form.card button")
    assert "张玮" in officer.inner_text("table.values")
    assert officer.locator(".record-disputed").count() == 0
    purposes.set_status(served.house.hub.changes, OPERATOR, "tax_administration", "ended")
    officer.goto(f"{served.address}/ask/resident/lookup")
    assert "tax_administration" not in officer.content()
    disposes(writer, head, shots, grant)
    admin = enter("admin")
    admin.goto(f"{served.address}/grants/ended")
    assert grant.rsplit("/", 1)[1] not in admin.inner_text("main")
    assert application.startswith(served.address)


def test_an_administrator_corrects_the_calendar(
    enter: Callable[..., Page],
    tmp_path: Path,
) -> None:
    shots = Shots(tmp_path)
    admin = enter("admin")
    admin.click("nav >> text=工作日历")
    shots.take(admin, "calendar")
    admin.fill("#day", "2027-02-05")
    admin.fill("#until", "2027-02-11")
    admin.select_option("#working", "off")
    admin.fill("#basis", "国务院办公厅关于2027年部分节假日安排的通知")
    admin.click("main form button")
    rows = admin.inner_text("section[aria-labelledby=corrections] table")
    assert rows.count("休息") == 7
    assert "2027-02-05 – 2027-02-11" in admin.inner_text("section[aria-labelledby=year-2027]")
    shots.take(admin, "corrected")

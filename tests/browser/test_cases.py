"""A case through the console, at a window: opened under a delegation, told, printed, concluded."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from playwright.sync_api import Page
from world.casework import RULES_TOML, SERVICE_TOML
from world.filing import ITEMS, LEASE
from world.on_record import ON_RECORD
from world.shots import Shots
from world.town import PASSWORD

from catalog.materials import source
from catalog.messages import text
from certs.encoding import rfc3339
from hub.access import grants
from hub.access.grant import Terms
from hub.cases import register
from hub.catalogue import datasets
from hub.clock import DAY
from hub.delegation import acts as delegating
from hub.delegation import register as delegations
from hub.delegation.delegation import Delegation
from hub.delegation.delegation import Terms as Lent
from hub.ledger.change import OPERATOR, Actor
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.runtime import Hub, open_hub

if TYPE_CHECKING:
    from conftest import Page as Answered
    from conftest import Served, Visit

A4 = (595, 842)
ZHANG = "11010519491231002X"
PURPOSE = "housing_fund_withdrawal"
WITHDRAWAL = SERVICE_TOML.replace('department = "nrb"', 'department = "hfc"')
TRANSFER = (
    WITHDRAWAL.replace('"lease_record"', '"account_transfer"')
    .replace("B2000131023000", "B2000131023001")
    .replace("房屋租赁登记备案", "住房公积金账户转移")
    .replace("Lease record", "Transfer of a housing fund account")
    .replace("agent = true", "agent = true\nsubject_identified = false")
)


NARROWED: tuple[dict[str, tuple[str, ...]], ...] = (
    {"channels": ("connector",)},
    {"datasets": ("household",)},
    {"items": ("nationality",)},
    {"purposes": ("school_enrolment",)},
)
"""Each leaves nothing to ask for in the console; for a service that there is not."""


def furnish(hub: Hub) -> None:
    """Two services of ``hfc``, their rules, a delegation of both to ``tax``, and narrower ones."""
    changes = hub.changes
    datasets.register(changes, OPERATOR, "nrb", source(LEASE), ON_RECORD)
    grants.issue(changes, OPERATOR, lease_terms("tax"))
    services = [WITHDRAWAL.encode(), TRANSFER.encode()]
    register.put_services(changes, OPERATOR, services, of=None)
    register.put_rules(changes, OPERATOR, RULES_TOML.encode())
    hashed = hash_password(PASSWORD, "nobody")
    accounts.enrol(changes, OPERATOR, "smb.guo", "郭敏", "smb", ["officer"], hashed)
    delegate(hub, services=("account_transfer", "lease_record"))
    for narrowed in NARROWED:
        delegate(hub, services=("no_such_service",), **narrowed)


def delegate(hub: Hub, **terms: tuple[str, ...]) -> None:
    """``hfc`` delegates to the window of ``tax``."""

    def of(role: str, department: str) -> Actor:
        return Actor("console", account=f"{department}.{role}", department=department)

    now = hub.clock()
    stated = Lent.model_validate(
        {
            "to": "tax",
            "purposes": (PURPOSE,),
            "channels": ("console",),
            "valid_from": rfc3339(now - DAY),
            "valid_until": rfc3339(now + 60 * DAY),
            "daily_cap": 200,
            "basis": "《关于综合窗口委托受理的函》",
            **terms,
        }
    )
    found = delegating.draft(hub.changes, of("steward", "hfc"), stated, 365)
    found = delegating.sign(hub.changes, of("head", "hfc"), found.id, found.version, 365)
    delegating.accept(hub.changes, of("head", "tax"), found.id, found.version)


def lease_terms(department: str) -> Terms:
    return Terms.model_validate(
        {
            "department": department,
            "dataset": LEASE,
            "operations": ["lookup", "view"],
            "channels": ["connector", "console"],
            "items": dict.fromkeys((*ITEMS, "received_on", "valid_until", "sighted_on"), "full"),
            "purposes": [PURPOSE],
            "valid_from": "2026-01-01T00:00:00.000Z",
            "valid_until": "2036-12-31T16:00:00.000Z",
        }
    )


@pytest.fixture(scope="module")
def founded(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same hub, furnished before anything runs on it."""
    root = tmp_path_factory.mktemp("counter") / "hub"
    shutil.copytree(founded, root)
    hub = open_hub(root)
    furnish(hub)
    hub.checkpointer.step()
    hub.close()
    return root


def lent_in(hub: Hub) -> tuple[Delegation, list[Delegation]]:
    """The delegation that allows something, and those that do not."""
    found = delegations.listing(hub.reading, "tax")
    (whole,) = (one for one in found if len(one.services) > 1)
    return whole, [one for one in found if one != whole]


def asked_under(visited: "Visit", delegation: str, **changes: object) -> "Answered":
    form = visited.get(f"/ask/resident/lookup?delegation={delegation}")
    fields: dict[str, object] = {
        "form": form.value("form"),
        "seed": form.value("seed"),
        "delegation": delegation,
        "subject": ZHANG,
        "purpose": PURPOSE,
        "case": "GJJ-1",
        "item": ["name", "sex"],
    }
    return visited.post("/ask/resident/lookup", fields | changes)


def test_a_window_asks_under_a_delegation_and_the_entry_names_both(
    visited: "Visit",
) -> None:
    lent, _ = lent_in(visited.house.hub)
    visited.sign_in("tax.chen")
    offered = visited.get("/ask").text
    assert f"/ask/resident/lookup?delegation={lent.id}" in offered
    # By its own grants it may not: none covers this dataset.
    assert visited.get("/ask/resident/lookup").status == 404
    before = visited.entries()
    page = asked_under(visited, lent.id)
    assert page.status == 200
    assert "张伟" in page.text
    assert lent.id in page.text
    [(control,)] = visited.house.hub.reading.execute(
        "SELECT control FROM entries WHERE position = ?", (before,)
    )
    told = control.decode() if isinstance(control, bytes) else control
    assert "demo.yifen:tax" in told
    assert lent.id in told
    assert visited.house.grant.id in told
    # Verification too, and no purpose beyond the delegation.
    verify = visited.get(f"/ask/resident/verify?delegation={lent.id}").text
    assert PURPOSE in verify
    assert "tax_administration" not in verify


def test_what_a_delegation_does_not_allow_is_not_offered(visited: "Visit") -> None:
    _, narrow = lent_in(visited.house.hub)
    assert len(narrow) == len(NARROWED)
    visited.sign_in("tax.chen")
    before, page, token = visited.entries(), visited.get("/ask").text, visited.token()
    for one in narrow:
        assert one.id not in page
        assert visited.get(f"/ask/resident/lookup?delegation={one.id}").status == 404
        fields: dict[str, object] = {"form": token, "delegation": one.id}
        assert visited.post("/ask/resident/lookup", fields).status == 404
    assert visited.entries() == before


def test_attack_a_delegation_to_somebody_else(visited: "Visit") -> None:
    lent, _ = lent_in(visited.house.hub)
    for account in ("smb.guo", "hfc.wang"):
        visited.sign_in(account)
        assert visited.get(f"/ask/resident/lookup?delegation={lent.id}").status == 404
        fields: dict[str, object] = {"form": visited.token(), "delegation": lent.id}
        assert visited.post("/ask/resident/lookup", fields).status == 404


@pytest.mark.browser
def test_a_case_from_the_window_to_its_end(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    delegation, _ = lent_in(served.house.hub)
    shots, officer = Shots(tmp_path), enter("tax.chen")
    _open(officer, shots, delegation)
    told = officer.inner_text("main")
    assert officer.url == f"{served.address}/cases/new"
    for known in ("张伟", "张维", "房屋平面图", delegation.id, "需要提交", "共享数据已确认"):
        assert known in told, known
    _print(officer, shots, tmp_path)
    _prepare(officer, shots)
    for outcome in ("accepted", "refused"):
        officer.click("summary:has-text('办结')")
        officer.check(f"input[name=result][value={outcome}]")
        officer.fill("#reason", "租赁合同未提交")
        officer.click("button:has-text('办结')")
        shots.take(officer, f"concluded-{outcome}")
        assert ("未能办结" in officer.inner_text("main")) == (outcome == "accepted")
    assert "不予办理" in officer.inner_text("main")
    officer.goto(f"{served.address}/cases?lang=en")
    shots.take(officer, "list-english")
    assert "refused" in officer.inner_text("main")


def _open(officer: Page, shots: Shots, delegation: Delegation) -> None:
    """Two services of one delegation, and a slip of the hand before it is right."""
    officer.click("nav >> text=办件")
    shots.take(officer, "no-cases")
    officer.click("main >> text=开办")
    shots.take(officer, "pick")
    assert delegation.id in officer.inner_text("main")
    officer.check("text=房屋租赁登记备案")
    officer.check("text=住房公积金账户转移")
    officer.click("text=下一步")
    shots.take(officer, "form")
    officer.fill("#case", "综窗-2026-0117")
    officer.fill("#party-applicant", "110105194912310021")
    officer.click("main .actions button")
    shots.take(officer, "wrong")
    officer.fill("#party-applicant", ZHANG)
    officer.fill("#given-name", "张维")
    officer.click("main .actions button")
    shots.take(officer, "opened")


def _print(officer: Page, shots: Shots, folder: Path) -> None:
    """The notice as it is handed over: no navigation, nobody's number, two sheets of A4."""
    officer.click("text=告知书（打印）")
    shots.take(officer, "notice")
    officer.emulate_media(media="print")
    officer.screenshot(path=folder / "print.png", full_page=True)
    assert not officer.is_visible("nav")
    assert not officer.is_visible("header")
    assert officer.is_visible("text=综窗-2026-0117")
    assert ZHANG not in officer.inner_text("body")
    (folder / "notice.pdf").write_bytes(officer.pdf(prefer_css_page_size=True))
    printed = pypdfium2.PdfDocument(folder / "notice.pdf")
    sizes = {tuple(round(side) for side in printed[at].get_size()) for at in range(len(printed))}
    assert (len(printed), sizes) == (2, {A4})
    printed.close()
    officer.emulate_media(media="screen")
    # Reading is an entry: another language is another reading, and is asked for.
    officer.click("text=English")
    shots.take(officer, "notice-english-asks-first")
    officer.click("main form button")
    shots.take(officer, "notice-english")
    assert "To be brought" in officer.inner_text("main")
    officer.click("text=中文")


def _prepare(officer: Page, shots: Shots) -> None:
    """A paper is handed in, another is promised, and a field is mended."""
    officer.click("text=返回办件")
    shots.take(officer, "states")
    assert ZHANG not in officer.inner_text("main")
    officer.click("text=打开内容")
    officer.click(".paper:has-text('房屋平面图') >> text=已收到，登记")
    shots.take(officer, "brought")
    scan = officer.locator(".paper:has-text('房屋租赁合同') >> text=扫描并存档")
    assert "/scan?service=" in (scan.get_attribute("href") or "")
    for box in officer.locator("form[action$='/commitments'] input[type=checkbox]").all():
        box.check()
    officer.click("button:has-text('接受后补或承诺')")
    shots.take(officer, "promised")
    officer.click("summary:has-text('补正参与人')")
    officer.fill("#given-name", "张伟")
    shots.take(officer, "supplement")
    officer.click("button:has-text('补正参与人')")
    assert "已补正并重新判定" in officer.inner_text("main")


@pytest.mark.browser
def test_what_was_promised_waits_and_is_seen_by_those_who_may(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots, officer = Shots(tmp_path), enter("hfc.wang")
    officer.goto(f"{served.address}/cases/new?service=lease_record")
    officer.fill("#case", "GJJ-2026-88")
    officer.fill("#party-applicant", ZHANG)
    officer.select_option("#purpose", PURPOSE)
    officer.fill("#given-name", "张伟")
    officer.click("main .actions button")
    for box in officer.locator("form[action$='/commitments'] input[type=checkbox]").all():
        box.check()
    officer.click("button:has-text('接受后补或承诺')")
    officer.click("nav >> text=首页")
    shots.take(officer, "duties")
    officer.click("text=容缺材料待补")
    assert "/cases/C-" in officer.url
    auditor = enter("audit.zhao")
    auditor.goto(officer.url)
    shots.take(auditor, "auditor")
    assert ZHANG not in auditor.inner_text("main")
    assert text("case.sealed.to-you", "zh") in auditor.inner_text("main")
    # Asking under a delegation, and what is seen of it.
    window = enter("tax.chen")
    window.goto(f"{served.address}/ask")
    shots.take(window, "ask")
    window.click(".offers >> nth=-1 >> text=查询")
    shots.take(window, "question")
    window.fill("#subject", ZHANG)
    window.select_option("#purpose", PURPOSE)
    window.fill("#case", "综窗-1")
    window.check("text=姓名")
    window.click("form.card button")
    shots.take(window, "answer")
    assert "张伟" in window.inner_text("main")

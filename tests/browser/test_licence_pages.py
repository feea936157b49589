"""Licences on the console: found, verified, issued, changed and printed."""

import re
import shutil
from collections.abc import Callable
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page
from world.licensing import BUSINESS, COMPANY, ISSUER, ITEMS, LOOKED_UP, asked
from world.on_record import ON_RECORD
from world.scanning import PURPOSE, enrol, terms
from world.shots import Shots

from catalog.licences import dataset
from catalog.licences.document import on_paper
from catalog.licences.licence_type import bundled
from hub.access import grants
from hub.catalogue import datasets
from hub.ledger.change import OPERATOR
from hub.licences import types
from hub.runtime import open_hub

if TYPE_CHECKING:
    from conftest import Page as Answered
    from conftest import Served, Visit

OFFICER, STEWARD = "nrb.shen", "smb.qian"
FONTS = (
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
)
FONT = next((font for font in FONTS if font.exists()), None)


@pytest.fixture(scope="module")
def founded(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same hub with a type of licence of ``smb``, which ``nrb`` may look up."""
    root = tmp_path_factory.mktemp("licences") / "hub"
    shutil.copytree(founded, root)
    if FONT is not None:
        with (root / "hub.toml").open("a", encoding="utf-8") as settings:
            settings.write(f'\n[licences]\nfont = "{FONT}"\n')
    hub = open_hub(root)
    kind = bundled()[BUSINESS]
    types.register(hub.changes, OPERATOR, types.bundled_source(BUSINESS), {"smb": ISSUER})
    datasets.register(hub.changes, OPERATOR, "smb", dataset.source(kind), ON_RECORD)
    items = (*on_paper(kind), "status", "status_note")
    operations = ["lookup", "verify", "view"]
    grants.issue(hub.changes, OPERATOR, terms(LOOKED_UP, items, operations=operations))
    enrol(hub, OFFICER, "沈月", "nrb", "officer")
    enrol(hub, STEWARD, "钱芳", "smb", "steward")
    hub.close()
    return root


def filled(**changes: str) -> dict[str, object]:
    body = asked()
    metadata, items = body["metadata"], body["items"]
    assert isinstance(metadata, dict)
    assert isinstance(items, dict)
    fields: dict[str, object] = {f"metadata.{code}": value for code, value in metadata.items()}
    fields |= {f"items.{code}": value for code, value in items.items()}
    return fields | {name.replace("__", "."): value for name, value in changes.items()}


def issue(visited: "Visit", **changes: str) -> "Answered":
    form = visited.get(f"/licences/issue/{BUSINESS}")
    sent = {name: form.value(name) for name in ("form", "token")}
    return visited.post(f"/licences/issue/{BUSINESS}", sent | filled(**changes))


def issued(visited: "Visit") -> str:
    """Issue one; gives where it is."""
    visited.sign_in(STEWARD)
    page = issue(visited)
    assert page.status == 303, page.text
    return page.goes_to


def find(visited: "Visit", subject: str = COMPANY, **changes: object) -> "Answered":
    form = visited.get("/licences")
    fields: dict[str, object] = {
        "form": form.value("form"),
        "seed": form.value("seed"),
        "dataset": LOOKED_UP,
        "subject": subject,
        "purpose": PURPOSE,
        "case": "A-1",
    }
    return visited.post("/licences", fields | changes)


def act(visited: "Visit", licence: str, name: str, **fields: object) -> "Answered":
    page = visited.get(licence)
    found = re.search(r'name="version" value="(\d+)"', page.text)
    version = found[1] if found else "1"
    sent: dict[str, object] = {"form": page.value("form"), "version": version}
    return visited.post(f"{licence}/{name}", sent | fields)


def test_a_licence_is_issued_and_found_by_holder_and_by_identifier(visited: "Visit") -> None:
    licence = issued(visited)
    shown = visited.get(licence).text
    # What stands on it is told by a lookup alone.
    assert "玉溪小馆" not in shown
    assert COMPANY not in visited.get("/licences/issued").text
    visited.sign_in(OFFICER)
    before = visited.entries()
    found = find(visited)
    assert visited.entries() == before + 1
    assert "玉溪小馆" in found.text
    assert "Hub-Receipt" in found.text
    identifier = re.search(r"1\.2\.156\.3005\.2\.[0-9A-Z.]+", found.text)
    assert identifier is not None
    assert "玉溪小馆" in find(visited, identifier[0]).text
    assert COMPANY not in str(found.response.url)


def test_a_suspended_licence_is_told_as_not_good_by_the_next_question(visited: "Visit") -> None:
    licence = issued(visited)
    assert act(visited, licence, "suspend", note="待核实").goes_to == licence
    visited.sign_in(OFFICER)
    text = find(visited).text
    assert "暂扣" in text
    assert "待核实" in text
    assert "不能作为有效证照使用" in text
    visited.sign_in(STEWARD)
    assert act(visited, licence, "resume").goes_to == licence
    assert act(visited, licence, "other").status == 422
    assert act(visited, licence, "other", note="说明").goes_to == licence
    assert act(visited, licence, "cancel").goes_to == licence
    assert "证照已终结" in visited.get(licence).text
    assert act(visited, licence, "resume").status == 409


@pytest.mark.parametrize("name", ["suspend", "withdraw", "revoke", "cancel", "transfer"])
def test_every_act_is_an_entry_and_changes_the_list(visited: "Visit", name: str) -> None:
    licence = issued(visited)
    before = visited.entries()
    assert act(visited, licence, name).goes_to == licence
    assert visited.entries() == before + 1
    assert visited.get("/licences/issued?status=01").text.count("/licences/issued/l-") == 0
    assert visited.get("/licences/issued").text.count("/licences/issued/l-") == 1


def test_an_act_on_another_version_than_was_seen_is_refused(visited: "Visit") -> None:
    licence = issued(visited)
    assert act(visited, licence, "suspend", version="7").status == 409
    assert act(visited, licence, "expire").status == 404


def test_every_fault_is_told_at_its_field(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    page = issue(visited, metadata__holder_id="1", metadata__valid_until="2001-01-01")
    assert page.status == 422
    assert 'id="metadata-holder_id-fault"' in page.text
    assert 'value="餐饮服务"' in page.text
    first = issue(visited)
    assert first.status == 303
    again = issue(visited)
    assert 'id="metadata-number-fault"' in again.text


def test_the_same_form_again_issues_nothing_new(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    form = visited.get(f"/licences/issue/{BUSINESS}")
    sent = {name: form.value(name) for name in ("form", "token")} | filled()
    first = visited.post(f"/licences/issue/{BUSINESS}", sent)
    assert visited.post(f"/licences/issue/{BUSINESS}", sent).goes_to == first.goes_to


def test_attack_what_the_hub_writes_or_another_department_issues(visited: "Visit") -> None:
    licence = issued(visited)
    visited.sign_in("psb.zhou")
    assert licence not in visited.get("/licences/issued").text
    assert visited.get(licence).status == 404
    assert visited.get(f"/licences/issue/{BUSINESS}").status == 404
    token: dict[str, object] = {"form": visited.token(), "token": "A" * 22}
    assert visited.post(f"/licences/issue/{BUSINESS}", token | filled()).status == 404
    for name in ("suspend", "paper"):
        assert visited.post(f"{licence}/{name}", token | {"version": "1"}).status == 404


@pytest.mark.skipif(FONT is None, reason="no font with Chinese on this machine")
def test_a_print_is_verified_by_its_file_and_a_changed_one_is_not(visited: "Visit") -> None:
    licence = issued(visited)
    token = {"form": visited.token()}
    printed = visited.post(f"{licence}/paper", dict(token)).response
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.headers["content-disposition"].startswith("attachment;")
    visited.sign_in(OFFICER)
    token = {"form": visited.token()}
    before = visited.entries()
    good = visited.upload("/licences/file", token, "a.pdf", printed.content)
    assert "未被改动" in good.text
    assert COMPANY not in good.text or "holder" in str(bundled()[BUSINESS].minimum)
    changed = visited.upload("/licences/file", token, "a.pdf", printed.content + b"\n")
    assert "不是本枢纽打印的原文件" in changed.text
    assert visited.entries() == before
    visited.sign_in(STEWARD)
    act(visited, licence, "revoke")
    token = {"form": visited.token()}
    revoked = visited.upload("/licences/file", token, "a.pdf", printed.content)
    assert "未被改动" in revoked.text
    assert "不能作为有效证照使用" in revoked.text


def test_attack_a_file_to_verify_without_the_secret_or_too_large(visited: "Visit") -> None:
    visited.sign_in(OFFICER)
    token = {"form": visited.token()}
    assert visited.upload("/licences/file", {"form": "A" * 43}, "a", b"x").status == 403
    assert visited.upload("/licences/file", {}, "a", b"x").status == 422
    most = visited.house.hub.settings.limits.body_bytes
    assert visited.upload("/licences/file", token, "a", b"x" * (most + 1)).status == 422
    assert visited.upload("/licences/file", token, "a", b"").status == 422


def test_files_are_not_verified_faster_than_strangers_may(visited: "Visit") -> None:
    visited.sign_in(OFFICER)
    token = {"form": visited.token()}
    most = visited.house.hub.settings.licences.reads_per_minute
    found = [visited.upload("/licences/file", token, "a", b"x").status for _ in range(2 * most + 1)]
    assert 429 in found


def view(visited: "Visit", found: "Answered", **changes: object) -> "Answered":
    """Press the button of the first licence that was found."""
    names = ("form", "seed", "dataset", "subject", "purpose", "case", "licence")
    fields: dict[str, object] = {name: found.value(name) for name in names}
    return visited.post("/licences/view", fields | {"language": "zh"} | changes)


def save(visited: "Visit", page: "Answered", **changes: object) -> "Answered":
    names = ("form", "request", "result")
    fields: dict[str, object] = {name: unescape(page.value(name)) for name in names}
    return visited.post("/licences/view/file", fields | changes)


@pytest.mark.skipif(FONT is None, reason="no font with Chinese on this machine")
def test_an_officer_of_another_department_views_the_file(visited: "Visit") -> None:
    licence = issued(visited)
    visited.sign_in(OFFICER)
    found = find(visited)
    before = visited.entries()
    page = view(visited, found)
    assert page.status == 200
    assert visited.entries() == before + 2, "the print, and the view"
    assert "Hub-Receipt" in page.text
    saved = save(visited, page).response
    assert saved.headers["content-type"] == "application/pdf"
    assert saved.headers["content-disposition"].startswith("attachment;")
    assert sha256(saved.content).hexdigest() in page.text
    assert visited.entries() == before + 2
    assert save(visited, page, result="{}").status == 404
    # The door of materials is another one.
    names = ("form", "request", "result")
    same: dict[str, object] = {name: unescape(page.value(name)) for name in names}
    assert visited.post("/materials/file", same).status == 404
    token = {"form": visited.token()}
    assert "未被改动" in visited.upload("/licences/file", token, "a.pdf", saved.content).text
    assert view(visited, found, language="fr").status == 422
    assert view(visited, found, licence="x").status == 422
    assert view(visited, found, purpose="other").status == 422
    visited.sign_in(STEWARD)
    act(visited, licence, "suspend")
    visited.sign_in(OFFICER)
    assert save(visited, page, form=visited.token()).status == 404
    found = find(visited)
    assert "/licences/view" not in found.text
    again: dict[str, object] = {
        "form": visited.token(),
        "seed": "another",
        "dataset": LOOKED_UP,
        "subject": COMPANY,
        "purpose": PURPOSE,
        "case": "A-1",
        "licence": found_identifier(page),
        "language": "zh",
    }
    told = visited.post("/licences/view", again).text
    assert "没有可提供的文件" in told
    assert "暂扣" in told


def found_identifier(page: "Answered") -> str:
    found = re.search(r"1\.2\.156\.3005\.2\.[0-9A-Z.]+", page.text)
    assert found is not None
    return found[0]


def test_a_grant_that_does_not_give_all_offers_no_file(visited: "Visit") -> None:
    issued(visited)
    hub = visited.house.hub
    held = grants.listing(hub.reading, department="nrb")
    (grant,) = [one for one in held if one.dataset == LOOKED_UP]
    few = terms(LOOKED_UP, ITEMS, operations=["lookup", "view"])
    grants.change(hub.changes, OPERATOR, grant.id, few, grant.version)
    visited.sign_in(OFFICER)
    found = find(visited)
    assert "/licences/view" not in found.text
    assert "不能在此调阅" in found.text


@pytest.mark.browser
def test_a_steward_issues_and_an_officer_finds(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots = Shots(tmp_path)
    steward = enter(STEWARD)
    steward.click("nav >> text=电子证照")
    shots.take(steward, "home")
    steward.click(".head-row a")
    shots.take(steward, "types")
    steward.goto(f"{served.address}/licences/issue/{BUSINESS}")
    shots.take(steward, "form")
    for place, value in filled().items():
        field = steward.locator(f"[name='{place}']")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))
    steward.fill("[name='metadata.holder_id']", "1")
    steward.click("form.card button")
    shots.take(steward, "faults")
    steward.fill("[name='metadata.holder_id']", COMPANY)
    steward.click("form.card button")
    assert "/licences/issued/l-" in steward.url
    shots.take(steward, "issued")
    officer = enter(OFFICER)
    officer.click("nav >> text=电子证照")
    shots.take(officer, "find")
    officer.fill("#subject", COMPANY)
    officer.select_option("#purpose", PURPOSE)
    officer.click("section >> nth=0 >> button")
    assert "玉溪小馆" in officer.inner_text("main")
    shots.take(officer, "found")
    steward.click("summary:text-is('暂扣')")
    steward.fill("#note-suspend", "待核实")
    shots.take(steward, "act")
    steward.click("details[open] button")
    assert "暂扣" in steward.inner_text(".head-row")
    steward.goto(f"{served.address}/licences/issued")
    shots.take(steward, "list")
    scan = tmp_path / "other.pdf"
    scan.write_bytes(b"%PDF-1.7")
    officer.goto(f"{served.address}/licences")
    officer.set_input_files("#file", str(scan))
    officer.click("section >> nth=1 >> button")
    assert "不是本枢纽打印的原文件" in officer.inner_text("main")
    shots.take(officer, "checked")

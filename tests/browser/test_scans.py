"""Taking in a scan through the console, and finding and viewing it again."""

import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from plaintext import Plaintext
from playwright.sync_api import Page
from world import papers
from world.filing import LEASE
from world.scanning import HOLDER, OFFICER, PURPOSE, SHOWN, a_case, scan_desk, terms
from world.shots import Shots

from hub.access import grants
from hub.access.grant import Grant
from hub.cases import kept
from hub.cases.state import CaseState
from hub.ledger.change import OPERATOR, Actor
from hub.materials import register
from hub.materials.sealed import PIECE
from hub.runtime import Hub, open_hub

if TYPE_CHECKING:
    from conftest import Page as Answered
    from conftest import Served, Visit

TODAY = "2026-01-05"


def send(visited: "Visit", data: bytes, path: str = "/materials/new", **changes: str) -> "Answered":
    """A scan with everything that can be said of it."""
    fields = {
        "form": visited.token(),
        "dataset": LEASE,
        "holder": HOLDER,
        "title": "",
        "issuer": "云州物业",
        "number": "",
        "valid_from": "",
        "valid_until": "2036-06-30",
        "case": "GJJ-1",
        "sighted_by": OFFICER,
        "sighted_on": TODAY,
    }
    return visited.upload(path, fields | changes, "租赁合同.pdf", data)


def number_in(text: str) -> str:
    found = re.search(r"m-[0-9a-f]{32}", text)
    assert found is not None, text
    return found[0]


def stored(visited: "Visit") -> list[str]:
    root = visited.house.hub.folder.objects
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def left(visited: "Visit") -> list[tuple[str]]:
    rows = visited.house.hub.reading.execute(
        "SELECT state FROM material_uploads WHERE state IN ('receiving', 'filed')"
    )
    return rows.fetchall()


def find(visited: "Visit", **changes: object) -> "Answered":
    form = visited.get("/materials")
    fields: dict[str, object] = {
        "form": form.value("form"),
        "seed": form.value("seed"),
        "dataset": LEASE,
        "subject": HOLDER,
        "purpose": PURPOSE,
        "case": "GJJ-2",
    }
    return visited.post("/materials", fields | changes)


def view(visited: "Visit", found: "Answered") -> "Answered":
    names = ("form", "seed", "dataset", "subject", "purpose", "case", "material")
    section = found.text.split('action="/materials/view"')[1]
    fields = {}
    for name in names:
        value = re.search(rf'name="{name}" value="([^"]*)"', section)
        assert value is not None, name
        fields[name] = value[1]
    return visited.post("/materials/view", dict(fields))


def file_of(visited: "Visit", viewed: "Answered", **changes: object) -> "Answered":
    fields: dict[str, object] = {
        "form": visited.token(),
        "request": viewed.value("request"),
        "result": html.unescape(viewed.value("result")),
    }
    return visited.post("/materials/file", fields | changes)


@pytest.fixture(scope="module")
def founded(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same hub with a counter and a case, made before anything else runs beside it."""
    root = tmp_path_factory.mktemp("counter") / "hub"
    shutil.copytree(founded, root)
    hub = open_hub(root)
    scan_desk(hub)
    a_case(hub)
    hub.close()
    return root


@pytest.fixture
def at_counter(visited: "Visit") -> "Visit":
    assert visited.sign_in(OFFICER).goes_to == "/"
    return visited


# -- taking in --------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [0, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_scan_is_filed_and_comes_out_again_byte_for_byte(at_counter: "Visit", size: int) -> None:
    data = papers.pdf(size=size)
    done = send(at_counter, data)
    assert done.status == 200, done.text
    assert "已交存" in done.text
    found = find(at_counter)
    assert number_in(done.text) in found.text
    assert "云州物业" in found.text
    viewed = view(at_counter, found)
    assert "data:image/jpeg;base64," in viewed.text
    got = file_of(at_counter, viewed)
    assert got.response.content == data
    assert len(data) == size or not size


def test_the_same_scan_again_stands_once(at_counter: "Visit") -> None:
    first = send(at_counter, papers.pdf())
    again = send(at_counter, papers.pdf())
    assert number_in(first.text) == number_in(again.text)
    assert "同一份材料已在库" in again.text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "没有选择文件"),
        (b"<html>" * 10, "不是 PDF、OFD、JPEG 或 PNG"),
        (papers.pdf()[:200], "文件损坏"),
        (papers.pdf() + papers.ofd(), "两种格式"),
        (papers.png_bomb(), "解开后过大"),
    ],
)
def test_what_the_examiner_says_is_told_in_words_and_nothing_is_left(
    at_counter: "Visit", data: bytes, why: str
) -> None:
    before = at_counter.entries()
    page = send(at_counter, data)
    assert page.status == 422
    assert why in page.text
    # What was said of it is still there; the file has to be chosen again.
    assert 'value="云州物业"' in page.text
    assert stored(at_counter) == []
    assert left(at_counter) == []
    assert at_counter.entries() == before


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"dataset": ""}, "dataset-fault"),
        ({"dataset": "resident"}, "dataset-fault"),
        ({"holder": "110105194912310021"}, "holder-fault"),
        ({"holder": ""}, "holder-fault"),
        ({"valid_until": "2036-02-30"}, "valid_until-fault"),
        ({"valid_from": "2037-01-01"}, "valid_until-fault"),
        ({"sighted_by": ""}, "sighted_on-fault"),
        ({"sighted_by": "hfc.wang"}, "sighted_by-fault"),
        ({"sighted_on": "2999-01-01"}, "sighted_on-fault"),
        ({"title": "x" * 201}, "title-fault"),
    ],
)
def test_a_slip_of_the_hand_is_told_at_its_field_before_the_file_is_looked_at(
    at_counter: "Visit", changes: dict[str, str], fault: str
) -> None:
    page = send(at_counter, papers.pdf(), **changes)
    assert page.status == 422
    assert f'id="{fault}"' in page.text
    assert stored(at_counter) == []
    assert left(at_counter) == []


def test_nothing_readable_lies_anywhere(
    at_counter: "Visit", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setenv("TMPDIR", str(spool))
    monkeypatch.setattr("tempfile.tempdir", None)
    data = papers.pdf(size=2 * PIECE + 100)
    assert send(at_counter, data).status == 200
    root = at_counter.house.hub.folder.root
    files = [path for path in root.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert (
        Plaintext([HOLDER, "租赁合同.pdf", "云州物业", "(Lease of the shop)"]).in_folder(root) == []
    )
    wanted = data[PIECE + 16 : PIECE + 48]
    assert not any(wanted in path.read_bytes() for path in files)
    assert list(spool.rglob("*")) == []


def test_a_department_without_a_grant_can_file_nothing(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    assert "没有可以交存的材料类型" in visited.get("/materials/new").text
    assert send(visited, papers.pdf()).status == 422
    assert stored(visited) == []


# -- for a case -------------------------------------------------------------------------------
def the_case(hub: Hub) -> CaseState:
    [(case,)] = hub.reading.execute("SELECT id FROM cases").fetchall()
    return kept.state_of(hub.reading, case, "nrb")


def case_now(visited: "Visit", case: CaseState) -> CaseState:
    return kept.state_of(visited.house.hub.reading, case.id, "nrb")


def send_for(visited: "Visit", case: CaseState, data: bytes, **changes: str) -> "Answered":
    named = {"service": "lease_record", "material": "lease", "version": str(case.version)}
    return send(visited, data, f"/cases/{case.id}/scan", **(named | {"holder": ""} | changes))


def test_a_paper_of_a_case_is_filed_under_whose_it_is_and_brought(at_counter: "Visit") -> None:
    case = the_case(at_counter.house.hub)
    pick = at_counter.get(f"/cases/{case.id}/scan")
    assert f"/cases/{case.id}/scan?service=lease_record&amp;material=lease" in pick.text
    form = at_counter.get(f"/cases/{case.id}/scan?service=lease_record&material=lease")
    assert HOLDER not in form.text
    done = send_for(at_counter, case, papers.pdf())
    assert done.status == 200, done.text
    assert "已记入办件" in done.text
    assert HOLDER not in done.text
    number = number_in(done.text)
    assert case_now(at_counter, case).by_name["lease_record", "lease"].brought == number
    assert number in find(at_counter).text
    again = at_counter.get(f"/cases/{case.id}/scan?service=lease_record&material=lease")
    assert again.status == 404


def test_a_paper_that_cannot_be_noted_is_filed_and_noted_afterwards(at_counter: "Visit") -> None:
    case = the_case(at_counter.house.hub)
    done = send_for(at_counter, case, papers.pdf(), version="7")
    assert "材料已交存，但尚未记入办件" in done.text
    assert case_now(at_counter, case).by_name["lease_record", "lease"].brought is None
    section = done.text.split("scan/bring")[1]
    fields: dict[str, object] = {
        name: re.search(rf'name="{name}" value="([^"]*)"', section)[1]  # type: ignore[index]
        for name in ("form", "service", "material", "version", "filed")
    }
    back = at_counter.post(f"/cases/{case.id}/scan/bring", fields)
    assert back.goes_to == f"/cases/{case.id}"
    brought = case_now(at_counter, case).by_name["lease_record", "lease"].brought
    assert brought == number_in(done.text)


def test_a_paper_that_cannot_be_filed_is_noted_on_paper(at_counter: "Visit") -> None:
    case = the_case(at_counter.house.hub)
    form = at_counter.get(f"/cases/{case.id}/scan?service=lease_record&material=sketch")
    assert 'type="file"' not in form.text
    fields: dict[str, object] = {
        "form": form.value("form"),
        "service": "lease_record",
        "material": "sketch",
        "version": str(case.version),
    }
    assert at_counter.post(f"/cases/{case.id}/scan/bring", fields).status == 303
    assert case_now(at_counter, case).by_name["lease_record", "sketch"].brought == "paper"


def test_attack_a_scan_for_another_departments_case(at_counter: "Visit") -> None:
    case = the_case(at_counter.house.hub)
    at_counter.sign_in("hfc.wang")
    path = f"/cases/{case.id}/scan"
    assert at_counter.get(path).status == 404
    assert send_for(at_counter, case, papers.pdf()).status == 404
    assert stored(at_counter) == []


# -- viewing ----------------------------------------------------------------------------------
def test_a_view_is_an_entry_and_its_file_is_harmless(at_counter: "Visit") -> None:
    send(at_counter, papers.pdf())
    found = find(at_counter)
    before = at_counter.entries()
    viewed = view(at_counter, found)
    assert at_counter.entries() == before + 1
    assert "Hub-Receipt" in viewed.text
    got = file_of(at_counter, viewed).response
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"].startswith('attachment; filename="m-')
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert "no-store" in got.headers["cache-control"]
    assert at_counter.entries() == before + 1


def test_a_picture_is_shown_and_nothing_else_is(at_counter: "Visit") -> None:
    send(at_counter, papers.picture("PNG"))
    viewed = view(at_counter, find(at_counter))
    assert "打开图片" in viewed.text
    got = file_of(at_counter, viewed).response
    assert got.headers["content-type"] == "image/png"
    assert got.headers["content-disposition"].startswith("inline;")
    policy = got.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert " sandbox;" in policy


def test_attack_a_file_with_another_answer_than_was_given(at_counter: "Visit") -> None:
    send(at_counter, papers.pdf())
    other = number_in(send(at_counter, papers.pdf("other"), holder="440524188001010014").text)
    viewed = view(at_counter, find(at_counter))
    result = html.unescape(viewed.value("result"))
    for forged in (result.replace(number_in(result), other), "{}", "[1]", "", "{", '{"a":1.5}'):
        assert file_of(at_counter, viewed, result=forged).status in {404, 422}, forged
    assert file_of(at_counter, viewed, request="A" * 22).status == 404
    assert file_of(at_counter, viewed, request="?").status == 422
    assert file_of(at_counter, viewed).status == 200


def test_attack_a_view_of_another_department(at_counter: "Visit") -> None:
    send(at_counter, papers.pdf())
    viewed = view(at_counter, find(at_counter))
    at_counter.sign_in("hfc.wang")
    assert file_of(at_counter, viewed).status == 404


def test_a_revoked_grant_and_a_suspended_material_end_a_view(at_counter: "Visit") -> None:
    hub, call = at_counter.house.hub, at_counter.in_loop
    number = number_in(send(at_counter, papers.pdf()).text)
    viewed = view(at_counter, find(at_counter))
    smb = Actor("operator", department="smb")
    call(register.set_status, hub.changes, smb, number, "suspended")
    assert file_of(at_counter, viewed).status == 404
    call(register.set_status, hub.changes, smb, number, "usable")
    assert file_of(at_counter, viewed).status == 200
    call(grants.set_status, hub.changes, OPERATOR, the_grant(hub).id, "revoked")
    assert file_of(at_counter, viewed).status == 404


def the_grant(hub: Hub) -> Grant:
    found = grants.listing(hub.reading, department="nrb")
    [grant] = [one for one in found if one.dataset == LEASE]
    return grant


def test_without_the_operation_no_file_is_offered(at_counter: "Visit") -> None:
    hub = at_counter.house.hub
    send(at_counter, papers.pdf())
    found = find(at_counter)
    less, grant = terms(LEASE, SHOWN, operations=["lookup"]), the_grant(hub)
    at_counter.in_loop(grants.change, hub.changes, OPERATOR, grant.id, less, grant.version)
    assert view(at_counter, found).status == 422
    assert "/materials/view" not in find(at_counter).text


def test_whoever_may_know_little_is_told_little(at_counter: "Visit") -> None:
    hub = at_counter.house.hub
    send(at_counter, papers.pdf())
    grant = the_grant(hub)
    less = terms(LEASE, ("issuer",))
    at_counter.in_loop(grants.change, hub.changes, OPERATOR, grant.id, less, grant.version)
    found = find(at_counter)
    assert "云州物业" in found.text
    assert "租赁合同.pdf" not in found.text
    assert "/materials/view" not in found.text


@pytest.mark.browser
def test_an_officer_takes_in_a_scan_for_a_case_and_one_without(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    case = the_case(served.house.hub)
    shots = Shots(tmp_path)
    scan = papers.written(tmp_path, "租赁合同.pdf", papers.pdf(size=3 * PIECE))
    bad = papers.written(tmp_path, "bad.pdf", papers.pdf()[:300])
    officer = enter(OFFICER)
    officer.goto(f"{served.address}/cases/{case.id}/scan")
    shots.take(officer, "pick")
    officer.click("a.tile:has-text('房屋租赁合同')")
    shots.take(officer, "form")
    officer.fill("#issuer", "云州物业")
    officer.fill("#valid_until", "2036-06-30")
    officer.select_option("#sighted_by", OFFICER)
    officer.fill("#sighted_on", TODAY)
    officer.set_input_files("#file", str(bad))
    officer.set_default_timeout(60_000)
    officer.click("form.card button")
    assert "文件损坏" in officer.inner_text("#file-fault")
    assert officer.input_value("#issuer") == "云州物业"
    shots.take(officer, "refused")
    officer.set_input_files("#file", str(scan))
    officer.click("form.card button")
    assert "已记入办件" in officer.inner_text("main")
    shots.take(officer, "done")
    officer.goto(f"{served.address}/cases/{case.id}/scan?service=lease_record&material=sketch")
    shots.take(officer, "on-paper")
    picture = papers.written(tmp_path, "合同.png", papers.picture("PNG"))
    officer.click("nav >> text=共享材料")
    shots.take(officer, "materials")
    officer.click(".head-row a")
    officer.select_option("#dataset", LEASE)
    officer.fill("#holder", HOLDER)
    officer.set_input_files("#file", str(picture))
    shots.take(officer, "new")
    officer.click("form.card button")
    assert "已交存" in officer.inner_text("main")
    shots.take(officer, "filed")
    finds_and_views(officer, shots, scan)
    assert any(served.house.hub.folder.objects.iterdir())


def finds_and_views(officer: Page, shots: Shots, scan: Path) -> None:
    officer.click("nav >> text=共享材料")
    officer.fill("#subject", HOLDER)
    officer.select_option("#purpose", PURPOSE)
    officer.click("form.card button")
    assert officer.locator("section.record").count() == 2
    shots.take(officer, "found")
    officer.click("section.record >> nth=0 >> button")
    assert "Hub-Receipt" in officer.inner_text("main")
    shots.take(officer, "view")
    with officer.expect_download() as download:
        officer.click("button:text('保存文件')")
    assert Path(download.value.path()).read_bytes() == scan.read_bytes()
    officer.click("nav >> text=共享材料")
    officer.fill("#subject", HOLDER)
    officer.select_option("#purpose", PURPOSE)
    officer.click("form.card button")
    officer.click("section.record >> nth=1 >> button")
    officer.click("button:text('打开图片')")
    officer.wait_for_url("**/materials/file")
    shots.take(officer, "picture")

"""People, departments and purposes on the console: what is entered, what is refused, bounds."""

import json
import re
from typing import TYPE_CHECKING

from world.admitting import ACTS, FIRST, enrolled, invited

from catalog.purposes import bundled
from certs.encoding import unb64u
from hub.access import admitted, connectors, departments, grants, purposes
from hub.ledger.change import HUB, OPERATOR
from hub.people import accounts, roll
from hub.people.passwords import hash_password
from hub.storage.tables import PublicationRow
from hub.usage import stops

if TYPE_CHECKING:
    from conftest import Visit

OWN = "ten quiet rivers"


def posted(visited: "Visit", path: str, **changes: object) -> tuple[int, str]:
    """An act with the session's own form secret; status and where it leads, or the page."""
    page = visited.post(path, {"form": visited.token(), **ACTS.get(path, {}), **changes})
    return page.status, page.goes_to or page.text


def states(visited: "Visit", kind: str) -> list[dict[str, object]]:
    """The states in the newest entries of a kind, newest first, with nothing of a person."""
    rows = visited.house.hub.reading.execute(
        "SELECT leaf, control FROM entries ORDER BY position DESC LIMIT 20"
    )
    return [
        json.loads(control)["state"] for leaf, control in rows if json.loads(leaf)["kind"] == kind
    ]


def test_every_act_is_an_entry_and_says_nothing_of_name_or_password(visited: "Visit") -> None:
    keyid = enrolled(visited.house.hub)
    visited.sign_in("admin")
    kinds = {"people": "person", "departments": "department", "purposes": "purpose"}
    for path in ACTS:
        before = visited.entries()
        changes = {"keyid": keyid} if path.endswith("/revoke") else {}
        status, told = posted(visited, path, **changes)
        assert status in {200, 303}, (path, told)
        assert visited.entries() > before, path
        kind = kinds[path.split("/")[1]]
        if "connectors" in path or "invitations" in path:
            kind = "certificate" if path.endswith("revoke") else "connector"
        assert states(visited, kind), path
    everything = b"".join(
        part or b""
        for row in visited.house.hub.reading.execute("SELECT leaf, control, internal FROM entries")
        for part in row
    )
    for secret in ("林晓", FIRST, "argon2"):
        assert secret.encode() not in everything


def test_a_first_password_opens_nothing_but_its_change(visited: "Visit") -> None:
    visited.sign_in("admin")
    assert posted(visited, "/people") == (303, "/people/hfc.lin")
    assert states(visited, "person")[0]["must_change"] is True
    visited.sign_in("hfc.lin", FIRST)
    assert visited.get("/ask").goes_to == "/password"
    page = visited.post(
        "/password",
        {"form": visited.token("/password"), "old": FIRST, "new": OWN, "again": OWN},
    )
    assert page.goes_to == "/"
    assert visited.get("/ask").status == 200


def test_a_closed_account_ends_at_once_and_comes_back(visited: "Visit") -> None:
    session = visited.house.hub.sessions.issue("psb.zhou")
    visited.sign_in("admin")
    posted(visited, "/people/psb.zhou/status")
    assert visited.sign_in("psb.zhou").status == 401
    visited.sign_in("admin")
    posted(visited, "/people/psb.zhou/status", status="active")
    visited.client.cookies.clear()
    visited.client.cookies.set("__Host-yifen", session.token)
    assert visited.get("/publications").status == 303
    assert visited.sign_in("psb.zhou").status == 303


NOBODYS = (
    ({"account": "11010519491231002x"}, "形似身份证件号码"),
    ({"account": "Lin"}, "账号不合规格"),
    ({"account": "psb.zhou"}, "账号已有人使用"),
    ({"name": " "}, "姓名为空"),
    ({"name": "林" * 65}, "姓名为空、过长"),
    ({"role": []}, "没有选择角色"),
    ({"role": ["officer", "root"]}, "不认识的角色"),
    ({"role": ["administrator", "auditor"], "department": ""}, "不能同时任"),
    ({"department": ""}, "须属于一个部门"),
    ({"department": "moon"}, "没有找到（部门）"),
    ({"again": "another one entirely"}, "密码不同"),
    ({"password": "short", "again": "short"}, "密码太短"),
    ({"password": "x" * 129, "again": "x" * 129}, "密码太长"),
)


def test_nobody_is_enrolled_with_what_makes_no_sense(visited: "Visit") -> None:
    visited.sign_in("admin")
    before = visited.entries()
    for changes, told in NOBODYS:
        found, text = posted(visited, "/people", **changes)
        assert (found, told in text) == (422, True), changes
        assert FIRST not in text
    assert visited.entries() == before


NOTHINGS = (
    ("/departments", {"code": "Edu"}, "代码不合规格"),
    ("/departments", {"code": "psb"}, "已有此代码的部门"),
    ("/departments", {"title_zh": ""}, "中文名称为空"),
    ("/departments", {"title_en": "x" * 201}, "英文名称为空或过长"),
    ("/departments/psb/status", {"status": "gone"}, "没有这样的状态"),
    ("/departments/psb/invitations", {"name": "Ga te"}, "连接器名称不合规格"),
    ("/departments/psb/invitations", {"name": "x" * 49}, "连接器名称不合规格"),
    ("/purposes", {"code": "school-entry"}, "代码不合规格"),
    ("/purposes", {"code": "housing_fund_withdrawal"}, "已有此代码的用途"),
    ("/purposes", {"kind": "curiosity"}, "没有选择类别"),
    ("/purposes", {"legal_basis": "法"}, "法律依据过短"),
    ("/purposes", {"legal_basis": "法" * 301}, "法律依据过短或过长"),
    ("/purposes/housing_fund_withdrawal/status", {"status": "gone"}, "没有这样"),
    ("/people/psb.zhou/status", {"status": "gone"}, "没有这样的状态"),
    ("/people/psb.zhou/roles", {"role": []}, "没有选择角色"),
    ("/people/psb.zhou/password", {"again": "x"}, "密码不同"),
)


def test_nothing_is_changed_by_what_makes_no_sense(visited: "Visit") -> None:
    visited.sign_in("admin")
    before = visited.entries()
    for path, changes, told in NOTHINGS:
        found, text = posted(visited, path, **changes)
        assert (found, told in text) == (422, True), (path, changes)
    assert visited.entries() == before


def test_what_is_not_there_is_named_in_plain_words(visited: "Visit") -> None:
    visited.sign_in("admin")
    for path, told in (("people", "账号"), ("departments", "部门"), ("purposes", "用途")):
        page = visited.get(f"/{path}/ghost")
        assert (page.status, f"没有找到（{told}）" in page.text) == (404, True)


def test_an_invitation_is_shown_once_and_kept_nowhere(visited: "Visit") -> None:
    visited.sign_in("admin")
    page = visited.post("/departments/psb/invitations", {"form": visited.token(), "name": "gw"})
    assert page.status == 200
    assert page.response.headers["cache-control"] == "no-store"
    found = re.search(r'id="invitation">([\w-]+)<', page.text)
    assert found is not None
    token = json.loads(unb64u(found[1]))["token"]
    again = visited.get("/departments/psb")
    assert "邀请待用" in again.text
    assert found[1] not in again.text
    hub = visited.house.hub
    assert token not in str(hub.reading.execute("SELECT * FROM invitations").fetchall())
    # The language link of that page leads to what a GET can show.
    assert 'href="/departments/psb?lang=en"' in page.text


def test_what_stands_stopped_is_not_resumed_here(visited: "Visit") -> None:
    hub = visited.house.hub
    invited(visited.house.hub)
    stops.stop(hub.changes, OPERATOR, "department", "psb", "疑似密钥泄露")
    visited.sign_in("admin")
    page = visited.get("/departments/psb")
    assert page.text.count('class="tag tag-stopped"') == 2
    assert 'value="active"' not in page.text
    assert 'href="/stops"' in page.text
    before = visited.entries()
    for path in ("/departments/psb/status", "/departments/psb/connectors/gateway/status"):
        assert posted(visited, path, status="active")[0] == 409
    assert visited.entries() == before


def test_certificates_tell_when_they_end_and_the_last_upload_is_known(visited: "Visit") -> None:
    hub = visited.house.hub
    keyid = enrolled(visited.house.hub)
    urn = connectors.urn_of(hub.settings, "psb", "gateway")
    visited.sign_in("audit.zhao")
    page = visited.get("/departments/psb").text
    assert keyid in page
    assert "最近 1000 次上传" in page
    with hub.changes.change(HUB, moves_epoch=False) as change:
        change.session.add(
            PublicationRow(
                id="P-000000000001",
                dataset="resident",
                connector=urn,
                keyid=keyid,
                columns="",
                key=b"",
                state="live",
                created=1_790_000_000_000,
            )
        )
    assert "2026-09-21 22:13:20" in visited.get("/departments/psb").text


def test_each_list_is_bounded_and_goes_on(visited: "Visit") -> None:
    hub = visited.house.hub
    hashed = hash_password(FIRST, "nobody")
    for number in range(roll.PAGE):
        name = f"x{number:03}"
        accounts.enrol(hub.changes, OPERATOR, name, name, "hfc", ["officer"], hashed)
        departments.admit(hub.changes, OPERATOR, name, name, name)
        invited(visited.house.hub, "psb", name)
        one = bundled()["housing_fund_withdrawal"].model_copy(update={"code": name})
        purposes.register(hub.changes, OPERATOR, one)
    invited(visited.house.hub, "psb", "z")
    visited.sign_in("audit.zhao")
    for path, last in (
        ("/people?role=officer", "x049"),
        ("/departments", "x049"),
        ("/departments/psb", "z"),
        ("/purposes", "x049"),
    ):
        first = visited.get(path).text
        assert first.count('<th scope="row">') <= roll.PAGE
        assert first.count("<h3>") <= admitted.PAGE
        found = re.search(r'href="([^"]*after=[^"]*)"', first)
        assert found is not None, path
        second = visited.get(found[1].replace("&amp;", "&")).text
        assert last in second
        assert "after=" not in second.split("<main", 1)[1], path
        if "role" in path:
            assert "audit.zhao</a>" not in second


def test_the_grants_of_a_purpose_go_on_page_by_page(visited: "Visit") -> None:
    reading, seen, after = visited.house.hub.reading, list[str](), None
    while True:
        page = admitted.users(reading, "housing_fund_withdrawal", after=after, most=1)
        assert len(page.rows) == 1
        seen += [one.grant for one in page.rows]
        after = page.more
        if after is None:
            break
    assert len(seen) == admitted.purpose(reading, "housing_fund_withdrawal").grants == 3
    grants.set_status(visited.house.hub.changes, OPERATOR, visited.house.grant.id, "revoked")
    assert visited.house.grant.id in seen
    assert admitted.purpose(reading, "housing_fund_withdrawal").grants == 2
    left = admitted.users(reading, "housing_fund_withdrawal").rows
    assert visited.house.grant.id not in {one.grant for one in left}


def test_only_the_newest_certificates_are_shown_and_the_rest_counted(visited: "Visit") -> None:
    hub = visited.house.hub
    for _ in range(admitted.CERTIFICATES + 2):
        enrolled(visited.house.hub)
    urn = connectors.urn_of(hub.settings, "psb", "gateway")
    [connector] = admitted.connectors(hub.reading, "psb", hub.clock()).rows
    assert (connector.urn, connector.count) == (urn, admitted.CERTIFICATES + 2)
    assert len(connector.certificates) == admitted.CERTIFICATES
    visited.sign_in("audit.zhao")
    assert "较早的证书 2 张" in visited.get("/departments/psb").text

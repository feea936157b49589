"""Credentials of a licence on the issuing department's page: shown once, saved, bound, listed."""

import json
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page
from world.licensing import BUSINESS, COMPANY, ISSUER, asked
from world.scanning import enrol
from world.shots import Shots

from certs.canonical import Json
from certs.encoding import b64u
from certs.key_binding import Binding, bind
from certs.keys import PublicKey, generate
from certs.sd_jwt import Credential, present, verify
from certs.status_list import read_list, reference
from hub.clock import DAY
from hub.ledger.change import OPERATOR, Actor
from hub.licences import types
from hub.licences.holder_key import PRIVATE
from hub.licences.issuing import Asked, CredentialOrder
from hub.licences.office import MAX_CREDENTIALS
from hub.runtime import open_hub
from hub.web.pages import licence_credentials
from hub.web.pages.words import day

if TYPE_CHECKING:
    from conftest import Page as Answered
    from conftest import Served, Visit

STEWARD, HEAD, OFFICER, FOREIGN = "smb.qian", "smb.he", "smb.lin", "psb.zhou"
NARROW = 360
SECRET = "qwJ8b0mY3uD1nZ5sR7tK9xA2cE4gH6iL8oP0vW2yB4M"


PUBLIC: dict[str, Json] = {
    "crv": "P-256",
    "kty": "EC",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}
"""The public key of RFC 7517, A.1."""


@pytest.fixture(scope="module")
def founded(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same hub with a type of licence of ``smb``."""
    root = tmp_path_factory.mktemp("credentials") / "hub"
    shutil.copytree(founded, root)
    hub = open_hub(root)
    types.register(hub.changes, OPERATOR, types.bundled_source(BUSINESS), {"smb": ISSUER})
    for account, role in ((STEWARD, "steward"), (HEAD, "head"), (OFFICER, "officer")):
        enrol(hub, account, "钱芳", "smb", role)  # type: ignore[arg-type]
    hub.close()
    return root


def issued(visited: "Visit | Served") -> str:
    """Issue one past the pages; gives its id."""
    body = asked()
    office = visited.house.hub.office
    office._changes = visited.house.hub.changes
    actor = Actor("console", account=STEWARD, department="smb")
    return office.issue(actor, Asked.model_validate(body)).licence


def make(visited: "Visit", licence: str, **changes: object) -> "Answered":
    page = visited.get(f"/licences/issued/{licence}")
    version = re.search(r'name="version" value="(\d+)"', page.text)
    fields: dict[str, object] = {
        "form": visited.token(),
        "version": version[1] if version else "1",
        "holder_key": "",
    }
    return visited.post(f"/licences/issued/{licence}/credential", fields | changes)


def shown(page: "Answered") -> str:
    """The credential that a page shows."""
    found = re.search(r"<textarea id=\"credential\"[^>]*>([^<]+)</textarea>", page.text)
    assert found is not None
    return found[1]


def read(visited: "Visit", token: str, binding: Binding | None = None) -> tuple[Credential, int]:
    """What anybody reads who fetches keys and status list."""
    now, origin = visited.house.hub.clock(), visited.origin
    told = visited.client.get("/.well-known/jwks.json").json()["keys"]
    keys = {one["kid"]: PublicKey.from_jwk(one) for one in told if one["kty"] == "EC"}
    seen = verify(token, keys, now, issuer=origin, binding=binding)
    uri = reference(seen).uri
    listed = visited.client.get(uri.removeprefix(origin)).text
    return seen, read_list(listed, keys, now, uri=uri).statuses[reference(seen).index]


def save(visited: "Visit", licence: str, token: str, **changes: object) -> "Answered":
    fields: dict[str, object] = {"form": visited.token(), "credential": token}
    return visited.post(f"/licences/issued/{licence}/credential/file", fields | changes)


def jwk(**changes: Json) -> str:
    return json.dumps({**PUBLIC, **changes})


def test_a_credential_is_shown_once_and_saved_and_anybody_can_verify_it(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    licence = issued(visited)
    before = visited.entries()
    page = make(visited, licence)
    assert page.status == 200
    assert page.response.headers["cache-control"] == "no-store"
    # The list begins with it, and the licence is entered anew.
    assert visited.entries() == before + 2
    token = shown(page)
    seen, status = read(visited, token)
    assert (seen.claims["certificateHolderCode"], status) == (COMPANY, 0)
    assert "cnf" not in seen.claims
    again = visited.get(f"/licences/issued/{licence}").text
    assert token[:40] not in again
    saved = save(visited, licence, token).response
    assert saved.content == token.encode()
    assert saved.headers["cache-control"] == "no-store"
    assert saved.headers["content-disposition"] == f'attachment; filename="{licence}.sd-jwt"'
    assert saved.headers["content-type"] == "application/dc+sd-jwt"
    assert saved.headers["x-content-type-options"] == "nosniff"


def test_bound_to_the_holders_key_it_needs_the_holder(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    holder = generate()
    # As browsers and libraries write it, with what only describes the key.
    pasted = json.dumps({**holder.public.jwk(), "kid": "phone", "ext": True, "key_ops": []})
    page = make(visited, issued(visited), holder_key=f"\r\n{pasted}\r\n")
    assert page.status == 200, page.text
    token = shown(page)
    proven = bind(
        present(token, [("certificateHolderCode",)]),
        holder,
        audience="https://bank.example",
        nonce="n-1",
        now=visited.house.hub.clock(),
    )
    assert read(visited, proven, Binding("https://bank.example", "n-1"))[0].bound


@pytest.mark.parametrize(
    ("pasted", "places", "why"),
    [
        ("eyJhbGciOi", ["1:1"], "不是 JSON 对象"),
        ('{\n "kty": "EC",\n "x": \n}', ["4:1"], "不是 JSON 对象"),
        ("[]", ["JWK"], "不是 JSON 对象"),
        ('{"a":' * 10 + "1" + "}" * 10, ["JWK"], "不是 JSON 对象"),
        ('{"kty": "EC", "kty": "EC"}', ["JWK"], "同一个成员出现了两次"),
        (jwk(note="长" * 4000), ["JWK"], "太长"),
        ('{"keys": []}', ["keys"], "这是一组密钥"),
        (jwk(kty="RSA"), ["kty"], "密钥类型须为 EC"),
        (jwk(crv="secp256k1"), ["crv"], "曲线须为 P-256"),
        (jwk(x=""), ["x"], "没有这一项"),
        (jwk(x="AA==", y="A" * 42), ["x", "y"], "base64url"),
        (jwk(y="A" * 42 + "AA"), ["y"], "须为 32 字节"),
        (jwk(y="A" * 43), ["x, y"], "不在曲线上"),
        (jwk(alg="ES512", use="enc"), ["alg", "use"], "ES256"),
    ],
)
def test_what_is_no_key_is_refused_with_where_and_why(
    visited: "Visit", pasted: str, places: list[str], why: str
) -> None:
    visited.sign_in(STEWARD)
    licence = issued(visited)
    before = visited.entries()
    page = make(visited, licence, holder_key=pasted)
    assert (page.status, visited.entries()) == (422, before)
    part = page.text.partition('id="holder_key-fault"')[2].partition("</ul>")[0]
    assert re.findall(r"<code>([^<]*)</code>", part) == places
    assert why in part


@pytest.mark.parametrize("member", sorted(PRIVATE))
def test_attack_a_private_key_is_neither_kept_nor_shown(
    visited: "Visit", member: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visited.sign_in(STEWARD)
    licence = issued(visited)
    before = visited.entries()
    for pasted in (
        jwk(**{member: SECRET}),
        jwk(**{member: SECRET, "y": ""}),
        f'{{"{member}": "{SECRET}',
    ):
        page = make(visited, licence, holder_key=pasted)
        assert (page.status, visited.entries()) == (422, before)
        assert SECRET not in page.text
    assert "私钥不得交给任何人" in make(visited, licence, holder_key=jwk(**{member: SECRET})).text
    assert SECRET not in caplog.text
    assert not lying(visited, SECRET)


def test_the_credential_lies_nowhere_and_stands_in_no_address(
    visited: "Visit", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visited.sign_in(STEWARD)
    licence = issued(visited)
    page = make(visited, licence)
    token = shown(page)
    assert save(visited, licence, token).status == 200
    for piece in (*token.split("~")[1:-1], token.split("~")[0].rpartition(".")[2]):
        assert piece not in caplog.text
        assert not lying(visited, piece)
        assert not re.search(rf'(?:href|action|src)="[^"]*{re.escape(piece)}', page.text)


def lying(visited: "Visit", text: str) -> list[Path]:
    """Where in the hub's folder a text lies."""
    root = visited.house.hub.folder.control.parent
    return [one for one in root.rglob("*") if one.is_file() and text.encode() in one.read_bytes()]


def test_all_that_were_made_are_listed_with_when_and_their_status(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    licence = issued(visited)
    assert "已制作的凭证" not in visited.get(f"/licences/issued/{licence}").text
    for _ in range(2):
        make(visited, licence)
    hub = visited.house.hub
    hub.reading.execute("SELECT 1")
    row = rows(visited, licence)
    assert [(one[0], one[2]) for one in row] == [("2", "有效"), ("1", "有效")]
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", one[1]) for one in row)
    page = visited.get(f"/licences/issued/{licence}")
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version is not None
    sent: dict[str, object] = {"form": page.value("form"), "version": version[1]}
    assert visited.post(f"/licences/issued/{licence}/suspend", sent).status == 303
    assert [one[2] for one in rows(visited, licence)] == ["暂扣", "暂扣"]
    assert "只有状态为有效的证照才能制作凭证" in visited.get(f"/licences/issued/{licence}").text


def rows(visited: "Visit", licence: str) -> list[tuple[str, str, str]]:
    """Number, time and status of each credential that the page lists."""
    text = visited.get(f"/licences/issued/{licence}").text.partition('id="made"')[2]
    lines = re.findall(r"<tr><th scope=\"row\">.*?</tr>", text)
    return [tuple(re.findall(r">([^<]+)</", line)) for line in lines]  # type: ignore[misc]


def test_one_of_an_older_release_has_no_time(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    licence = issued(visited)
    make(visited, licence)
    visited.house.hub.store.connection.execute(
        "UPDATE licence_credentials SET salt = ?", (bytes(16),)
    )
    assert [one[1] for one in rows(visited, licence)] == ["没有记录（旧版本）"]


def test_attack_a_forged_form_or_another_role_or_department(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    licence = issued(visited)
    token = shown(make(visited, licence))
    before = visited.entries()
    for forged in ("", "A" * 43):
        assert make(visited, licence, form=forged).status == 403
        assert save(visited, licence, token, form=forged).status == 403
    for account, status in ((HEAD, 403), (OFFICER, 403), ("audit.zhao", 403), (FOREIGN, 404)):
        visited.sign_in(account)
        assert make(visited, licence).status == status
        assert make(visited, licence, holder_key="[]").status == status
        assert save(visited, licence, token).status == status
    assert visited.entries() == before


@pytest.mark.parametrize("act", ["suspend", "revoke", "cancel", "transfer"])
def test_attack_a_credential_of_a_licence_that_is_not_in_force(visited: "Visit", act: str) -> None:
    visited.sign_in(STEWARD)
    licence = issued(visited)
    sent: dict[str, object] = {"form": visited.token(), "version": "1"}
    assert visited.post(f"/licences/issued/{licence}/{act}", sent).status == 303
    before = visited.entries()
    for pasted in ("", "[]"):
        page = make(visited, licence, version="2", holder_key=pasted)
        assert page.status == 409
        assert "证照目前不在有效状态" in page.text
    assert visited.entries() == before


def test_attack_the_51st_credential(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    licence = issued(visited)
    office, actor = visited.house.hub.office, Actor("console", account=STEWARD, department="smb")
    for _ in range(MAX_CREDENTIALS - 1):
        office.credential(actor, licence, CredentialOrder())
    assert ">0</dd>" in make(visited, licence).text.replace("\n", "")
    before = visited.entries()
    refused = make(visited, licence, version=str(MAX_CREDENTIALS + 1))
    assert refused.status == 409
    assert "凭证数量已达上限" in refused.text
    assert visited.entries() == before
    shown_now = visited.get(f"/licences/issued/{licence}").text
    assert f"/licences/issued/{licence}/credential" not in shown_now
    assert len(rows(visited, licence)) == MAX_CREDENTIALS


def test_attack_the_same_form_sent_again_makes_no_second_one(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    licence = issued(visited)
    assert make(visited, licence, version="1").status == 200
    before = visited.entries()
    for version in ("1", "", "7"):
        page = make(visited, licence, version=version)
        assert page.status == 409
        assert "请看过现状再操作" in page.text
    assert visited.entries() == before


def test_attack_something_else_is_given_out_as_a_credential(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    licence, other = issued(visited), None
    token = shown(make(visited, licence))
    body = asked(metadata={"number": "2"})
    actor = Actor("console", account=STEWARD, department="smb")
    other = visited.house.hub.office.issue(actor, Asked.model_validate(body)).licence
    signed, _, rest = token.partition("~")
    forged = f"{signed.rpartition('.')[0]}.{b64u(bytes(64))}~{rest}"
    for sent in ("", "x", "<script>", "名~", f"{token}x", forged, f"{signed}~e30~"):
        assert save(visited, licence, sent).status == 404, sent
    # One of another licence, though of the same department.
    assert save(visited, other, token).status == 404
    assert save(visited, licence, token).status == 200


def test_one_that_begins_later_can_be_saved_today(visited: "Visit") -> None:
    visited.sign_in(STEWARD)
    begins = day(visited.house.hub.clock() + 30 * DAY)
    body = asked(metadata={"valid_from": begins})
    actor = Actor("console", account=STEWARD, department="smb")
    office = visited.house.hub.office
    office._changes = visited.house.hub.changes
    licence = office.issue(actor, Asked.model_validate(body)).licence
    assert save(visited, licence, shown(make(visited, licence))).status == 200


def test_a_square_only_if_people_can_scan_it(
    visited: "Visit", monkeypatch: pytest.MonkeyPatch
) -> None:
    visited.sign_in(STEWARD)
    licence = issued(visited)
    page = make(visited, licence)
    assert '<svg class="square"' not in page.text
    assert f"凭证有 {len(shown(page)):,} 个字符" in page.text
    assert "1,273" in page.text
    monkeypatch.setattr(licence_credentials, "MOST_SENT_BACK", 10)
    assert "不能从本页保存为文件" in make(visited, licence).text


@pytest.mark.browser
def test_a_steward_makes_one_copies_it_and_saves_it(
    enter: Callable[..., Page],
    served: "Served",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shots = Shots(tmp_path)
    licence = issued(served)
    steward = enter(STEWARD)
    steward.goto(f"{served.address}/licences/issued/{licence}")
    shots.take(steward, "licence")
    steward.fill("#holder_key", jwk(d=SECRET))
    steward.click("text=制作凭证")
    assert steward.input_value("#holder_key") == ""
    assert "私钥不得交给任何人" in steward.inner_text("#holder_key-fault")
    shots.take(steward, "private-key")
    steward.fill("#holder_key", jwk())
    steward.click("text=制作凭证")
    token = steward.input_value("#credential")
    assert "已绑定" in steward.inner_text("main")
    assert steward.url == f"{served.address}/licences/issued/{licence}/credential"
    shots.take(steward, "made")
    with steward.expect_download() as saving:
        steward.click("text=保存为文件")
    assert saving.value.suggested_filename == f"{licence}.sd-jwt"
    assert Path(saving.value.path()).read_text("ascii") == token
    steward.click("text=返回证照")
    shots.take(steward, "listed")
    narrow = enter(STEWARD, "en")
    narrow.set_viewport_size({"width": NARROW, "height": 800})
    # As if the code of a real credential were one that people can scan.
    monkeypatch.setattr("hub.licences.square.SCANNED", 40)
    narrow.goto(f"{served.address}/licences/issued/{licence}")
    narrow.screenshot(path=tmp_path / "licence-360.png", full_page=True)
    narrow.click("text=Make a credential")
    for path in ("made-360", "square-360"):
        assert narrow.evaluate("document.documentElement.scrollWidth") <= NARROW
        narrow.screenshot(path=tmp_path / f"{path}.png", full_page=True)
    narrow.set_viewport_size({"width": 1280, "height": 900})
    picture = tmp_path / "square.png"
    narrow.locator("svg.square").screenshot(path=picture)
    shots.take(narrow, "square")
    found = zxingcpp.read_barcodes(Image.open(picture).resize((1600, 1600)))
    assert [one.text for one in found] == [narrow.input_value("#credential")]

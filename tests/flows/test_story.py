"""The whole story of a grant, as departments live it: signed-in people and signed connectors.

apply → gaps told → sign-off → reply in part → lookup shows only those items → objection →
correction reaches the subscriber and those who received the value before → the purpose ends →
disposal recorded. Hub and connectors are processes of their own; all goes over the public API.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from world.auditing import Auditor, export_of, load
from world.serving import Served, environment, serving
from world.town import PASSWORD, SUBJECTS, Town

from certs.canonical import Json
from certs.encoding import rfc3339
from certs.note import vkey
from connectors.enrolment import enrol, read_invitation
from hub.clock import DAY, system_clock
from hub.ops.verify import verification
from hub.runtime import open_hub
from hub.settings import load as load_settings
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

ROOT = Path(__file__).resolve().parents[2]
OWN = "nine paper kites over the lake"
PURPOSE = "enterprise_opening"
PEOPLE = {
    "mrb.li": ("mrb", "steward"),
    "mrb.zhao": ("mrb", "head"),
    "mrb.sun": ("mrb", "officer"),
    "psb.qian": ("psb", "steward"),
    "psb.wu": ("psb", "head"),
}
SOMEBODY = SUBJECTS[0]
Members = dict[str, Json]


@dataclass
class Place:
    """A serving hub, its people's tokens, and the folders of two departments' connectors."""

    served: Served
    folder: Path
    tokens: dict[str, str] = field(default_factory=dict)

    def call(
        self, who: str, method: str, path: str, body: Json = None, expect: int = 200
    ) -> Members:
        """A signed-in person's call; the status must be the expected one."""
        headers = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
        if who:
            headers["authorization"] = f"Bearer {self.tokens[who]}"
        data = b"" if body is None else json.dumps(body).encode()
        answer = self.served.http(method, path, headers, data)
        assert answer.status == expect, (path, answer.status, answer.body)
        told = json.loads(answer.body) if answer.body else {}
        assert isinstance(told, dict)
        return told

    def sign_in(self, account: str, password: str) -> None:
        told = self.call("", "POST", "/v1/session", _secret(account, password), 201)
        self.tokens[account] = str(told["token"])

    def connector(self, home: str, *words: str | Path, stdin: str = "", ok: bool = True) -> Members:
        """``connector`` as a department runs it."""
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "connectors", "--home", str(self.folder / home), "--json"),
                *map(str, words),
            ],
            cwd=ROOT,
            env=environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert (ran.returncode == 0) == ok, (words, ran.stdout, ran.stderr)
        last = ran.stdout.strip().split("\n")[-1]
        told = json.loads(last) if last else {}
        assert isinstance(told, dict)
        return told

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def lookup(
        self, home: str, purpose: str, officer: str, items: str, *, ok: bool = True
    ) -> Members:
        return self.connector(
            home,
            *("lookup", "resident", "--subject-type", "resident_id", "--items", items),
            *("--purpose", purpose, "--officer", officer, "--case", "A-1"),
            stdin=SOMEBODY,
            ok=ok,
        )

    def duties(self, who: str) -> list[tuple[Json, Json]]:
        told = self.call(who, "GET", "/v1/duties")["duties"]
        assert isinstance(told, list)
        return [(one["about"], one["what"]) for one in told if isinstance(one, dict)]


def _secret(account: str, password: str) -> Members:
    return {"account": account, "password": password}


@pytest.fixture
def place(town_today: Town, tmp_path: Path) -> Iterator[Place]:
    with serving(town_today, tmp_path / "hub", workers=2) as served:
        place = Place(served, tmp_path)
        place.sign_in("admin", PASSWORD)
        for account, (department, role) in PEOPLE.items():
            body = _secret(account, PASSWORD) | {
                "name": account,
                "department": department,
                "roles": [role],
            }
            place.call("admin", "POST", "/v1/people", body, 201)
            place.sign_in(account, PASSWORD)
            changed = place.call(
                account, "PUT", "/v1/session/password", {"old": PASSWORD, "new": OWN}
            )
            place.tokens[account] = str(changed["token"])
        for department in ("psb", "mrb", "nrb"):
            asked = {"department": department, "name": "window"}
            invited = place.call("admin", "POST", "/v1/invitations", asked, 201)
            enrol(read_invitation(str(invited["invitation"])), tmp_path / department)
        yield place


def _published(place: Place) -> None:
    """The register in full, by the provider's own connector."""
    lines = [f"{number},张三丰,1,1990-01-01,玉溪市红塔区,1" for number in SUBJECTS]
    header = "公民身份号码,姓名,性别,出生日期,现住址,人员状态"
    path = place.write("residents.csv", "\n".join([header, *lines]) + "\n")
    told = place.connector("psb", "publish", "resident", path, "--yes")
    assert _publication(told)["state"] == "live"


def _publication(told: Members) -> Members:
    found = told["publication"]
    assert isinstance(found, dict)
    return found


def _applied(place: Place) -> str:
    """An application with gaps, completed, signed, answered in part; gives the grant."""
    call = place.call
    drafted = call(
        "mrb.li",
        "POST",
        "/v1/applications",
        {"dataset": "resident", "elements": {"items": ["resident_id", "name", "address"]}},
        201,
    )
    path = f"/v1/applications/{drafted['id']}"
    lacking = drafted["gaps"]
    assert isinstance(lacking, list)
    # All gaps at once, and nothing is refused for them; only signing waits.
    places = {str(one["where"]) for one in lacking if isinstance(one, dict)}
    assert {"basis", "scenario", "scope", "method", "valid_until", "purposes"} <= places
    call("mrb.zhao", "POST", f"{path}/sign", {"version": drafted["version"]}, 422)
    elements: Members = {
        "items": ["resident_id", "name", "address"],
        "operations": ["lookup", "feed"],
        "channels": ["connector"],
        "purposes": [PURPOSE],
        "basis": "《市场主体登记管理条例》第十五条",
        "scenario": "企业设立登记时核对经办人身份",
        "scope": "登记窗口经办人员，一事一查",
        "method": "service",
        "valid_until": rfc3339(system_clock() + 300 * DAY),
    }
    amended = call("mrb.li", "PUT", path, {"version": drafted["version"], "elements": elements})
    assert amended["gaps"] == []
    # Whoever wrote it does not sign it, whatever else they are; the provider sees no draft.
    call("mrb.li", "POST", f"{path}/sign", {"version": amended["version"]}, 403)
    call("psb.qian", "GET", path, None, 404)
    signed = call("mrb.zhao", "POST", f"{path}/sign", {"version": amended["version"]})
    assert ("application", "reply") in place.duties("psb.qian")
    reply: Members = {
        "version": signed["version"],
        "items": {"resident_id": "full", "name": "full"},
        "refused": {"address": "登记不需要住址"},
    }
    prepared = call("psb.qian", "PUT", f"{path}/reply", reply)
    answered = call("psb.wu", "POST", f"{path}/reply/sign", {"version": prepared["version"]})
    assert answered["status"] == "partly-granted"
    return str(answered["grant"])


def test_from_an_application_to_the_disposal(place: Place, tmp_path: Path) -> None:
    _published(place)
    # Somebody else has asked before, under a grant of its own.
    earlier = place.lookup("nrb", "real_estate_registration", "nrb.officer", "name")
    grant = _applied(place)

    # -- only those items ------------------------------------------------------------------------
    told = place.lookup("mrb", PURPOSE, "mrb.sun", "resident_id,name")
    records = told["records"]
    assert records == [{"disputed": False, "items": {"name": "张三丰", "resident_id": SOMEBODY}}]
    refused = place.lookup("mrb", PURPOSE, "mrb.sun", "address", ok=False)
    assert refused["error"]["code"] == "items-outside-grant"  # type: ignore[index, call-overload]
    _subscribed(place, expect=len(SUBJECTS))

    # -- an objection, and its correction --------------------------------------------------------
    raised = place.connector(
        "mrb",
        *("objections", "raise", "resident", "--subject-type", "resident_id", "--items", "name"),
        *("--reason-file", place.write("reason", "与出示的身份证不符")),
        *("--values-file", place.write("values", '{"name": "张三峰"}')),
        *("--subject-file", place.write("subject", SOMEBODY)),
    )
    objection = str(raised["id"])
    disputed = place.lookup("nrb", "real_estate_registration", "nrb.officer", "name")
    assert disputed["records"] == [{"disputed": True, "items": {"name": "张三丰"}}]
    assert ("objection", "answer-objection") in place.duties("psb.qian")
    shown = place.connector("psb", "objections", "show", objection)
    assert "张三峰" in json.dumps(shown, ensure_ascii=False)
    change = place.write(
        "changes.csv",
        "公民身份号码,姓名,性别,出生日期,现住址,人员状态,操作\n"
        f"{SOMEBODY},张三峰,1,1990-01-01,玉溪市红塔区,1,更新\n",
    )
    corrected = place.connector("psb", "publish", "resident", change, "--changes", "--yes")
    place.connector(
        "psb",
        *("objections", "answer", objection, "--outcome", "corrected"),
        *("--publication", str(_publication(corrected)["publication"])),
        *("--reason-file", place.write("answer", "经核对档案，予以更正")),
    )
    # It reaches the subscriber, and everybody who had received the value.
    (change_told,) = _subscribed(place, expect=1)
    assert change_told["items"] == {"name": "张三峰", "resident_id": SOMEBODY}
    assert change_told["disputed"] is False
    again = place.lookup("nrb", "real_estate_registration", "nrb.officer", "name")
    assert again["records"] == [{"disputed": False, "items": {"name": "张三峰"}}]
    entries = _noticed(place, "nrb", objection)
    assert {earlier["proof"]["entry"], disputed["proof"]["entry"]} <= entries  # type: ignore[index, call-overload]
    assert again["proof"]["entry"] not in entries  # type: ignore[index, call-overload]

    # -- the purpose ends, and what was received is disposed of ------------------------------------
    place.call("admin", "PUT", f"/v1/purposes/{PURPOSE}/status", {"status": "ended"})
    place.lookup("mrb", PURPOSE, "mrb.sun", "name", ok=False)
    assert "grant" in {about for about, _ in place.duties("mrb.li")}
    disposal: Members = {
        "how": "destroyed",
        "method": "删除业务库中的副本并清空备份",
        "scope": "全部已接收记录",
        "count": len(SUBJECTS),
        "at": rfc3339(system_clock() - 1000),
    }
    written = place.call("mrb.li", "PUT", f"/v1/grants/{grant}/disposal", disposal)
    place.call(
        "mrb.zhao", "POST", f"/v1/grants/{grant}/disposal/sign", {"version": written["version"]}
    )
    ended = place.call("admin", "GET", "/v1/ended-grants")["grants"]
    assert grant not in [one["id"] for one in ended if isinstance(one, dict)]  # type: ignore[union-attr]
    assert ("grant", "dispose") not in place.duties("mrb.li")
    _all_stands(place, tmp_path)


def _subscribed(place: Place, expect: int) -> list[Members]:
    """What the subscriber has been told since the last time."""
    folder = place.folder / "feed"
    before = set(folder.glob("*.ndjson")) if folder.exists() else set()
    place.connector(
        "mrb",
        *("subscribe", "resident", "--into", folder, "--purpose", PURPOSE),
        *("--officer", "mrb.sun"),
    )
    lines = [
        json.loads(line)
        for file in sorted(set(folder.glob("*.ndjson")) - before)
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    told = [line for line in lines if isinstance(line, dict) and "items" in line]
    last = {str(one["row"]): one for one in told}
    assert len(last) == expect, lines
    return list(last.values())


def _noticed(place: Place, home: str, objection: str) -> set[Json]:
    """The entries of its own that a department is told about."""
    place.served.http("GET", "/ledger/checkpoint")
    told = place.connector(home, "objections", "notices")
    assert objection in json.dumps(told)
    found: set[Json] = set()

    def gather(value: Json) -> None:
        if isinstance(value, dict):
            if type(value.get("entry")) is int:
                found.add(value["entry"])
            for one in value.values():
                gather(one)
        elif isinstance(value, list):
            for one in value:
                if type(one) is int:
                    found.add(one)
                gather(one)

    gather(told)
    return found


def _all_stands(place: Place, tmp_path: Path) -> None:
    """The hub's own replay and an outside auditor find the whole story in order."""
    folder = Folder(place.served.folder)
    connection = connect(folder.control, "ro")
    found = verification(folder, load_settings(folder.settings), connection).run(
        lambda _done, _all: None
    )
    connection.close()
    assert found.faults == ()
    hub = open_hub(folder.root)
    try:
        exported = export_of(hub, tmp_path / "export")
        log = vkey(hub.origin, hub.checkpoint_key)
    finally:
        hub.close()
    verdict = Auditor.at(tmp_path / "auditor", load()).verify("export", exported, "--log", log)
    assert (verdict.status, verdict.faults) == (0, [])

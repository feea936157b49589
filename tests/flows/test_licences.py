"""Licences at the terminal, over sockets, with two workers: from the register to a stranger."""

import json
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest
from world.licensing import asked
from world.serving import Served, serving
from world.town import ADMINISTRATOR, PASSWORD, Town

from certs.canonical import parse
from certs.keys import PublicKey, generate
from certs.sd_jwt import choices, present, verify
from certs.status_list import read_list, reference
from connectors.cli import run as connector_command
from connectors.enrolment import enrol, read_invitation
from hub.access import connectors
from hub.clock import system_clock
from hub.runtime import open_hub


def keys_of(served: Served) -> dict[str, PublicKey]:
    told = parse(served.http("GET", "/.well-known/jwks.json").body, max_bytes=1 << 20, max_depth=6)
    assert isinstance(told, dict)
    return {str(key["kid"]): PublicKey.from_jwk(key) for key in told["keys"]}  # type: ignore[union-attr,index,call-overload,misc,arg-type]


def status_of(served: Served, origin: str, token: str) -> int:
    """As a stranger finds it, whichever worker answers."""
    keys, now = keys_of(served), system_clock()
    seen = verify(token, keys, now, issuer=origin)
    place = reference(seen)
    answer = served.http("GET", place.uri.removeprefix(origin))
    assert answer.status == HTTPStatus.OK
    return read_list(answer.body.decode(), keys, now, uri=place.uri).statuses[place.index]


def test_from_the_register_to_a_stranger(  # noqa: PLR0915 one story
    town_today: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(town_today, tmp_path / "hub", workers=2) as served:
        hub = open_hub(served.folder)
        text = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "mrb", "licences")
        origin = hub.settings.public_origin
        hub.close()
        home, password = tmp_path / "home", tmp_path / "password"
        enrol(read_invitation(text), home)
        password.write_text(PASSWORD)

        def at_hub(*words: str) -> str:
            session = str(tmp_path / "session")
            place = ["--address", origin, "--session", session]
            command = [sys.executable, "-m", "hub", *place, *words]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        def at_counter(*words: str, code: int = 0) -> str:
            assert connector_command(["--home", str(home), "--json", *words]) == code
            return capsys.readouterr().out

        at_hub("sign-in", "--account", "admin", "--password-file", str(password))
        issuer = "mrb=11530400015020004B=示例市市场监督管理局（虚构）"
        at_hub("licence", "register", "business_licence", "--issuer", issuer)
        definition = tmp_path / "dataset.toml"
        at_hub("licence", "dataset", "business_licence", str(definition))
        on_record = [
            "--secrecy=密评〔2026〕1号",
            "--privacy=个评〔2026〕1号",
            "--approval=批〔2026〕1号",
        ]
        at_hub("dataset", "register", "mrb", str(definition), *on_record, "--assessed=2026-01-05")
        (listed,) = json.loads(at_hub("licence", "types", "--json"))
        assert (listed["code"], listed["status"]) == ("business_licence", "active")

        order = {name: asked()[name] for name in ("items", "metadata", "type")}
        order_file, holder = tmp_path / "order.json", generate()
        order_file.write_text(json.dumps(order, ensure_ascii=False), encoding="utf-8")
        first = tmp_path / "first.jwt"
        out = at_counter("licence", "issue", str(order_file), "--credential", str(first))
        licence = json.loads(out)["licence"]
        assert first.stat().st_mode & 0o777 == 0o600
        again = json.loads(at_counter("licence", "issue", str(order_file)))
        assert (again["licence"], again["entry"]) == (licence, None)

        shown = present(first.read_text().strip(), [("items", "scope")])
        assert status_of(served, origin, shown) == 0
        why = tmp_path / "why.txt"
        why.write_text("核查中", encoding="utf-8")
        at_counter("licence", "act", licence, "suspend", "--note-file", str(why))
        # Both workers, whichever a connection comes to.
        assert {status_of(served, origin, shown) for _ in range(6)} == {2}
        at_counter("licence", "act", licence, "suspend", code=1)
        at_counter("licence", "credential", licence, str(tmp_path / "no.jwt"), code=1)
        at_counter("licence", "act", licence, "resume")

        key_file, bound = tmp_path / "key.json", tmp_path / "bound.jwt"
        key_file.write_text(json.dumps({**holder.public.jwk()}))
        at_counter("licence", "credential", licence, str(bound), "--holder-key", str(key_file))
        assert choices(bound.read_text().strip())
        at_counter("licence", "credential", licence, str(bound), code=1)
        at_counter("licence", "act", licence, "revoke")
        assert {status_of(served, origin, shown) for _ in range(6)} == {1}
        told = json.loads(at_counter("licence", "show", licence))
        assert (told["status"], told["credentials"]) == ("07", 2)
        at_counter("licence", "show", "l-0", code=1)
        at_counter("licence", "paper", licence, str(tmp_path / "x.pdf"), code=1)
        checked = json.loads(at_counter("licence", "verify-file", str(order_file), code=1))
        assert (checked["printed_here"], checked["good"]) == (False, False)
        at_hub("licence", "status", "business_licence", "suspended")
        at_hub("licence", "issuers", "business_licence", "--issuer", issuer)

"""The command line: tidy for people, JSON for programs, exit codes for both, never a traceback."""

import io
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from catalog.messages import catalogue
from certs.errors import YifenError
from connectors import errors
from connectors.cli import build, language_of, run
from connectors.client import Connector
from connectors.commands.local import Setting

if TYPE_CHECKING:
    from conftest import StandIn, Time

SUBJECT = "110101199001011237"
LOOKUP = [
    "lookup",
    "resident",
    "--subject-type",
    "resident_id",
    "--items",
    "name,address",
    "--purpose",
    "real_estate_registration",
    "--officer",
    "li.wei",
]


@pytest.fixture
def cli(home: Path, hub: "StandIn", clock: "Time", monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options of a connector that speaks to the stand-in."""

    def opened(self: Setting) -> Connector:
        return Connector.open(self.home, clock=clock, sleep=clock.sleep, http=hub)

    monkeypatch.setattr(Setting, "open", opened)
    monkeypatch.setenv("YIFEN_LANG", "en")
    return ["--home", str(home)]


def test_lookup_for_people(
    cli: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(SUBJECT + "\n"))
    assert run([*cli, *LOOKUP]) == 0
    shown = capsys.readouterr()
    assert "张三" in shown.out
    assert "entry 2" in shown.out
    assert shown.err == ""


def test_lookup_for_programs(
    cli: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = tmp_path / "subject"
    subject.write_text(SUBJECT)
    assert run([*cli, "--json", *LOOKUP, "--subject-file", str(subject)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["records"] == [{"disputed": False, "items": {"name": "张三"}}]
    assert told["proof"]["entry"] == 2


def test_subject_in_the_arguments_is_wrong_use(cli: list[str]) -> None:
    assert run([*cli, *LOOKUP, SUBJECT]) == 2
    assert run([*cli, *LOOKUP, "--subject-id", SUBJECT]) == 2


def test_refusal_exits_1_with_the_hubs_words(
    cli: list[str],
    hub: "StandIn",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.refusal = (403, "not-granted")
    monkeypatch.setattr("sys.stdin", io.StringIO(SUBJECT))
    assert run([*cli, *LOOKUP]) == 1
    assert "[not-granted]" in capsys.readouterr().err


def test_dishonest_answer_exits_3_and_shows_no_value(
    cli: list[str],
    hub: "StandIn",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.lies.sent = lambda result: {**result, "version": 9}
    monkeypatch.setattr("sys.stdin", io.StringIO(SUBJECT))
    assert run([*cli, "--json", *LOOKUP]) == 3
    shown = capsys.readouterr()
    assert json.loads(shown.out)["error"]["code"] == "connector-answer-refused"
    assert "张三" not in shown.out + shown.err
    assert run([*cli, "--json", "status"]) == 0
    assert json.loads(capsys.readouterr().out)["alarms"] == 1


def test_verify_and_mark(
    cli: list[str],
    hub: "StandIn",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    claims = tmp_path / "claims.json"
    claims.write_text('{"name": "张三"}', encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(SUBJECT))
    verify = ["verify", *LOOKUP[1:4], "--claims-file", str(claims), *LOOKUP[6:]]
    assert run([*cli, "--json", *verify]) == 0
    assert json.loads(capsys.readouterr().out)["match"] is True
    monkeypatch.setattr("sys.stdin", io.StringIO(SUBJECT))
    assert run([*cli, "mark", *LOOKUP[1:4], "--kind", "disputed"]) == 0
    assert hub.marks == [
        {
            "kind": "disputed",
            "row": SUBJECT,
            "subject": {"id": SUBJECT, "type": "resident_id"},
        }
    ]


def test_receipts_from_list_to_verified_evidence(
    cli: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(SUBJECT))
    assert run([*cli, *LOOKUP]) == 0
    assert run([*cli, "receipts", "fetch"]) == 0
    capsys.readouterr()
    assert run([*cli, "--json", "receipts", "list"]) == 0
    (kept,) = json.loads(capsys.readouterr().out)["receipts"]
    assert (kept["entry"], kept["state"]) == (2, "proven")
    evidence = tmp_path / "evidence.json"
    assert run([*cli, "receipts", "show", "2"]) == 0
    assert run([*cli, "receipts", "export", "2", str(evidence)]) == 0
    assert evidence.stat().st_mode & 0o777 == 0o600
    assert run([*cli, "receipts", "export", "2", str(evidence)]) == 1
    assert run([*cli, "receipts", "verify", str(evidence)]) == 0
    evidence.write_bytes(evidence.read_bytes().replace(b"li.wei", b"xx.wei"))
    assert run([*cli, "receipts", "verify", str(evidence)]) == 3


def test_publish_shows_the_mapping_and_writes_the_rejected_rows(
    cli: list[str], hub: "StandIn", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "公民身份号码,姓名,性别,出生日期,人员状态,多余\n"
        "110101199001011237,张三,1,1990-01-01,normal,=x\n"
        "11010119900101123X,李四,1,1990-01-01,normal,y\n",
        encoding="utf-8",
    )
    report = {"read": 2, "accepted": 1, "rejected": {"check-digit": 1}}
    hub.states = [{"state": "live", "report": report}]
    hub.rejections = [{"row": 2, "item": "resident_id", "reason": "check-digit"}]
    assert run([*cli, "publish", "resident", str(path), "--yes"]) == 0
    shown = capsys.readouterr()
    assert "多余" in shown.out
    assert "resident_id" in shown.out
    assert "Sending" in shown.err
    rejected = (tmp_path / "people.rejected.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rejected[1].startswith("2,校验码不对,the check digit is wrong,resident_id,1101")
    hub.states = [{"state": "failed", "failure": "x"}]
    assert run([*cli, "--json", "publish", "resident", str(path)]) == 1
    assert json.loads(capsys.readouterr().out)["publication"]["state"] == "failed"


def test_grants_and_renewal_options(cli: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*cli, "grants"]) == 0
    assert "demo.yifen:G-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 2), (["bogus"], 2), (["lookup"], 2), (["status", "--x"], 2), (["--help"], 0)],
)
def test_exit_codes_of_use(arguments: list[str], code: int) -> None:
    assert run(arguments) == code


def test_nothing_enrolled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(tmp_path / "none"), "status"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_our_own_fault_shows_no_traceback(
    cli: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Setting) -> Connector:
        raise RuntimeError(SUBJECT)

    monkeypatch.setattr(Setting, "open", broken)
    assert run([*cli, "status"]) == 1
    shown = capsys.readouterr()
    assert "RuntimeError" in shown.err
    assert "Traceback" not in shown.err
    assert SUBJECT not in shown.err


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_command_explains_itself(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    tree = build(language)  # type: ignore[arg-type]
    assert isinstance(tree, click.Group)
    context = click.Context(tree)
    for name in tree.list_commands(context):
        command = tree.get_command(context, name)
        for path in [[name], *([name, sub] for sub in getattr(command, "commands", ()))]:
            assert run(["--lang", language, *path, "--help"]) == 0
            shown = capsys.readouterr().out
            assert bool(re.search(r"[\u4e00-\u9fff]", shown)) == (language == "zh")


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "zh"),
        ([], {"LANG": "en_GB.UTF-8"}, "en"),
        ([], {"LANG": "C.UTF-8"}, "zh"),
        ([], {"LANG": "en_GB", "YIFEN_LANG": "zh"}, "zh"),
        (["--lang", "en"], {"YIFEN_LANG": "zh"}, "en"),
        (["--lang=en"], {}, "en"),
    ],
)
def test_language(arguments: list[str], environment: dict[str, str], language: str) -> None:
    assert language_of(arguments, environment) == language


def test_every_error_of_ours_has_its_words() -> None:
    own = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, YifenError) and kind is not YifenError
    ]
    assert len(own) > 30
    for kind in own:
        if kind is not errors.Refused:
            assert f"problem.{kind.code}.title" in catalogue()
            assert f"problem.{kind.code}.detail" in catalogue()


def test_every_text_of_ours_stands_in_the_catalogue() -> None:
    sources = [
        entry.read_text(encoding="utf-8")
        for folder in ("connectors", "connectors.commands")
        for entry in files(folder).iterdir()
        if entry.name.endswith(".py")
    ]
    keys = {key for text in sources for key in re.findall(r'"(connector\.[a-z_.]+)"', text)}
    keys |= {
        f"connector.{key}"
        for text in sources
        for key in re.findall(r'texts\("([a-z_.0-9]+)"', text)
    }
    keys -= {"connector.toml"}
    assert len(keys) > 80
    assert keys <= set(catalogue())

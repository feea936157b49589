"""The file stands alone: nothing of ours can be imported, and it needs no newer Python than 3.9."""

import ast
import re
import string
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from world.auditing import VERIFIER, Auditor
from world.long_log import Log

from hub.commands.ledger import verifier as command

SOURCE = VERIFIER.read_text("utf-8")
TREE = ast.parse(SOURCE, feature_version=(3, 9))
LOADED = """
import runpy, sys
site, file = sys.argv[1:]
sys.path.append(site)
runpy.run_path(file)
found = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(*sorted(name for name in found if not name.startswith("_")))
"""


@pytest.mark.parametrize("room", ["certs", "catalog", "hub", "connectors", "orjson", "jwt"])
def test_nothing_of_ours_can_be_imported_there(auditor: Auditor, room: str) -> None:
    code = f"import sys; sys.path.append('site'); import {room}"
    done = auditor.python(code)
    assert done.returncode == 1
    assert f"No module named '{room}'" in done.stderr


def test_it_loads_the_standard_library_and_cryptography_only(auditor: Auditor) -> None:
    done = auditor.python(LOADED, "site", VERIFIER.name)
    assert done.stderr == ""
    assert done.stdout.split() == ["cryptography"]


def test_it_names_no_other_import() -> None:
    found = set()
    for node in ast.walk(TREE):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    assert found - set(sys.stdlib_module_names) == {"cryptography"}


def test_without_cryptography_it_says_so(auditor: Auditor) -> None:
    code = f"import runpy; runpy.run_path({VERIFIER.name!r}, run_name='__main__')"
    done = auditor.python(code)
    assert done.returncode == 2
    assert "cryptography" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_name_is_newer_than_python_3_9() -> None:
    """What later versions brought and slips in easily."""
    newer = (
        r"\.bit_count\(|strict=|\bUTC\b|itertools\.batched|tomllib|removeprefix_|slots=True|^match "
    )
    assert not re.search(newer, SOURCE, re.MULTILINE)
    assert "removeprefix" not in SOURCE or sys.version_info >= (3, 9)


def test_alone_it_verifies_a_log(log: Log, tmp_path: Path) -> None:
    alone = Auditor.at(tmp_path / "auditor")
    verdict = alone.verify("export", log.folder, "--log", log.vkey)
    assert (verdict.status, verdict.faults) == (0, [])
    changed = log.copy(tmp_path / "export")
    file = changed / "tile/entries/001"
    file.write_bytes(file.read_bytes().replace(b'"time":"2026', b'"time":"2027', 1))
    verdict = alone.verify("export", changed, "--log", log.vkey)
    assert (verdict.status, verdict.faults[0]) == (1, ("entry-changed", 256))
    assert alone.verify("export", changed).status == 2


# -- messages ------------------------------------------------------------------------------------
def words() -> set[str]:
    return {
        node.value
        for node in ast.walk(TREE)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_message_fills_in_the_same_in_both_languages(verifier: ModuleType) -> None:
    for key, (zh, en) in verifier.MESSAGES.items():
        fields = [{name for _, name, _, _ in string.Formatter().parse(t) if name} for t in (zh, en)]
        assert fields[0] == fields[1], key
        assert re.search(r"[一-鿿]", zh), key
        assert not re.search(r"[一-鿿]", en), key


def test_everything_that_is_told_has_a_message_and_no_message_is_idle(
    verifier: ModuleType,
) -> None:
    asked: set[str] = set()
    for node in ast.walk(TREE):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else None
            name = node.func.id if isinstance(node.func, ast.Name) else name
            first = node.args[0]
            told = name in {"Broken", "Unusable", "Missing", "fault", "good", "remark", "say"}
            if told and isinstance(first, ast.Constant):
                asked.add(str(first.value))
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Constant):
            asked.add(str(node.value.value))
    asked -= {"consistency"}  # never told: it becomes a pair's
    messages = set(verifier.MESSAGES)
    assert asked <= messages
    made = {f"grant-{n}" for n in ("dataset", "department", "operations", "channels", "purposes")}
    made |= {"answer-after-suspended", "answer-after-revoked"}
    assert messages - made <= words()


# -- how it is handed out ------------------------------------------------------------------------
def test_the_command_writes_it_out(tmp_path: Path) -> None:
    file = tmp_path / "verify.py"
    done = CliRunner().invoke(command, [str(file)])
    assert done.exit_code == 0
    assert file.read_bytes() == VERIFIER.read_bytes()
    done = CliRunner().invoke(command, [])
    assert done.stdout_bytes == VERIFIER.read_bytes()

"""Every command in a document exists as it stands there, and every command says what it does."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import (
    COMMANDS,
    Unknown,
    blocks,
    check,
    commands_in,
    documents,
    inline_code,
    name_of,
    trees,
)

ROOT = Path(__file__).resolve().parents[2]
NOT_YET: frozenset[str] = frozenset()
"""Commands that documents name as not there yet."""
CHINESE = re.compile(r"[一-鿿]")
EACH = pytest.mark.parametrize("path", documents(), ids=name_of)
DUMP = """
import json, os, sys
import click
from documents import leaves
command, language = sys.argv[1:]
if command == "hub":
    from hub.commands import hub as tree
else:
    from connectors.cli import build
    tree = build(language)
found = {}
for name, one in leaves(tree, of=(command,)):
    context = click.Context(one, info_name=name)
    options = {
        max(option.opts, key=len): [option.help or "", isinstance(option.type, click.Choice)]
        for option in one.params if isinstance(option, click.Option)
    }
    found[name] = {"help": one.help or "", "page": one.get_help(context), "options": options}
print(json.dumps(found))
"""


@EACH
def test_commands_in_code_exist_with_these_options(path: Path) -> None:
    known = trees()
    for block in blocks(path):
        if block.kind.partition(" ")[0] != "sh":
            continue
        for line in block.text.replace("\\\n", " ").splitlines():
            for words in commands_in(line):
                check(known[words[0]], words)


@EACH
def test_commands_in_sentences_exist(path: Path) -> None:
    known = trees()
    for code in inline_code(path):
        words = code.split()
        if words[0] not in COMMANDS or len(words) == 1 or code in NOT_YET:
            continue
        check(known[words[0]], words, whole=False)


def test_what_is_said_not_to_be_there_is_not_there() -> None:
    known = trees()
    for command in NOT_YET:
        words = command.split()
        with pytest.raises(Unknown):
            check(known[words[0]], words, whole=False)


@pytest.mark.parametrize(
    "line",
    [
        "hub nosuch",
        "hub grant issue nrb resident --item name --purpose p --nosuch",
        "hub grant issue nrb resident --purpose p",
        "hub init",
        "hub dataset status resident ended",
        'x="$(hub grant lost --json | cat)"',
        "connector --home x lookup resident --nosuch y || true",
    ],
)
def test_a_wrong_command_would_be_found(line: str) -> None:
    (words,) = commands_in(line)
    with pytest.raises(Unknown):
        check(trees()[words[0]], words)


def test_commands_are_found_among_the_shell(tmp_path: Path) -> None:
    line = 'entry="$(connector --json receipts list | python3 -c "x")"; hub serve & y=1; hub a || b'
    found = [words[:2] for words in commands_in(line)]
    assert found == [["connector", "--json"], ["hub", "serve"], ["hub", "a"]]
    assert not list(commands_in("curl http://127.0.0.1:8440/hub connector"))
    assert tmp_path.exists()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("command", ["hub", "connector"])
def test_every_command_and_option_has_help_in_both_languages(command: str, language: str) -> None:
    environment = {**os.environ, "YIFEN_LANG": language, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    run = subprocess.run(
        [sys.executable, "-c", DUMP, command, language],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    found = json.loads(run.stdout)
    assert len(found) > 10
    for name, one in found.items():
        assert one["help"], name
        assert bool(CHINESE.search(one["help"])) == (language == "zh"), f"{name}: {one['help']}"
        assert one["help"].split()[0] in one["page"], name
        for option, (text, has_choices) in one["options"].items():
            if option in {"--help", "--version"} or (not text and has_choices):
                continue  # click's own, or the choices speak for themselves
            assert text, f"{name} {option}"
            assert bool(CHINESE.search(text)) == (language == "zh"), f"{name} {option}: {text}"


@pytest.mark.parametrize("command", ["hub", "connector"])
def test_help_of_the_installed_command_is_printed(command: str) -> None:
    path = Path(sys.executable).parent / command
    arguments = [path, "--help"] if path.exists() else [sys.executable, "-m", f"{command}s"]
    for language, word in (("zh", CHINESE), ("en", re.compile("Options"))):
        run = subprocess.run(
            arguments,
            env={**os.environ, "YIFEN_LANG": language},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert word.search(run.stdout)
        assert "Traceback" not in run.stderr

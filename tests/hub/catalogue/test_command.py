"""``hub catalog`` as people use it: signed in, against a serving hub."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from world.entering import CODE, PERMITS
from world.serving import Served, environment
from world.town import PASSWORD

from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.runtime import open_hub

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = "from hub.cli import main; main()"
HEAD = """entry.state = "published"
entry.provider = "psb"
entry.secrecy = { result = "passed", reference = "1", day = "2025-08-01" }
entry.privacy = { result = "passed", reference = "个保评1", day = "2025-08-01" }
entry.approval = "批〔2025〕1号"

""".replace('"1"', '"保密评1"')


@pytest.fixture
def hub(served: Served, tmp_path: Path) -> Run:
    """The command of whoever is named first."""
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    inside = open_hub(served.folder)
    hashed = hash_password(PASSWORD, "nobody")
    accounts.enrol(inside.changes, OPERATOR, "writer", "目录员", "psb", ["steward"], hashed)
    inside.close()

    def run(who: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        session = tmp_path / who
        options = ["--folder", str(served.folder), "--address", served.address]
        options += ["--session", str(session)]
        signing = ["sign-in", "--account", who, "--password-file", str(password)]
        for words in ([] if session.exists() else [signing]) + [list(arguments)]:
            ended = subprocess.run(
                [sys.executable, "-c", COMMAND, *options, *words],
                env={**environment(), "YIFEN_LANG": "en"},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        return ended

    return run


def test_the_catalogue_goes_out_and_in_and_tells_what_differs(hub: Run, tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    exported = hub("admin", "catalog", "export", str(folder))
    assert exported.returncode == 0, exported.stderr
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(files) == {"resident.toml", "real_estate.toml", "credit_penalty.toml"}
    assert hub("admin", "catalog", "diff", str(folder)).stdout == "Nothing differs.\n"

    (folder / f"{CODE}.toml").write_text(HEAD + PERMITS)
    assert hub("writer", "catalog", "apply", str(folder)).returncode == 1
    applied = hub("admin", "catalog", "apply", str(folder))
    assert applied.stdout == f"{CODE}: taken over as published elsewhere\n"
    assert hub("admin", "catalog", "apply", str(folder)).stdout == "Nothing differs.\n"

    file = folder / "resident.toml"
    file.write_text(file.read_text().replace('title_zh = "姓名"', 'title_zh = "姓  名"'))
    compared = hub("writer", "catalog", "diff", str(folder))
    assert compared.returncode == 0, compared.stderr
    told = [line for line in compared.stdout.splitlines() if "taken over" not in line]
    assert told[:1] == ["resident: drafted anew"]
    assert told[1] == "  ~ items.name.title_zh  姓名 → 姓  名"
    hub("writer", "catalog", "apply", str(folder))
    book = tmp_path / "catalogue.xlsx"
    assert hub("admin", "catalog", "export", str(book)).returncode == 0
    assert hub("admin", "catalog", "diff", str(book)).stdout == "Nothing differs.\n"

    file.write_text("entry.state = 1\n" + file.read_text())
    refused = hub("admin", "catalog", "apply", str(folder))
    assert refused.returncode == 1
    assert "resident.toml" in refused.stderr

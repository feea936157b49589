"""``hub catalog`` as people use it: signed in, against a serving hub."""

from collections.abc import Callable
from pathlib import Path

import pytest
from world.at_terminal import Ended, Terminal
from world.entering import CODE, PERMITS
from world.serving import Served

Run = Callable[..., Ended]
HEAD = """entry.state = "published"
entry.provider = "psb"
entry.secrecy = { result = "passed", reference = "1", day = "2025-08-01" }
entry.privacy = { result = "passed", reference = "个保评1", day = "2025-08-01" }
entry.approval = "批〔2025〕1号"

""".replace('"1"', '"保密评1"')


@pytest.fixture
def hub(served: Served, tmp_path: Path) -> Run:
    """The command of whoever is named first."""
    terminal = Terminal(served, tmp_path)
    terminal.enrol("writer", "psb", "steward")
    return terminal.run


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

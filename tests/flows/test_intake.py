"""Files of every form through ``connector publish`` into a serving hub, to the hub's own counts."""

import json
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files as resources
from pathlib import Path

import pytest
import python_calamine
from world.on_record import ON_RECORD
from world.serving import Served, environment, free_port, start, until_ready
from world.town import ADMINISTRATOR, Town

from certs.canonical import Json
from certs.keys import write_secret
from hub.access import connectors
from hub.catalogue import datasets
from hub.ledger.change import Actor
from hub.runtime import open_hub

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "connectors" / "vices"))

from ugly_files import CODES, NAMES, files, number

VICES = Path(__file__).resolve().parents[1] / "connectors" / "vices"
TABLE = tomllib.loads((VICES / "table.toml").read_text("utf-8"))
TAKEN = {"psb": "resident", "mrb": "legal_entity"}
"""Publishers and what they publish."""

pytestmark = pytest.mark.slow

Published = tuple[int, dict[str, Json]]
Publish = Callable[..., Published]


@pytest.fixture(scope="module")
def publish(town_today: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publish]:
    """``connector publish`` of both publishers, with its exit code and what it told."""
    place = tmp_path_factory.mktemp("intake")
    folder, port = place / "hub", free_port()
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    hub = open_hub(folder)
    definition = resources("catalog.datasets").joinpath("legal_entity.toml").read_bytes()
    datasets.register(hub.changes, ADMINISTRATOR, "mrb", definition, ON_RECORD)
    for department in TAKEN:
        invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, department, "intake")
        write_secret(place / f"{department}.invitation", f"{invitation}\n".encode())
    hub.close()

    def connector(department: str, *words: str) -> "subprocess.CompletedProcess[str]":
        home = ["--home", str(place / department)]
        return subprocess.run(
            [sys.executable, "-m", "connectors", *home, "--json", "--lang", "zh", *words],
            env=environment(),
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )

    def published(dataset: str, *words: str) -> Published:
        department = next(each for each, code in TAKEN.items() if code == dataset)
        done = connector(department, "publish", dataset, *words, "--yes")
        assert "Traceback" not in done.stderr
        told = json.loads(done.stdout)
        if told.get("publication", {}).get("state") == "held":
            discard(told["publication"]["publication"], department)
        return done.returncode, told

    def discard(publication: str, department: str) -> None:
        """The steward's decision, so that the next one may come."""
        held = open_hub(folder)
        actor = Actor("console", account="steward", department=department)
        held.publications.discard(publication, actor)
        held.close()

    log = place / "hub.log"
    process = start(folder, log)
    try:
        until_ready(Served(town_today, folder, port, process), log)
        for department in TAKEN:
            enrolled = connector(department, "enrol", str(place / f"{department}.invitation"))
            assert enrolled.returncode == 0, enrolled.stderr
        yield published
    finally:
        process.terminate()
        process.wait(30)


def counts(told: dict[str, Json]) -> tuple[Json, Json, int]:
    publication = told["publication"]
    assert isinstance(publication, dict)
    report = publication["report"]
    assert isinstance(report, dict)
    rejected = report["rejected"]
    assert isinstance(rejected, dict)
    return report["read"], report["accepted"], sum(int(str(each)) for each in rejected.values())


@pytest.mark.parametrize(
    "name",
    [
        "gb18030.csv",
        "nul-and-control.csv",
        "hyphened-credit-codes.csv",
        "titles-and-two-rows-of-headings.xlsx",
        "whole-numbers.parquet",
        "numbers-as-ids.ndjson",
    ],
)
def test_the_hub_counts_what_the_table_says(name: str, publish: Publish, tmp_path: Path) -> None:
    path = tmp_path / name
    files()[name](path)
    row = TABLE[name]
    code, told = publish(row.get("dataset", "resident"), str(path))
    rejected = sum(row.get("rejected", {}).values())
    assert counts(told) == (row["rows"], row["accepted"], rejected)
    assert code in {0, 1}
    source = told["source"]
    assert isinstance(source, dict)
    normalised: dict[str, dict[str, int]] = {}
    for each in source["normalised"]:  # type: ignore[union-attr]
        normalised.setdefault(each["item"], {})[each["kind"]] = each["count"]  # type: ignore[index, call-overload]
    assert normalised == row.get("normalised", {})
    assert (told["rejected_file"] is not None) == bool(rejected)


def test_rejected_rows_come_back_in_the_same_workbook(publish: Publish, tmp_path: Path) -> None:
    path = tmp_path / "numbers-as-ids.xlsx"
    files()[path.name](path)
    _, told = publish("resident", str(path))
    assert counts(told) == (6, 4, 2)
    back = tmp_path / "numbers-as-ids.rejected.xlsx"
    assert told["rejected_file"] == str(back)
    rows = python_calamine.load_workbook(back).get_sheet_by_index(0).to_python()
    assert rows[0][-1] == "检查结果"
    lost = "公民身份号码：号码被表格软件当作数字，已丢失末尾数位"
    assert [row[-1] for row in rows[1:]] == [lost, "", lost, "", "", ""]
    assert [row[1] for row in rows[1:]] == [NAMES[order] for order in range(1, 7)]


def test_ragged_rows_come_back_with_their_cells_and_lines(publish: Publish, tmp_path: Path) -> None:
    path = tmp_path / "ragged-rows.csv"
    files()[path.name](path)
    _, told = publish("resident", str(path))
    assert counts(told) == (6, 4, 2)
    source = told["source"]
    assert isinstance(source, dict)
    assert source["spoilt"] == [{"item": "", "reason": "columns", "count": 2, "places": [3, 5]}]
    lines = (tmp_path / "ragged-rows.rejected.csv").read_text("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("2,列数与表头不符,")
    assert lines[1].endswith(",多一列")


def test_a_database_is_published_by_a_query(publish: Publish, tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE body (code text, title text, since text)")
        rows = [(code, f"单位{at}", "1949-10-01") for at, code in enumerate(CODES)]
        database.executemany("INSERT INTO body VALUES (?, ?, ?)", [*rows, ("x", "坏", "1949")])
    database.close()
    query = "SELECT code AS uscc, title AS name, since AS established_on FROM body"
    _, told = publish("legal_entity", "--sql", f"sqlite://{path}", "--query", query)
    assert counts(told) == (4, 3, 1)
    rejected = Path(str(told["rejected_file"]))
    assert rejected.name == "legal_entity.rejected.csv"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["none.csv"], "source-missing"),
        (["x.csv", "--sql", "sqlite:x", "--query", "SELECT 1"], "source-unclear"),
        (["--sql", "sqlite:x"], "source-unclear"),
        (["--sql", "postgresql://a:b@c/d", "--query", "SELECT 1"], "source-address-refused"),
        (["--sql", "sqlite:none.db", "--query", "SELECT 1"], "source-database-failed"),
    ],
)
def test_what_cannot_be_a_source_is_told(words: list[str], code: str, publish: Publish) -> None:
    status, told = publish("resident", *words)
    assert status == 1
    error = told["error"]
    assert isinstance(error, dict)
    assert error["code"] == code
    assert number(1) not in json.dumps(told)

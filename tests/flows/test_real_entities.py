"""Real enterprise records, as a department would bring them and another would ask for them."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from world.on_record import ON_RECORD
from world.serving import Served, environment, free_port, start, until_ready
from world.town import ADMINISTRATOR, PURPOSE, Town

from certs.canonical import parse
from certs.encoding import rfc3339
from certs.keys import write_secret
from hub.access import connectors, grants
from hub.access.grant import Terms
from hub.catalogue import datasets
from hub.clock import DAY, system_clock
from hub.runtime import open_hub

ROOT = Path(__file__).resolve().parents[2]
ITEMS = ["name", "uscc", "established_on", "legal_representative"]

Connector = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def registry(town_today: Town, tmp_path: Path) -> Iterator[tuple[Served, Connector]]:
    """A hub with a register of enterprises, its publisher's connector, and a grant to ask."""
    folder, port, home = tmp_path / "hub", free_port(), tmp_path / "home"
    town_today.copy(folder, f"http://127.0.0.1:{port}")
    hub = open_hub(folder)
    definition = files("catalog.datasets").joinpath("legal_entity.toml").read_bytes()
    datasets.register(hub.changes, ADMINISTRATOR, "mrb", definition, ON_RECORD)
    now = system_clock()
    terms = {
        "department": "nrb",
        "dataset": "legal_entity",
        "operations": ["lookup"],
        "channels": ["connector"],
        "items": dict.fromkeys(ITEMS, "full"),
        "purposes": [PURPOSE],
        "valid_from": rfc3339(now - DAY),
        "valid_until": rfc3339(now + DAY),
    }
    grants.issue(hub.changes, ADMINISTRATOR, Terms.model_validate(terms))
    invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "mrb", "registry")
    hub.close()
    write_secret(tmp_path / "invitation", f"{invitation}\n".encode())

    def connector(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "connectors", "--home", str(home), "--json", *words],
            env=environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    log = tmp_path / "hub.log"
    process = start(folder, log)
    try:
        served = Served(town_today, folder, port, process)
        until_ready(served, log)
        enrolled = connector("enrol", str(tmp_path / "invitation"))
        assert enrolled.returncode == 0, enrolled.stderr
        yield served, connector
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_enterprise_is_found_by_its_credit_code(
    registry: tuple[Served, Connector], shared: Path
) -> None:
    served, connector = registry
    source = shared / "data" / "legal_entities_yuxi.csv"
    published = connector("publish", "legal_entity", str(source), "--yes")
    assert published.returncode == 0, published.stderr
    report = json.loads(published.stdout)["publication"]["report"]
    assert (report["accepted"], report["identical"], report["rejected"]) == (2363, 1, {})

    with source.open(encoding="utf-8", newline="") as file:
        rows = {row["统一社会信用代码"]: row for row in csv.DictReader(file)}
    assert len(rows) == 2363
    gateway, connection = served.gateway("nrb"), served.connect()
    for code, row in rows.items():
        sent = gateway.lookup(
            dataset="legal_entity", subject={"id": code, "type": "uscc"}, items=ITEMS
        )
        answer = served.call(sent, connection)
        assert answer.status == 200, answer.body
        (record,) = parse(answer.body, max_bytes=1 << 20, max_depth=8)["results"][0]["records"]
        expected = {
            "name": row["企业名称"],
            "uscc": code,
            "established_on": row["注册日期"],
            "legal_representative": row["法人代表"],
        }
        wanted = {item: value.strip() for item, value in expected.items() if value != "N/A"}
        assert record["items"] == wanted
    connection.close()


@pytest.mark.slow
def test_a_dirty_file_is_held(
    registry: tuple[Served, Connector], shared: Path, tmp_path: Path
) -> None:
    _, connector = registry
    # The rejected rows are written beside the file.
    source = tmp_path / "entities.csv"
    shutil.copyfile(shared / "data" / "legal_entities_dirty.csv", source)
    held = connector("publish", "legal_entity", str(source), "--yes")
    assert "publication" in held.stdout, held.stdout + held.stderr
    publication = json.loads(held.stdout)["publication"]
    assert (held.returncode, publication["state"]) == (1, "held")
    assert publication["report"]["identical"] == 19
    assert publication["report"]["accepted"] == 239
    assert sum(publication["report"]["rejected"].values()) == 482
    rejected = json.loads(held.stdout)["rejected_file"]
    with Path(rejected).open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == 483

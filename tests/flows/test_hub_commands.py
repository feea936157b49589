"""Commands of ``hub`` that act on a serving hub: stops, sheets, delegations, services."""

import csv
import io
import json
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from world import delegating
from world.at_terminal import Terminal
from world.serving import Served

from hub.runtime import open_hub

BODY = "11530400015020004B"
HEADING = (
    "实施编码,事项名称,实施主体编码,事项类型,设定依据,法定办结时限,承诺办结时限,服务对象,"
    "材料名称,材料类型,材料必要性,来源渠道,要求提供材料的依据"
)
SERVICE = (
    f"{BODY}0000000000001,租赁登记备案,{BODY},行政确认,《商品房屋租赁管理办法》第十四条,3,1,自然人"
)


def _cells(book: Path) -> list[list[object]]:
    return CalamineWorkbook.from_path(book).get_sheet_by_index(0).to_python()


@pytest.fixture
def terminal(served: Served, tmp_path: Path) -> Terminal:
    return Terminal(served, tmp_path)


def test_a_dataset_is_stopped_and_the_stop_is_lifted(served: Served, terminal: Terminal) -> None:
    gateway = served.gateway()
    assert served.call(gateway.lookup()).status == 200
    (stop,) = json.loads(
        terminal.told("admin", "stop", "dataset", "resident", "--reason", "演练", "--json")
    )
    assert (stop["what"], stop["code"], stop["status"]) == ("dataset", "resident", "standing")
    assert served.call(gateway.lookup()).status == 403
    assert "resident" in terminal.told("admin", "stop", "list")
    refused = terminal.run("admin", "stop", "dataset", "resident", "--reason", "演练")
    assert refused.returncode == 1
    assert refused.stderr.strip()
    terminal.told("admin", "stop", "lift", stop["id"], "--reason", "演练结束")
    assert served.call(gateway.lookup()).status == 200
    assert "resident" not in terminal.told("admin", "stop", "list")
    assert stop["id"] in terminal.told("admin", "stop", "list", "--all")


def test_who_sees_what_as_a_list_and_as_sheets(terminal: Terminal, tmp_path: Path) -> None:
    listed = json.loads(terminal.told("admin", "grant", "matrix", "--json"))
    table, book = tmp_path / "matrix.csv", tmp_path / "matrix.xlsx"
    terminal.told("admin", "grant", "matrix", "--csv", str(table))
    terminal.told("admin", "grant", "matrix", "--xlsx", str(book))
    lines = list(csv.reader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    cells = _cells(book)
    assert len(lines) - 1 == len(cells) - 1 == len(listed) > 0
    items = {row["item"] for row in listed}
    assert {"name", "birth_date"} <= items
    assert all(any(item in line for line in lines[1:]) for item in items)


def test_the_record_of_use_tells_what_was_asked(
    served: Served, terminal: Terminal, tmp_path: Path
) -> None:
    gateway = served.gateway()
    for _ in range(3):
        assert served.call(gateway.lookup()).status == 200
    grant, book = served.town.grant.id, tmp_path / "usage.xlsx"
    told = json.loads(terminal.told("admin", "grant", "usage", grant, "--json"))
    assert told["whole"]["questions"] == 3
    terminal.told("admin", "grant", "usage", grant, "--xlsx", str(book))
    heading, row = _cells(book)
    assert row[heading.index("questions")] == 3


def test_delegations_are_listed_and_shown(served: Served, terminal: Terminal) -> None:
    inside = open_hub(served.folder)
    found = delegating.delegated(inside.changes, inside.clock())
    inside.close()
    (row,) = json.loads(terminal.told("admin", "delegation", "list", "--json"))
    assert (row["id"], row["status"]) == (found.id, "active")
    assert terminal.told("admin", "delegation", "list", "--status", "revoked") == ""
    shown = terminal.told("admin", "delegation", "show", found.id)
    assert found.id in shown
    assert delegating.SERVICE in shown


def test_a_list_of_services_is_imported_whole_or_not_at_all(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.enrol("nrb.writer", "nrb", "steward")
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    head = f"{HEADING}\n"
    lease = f"{SERVICE},租赁合同,1,1,10,《商品房屋租赁管理办法》第十五条\n"
    good.write_text(head + lease, encoding="utf-8")
    bad.write_text(
        head + lease + ",,,,,,,,其他材料,1,1,10,《商品房屋租赁管理办法》第十五条\n",
        encoding="utf-8",
    )
    words = ["--mapping", "national_guide", "--department", f"{BODY}=nrb"]
    refused = terminal.run("nrb.writer", "service", "import", str(bad), *words)
    assert refused.returncode == 1
    assert "其他材料" in refused.stdout + refused.stderr
    assert terminal.told("nrb.writer", "service", "list") == ""
    assert "registered: 1" in terminal.told("nrb.writer", "service", "import", str(good), *words)
    (listed,) = json.loads(terminal.told("nrb.writer", "service", "list", "--json"))
    assert (listed["department"], listed["version"]) == ("nrb", 1)
    assert json.loads(terminal.told("admin", "reuse", "show", "--json"))["cells"] == []

"""The counts over registered enterprises that the project may use but not hold."""

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from catalog.definition import bundled
from catalog.values import check_value

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def rows(name: str) -> list[dict[str, str]]:
    path = DATA / name
    if not path.exists():
        reason = f"{name} is not beside the project"
        if os.environ.get("YIFEN_REQUIRE") == "all":
            pytest.fail(reason)
        pytest.skip(reason)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def counted(table: Sequence[dict[str, str]]) -> tuple[Counter[str], Counter[str]]:
    """Rows by fate, and the items for which rows were rejected."""
    dataset = bundled()["legal_entity"]
    fates: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    live: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in table:
        checked = {}
        for name, raw in row.items():
            item = dataset.column(name)
            assert item is not None
            checked[item.code] = check_value(item, raw)
        wrong = [code for code, one in checked.items() if not one.acceptable]
        if wrong:
            fates["rejected"] += 1
            causes.update("uscc" if "uscc" in wrong else "other" for _ in wrong[:1])
            continue
        fates["acceptable"] += 1
        fates["warned"] += any(one.verdict == "warn" for one in checked.values())
        values = {code: one.value for code, one in checked.items()}
        live[tuple(values[code] for code in dataset.row_key)].append(values)
    for same_key in live.values():
        distinct = [one for place, one in enumerate(same_key) if one not in same_key[:place]]
        if len(distinct) > 1:
            fates["conflicting"] += len(same_key)
        else:
            fates["identical"] += len(same_key) - 1
            fates["live"] += 1
    return fates, causes


def test_every_published_enterprise_of_the_city_is_acceptable() -> None:
    fates, _ = counted(rows("legal_entities_yuxi.csv"))
    assert (fates["acceptable"], fates["rejected"], fates["warned"]) == (2364, 0, 0)
    # One pair: two rows of the same content, of which one is live.
    assert (fates["identical"], fates["conflicting"], fates["live"]) == (1, 0, 2363)


def test_dirty_entities_come_out_exactly() -> None:
    fates, causes = counted(rows("legal_entities_dirty.csv"))
    assert (fates["rejected"], causes["uscc"], causes["other"]) == (480, 480, 0)
    assert (fates["acceptable"], fates["identical"]) == (260, 19)
    assert (fates["conflicting"], fates["live"]) == (2, 239)

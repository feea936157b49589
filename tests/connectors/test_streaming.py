"""Large files pass through in bounded memory: a process of its own reads, looks and cuts."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from world.serving import environment

ROWS, FEW = 300_000, 3_000
CEILING = 256 * 1024 * 1024
"""Bytes that a hundred times as many rows may cost more; the rows themselves are larger."""
TAKE = """
import json, re, sys
from pathlib import Path
from catalog.definition import bundled
from connectors.sources.intake import Intake
from connectors.sources.mapping import match_columns
from connectors.sources.opening import open_source
dataset = bundled()["legal_entity"]
source = open_source(Path(sys.argv[1]), dataset, {})
intake = Intake(source, match_columns(source.columns, dataset, {}))
size = sum(len(chunk.data) for chunk in intake.chunks(4 << 20))
# Not `ru_maxrss`, which begins with what the starting process had at its fork.
status = Path("/proc/self/status").read_text()
peak = int(re.search(r"VmHWM:\\s+([0-9]+) kB", status)[1]) * 1024
print(json.dumps({"rows": intake.rows, "size": size, "peak": peak}))
"""
QUERY = """
    SELECT '91530400MA6K' || lpad(CAST(range AS VARCHAR), 6, '0') AS uscc, '单位' || range AS name,
        DATE '2026-01-05' AS established_on, repeat('经营范围；', 50) || range AS scope,
        repeat('注册地址', 10) || range AS address
    FROM range({})
"""
WRITING = {
    "csv": "(FORMAT csv, HEADER true)",
    "parquet": "(FORMAT parquet, ROW_GROUP_SIZE 20000, COMPRESSION uncompressed)",
}


def write(path: Path, form: str, rows: int) -> None:
    with duckdb.connect(":memory:") as database:
        way = WRITING["parquet" if form == "parquet" else "csv"]
        database.execute(f"COPY ({QUERY.format(rows)}) TO '{path}' {way}")
    if form == "gb18030":
        path.write_bytes(path.read_text("utf-8").encode("gb18030"))


def taken(path: Path) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", TAKE, path],
        env=environment(),
        capture_output=True,
        check=True,
        timeout=110,
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "gb18030", "parquet"])
def test_a_hundred_times_the_rows_need_no_more_than_the_ceiling(
    form: str, tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    require(Path("/proc/self/status").exists(), "memory is measured through /proc")
    path = tmp_path / f"few.{form}"
    write(path, form, FEW)
    few = taken(path)
    path.unlink()
    path = tmp_path / f"many.{form}"
    write(path, form, ROWS)
    many = taken(path)
    path.unlink()
    assert (few["rows"], many["rows"]) == (FEW, ROWS)
    assert many["size"] > CEILING
    assert many["peak"] - few["peak"] < CEILING, (form, few, many)

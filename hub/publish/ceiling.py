"""How fast DuckDB alone reads a file: a ceiling for publication, told by ``hub bench``."""

import time
from pathlib import Path

import duckdb

_OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "temp_directory": "",
}


def read_rows_per_second(file: Path) -> float:
    """Rows a second that DuckDB reads of a CSV file into nothing, every column as text."""
    with duckdb.connect(":memory:", config=_OFFLINE) as connection:
        began = time.perf_counter()
        counted = connection.execute(
            "SELECT count(*), count(COLUMNS(*)) FROM read_csv(?, all_varchar = true)", [str(file)]
        ).fetchone()
        seconds = time.perf_counter() - began
    return int(counted[0]) / seconds if counted else 0.0

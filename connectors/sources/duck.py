"""DuckDB as a reader: in memory, without extensions, and telling no line of what it reads."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from connectors.sources.source import BATCH, Line
from connectors.sources.watch import Watch

__all__ = ["DuckError", "Rows", "connect", "field", "literal", "select", "select_lines"]

DuckError = duckdb.Error
Rows = Sequence[tuple[str | None, ...]]


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB that fetches no extension, leaves nothing on the disk and holds no file in memory.

    What it holds is 32 MiB a thread for CSV, and the pages of a row group for Parquet.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": "",
            "preserve_insertion_order": "true",
            # More would not make the hub faster, and each costs memory.
            "threads": "2",
        },
    )
    # It would be written to standard output, terminal or not.
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET enable_external_file_cache = false")
    # Else a whole row group of a Parquet file is fetched in one piece.
    connection.execute("SET disable_parquet_prefetching = true")
    return connection


def select(expressions: str, relation: str, parameters: Sequence[str]) -> Iterator[Rows]:
    """Batches of a query's rows, in order; raises ``DuckError``.

    All SQL is made by our modules of columns ``c0``, ``c1`` … and quoted literals.
    """
    connection = connect()
    try:
        found = connection.execute(
            f"SELECT {expressions} FROM {relation}",  # noqa: S608 see above
            list(parameters),
        )
        while batch := found.fetchmany(BATCH):
            yield batch
    finally:
        connection.close()


def select_lines(
    watch: Watch, relation: str, parameters: Sequence[str]
) -> Iterator[Sequence[Line]]:
    """The watched columns as lines, or as themselves where they want a second look.

    DuckDB writes the lines: Python would be the slower by half.
    """
    line = " || ',' || ".join(field(index) for index in watch.indices)
    values = ", ".join(f"c{index}" for index in watch.indices)
    odd = f"CASE WHEN {watch.odd_sql()} THEN [{values}] END"
    connection = connect()
    try:
        found = connection.execute(
            f"SELECT {line}, {odd} FROM {relation}",  # noqa: S608 see `select`
            list(parameters),
        )
        while batch := found.fetchmany(BATCH):
            yield [(text, None if row is None else tuple(row), 0) for text, row in batch]
    finally:
        connection.close()


def field(index: int) -> str:
    """SQL for one field of a line, quoted where RFC 4180 asks for it."""
    column = f"c{index}"
    return (
        f"CASE WHEN regexp_matches({column}, '[\",\\r\\n]')"
        f" THEN '\"' || replace({column}, '\"', '\"\"') || '\"' ELSE coalesce({column}, '') END"
    )


def literal(path: Path) -> str:
    """A path in which DuckDB sees no pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path.resolve()))

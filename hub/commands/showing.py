"""Tables for people, one JSON object for programs."""

import sys
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.table import Table

from certs.canonical import Json, canonical


def show(rows: Sequence[Mapping[str, Json]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows: one as lines, several as a table, or with tabs between where nobody looks."""
    if as_json:
        click.echo(canonical(list(rows)).decode())
        return
    if len(rows) == 1:
        wide = max(len(column) for column in columns)
        for column in columns:
            click.echo(f"{column:{wide}}  {_cell(rows[0].get(column))}")
    elif not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(_cell(row.get(column)) for column in columns))
    else:
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(_cell(row.get(column)) for column in columns))
        Console().print(table)


def _cell(value: Json) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={member}" for key, member in value.items())
    if isinstance(value, list):
        return " ".join(str(member) for member in value)
    return "" if value is None else str(value)

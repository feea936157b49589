"""Tables for people, one JSON object for programs."""

from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.table import Table

from certs.canonical import Json, canonical


def show(rows: Sequence[Mapping[str, Json]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows."""
    if as_json:
        click.echo(canonical(list(rows)).decode())
        return
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

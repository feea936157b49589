"""``hub reuse``: the figure, and the same derived again from the ledger."""

import sys
from collections.abc import Mapping

import click

from certs.canonical import Json, canonical
from hub.commands.acting import rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import Place, group, speak
from hub.ops.verify import verification
from hub.reuse.figure import told
from hub.reuse.verify import ReuseVerification
from hub.settings import load
from hub.storage.create import require_newest
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

COLUMNS = (
    "department",
    "service",
    "month",
    "cases",
    "listed",
    "covered",
    "brought",
    "later",
    "promised",
    "optional",
    "not_asked",
    "share",
    "reached",
)


@group(help=speak("hub.reuse.help"))
def reuse() -> None:
    """The figure."""


@reuse.command("show", help=speak("hub.reuse.show"))
@click.option("--from", "since", help=speak("hub.reuse.from"))
@click.option("--to", "until", help=speak("hub.reuse.to"))
@json_option
@click.pass_obj
def reuse_show(place: Place, *, since: str | None, until: str | None, as_json: bool) -> None:
    """Show the figure of what the signed-in person may see."""
    query = "&".join(f"{name}={one}" for name, one in (("from", since), ("to", until)) if one)
    found = signed_in(place).call("GET", f"/v1/reuse?{query}" if query else "/v1/reuse")
    if as_json:
        click.echo(canonical(found).decode())
        return
    total = found.get("total") if isinstance(found, dict) else None
    rows = [_readable(row) for row in rows_of(found, "cells")]
    if isinstance(total, dict):
        rows.append(_readable({"department": "*", "service": "*", "month": "*", **total}))
    show(rows, COLUMNS, as_json=False)


@reuse.command("verify", help=speak("hub.reuse.verify"))
@json_option
@click.pass_obj
def reuse_verify(place: Place, *, as_json: bool) -> None:
    """Derive the figure again from the ledger; status 1 if anything does not agree."""
    folder = Folder(place.folder)
    settings = load(folder.settings)
    require_newest(folder)
    connection = connect(folder.control)
    connection.execute("PRAGMA query_only=ON")
    # A figure of a log that does not hold would be worth nothing.
    log = verification(folder, settings, connection).run(lambda _done, _all: None)
    found = ReuseVerification(connection).run()
    connection.close()
    faults = [(one.position, one.why) for one in log.faults]
    faults += [(one.position, one.why) for one in found.faults]
    if as_json:
        listed: list[Json] = [{"position": position, "why": why} for position, why in faults]
        counts: dict[str, Json] = {"cases": found.cases, "entries": found.entries}
        click.echo(canonical({**counts, "faults": listed, "figure": told(found.cells)}).decode())
    else:
        for position, why in faults:
            key = "hub.ledger.verify.bad" if position >= 0 else "hub.reuse.verify.bad"
            click.echo(speak(key, position=position, why=why))
        if not faults:
            total = told(found.cells)["total"]
            share = total.get("share") if isinstance(total, dict) else None
            click.echo(
                speak(
                    "hub.reuse.verify.good",
                    cases=found.cases,
                    entries=found.entries,
                    share=_percent(share),
                )
            )
    sys.exit(1 if faults else 0)


def _readable(row: Mapping[str, Json]) -> dict[str, Json]:
    return {**row, "share": _percent(row.get("share"))}


def _percent(share: Json) -> str:
    """Hundredths of a per cent as people read them."""
    return f"{share // 100}.{share % 100:02d} %" if isinstance(share, int) else "—"

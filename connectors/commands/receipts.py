"""``connector receipts``: list, show, fetch proofs, export and verify evidence."""

import os
from pathlib import Path

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json, parse
from certs.encoding import rfc3339
from connectors.client import Connector
from connectors.commands.local import Setting, Texts, command_class, group_class, pass_setting
from connectors.commands.moments import MOMENT
from connectors.errors import EvidenceBroken
from connectors.keeping import keep_up
from connectors.receipts.evidence import MAX_EVIDENCE, Proven
from connectors.receipts.search import Wanted
from connectors.receipts.store import Kept
from connectors.screen import Screen
from connectors.sources.errors import TargetExists

STATES = ("received", "proven", "alarm")
_FILE = click.Path(dir_okay=False, path_type=Path)


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    kind = command_class(texts)
    receipts = group_class(texts)("receipts", help=texts("receipts.help"))
    group.add_command(receipts)

    @receipts.command("list", cls=kind, help=texts("receipts.list.help"))
    @click.option("--limit", type=click.IntRange(1, 1000), default=20, help=texts("args.limit"))
    @click.option("--before", type=click.IntRange(0), help=texts("args.before"))
    @click.option("--since", type=MOMENT, help=texts("receipts.list.since"))
    @click.option("--until", type=MOMENT, help=texts("receipts.list.until"))
    @click.option("--dataset", help=texts("receipts.list.dataset"))
    @click.option("--state", type=click.Choice(STATES), help=texts("receipts.list.state"))
    @click.option("--request", help=texts("receipts.list.request"))
    @click.option("--count", is_flag=True, help=texts("receipts.list.count"))
    @pass_setting
    def _list(
        setting: Setting,
        limit: int,
        before: int | None,
        since: int | None,
        until: int | None,
        dataset: str | None,
        state: str | None,
        request: str | None,
        *,
        count: bool,
    ) -> None:
        wanted = Wanted(since, until, dataset, state, request)
        with setting.open() as connector:
            if not count:
                found = connector.receipts.receipts(limit=limit, before=before, wanted=wanted)
                _show_list(setting.screen, found)
                return
            number = connector.receipts.count(wanted)
        setting.screen.say("connector.receipts.list.counted", count=number)
        setting.screen.value({"count": number})

    @receipts.command("show", cls=kind, help=texts("receipts.show.help"))
    @click.argument("entry", metavar=texts("args.entry"), type=click.IntRange(0))
    @pass_setting
    def _show(setting: Setting, entry: int) -> None:
        with setting.open() as connector:
            _show_one(setting.screen, connector, connector.receipts.entry(entry))

    @receipts.command("fetch", cls=kind, help=texts("receipts.fetch.help"))
    @click.option("--request", help=texts("receipts.fetch.request"))
    @pass_setting
    def _fetch(setting: Setting, request: str | None) -> None:
        with setting.open() as connector:
            if request is not None:
                kept = connector.recover(request)
                setting.screen.note("connector.receipts.recovered", entry=kept.entry)
            progress, opened = keep_up(connector)
        setting.screen.say(
            "connector.receipts.fetched", proven=progress.proven, waiting=progress.waiting
        )
        if opened:
            setting.screen.say("connector.ledger.opened", count=opened)
        setting.screen.value(
            {"opened": opened, "proven": progress.proven, "waiting": progress.waiting}
        )

    @receipts.command("export", cls=kind, help=texts("receipts.export.help"))
    @click.argument("entry", metavar=texts("args.entry"), type=click.IntRange(0))
    @click.argument("file", metavar=texts("args.evidence"), type=_FILE)
    @pass_setting
    def _export(setting: Setting, entry: int, file: Path) -> None:
        with setting.open() as connector:
            data = connector.export(connector.receipts.entry(entry))
        _write(file, data)
        setting.screen.say("connector.receipts.exported", file=str(file))
        setting.screen.value({"file": str(file)})

    _add_proof(receipts, texts)

    @receipts.command("verify", cls=kind, help=texts("receipts.verify.help"))
    @click.argument("file", metavar=texts("args.evidence"), type=_FILE)
    @pass_setting
    def _verify(setting: Setting, file: Path) -> None:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise EvidenceBroken(why="file") from error
        with setting.open() as connector:
            proven = connector.verify_evidence(data)
        _show_proven(setting.screen, proven)


def _add_proof(receipts: LocalGroup, texts: Texts) -> None:
    """Add ``connector receipts proof``."""

    @receipts.command("proof", cls=command_class(texts), help=texts("receipts.proof.help"))
    @click.argument("entry", metavar=texts("args.entry"), type=click.IntRange(0))
    @click.argument("file", metavar=texts("args.proof"), type=_FILE)
    @pass_setting
    def _proof(setting: Setting, entry: int, file: Path) -> None:
        with setting.open() as connector:
            text = connector.proof_file(connector.receipts.entry(entry), entry)
        _write(file, text.encode("utf-8"))
        setting.screen.say("connector.receipts.exported", file=str(file))
        setting.screen.value({"file": str(file)})


def _show_list(screen: Screen, receipts: list[Kept]) -> None:
    screen.table(
        [
            "connector.table.entry",
            "connector.table.time",
            "connector.table.operation",
            "connector.table.dataset",
            "connector.table.outcome",
            "connector.table.state",
            "connector.table.question",
        ],
        [
            [
                _entries(kept.entry, kept.entries),
                rfc3339(kept.time),
                screen.words(f"connector.operation.{kept.operation}"),
                kept.dataset,
                screen.words(f"connector.outcome.{kept.outcome}"),
                screen.words(f"connector.state.{kept.state}"),
                kept.request_id,
            ]
            for kept in receipts
        ],
    )
    screen.value({"receipts": [_told(kept) for kept in receipts]})


def _show_one(screen: Screen, connector: Connector, kept: Kept) -> None:
    question = connector.receipts.question(kept.request_id)
    asked = parse(question.body, max_bytes=MAX_EVIDENCE, max_depth=4)
    screen.value({**_told(kept), "asked": asked, "receipt": kept.token})
    rows = {
        "entry": _entries(kept.entry, kept.entries),
        "time": rfc3339(kept.time),
        "operation": screen.words(f"connector.operation.{kept.operation}"),
        "dataset": kept.dataset,
        "outcome": screen.words(f"connector.outcome.{kept.outcome}"),
        "state": screen.words(f"connector.state.{kept.state}"),
        "ledger": kept.origin,
        "question": kept.request_id,
        "asked": question.body.decode("utf-8"),
    }
    screen.table(
        ["connector.table.what", "connector.table.value"],
        [[screen.words(f"connector.table.{name}"), value] for name, value in rows.items()],
    )


def _show_proven(screen: Screen, proven: Proven) -> None:
    time = rfc3339(proven.time)
    entries = _entries(proven.entry, len(proven.controls))
    screen.say("connector.receipts.holds", entry=entries, time=time)
    if proven.in_ledger is None:
        screen.say("connector.receipts.without_proof")
    else:
        screen.say("connector.receipts.with_proof", size=proven.in_ledger)
    for one in proven.cosigned:
        screen.say("connector.receipts.cosigned", name=one.name, time=rfc3339(one.time))
    control = proven.control
    screen.value(
        {
            "entry": proven.entry,
            "entries": len(proven.controls),
            "time": time,
            "department": control.department,
            "dataset": control.dataset,
            "grant": control.grant,
            "outcome": control.outcome,
            "outcomes": [one.outcome for one in proven.controls],
            "question": proven.question,
            "ledger_size": proven.in_ledger,
            "witnesses": [{"name": one.name, "time": rfc3339(one.time)} for one in proven.cosigned],
        }
    )


def _entries(first: int, count: int) -> str:
    """Where entries stand: one index, or the first and the last of a batch."""
    return str(first) if count == 1 else f"{first}–{first + count - 1}"


def _told(kept: Kept) -> dict[str, Json]:
    return {
        "entry": kept.entry,
        "entries": kept.entries,
        "ledger": kept.origin,
        "time": rfc3339(kept.time),
        "operation": kept.operation,
        "dataset": kept.dataset,
        "status": kept.status,
        "outcome": kept.outcome,
        "state": kept.state,
        "request_id": kept.request_id,
    }


def _write(file: Path, data: bytes) -> None:
    """A new file that only its owner may read: it names the subject and the officer."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise TargetExists(file=str(file)) from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)

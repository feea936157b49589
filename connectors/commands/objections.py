"""``connector objections``: list, show, answer, raise, withdraw, notices.

Whom an objection is about, its values and its reason are read from files, from standard input or
at a prompt, and never from the arguments, as with questions.
"""

import sys
from pathlib import Path

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json, parse
from certs.errors import Malformed
from connectors.commands.local import Setting, Texts, command_class, group_class, pass_setting
from connectors.commands.subjects import MAX_CLAIMS, read_subject
from connectors.errors import QuestionRefused
from connectors.objections import OUTCOMES, STATUSES, Objection, Opened, Outcome, Status
from connectors.receipts.notices import Concerned, Notice, notices
from connectors.screen import Screen

_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
_STANDARD = Path("-")
_MAX_REASON = 64 * 1024


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    kind = command_class(texts)
    objections = group_class(texts)("objections", help=texts("objections.help"))
    group.add_command(objections)
    objection = click.argument("objection", metavar=texts("objections.id"))
    reason = click.option("--reason-file", required=True, type=_FILE, help=texts("objections.why"))

    @objections.command("list", cls=kind, help=texts("objections.list.help"))
    @click.option("--status", type=click.Choice(STATUSES), help=texts("objections.status"))
    @pass_setting
    def _list(setting: Setting, status: Status | None) -> None:
        with setting.open() as connector:
            found = connector.objections.listing(status)
        _show_list(setting.screen, found)

    @objections.command("show", cls=kind, help=texts("objections.show.help"))
    @objection
    @pass_setting
    def _show(setting: Setting, objection: str) -> None:
        with setting.open() as connector:
            opened = connector.objections.open(objection)
        _show_opened(setting.screen, opened)

    @objections.command("answer", cls=kind, help=texts("objections.answer.help"))
    @objection
    @click.option(
        "--outcome", required=True, type=click.Choice(OUTCOMES), help=texts("objections.outcome")
    )
    @reason
    @click.option("--publication", help=texts("objections.publication"))
    @pass_setting
    def _answer(
        setting: Setting,
        objection: str,
        outcome: Outcome,
        reason_file: Path,
        publication: str | None,
    ) -> None:
        why = _text(reason_file)
        with setting.open() as connector:
            answered = connector.objections.answer(objection, outcome, why, publication)
        _show_done(setting.screen, answered, "connector.objections.answered")

    @objections.command("withdraw", cls=kind, help=texts("objections.withdraw.help"))
    @objection
    @pass_setting
    def _withdraw(setting: Setting, objection: str) -> None:
        with setting.open() as connector:
            ended = connector.objections.withdraw(objection)
        _show_done(setting.screen, ended, "connector.objections.withdrawn")

    @objections.command("notices", cls=kind, help=texts("objections.notices.help"))
    @pass_setting
    def _notices(setting: Setting) -> None:
        with setting.open() as connector:
            connector.follow()
            found = notices(connector.receipts)
        _show_notices(setting.screen, found)

    _add_raise(objections, texts)


def _add_raise(objections: LocalGroup, texts: Texts) -> None:
    @objections.command("raise", cls=command_class(texts), help=texts("objections.raise.help"))
    @click.argument("dataset", metavar=texts("args.dataset"))
    @click.option("--subject-type", required=True, help=texts("args.subject_type"))
    @click.option(
        "--subject-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help=texts("args.subject_file"),
    )
    @click.option("--items", required=True, help=texts("objections.items"))
    @click.option("--reason-file", required=True, type=_FILE, help=texts("objections.why"))
    @click.option("--match-file", type=_FILE, help=texts("objections.match"))
    @click.option("--values-file", type=_FILE, help=texts("objections.values"))
    @click.option("--evidence-file", type=_FILE, help=texts("objections.evidence"))
    @pass_setting
    def _raise(
        setting: Setting,
        dataset: str,
        subject_type: str,
        subject_file: Path | None,
        items: str,
        reason_file: Path,
        match_file: Path | None,
        values_file: Path | None,
        evidence_file: Path | None,
    ) -> None:
        files = (reason_file, match_file, values_file, evidence_file)
        if files.count(_STANDARD) + (subject_file is None) > 1:
            # One stream cannot be two things: the subject comes from it where no file is named.
            raise QuestionRefused(why="standard-input-twice")
        why = _text(reason_file)
        match, values = (_values(file) for file in (match_file, values_file))
        evidence = "" if evidence_file is None else _text(evidence_file)
        subject = read_subject(setting.screen, subject_file)
        with setting.open() as connector:
            raised = connector.objections.raise_(
                dataset,
                subject_type,
                subject,
                items=[item.strip() for item in items.split(",")],
                reason=why,
                match=match,
                values=values,
                evidence=evidence,
            )
        _show_done(setting.screen, raised, "connector.objections.raised")


def _text(file: Path) -> str:
    """A text in a file or, for ``-``, on standard input."""
    try:
        if file == _STANDARD:
            return sys.stdin.read(_MAX_REASON).strip()
        with file.open(encoding="utf-8-sig") as stream:
            return stream.read(_MAX_REASON).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionRefused(why="reason") from error


def _values(file: Path | None) -> dict[str, str]:
    """Values by item, as a JSON object of texts."""
    if file is None:
        return {}
    try:
        data = sys.stdin.buffer.read(MAX_CLAIMS) if file == _STANDARD else file.read_bytes()
        value = parse(data, max_bytes=MAX_CLAIMS, max_depth=2)
    except (OSError, Malformed) as error:
        raise QuestionRefused(why="claims") from error
    if not isinstance(value, dict):
        raise QuestionRefused(why="claims")
    found = {name: one for name, one in value.items() if isinstance(one, str)}
    if len(found) != len(value):
        raise QuestionRefused(why="claims")
    return found


def _show_list(screen: Screen, found: tuple[Objection, ...]) -> None:
    told: list[Json] = [objection.model_dump(mode="json") for objection in found]
    screen.value({"objections": told})
    if not found:
        screen.say("connector.objections.none")
        return
    screen.table(
        [
            "connector.objections.table.id",
            "connector.objections.table.status",
            "connector.table.dataset",
            "connector.table.items",
            "connector.objections.table.department",
            "connector.objections.table.provider",
            "connector.objections.table.due",
        ],
        [
            [
                one.id,
                screen.words(f"connector.objections.status.{one.status}"),
                one.dataset,
                ",".join(one.items),
                one.department,
                one.provider,
                _due(screen, one),
            ]
            for one in found
        ],
    )


def _due(screen: Screen, objection: Objection) -> str:
    if objection.due is None:
        return ""
    late = objection.urgency or "on-time"
    return f"{objection.due} {screen.words(f'connector.objections.urgency.{late}')}"


def _show_opened(screen: Screen, opened: Opened) -> None:
    screen.value(opened.model_dump(mode="json"))
    said, objection = opened.said, opened.objection
    rows = [
        ["connector.objections.table.id", objection.id],
        [
            "connector.objections.table.status",
            screen.words(f"connector.objections.status.{objection.status}"),
        ],
        ["connector.table.dataset", objection.dataset],
        ["connector.objections.table.department", objection.department],
        ["connector.objections.table.subject", f"{said.subject.type} {said.subject.id}"],
        ["connector.table.items", ",".join(said.items)],
        ["connector.objections.table.match", _pairs(said.match)],
        ["connector.objections.table.values", _pairs(said.values)],
        ["connector.table.reason", said.reason],
        ["connector.objections.table.evidence", said.evidence],
        ["connector.objections.table.due", _due(screen, objection)],
        ["connector.objections.table.answer", opened.answer_reason or ""],
    ]
    screen.table(
        ["connector.table.what", "connector.table.value"],
        [[screen.words(key), value] for key, value in rows if value],
    )
    screen.say("connector.objections.opened", entry=opened.entry)


def _pairs(values: "object") -> str:
    return "; ".join(f"{k}={v}" for k, v in values.items()) if isinstance(values, dict) else ""


def _show_done(screen: Screen, objection: Objection, key: str) -> None:
    screen.value(objection.model_dump(mode="json"))
    status = screen.words(f"connector.objections.status.{objection.status}")
    due = "" if objection.due is None else objection.due
    screen.say(key, id=objection.id, status=status, due=due)


def _show_notices(screen: Screen, found: list[Notice]) -> None:
    screen.value({"notices": [_told(one) for one in found]})
    if not found:
        screen.say("connector.objections.notices.none")
    for notice in found:
        screen.say(
            "connector.objections.notices.one",
            objection=notice.objection,
            dataset=notice.dataset,
            provider=notice.provider,
            time=notice.time,
        )
        screen.table(
            [
                "connector.table.entry",
                "connector.table.time",
                "connector.table.operation",
                "connector.table.question",
                "connector.objections.table.officer",
                "connector.objections.table.case",
            ],
            [_row(one) for one in notice.receipts],
        )
        if notice.elsewhere:
            entries = ", ".join(map(str, notice.elsewhere))
            screen.say("connector.objections.notices.elsewhere", entries=entries)


def _row(one: Concerned) -> list[str]:
    return [str(one.entry), one.time, one.operation, one.request_id, one.officer, one.case or ""]


def _told(notice: Notice) -> dict[str, Json]:
    receipts: list[Json] = [
        {
            "case": one.case,
            "entry": one.entry,
            "officer": one.officer,
            "operation": one.operation,
            "request_id": one.request_id,
            "time": one.time,
        }
        for one in notice.receipts
    ]
    return {
        "dataset": notice.dataset,
        "elsewhere": [*notice.elsewhere],
        "entry": notice.entry,
        "objection": notice.objection,
        "provider": notice.provider,
        "receipts": receipts,
        "time": notice.time,
    }

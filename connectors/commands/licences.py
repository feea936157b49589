"""``connector licence issue|act|credential|paper|show|file|verify-file``: what departments do.

What stands on a licence comes from a file, never from the arguments, and so do the numbers of a
holder and of a licence that is viewed; a credential and a print go to files that nobody else reads.
"""

from collections.abc import Callable
from pathlib import Path

import click

from catalog.licence_record import BY_IDENTIFIER
from catalog.licences.status import Act
from catalog.terminal import LocalGroup
from certs.canonical import Json
from certs.keys import write_secret
from connectors.answers import View
from connectors.commands.local import Setting, Texts, command_class, group_class, pass_setting
from connectors.commands.questions import proof_told
from connectors.commands.subjects import read_line, read_subject
from connectors.errors import QuestionRefused
from connectors.licences import (
    LicenceDone,
    LicenceUnreadable,
    digest_of,
    read_key,
    read_order,
)
from connectors.screen import EXIT_REFUSED

_FILE = click.Path(dir_okay=False, path_type=Path)
_ACTS = tuple(act.value for act in Act if act is not Act.EXPIRE)


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    licence = group_class(texts)("licence", help=texts("licence.help"))
    group.add_command(licence)
    for one in (
        _add_issue,
        _add_act,
        _add_credential,
        _add_paper,
        _add_show,
        _add_file,
        _add_verify_file,
    ):
        one(licence, texts)


def _licence(texts: Texts) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.argument("licence", metavar=texts("args.licence"))


def _add_issue(group: LocalGroup, texts: Texts) -> None:
    @group.command("issue", cls=command_class(texts), help=texts("licence.issue.help"))
    @click.argument("order", type=_FILE, metavar=texts("args.licence_order"))
    @click.option("--case", help=texts("licence.case"))
    @click.option("--credential", type=_FILE, help=texts("licence.credential.out"))
    @click.option("--holder-key", type=_FILE, help=texts("licence.holder_key"))
    @click.option("--replaces", metavar=texts("args.licence"), help=texts("licence.replaces"))
    @pass_setting
    def _issue(
        setting: Setting,
        order: Path,
        case: str | None,
        credential: Path | None,
        holder_key: Path | None,
        replaces: str | None,
    ) -> None:
        asked = read_order(_read(order))
        key = None if holder_key is None else read_key(_read(holder_key))
        _require_new(credential)
        with setting.open() as connector:
            done = connector.licences.issue(
                asked,
                case=case,
                credential=credential is not None,
                holder_key=key,
                replaces=replaces,
            )
        _tell(setting, done, credential)


def _add_act(group: LocalGroup, texts: Texts) -> None:
    @group.command("act", cls=command_class(texts), help=texts("licence.act.help"))
    @_licence(texts)
    @click.argument("act", type=click.Choice(_ACTS))
    @click.option("--note-file", type=_FILE, help=texts("licence.note"))
    @click.option("--case", help=texts("licence.case"))
    @click.option("--version", type=click.IntRange(1), help=texts("licence.version"))
    @pass_setting
    def _act(
        setting: Setting,
        licence: str,
        act: str,
        note_file: Path | None,
        case: str | None,
        version: int | None,
    ) -> None:
        note = "" if note_file is None else _text(_read(note_file))
        with setting.open() as connector:
            done = connector.licences.act(licence, Act(act), note=note, version=version, case=case)
        _tell(setting, done, None)


def _add_credential(group: LocalGroup, texts: Texts) -> None:
    @group.command("credential", cls=command_class(texts), help=texts("licence.credential.help"))
    @_licence(texts)
    @click.argument("out", type=_FILE, metavar=texts("args.licence_out"))
    @click.option("--holder-key", type=_FILE, help=texts("licence.holder_key"))
    @pass_setting
    def _credential(setting: Setting, licence: str, out: Path, holder_key: Path | None) -> None:
        key = None if holder_key is None else read_key(_read(holder_key))
        _require_new(out)
        with setting.open() as connector:
            done = connector.licences.credential(licence, key)
        _tell(setting, done, out)


def _add_paper(group: LocalGroup, texts: Texts) -> None:
    @group.command("paper", cls=command_class(texts), help=texts("licence.paper.help"))
    @_licence(texts)
    @click.argument("out", type=_FILE, metavar=texts("args.licence_out"))
    @click.option(
        "--language", type=click.Choice(["zh", "en"]), default="zh", help=texts("licence.language")
    )
    @pass_setting
    def _paper(setting: Setting, licence: str, out: Path, language: str) -> None:
        _require_new(out)
        with setting.open() as connector:
            data = connector.licences.paper(licence, language)
        _write(out, data)
        setting.screen.value({"file": str(out), "licence": licence})
        setting.screen.say("connector.licence.written", file=str(out))


def _add_show(group: LocalGroup, texts: Texts) -> None:
    @group.command("show", cls=command_class(texts), help=texts("licence.show.help"))
    @_licence(texts)
    @pass_setting
    def _show(setting: Setting, licence: str) -> None:
        with setting.open() as connector:
            shown = connector.licences.show(licence)
        screen = setting.screen
        screen.value(shown.model_dump())
        rows = [
            [name, " ".join(value) if isinstance(value, list) else str(value or "")]
            for name, value in shown.model_dump().items()
        ]
        screen.table(["connector.table.item", "connector.table.value"], rows)


def _add_file(group: LocalGroup, texts: Texts) -> None:
    @group.command("file", cls=command_class(texts), help=texts("licence.file.help"))
    @click.argument("dataset", metavar=texts("args.dataset"))
    @click.argument("out", type=_FILE, metavar=texts("args.licence_out"))
    @click.option(
        "--subject-type",
        default=BY_IDENTIFIER,
        show_default=True,
        help=texts("args.subject_type"),
    )
    @click.option("--subject-file", type=_FILE, help=texts("args.subject_file"))
    @click.option("--licence-file", type=_FILE, help=texts("licence.file.licence"))
    @click.option("--purpose", required=True, help=texts("args.purpose"))
    @click.option("--officer", required=True, help=texts("args.officer"))
    @click.option("--case", help=texts("args.case"))
    @click.option("--language", type=click.Choice(["zh", "en"]), help=texts("licence.language"))
    @click.pass_context
    @pass_setting
    def _file(
        setting: Setting,
        context: click.Context,
        /,
        dataset: str,
        out: Path,
        subject_type: str,
        subject_file: Path | None,
        licence_file: Path | None,
        **reason: str | None,
    ) -> None:
        _require_new(out)
        screen = setting.screen
        subject = read_subject(screen, subject_file)
        if licence_file is None and subject_type != BY_IDENTIFIER:
            raise QuestionRefused(why="licence")
        licence = subject if licence_file is None else read_line(licence_file, "licence")
        with setting.open() as connector:
            view = connector.view_licence(
                dataset,
                subject_type,
                subject,
                licence=licence,
                language=reason["language"],
                purpose=str(reason["purpose"]),
                officer=str(reason["officer"]),
                case=reason["case"],
            )
            if view.licence is not None:
                connector.fetch(view, out)
        _tell_view(setting, view, out)
        context.exit(0 if view.licence is not None else EXIT_REFUSED)


def _tell_view(setting: Setting, view: View, out: Path) -> None:
    screen, proof = setting.screen, proof_told(view.proof)
    if view.licence is None:
        screen.value({"file": None, "licence": None, "proof": proof, "status": view.status})
        if view.status is None:
            screen.note("connector.licence.file.absent")
        else:
            screen.note("connector.licence.file.not_in_force", status=view.status)
    else:
        told: Json = view.licence.model_dump()
        screen.value({"file": str(out), "licence": told, "proof": proof, "status": view.status})
        if view.licence.disputed:
            screen.say("connector.lookup.disputed")
        screen.say("connector.licence.written", file=str(out))
    screen.say("connector.lookup.proof", entry=view.proof.entry, request_id=view.proof.request_id)


def _add_verify_file(group: LocalGroup, texts: Texts) -> None:
    @group.command("verify-file", cls=command_class(texts), help=texts("licence.verify_file.help"))
    @click.argument("file", type=_FILE, metavar=texts("args.licence_file"))
    @click.pass_context
    @pass_setting
    def _verify_file(setting: Setting, context: click.Context, file: Path) -> None:
        try:
            with file.open("rb") as stream:
                digest = digest_of(stream)
        except OSError as error:
            raise LicenceUnreadable(why="file") from error
        with setting.open() as connector:
            checked = connector.licences.check(digest)
        screen = setting.screen
        screen.value({**checked.model_dump(), "good": checked.good, "sha256": digest})
        if not checked.printed_here:
            screen.say("connector.licence.not_printed")
        else:
            rows = [[code, text] for code, text in (checked.minimum or {}).items()]
            screen.table(["connector.table.item", "connector.table.value"], rows)
            screen.say(
                "connector.licence.printed",
                status=str(checked.status),
                time=str(checked.printed),
            )
        context.exit(0 if checked.good else EXIT_REFUSED)


def _tell(setting: Setting, done: LicenceDone, out: Path | None) -> None:
    screen = setting.screen
    told: dict[str, Json] = done.model_dump(exclude={"credential"})
    if out is not None and done.credential is not None:
        _write(out, f"{done.credential}\n".encode("ascii"))
        told["file"] = str(out)
    screen.value(told)
    if done.entry is None:
        screen.say("connector.licence.known", licence=done.licence, status=done.status)
        return
    screen.say("connector.licence.done", licence=done.licence, status=done.status, entry=done.entry)
    if out is not None:
        screen.say("connector.licence.written", file=str(out))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise LicenceUnreadable(why="file") from error


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise LicenceUnreadable(why="text") from error


def _require_new(path: Path | None) -> None:
    """Nothing is made that could then not be written: each credential takes a place for ever."""
    if path is not None and path.exists():
        raise LicenceUnreadable(why="output-exists")


def _write(path: Path, data: bytes) -> None:
    try:
        write_secret(path, data)
    except FileExistsError as error:
        raise LicenceUnreadable(why="output-exists") from error
    except OSError as error:
        raise LicenceUnreadable(why="output") from error

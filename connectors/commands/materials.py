"""``connector material add|list|view|status``: files of applicants, handed in once.

Whom a material is about is read as in ``questions.py``, never from the arguments.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import click

from catalog.material import ITEMS, MEDIA_TYPES, NUMBER
from catalog.terminal import LocalGroup
from certs.canonical import Json
from connectors.client import Connector
from connectors.commands.local import Setting, Texts, command_class, group_class, pass_setting
from connectors.commands.questions import proof_told
from connectors.commands.subjects import read_subject
from connectors.materials.errors import MaterialRefused

_FILE = click.Path(dir_okay=False, path_type=Path)
_STATUSES = ("usable", "suspended", "withdrawn")
_REFUSED = 1
Command: TypeAlias = Callable[..., int | None]
Decorator: TypeAlias = Callable[[Command], Command]


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    material = group_class(texts)("material", help=texts("material.help"))
    group.add_command(material)
    for one in (_add_filing, _add_finding, _add_viewing, _add_status):
        one(material, texts)


def _dataset(texts: Texts) -> Decorator:
    return click.argument("dataset", metavar=texts("args.dataset"))


def _subject(texts: Texts) -> Decorator:
    return _together(
        click.option("--subject-type", required=True, help=texts("args.subject_type")),
        click.option("--subject-file", type=_FILE, help=texts("args.subject_file")),
    )


def _reason(texts: Texts) -> Decorator:
    return _together(
        click.option("--purpose", required=True, help=texts("args.purpose")),
        click.option("--officer", required=True, help=texts("args.officer")),
        click.option("--case", help=texts("args.case")),
    )


def _together(*options: Decorator) -> Decorator:
    """Several options as one, in their order."""

    def decorate(function: Command) -> Command:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _add_filing(material: LocalGroup, texts: Texts) -> None:
    kind = command_class(texts)

    @material.command("add", cls=kind, help=texts("material.add.help"))
    @_dataset(texts)
    @click.argument("file", type=_FILE, metavar=texts("args.material_file"))
    @_subject(texts)
    @click.option("--title", help=texts("material.title"))
    @click.option("--issuer", help=texts("material.issuer"))
    @click.option("--number", help=texts("material.number"))
    @click.option("--valid-from", help=texts("material.valid_from"))
    @click.option("--valid-until", help=texts("material.valid_until"))
    @click.option("--case", help=texts("material.case"))
    @click.option("--sighted-by", help=texts("material.sighted_by"))
    @click.option("--sighted-on", help=texts("material.sighted_on"))
    @pass_setting
    def _add(
        setting: Setting,
        /,
        dataset: str,
        file: Path,
        subject_type: str,
        subject_file: Path | None,
        **said: str | None,
    ) -> int:
        subject = read_subject(setting.screen, subject_file)
        metadata: dict[str, Json] = {
            name: value for name, value in said.items() if value is not None
        }
        with setting.open() as connector:
            ended = connector.file(dataset, subject_type, subject, file, metadata)
        screen = setting.screen
        screen.value({**ended.model_dump()})
        if ended.material is None:
            why = screen.words(f"connector.material.failure.{_failure(ended.failure)}")
            screen.note("connector.material.refused", why=why)
            return _REFUSED
        screen.say(f"connector.material.{ended.state}", material=ended.material)
        return 0


def _add_finding(material: LocalGroup, texts: Texts) -> None:
    kind = command_class(texts)

    @material.command("list", cls=kind, help=texts("material.list.help"))
    @_dataset(texts)
    @_subject(texts)
    @_reason(texts)
    @pass_setting
    def _list(
        setting: Setting,
        dataset: str,
        subject_type: str,
        subject_file: Path | None,
        purpose: str,
        officer: str,
        case: str | None,
    ) -> None:
        subject = read_subject(setting.screen, subject_file)
        with setting.open() as connector:
            answer = connector.lookup(
                dataset,
                subject_type,
                subject,
                items=_granted(connector, dataset),
                purpose=purpose,
                officer=officer,
                case=case,
            )
        screen = setting.screen
        told: list[Json] = [
            {"disputed": one.disputed, "items": dict(one.items)} for one in answer.records
        ]
        screen.value({"materials": told, "proof": proof_told(answer.proof)})
        if not answer.found:
            screen.say("connector.lookup.nothing")
        for one in answer.records:
            if one.disputed:
                screen.say("connector.lookup.disputed")
            screen.table(
                ["connector.table.item", "connector.table.value"],
                [[code, value] for code, value in one.items.items()],
            )
        screen.say(
            "connector.lookup.proof", entry=answer.proof.entry, request_id=answer.proof.request_id
        )


def _add_viewing(material: LocalGroup, texts: Texts) -> None:
    kind = command_class(texts)

    @material.command("view", cls=kind, help=texts("material.view.help"))
    @_dataset(texts)
    @click.argument("material", metavar=texts("args.material"))
    @_subject(texts)
    @_reason(texts)
    @click.option("--out", type=_FILE, help=texts("material.out"))
    @click.option("--thumbnail", is_flag=True, help=texts("material.thumbnail"))
    @pass_setting
    def _view(
        setting: Setting,
        dataset: str,
        material: str,
        subject_type: str,
        subject_file: Path | None,
        purpose: str,
        officer: str,
        case: str | None,
        out: Path | None,
        *,
        thumbnail: bool,
    ) -> None:
        subject = read_subject(setting.screen, subject_file)
        with setting.open() as connector:
            view = connector.view(
                dataset,
                subject_type,
                subject,
                material=material,
                purpose=purpose,
                officer=officer,
                case=case,
            )
            if view.material is None:
                raise MaterialRefused(why="absent")
            end = "jpg" if thumbnail else MEDIA_TYPES.get(view.material.media_type, "bin")
            path = out or Path(f"{material}.{end}")
            if thumbnail:
                _write(path, connector.thumbnail(view))
            else:
                connector.fetch(view, path)
        screen = setting.screen
        told: dict[str, Json] = {"file": str(path), "material": view.material.model_dump()}
        screen.value({**told, "proof": proof_told(view.proof)})
        if view.material.disputed:
            screen.say("connector.lookup.disputed")
        if view.material.expired:
            screen.say("connector.material.expired")
        screen.say("connector.material.written", file=str(path))
        screen.say(
            "connector.lookup.proof", entry=view.proof.entry, request_id=view.proof.request_id
        )


def _add_status(material: LocalGroup, texts: Texts) -> None:
    kind = command_class(texts)

    @material.command("status", cls=kind, help=texts("material.status.help"))
    @click.argument("material", metavar=texts("args.material"))
    @click.argument("status", type=click.Choice(_STATUSES))
    @pass_setting
    def _status(setting: Setting, material: str, status: str) -> None:
        with setting.open() as connector:
            entry = connector.set_material(material, status)
        setting.screen.value({"entry": entry})
        setting.screen.say("connector.material.status_set", entry=entry)


def _granted(connector: Connector, dataset: str) -> list[str]:
    """The items of a material that some standing grant lets us ask for."""
    found = {
        item
        for grant in connector.grants()
        if grant.dataset == dataset and grant.status == "active" and "lookup" in grant.operations
        for item in grant.items
    }
    return [code for code in ITEMS if code in found] or [NUMBER]


_FAILURES = frozenset(
    {
        "digest",
        "file-ambiguous",
        "file-bomb",
        "file-malware",
        "file-type",
        "file-type-other",
        "file-unreadable",
    }
)


def _failure(failure: str | None) -> str:
    """What was wrong with the file; ``other`` for what a newer hub says."""
    return failure if failure in _FAILURES else "other"


def _write(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise MaterialRefused(why="output-exists") from error
    except OSError as error:
        raise MaterialRefused(why="output") from error

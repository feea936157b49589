"""``connector dossier``: all that our grants allow about one subject, by family."""

from pathlib import Path

import click

from catalog.messages import Language
from catalog.terminal import LocalGroup
from certs.canonical import Json
from certs.encoding import rfc3339
from connectors.batch.question import Subject
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.commands.subjects import read_subject
from connectors.joint.dossier import Dossier, Section
from connectors.screen import Screen

_FILE = click.Path(dir_okay=False, path_type=Path)


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the command to ``group``."""

    @group.command("dossier", cls=command_class(texts), help=texts("dossier.help"))
    @click.option("--subject-type", required=True, help=texts("args.subject_type"))
    @click.option("--subject-file", type=_FILE, help=texts("args.subject_file"))
    @click.option("--purpose", required=True, help=texts("args.purpose"))
    @click.option("--officer", required=True, help=texts("args.officer"))
    @click.option("--case", help=texts("args.case"))
    @pass_setting
    def _dossier(
        setting: Setting,
        subject_type: str,
        subject_file: Path | None,
        purpose: str,
        officer: str,
        case: str | None,
    ) -> None:
        subject = Subject(subject_type, read_subject(setting.screen, subject_file), case)
        with setting.open() as connector:
            dossier = connector.dossier(subject, purpose=purpose, officer=officer)
        _show(setting.screen, dossier)


def _show(screen: Screen, dossier: Dossier) -> None:
    sections: list[Json] = [_told(section) for section in dossier.sections]
    proof = dossier.proof
    told: dict[str, Json] = {
        "entry": proof.entry,
        "receipt": proof.token,
        "request_id": proof.request_id,
        "time": rfc3339(proof.time),
    }
    screen.value({"proof": told, "sections": sections})
    for family, found in dossier.by_family.items():
        title = screen.words(f"console.catalogue.family.{family}")
        screen.say("connector.dossier.family", family=title)
        for section in found:
            _show_section(screen, section)
    screen.say("connector.lookup.proof", entry=proof.entry, request_id=proof.request_id)


def _show_section(screen: Screen, section: Section) -> None:
    definition, answer = section.held.definition, section.answer
    title = _title(definition.title_zh, definition.title_en, screen.language)
    screen.say(
        "connector.dossier.section",
        title=title,
        provider=section.held.department,
        as_of=answer.as_of or screen.words("connector.dossier.unpublished"),
    )
    if answer.problem is not None:
        screen.say("connector.dossier.refused", why=_why(screen, answer.problem))
    elif not answer.records:
        screen.say("connector.lookup.nothing")
    for record in answer.records:
        if record.disputed:
            screen.say("connector.lookup.disputed")
        items = definition.by_code
        screen.table(
            ["connector.table.item", "connector.table.value"],
            [
                [_title(items[code].title_zh, items[code].title_en, screen.language), value]
                for code, value in record.items.items()
            ],
        )


def _why(screen: Screen, code: str) -> str:
    return screen.words(f"problem.{code}.title")


def _title(zh: str, en: str, language: Language) -> str:
    return zh if language == "zh" else en


def _told(section: Section) -> dict[str, Json]:
    answer = section.answer
    records: list[Json] = [
        {"disputed": one.disputed, "items": dict(one.items)} for one in answer.records
    ]
    return {
        "as_of": answer.as_of,
        "dataset": section.held.definition.code,
        "department": section.held.department,
        "entry": answer.entry,
        "family": section.held.definition.family,
        "problem": answer.problem,
        "records": records,
    }

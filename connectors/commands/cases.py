"""``connector case …``: cases 办件 opened and handled, each answer shown with what proves it.

Parties are read from a file of one's own or from standard input, and never from the arguments:
those can be seen by every user of the machine and stay in the shell's history.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json
from certs.keys import write_secret
from connectors.cases.answer import (
    CASE_STATUSES,
    OUTCOMES,
    RESULTS,
    CaseStatus,
    Material,
    Outcome,
    Result,
)
from connectors.cases.errors import CaseFileRefused
from connectors.cases.printed import page
from connectors.cases.question import Said
from connectors.cases.verify import CheckedCase
from connectors.cases.words import Sheet, sheet
from connectors.commands.case_files import (
    read_entered,
    read_opening,
    read_people,
    read_reason,
)
from connectors.commands.local import Setting, Texts, command_class, group_class, pass_setting
from connectors.errors import QuestionRefused
from connectors.screen import EXIT_REFUSED, Screen
from connectors.sources.errors import TargetExists

_FILE = click.Path(dir_okay=False, path_type=Path)
Command: TypeAlias = Callable[..., int | None]
Decorator: TypeAlias = Callable[[Command], Command]


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    case = group_class(texts)("case", help=texts("case.help"))
    group.add_command(case)
    for one in (_add_open, _add_states, _add_read, _add_supplement, _add_review, _add_conclude):
        one(case, texts)
    for one in (_add_bring, _add_commitments, _add_withdraw):
        one(case, texts)


def _add_open(group: LocalGroup, texts: Texts) -> None:
    @group.command("open", cls=command_class(texts), help=texts("case.open.help"))
    @click.option(
        "--service", "services", multiple=True, required=True, help=texts("case.service.code")
    )
    @click.option("--case", "number", required=True, help=texts("args.case"))
    @click.option("--purpose", required=True, help=texts("args.purpose"))
    @_officer(texts)
    @click.option("--parties-file", type=_FILE, help=texts("case.parties_file"))
    @click.option("--given-file", type=_FILE, help=texts("case.given_file"))
    @_out(texts)
    @pass_setting
    def _open(
        setting: Setting,
        services: tuple[str, ...],
        number: str,
        purpose: str,
        officer: str,
        parties_file: Path | None,
        given_file: Path | None,
        out: Path | None,
    ) -> None:
        given = read_entered(given_file)
        said = Said(services, number, purpose, read_people(parties_file), given)
        _require_new(out)
        with setting.open() as connector:
            opened = connector.cases.open(said, officer=officer)
        _show(setting.screen, opened, out)


def _add_states(group: LocalGroup, texts: Texts) -> None:
    kind = command_class(texts)

    @group.command("list", cls=kind, help=texts("case.list.help"))
    @click.option("--status", type=click.Choice(CASE_STATUSES), help=texts("case.list.status"))
    @click.option("--before", help=texts("case.list.before"))
    @pass_setting
    def _list(setting: Setting, status: CaseStatus | None, before: str | None) -> None:
        with setting.open() as connector:
            found = connector.cases.listing(status, before)
        screen = setting.screen
        screen.value({**found.model_dump(mode="json")})
        screen.table(
            [f"connector.case.table.{name}" for name in ("case", "opened", "status", "open")],
            [
                [
                    one.case,
                    one.opened,
                    _status(screen, one.status, one.result),
                    _open_of(one.materials),
                ]
                for one in found.cases
            ],
        )
        if found.more is not None:
            screen.say("connector.case.more", before=found.more)

    @group.command("show", cls=kind, help=texts("case.show.help"))
    @_case(texts)
    @pass_setting
    def _show_state(setting: Setting, case: str) -> None:
        with setting.open() as connector:
            state = connector.cases.show(case)
        screen = setting.screen
        screen.value({**state.model_dump(mode="json")})
        screen.say(
            "connector.case.state",
            case=state.case,
            version=state.version,
            status=_status(screen, state.status, state.result),
        )
        screen.table(
            [f"connector.case.table.{name}" for name in ("service", "material", "status", "until")],
            [
                [
                    one.service,
                    one.material,
                    screen.words(f"notice.status.{one.status}"),
                    one.until or "",
                ]
                for one in state.materials
            ],
        )


def _add_read(group: LocalGroup, texts: Texts) -> None:
    @group.command("read", cls=command_class(texts), help=texts("case.read.help"))
    @_case(texts)
    @_officer(texts)
    @_out(texts)
    @pass_setting
    def _read(setting: Setting, case: str, officer: str, out: Path | None) -> None:
        _require_new(out)
        with setting.open() as connector:
            read = connector.cases.read(case, officer=officer)
        _show(setting.screen, read, out)


def _add_supplement(group: LocalGroup, texts: Texts) -> None:
    @group.command("supplement", cls=command_class(texts), help=texts("case.supplement.help"))
    @_case(texts)
    @_officer(texts)
    @click.option("--parties-file", type=_FILE, help=texts("case.parties_more"))
    @click.option("--given-file", type=_FILE, help=texts("case.given_file"))
    @_version(texts)
    @_out(texts)
    @pass_setting
    def _supplement(
        setting: Setting,
        case: str,
        officer: str,
        parties_file: Path | None,
        given_file: Path | None,
        version: int | None,
        out: Path | None,
    ) -> None:
        if parties_file is None and given_file is None:
            raise QuestionRefused(why="supplement")
        parties = {} if parties_file is None else read_people(parties_file)
        given = read_entered(given_file)
        _require_new(out)
        with setting.open() as connector:
            done = connector.cases.supplement(
                case, officer=officer, parties=parties, given=given, version=version
            )
        _show(setting.screen, done, out)


def _add_review(group: LocalGroup, texts: Texts) -> None:
    @group.command("review", cls=command_class(texts), help=texts("case.review.help"))
    @_case(texts)
    @_officer(texts)
    @click.option("--opening-file", type=_FILE, help=texts("case.opening_file"))
    @_version(texts)
    @_out(texts)
    @pass_setting
    def _review(
        setting: Setting,
        case: str,
        officer: str,
        opening_file: Path | None,
        version: int | None,
        out: Path | None,
    ) -> None:
        said = read_opening(opening_file)
        _require_new(out)
        with setting.open() as connector:
            done = connector.cases.review(case, officer=officer, version=version, said=said)
        _show(setting.screen, done, out)


def _add_conclude(group: LocalGroup, texts: Texts) -> None:
    @group.command("conclude", cls=command_class(texts), help=texts("case.conclude.help"))
    @_case(texts)
    @click.argument("result", type=click.Choice(RESULTS))
    @_officer(texts)
    @click.option("--reason-file", required=True, type=_FILE, help=texts("case.reason_file"))
    @click.option("--opening-file", type=_FILE, help=texts("case.opening_file"))
    @_version(texts)
    @pass_setting
    def _conclude(
        setting: Setting,
        case: str,
        result: Result,
        officer: str,
        reason_file: Path,
        opening_file: Path | None,
        version: int | None,
    ) -> int:
        said, reason = read_opening(opening_file), read_reason(reason_file)
        with setting.open() as connector:
            done = connector.cases.conclude(
                case, result, reason, officer=officer, version=version, said=said
            )
        _show(setting.screen, done, None)
        return 0 if done.told.status == "concluded" else EXIT_REFUSED


def _add_bring(group: LocalGroup, texts: Texts) -> None:
    @group.command("bring", cls=command_class(texts), help=texts("case.bring.help"))
    @_case(texts)
    @click.argument("required", metavar=texts("case.required_material"))
    @_officer(texts)
    @click.option("--filed", help=texts("case.filed"))
    @_version(texts)
    @pass_setting
    def _bring(
        setting: Setting,
        case: str,
        required: str,
        officer: str,
        filed: str | None,
        version: int | None,
    ) -> None:
        name = _name(required)
        with setting.open() as connector:
            done = connector.cases.bring(case, name, officer=officer, filed=filed, version=version)
        _show(setting.screen, done, None)


def _add_commitments(group: LocalGroup, texts: Texts) -> None:
    kind = command_class(texts)

    @group.command("commit", cls=kind, help=texts("case.commit.help"))
    @_case(texts)
    @click.argument("required", nargs=-1, required=True, metavar=texts("case.required_materials"))
    @_officer(texts)
    @_version(texts)
    @pass_setting
    def _commit(
        setting: Setting, case: str, required: tuple[str, ...], officer: str, version: int | None
    ) -> None:
        promised = [_name(one) for one in required]
        with setting.open() as connector:
            done = connector.cases.commit(case, promised, officer=officer, version=version)
        _show(setting.screen, done, None)

    @group.command("settle", cls=kind, help=texts("case.settle.help"))
    @_case(texts)
    @click.argument("number", type=click.IntRange(1), metavar=texts("case.number"))
    @click.argument("outcome", type=click.Choice(OUTCOMES))
    @_officer(texts)
    @_version(texts)
    @pass_setting
    def _settle(
        setting: Setting,
        case: str,
        number: int,
        outcome: Outcome,
        officer: str,
        version: int | None,
    ) -> None:
        with setting.open() as connector:
            done = connector.cases.settle(case, number, outcome, officer=officer, version=version)
        _show(setting.screen, done, None)


def _add_withdraw(group: LocalGroup, texts: Texts) -> None:
    @group.command("withdraw", cls=command_class(texts), help=texts("case.withdraw.help"))
    @_case(texts)
    @_officer(texts)
    @_version(texts)
    @pass_setting
    def _withdraw(setting: Setting, case: str, officer: str, version: int | None) -> None:
        with setting.open() as connector:
            done = connector.cases.withdraw(case, officer=officer, version=version)
        _show(setting.screen, done, None)


def _case(texts: Texts) -> Decorator:
    return click.argument("case", metavar=texts("case.name"))


def _officer(texts: Texts) -> Decorator:
    return click.option("--officer", required=True, help=texts("args.officer"))


def _version(texts: Texts) -> Decorator:
    return click.option("--version", type=click.IntRange(1), help=texts("case.version"))


def _out(texts: Texts) -> Decorator:
    return click.option("--out", type=_FILE, help=texts("case.out"))


def _name(required: str) -> tuple[str, str]:
    """A required material as it is named in arguments: service/material."""
    service, _, material = required.partition("/")
    return service, material


def _require_new(path: Path | None) -> None:
    """Refuse to overwrite before anything is asked."""
    if path is not None and path.exists():
        raise TargetExists(file=str(path))


def _show(screen: Screen, case: CheckedCase, out: Path | None) -> None:
    told = case.told
    in_words = sheet(told, screen.language)
    receipts: list[Json] = [] if case.rounds is None else [*case.rounds.receipts]
    screen.value({"case": _document(case), "proven": case.rounds is not None, "receipts": receipts})
    screen.say("connector.case.line", text=in_words.title)
    screen.say("connector.case.status_line", status=_status(screen, told.status, told.result))
    _show_sheet(screen, in_words)
    for one in told.fallen:
        why = screen.words(f"notice.status.{one.status}")
        screen.say("connector.case.fallen", service=one.service, material=one.material, why=why)
    for lacking in told.lacking:
        screen.say("connector.case.lacking", service=lacking.service, material=lacking.material)
    if case.rounds is None:
        screen.note("connector.case.unproven")
    else:
        for first, last in case.rounds.spans:
            screen.say("connector.case.proof", first=first, last=last)
    if out is not None:
        _print(screen, in_words, out)


def _print(screen: Screen, in_words: Sheet, out: Path) -> None:
    try:
        write_secret(out, page(in_words, screen.language))
    except OSError as error:
        raise CaseFileRefused(file=out.name, why="output") from error
    screen.say("connector.case.written", file=str(out))


def _show_sheet(screen: Screen, in_words: Sheet) -> None:
    for line in in_words.services:
        screen.say("connector.case.line", text=line)
    for section in in_words.sections:
        screen.say("connector.case.section", title=section.title)
        screen.table(section.headings, [[row.title, *row.cells] for row in section.rows])
        for row in section.rows:
            for line in row.lines:
                screen.say("connector.case.why", title=row.title, text=line)


def _document(case: CheckedCase) -> Json:
    """The case as the hub told it, but for the rounds, which stand in the receipts."""
    document = case.document
    if not isinstance(document, dict):
        return None
    return {name: part for name, part in document.items() if name != "rounds"}


def _status(screen: Screen, status: CaseStatus, result: Result | None) -> str:
    return screen.words(f"connector.case.status.{result or status}")


def _open_of(materials: Sequence[Material]) -> str:
    """How many papers of a case are still to be brought."""
    return str(sum(one.status == "must_bring" and one.brought is None for one in materials))

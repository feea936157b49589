"""``connector lookup``, ``verify``, ``mark``.

Whom a question is about is read from a file, from standard input or at a prompt, and never from
the arguments: those can be seen by every user of the machine and stay in the shell's history.
"""

from pathlib import Path

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json, parse
from certs.encoding import rfc3339
from certs.errors import Malformed
from connectors.answers import Answer, Verification
from connectors.batch.answer import Proof
from connectors.client import MARKS
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.commands.subjects import MAX_CLAIMS, read_line, read_subject
from connectors.errors import QuestionRefused
from connectors.screen import Screen

_FILE = click.Path(dir_okay=False, path_type=Path)


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    kind = command_class(texts)
    dataset = click.argument("dataset", metavar=texts("args.dataset"))
    subject_type = click.option("--subject-type", required=True, help=texts("args.subject_type"))
    subject_file = click.option("--subject-file", type=_FILE, help=texts("args.subject_file"))
    purpose = click.option("--purpose", required=True, help=texts("args.purpose"))
    officer = click.option("--officer", required=True, help=texts("args.officer"))
    case = click.option("--case", help=texts("args.case"))
    delegation = click.option("--delegation", help=texts("args.delegation"))

    @group.command("lookup", cls=kind, help=texts("lookup.help"))
    @dataset
    @subject_type
    @subject_file
    @click.option("--items", required=True, help=texts("args.items"))
    @purpose
    @officer
    @case
    @delegation
    @pass_setting
    def _lookup(
        setting: Setting,
        dataset: str,
        subject_type: str,
        subject_file: Path | None,
        items: str,
        purpose: str,
        officer: str,
        case: str | None,
        delegation: str | None,
    ) -> None:
        subject = read_subject(setting.screen, subject_file)
        with setting.open() as connector:
            answer = connector.lookup(
                dataset,
                subject_type,
                subject,
                items=[item.strip() for item in items.split(",")],
                purpose=purpose,
                officer=officer,
                case=case,
                delegation=delegation,
            )
        _show_answer(setting.screen, answer)

    @group.command("verify", cls=kind, help=texts("verify.help"))
    @dataset
    @subject_type
    @subject_file
    @click.option("--claims-file", required=True, type=_FILE, help=texts("args.claims_file"))
    @purpose
    @officer
    @case
    @delegation
    @pass_setting
    def _verify(
        setting: Setting,
        dataset: str,
        subject_type: str,
        subject_file: Path | None,
        claims_file: Path,
        purpose: str,
        officer: str,
        case: str | None,
        delegation: str | None,
    ) -> None:
        claims = _claims(claims_file)
        subject = read_subject(setting.screen, subject_file)
        with setting.open() as connector:
            answer = connector.verify(
                dataset,
                subject_type,
                subject,
                claims=claims,
                purpose=purpose,
                officer=officer,
                case=case,
                delegation=delegation,
            )
        _show_verification(setting.screen, answer)

    @group.command("mark", cls=kind, help=texts("mark.help"))
    @dataset
    @click.option("--kind", required=True, type=click.Choice(MARKS), help=texts("args.kind"))
    @subject_type
    @subject_file
    @click.option("--row-file", type=_FILE, help=texts("args.row_file"))
    @pass_setting
    def _mark(
        setting: Setting,
        dataset: str,
        kind: str,
        subject_type: str,
        subject_file: Path | None,
        row_file: Path | None,
    ) -> None:
        subject = read_subject(setting.screen, subject_file)
        row = subject if row_file is None else read_line(row_file, "row")
        with setting.open() as connector:
            entry = connector.mark(dataset, kind, subject_type, subject, row)
        setting.screen.say("connector.mark.done", entry=entry)
        setting.screen.value({"entry": entry})


def _claims(file: Path) -> dict[str, str]:
    try:
        value = parse(file.read_bytes(), max_bytes=MAX_CLAIMS, max_depth=2)
    except (OSError, Malformed) as error:
        raise QuestionRefused(why="claims") from error
    if not isinstance(value, dict):
        raise QuestionRefused(why="claims")
    claims = {name: claim for name, claim in value.items() if isinstance(claim, str)}
    if len(claims) != len(value):
        raise QuestionRefused(why="claims")
    return claims


def _show_answer(screen: Screen, answer: Answer) -> None:
    records: list[Json] = [
        {"disputed": record.disputed, "items": dict(record.items)} for record in answer.records
    ]
    told: dict[str, Json] = {
        "dataset": answer.dataset,
        "found": answer.found,
        "records": records,
        "as_of": answer.as_of,
        "generation": answer.generation,
        "version": answer.version,
    }
    screen.value({**told, "proof": proof_told(answer.proof)})
    if not answer.found:
        screen.say("connector.lookup.nothing")
    for number, record in enumerate(answer.records, 1):
        if len(answer.records) > 1:
            screen.say("connector.lookup.record", number=number)
        if record.disputed:
            screen.say("connector.lookup.disputed")
        screen.table(
            ["connector.table.item", "connector.table.value"],
            [[code, value] for code, value in record.items.items()],
        )
    _say_as_of(screen, answer.dataset, answer.as_of)
    _say_proof(screen, answer.proof)


def _say_as_of(screen: Screen, dataset: str, as_of: str | None) -> None:
    if as_of is None:
        screen.say("connector.lookup.unpublished", dataset=dataset)
    else:
        screen.say("connector.lookup.as_of", dataset=dataset, as_of=as_of)


def _show_verification(screen: Screen, answer: Verification) -> None:
    told: dict[str, Json] = {
        "dataset": answer.dataset,
        "match": answer.match,
        "exists": answer.exists,
        "as_of": answer.as_of,
        "generation": answer.generation,
        "version": answer.version,
    }
    screen.value({**told, "proof": proof_told(answer.proof)})
    screen.say("connector.verify.match" if answer.match else "connector.verify.mismatch")
    if answer.exists is not None:
        screen.say("connector.verify.exists" if answer.exists else "connector.verify.absent")
    _say_as_of(screen, answer.dataset, answer.as_of)
    _say_proof(screen, answer.proof)


def _say_proof(screen: Screen, proof: Proof) -> None:
    screen.say("connector.lookup.proof", entry=proof.entry, request_id=proof.request_id)


def proof_told(proof: Proof) -> dict[str, Json]:
    """What an answer rests on, for programs."""
    return {
        "request_id": proof.request_id,
        "entry": proof.entry,
        "time": rfc3339(proof.time),
        "receipt": proof.token,
    }

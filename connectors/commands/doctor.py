"""``connector doctor``: every finding with what to do; exit status 1 if something is bad."""

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.doctor.examine import examine
from connectors.doctor.finding import Finding
from connectors.screen import EXIT_REFUSED, Screen


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the command to ``group``."""

    @group.command("doctor", cls=command_class(texts), help=texts("doctor.help"))
    @click.pass_context
    @pass_setting
    def _doctor(setting: Setting, context: click.Context) -> None:
        screen, told = setting.screen, []
        is_bad = False
        for finding in examine(setting.home):
            is_bad = is_bad or finding.verdict == "bad"
            told.append(_value(screen, finding))
            screen.say(
                "connector.doctor.line",
                verdict=screen.words(f"connector.doctor.verdict.{finding.verdict}"),
                what=screen.words(f"connector.doctor.what.{finding.what}"),
                told=_words(screen, finding),
            )
        screen.value({"findings": told, "bad": is_bad})
        context.exit(EXIT_REFUSED if is_bad else 0)


def _words(screen: Screen, finding: Finding) -> str:
    if finding.error is not None:
        title, detail = screen.describe(finding.error)
        return f"{title} [{finding.error.code}] {detail}".strip()
    return screen.words(f"connector.doctor.{finding.what}.{finding.case}", **finding.facts)


def _value(screen: Screen, finding: Finding) -> dict[str, Json]:
    error = finding.error
    return {
        "what": finding.what,
        "verdict": finding.verdict,
        "case": finding.case if error is None else error.code,
        "facts": dict(finding.facts if error is None else error.facts),
        "told": _words(screen, finding),
    }

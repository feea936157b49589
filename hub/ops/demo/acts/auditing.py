"""The auditor: who looked at this person, one entry with its proof, and the whole log again."""

from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.ops.demo.acts.asking import Known
from hub.ops.demo.cast import Account
from hub.ops.demo.console import Browser
from hub.ops.demo.processes import command_of
from hub.ops.demo.stage import Stage

_WIDTHS = (-6, 20, 26, 12, 32, 10)
_COLUMNS = (0, 1, 3, 4, 5, 8)
"""Of the console's table: entry, time, department, officer, dataset, outcome."""


class Derived(BaseModel):
    """What ``hub ledger verify`` found."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    entries: int
    answers: int
    changes: int
    faults: tuple[dict[str, str | int], ...]


def play(stage: Stage, known: Known) -> Derived:
    """Search, open, prove; then derive everything again."""
    teller, subject = stage.teller, known.question.subject
    teller.act("demo.auditing")
    browser = Browser(stage.address, teller.language)

    teller.step("demo.auditing.administrator")
    _sign_in(browser, stage.cast.administrator)
    status = browser.get("/log").status
    teller.expect(status == HTTPStatus.FORBIDDEN, seen=str(status))

    teller.step("demo.auditing.searched", id=subject)
    _sign_in(browser, stage.cast.auditor)
    browser.get("/log")
    page = browser.send("/log", {"subject": subject})
    for row in page.rows:
        teller.row([row[column] for column in _COLUMNS], _WIDTHS)
    wanted = sorted(stage.asked[subject], reverse=True)
    teller.expect(page.positions == wanted, seen=f"{page.positions} / {wanted}")

    teller.step("demo.auditing.opened", entry=known.entry)
    entry = browser.send("/log/entry", {"position": str(known.entry)})
    shown = known.question.officer in entry.text and subject in entry.text
    teller.expect(shown and bool(entry.good), seen=f"{entry.status} {entry.good}")

    teller.step("demo.auditing.watched")
    page = browser.send("/log", {"subject": subject, "kind": "audit-read"})
    teller.expect(len(page.rows) == 2, seen=str(page.positions))  # noqa: PLR2004 search and opening
    browser.close()

    teller.step("demo.auditing.derived")
    derived = _derive(stage)
    teller.expect(not derived.faults, seen=str(derived.faults))
    return derived


def _sign_in(browser: Browser, account: Account) -> None:
    browser.sign_in(account.account, account.password)


def _derive(stage: Stage) -> Derived:
    """Run ``hub ledger verify``; its status 1 is told by the faults that it prints."""
    command = (*command_of("hub"), "--folder", str(stage.folder.hub), "ledger", "verify", "--json")
    ran = stage.children.run(command)
    try:
        return Derived.model_validate_json(ran.out)
    except ValidationError:
        why = ran.err[-200:]
        return Derived(entries=0, answers=0, changes=0, faults=({"why": why},))

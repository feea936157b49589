"""The story: the acts in their order, the numbers at the end, and the hub that goes on serving."""

from catalog.messages import Language
from certs.errors import YifenError
from hub.ops.demo.acts import (
    admission,
    asking,
    auditing,
    counting,
    granting,
    holding,
    losing,
    newborn,
    opening,
    preparing,
    proving,
    publishing,
    refusing,
    repairing,
    restaurant,
    revoking,
)
from hub.ops.demo.api import Connect
from hub.ops.demo.cast import LABOUR, LAND, whereabouts
from hub.ops.demo.stage import Options, Stage, sample, set_stage
from hub.ops.demo.telling import Teller, count

INTERRUPTED = 130
"""Exit status of what Ctrl-C has ended (128 + SIGINT)."""


def run(options: Options, language: Language, connect: Connect, *, leave: bool) -> int:
    """Play the story, then serve until a signal unless ``leave``; gives the exit status.

    Raises ``DemoError`` where the story does not go as expected, and other errors of ours.
    """
    teller = Teller(language)
    told = False
    try:
        with set_stage(options, teller, connect) as stage:
            teller.title("demo.title")
            teller.paragraph("demo.about")
            teller.paragraph("demo.synthetic")
            if stage.earlier:
                teller.paragraph("demo.removed", folder=str(options.folder))
            try:
                tell(stage)
            except YifenError as error:
                if stage.hub_is_gone():
                    raise stage.hub_ended() from error
                raise
            told = True
            if leave:
                return 0
            serve(stage)
    except KeyboardInterrupt:
        teller.lines("", teller.words("demo.ended" if told else "demo.interrupted"))
        return 0 if told else INTERRUPTED
    return 0


def tell(stage: Stage) -> None:
    """All acts, then the numbers and the accounts."""
    administrator = opening.play(stage)
    admission.play(stage, administrator)
    city = publishing.play(stage)
    holding.play(stage)
    granted = granting.play(stage, administrator)
    known = asking.play(stage, city.summary)
    refusing.play(stage, known)
    repairing.play(stage, city.summary)
    revoking.play(stage, administrator, known, granted["identity"])
    parents = newborn.family(stage, city.summary)
    delegation = preparing.play(stage, administrator, parents.benefits())
    opened = restaurant.play(stage, city.summary)
    losing.play(stage, opened)
    born = newborn.play(stage, parents, delegation)
    figure = counting.play(stage, administrator, {**opened.cases, **born})
    proven = proving.play(stage, known)
    derived = auditing.play(stage, known)
    administrator.close()
    teller = stage.teller
    teller.lines("")
    teller.title("demo.numbers", expected=teller.expected, seconds=f"{teller.seconds:.0f}")
    for line in ("rows", "asked", "cases", "ledger"):
        text = teller.words(
            f"demo.numbers.{line}",
            rows=count(city.rows),
            rate=count(round(city.rows / city.seconds)),
            answers=count(derived.answers),
            refused=stage.refused,
            proven=proven,
            listed=figure.total.listed,
            covered=figure.total.covered,
            brought=figure.total.brought,
            promised=figure.total.later + figure.total.promised,
            entries=count(derived.entries),
            changes=count(derived.changes),
        )
        teller.lines(f"  {text}")
    _introduce(stage, sample(city.summary, "owner").id)


def serve(stage: Stage) -> None:
    """Wait until a signal; raises ``HubEnded`` if the hub ends before."""
    teller = stage.teller
    teller.lines("", teller.words("demo.serving", address=stage.address))
    if stage.hub is not None:
        stage.hub.wait()
    raise stage.hub_ended()


def _introduce(stage: Stage, somebody: str) -> None:
    """Where the console is, who may sign in, and something to try."""
    teller = stage.teller
    teller.lines("")
    teller.title("demo.accounts", address=f"{stage.address}/")
    for person in stage.cast.people:
        cells = (person.account, person.password, whereabouts(person, teller.language), person.name)
        teller.row(cells, (13, 23, 40, 20))
    folder = stage.options.folder
    looking = {
        "counter": stage.cast.officer(LABOUR).account,
        "auditor": stage.cast.auditor.account,
    }
    teller.lines(
        f"  {teller.words('demo.accounts.kept', file=str(folder / 'accounts.txt'))}",
        f"  {teller.words('demo.try', id=somebody, account=stage.cast.officer(LAND).account)}",
        f"  {teller.words('demo.look', address=stage.address, **looking)}",
    )

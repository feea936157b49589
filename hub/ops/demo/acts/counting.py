"""The figure: how many papers less, for each service; derived again, and falsified in vain."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, JsonValue

from catalog.services.reading import bundled as bundled_services
from hub.ops.demo.api import Api
from hub.ops.demo.counter import Told
from hub.ops.demo.processes import Ran, command_of
from hub.ops.demo.stage import Stage
from hub.ops.demo.tampering import Change, in_the_ledger, in_the_table, tampered

_WIDTHS = (46, 26, -8, -10, -10, -12, -10)
_COLUMNS = ("service", "department", "listed", "covered", "brought", "promised", "share")
_FAULT = 1
"""Exit status of ``hub reuse verify`` if anything does not agree."""


class Share(BaseModel):
    """The counts of a service; ``share`` in hundredths of a per cent."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    listed: int
    covered: int
    brought: int
    later: int
    promised: int
    share: int | None
    reached: bool | None


class Figure(BaseModel):
    """The figure as the hub shows it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    services: dict[str, Share]
    target: int
    total: Share


class _Derived(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    cases: int
    entries: int
    faults: tuple[dict[str, str | int], ...]
    figure: dict[str, JsonValue]


def play(stage: Stage, administrator: Api, cases: Mapping[str, Told]) -> Figure:
    """Show the figure, derive it again, tamper with two copies; ``cases`` by service."""
    teller = stage.teller
    teller.act("demo.counting")
    shown = administrator.call("GET", "/v1/reuse")
    figure = Figure.model_validate(shown)
    teller.step("demo.counting.shown", target=_percent(figure.target))
    _table(stage, figure)
    below = [code for code, one in figure.services.items() if not one.reached]
    for code in below:
        teller.say(
            "demo.counting.below",
            service=_title(stage, code),
            share=_percent(figure.services[code].share),
            papers=teller.words("demo.comma").join(_left(stage, cases[code], code)),
        )
    teller.expect(0 < len(below) < len(figure.services), seen=" ".join(below))

    teller.step("demo.counting.derived")
    ran = _verify(stage, ("--json",))
    derived = _Derived.model_validate_json(ran.out)
    teller.say(
        "demo.counting.again",
        cases=derived.cases,
        entries=derived.entries,
        share=_percent(figure.total.share),
    )
    same = derived.figure == shown and not derived.faults and ran.status == 0
    teller.expect(same, seen=str(derived.faults))

    _caught(stage, "demo.counting.retold", in_the_table, {"table"})
    _caught(stage, "demo.counting.forged", in_the_ledger, {"checkpoint-root", "status"})
    return figure


def _table(stage: Stage, figure: Figure) -> None:
    teller = stage.teller
    teller.row([teller.words(f"demo.counting.column.{name}") for name in _COLUMNS], _WIDTHS)
    for code, one in figure.services.items():
        department = teller.words(f"demo.department.{bundled_services()[code].department}")
        _row(stage, (_title(stage, code), department), one)
    _row(stage, (teller.words("demo.publishing.total"), ""), figure.total)


def _row(stage: Stage, head: tuple[str, str], one: Share) -> None:
    counts = (one.listed, one.covered, one.brought, one.later + one.promised)
    stage.teller.row((*head, *map(str, counts), _percent(one.share)), _WIDTHS)


def _left(stage: Stage, case: Told, code: str) -> Iterable[str]:
    """What a service left to the applicant to bring or to promise."""
    for one in case.materials:
        if one.service == code and one.left:
            material = bundled_services()[code].by_material[one.material]
            yield material.title(stage.teller.language)


def _caught(stage: Stage, step: str, change: Change, whys: set[str]) -> None:
    """Verify a copy with a change in it, tell what is said of it; ``whys`` must be among that."""
    teller = stage.teller
    teller.step(step)
    with tampered(stage.folder.hub, stage.folder.root / "tampered", change) as copy:
        ran = _verify(stage, (), copy=str(copy))
    lines = dict.fromkeys(ran.out.decode("utf-8").splitlines())
    teller.lines(*(f"       {line}" for line in lines))
    # Each line ends with its reason.
    told = {line.split()[-1].rpartition("：")[2] for line in lines}
    caught = ran.status == _FAULT and whys <= told
    teller.expect(caught, seen=f"{ran.status} {' '.join(told)} {ran.err[-200:]}")


def _verify(stage: Stage, options: tuple[str, ...], copy: str = "") -> Ran:
    folder = copy or str(stage.folder.hub)
    command = (*command_of("hub"), "--folder", folder, "reuse", "verify", *options)
    return stage.children.run(command)


def _title(stage: Stage, code: str) -> str:
    return bundled_services()[code].title(stage.teller.language)


def _percent(share: int | None) -> str:
    """Hundredths of a per cent as people read them."""
    return "—" if share is None else f"{share // 100}.{share % 100:02d} %"

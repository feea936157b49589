"""The city is built, and each department publishes what it holds."""

import time
from dataclasses import dataclass

from catalog.definition import bundled
from hub.ops.city import CitySummary, build
from hub.ops.demo.cast import DATASETS
from hub.ops.demo.stage import Office, Stage
from hub.ops.demo.telling import count

_WIDTHS = (44, -10, -8, -10)


@dataclass(frozen=True, slots=True)
class City:
    """The city, and how long its publication took."""

    summary: CitySummary
    rows: int
    seconds: float


def play(stage: Stage) -> City:
    """Build the city, hand each department its files, publish all the datasets."""
    teller, options = stage.teller, stage.options
    teller.act("demo.publishing")
    teller.step(
        "demo.publishing.built",
        residents=count(options.residents),
        enterprises=count(options.enterprises),
        seed=options.seed,
    )
    with teller.progress("demo.publishing.residents", options.residents) as show:
        city = build(
            stage.folder.city,
            residents=options.residents,
            enterprises=options.enterprises,
            seed=options.seed,
            progress=lambda _stage, done, _total: show(done),
        )
    for code, datasets in DATASETS.items():
        for dataset in datasets:
            city.files[dataset].rename(stage.offices[code].files / f"{dataset}.csv")
    stage.folder.city.rmdir()
    teller.expect(city.residents == options.residents and city.enterprises == options.enterprises)
    teller.step("demo.publishing.published", datasets=len(city.rows))
    headings = ("dataset", "rows", "seconds", "rate")
    teller.row([teller.words(f"demo.publishing.{name}") for name in headings], _WIDTHS)
    live = 0
    began = time.monotonic()
    for code, datasets in DATASETS.items():
        for dataset in datasets:
            live += _publish(stage, stage.offices[code], dataset, city.rows[dataset])
    seconds = time.monotonic() - began
    rows = sum(city.rows.values())
    rate = count(round(rows / seconds))
    total = teller.words("demo.publishing.total")
    teller.row([total, count(rows), f"{seconds:.1f}", rate], _WIDTHS)
    teller.say("demo.publishing.whole")
    teller.expect(live == rows, seen=count(live))
    return City(city, rows, seconds)


def _publish(stage: Stage, office: Office, dataset: str, rows: int) -> int:
    """Publish one file; gives the rows that are live now."""
    teller = stage.teller
    definition = bundled()[dataset]
    title = definition.title_zh if teller.language == "zh" else definition.title_en
    began = time.monotonic()
    with teller.progress("demo.publishing.one", 2 * rows, dataset=title) as show:
        published = office.connector.publish(dataset, office.files / f"{dataset}.csv", show)
    seconds = time.monotonic() - began
    report = published.publication.report
    live = report.accepted if report and published.publication.state == "live" else 0
    teller.row([title, count(live), f"{seconds:.1f}", count(round(rows / seconds))], _WIDTHS)
    return live

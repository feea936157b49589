"""``hub bench``: figures beside the ceilings of the same run."""

import tempfile
from pathlib import Path

import click

from hub.commands.speech import command, speak
from hub.ops.bench.report import BATCH, Figures, run


@command(help=speak("hub.bench.help"))
@click.option(
    "--subjects",
    type=click.IntRange(1_000, 10_000_000),
    default=100_000,
    show_default=True,
    help=speak("hub.bench.subjects"),
)
@click.option(
    "--questions",
    type=click.IntRange(1_000, 200_000),
    default=20_000,
    show_default=True,
    help=speak("hub.bench.questions"),
)
@click.option("--json", "as_json", is_flag=True, help=speak("hub.json"))
def bench(subjects: int, questions: int, *, as_json: bool) -> None:
    """Measure in a temporary folder, which is removed."""

    def say(stage: str) -> None:
        click.echo(speak(f"hub.bench.stage.{stage}"), err=True)

    with tempfile.TemporaryDirectory(prefix="yifen-bench-") as root:
        figures = run(Path(root), subjects=subjects, questions=questions, say=say)
    click.echo(figures.json().decode() if as_json else _told(figures))


def _told(figures: Figures) -> str:
    saturated, steady, published = figures.saturated, figures.steady, figures.published
    return speak(
        "hub.bench.told",
        subjects=f"{figures.subjects:,}",
        per_second=f"{saturated.per_second:,.0f}",
        cpu_us=f"{saturated.cpu_us:.0f}",
        steady=f"{steady.per_second:,.0f}",
        p50=f"{steady.p50_ms:.1f}",
        p99=f"{steady.p99_ms:.1f}",
        subjects_per_second=f"{figures.batch.per_second * BATCH:,.0f}",
        batch_us=f"{figures.batch.cpu_us / BATCH:.1f}",
        ledger=f"{figures.ledger.share:.0%}",
        lag=f"{figures.ledger.lag_ms:,}",
        ceiling=f"{figures.ceiling:,.0f}",
        bare=f"{figures.bare.per_second:,.0f}",
        rows=f"{published.rows / published.seconds:,.0f}",
        sealing=f"{figures.sealing:,.0f}",
        reading=f"{figures.reading:,.0f}",
    )
